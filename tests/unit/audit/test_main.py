"""`make audit` ends with 0 only if everything was checked and nothing was found."""

import re

import pytest

from aitrail import __version__
from audit import __main__ as command
from audit import sbom


@pytest.fixture
def run(capsys, tmp_path):
    """Runs the command with a database at an address; returns its exit code, and what it said."""

    def run(osv):
        code = command.main(["--dist", str(tmp_path / "dist"), "--osv-url", osv])
        return code, capsys.readouterr().out

    return run


@pytest.fixture
def audit(run, monkeypatch, python, npm, page, function):  # noqa: PLR0913, PLR0917 (each is a document)
    """The same, with documents that were made before."""
    monkeypatch.setattr(sbom, "installed", dict)
    monkeypatch.setattr(sbom, "of_python", lambda *_, root="aitrail": python if root == "aitrail" else function)
    monkeypatch.setattr(sbom, "of_npm", lambda folder=None: page if folder else npm)
    return run


def accepting(monkeypatch, folder, text):
    path = folder / "accepted.toml"
    path.write_text(text)
    monkeypatch.setattr(command, "_ACCEPTED", path)


@pytest.fixture
def vulnerable(databases, python):
    """The package URL of a locked package in which a vulnerability is known."""
    component = next(each for each in python["components"] if each["name"] == "urllib3")
    known = {"id": "CVE-2026-12345", "summary": "Example", "affected": []}
    databases.osv["urllib3", component["version"]] = [known]
    return component["purl"]


@pytest.mark.slow
def test_all_is_checked_and_nothing_found(run, databases, everything, function, tmp_path):
    code, said = run(databases.query)

    total = len(everything["components"])
    assert code == 0
    assert f"Licenses: {total} packages, 0 not accepted\n" in said
    assert f"Known vulnerabilities: {total} of {total} packages checked, 0 found, 0 accepted\n" in said
    assert len(set(databases.asked)) == total
    assert sorted(path.name for path in (tmp_path / "dist").iterdir()) == [
        f"aitrail-{__version__}-all.cdx.json",
        f"aitrail-{__version__}-function.cdx.json",
    ]
    assert (tmp_path / f"dist/aitrail-{__version__}-function.cdx.json").read_text() == sbom.text_of(function)


def test_databases_that_are_not_reached_have_a_code_of_their_own(audit, nowhere, everything, tmp_path):
    code, said = audit(nowhere)

    assert code == 3
    assert f"Known vulnerabilities: 0 of {len(everything['components'])} packages checked" in said
    assert "Not checked, which does not mean that they have none:\n" in said
    assert "Connection refused" in said
    assert len(list((tmp_path / "dist").iterdir())) == 2


def test_known_vulnerability_fails_also_if_something_else_was_not_checked(audit, databases, vulnerable, monkeypatch):
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")

    code, said = audit(databases.query)

    assert code == 4
    assert f"  {vulnerable}: CVE-2026-12345: Example, fixed in no version\n" in said
    assert re.search(r"^  [0-9]+ packages: npm: ", said, re.MULTILINE)


@pytest.mark.parametrize("end", [("2999-12-31", 0), ("2020-01-01", 4)], ids=str)
@pytest.mark.usefixtures("vulnerable")
def test_accepted_vulnerability_is_counted_until_its_end(audit, databases, monkeypatch, tmp_path, end):
    until, code = end
    own = command._ACCEPTED.read_text()
    acceptance = f'id = "CVE-2026-12345"\npackage = "pkg:pypi/urllib3"\nreason = "Example."\nuntil = {until}\n'
    accepting(monkeypatch, tmp_path, f"{own}\n[[vulnerabilities]]\n{acceptance}")

    ended, said = audit(databases.query)

    assert ended == code
    assert f"1 found, {1 if code == 0 else 0} accepted" in said


def test_license_that_is_not_accepted_fails_and_is_named(audit, databases, monkeypatch, tmp_path):
    own = command._ACCEPTED.read_text()
    accepting(monkeypatch, tmp_path, own.replace('"Apache-2.0",', ""))

    code, said = audit(databases.query)

    assert code == 4
    assert re.search(r"^  pkg:npm/aws-cdk@\S+: Apache-2.0 is not accepted$", said, re.MULTILINE)


def test_list_that_cannot_be_read_ends_the_audit(monkeypatch, tmp_path, capsys):
    accepting(monkeypatch, tmp_path, "licenses = 1")

    assert command.main(["--dist", str(tmp_path)]) == 1
    assert "accepted.toml" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["nonsense", "ftp://example.com", "https://", "http://[", ""])
def test_what_is_no_address_is_refused_before_anything_is_asked(url, capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["--osv-url", url])

    assert ended.value.code == 2
    assert f"{url!r} is no address such as https://api.osv.dev/v1/query" in capsys.readouterr().err

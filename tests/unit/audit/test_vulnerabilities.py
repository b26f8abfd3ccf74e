"""Known vulnerabilities are found by the real tools, and what was not checked never counts as checked."""

import datetime as dt
import json
from subprocess import CompletedProcess

import pytest

from audit import tools, vulnerabilities
from audit.accepted import Accepted, AcceptedVulnerability
from audit.vulnerabilities import Vulnerability, not_accepted, of_npm, of_python

HASH = {"alg": "SHA-256", "content": 64 * "0"}
TODAY = dt.date(2026, 3, 14)
OSV = {
    "id": "GHSA-aaaa-bbbb-cccc",
    "aliases": ["CVE-2026-12345"],
    "summary": "Reads\ntoo much\x1b[1m.",
    "affected": [
        {
            "package": {"name": "example-parser", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.4.0"}]}],
        }
    ],
}
NPM = {
    "id": 1,
    "url": "https://github.com/advisories/GHSA-dddd-eeee-ffff",
    "title": "Writes too much",
    "severity": "high",
    "vulnerable_versions": "<3.0.0",
    "cwe": [],
    "cvss": {"score": 0, "vectorString": None},
}


def package(name, version="1.3.0", ecosystem="pypi"):
    purl = f"pkg:{ecosystem}/{name.lower().replace('_', '-')}@{version}"
    return {"name": name, "version": version, "purl": purl, "externalReferences": [{"hashes": [HASH]}]}


PACKAGES = [package("Example_Parser"), package("networks", "3.6"), package("networks", "3.7"), package("Colors", "0.4")]
PURLS = {each["purl"] for each in PACKAGES}


@pytest.fixture
def folder(tmp_path):
    """A project with one locked package, for development."""
    project = {"name": "example", "version": "0.0.0", "devDependencies": {"example-builder": "2.0.0"}}
    locked = {"version": "2.0.0", "dev": True, "integrity": "sha512-AA=="}
    lock = {"name": "example", "version": "0.0.0", "lockfileVersion": 3, "requires": True}
    lock["packages"] = {"": project, "node_modules/example-builder": locked}
    (tmp_path / "package.json").write_text(json.dumps(project))
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))
    return tmp_path


BUILDER = package("example-builder", "2.0.0", "npm")


def test_every_version_of_every_package_is_asked_about(databases):
    answer = of_python(PACKAGES, osv=databases.query)

    assert sorted(databases.asked) == [
        ("colors", "0.4"),
        ("example-parser", "1.3.0"),
        ("networks", "3.6"),
        ("networks", "3.7"),
    ]
    assert (set(answer.checked), answer.vulnerabilities, answer.unchecked) == (PURLS, [], {})


def test_known_vulnerability_of_a_package_of_python_is_found_with_all_of_its_names(databases):
    databases.osv["example-parser", "1.3.0"] = [OSV]

    answer = of_python(PACKAGES, osv=databases.query)

    assert [str(each) for each in answer.vulnerabilities] == [
        "pkg:pypi/example-parser@1.3.0: CVE-2026-12345, GHSA-aaaa-bbbb-cccc: Reads too much\\x1b[1m., fixed in 1.4.0"
    ]
    assert (set(answer.checked), answer.unchecked) == (PURLS, {})


def test_database_that_is_not_reached_leaves_all_packages_unchecked(nowhere):
    answer = of_python(PACKAGES, osv=nowhere)

    assert (answer.checked, answer.vulnerabilities) == ([], [])
    [(reason, purls)] = answer.unchecked.items()
    assert "Connection refused" in reason
    assert set(purls) == PURLS


@pytest.mark.parametrize(
    ("status", "instead", "reason"),
    [
        (500, "{}", "500 Server Error"),
        (404, "{}", "404 Client Error"),
        (200, "<html>Sign in</html>", "JSONDecodeError"),
        (200, '{"error": "busy"}', "KeyError: 'vulns'"),
    ],
)
def test_database_that_does_not_answer_the_question_leaves_all_packages_unchecked(databases, status, instead, reason):
    databases.status, databases.instead = status, instead

    answer = of_python(PACKAGES, osv=databases.query)

    assert (answer.checked, answer.vulnerabilities) == ([], [])
    assert [reason in each for each in answer.unchecked] == [True]


@pytest.mark.parametrize("unreadable", [{"schema_version": "2.0.0"}, {"affected": None}])
def test_vulnerability_that_pip_audit_cannot_read_is_not_hidden(databases, unreadable):
    databases.osv["example-parser", "1.3.0"] = [OSV | unreadable]

    answer = of_python(PACKAGES, osv=databases.query)

    assert answer.vulnerabilities == []
    assert [each.startswith("pip-audit: WARNING") for each in answer.unchecked] == [True]


def test_package_that_pip_audit_skips_or_forgets_is_not_checked(monkeypatch):
    skipped = {"dependencies": [{"name": "colors", "skip_reason": "not found"}], "fixes": []}
    said = CompletedProcess([], 0, stdout=json.dumps(skipped), stderr="No known vulnerabilities found\n")
    monkeypatch.setattr(tools, "run", lambda *_, **__: said)

    answer = of_python([package("colors"), package("networks")])

    assert answer.checked == []
    assert answer.unchecked == {
        "not found": ["pkg:pypi/colors@1.3.0"],
        "pip-audit says nothing of it": ["pkg:pypi/networks@1.3.0"],
    }


def test_tool_that_takes_too_long_has_checked_nothing(monkeypatch, databases, folder):
    monkeypatch.setattr(vulnerabilities, "_SECONDS", 0.01)

    answer = of_python(PACKAGES, osv=databases.query)
    answer.add(of_npm([BUILDER], folder=folder))

    assert answer.checked == []
    assert set(answer.unchecked) == {f"{tool} has not answered for 0.01 seconds" for tool in ("pip-audit", "npm")}


@pytest.mark.parametrize("mode", ["development", "production"])
def test_packages_of_npm_are_asked_about_also_if_they_are_for_development(databases, folder, monkeypatch, mode):
    monkeypatch.setenv("NODE_ENV", mode)

    answer = of_npm([BUILDER], folder=folder)

    assert databases.asked == [("example-builder", "2.0.0")]
    assert (answer.checked, answer.vulnerabilities, answer.unchecked) == ([BUILDER["purl"]], [], {})


def test_known_vulnerability_of_a_package_of_npm_is_found(databases, folder):
    databases.npm["example-builder"] = [NPM]

    answer = of_npm([BUILDER], folder=folder)

    assert [str(each) for each in answer.vulnerabilities] == [
        "pkg:npm/example-builder@2.0.0: GHSA-dddd-eeee-ffff: Writes too much, in <3.0.0"
    ]
    assert (answer.checked, answer.unchecked) == ([BUILDER["purl"]], {})


def test_registry_that_is_not_reached_leaves_packages_of_npm_unchecked(nowhere, folder):
    answer = of_npm([BUILDER], folder=folder)

    assert (answer.checked, answer.vulnerabilities) == ([], [])
    [(reason, purls)] = answer.unchecked.items()
    assert "ECONNREFUSED" in reason
    assert nowhere.rpartition(":")[2].partition("/")[0] in reason
    assert purls == [BUILDER["purl"]]


@pytest.mark.parametrize(("status", "instead"), [(405, "{}"), (200, "<html>Sign in</html>")])
def test_registry_without_advisories_leaves_packages_of_npm_unchecked(databases, folder, status, instead):
    databases.status, databases.instead = status, instead

    answer = of_npm([BUILDER], folder=folder)

    assert (answer.checked, answer.vulnerabilities) == ([], [])
    assert list(answer.unchecked.values()) == [[BUILDER["purl"]]]


@pytest.mark.parametrize(
    ("id_", "accepted_package", "until", "is_accepted"),
    [
        ("GHSA-aaaa-bbbb-cccc", "pkg:pypi/parser", TODAY, True),
        ("CVE-2026-12345", "pkg:pypi/parser@1.3.0", TODAY, True),
        ("CVE-2026-12345", "pkg:pypi/parser", TODAY - dt.timedelta(days=1), False),
        ("CVE-2026-12346", "pkg:pypi/parser", TODAY, False),
        ("CVE-2026-12345", "pkg:pypi/parse", TODAY, False),
        ("CVE-2026-12345", "pkg:pypi/parser@1.2.9", TODAY, False),
        ("CVE-2026-12345", "pkg:npm/parser", TODAY, False),
    ],
)
def test_vulnerability_is_accepted_by_its_name_for_its_package_until_the_end(id_, accepted_package, until, is_accepted):
    found = Vulnerability(purl="pkg:pypi/parser@1.3.0", ids=("GHSA-aaaa-bbbb-cccc", "CVE-2026-12345"), what="")
    acceptance = AcceptedVulnerability(id=id_, package=accepted_package, reason="Not reachable.", until=until)
    accepted = Accepted(licenses=frozenset(), vulnerabilities=(acceptance,))

    assert list(not_accepted([found], accepted, TODAY)) == ([] if is_accepted else [found])

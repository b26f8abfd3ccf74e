"""What is accepted needs a reason, and a vulnerability an end."""

import pytest

from audit.accepted import InvalidAcceptanceError, read

EXCEPTION = {"package": "pkg:pypi/example", "license": "MPL-2.0", "reason": "Not deployed."}
VULNERABILITY = {
    "id": "CVE-2026-12345",
    "package": "pkg:pypi/example",
    "reason": "Not reachable.",
    "until": "2027-03-31",
}


def written(folder, table, members):
    lines = [f"{name} = {value if name == 'until' else repr(value)}\n" for name, value in members.items()]
    path = folder / "accepted.toml"
    path.write_text(f"licenses = ['MIT']\n[[{table}]]\n{''.join(lines)}")
    return path


@pytest.mark.parametrize(("table", "members"), [("exceptions", EXCEPTION), ("vulnerabilities", VULNERABILITY)])
def test_acceptance_is_read_if_it_is_complete(tmp_path, table, members):
    [read_one] = getattr(read(written(tmp_path, table, members)), table)

    assert {name: str(getattr(read_one, name)) for name in members} == members


@pytest.mark.parametrize(
    ("table", "members", "lacking"),
    [
        *[("exceptions", EXCEPTION, name) for name in EXCEPTION],
        *[("vulnerabilities", VULNERABILITY, name) for name in VULNERABILITY],
    ],
)
def test_acceptance_that_lacks_something_is_refused(tmp_path, table, members, lacking):
    rest = {name: value for name, value in members.items() if name != lacking}

    with pytest.raises(InvalidAcceptanceError, match=lacking):
        read(written(tmp_path, table, rest))


@pytest.mark.parametrize(
    ("table", "members"),
    [
        ("exceptions", EXCEPTION | {"reason": ""}),
        ("exceptions", EXCEPTION | {"package": "example"}),
        ("exceptions", EXCEPTION | {"until": "2027-03-31"}),
        ("vulnerabilities", VULNERABILITY | {"until": "'soon'"}),
        ("vulnerability", VULNERABILITY),
        ("exceptions", EXCEPTION | {"license": ""}),
    ],
)
def test_acceptance_that_is_not_valid_is_refused_with_the_name_of_the_file(tmp_path, table, members):
    with pytest.raises(InvalidAcceptanceError, match=r"accepted\.toml: "):
        read(written(tmp_path, table, members))


def test_file_that_is_not_there_accepts_nothing(tmp_path):
    with pytest.raises(InvalidAcceptanceError, match=r"none\.toml"):
        read(tmp_path / "none.toml")

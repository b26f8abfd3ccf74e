"""A license counts as accepted only if it is known and named as accepted."""

from pathlib import Path

import pytest

from audit.accepted import Accepted, LicenseException, read
from audit.licenses import not_accepted

ROOT = Path(__file__).parents[3]
PERMISSIVE = frozenset({"MIT", "BSD-3-Clause", "Apache-2.0"})
CLASSIFIERS = {"License :: OSI Approved :: BSD License": "BSD-3-Clause", "License :: OSI Approved": ""}
PURL = "pkg:pypi/example@1.3.0"
UNKNOWN = [f"{PURL}: its license is not known"]


def component(*licenses):
    return {"purl": PURL, "licenses": list(licenses)} if licenses else {"purl": PURL}


def spdx(identifier):
    return {"license": {"id": identifier}}


def named(name):
    return {"license": {"name": name}}


def refused(*which):
    return [f"{PURL}: {', '.join(which)} is not accepted"]


@pytest.mark.parametrize(
    ("licenses", "findings"),
    [
        ([spdx("MIT")], []),
        ([spdx("MIT"), spdx("Apache-2.0")], []),
        ([{"expression": "GPL-3.0-only OR (MIT AND Apache-2.0)"}], []),
        ([named("License :: OSI Approved :: BSD License")], []),
        ([spdx("MIT"), named("License :: OSI Approved")], []),
        ([], UNKNOWN),
        ([named("License :: OSI Approved")], UNKNOWN),
        ([spdx("GPL-3.0-only")], refused("GPL-3.0-only")),
        ([spdx("MIT"), spdx("GPL-3.0-only")], refused("GPL-3.0-only")),
        ([spdx("MIT"), named("License :: Other/Proprietary License")], refused("License :: Other/Proprietary License")),
        ([{"expression": "MIT AND GPL-3.0-only"}], refused("MIT AND GPL-3.0-only")),
        ([{"expression": "MIT AND (Apache-2.0"}], refused("MIT AND (Apache-2.0")),
        ([{"expression": "Apache-2.0 WITH LLVM-exception"}], refused("Apache-2.0 WITH LLVM-exception")),
        ([named("See the file LICENSE")], refused("See the file LICENSE")),
    ],
    ids=str,
)
def test_only_licenses_that_are_known_and_named_are_accepted(licenses, findings):
    accepted = Accepted(licenses=PERMISSIVE, classifiers=CLASSIFIERS)

    assert list(not_accepted([component(*licenses)], accepted)) == findings


@pytest.mark.parametrize(
    ("package", "licenses", "findings"),
    [
        ("pkg:pypi/example", [spdx("MPL-2.0")], []),
        ("pkg:pypi/example@1.3.0", [spdx("MPL-2.0")], []),
        ("pkg:pypi/example@1.3.0", [], []),
        # Nobody has looked at what another version is under.
        ("pkg:pypi/example", [], UNKNOWN),
        ("pkg:pypi/example", [spdx("GPL-3.0-only")], refused("GPL-3.0-only")),
        ("pkg:pypi/example", [spdx("MPL-2.0"), spdx("GPL-3.0-only")], refused("GPL-3.0-only", "MPL-2.0")),
    ],
    ids=str,
)
def test_exception_is_for_the_license_that_it_names(package, licenses, findings):
    exception = LicenseException(package=package, license="MPL-2.0", reason="Not deployed.")
    accepted = Accepted(licenses=PERMISSIVE, exceptions=(exception,))

    assert list(not_accepted([component(*licenses)], accepted)) == findings


@pytest.mark.parametrize("package", ["pkg:pypi/example@1.2.9", "pkg:pypi/exam", "pkg:npm/example"])
def test_exception_for_what_is_not_locked_is_a_finding(package):
    exception = LicenseException(package=package, license="MIT", reason="Not deployed.")
    accepted = Accepted(licenses=PERMISSIVE, exceptions=(exception,))

    findings = list(not_accepted([component(spdx("MIT"))], accepted))

    assert findings == [f"{package}: it is an exception of audit/accepted.toml, but is not locked (any more)"]


def test_every_locked_package_has_an_accepted_license(everything, function):
    accepted = read(ROOT / "audit/accepted.toml")

    assert list(not_accepted(everything["components"], accepted)) == []
    permissive = Accepted(licenses=accepted.licenses, classifiers=accepted.classifiers)
    assert list(not_accepted(function["components"], permissive)) == []

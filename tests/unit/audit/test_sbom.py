"""SBOMs name what the locks name, with its hashes and aitrail's version, in the same bytes every time."""

import base64
import json
import re
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.utils import canonicalize_name

from aitrail import __version__
from audit import sbom

ROOT = Path(__file__).parents[3]
PIN = re.compile(r"^([\w.-]+)==([^\s;\\]+)[^\n]*((?:\n    --hash=\S+(?: \\)?)+)", re.MULTILINE)


def pins(name):
    """The packages of a lock file, by package URL, with the hashes of their files."""
    text = (ROOT / name).read_text()
    found = PIN.findall(text)
    assert len(found) == len(re.findall(r"^\S", text, re.MULTILINE))
    return {
        f"pkg:pypi/{canonicalize_name(name)}@{version}": set(re.findall(r"sha256:(\w{64})", hashes))
        for name, version, hashes in found
    }


def hashes_of(component):
    listed = [
        *component.get("hashes", ()),
        *(h for r in component.get("externalReferences", ()) for h in r.get("hashes", ())),
    ]
    return {each["content"] for each in listed}


def npm_pins(folder):
    packages = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
    return {
        f"pkg:npm/{path.rpartition('node_modules/')[2].replace('@', '%40')}@{package['version']}": {
            base64.b64decode(package["integrity"].removeprefix("sha512-")).hex()
        }
        for path, package in packages.items()
        if path
    }


def test_everything_that_is_locked_is_listed_with_its_hashes(everything):
    listed = {component["purl"]: hashes_of(component) for component in everything["components"]}

    assert listed == pins("requirements.txt") | npm_pins(".") | npm_pins("page")


def test_deployed_packages_are_listed_with_the_hashes_of_their_lock(function):
    listed = {component["purl"]: hashes_of(component) for component in function["components"]}

    assert listed == pins("lambdas/ingest/requirements.txt")
    assert all(component["licenses"] for component in function["components"])


def test_documents_are_of_this_version_of_aitrail(everything, function):
    roots = [each["metadata"]["component"] for each in (everything, function)]

    assert [(root["name"], root["version"]) for root in roots] == [
        ("aitrail", __version__),
        ("aitrail-function", __version__),
    ]


def test_dependencies_are_of_what_is_listed(everything, function):
    for document in (everything, function):
        root = document["metadata"]["component"]["bom-ref"]
        refs = {component["bom-ref"] for component in document["components"]} | {root}
        needs = {each["ref"]: set(each["dependsOn"]) for each in document["dependencies"]}
        assert len(refs) == len(document["components"]) + 1
        assert set(needs) <= refs
        assert set().union(*needs.values()) <= refs - {root}
    ref = everything["metadata"]["component"]["bom-ref"]
    direct = next(each["dependsOn"] for each in everything["dependencies"] if each["ref"] == ref)
    assert {"boto3", "pytest", "aws-cdk"} <= {re.split("==|@", each)[0] for each in direct}


def test_same_locks_give_the_same_bytes(everything, function, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONHASHSEED", "7")

    environment = sbom.installed()
    python = sbom.of_python(ROOT / "requirements.txt", environment)
    lock = ROOT / "lambdas/ingest/requirements.txt"

    assert sbom.text_of(
        sbom.together(sbom.together(python, sbom.of_npm()), sbom.of_npm(ROOT / "page"))
    ) == sbom.text_of(everything)
    assert sbom.text_of(sbom.of_python(lock, environment, root="aitrail-function")) == sbom.text_of(function)


def test_documents_name_no_time_no_random_number_and_no_folder(everything, function):
    for document in (everything, function):
        text = sbom.text_of(document)
        assert "serialNumber" not in document
        assert "timestamp" not in document["metadata"]
        assert str(ROOT) not in text
        assert "file:" not in text


@pytest.mark.slow
@pytest.mark.parametrize("name", ["everything", "function"])
def test_documents_follow_the_schema_of_cyclonedx(name, request):
    document = request.getfixturevalue(name)
    # All of it takes the validator a minute.
    components = sorted(document["components"], key=lambda component: len(hashes_of(component)))
    kinds = {(component["purl"][:7], "licenses" in component): component for component in reversed(components)}
    others = [component for component in components[:40] if component not in kinds.values()]
    shorter = document | {"components": [*kinds.values(), *others]}

    assert document["specVersion"] == "1.6"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(sbom.text_of(shorter)) is None


def test_package_of_another_platform_is_listed_with_what_the_lock_says(tmp_path):
    project = {"name": "example", "version": "0.0.0", "optionalDependencies": {"@example/files": "2.0.0"}}
    locked = {"version": "2.0.0", "optional": True, "os": ["!linux", "!darwin"], "license": "MIT"}
    locked["integrity"] = f"sha512-{base64.b64encode(bytes(64)).decode()}"
    lock = {"name": "example", "version": "0.0.0", "lockfileVersion": 3, "requires": True}
    lock["packages"] = {"": project, "node_modules/@example/files": locked}
    (tmp_path / "package.json").write_text(json.dumps(project))
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))

    [component] = sbom.of_npm(tmp_path)["components"]

    assert component["purl"] == "pkg:npm/%40example/files@2.0.0"
    assert component["licenses"] == [{"license": {"id": "MIT"}}]
    assert hashes_of(component) == {"00" * 64}

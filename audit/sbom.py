"""Software bills of materials: CycloneDX documents of what the locks name, by tools of CycloneDX and npm.

The locks say what there is, with hashes. What is installed says more of it: licenses, and what depends on what. The
same locks give the same document, on the same platform and with the same version of Python.
"""

import base64
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from audit import tools
from audit.tools import ROOT, ToolError

_SECONDS = 120.0
# A document is compared with its schema by a test.
_CYCLONEDX = ("--output-reproducible", "--no-validate", "--pyproject")

# A CycloneDX document, or a part of it, as JSON.
Json = dict[str, Any]


def installed() -> Json:
    """What is installed in the virtual environment, with aitrail as the root. Raises ToolError."""
    project = str(ROOT / "pyproject.toml")
    return _document(tools.output("cyclonedx-py", "environment", *_CYCLONEDX, project, seconds=_SECONDS))


def of_python(lock: Path, environment: Json, *, root: str = "aitrail") -> Json:
    """The packages of a hashed lock file for every platform, with what the environment says of them.

    `root` is the name of what consists of them.

    Raises ToolError.
    """
    command = ("cyclonedx-py", "requirements", str(lock), *_CYCLONEDX, str(ROOT / "pyproject.toml"))
    locked = _document(tools.output(*command, seconds=_SECONDS))["components"]
    known = {_pin(component): component for component in environment["components"]}
    components = [_described(component, known.get(_pin(component))) for component in locked]
    refs = {component["bom-ref"] for component in components}
    metadata = environment["metadata"]
    return {
        **environment,
        "metadata": {**metadata, "component": {**metadata["component"], "name": root}},
        "components": components,
        "dependencies": [
            _depends(each["ref"], [ref for ref in each.get("dependsOn", ()) if ref in refs])
            for each in environment["dependencies"]
            if each["ref"] in refs or each["ref"] == metadata["component"]["bom-ref"]
        ],
    }


def of_npm(folder: Path = ROOT) -> Json:
    """The packages of the folder's package-lock.json, with what node_modules says of them. Raises ToolError."""
    document = _document(tools.output("npm", "sbom", "--sbom-format=cyclonedx", seconds=_SECONDS, folder=folder))
    found = {component["purl"] for component in document["components"]}
    # Of packages for other platforms, npm says nothing, but the lock does.
    missing = [component for component in _locked_by_npm(folder) if component["purl"] not in found]
    return {**document, "components": [*document["components"], *missing]}


def together(python: Json, npm: Json) -> Json:
    """The packages of both, which the root of the first depends on."""
    root, npm_root = (each["metadata"]["component"]["bom-ref"] for each in (python, npm))
    npm_needs = {each["ref"]: each["dependsOn"] for each in npm["dependencies"]}
    tool = {"type": "application", "name": "npm", "version": npm["metadata"]["tools"][0]["version"]}
    known = python["metadata"]["tools"]["components"]
    made_by = [*known, *([] if tool in known else [tool])]
    return {
        **python,
        "metadata": {**python["metadata"], "tools": {"components": made_by}},
        "components": [*python["components"], *npm["components"]],
        "dependencies": [
            _depends(each["ref"], [*each["dependsOn"], *(npm_needs.pop(npm_root) if each["ref"] == root else ())])
            for each in python["dependencies"]
        ]
        + [_depends(ref, needs) for ref, needs in npm_needs.items() if ref != npm_root],
    }


def text_of(document: Json) -> str:
    """The document as it is written: the same text for the same content."""
    ordered = {
        **document,
        "components": sorted(document["components"], key=lambda each: str(each["bom-ref"])),
        "dependencies": sorted(document["dependencies"], key=lambda each: str(each["ref"])),
    }
    return json.dumps(ordered, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _document(text: str) -> Json:
    try:
        document: Json = json.loads(text)
    except ValueError as error:
        raise ToolError(f"A tool for CycloneDX has not written JSON: {error}") from error
    return document


def _pin(component: Json) -> tuple[str, str]:
    return canonicalize_name(component["name"]), component["version"]


def _described(locked: Json, known: Json | None) -> Json:
    """A locked package with its hashes, and with what its distribution says, if it is installed here."""
    name, version = locked["name"], locked["version"]
    says = known or {"bom-ref": f"{name}=={version}", "type": "library", "name": name, "version": version}
    references = [*says.get("externalReferences", ()), *locked["externalReferences"]]
    return {**says, "purl": locked["purl"], "externalReferences": references}


def _locked_by_npm(folder: Path) -> Iterator[Json]:
    packages: dict[str, Json] = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for path, package in packages.items():
        if path:
            name, version = path.rpartition("node_modules/")[2], package["version"]
            purl = f"pkg:npm/{name.replace('@', '%40')}@{version}"
            yield {
                "bom-ref": f"{name}@{version}",
                "type": "library",
                "name": name,
                "version": version,
                "purl": purl,
                **({"licenses": [{"license": {"id": package["license"]}}]} if "license" in package else {}),
                **({"hashes": [_sha512(package["integrity"])]} if "integrity" in package else {}),
            }


def _sha512(integrity: str) -> Json:
    """The hash of a package, which npm's lock file has in base64."""
    return {"alg": "SHA-512", "content": base64.b64decode(integrity.removeprefix("sha512-")).hex()}


def _depends(ref: str, needs: Sequence[str]) -> Json:
    return {"ref": ref, "dependsOn": sorted(needs)}

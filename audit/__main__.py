"""`make audit`: checks the licenses and the known vulnerabilities of all that is locked, and writes SBOMs (CycloneDX).

One is of the deployed function, the other of everything. The exit code is 0 if all is in order, 4 if a license or a
vulnerability is not accepted, 3 if something could not be checked, and 1 if the audit failed.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlsplit

from aitrail import __version__
from aitrail.cli.exit_codes import ExitCode
from aitrail.errors import AitrailError
from audit import accepted, licenses, sbom, vulnerabilities
from audit.sbom import Json
from audit.tools import ROOT

# Up to so many packages are named, not counted.
_NAMED = 5
_ACCEPTED = ROOT / "audit/accepted.toml"
# What builds and tests the page of `aitrail report`.
_PAGE = ROOT / "page"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the audit; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="make audit", usage='make audit [DIST=FOLDER] [ARGS="--osv-url URL"]', description=__doc__
    )
    parser.add_argument("--dist", type=Path, default=Path("dist"), metavar="FOLDER", help="where to write the SBOMs")
    parser.add_argument(
        "--osv-url", type=_url, default=vulnerabilities.OSV, metavar="URL", help="the query of OSV, or of a mirror"
    )
    given = parser.parse_args(arguments)
    try:
        return _audit(given.dist, given.osv_url, today=datetime.now(UTC).date())
    except AitrailError as error:
        sys.stderr.write(f"Error: {error}\n")
        return ExitCode.FAILURE


def _url(text: str) -> str:
    """The address of a web server; argparse tells the error."""
    try:
        parts = urlsplit(text)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_url = False
    if not is_url:
        raise argparse.ArgumentTypeError(f"{text!r} is no address such as {vulnerabilities.OSV}")
    return text


def _audit(dist: Path, osv: str, today: date) -> ExitCode:
    accepts = accepted.read(_ACCEPTED)
    environment = sbom.installed()
    python, npm, page = sbom.of_python(ROOT / "requirements.txt", environment), sbom.of_npm(), sbom.of_npm(_PAGE)
    function = sbom.of_python(ROOT / "lambdas/ingest/requirements.txt", environment, root="aitrail-function")
    everything = sbom.together(sbom.together(python, npm), page)
    packages = {component["purl"]: component for each in (everything, function) for component in each["components"]}
    _write(dist, function=function, all=everything)

    refused = list(licenses.not_accepted(list(packages.values()), accepts))
    _tell(f"Licenses: {len(packages)} packages, {len(refused)} not accepted", refused)

    of_pypi = [component for purl, component in packages.items() if purl.startswith("pkg:pypi/")]
    answer = vulnerabilities.of_python(of_pypi, osv=osv)
    answer.add(vulnerabilities.of_npm(npm["components"]))
    answer.add(vulnerabilities.of_npm(page["components"], folder=_PAGE))
    known = answer.vulnerabilities
    unaccepted = [str(each) for each in vulnerabilities.not_accepted(known, accepts, today)]
    checked = f"{len(answer.checked)} of {len(packages)} packages checked"
    _tell(f"Known vulnerabilities: {checked}, {len(known)} found, {len(known) - len(unaccepted)} accepted", unaccepted)
    if answer.unchecked:
        _tell(
            "Not checked, which does not mean that they have none",
            [_unchecked(*each) for each in answer.unchecked.items()],
        )
    if refused or unaccepted:
        return ExitCode.NEEDS_ATTENTION
    return ExitCode.UNREACHABLE if answer.unchecked else ExitCode.SUCCESS


def _unchecked(reason: str, purls: Sequence[str]) -> str:
    which = ", ".join(purls) if len(purls) <= _NAMED else f"{len(purls)} packages"
    return f"{which}: {reason}" if purls else reason


def _write(dist: Path, **documents: Json) -> None:
    dist.mkdir(parents=True, exist_ok=True)
    for name, document in documents.items():
        path = dist / f"aitrail-{__version__}-{name}.cdx.json"
        path.write_text(sbom.text_of(document), encoding="utf-8")
        _tell(f"SBOM: {path}, {len(document['components'])} packages")


def _tell(what: str, lines: Sequence[str] = ()) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in [f"{what}:" if lines else what, *(f"  {each}" for each in lines)]))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

"""Known vulnerabilities of what is locked: pip-audit asks OSV, npm asks its registry.

A package that could not be checked is named with the reason. It never counts as one without vulnerabilities.
"""

import datetime as dt
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.utils import canonicalize_name

from aitrail.cells import printable
from audit import tools
from audit.accepted import Accepted, names
from audit.sbom import Json
from audit.tools import ROOT, ToolError

OSV = "https://api.osv.dev/v1/query"

_SECONDS = 600.0
_SECONDS_A_REQUEST = 15
# Characters of a description.
_LONGEST = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Vulnerability:
    """A known vulnerability of a locked version: its package URL, all of its names, and a line about it."""

    purl: str
    ids: tuple[str, ...]
    what: str

    def __str__(self) -> str:
        return printable(f"{self.purl}: {', '.join(self.ids)}: {self.what}")


@dataclass(slots=True)
class Answer:
    """What databases know of packages, given by their package URLs.

    `unchecked` has the packages of which nothing is known, by the reason; none for a vulnerability of an unknown one.
    """

    vulnerabilities: list[Vulnerability] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    unchecked: dict[str, list[str]] = field(default_factory=dict)

    def add(self, other: "Answer") -> None:
        """Adds what is known of other packages."""
        self.vulnerabilities += other.vulnerabilities
        self.checked += other.checked
        for reason, purls in other.unchecked.items():
            self.unchecked.setdefault(reason, []).extend(purls)


def of_python(components: Sequence[Json], *, osv: str = OSV) -> Answer:
    """What OSV knows of packages of PyPI, whatever their platform; `osv` is the address of its query."""
    answer = Answer()
    for packages in _rounds(components):
        answer.add(_ask_osv(packages, osv))
    return answer


def of_npm(components: Sequence[Json], *, folder: Path = ROOT) -> Answer:
    """What the registry that npm is configured for knows of the packages of the folder's package-lock.json."""
    # Where NODE_ENV is production, npm would leave out packages for development, which are all.
    kinds = [f"--include={kind}" for kind in ("prod", "dev", "optional", "peer")]
    purls = {component["name"]: component["purl"] for component in components}
    try:
        ran = tools.run("npm", "audit", "--json", "--package-lock-only", *kinds, seconds=_SECONDS, folder=folder)
    except ToolError as error:
        return Answer(unchecked={str(error): list(purls.values())})
    found = _json(ran.stdout)
    if "vulnerabilities" not in found:
        reason = f"npm: {tools.without_credentials(found.get('message', '')) or tools.why(ran.stderr)}"
        return Answer(unchecked={reason: list(purls.values())})
    advisories = [
        via
        for package in found["vulnerabilities"].values()
        for via in package["via"]
        if isinstance(via, dict)  # a text names another package of this list
    ]
    return Answer(
        vulnerabilities=[
            Vulnerability(
                purl=purls.get(each["name"], f"pkg:npm/{each['name']}"),
                ids=(each["url"].rpartition("/")[2],),
                what=f"{_short(each['title'])}, in {each['range']}",
            )
            for each in advisories
        ],
        checked=list(purls.values()),
    )


def not_accepted(
    vulnerabilities: Iterable[Vulnerability], accepted: Accepted, today: dt.date
) -> Iterator[Vulnerability]:
    """Those that nothing accepts, or nothing any more on this day."""
    for each in vulnerabilities:
        if not any(
            acceptance.id in each.ids and names(acceptance.package, each.purl) and today <= acceptance.until
            for acceptance in accepted.vulnerabilities
        ):
            yield each


def _rounds(components: Iterable[Json]) -> Iterator[dict[str, Json]]:
    """Components by name, each name once a round: a lock for all versions of Python can have two of a package."""
    versions: dict[str, list[Json]] = {}
    for component in components:
        versions.setdefault(canonicalize_name(component["name"]), []).append(component)
    for count in range(max(map(len, versions.values()), default=0)):
        yield {name: each[count] for name, each in versions.items() if count < len(each)}


def _ask_osv(packages: dict[str, Json], osv: str) -> Answer:
    try:
        found, warnings = _pip_audit(packages.values(), osv)
    except ToolError as error:
        return Answer(unchecked={str(error): [component["purl"] for component in packages.values()]})
    answer = Answer(unchecked={each: [] for each in warnings})
    for name, component in packages.items():
        audited = found.get(name, {"skip_reason": "pip-audit says nothing of it"})
        if "skip_reason" in audited:
            answer.unchecked.setdefault(audited["skip_reason"], []).append(component["purl"])
            continue
        answer.checked.append(component["purl"])
        answer.vulnerabilities += [
            Vulnerability(
                purl=component["purl"],
                ids=(each["id"], *sorted(each["aliases"])),
                what=f"{_short(each['description'])}, fixed in {', '.join(each['fix_versions']) or 'no version'}",
            )
            for each in audited["vulns"]
        ]
    return answer


def _pip_audit(packages: Collection[Json], osv: str) -> tuple[dict[str, Json], list[str]]:
    """What pip-audit says of each package, by name, and its warnings. Raises ToolError."""
    with TemporaryDirectory() as folder:
        # pip-audit leaves out requirements whose marker names another platform, so it gets them without markers.
        pins = Path(folder, "pins.txt")
        pins.write_text("".join(f"{each['name']}=={each['version']}{_hashes(each)}\n" for each in packages))
        command = ["pip-audit", "--requirement", str(pins), "--disable-pip", "--format=json", "--progress-spinner=off"]
        command += [
            "--aliases=on",
            "--desc=on",
            "--vulnerability-service=osv",
            f"--osv-url={osv}",
            f"--timeout={_SECONDS_A_REQUEST}",
        ]
        ran = tools.run(*command, seconds=_SECONDS)
    # It ends with 1 both if it finds something and if it fails.
    found = _json(ran.stdout)
    if "dependencies" not in found:
        raise ToolError(f"pip-audit: {tools.why(ran.stderr) or f'code {ran.returncode}'}")
    # Its warnings are about vulnerabilities that it could not read.
    warnings = [f"pip-audit: {line}" for line in ran.stderr.splitlines() if line.startswith("WARNING")]
    return {each["name"]: each for each in found["dependencies"]}, warnings


def _hashes(component: Json) -> str:
    hashes = [each["content"] for of in component["externalReferences"] for each in of.get("hashes", ())]
    return "".join(f" --hash=sha256:{each}" for each in hashes)


def _json(text: str) -> Json:
    """The JSON object that a tool has written; empty if it has not."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _short(text: str) -> str:
    return " ".join(text.split())[:_LONGEST]

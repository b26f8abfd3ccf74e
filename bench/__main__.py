"""`python -m bench [--quick]`: measures everything, prints one table, and writes bench/results.json."""

import json
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from bench import (
    bills,
    cold_start,
    commands,
    deliveries,
    large_file,
    log_files,
    objects,
    unwanted,
    wanted_records,
    writing,
)
from bench.measuring import FULL, GC_STATE, QUICK, Figure, Scale

RESULTS: Final = Path(__file__).with_name("results.json")
GROUPS: Final[tuple[Callable[[Scale], Iterator[Figure]], ...]] = (
    commands.figures,
    log_files.figures,
    unwanted.figures,
    large_file.figures,
    wanted_records.figures,
    writing.figures,
    cold_start.figures,
    deliveries.figures,
    objects.figures,
    bills.figures,
)
_PACKAGES = ("aitrail", "aws-lambda-powertools", "boto3", "botocore", "isal", "msgspec")
_MET = {None: "", True: "yes", False: "NO"}


def measure(scale: Scale, groups: Sequence[Callable[[Scale], Iterator[Figure]]] = GROUPS) -> Iterator[Figure]:
    """All figures of the groups, in the order of the table."""
    for group in groups:
        sys.stderr.write(f"{group.__module__} …\n")
        yield from group(scale)


def table(figures: list[Figure]) -> str:
    """The figures as text, one per line."""
    lines = [("figure", "measured", "target", "met?")]
    lines += [
        (figure.name, f"{figure.value:,.4g} {figure.unit}", figure.target, _MET[figure.met]) for figure in figures
    ]
    name, measured, target, _ = (max(map(len, column)) for column in zip(*lines, strict=True))
    return "".join(f"{a:{name}}  {b:>{measured}}  {c:>{target}}  {d}".rstrip() + "\n" for a, b, c, d in lines)


def results(figures: list[Figure], *, quick: bool) -> dict[str, Any]:
    """The content of results.json."""
    return {
        "quick": quick,
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "machine": {"platform": platform.platform(), "processor": _processor(), "cores": os.cpu_count()},
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
        "garbage collector": GC_STATE,
        "figures": [asdict(figure) | {"target": figure.target, "met": figure.met} for figure in figures],
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def main(arguments: list[str]) -> None:
    """Measures and reports; figures that miss their target do not fail the run."""
    quick = "--quick" in arguments
    figures = list(measure(QUICK if quick else FULL))
    RESULTS.write_text(json.dumps(results(figures, quick=quick), indent=2) + "\n")
    sys.stdout.write(("quick: fewer and smaller corpora\n" if quick else "") + table(figures))


if __name__ == "__main__":
    main(sys.argv[1:])

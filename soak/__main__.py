"""`make soak`: test the deployed pipeline under load, with faults, and run fuzz tests and histories with many examples.

Everything happens in a local AWS and is removed at the end. The exit code is 0 if everything is as expected, else 1.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

from aitrail.errors import AitrailError
from demo.narration import stop_when_told, tell
from soak import phases
from soak.fuzz import fuzz
from soak.histories import histories
from soak.run import running

_SEED = 20261124
# Log files that are read more than three hours after their time count as late.
_MOST_MINUTES = 120.0


class Scale(NamedTuple):
    """The size of a run: log files at once, seconds of steady load, random examples of each fuzz test, histories."""

    files: int
    seconds: float
    examples: int
    histories: int
    seed: int


_FULL = Scale(files=5000, seconds=180.0, examples=5000, histories=2000, seed=_SEED)
_QUICK = Scale(files=200, seconds=20.0, examples=500, histories=200, seed=_SEED)


def scale_of(arguments: Sequence[str] | None) -> Scale:
    """The scale given on the command line. Raises SystemExit(2) with a message if it is invalid."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="run a small test")
    parser.add_argument(
        "--files", type=_at_least_one, metavar="N", help=f"log files delivered at once (default: {_FULL.files:,})"
    )
    parser.add_argument(
        "--minutes", type=_minutes, metavar="M", help=f"minutes of steady deliveries (default: {_FULL.seconds / 60:g})"
    )
    parser.add_argument(
        "--examples",
        type=int,
        metavar="N",
        help=f"examples of each fuzz test, 0 for none (default: {_FULL.examples:,})",
    )
    parser.add_argument(
        "--histories", type=int, metavar="N", help=f"random histories, 0 for none (default: {_FULL.histories:,})"
    )
    parser.add_argument("--seed", type=int, default=_SEED, metavar="N", help="seed of the files, faults and histories")
    asked = parser.parse_args(arguments)
    default = _QUICK if asked.quick else _FULL
    return Scale(
        files=default.files if asked.files is None else asked.files,
        seconds=default.seconds if asked.minutes is None else asked.minutes * 60,
        examples=default.examples if asked.examples is None else asked.examples,
        histories=default.histories if asked.histories is None else asked.histories,
        seed=asked.seed,
    )


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


def _minutes(text: str) -> float:
    minutes = float(text)
    if not 0 < minutes <= _MOST_MINUTES:
        raise argparse.ArgumentTypeError(f"{text} minutes: give more than 0 and at most {_MOST_MINUTES:g}")
    return minutes


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs all phases; returns 0, or 1 with differences on stdout or a message on stderr."""
    scale = scale_of(arguments)
    stop_when_told()
    began = time.monotonic()
    try:
        if scale.examples:
            fuzz(scale.examples)
        if scale.histories:
            histories(scale.histories, scale.seed)
        with running(scale.seed) as run:
            is_right = phases.load(run, scale.files)
            is_right = phases.steady(run, scale.seconds) and is_right
    except AitrailError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    tell(f"\nEverything has been removed. {'PASSED' if is_right else 'FAILED'} ", end="")
    tell(f"after {time.monotonic() - began:.0f} s.")
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())

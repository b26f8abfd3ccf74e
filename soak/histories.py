"""Runs random histories of deliveries, faults and forgeries, and judges what `aitrail verify` says of them."""

import os
import sys
from typing import Final

from demo.local_aws import PROJECT
from demo.narration import step, tell
from demo.processes import run

_LONGEST_SECONDS: Final = 3600


def histories(count: int, seed: int) -> None:
    """Runs `count` histories. Raises CommandFailedError, with the smallest history of each wrong answer, if any is."""
    command = [sys.executable, "-m", "tests.shared.histories", f"--histories={count}", f"--seed={seed}"]
    with step(f"Histories: {count:,}, with an oracle that knows what is true of each"):
        output = run(command, environment=os.environ, timeout=_LONGEST_SECONDS, folder=PROJECT)
    tell(output.strip().splitlines()[-2])

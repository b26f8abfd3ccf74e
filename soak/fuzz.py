"""Runs the fuzz tests with many random examples."""

import os
import sys
from typing import Final

from demo.local_aws import PROJECT
from demo.narration import step, tell
from demo.processes import run

# Text that all test files with laws contain.
_FILES: Final = "tests/**/test_*.py"
_LAWS: Final = "from tests.shared.fuzzing import"
# For all tests together; a single test may take as long.
_LONGEST_SECONDS: Final = 3600


def fuzz(examples: int) -> None:
    """Runs the tests of every file with laws. Raises CommandFailedError if one fails, or if all take over an hour."""
    files = fuzz_files()
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", f"--timeout={_LONGEST_SECONDS}", *files]
    environment = {**os.environ, "FUZZ_EXAMPLES": str(examples)}
    with step(f"Fuzz: {examples:,} random examples for each law of {len(files)} files of tests"):
        output = run(command, environment=environment, timeout=_LONGEST_SECONDS, folder=PROJECT)
    tell(output.strip().splitlines()[-1])


def fuzz_files() -> list[str]:
    """The test files with laws, relative to the project."""
    return sorted(str(path.relative_to(PROJECT)) for path in PROJECT.glob(_FILES) if _LAWS in path.read_text())

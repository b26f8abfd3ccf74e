"""Runs the tools of the virtual environment."""

import os
import re
import subprocess
import sys
from pathlib import Path

from aitrail.errors import AitrailError

ROOT = Path(__file__).parent.parent
_BIN = Path(sys.executable).parent
_CREDENTIALS_OF_URL = re.compile(r"(?<=//)[^\s'\"/]*@")
# The line of a traceback, or of a tool, that says why it failed.
_SAYS_WHY = re.compile(r"^(?!\s).*(?:Error|Timeout|Exception|ERROR)\S*:\s*\S", re.IGNORECASE)


class ToolError(AitrailError):
    """A tool failed, or took too long; the message says why, without credentials."""


def run(*command: str, seconds: float, folder: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    """Runs a tool by its name, whatever its exit code. Raises ToolError if it takes longer than `seconds`."""
    try:
        return subprocess.run(  # noqa: S603 - tools of our own environment
            [str(_BIN / command[0]), *command[1:]],
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"{command[0]} has not answered for {seconds:g} seconds") from error


def _environment() -> dict[str, str]:
    # SBOMs would have this time.
    kept = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    # npm is a script, which node of the same folder runs.
    return {**kept, "PATH": f"{_BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def output(*command: str, seconds: float, folder: Path = ROOT) -> str:
    """What a tool writes to stdout. Raises ToolError if it fails."""
    ran = run(*command, seconds=seconds, folder=folder)
    if ran.returncode:
        raise ToolError(f"{command[0]}: {why(ran.stderr) or f'code {ran.returncode}'}")
    return ran.stdout


def why(text: str) -> str:
    """The line of a tool's messages that says why it failed, without credentials."""
    lines = [line for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if _SAYS_WHY.match(line)] or lines
    return without_credentials(telling[-1].strip()) if telling else ""


def without_credentials(text: str) -> str:
    """A message without the passwords in its addresses."""
    return _CREDENTIALS_OF_URL.sub("***@", text)

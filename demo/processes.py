"""Child processes that leave nothing behind: each leads a process group of its own, which ends as a whole."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from aitrail.errors import AitrailError

_GRACE_SECONDS = 3.0
_SHOWN_LINES = 25


class CommandFailedError(AitrailError):
    """A command ended with an error or ran out of time; the message ends with the last lines of its output."""


def run(command: Sequence[str], *, environment: Mapping[str, str], timeout: float, folder: Path) -> str:
    """Run a command in `folder` and return its standard output; `timeout` in seconds.

    Raises CommandFailedError when it fails or takes longer. Its process group is gone afterwards, whatever happens.
    """
    process = subprocess.Popen(  # noqa: S603 - commands are written in this project
        command,
        cwd=folder,
        env=environment,
        text=True,
        encoding="utf-8",
        errors="replace",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        output, narration = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        end_group(process)
        output, narration = process.communicate()
        raise CommandFailedError(_failure(command, f"took longer than {timeout:.0f} s", narration, output)) from None
    finally:
        end_group(process)
    if process.returncode:
        raise CommandFailedError(_failure(command, f"ended with exit code {process.returncode}", narration, output))
    return output


def end_group(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """End a process and all of its group: ask first, then kill what is left."""
    if process.poll() is None:
        _signal_group(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
    _signal_group(process.pid, signal.SIGKILL)
    process.wait()


def last_lines(*texts: str, count: int = _SHOWN_LINES) -> str:
    """The last lines of the texts, empty ones left out, indented for an error message."""
    lines = [line.rstrip() for text in texts for line in text.splitlines() if line.strip()]
    return "\n".join(f"  {line}" for line in lines[-count:])


def _signal_group(group: int, number: signal.Signals) -> None:
    # A group that is gone answers ESRCH on Linux, and EPERM on macOS while its leader is a zombie.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _failure(command: Sequence[str], what: str, *texts: str) -> str:
    return f"{' '.join(command)}: {what}. Its last lines:\n{last_lines(*texts)}"

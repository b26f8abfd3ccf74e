"""Runs child processes without leftovers: each has its own process group, which is ended as a whole."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from aitrail.errors import AitrailError

# Signals that end this process, but must not do so between starting a child and recording it.
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_GRACE_SECONDS = 3.0
_POLL_SECONDS = 0.02
_SHOWN_LINES = 25


class CommandFailedError(AitrailError):
    """A command ended with an error or ran out of time; the message ends with the last lines of its output."""


def run(command: Sequence[str], *, environment: Mapping[str, str], timeout: float, folder: Path) -> str:
    """Runs a command in `folder` and returns its standard output; `timeout` is in seconds.

    Raises CommandFailedError if it fails or takes longer. Its process group is always ended afterwards.
    """
    with running(command, environment=environment, folder=folder, stdout=subprocess.PIPE) as process:
        try:
            output, narration = map(_text, process.communicate(timeout=timeout))
        except subprocess.TimeoutExpired:
            end_group(process)
            output, narration = map(_text, process.communicate())
            raise CommandFailedError(
                _failure(command, f"took longer than {timeout:.0f} s", narration, output)
            ) from None
    if process.returncode:
        raise CommandFailedError(_failure(command, f"ended with exit code {process.returncode}", narration, output))
    return output


@contextmanager
def running(  # noqa: PLR0913 - the options of a process
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    stdin: int = subprocess.DEVNULL,
    stdout: int | IO[bytes],
    stderr: int = subprocess.PIPE,
    descriptors: Sequence[int] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """Starts a command in `folder`, and ends its process group after the block; the child inherits `descriptors`."""
    process = None
    try:
        with _undisturbed():
            process = subprocess.Popen(  # noqa: S603 - commands are written in this project
                command,
                cwd=folder,
                env=environment,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                pass_fds=descriptors,
                start_new_session=True,
            )
        yield process
    finally:
        if process:
            end_group(process)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Holds back the signals that end this process until the end of the block."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are handled in the main thread
        return
    held: list[int] = []
    handlers = {each: signal.signal(each, lambda number, _: held.append(number)) for each in ENDING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for each in held:
            signal.raise_signal(each)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Ends a process and its group: terminates it, kills the rest after a grace period, and waits for the end."""
    if process.poll() is None:
        _signal_group(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
    is_left = _signal_group(process.pid, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + _GRACE_SECONDS
    while is_left and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        is_left = _signal_group(process.pid, signal.SIGKILL)


def last_lines(*texts: str, count: int = _SHOWN_LINES) -> str:
    """The last lines of the texts without empty lines, indented for an error message."""
    lines = [line.rstrip() for text in texts for line in text.splitlines() if line.strip()]
    return "\n".join(f"  {line}" for line in lines[-count:])


def _signal_group(group: int, number: signal.Signals) -> bool:
    """Whether the group exists: ESRCH means that it does not, as does EPERM on macOS, where it has only zombies."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _failure(command: Sequence[str], what: str, *texts: str) -> str:
    return f"{' '.join(command)}: {what}. Its last lines:\n{last_lines(*texts)}"


def _text(output: bytes) -> str:
    return output.decode("utf-8", errors="replace")

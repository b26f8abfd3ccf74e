"""Child processes that leave nothing behind: each leads a process group of its own, which ends as a whole."""

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

# What ends the parent, and must not do so between the start of a child and the moment when somebody knows of it.
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_GRACE_SECONDS = 3.0
_POLL_SECONDS = 0.02
_SHOWN_LINES = 25


class CommandFailedError(AitrailError):
    """A command ended with an error or ran out of time; the message ends with the last lines of its output."""


def run(command: Sequence[str], *, environment: Mapping[str, str], timeout: float, folder: Path) -> str:
    """Run a command in `folder` and return its standard output; `timeout` in seconds.

    Raises CommandFailedError when it fails or takes longer. Its process group is gone afterwards, whatever happens.
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
def running(  # noqa: PLR0913 - what a process is started with
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    stdin: int = subprocess.DEVNULL,
    stdout: int | IO[bytes],
    stderr: int = subprocess.PIPE,
    descriptors: Sequence[int] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command in `folder`, and end its process group with the block; the child inherits `descriptors`."""
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
    """Hold back the signals that end this process until the block has ended."""
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
    """End a process and all of its group: ask first, then kill what is left, and wait until it is gone."""
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
    """The last lines of the texts, empty ones left out, indented for an error message."""
    lines = [line.rstrip() for text in texts for line in text.splitlines() if line.strip()]
    return "\n".join(f"  {line}" for line in lines[-count:])


def _signal_group(group: int, number: signal.Signals) -> bool:
    """Whether there is such a group: one that is gone answers ESRCH, and on macOS one of zombies EPERM."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _failure(command: Sequence[str], what: str, *texts: str) -> str:
    return f"{' '.join(command)}: {what}. Its last lines:\n{last_lines(*texts)}"


def _text(output: bytes) -> str:
    return output.decode("utf-8", errors="replace")

"""Shows on a terminal what a command that reads for a while has read, in one line that disappears before any output."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from aitrail.cells import printable
from aitrail.cli.output.terminal import terminal_width

# Most questions are answered sooner: a line that flashes up would only disturb.
_FIRST_AFTER = 1.0
_SECONDS_BETWEEN = 0.25
_CLEAR = "\r\x1b[K"

# Called with the seconds since the command began; returns what has been read, "" if nothing is being read.
Text = Callable[[float], str]


class _Line:
    """The line, and the thread that writes it."""

    def __init__(self, text: Text) -> None:
        self._text, self._begun = text, time.monotonic()
        self._has_ended = threading.Event()
        self._is_shown = False
        self.lock = threading.RLock()
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        pause = _FIRST_AFTER
        while not self._has_ended.wait(pause):
            text = printable(self._text(time.monotonic() - self._begun))
            with self.lock:
                # A line of something that has begun later takes its place.
                if not self._has_ended.is_set() and _lines[-1:] == [self]:
                    _write(_CLEAR + text[: terminal_width() - 1])
                    self._is_shown = True
            pause = _SECONDS_BETWEEN

    def hide(self) -> None:
        """Removes the line from the terminal until it is written again; the caller holds the lock."""
        if self._is_shown:
            _write(_CLEAR)
            self._is_shown = False

    def end(self) -> None:
        """Removes the line for good."""
        with self.lock:
            self._has_ended.set()
            self.hide()


# There is one terminal.
_lines: list[_Line] = []


@contextmanager
def progress_line(text: Text) -> Iterator[None]:
    """A context in which a line tells what has been read, from its first second to the first output, on a terminal."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield
        return
    line = _Line(text)
    _lines.append(line)
    try:
        yield
    finally:
        if line in _lines:
            _lines.remove(line)
            line.end()


@contextmanager
def without_progress_line() -> Iterator[None]:
    """A context in which something else may be written to the terminal."""
    if not _lines:
        yield
        return
    with ExitStack() as locks:
        for line in _lines:
            locks.enter_context(line.lock)
            line.hide()
        yield


def end_progress_line() -> None:
    """Removes the line, because output follows."""
    while _lines:
        _lines.pop().end()


def before_output(stream: Any) -> None:  # noqa: ANN401 (a text stream)
    """Removes the line if the stream is a terminal; a line beside a file or a pipe may stay."""
    if _lines and stream.isatty():
        end_progress_line()


def _write(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):  # the terminal is gone
        return

"""The entry point of `aitrail`: standard streams that may be closed, and Ctrl-C at any moment.

It imports the commands only when Ctrl-C already ends the program quietly, because that takes a tenth of a second.
"""

import io
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from aitrail.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from types import FrameType


def main() -> None:
    """Run the command line and exit."""
    # A shell that starts a program in the background may have it ignore Ctrl-C.
    is_heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_heeded:
        signal.signal(signal.SIGINT, _leave)
    sys.unraisablehook = _unraisable
    _prepare_streams()
    from aitrail.cli.group import cli  # noqa: PLC0415 (see above)

    try:
        try:
            if is_heeded:
                signal.signal(signal.SIGINT, signal.default_int_handler)
            cli(prog_name="aitrail")
        finally:
            if is_heeded:  # the interpreter would show a traceback while it shuts down
                signal.signal(signal.SIGINT, _leave)
    except KeyboardInterrupt:
        _leave()
    except SystemExit as end:
        if end.code == ExitCode.INTERRUPTED:
            _leave()
        raise


def _prepare_streams() -> None:
    """Makes the standard streams accept any text; a stream that is closed is None."""
    streams: dict[str, TextIO | None] = {"stdout": sys.stdout, "stderr": sys.stderr}
    if streams["stderr"] is None:
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 (a device, not a path; open until exit)
    if streams["stdout"] is None:
        sys.exit("Error: standard output is closed.")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # not every locale can write every character
            stream.reconfigure(errors="backslashreplace")


def _leave(_signal: int = signal.SIGINT, _frame: "FrameType | None" = None) -> None:
    """Exits without waiting for threads: a user who interrupts should not wait for pending requests to AWS."""
    with suppress(Exception):  # the output may be closed, full, or in the middle of a write
        sys.stdout.flush()
    os._exit(ExitCode.INTERRUPTED)


def _unraisable(unraisable: "sys.UnraisableHookArgs") -> None:
    """Ends the program also if Ctrl-C comes while Python runs code that cannot raise, such as __del__."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        _leave()
    sys.__unraisablehook__(unraisable)

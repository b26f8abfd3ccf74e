"""The entry point of `aitrail`: standard streams that may be closed, and Ctrl-C at any moment.

Until Ctrl-C ends the program quietly, only what the interpreter has loaded anyway is imported: importing the commands
takes a tenth of a second.
"""

import gc
import io
import os
import sys

TYPE_CHECKING = False  # see aitrail/__init__.py
if TYPE_CHECKING:
    from types import FrameType
    from typing import TextIO


def main() -> None:
    """Run the command line and exit."""
    sys.unraisablehook = _unraisable
    gc.disable()  # start-up creates many objects but hardly any garbage; see Command.invoke
    try:
        _prepare_streams()
        _run()
    except KeyboardInterrupt:
        _leave()


def _run() -> None:
    import signal  # noqa: PLC0415 (see above)

    from aitrail.cli.exit_codes import ExitCode  # noqa: PLC0415
    from aitrail.cli.group import cli  # noqa: PLC0415

    try:
        cli(prog_name="aitrail")
    except SystemExit as end:
        # The interpreter would show a traceback while it shuts down.
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, _leave)
        if end.code == ExitCode.INTERRUPTED:
            _leave()
        gc.freeze()  # the interpreter would look for garbage once more before it ends
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


def _leave(_signal: int = 0, _frame: "FrameType | None" = None) -> None:
    """Exits without waiting for threads: a user who interrupts should not wait for pending requests to AWS."""
    from aitrail.cli.exit_codes import ExitCode  # noqa: PLC0415 (see above)

    try:
        sys.stdout.flush()
    finally:  # the output may be closed, full, or in the middle of a write
        os._exit(ExitCode.INTERRUPTED)


def _unraisable(unraisable: "sys.UnraisableHookArgs") -> None:
    """Ends the program also if Ctrl-C comes while Python runs code that cannot raise, such as __del__."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        _leave()
    sys.__unraisablehook__(unraisable)

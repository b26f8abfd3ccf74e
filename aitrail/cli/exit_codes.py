"""The exit codes of commands; `aitrail --help` lists those from 0 to 4."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ends. A wrong command line ends with click's own code, 2."""

    SUCCESS = 0
    FAILURE = 1
    UNREACHABLE = 3
    NEEDS_ATTENTION = 4
    # The codes that a shell reports for a program that SIGINT or SIGPIPE ended.
    INTERRUPTED = 130
    BROKEN_PIPE = 141

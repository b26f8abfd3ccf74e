"""The `aitrail` command group, and its handling of errors: messages for people on stderr, exit codes for programs."""

import itertools
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, cast

import click

from aitrail import __version__
from aitrail.cells import printable
from aitrail.cli.exit_codes import ExitCode
from aitrail.cli.options import HelpContext, config_option
from aitrail.errors import AitrailError
from aitrail.moments import MomentError
from aitrail.questions import ConditionError

# The commands as --help shows them. A command's module is imported only when it is used, so that the list is fast.
SECTIONS = {
    "Query": {
        "events": "List calls, newest first.",
        "event": "Show everything about one call.",
        "usage": "Count calls, errors, denied calls and characters.",
        "running": "List what is billed whether or not anybody calls it.",
        "who": "Show who touched a resource, newest first.",
        "what": "Show what a principal did, newest first.",
        "tail": "Follow calls as they appear in the table, until Ctrl-C.",
        "ask": "Run a saved question, or list them.",
        "report": "Write a page that shows the calls of a window at a glance.",
        "export": "Write calls to files in DIR, one for each service and day.",
        "scan": "Show the rows that log files contain, without using a table.",
    },
    "Ingest": {
        "backfill": "Queue log files that are in the bucket but not in the ledger.",
        "import-history": "Import the last 90 days from CloudTrail's Event history.",
    },
    "Check and repair": {
        "status": "Show whether everything is in order, and what needs attention.",
        "reconcile": "Compare calls with CloudWatch's own counts.",
        "verify": "Prove that nothing was lost, or list the exceptions.",
        "retry": "Queue dead letters again, and files that could not be read.",
        "rejects": "List the records that could not become rows, and why.",
        "accept": "Mark a known problem as accepted, or list the accepted ones.",
    },
    "Set up": {
        "services": "List the services that are recorded.",
        "preflight": "Look at the account for what would make a deployment fail.",
        "source": "Show where log files come from, and what others must allow.",
        "permissions": "Print the IAM policy that commands need.",
        "prices": "Show the list prices behind costs, or get new ones.",
        "cost": "Estimate the monthly cost of a deployment.",
        "cache": "Show or clear what is kept for later questions.",
        "completion": "Print a shell completion script.",
    },
}
_HELP = "help"
_NAMES = tuple(name for commands in SECTIONS.values() for name in commands)


class _Commands(click.Group):
    context_class = HelpContext

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(_NAMES)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (as above)
        """Writes the commands under their headings."""
        for section, commands in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl(list(commands.items()))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (as above)
        if cmd_name not in _NAMES:
            return None
        try:
            name = cmd_name.replace("-", "_")
            return cast("click.Command", getattr(import_module(f"aitrail.cli.commands.{name}"), name))
        except AitrailError as error:  # a service file of the registry is invalid
            raise click.ClickException(str(error)) from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:  # click does not know commands that are not imported
            raise click.NoSuchCommand(error.command_name, possibilities=_NAMES, ctx=ctx) from error

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parses the options before the name of the command; `help NAME` means `NAME --help`."""
        if args[:1] == [_HELP]:
            args = [*itertools.dropwhile(_HELP.__eq__, args), "--help"]
        return super().parse_args(ctx, args)

    def make_context(self, *arguments: Any, **settings: Any) -> click.Context:  # noqa: ANN401 (click's signature)
        """Parses the command line up to the name of the command; also shows the group's help."""
        with _printable_errors(), _ending():
            return super().make_context(*arguments, **settings)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 (click's signature)
        with _printable_errors(), _ending():
            return super().invoke(ctx)


@contextmanager
def _ending() -> Iterator[None]:
    """Converts errors that end a command to click's exceptions."""
    try:
        yield
    except (ConditionError, MomentError) as error:
        raise click.UsageError(str(error)) from error
    except AitrailError as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        raise click.exceptions.Exit(ExitCode.INTERRUPTED) from None
    except BrokenPipeError:
        _abandon_output()
        raise click.exceptions.Exit(ExitCode.BROKEN_PIPE) from None
    except OSError as error:
        _abandon_output()
        raise click.ClickException(str(error)) from error


@contextmanager
def _printable_errors() -> Iterator[None]:
    """Escapes error messages, which may contain arguments, file names and texts from AWS, for the terminal."""
    try:
        yield
    except click.ClickException as error:
        error.message = "\n".join(map(printable, error.message.split("\n")))  # type: ignore[misc] # the one that is shown
        raise


def _abandon_output() -> None:
    """Redirects unread output to the null device, so that the interpreter does not report an error at exit."""
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 (a device, not a path)
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@config_option
@click.version_option(__version__, prog_name="aitrail")
def cli() -> None:
    """Show who used Amazon Polly, Transcribe, Lex and Personalize, as recorded in CloudTrail log files.

    Data goes to stdout, everything else to stderr. `aitrail help COMMAND` is the same as `aitrail COMMAND --help`.

    \b
    Exit codes:
      0  success, also if a list is empty
      1  failure: the message says why
      2  the command line is wrong
      3  AWS or a table cannot be reached, or the credentials do not work
      4  something needs attention
    """

"""The `aitrail` command group, and how commands end: a message for people on stderr, an exit code for programs."""

import os
import sys
from importlib import import_module
from typing import Any, cast

import click

from aitrail import __version__
from aitrail.errors import AitrailError

# The module aitrail.cli.NAME holds the command NAME: it is imported when somebody asks for it.
_COMMANDS = ("events", "scan")
# What a shell reports of a program that SIGINT or SIGPIPE ended.
_INTERRUPTED = 130
_NOBODY_READS = 141


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (the same)
        if cmd_name not in _COMMANDS:
            return None
        try:
            return cast("click.Command", getattr(import_module(f"aitrail.cli.{cmd_name}"), cmd_name))
        except AitrailError as error:  # a service file of the registry is wrong
            raise click.ClickException(str(error)) from error

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 (click's signature)
        try:
            return super().invoke(ctx)
        except AitrailError as error:
            raise click.ClickException(str(error)) from error
        except KeyboardInterrupt:
            ctx.exit(_INTERRUPTED)
        except BrokenPipeError:
            _abandon_output()
            ctx.exit(_NOBODY_READS)
        except OSError as error:
            _abandon_output()
            raise click.ClickException(str(error)) from error


def _abandon_output() -> None:
    """Let the interpreter flush what nobody takes to nowhere, instead of complaining about it when it ends."""
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 (a device, not a path)
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="aitrail")
def cli() -> None:
    """Who used Amazon Polly, Transcribe, Lex and Personalize: ask the record that CloudTrail log files hold.

    Data goes to stdout, everything else to stderr.

    \b
    Exit codes:
      0  fine, also when nothing was found
      1  unexpected: please report it
      2  the command line is wrong
      3  AWS, credentials or a table cannot be reached
      4  something needs a person

    \b
    Completion in bash (zsh and fish alike):
      eval "$(_AITRAIL_COMPLETE=bash_source aitrail)"
    """


def main() -> None:
    """Run the command line and exit."""
    cli(prog_name="aitrail")

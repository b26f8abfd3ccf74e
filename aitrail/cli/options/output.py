"""-o, --query and --no-color: the output format of a command, and the part of the output to show."""

import functools
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import click
from click.core import ParameterSource

from aitrail.cells import printable
from aitrail.cli.options.choice import OneOf
from aitrail.cli.options.command import option
from aitrail.cli.options.window import zone_of
from aitrail.cli.output import FORMATS, Output

_Decorator = Callable[[Callable[..., None]], Callable[..., None]]
# What shows columns that have no room in a table: the options of a command, as a message calls them.
_WAYS = {"--columns": "--columns NAME,…", "--wide": "--wide", "--long": "--long"}


class _Format(OneOf):
    """A format of the command. One for all commands that this one does not have is no choice: its default applies."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401
        """One of the choices, or ""."""
        if ctx and param and ctx.get_parameter_source(param.name or "") is ParameterSource.ENVIRONMENT:
            found = OneOf(FORMATS).convert(value, param, ctx)
            return found if found in self.choices else ""
        return super().convert(value, param, ctx)


def output_options(
    default: str | None = None,
    *,
    formats: Sequence[str] = FORMATS,
    of: str = "the list of rows",
    shapes: bool = False,
) -> _Decorator:
    """Adds -o/--output, --query and --no-color; the command gets them as one Output, `output`.

    Without a default, the format is table on a terminal and jsonl when piped; with a query, it is json. A command with
    endless rows has no json in its `formats`, and no --query. `of` describes the value that a query is applied to. With
    `shapes`, there are also --wide and --long, which imply a table.
    """
    query_option = option(
        "Output", "--query", metavar="JMESPATH", help=f"Apply this JMESPath expression to {of}; prints json by default."
    )
    asking: _Decorator = query_option if "json" in formats else lambda command: command
    shaping: _Decorator = _shape_options if shapes else lambda command: command

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        note = f"[default: {default or 'table on a terminal, else jsonl'}]"
        choice, text = _Format(tuple(formats)), f"Output format.  {note}"

        @option("Output", "-o", "--output", "format_", type=choice, envvar="AITRAIL_OUTPUT", help=text)
        @asking
        @shaping
        @option("Output", "--no-color", is_flag=True, help="Print without bold and colors; NO_COLOR does the same.")
        @functools.wraps(command)
        def with_output(
            *args: Any,  # noqa: ANN401 (passed through)
            format_: str | None,
            no_color: bool,
            query: str | None = None,
            wide: bool = False,
            long: bool = False,
            **options: Any,  # noqa: ANN401 (passed through)
        ) -> None:
            _refuse_shapes(format_, query, wide=wide, long=long)
            usual = "table" if wide or long or (default is None and sys.stdout.isatty()) else default or "jsonl"
            chosen = format_ or ("json" if query is not None else usual)
            styled = not (no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb")
            applied = None if query is None else _search(query)
            context = click.get_current_context(silent=True)
            output = Output(
                format=chosen,
                styled=styled,
                query=applied,
                zone=zone_of(context),
                wide=wide,
                long=long,
                ways=_ways(context),
            )
            command(*args, output=output, **options)

        return with_output

    return decorated


def _shape_options(command: Callable[..., None]) -> Callable[..., None]:
    wide = option("Output", "--wide", is_flag=True, help="Show all columns of a table, however narrow the terminal is.")
    long = option("Output", "--long", is_flag=True, help="Show each row as names and values below one another.")
    return wide(long(command))


def _refuse_shapes(format_: str | None, query: str | None, *, wide: bool, long: bool) -> None:
    """Refuses combinations in which one option has no effect."""
    if wide and long:
        raise click.UsageError("--wide and --long are two ways to show all columns: give one of them.")
    shape = "--wide" if wide else "--long"
    if (wide or long) and query is not None:
        raise click.UsageError(f"{shape} is for tables of rows, and --query shows something else: leave one out.")
    if (wide or long) and format_ not in (None, "table"):
        raise click.UsageError(f"{shape} is for tables, and -o {format_} has all columns: leave one out.")


def _ways(context: click.Context | None) -> list[str]:
    """The options of the command that show columns that have no room."""
    known = {name for parameter in context.command.params for name in parameter.opts} if context else set()
    return [way for name, way in _WAYS.items() if name in known]


def _search(query: str) -> Callable[[Any], Any]:
    """A function that applies a JMESPath expression to a JSON value; the result is a JSON value."""
    import jmespath  # noqa: PLC0415 (few commands need it)
    from jmespath.exceptions import JMESPathError  # noqa: PLC0415

    def wrong(error: Exception) -> click.UsageError:
        return click.UsageError(f"--query: {printable(' '.join(str(error).split()))} (see https://jmespath.org)")

    try:
        expression = jmespath.compile(query)
    except (JMESPathError, RecursionError) as error:
        raise wrong(error) from error

    def search(value: Any) -> Any:  # noqa: ANN401 (any JSON value)
        try:
            # Not every result of an expression is JSON: &name is a function.
            return json.loads(json.dumps(expression.search(value), allow_nan=False))
        except (JMESPathError, TypeError, ValueError) as error:
            raise wrong(error) from error

    return search

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


class _Format(OneOf):
    """A format of the command. One for all commands that this one does not have is no choice: its default applies."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401
        """One of the choices, or ""."""
        if ctx and param and ctx.get_parameter_source(param.name or "") is ParameterSource.ENVIRONMENT:
            found = OneOf(FORMATS).convert(value, param, ctx)
            return found if found in self.choices else ""
        return super().convert(value, param, ctx)


def output_options(
    default: str | None = None, *, formats: Sequence[str] = FORMATS, of: str = "the list of rows"
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Adds -o/--output, --query and --no-color; the command gets them as one Output, `output`.

    Without a default, the format is table on a terminal and jsonl when piped; with a query, it is json. A command with
    endless rows has no json in its `formats`, and no --query. `of` describes the value that a query is applied to.
    """
    query_option = option(
        "Output", "--query", metavar="JMESPATH", help=f"Apply this JMESPath expression to {of}; prints json by default."
    )
    asking: Callable[[Callable[..., None]], Callable[..., None]] = (
        query_option if "json" in formats else lambda command: command
    )

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        note = f"[default: {default or 'table on a terminal, else jsonl'}]"
        choice, text = _Format(tuple(formats)), f"Output format.  {note}"

        @option("Output", "-o", "--output", "format_", type=choice, envvar="AITRAIL_OUTPUT", help=text)
        @asking
        @option("Output", "--no-color", is_flag=True, help="Print without bold and colors; NO_COLOR does the same.")
        @functools.wraps(command)
        def with_output(
            *args: Any,  # noqa: ANN401 (passed through)
            format_: str | None,
            no_color: bool,
            query: str | None = None,
            **options: Any,  # noqa: ANN401 (passed through)
        ) -> None:
            chosen = format_ or (
                "json" if query is not None else default or ("table" if sys.stdout.isatty() else "jsonl")
            )
            styled = not (no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb")
            applied = None if query is None else _search(query)
            zone = zone_of(click.get_current_context(silent=True))
            output = Output(format=chosen, styled=styled, query=applied, zone=zone)
            command(*args, output=output, **options)

        return with_output

    return decorated


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

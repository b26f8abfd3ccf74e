"""--account and --in-region of commands about deliveries, and the validation of their values."""

import functools
from collections.abc import Callable
from typing import Any

import click

from aitrail.cli.options.command import option, repeated
from aitrail.deliveries import Origins

WHICH = "Which deliveries (repeat an option for more values)"


def texts_of(condition: str) -> Callable[..., tuple[str, ...]]:
    """A click callback for a repeatable option: validates its values as a condition's, and removes duplicates."""

    def values(_context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> tuple[str, ...]:
        from aitrail.questions import ConditionError, Conditions, checked, excluded_of  # noqa: PLC0415 (would slow down --help)

        wanted: Conditions = {condition: texts}  # type: ignore[misc] # a name of a condition
        try:
            found: tuple[str, ...] = checked(wanted)[condition]
        except ConditionError as error:
            raise click.BadParameter(f"{error}{repeated(parameter.opts[0], error.text or '')}") from error
        if excluded_of(found):
            raise click.BadParameter("deliveries cannot be excluded: give those that you want.")
        return found

    return values


def origin_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds --account and --in-region; the command gets them as one Origins, `origins`."""

    @option(
        *(WHICH, "--account", "accounts"),
        multiple=True,
        callback=texts_of("account"),
        metavar="ID",
        help="Account of the calls.",
    )
    @option(
        *(WHICH, "--in-region", "regions"),
        multiple=True,
        callback=texts_of("region"),
        metavar="REGION",
        help="Region of the calls.",
    )
    @functools.wraps(command)
    def with_origins(
        *args: Any,  # noqa: ANN401 (passed through)
        accounts: tuple[str, ...],
        regions: tuple[str, ...],
        **options: Any,  # noqa: ANN401 (passed through)
    ) -> None:
        command(*args, origins=Origins(accounts=frozenset(accounts), regions=frozenset(regions)), **options)

    return with_origins

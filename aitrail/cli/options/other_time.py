"""--compare, --first-last and --lookback: what else is read than the window."""

import functools
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import click
from msgspec import Struct

from aitrail.cli.options.command import option
from aitrail.cli.options.window import Span
from aitrail.questions import COST, COUNTS, DIFFERENCE, SEEN

_LOOKBACK = timedelta(days=90)


class OtherTime(Struct, frozen=True, kw_only=True):
    """The period to compare the window with, or whether to read the time before it as well: at most one of them."""

    compare: str | None
    first_last: bool
    lookback: timedelta

    def measured(self, measure: str | None, *, with_cost: bool) -> str | None:
        """The measure of --measure; a comparison has one only, which may be the cost."""
        if self.compare is None or not with_cost:
            return measure
        if measure not in (None, COST):
            raise click.UsageError(f"--compare shows one measure: leave out --measure {measure}, or the cost.")
        return COST

    def sorting(self, sort: str | None, measure: str, measures: Sequence[str]) -> str:
        """The order of groups: the one of --sort, if there is such an order, or the usual one."""
        orders = (measure, *(each for each in (*measures, COST) if each != measure))
        if self.compare is not None:
            orders = (DIFFERENCE, measure)
        elif self.first_last:
            orders = (*SEEN[::-1], *COUNTS)
        if sort is not None and sort not in orders:
            raise click.UsageError(f"--sort {sort} has no effect here: choose from {', '.join(orders)}.")
        return sort or orders[0]

    def refuse(self, given: Mapping[str, object]) -> None:
        """Refuses options, by their names, that have a value, as they have no effect with --first-last."""
        for name, value in given.items():
            if self.first_last and value is not None:
                raise click.UsageError(f"{name} has no effect with --first-last: leave it out.")


def other_time_options(section: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Adds the options under a heading; the command gets them as `other`."""

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @option(
            section,
            "--compare",
            metavar="PERIOD",
            help=(
                "Compare a measure with that of another time: previous (the time before the window), or a period such "
                "as 2026-10 or last-month."
            ),
        )
        @option(
            section,
            "--first-last",
            is_flag=True,
            help="Show when each group was first and last seen, which are new in the window, and which are silent.",
        )
        @option(
            section,
            "--lookback",
            type=Span(),
            metavar="SPAN",
            help="With --first-last: how much time before the window is read as well.  [default: 90d]",
        )
        @functools.wraps(command)
        def with_other_time(
            *args: Any,  # noqa: ANN401 (passed through)
            compare: str | None,
            first_last: bool,
            lookback: timedelta | None,
            **options: Any,  # noqa: ANN401 (passed through)
        ) -> None:
            if compare is not None and first_last:
                raise click.UsageError("--compare and --first-last cannot be used together: give one of them.")
            if lookback is not None and not first_last:
                raise click.UsageError("--lookback is the time that --first-last reads before the window: give both.")
            lookback = _LOOKBACK if lookback is None else lookback
            command(*args, other=OtherTime(compare=compare, first_last=first_last, lookback=lookback), **options)

        return with_other_time

    return decorated

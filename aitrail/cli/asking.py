"""What every question has in common: a filter, a window, and where to ask: the table, or log files (--from)."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from aitrail.cli.filters import filter_options
from aitrail.cli.output import narrate
from aitrail.cli.place import Place, place_options
from aitrail.cli.sections import option
from aitrail.cli.window import Moment, now_of
from aitrail.conditions import ConditionError, Conditions, nearest
from aitrail.filters import Filter
from aitrail.services import load
from aitrail.window import BEGINNING, MomentError, Window, window_of

if TYPE_CHECKING:
    from aitrail.store import EventStore

_WHEN = "When (UTC)"
_SINCE = "Begin: 30m, 12h, 7d or 2w before now, 2026-11-01, 2026-11-01T08:30.  [default: 7d; with --from everything]"

LIMIT = click.IntRange(min=1)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question on the command line: what is asked for, and where."""

    place: Place
    conditions: Conditions
    window: Window
    now: datetime

    @cached_property
    def store(self) -> "EventStore":
        """What to ask. Raises what reaching it raises."""
        from aitrail.store import EventStore  # noqa: PLC0415 (--help need not wait for what reads log files)

        return EventStore(self.place.source, now=lambda: self.now)

    @property
    def question(self) -> Any:  # noqa: ANN401 (keyword arguments of EventStore's questions)
        """Window and conditions, as the questions of EventStore take them."""
        return {"since": self.window.since, "until": self.window.until, **self.conditions}

    def narrate_nothing(self) -> None:
        """Tell that nothing was found, and what to check."""
        narrate(f"No events{self._with_conditions()} {self.window} in {self.place}. {self.place.advice}")
        for operation in self.conditions.get("operation", ()):
            meant = _meant(operation)
            if meant:
                narrate(f"No known operation is called {operation}: did you mean {meant}?")

    def _with_conditions(self) -> str:
        words = [f" {name.replace('_', ' ')} {' or '.join(_texts(values))}" for name, values in self.conditions.items()]
        return f" with{','.join(words)}" if words else ""


def _texts(values: object) -> list[str]:
    return [str(values).lower()] if isinstance(values, bool) else [str(each) for each in values]  # type: ignore[attr-defined]


def _meant(operation: str) -> str | None:
    """What a mistyped operation should be, if the AWS SDK knows one that is like it."""
    from aitrail.cli.operations import known_operations  # noqa: PLC0415 (imports botocore)

    known = known_operations(load())
    return None if operation in known or any(each in operation for each in "*?[") else nearest(operation, known)


def question_options(*without: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add filter, window and where to ask; the command gets them as one Asked, `asked`.

    `without` names conditions that are no options of the command.
    """

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @filter_options(*without)
        @option(_WHEN, "--since", type=Moment(), help=_SINCE)
        @option(
            _WHEN, "--until", type=Moment(), default="now", show_default=True, help="End, exclusive; in the same forms."
        )
        @place_options
        @functools.wraps(command)
        def with_question(
            *args: Any,  # noqa: ANN401 (passed through)
            conditions: Conditions,
            since: datetime | None,
            until: datetime,
            place: Place,
            **options: Any,  # noqa: ANN401 (passed through)
        ) -> None:
            now = now_of(click.get_current_context())
            try:
                Filter.of(**conditions)  # before anything is read
                window = window_of(since or place.since or BEGINNING, until, now)
            except (ConditionError, MomentError) as error:
                raise click.UsageError(str(error)) from error
            asked = Asked(place=place, conditions=conditions, window=window, now=now)
            command(*args, asked=asked, **options)

        return with_question

    return decorated

"""The options of every question: a filter, a window, and the source: the table, or log files (--from)."""

import functools
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from aitrail.calendars import local_time
from aitrail.cli.options.config import naming_of
from aitrail.cli.options.filters import filter_options
from aitrail.cli.options.place import Deployed, Place, place_options
from aitrail.cli.options.service_files import registry_of
from aitrail.cli.options.window import WHEN, ends_options, now_of, zone_of
from aitrail.cli.output import narrate
from aitrail.moments import MomentError, window_of
from aitrail.questions import Conditions, Naming, excluded_of, is_pattern, lacks_kind, nearest, wanted_of
from aitrail.services import Registry
from aitrail.window import Window

if TYPE_CHECKING:
    from aitrail.questions import EventStore

_SINCE = (
    "Start: 30m, 12h, 7d, 2w or 3mo before now, today, yesterday, monday, last-week, 2026-11, 2026-11-01, "
    "2026-11-01T08:30.  [default: {}; no limit with --from]"
)
_OF_ZONE = "times without offset, and of tables"
_UNTIL = "End, exclusive; same formats.  [default: now; no limit with --from]"


class Asked(Struct, frozen=True, kw_only=True, dict=True):
    """A question on the command line: filter, window and source."""

    place: Place
    conditions: Conditions
    window: Window
    now: datetime
    zone: tzinfo
    naming: Naming
    registry: Registry

    @cached_property
    def store(self) -> "EventStore":
        """The store that answers the question. Raises the errors of reaching it."""
        from aitrail.questions import EventStore  # noqa: PLC0415 (would slow down --help)

        return EventStore(
            self.place.source,
            timezone=self.zone,
            naming=self.naming,
            registry=self.registry,
            now=lambda: self.now,
        )

    @property
    def question(self) -> Any:  # noqa: ANN401 (keyword arguments of EventStore's questions)
        """Window and conditions, as keyword arguments of EventStore's questions."""
        return {"since": self.window.since, "until": self.window.until, **self.conditions}

    @property
    def services(self) -> list[str]:
        """The services that calls may be of, by the conditions."""
        conditions = self.conditions.get("service", ())
        wanted, excluded = wanted_of(conditions), excluded_of(conditions)
        names = [service.name for service in self.registry.services]
        return [name for name in names if name not in excluded and (not wanted or name in wanted)]

    def narrate_window(self) -> None:
        """Tells a person at a terminal of which time an answer is, unless it is of all time."""
        window = self.text_of(self.window)
        if window and sys.stderr.isatty():
            narrate(f"Calls {window}.")

    def narrate_nothing(self, things: str = "events") -> None:
        """Reports that nothing was found, and what to check."""
        window = f" {self.text_of(self.window)}".rstrip()
        narrate(f"No {things}{with_conditions(self.conditions)}{window} in {self.place}. {self.place.advice}")
        for hint in _hints(self.conditions, self.registry):
            narrate(hint)

    def text_of(self, window: Window) -> str:
        """A window as text, in the time zone of the question; empty if it is of all time."""
        return window.text(lambda moment: local_time(moment, self.zone))


def with_conditions(conditions: Conditions) -> str:
    """The conditions as text that can follow a noun: ` with service polly`."""
    words = [f" {name.replace('_', ' ')} {_worded(values)}" for name, values in conditions.items()]
    return f" with{','.join(words)}" if words else ""


def _worded(values: object) -> str:
    texts = _texts(values)
    wanted, excluded = " or ".join(wanted_of(texts)), " or ".join(excluded_of(texts))
    return f"{wanted} but not {excluded}" if wanted and excluded else wanted or f"not {excluded}"


def newest(count: int, thing: str, *, adjective: str = "newest") -> str:
    """The beginning of a remark that not everything is shown."""
    return f"This is the {adjective} {thing}" if count == 1 else f"These are the {adjective} {count:,} {thing}s"


def _hints(conditions: Conditions, registry: Registry) -> Iterator[str]:
    """Suggestions for conditions that no call met."""
    for operation in wanted_of(conditions.get("operation", ())):
        if any(service.ends_stream(operation) for service in registry.services):
            yield f"Records of {operation} end streams, which began with other calls: `aitrail events` lists them."
        elif meant := _meant(operation, registry):
            yield f"No known operation is called {operation}: did you mean {meant}?"
    for text in wanted_of(conditions.get("resource", ())):
        if lacks_kind(text, registry.resource_kinds):
            yield f"A pattern must match the whole value, including the kind: '*/{text}'."
    for name in ("principal", "resource"):
        if wanted_of(conditions.get(name, ())):  # type: ignore[arg-type] # texts
            yield f"Names of {name}s are case-sensitive."


def _texts(values: object) -> list[str]:
    return [str(values).lower()] if isinstance(values, bool) else [str(each) for each in values]  # type: ignore[attr-defined]


def _meant(operation: str, registry: Registry) -> str | None:
    """The operation in the AWS SDK that is closest to a mistyped one; None if there is none."""
    from aitrail.aws import known_operations  # noqa: PLC0415 (imports botocore)

    known = known_operations(service.name for service in registry.services)
    return None if operation in known or is_pattern(operation) else nearest(operation, known)


def question_options(
    *without: str, since: str = Deployed.since
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Adds the options for filter, window and source; the command gets them as one Asked, `asked`.

    `without` names conditions that are not options of the command, `since` is the start of its window in a table.
    """
    usual = since

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @filter_options(*without)
        @ends_options(WHEN, since=_SINCE.format(usual), until=_UNTIL, of=_OF_ZONE, defaults={})
        @place_options
        @functools.wraps(command)
        def with_question(
            *args: Any,  # noqa: ANN401 (passed through)
            conditions: Conditions,
            since: datetime | None,
            until: datetime | None,
            place: Place,
            **options: Any,  # noqa: ANN401 (passed through)
        ) -> None:
            context = click.get_current_context()
            now, zone = now_of(context), zone_of(context)
            try:
                begin = usual if isinstance(place, Deployed) else place.since
                window = window_of(since or begin, until or place.until, now, zone)
            except MomentError as error:
                raise click.UsageError(str(error)) from error
            asked = Asked(
                place=place,
                conditions=conditions,
                window=window,
                now=now,
                zone=zone,
                naming=naming_of(context),
                registry=registry_of(context),
            )
            command(*args, asked=asked, **options)

        return with_question

    return decorated

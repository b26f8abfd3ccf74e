"""An export's notes, one line of JSON each.

Those on every service-day let the next export skip complete ones. Those on what was asked for say which questions the
files can answer.
"""

from collections import defaultdict
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec

from aitrail.costs import Prices
from aitrail.window import Window, event_time, parse_time


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that all files of one export share.

    `source` is the address of a RowSource. `conditions` are the conditions of a Filter without the service.
    """

    format: str
    whole: bool
    source: str
    conditions: dict[str, list[str] | bool]
    schema: str = "aitrail"

    def __str__(self) -> str:
        """The settings as text that can follow `holds`."""
        words = [f"{name} {_words(values)}" for name, values in sorted(self.conditions.items())]
        with_conditions = f" with {', '.join(words)}" if words else ""
        rows = "whole rows" if self.whole else "indexed columns"
        what = rows if self.schema == "aitrail" else f"{self.schema.upper()} events"
        return f"{self.format} files of {what} of {self.source}{with_conditions}"


def _words(values: list[str] | bool) -> str:  # noqa: FBT001 (a condition)
    return " or ".join(values) if isinstance(values, list) else str(values).lower()


class Note(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One exported service-day, with the part of the day that is covered (eventTime `first` to `last`, inclusive).

    `as_of` is the moment up to which the source was known to have rows; "" if not everything could be read. `prices`
    tells the currency of costs, and the dates of the prices.
    """

    service: str
    day: str
    first: str
    last: str
    as_of: str
    rows: int
    settings: Settings
    prices: str = ""

    @property
    def line(self) -> bytes:
        """The note as it is stored."""
        return msgspec.json.encode(self) + b"\n"

    @property
    def is_sound(self) -> bool:
        """Whether the note's times are valid and within its day."""
        times = (self.first, self.last, self.as_of or self.last)
        return all(map(_is_event_time, times)) and f"{self.day}T" <= self.first <= self.last < f"{self.day}U"


def dates_of(prices: Prices) -> str:
    """The currency of prices, and the dates of those of each service, as text."""
    dates: defaultdict[str, set[str]] = defaultdict(set)
    for of_region in prices.usage.values():
        for service, found in of_region.items():
            dates[service] |= {price.date for price in found.values()}
    return "; ".join([prices.currency, *(f"{name} {', '.join(sorted(each))}" for name, each in sorted(dates.items()))])


def _is_event_time(text: str) -> bool:
    try:
        return event_time(datetime.fromisoformat(text)) == text
    except (ValueError, OverflowError):
        return False


class Request(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An export that has ended: what was asked for, also of days that had no rows (eventTime `first` to `last`).

    `columns` are those of the files. If not everything could be read, it is not `complete`.
    """

    first: str
    last: str
    services: list[str]
    columns: list[str]
    complete: bool
    settings: Settings

    @property
    def line(self) -> bytes:
        """The request as it is stored."""
        return msgspec.json.encode(self) + b"\n"

    @property
    def window(self) -> Window:
        """The window that was asked for."""
        return Window(since=parse_time(self.first), until=parse_time(self.last) + timedelta(seconds=1))


def read_requests(content: bytes) -> list[Request]:
    """The sound requests, each once; other lines are ignored."""
    found: dict[bytes, Request] = {}
    for line in content.splitlines():
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            request = msgspec.json.decode(line, type=Request)
            if _is_event_time(request.first) and _is_event_time(request.last) and request.first <= request.last:
                found[request.line] = found.pop(request.line, request)
    return list(found.values())


def read_notes(content: bytes) -> dict[tuple[str, str], Note]:
    """The last sound note on every service and day; other lines are ignored."""
    notes = {}
    for line in content.splitlines():
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # for example an incomplete line
            note = msgspec.json.decode(line, type=Note)
            if note.is_sound:
                notes[note.service, note.day] = note
    return notes

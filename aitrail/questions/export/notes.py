"""What an export notes about every service-day, a line of JSON each: what the next one need not do again."""

from contextlib import suppress
from datetime import datetime

import msgspec

from aitrail.window import event_time


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the files of one export have in common.

    `source` is the address of a RowSource, `conditions` are those of a Filter, but the service.
    """

    format: str
    whole: bool
    source: str
    conditions: dict[str, list[str] | bool]

    def __str__(self) -> str:
        """The settings as they read after `holds`."""
        words = [f"{name} {_words(values)}" for name, values in sorted(self.conditions.items())]
        with_conditions = f" with {', '.join(words)}" if words else ""
        return f"{self.format} files of {'whole' if self.whole else 'narrow'} rows of {self.source}{with_conditions}"


def _words(values: list[str] | bool) -> str:  # noqa: FBT001 (a condition)
    return " or ".join(values) if isinstance(values, list) else str(values).lower()


class Note(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One exported service-day: the part of the day that is covered (`first` to `last` eventTime, both inclusive).

    `as_of` is the moment up to which its source was known to have rows; "" if not everything could be read.
    """

    service: str
    day: str
    first: str
    last: str
    as_of: str
    rows: int
    settings: Settings

    @property
    def line(self) -> bytes:
        """The note as it is kept."""
        return msgspec.json.encode(self) + b"\n"

    @property
    def is_sound(self) -> bool:
        """Whether it is about a part of its day."""
        times = (self.first, self.last, self.as_of or self.last)
        return all(map(_is_event_time, times)) and f"{self.day}T" <= self.first <= self.last < f"{self.day}U"


def _is_event_time(text: str) -> bool:
    try:
        return event_time(datetime.fromisoformat(text)) == text
    except (ValueError, OverflowError):
        return False


def read_notes(content: bytes) -> dict[tuple[str, str], Note]:
    """The last sound note on every service and day; anything else is passed over."""
    notes = {}
    for line in content.splitlines():
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # such as half a line
            note = msgspec.json.decode(line, type=Note)
            if note.is_sound:
                notes[note.service, note.day] = note
    return notes

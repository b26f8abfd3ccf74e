"""The hours of the week in which calls were made: few enough to be kept, whatever else a report folds. Pure."""

from collections.abc import Callable, Mapping
from datetime import date, tzinfo

from aitrail.questions import Amounts, Key, Row, key_function

HOURS = 24
_WEEK = 7 * HOURS
_DAY, _HOUR = slice(0, len("YYYY-MM-DD")), slice(len("YYYY-MM-DDT"), len("YYYY-MM-DDTHH"))


def slot_function(zone: tzinfo) -> Callable[[Row], Key]:
    """A function: the place of a row's hour in a week that begins on Monday, as text; None without a time."""
    hour_of = key_function(("hour",), zone)

    def slot_of(row: Row) -> Key:
        (hour,) = hour_of(row)
        return (None,) if hour is None else (str(date.fromisoformat(hour[_DAY]).weekday() * HOURS + int(hour[_HOUR])),)

    return slot_of


def calls_of_slots(groups: Mapping[Key, Amounts]) -> list[int]:
    """The calls of each hour of the week, from Monday 0:00 on."""
    return [amounts.calls if (amounts := groups.get((str(slot),))) else 0 for slot in range(_WEEK)]

"""Shows when groups of calls were first and last seen, and how many are new or silent."""

from collections.abc import Sequence
from typing import Any

from aitrail.calendars import local_time
from aitrail.cells import counted
from aitrail.cli.options import Asked
from aitrail.cli.output import Output, narrate
from aitrail.questions import COUNTS, SEEN, FirstAndLast
from aitrail.window import Window

_FLAGS = ("new", "silent")


def show_first_and_last(found: FirstAndLast, by: Sequence[str], asked: Asked, output: Output) -> None:
    """Shows groups by these dimensions, and what was read to find them."""
    columns = (*by, *COUNTS, *SEEN, *_FLAGS)
    output.write(map(_in_words, found) if output.is_table else found, table=columns, csv=columns)
    if not found:
        asked.narrate_nothing()
        return
    lookback = found.lookback
    new, silent = (sum(group[name] is True for group in found) for name in _FLAGS)
    counts = [counted(len(found), "group"), *([] if lookback.why_not_new else [f"{new:,} new"]), f"{silent:,} silent"]
    read = Window(since=lookback.since, until=lookback.window.until).text(lambda each: local_time(each, asked.zone))
    narrate(f"{', '.join(counts)}. firstSeen is the first call that was read{f', {read}' if read else ''}.")


def _in_words(group: dict[str, Any]) -> dict[str, Any]:
    return group | {name: "yes" if group[name] else None for name in _FLAGS}

"""Shows when groups of calls were first and last seen, and how many are new or silent."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from aitrail.cells import counted, name_text
from aitrail.cli.options import Asked
from aitrail.cli.output import Cell, Output, Priorities, narrate, shown_time, titled
from aitrail.questions import COUNTS, SEEN, FirstAndLast
from aitrail.window import Window

_FLAGS = ("new", "silent")


def show_first_and_last(found: FirstAndLast, by: Sequence[str], asked: Asked, output: Output) -> None:
    """Shows groups by these dimensions, and what was read to find them."""
    columns = (*by, *COUNTS, *SEEN, *_FLAGS)
    if output.is_table and found and not output.long:
        titles = [titled(name, asked.zone) if name in SEEN else name for name in columns]
        order = (*by, *SEEN, *_FLAGS, COUNTS[0])
        priorities = Priorities.of(columns, order, dict.fromkeys(by, 0))
        output.write_table(titles, [_cells(group, columns, asked.zone) for group in found], priorities=priorities)
    else:
        output.write(map(_in_words, found) if output.is_table else found, table=columns, csv=columns)
    if not found:
        asked.narrate_nothing()
        return
    lookback = found.lookback
    new, silent = (sum(group[name] is True for group in found) for name in _FLAGS)
    counts = [counted(len(found), "group"), *([] if lookback.why_not_new else [f"{new:,} new"]), f"{silent:,} silent"]
    read = asked.text_of(Window(since=lookback.since, until=lookback.window.until))
    narrate(f"{', '.join(counts)}. firstSeen is the first call that was read{f', {read}' if read else ''}.")


def _cells(group: dict[str, Any], columns: Sequence[str], zone: tzinfo) -> list[Cell]:
    values = _in_words(group)
    seen = {name: shown_time(values[name], zone) if values[name] else "" for name in SEEN}
    return [
        value
        if isinstance(value := (values | seen)[name], int)
        else "-"
        if value is None and name not in _FLAGS
        else name_text(value or "")
        for name in columns
    ]


def _in_words(group: dict[str, Any]) -> dict[str, Any]:
    return group | {name: "yes" if group[name] else None for name in _FLAGS}

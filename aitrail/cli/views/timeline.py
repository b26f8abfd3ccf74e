"""Shows a timeline of calls, or of groups of calls, and the values that are new."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import Any

from aitrail.cells import counted
from aitrail.cli.options import TIMELINE_COLUMNS, Asked, TimelineChoice, asked_columns, length_of, newest, only
from aitrail.cli.output import Output, narrate, shown_time
from aitrail.cli.views.record_kinds import judged, with_record
from aitrail.questions import PLACES, TOUCHED_BY, Summary, Timeline, grouped
from aitrail.window import BEGINNING

# The maximum number of new values of a column that are named.
_NAMED = 10
_MEASURES = ("calls", "errors", "denied", "records", "operations", "sourceAddresses", "firstSeen", "lastSeen", "new")
_WORDS = {
    "principal": "principal",
    "resource": "resource",
    "sourceIPAddress": "source address",
    "operation": "operation",
}


def show_timeline(
    timeline: Timeline, columns: Sequence[str], asked: Asked, choice: TimelineChoice, output: Output
) -> None:
    """Shows a timeline, in a table with these columns, and its summary; `asked` is the whole question."""
    _show(timeline, columns, asked, choice, output)
    _tell(timeline.summary, asked, choice.baseline)


def _show(timeline: Timeline, columns: Sequence[str], asked: Asked, choice: TimelineChoice, output: Output) -> None:
    """Writes rows up to the limit, and reads the others as well, because the summary covers the whole window."""
    columns, csv = choice.columns or columns, choice.columns or TIMELINE_COLUMNS
    if choice.summarized:
        groups = grouped(timeline)
        columns, csv = _measures(timeline, groups), (timeline.columns[0], *_MEASURES)
        rows: Iterator[dict[str, Any]] = iter(groups)
    else:
        rows = iter(timeline)
        if choice.columns is None and output.is_table:
            first, rows = judged(rows, choice.most)
            columns = with_record(_with_places(columns, first) if timeline.columns == TOUCHED_BY else columns, first)
    shown = only(islice(rows, choice.most), choice.columns)
    shown = shown if output.wants_whole_rows else map(_in_words, shown)
    is_usual, stay = choice.columns is None, (timeline.columns[0], *asked_columns(asked.conditions))
    output.write(shown, table=columns, csv=csv, fit=is_usual, usual=is_usual, first=stay)
    more = sum(1 for _ in rows)
    if more:
        thing = _WORDS[timeline.columns[0]] if choice.summarized else "record"
        there_are = "there is 1" if more == 1 else f"there are {more:,}"
        narrate(f"{newest(choice.most or 0, thing)}, and {there_are} more: raise --limit, or give --all.")


def _measures(timeline: Timeline, groups: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """The columns of a table of groups, with the number of records only where it is not that of the calls."""
    are_equal = all(group["records"] == group["calls"] for group in groups)
    return timeline.columns[0], *(name for name in _MEASURES if name != "records" or not are_equal)


def _with_places(columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> Sequence[str]:
    """The columns, beginning with account and Region after the time if the rows are of several."""
    if all(len({row.get(name) for row in rows}) <= 1 for name in PLACES):
        return columns
    return tuple(dict.fromkeys((*columns[:1], *PLACES, *columns)))


def _in_words(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"new": ", ".join(row["new"])} if isinstance(row.get("new"), list) else row


def _tell(summary: Summary, asked: Asked, baseline: timedelta) -> None:
    if not summary.records and not summary.calls:
        asked.narrate_nothing()
        if summary.last_seen:
            narrate(f"The last record before the window is from {shown_time(summary.last_seen, asked.zone)}.")
        return
    by, addresses, _ = summary.distinct
    of = "" if summary.records == summary.calls else f" ({counted(summary.records, 'record')})"
    counts = (
        counted(summary.calls, "call") + of,
        counted(summary.errors, "error"),
        *(counted(summary.distinct[name], _WORDS[name]) for name in (by, addresses)),
    )
    first, last = (shown_time(each or "", asked.zone) for each in (summary.first_seen, summary.last_seen))
    span = f" (in the window and the {length_of(baseline)} before)" if summary.baseline_records else ""
    narrate(f"{', '.join(counts)}; first seen {first}, last seen {last}{span}.")
    if by == "principal" and max(len(summary.accounts), len(summary.regions)) > 1:
        narrate(
            f"The calls were made in {_counted(summary.accounts, 'account')} and "
            f"{_counted(summary.regions, 'Region')}, where resources with the same name are different ones: select "
            "with --account, --in-region or an ARN."
        )
    for line in _news(summary, asked, baseline):
        narrate(line)


def _counted(values: Sequence[str], thing: str) -> str:
    return f"{counted(len(values), thing)} ({_listed(values)})"


def _news(summary: Summary, asked: Asked, baseline: timedelta) -> Iterator[str]:
    """Lines about new values, or the reason why nothing is marked."""
    if not baseline:
        return
    before = f"the {length_of(baseline)} before"
    if summary.baseline_records is None and asked.window.since <= BEGINNING:
        yield "There is nothing before the window to compare with: use --since to start it later."
    elif not summary.baseline_records:
        yield f"There are no calls in {before}, so nothing is marked as new."
    elif not any(summary.new.values()):
        yield f"Nothing is new compared with {before}."
    for name, values in summary.new.items():
        if values:
            yield f"New compared with {before}: {_WORDS[name]} {_listed(values)}."


def _listed(values: Sequence[str]) -> str:
    more = len(values) - _NAMED
    return f"{', '.join(values[:_NAMED])}{f' and {more:,} more' if more > 0 else ''}"

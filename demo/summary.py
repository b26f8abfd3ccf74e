"""Summarizes the outcomes of a demo's files for people."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

_SHOWN_FILES = 20
_COUNTED = "of another kind (counted)"


def summary(  # noqa: PLR0913, PLR0917 (each is a separate fact)
    names: Mapping[str, str],
    odd: set[str],
    ledger: Mapping[str, Mapping[str, Any]],
    rows: Counter[str],
    calls: int,
    dead: int,
) -> str:
    """The summary as lines of text.

    `names` maps log files to names for people, `rows` counts rows by service, `calls` is the number of calls that they
    record, `dead` is the number of dead letters. The first 20 files that are `odd`, not ingested, or have rejects are
    listed one by one.
    """
    entries = [ledger[log_file] for log_file in names if log_file in ledger]
    statuses = Counter(str(entry["status"]) for entry in entries)
    told = [log_file for log_file in names if log_file in odd or not _is_plain(ledger.get(log_file))]
    lines = [
        f"  files         {len(names)}: {_counts(statuses + Counter({_COUNTED: len(names) - len(entries)}))}",
        f"  records       {', '.join(f'{_total(entries, name)} {name}' for name in ('records', 'wanted', 'rejected'))}",
        f"  rows          {rows.total()}: {_counts(rows)}",
        *_explained(rows.total(), calls, _total(entries, "written")),
        f"  dead letters  {dead}",
        *(f"  {names[log_file]}: {_fate(ledger.get(log_file))}" for log_file in told[:_SHOWN_FILES]),
        *_more(len(told) - _SHOWN_FILES),
    ]
    return "\n".join(lines)


def _is_plain(entry: Mapping[str, Any] | None) -> bool:
    return entry is not None and entry["status"] == "ingested" and not entry.get("rejected")


def _fate(entry: Mapping[str, Any] | None) -> str:
    if entry is None:
        return "only counted, because it contains no records of calls"
    if entry["status"] != "ingested":
        return f"{entry['status']}: {entry.get('reason', 'unknown reason')}"
    rejects = f", {entry['rejected']} rejected" if entry.get("rejected") else ""
    return f"ingested, {entry['written']} of {entry['records']} records became rows{rejects}"


def _total(entries: list[Mapping[str, Any]], name: str) -> int:
    return sum(int(entry.get(name) or 0) for entry in entries)


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counter.items()) if count) or "none"


def _explained(rows: int, calls: int, written: int) -> Iterator[str]:
    """Lines that explain why there are fewer rows than wanted records, and fewer calls in `aitrail usage` than rows."""
    if written > rows:
        yield f"                {written - rows} wanted records were also delivered in a second file: one row for both"
    if calls < rows:
        yield f"  calls         {calls}: {rows - calls} of the rows correct or copy others, or tell the end of a stream"


def _more(count: int) -> Iterator[str]:
    if count > 0:
        yield f"  ... and {count} more"

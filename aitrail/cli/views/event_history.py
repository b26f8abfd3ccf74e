"""Shows the progress, results and remaining work of an import of Event history, by Region."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from aitrail.cells import counted
from aitrail.cli.options import UnreachableError, hint
from aitrail.cli.output import Output, narrate, progress, rate_of
from aitrail.window import Window, event_time

if TYPE_CHECKING:
    from aitrail.history import HistoryRefusedError, RegionImport

_COUNTS = ("events", "written", "alreadyThere", "rejected", "expired")
_COLUMNS = ("region", *_COUNTS)
_CSV = (*_COLUMNS, "unwanted", "problem")
_ALL_BEFORE = "All of this has been imported before: --force imports it again."
_LEFT = ("region", "eventSources", "since", "until")


def show_left(gaps: Iterable[tuple[str, list[Window]]], output: Output) -> None:
    """Shows what is left to import: one row for each Region."""
    left = list(_left(gaps))
    output.write(left, table=_LEFT, csv=_LEFT)
    if not left:
        narrate(_ALL_BEFORE)


def show_imported(found: "list[RegionImport]", output: Output) -> bool:
    """Shows the results and remarks on them; returns whether all Regions were imported completely.

    Raises UnreachableError if none was.
    """
    output.write(_rows(found, with_total=output.is_table), table=_COLUMNS, csv=_CSV)
    total, remarks = _total(found), {each.region: _remark(each.problem) for each in found if each.problem}
    if total["rejected"]:
        narrate(f"{counted(total['rejected'], 'record')} could not become rows: `aitrail rejects` lists them.")
    if not total["events"] and not remarks:
        was_asked = any(each.asked for each in found)
        narrate("The history has no events of the recorded services." if was_asked else _ALL_BEFORE)
    for text in dict.fromkeys(remarks.values()):
        narrate(f"{', '.join(region for region in remarks if remarks[region] == text)}: {text}")
    if remarks and len(remarks) == len(found):
        raise UnreachableError(
            "No Region could be imported completely. After you have fixed that, run the same command to continue."
        )
    if remarks:
        regions = counted(len(remarks), "Region")
        narrate(f"{regions} could not be imported completely: run the same command to continue there.")
    return not remarks


def _left(gaps: Iterable[tuple[str, list[Window]]]) -> Iterator[dict[str, Any]]:
    """One row for each Region with windows that are left to import."""
    for region, found in groupby(gaps, key=itemgetter(0)):
        left = [windows for _, windows in found if windows]
        if left:
            since, until = min(each[-1].since for each in left), max(each[0].until for each in left)
            row = {"region": region, "eventSources": len(left)}
            yield row | {"since": event_time(since), "until": event_time(until)}


def _rows(found: "list[RegionImport]", *, with_total: bool) -> Iterator[dict[str, Any]]:
    for each in found:
        problem = {"problem": str(each.problem)} if each.problem else {}
        yield {"region": each.region, **_counts(each.counts), **problem}
    if with_total:
        yield {"region": "total", **_counts(_total(found))}


def _counts(counts: Counter[str]) -> dict[str, int]:
    return {name: counts[name] for name in (*_COUNTS, "unwanted")}


def _total(found: "list[RegionImport]") -> Counter[str]:
    return sum((each.counts for each in found), Counter())


def _remark(problem: "HistoryRefusedError") -> str:
    cause = problem.__cause__ or problem
    return f"{str(problem).rstrip('.')}. {hint(cause)}".strip()


@contextmanager
def import_progress(sources: int) -> Iterator[Callable[[int, int], None]]:
    """A function that adds to the events and event sources done, from any thread, and shows the progress."""
    total, lock, rate = Counter[str](), threading.Lock(), rate_of()
    with progress() as show:

        def report(events: int, more: int) -> None:
            with lock:
                total.update(events=events, sources=more)
                text = f"{counted(total['events'], 'event')}, {rate(total['events'])}, event sources of Regions"
                show(text, total["sources"], sources)

        yield report

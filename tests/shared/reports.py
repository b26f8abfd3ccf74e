"""Reports of rows, and what their cells say: the sums of any selection, as docs/report.md describes them."""

from dataclasses import replace
from datetime import UTC, timedelta
from types import SimpleNamespace

from aitrail.costs import Prices
from aitrail.questions import NOTHING_NAMED, EventStore, Filter
from aitrail.report import About, Question, billed_of, document_of, html_of, report_of
from aitrail.services import load
from aitrail.window import Window
from tests.shared.call_rows import NOW, START, Rows

ABOUT = About(command="aitrail report", event_options="", source="rows")


class Complete(Rows):
    """Rows of which none is missing."""

    complete = True


def question_of(rows, *, since=START, until=START + timedelta(hours=7), lookback="0s", source=None, **given):
    """A question about these rows; `given` are the conditions, or `now`, `zone`, `naming`, `prices`, `registry`."""
    others = {"now": NOW, "zone": UTC, "naming": NOTHING_NAMED, "prices": Prices.read(), "registry": load()}
    known = {name: given.pop(name, usual) for name, usual in others.items()}
    hours = int(lookback[:-1]) if lookback.endswith("h") else 0
    return Question(
        source=source or Complete(*rows),
        wanted=Filter.of(naming=known["naming"], **given),
        window=Window(since=since, until=until),
        lookback=timedelta(hours=hours),
        **known,
    )


def report(rows, *, most_cells=1000, **question):
    return report_of(question_of(rows, **question), lambda *_: None, most_cells=most_cells)


def document(rows, *, about=ABOUT, **question):
    return document_of(report(rows, **question), about)


def sums(found, wanted, by=(), *, cells="cells", shared="shared"):
    """The numbers of a document's cells that have the wanted values, by the values of some dimensions.

    `wanted` maps dimensions to values; the dimension `time` is the time. Of the cells of a shared call, the first one
    that is part of a sum counts.
    """
    names = ["time", *(each["name"] for each in found["dimensions"])]
    values = [[*found["times"], None], *(_values(each) for each in found["dimensions"])]
    totals = {}

    def add(entries):
        seen = set()
        for entry in entries:
            cell = {name: own[place] for name, own, place in zip(names, values, entry, strict=False)}
            key = tuple(cell[name] for name in by)
            if key in seen or any(cell[name] != value for name, value in wanted.items()):
                continue
            seen.add(key)
            numbers = dict(zip(found["columns"], entry[len(names) :], strict=True))
            own = totals.setdefault(key, dict.fromkeys(found["columns"], 0))
            for name, number in numbers.items():
                own[name] += number

    for entry in found[cells]:
        add([entry])
    for entries in found[shared]:
        add(entries)
    return {key: SimpleNamespace(**numbers) for key, numbers in totals.items()}


def _values(dimension):
    marked = {dimension["others"]: "(others)"}
    return [marked.get(place, value) for place, value in enumerate(dimension["values"])]


def month_of(logs, now):
    """The page of the month before `now`, of the log files in a folder."""
    source = EventStore.read(logs).source
    question = question_of(
        [], source=source, since=(now - timedelta(days=1)).replace(day=1), until=now, now=now, lookback="720h"
    )
    billed = billed_of(question, EventStore(source, now=lambda: now), {})
    return html_of(report_of(question, lambda *_: None), replace(ABOUT, billed=billed))

"""Reports of a month whose amounts are known, with CloudWatch's metrics of it."""

from dataclasses import replace

from aitrail.costs import Prices
from aitrail.metering import Part, Question, measured_amounts
from aitrail.questions import EventStore
from aitrail.report import Metered
from aitrail.window import Window
from tests.shared.metered_month import BEGIN, END, CountedMetrics
from tests.shared.reports import ABOUT, Complete, report

SERVICES = ("polly", "transcribe", "lex", "personalize")
PRICES = Prices.read()
BY = ("hour", "service", "outcome", "credentials", "operation", "principal")


def parts_of(rows, metrics, by):
    store = EventStore(Complete(*rows), now=lambda: END)
    question = Question(by=by, window=Window(since=BEGIN, until=END), services=SERVICES, prices=PRICES)
    return measured_amounts(question, store, metrics, report=lambda _: None)


def metered_report(calls, **options):
    """A report of calls, and what it says of their metrics."""
    rows = [whole(call.row(number), number) for number, call in enumerate(calls) if call.is_recorded]
    found = report(rows, since=BEGIN, until=END, now=END, **options)
    by = (found.folding.level.unit, *found.folding.names)
    metered = Metered(parts=parts_of(rows, CountedMetrics(calls), by), window="from A until B", notes=["a note"])
    return rows, found, replace(ABOUT, metered=metered)


def whole(row, number):
    return {"eventID": f"{number:08}", "eventDay": row["eventTime"][:10], "credentials": "role"} | row


def together(metered, name, *, is_recorded=True, **wanted):
    """What a report has been told of an amount, of the groups with some values of dimensions.

    The parts of a total are whole numbers: other groups may have shares that differ by one.
    """
    total = Part()
    for group, part in metered.parts.items():
        values = dict(zip(BY, group.key, strict=False))
        if (group.amount, group.is_recorded) == (name, is_recorded) and wanted.items() <= values.items():
            total.add(part)
    return total

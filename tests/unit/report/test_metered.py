"""Amounts from metrics in the cells of a report: their sums are those of `usage --metrics`, whatever is folded."""

from dataclasses import replace
from random import Random

import pytest

from aitrail.report import document_of, html_of
from aitrail.report.measures import COST_UNIT
from tests.shared.metered_month import BEGIN, END, SPOKEN, CountedMetrics, month
from tests.shared.metered_reports import metered_report, parts_of, together, whole
from tests.shared.reports import ABOUT, report


def column(document, name):
    place = 1 + len(document["dimensions"]) + document["columns"].index(name)
    return sum(cell[place] for cell in document["cells"])


@pytest.mark.parametrize("most_cells", [20, 100_000])
@pytest.mark.parametrize("seed", range(3))
def test_cells_add_up_to_usage_with_metrics_however_much_is_folded(seed, most_cells):
    calls = month(Random(seed), 250)
    rows, found, about = metered_report(calls, most_cells=most_cells)

    document = document_of(found, about)

    expected = parts_of(rows, CountedMetrics(calls), ())
    recorded = {group.amount: part for group, part in expected.items() if group.is_recorded}
    for name, usual in recorded.items():
        part = together(about.metered, name)
        assert abs(part.shared - usual.shared) <= len(about.metered.parts)
        told = [column(document, f"{name}{kind}") for kind in ("Measured", "Shared", "Unknown")]
        assert told == [part.measured, part.shared, part.unknown_calls]
    cost = sum(together(about.metered, name).cost for name in recorded)
    both = column(document, "costMeasured") + column(document, "costShared")
    assert abs(both - cost * COST_UNIT) <= len(document["cells"])
    assert column(document, "costShared") > 0
    apart = {group.amount: part for group, part in expected.items() if not group.is_recorded}
    assert {name: each["calls"] for name, each in document["metered"]["notRecorded"].items()} == {
        name: part.calls for name, part in apart.items()
    }


def test_amounts_without_a_row_are_apart_and_rules_are_those_that_applied():
    calls = [SPOKEN, replace(SPOKEN, is_recorded=False, amount=900)]
    _, found, about = metered_report(calls)

    document = document_of(found, about)

    assert document["metered"] == {
        "amounts": ["characters"],
        "window": "from A until B",
        "rules": {"characters": "calls x mean characters of a call of that operation, day, account and Region"},
        "notRecorded": {"characters": {"calls": 1, "amount": 500, "cost": None}},
    }
    assert document["notes"][-1] == "a note"
    assert not any("characters" in note for note in document["notes"])  # which records do not tell, but metrics do
    assert (column(document, "charactersMeasured"), column(document, "charactersShared")) == (0, 500)


def test_report_without_metrics_has_no_columns_of_them():
    found = report([whole(SPOKEN.row(1), 1)], since=BEGIN, until=END, now=END)

    document = document_of(found, ABOUT)

    assert document["metered"] is None
    assert not [name for name in document["columns"] if name.endswith(("Measured", "Shared"))]


def test_page_has_the_cells_of_the_document():
    _, found, about = metered_report(month(Random(5), 100))

    assert "charactersShared" in html_of(found, about)

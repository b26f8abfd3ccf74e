from decimal import Decimal

import pytest

from aitrail.costs import Load, Prices, total
from aitrail.costs import model as costs
from aitrail.costs.comparison import KEEPING, PRINCIPAL, USAGE, compare
from aitrail.costs.load import DAYS

PRICES = Prices.read()


def ways(load):
    return {(way.way, way.what): way.amount for way in compare(load, PRICES)}


def test_each_way_is_told_for_keeping_and_for_both_questions():
    found = ways(Load(files=10_000, events=100_000))

    names = ("aitrail", "Lake, wanted events", "Lake, all records", "Athena")
    assert list(found) == [(way, what) for way in names for what in (KEEPING, PRINCIPAL, USAGE)]


def test_ways_cost_what_their_formulas_say():
    load = Load(files=1_000_000, events=8_000_000, records=2**30, record_kb=Decimal(1), months=14)

    found = ways(load)

    assert found["aitrail", USAGE] == pytest.approx(Decimal(8 * 525) / 8_192 * Decimal("0.125"))
    assert found["aitrail", PRINCIPAL] == pytest.approx(found["aitrail", USAGE] * 7 / DAYS / 20)
    assert found["Lake, all records", KEEPING] == 768
    assert found["Lake, all records", USAGE] == Decimal("5.12")
    assert found["Lake, wanted events", USAGE] == pytest.approx(Decimal(8_000_000 * 1_670) / 2**30 * Decimal("0.005"))
    assert found["Athena", USAGE] == pytest.approx(Decimal(5) / costs.GZIP_RATIO + Decimal("0.4"))
    assert found["Athena", PRINCIPAL] == pytest.approx(found["Athena", USAGE] * 7 / DAYS)
    assert found["aitrail", KEEPING] == total(costs.costs(load, PRICES, free=False))


def test_the_least_question_costs_what_is_charged_at_least():
    found = ways(Load(files=0, events=0))

    assert found["aitrail", PRINCIPAL] == 4 * Decimal("0.125") / 10**6
    assert found["Athena", PRINCIPAL] == Decimal(50) / 1_024 / 1_024


@pytest.mark.parametrize(
    ("months", "formula"), [(12, "0.60 GB x 0.75"), (13, "0.60 GB x 0.75, and storage after a year")]
)
def test_lake_says_what_is_not_in_its_amount(months, formula):
    found = compare(Load(files=10_000, events=0, months=months), PRICES)

    assert [way.formula for way in found if (way.way, way.what) == ("Lake, all records", KEEPING)] == [formula]

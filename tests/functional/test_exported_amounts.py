"""Sums over exported files are what usage answers: calls of every shape, and all formats."""

import csv
import json
from collections import defaultdict
from decimal import Decimal
from random import Random

import pyarrow.parquet as pq
import pytest

from aitrail.costs import Prices
from aitrail.metering import Question, measured_amounts
from aitrail.questions import EventStore
from aitrail.questions.export import FORMATS
from aitrail.window import Window
from tests.shared.counted_calls import END, PRICES
from tests.shared.metered_month import CountedMetrics
from tests.shared.planted_calls import BEGIN, Planting

SERVICES = ("lex", "personalize", "polly", "transcribe")


def rows_of(folder, format_):
    for path in folder.glob(f"*/*/*.{format_}"):
        if format_ == "parquet":
            yield from pq.read_table(path).to_pylist()
        elif format_ == "csv":
            with path.open(newline="", encoding="utf-8") as stream:
                yield from ({name: cell or None for name, cell in each.items()} for each in csv.DictReader(stream))
        else:
            yield from (json.loads(line, parse_float=Decimal) for line in path.read_text().splitlines())


def sums_of(folder, format_):
    """The sum of amounts and costs, and the number of unknown amounts, by service and unit."""
    sums = defaultdict(lambda: [0, Decimal(0), 0])
    for row in rows_of(folder, format_):
        if row["unit"]:
            own = sums[row["unit"]]
            own[0] += int(row["amount"] or 0)
            own[1] += Decimal(row["cost"] or 0)
            own[2] += row["source"] == "unknown" and "Stream" not in row["operation"]  # no metric has streams
            assert (row["amount"] is None) is (row["source"] == "unknown")
        else:
            assert (row["amount"], row["source"], row["cost"]) == (None, None, None)
    return {unit: tuple(found) for unit, found in sums.items()}


@pytest.fixture
def store(tmp_path):
    Planting(Random(20261130)).plant(1_500).write(tmp_path / "logs")
    return EventStore.read(tmp_path / "logs")


@pytest.mark.parametrize("format_", FORMATS)
def test_characters_and_their_cost_add_up_to_usage(store, tmp_path, format_):
    question = {"since": BEGIN, "until": END}
    usage = store.usage(by=(), prices=PRICES, report=len, service="polly", **question).total()

    store.export(tmp_path / "lake", format=format_, prices=PRICES, **question)

    characters, cost, unknown = sums_of(tmp_path / "lake", format_)["characters"]
    assert (characters, cost, unknown) == (usage["characters"], usage["cost"], usage["unmeasured"])
    assert usage["cost"] > 0 < usage["unmeasured"]


def test_all_amounts_and_costs_add_up_to_usage_with_metrics_that_tell_nothing(store, tmp_path):
    window, prices = Window(since=BEGIN, until=END), Prices.read()
    question = Question(by=("service",), window=window, services=SERVICES, prices=prices)
    parts = measured_amounts(question, store, CountedMetrics([]), report=pytest.fail, account="111122223333")

    store.export(tmp_path / "lake", since=BEGIN, until=END, prices=prices, account="111122223333")

    found = sums_of(tmp_path / "lake", "parquet")
    expected = {group.amount: (part.measured, part.cost, part.unknown_calls) for group, part in parts.items()}
    assert {unit: found[unit] for unit in expected} == expected
    assert {"characters", "audioSeconds"} <= expected.keys()

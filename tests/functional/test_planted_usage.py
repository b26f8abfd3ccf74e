"""Usage agrees with what was planted: calls of every shape, counted without reading a record."""

from random import Random

import pytest

from aitrail.questions import EventStore
from aitrail.rows import row_of
from tests.shared.counted_calls import QUESTIONS, differences
from tests.shared.planted_calls import Planting


@pytest.mark.slow
def test_log_files_are_counted_as_planted(tmp_path):
    planting = Planting(Random(20261020)).plant(6_000)
    planting.write(tmp_path)

    wrong = list(differences(planting, EventStore.read(tmp_path, timezone="Europe/Berlin")))

    assert wrong == []
    assert len(planting.calls) > 5_000


@pytest.mark.slow
def test_table_is_counted_as_planted(new_storage):
    planting = Planting(Random(20261021)).plant(400)
    storage = new_storage()
    records = enumerate(planting.records)
    storage.write(*(row_of(record, log_file="s3://b/k", record_index=place) for place, record in records))
    store = EventStore(storage.source, timezone="Europe/Berlin")

    wrong = list(differences(planting, store, QUESTIONS[::5], number_of_windows=1))

    assert wrong == []


def test_a_call_that_is_not_counted_is_found(tmp_path):
    planting = Planting(Random(1)).plant(200)
    planting.write(tmp_path)
    planting.calls.pop()

    assert list(differences(planting, EventStore.read(tmp_path, timezone="Europe/Berlin")))

"""Filters select the same rows from the table and from log files: those that a slow, obvious predicate selects."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from aitrail.dynamodb.tables import NARROW_COLUMNS
from aitrail.questions import Filter, LogFileRows, Order, whole_rows
from aitrail.window import Window
from tests.shared.wanted_rows import filters, is_wanted, rows

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
HOUR = Window(since=NOON, until=NOON + timedelta(hours=1))
TIMES = st.integers(0, 99).map(lambda second: (NOON + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ"))
ROWS = st.lists(rows(TIMES), min_size=20, max_size=60).map(
    lambda found: [row | {"eventID": f"{number * 53 % 101:08x}"} for number, row in enumerate(found)]
)
LIMITS = st.none() | st.integers(0, 8)
LAW = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=25,
    phases=[Phase.generate],  # shrinking an example would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


class Scanned:
    """Log files that have these rows."""

    address = "here"
    place = (0, "")

    def __init__(self, found):
        self.found = found
        self.counts = Counter(rows=len(found))

    def rows_as(self, form, _needed):
        return map(form, self.found)

    def nothing_found(self):
        return ""


@pytest.fixture(params=["table", "log files"])
def filled(request, new_storage):
    """Makes a source of rows."""

    def filled(found):
        if request.param == "log files":
            return LogFileRows(Scanned(found))
        storage = new_storage()
        storage.write(*found)
        return storage.source

    return filled


def time_and_id(row):
    return row["eventTime"], row["eventID"]


def narrow(row):
    return {name: row[name] for name in NARROW_COLUMNS if name in row}


@pytest.mark.slow
@LAW
@given(found=ROWS, questions=st.lists(st.tuples(filters(), LIMITS), min_size=12, max_size=12))
def test_rows_are_those_that_meet_the_filter_narrow_or_whole(filled, found, questions):
    source = filled(found)
    ordered = sorted(found, key=time_and_id)

    for wanted, limit in questions:
        narrow_rows = list(source.rows(wanted, HOUR, order=Order.OLDEST_FIRST, limit=limit))
        all_of_rows = list(whole_rows(source, wanted, HOUR, order=Order.OLDEST_FIRST, limit=limit))

        expected = [row for row in ordered if is_wanted(row, wanted)][:limit]
        assert narrow_rows == [narrow(row) for row in expected]
        assert all_of_rows == expected


def test_whole_rows_are_read_of_no_more_rows_than_the_other_conditions_leave(new_storage, wire):
    def row(number, **usage):
        return {
            "eventID": f"{number:08x}",
            "eventTime": f"2026-03-14T12:00:{number:02}Z",
            "eventDay": "2026-03-14",
            "eventSource": "polly.amazonaws.com",
            "service": "polly",
            "outcome": "denied" if number % 2 else "ok",
            "principal": "user/alice",
            "userAgent": "Boto3/1.34.2 lang/python#3.8",
            "usage": usage,
        }

    storage = new_storage()
    storage.write(*[row(number, agent="Boto3/1.34.2") for number in range(10)], row(11))

    def keys_read(**conditions):
        wire.calls.clear()
        found = list(storage.source.rows(Filter.of(**conditions), HOUR))
        keys = [
            key
            for request in wire.requests("BatchGetItem")
            for each in request["RequestItems"].values()
            for key in each["Keys"]
        ]
        return len(found), len(keys)

    assert keys_read(user_agent="Boto3/*") == (11, 1)  # only the one that has no product
    assert keys_read(user_agent="*python#3.8*") == (11, 11)
    assert keys_read(user_agent="*python#3.8*", outcome="denied") == (6, 6)
    assert keys_read(user_agent=["boto3/1.34.2", "*ruby*"]) == (11, 1)
    assert keys_read(user_agent="*ruby*", principal="user/bob") == (0, 0)
    assert keys_read(engine="neural", mfa=True, error_code="AccessDenied", session="!x") == (0, 0)

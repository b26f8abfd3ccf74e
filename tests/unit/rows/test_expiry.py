"""A row has expired from the second at which DynamoDB may delete it, in whatever shape it is."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.rows import Expiry, row_of
from aitrail.window import Window, format_time
from tests.shared.fuzzing import law

NOW = datetime(2026, 3, 14, 9, 26, 53, 500_000, tzinfo=UTC)
EVENT = {"eventID": "00000001-0000-4000-8000-000000000000", "eventSource": "polly.amazonaws.com", "eventName": "X"}


@law()
@given(seconds=st.integers(-3, 3) | st.integers(-(10**6), 10**6), days=st.integers(1, 800))
def test_row_has_expired_as_soon_as_its_expires_at_has_come(seconds, days):
    retention = timedelta(days=days)
    happened = (NOW - retention + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    row = row_of(EVENT | {"eventTime": happened}, log_file="x", record_index=0, retention=retention)

    assert Expiry(now=NOW, retention=retention).has_expired(row) == (row["expiresAt"] <= NOW.timestamp())


@pytest.mark.parametrize("row", [{}, {"eventTime": 5}, {"eventTime": "9999-12-31T23:59:59Z", "expiresAt": 1}])
def test_row_of_any_shape_has_not_expired_without_its_time(row):
    assert not Expiry(now=NOW, retention=timedelta(days=1)).has_expired(row)


def test_nothing_expires_without_a_retention():
    assert not Expiry(now=NOW).has_expired({"eventTime": "0001-01-01T00:00:00Z"})


def test_retention_longer_than_time_itself_keeps_everything():
    assert not Expiry(now=NOW, retention=timedelta(days=999_999)).has_expired({"eventTime": "0001-01-02T00:00:00Z"})


@law()
@given(since=st.integers(-50, 50), length=st.integers(1, 50), seconds=st.integers(-60, 60), retained=st.booleans())
def test_the_unexpired_part_of_a_window_has_the_events_that_have_not_expired(since, length, seconds, retained):
    expiry = Expiry(now=NOW, retention=timedelta(days=30) if retained else None)
    begin = NOW.replace(microsecond=0) - timedelta(days=30) + timedelta(seconds=since)
    window = Window(since=begin, until=begin + timedelta(seconds=length))
    happened = begin + timedelta(seconds=seconds)
    part = expiry.unexpired(window)

    is_current = not expiry.has_passed(format_time(happened))

    assert (part.since <= happened < part.until) == (window.since <= happened < window.until and is_current)

"""Events near the time in their file's name are found by reading rows around it; the ledger knows of all others."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.ledger import has_distant_events, near
from aitrail.window import BEGINNING, EARLIEST, LATEST, Window, event_time
from tests.shared.fuzzing import law
from tests.shared.signed_digests import at


@pytest.mark.parametrize(
    ("first", "last", "is_distant"),
    [
        ("2026-03-14T06:30:00Z", "2026-03-14T10:30:00Z", False),
        ("2026-03-14T06:29:59Z", "2026-03-14T09:30:00Z", True),
        ("2026-03-14T09:00:00Z", "2026-03-14T10:30:01Z", True),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", True),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", True),
        (None, None, False),
    ],
)
def test_events_are_distant_from_three_hours_before_the_delivery_and_one_hour_after(first, last, is_distant):
    assert has_distant_events("2026-03-14T09:30:00Z", first, last) == is_distant


def test_events_of_a_file_without_a_time_in_its_name_are_all_distant():
    assert has_distant_events(None, "2026-03-14T09:00:00Z", "2026-03-14T09:00:00Z")


@law()
@given(minutes=st.integers(0, 179), event=st.integers(-100_000, 100_000))
def test_what_is_not_distant_is_in_the_window_that_is_read(minutes, event):
    window = Window(since=at("09:00"), until=at("12:00"))
    delivered = at("09:00") + timedelta(minutes=minutes)
    happened = event_time(delivered + timedelta(seconds=event))
    first, last = near(window).bounds

    assert has_distant_events(event_time(delivered), happened, happened) or first <= happened <= last


@pytest.mark.parametrize("moment", [EARLIEST, BEGINNING, LATEST])
def test_no_window_is_too_early_or_too_late(moment):
    found = near(Window(since=moment, until=moment))

    assert found.since <= found.until

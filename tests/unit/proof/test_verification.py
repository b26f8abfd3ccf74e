"""The days of deliveries that a verification reads."""

from datetime import UTC, datetime, timedelta

import pytest

from aitrail.proof import Verification
from aitrail.services import load
from aitrail.window import Window
from tests.shared.signed_digests import at


class EmptyLedger:
    """A ledger without entries; `asked` has the days that were read."""

    def __init__(self):
        self.asked = []

    def of_day(self, day):
        self.asked.append(day)
        return iter(())

    def whole(self, entries):
        return iter(list(entries))

    def with_problem(self, _problem):
        return iter(())


class EmptyTable:
    """A table without rows."""

    def rows(self, _wanted, _window, **_):
        return iter(())

    def whole(self, rows):
        return iter(list(rows))


def verify(since, until, **options):
    ledger = EmptyLedger()
    parts = {"source": EmptyTable(), "s3": None, "public_keys": None, "registry": load(), "now": at("12:00")}
    verdict = Verification(reader=ledger, **parts, **options).verify(Window(since=since, until=until))
    return ledger.asked, verdict


def test_only_days_on_which_cloudtrail_can_have_delivered_are_read():
    days, _ = verify(datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))

    assert (days[0], days[-2], days[-1]) == ("2012-12-31", "2026-03-15", "restarts")
    assert len(days) == (datetime(2026, 3, 15, tzinfo=UTC) - datetime(2012, 12, 31, tzinfo=UTC)).days + 2


@pytest.mark.parametrize("since", [at("00:00") - timedelta(days=1000), at("00:00") - timedelta(days=3)])
def test_days_that_the_ledger_has_forgotten_are_not_read(since):
    days, verdict = verify(since, at("09:00"), ledger_retention=timedelta(days=2))

    assert days == ["2026-03-11", "2026-03-12", "2026-03-13", "2026-03-14", "restarts"]
    assert (verdict.window.since, verdict.horizon) == (since, at("14:00") - timedelta(days=2))
    assert verdict.findings[0].finding == "beyond-ledger"

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.shared.call_rows import START, call_row
from tests.shared.reports import document


@pytest.mark.parametrize("most_cells", [1000, 1])
def test_hours_of_the_week_are_those_of_the_zone_and_stay_whatever_is_folded(most_cells):
    rows = [call_row(f"{hour}", START + timedelta(hours=hour), principal=f"user/{hour}") for hour in (0, 1, 1.5, 6)]

    found = document(rows, zone=ZoneInfo("Europe/Berlin"), most_cells=most_cells)

    saturday = 5 * 24
    assert {place - saturday: calls for place, calls in enumerate(found["slots"]) if calls} == {1: 1, 2: 2, 7: 1}
    assert len(found["slots"]) == 7 * 24


def test_a_call_of_several_accounts_counts_once_in_its_hour():
    rows = [call_row(name, recipientAccountId=name * 12, usage={"sharedEventID": "s"}) for name in "12"]

    assert sum(document(rows)["slots"]) == 1

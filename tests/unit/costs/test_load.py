from decimal import Decimal

import pytest

from aitrail.costs.load import CostError, Load

WRONG = {
    "negative files": ({"files": -1}, "files: -1 is out of range; it must be 0 to 1,000,000,000,000."),
    "negative events": ({"events": -1}, "events: -1 is out of range"),
    "negative records": ({"records": -1}, "records: -1 is out of range"),
    "absurd files": ({"files": 10**13}, "files: 10,000,000,000,000 is out of range"),
    "no month": ({"months": 0}, "months: 0 is out of range; it must be 1 to 1,200."),
    "no retention": ({"row_retention_days": 0}, "row retention days: 0 is out of range; it must be 1 to 36,500."),
    "too little memory": (
        {"memory_megabytes": 511},
        "memory megabytes: 511 is out of range; it must be 512 to 10,240.",
    ),
    "huge records": ({"record_kb": Decimal(257)}, "record kb: 257 is out of range; it must be 0 to 256."),
    "records of no size": ({"record_kb": Decimal("NaN")}, "record kb: NaN is out of range"),
    "more events than records": ({"records": 5}, "6 events cannot come from 5 records"),
    "records without files": ({"files": 0}, "6 records cannot come from 0 files"),
}


@pytest.mark.parametrize(("given", "message"), WRONG.values(), ids=WRONG)
def test_numbers_of_which_no_cost_can_be_told_are_refused(given, message):
    with pytest.raises(CostError) as raised:
        Load(**{"files": 2, "events": 6} | given)

    assert message in str(raised.value)

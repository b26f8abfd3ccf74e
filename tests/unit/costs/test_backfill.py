from decimal import Decimal

import pytest

from aitrail.costs import Prices
from aitrail.costs.backfill import FILES_OF_A_MESSAGE, a_million_rows, cost_of_reading
from aitrail.costs.model import LEDGER_READ_UNITS, LEDGER_WRITE_UNITS
from aitrail.deliveries.announcing import KEYS_OF_A_MESSAGE

PRICES = Prices.read()


def test_cost_of_reading_has_the_formulas_of_aitrail_cost():
    lines = {line.part: line for line in cost_of_reading(1000, 2**30, PRICES)}

    assert FILES_OF_A_MESSAGE == KEYS_OF_A_MESSAGE
    assert {part: line.quantity for part, line in lines.items() if part != "CloudWatch, the function's log"} == {
        "ledger, writes": 1000 * LEDGER_WRITE_UNITS,
        "ledger, reads": 1000 * LEDGER_READ_UNITS,
        "S3 requests, reading": 1000,
        "Lambda, requests": 1000,
        # 8.7 GB at 2 ms per MB and 1,000 files at 2.4 ms, on 1,024 of 1,769 MB; plus 47 ms of waiting for each file.
        "Lambda, run time": pytest.approx(Decimal("83.1"), rel=Decimal("0.01")),
        "SQS requests": 300,
    }
    assert cost_of_reading(0, 0, PRICES) == []
    assert a_million_rows(PRICES) == Decimal("3.33125")

"""What reading log files once costs that are in the bucket already, as a backfill does. Pure."""

from decimal import Decimal, localcontext

from aitrail.costs.bill import PRECISE, Bill, Line
from aitrail.costs.load import GZIP_RATIO, KB, RECORD_KB, Load
from aitrail.costs.model import SQS_REQUESTS_OF_A_DELIVERY, costs
from aitrail.costs.prices import AwsPrices

# As `aitrail.deliveries.announcing` has it: a test compares them.
FILES_OF_A_MESSAGE = 10
# Parts of `costs` that reading has; the others are paid by the month, or were when CloudTrail delivered.
_OF_READING = (
    "ledger, writes",
    "ledger, reads",
    "S3 requests, reading",
    "Lambda, requests",
    "Lambda, run time",
    "CloudWatch, the function's log",
)
# What each wanted record that is found costs on top.
_OF_ROWS = "rows and index entries, writes"
_MILLION = 10**6


def cost_of_reading(files: int, compressed_bytes: int, prices: AwsPrices) -> list[Line]:
    """The parts of what reading so many files of so many bytes with gzip costs, rows not counted; nothing is free.

    Raises CostError.
    """
    if not files:
        return []
    with localcontext(PRECISE):
        records = round(compressed_bytes * GZIP_RATIO / (RECORD_KB * KB))
        load = Load(files=files, events=0, records=records, digest_files=0)
        bill = Bill(prices=prices, free=False)
        messages = Decimal(files) / FILES_OF_A_MESSAGE
        bill.add(
            "SQS requests",
            "sqs-requests",
            messages * SQS_REQUESTS_OF_A_DELIVERY,
            f"{files:,} files / {FILES_OF_A_MESSAGE} x {SQS_REQUESTS_OF_A_DELIVERY}",
        )
    return [*(line for line in costs(load, prices, free=False) if line.part in _OF_READING), *bill.lines]


def a_million_rows(prices: AwsPrices) -> Decimal:
    """What writing the rows of a million wanted records costs."""
    lines = costs(Load(files=1, events=_MILLION), prices, free=False)
    return next(line.amount for line in lines if line.part == _OF_ROWS)

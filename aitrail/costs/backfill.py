"""The cost of a backfill: of reading log files once that are already in the bucket. Pure."""

from decimal import Decimal, localcontext

from aitrail.costs.bill import PRECISE, Bill, Line
from aitrail.costs.load import GZIP_RATIO, KB, RECORD_KB, Load
from aitrail.costs.model import SQS_REQUESTS_OF_A_DELIVERY, costs
from aitrail.costs.prices import Prices

# The value of `aitrail.deliveries.announcing.KEYS_OF_A_MESSAGE`; a test compares them.
FILES_OF_A_MESSAGE = 10
# Parts of `costs` that reading causes; the others are monthly, or were paid when CloudTrail delivered the files.
_OF_READING = (
    "ledger, writes",
    "ledger, reads",
    "S3 requests, reading",
    "Lambda, requests",
    "Lambda, run time",
    "CloudWatch, the function's log",
)
# The part that each wanted record adds.
_OF_ROWS = "rows and index entries, writes"
_MILLION = 10**6


def cost_of_reading(files: int, compressed_bytes: int, prices: Prices) -> list[Line]:
    """The parts of the cost of reading files with this total size (gzip), without rows and without a free tier.

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


def a_million_rows(prices: Prices) -> Decimal:
    """The cost of writing the rows of a million wanted records."""
    lines = costs(Load(files=1, events=_MILLION), prices, free=False)
    return next(line.amount for line in lines if line.part == _OF_ROWS)

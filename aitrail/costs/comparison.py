"""Compares aitrail's cost with other ways to answer the same questions: CloudTrail Lake and Athena. Pure.

The questions are what one principal did in the last seven days, and the usage of a month. Free units are ignored.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, localcontext

from aitrail.costs.bill import PRECISE, total
from aitrail.costs.load import DAYS, GB, GZIP_RATIO, KB, Load, price_in
from aitrail.costs.model import costs
from aitrail.costs.prices import Prices

# Mean sizes of the index entries and the compact JSON of the six records in tests/records; a test computes them.
INDEX_ENTRY_BYTES = 525
WANTED_RECORD_BYTES = 1_670
# One read unit of eventually consistent reads; a query takes at least half a unit.
READ_UNIT_BYTES = 8 * KB
# An assumption: twenty principals that call equally often.
PRINCIPALS = 20
ASKED_DAYS = 7
# Athena's minimum charge per query.
ATHENA_LEAST_GB = Decimal(10) / KB
# The price of ingestion includes storage for the first year; no source was found for the price of later years.
LAKE_MONTHS = 12
WEEK = ASKED_DAYS / DAYS

KEEPING = "keeping, a month"
PRINCIPAL = f"{ASKED_DAYS} days of a principal"
USAGE = "a month's usage"
# Parts of `costs` that also arise without aitrail if log files are kept in S3.
_OF_LOG_FILES = ("log bucket, storage", "S3 requests, CloudTrail's deliveries", "CloudTrail, another copy of events")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One item of one alternative: its formula and its cost."""

    way: str
    what: str
    formula: str
    amount: Decimal


def compare(load: Load, prices: Prices) -> list[Way]:
    """The cost of storage and queries for each alternative, as charged by DynamoDB, S3, Lake and Athena."""
    wanted = Decimal(load.events) * WANTED_RECORD_BYTES / GB
    with localcontext(PRECISE):
        return [
            *_aitrail(load, prices),
            *_lake("Lake, wanted events", wanted, load, prices),
            *_lake("Lake, all records", load.gigabytes, load, prices),
            *_athena(load, prices),
        ]


def _aitrail(load: Load, prices: Prices) -> Iterator[Way]:
    way, read_units = "aitrail", prices.prices[price_in(load.events_table_class, "read-units")]
    keeping = total(costs(load, prices, free=False))
    yield Way(way=way, what=KEEPING, formula="all parts, nothing free", amount=keeping)
    for what, events, queries in (
        (PRINCIPAL, load.events * WEEK / PRINCIPALS, ASKED_DAYS + 1),
        (USAGE, Decimal(load.events), round(DAYS)),
    ):
        units = max(events * INDEX_ENTRY_BYTES / READ_UNIT_BYTES, Decimal(queries) / 2)
        formula = f"{events:,.0f} events x {INDEX_ENTRY_BYTES} bytes / 8 KB x {read_units}"
        yield Way(way=way, what=what, formula=formula, amount=read_units.of(units))


def _lake(way: str, gigabytes: Decimal, load: Load, prices: Prices) -> Iterator[Way]:
    ingestion, scan = prices.prices["lake-ingestion"], prices.prices["lake-scan"]
    more = ", and storage after a year" if load.months > LAKE_MONTHS else ""
    formula = f"{gigabytes:,.2f} GB x {ingestion}{more}"
    yield Way(way=way, what=KEEPING, formula=formula, amount=ingestion.of(gigabytes))
    for what, scanned in ((PRINCIPAL, gigabytes * WEEK), (USAGE, gigabytes)):
        yield Way(way=way, what=what, formula=f"{scanned:,.2f} GB x {scan}", amount=scan.of(scanned))


def _athena(load: Load, prices: Prices) -> Iterator[Way]:
    way, scan, get = "Athena", prices.prices["athena-scan"], prices.prices["s3-get-requests"]
    keeping = total([line for line in costs(load, prices, free=False) if line.part in _OF_LOG_FILES])
    yield Way(way=way, what=KEEPING, formula="the log bucket and its deliveries", amount=keeping)
    for what, share in ((PRINCIPAL, WEEK), (USAGE, Decimal(1))):
        scanned, files = max(load.gigabytes / GZIP_RATIO * share, ATHENA_LEAST_GB), load.files * share
        formula = f"{scanned:,.2f} GB x {scan} + {files:,.0f} files x {get}"
        yield Way(way=way, what=what, formula=formula, amount=scan.of(scanned) + get.of(files))

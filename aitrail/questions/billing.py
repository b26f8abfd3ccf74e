"""What single calls are billed by (billed-calls.toml): the amount of a call, where it is from, its list price. Pure."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from aitrail.costs import Price, Prices, usage_type_of
from aitrail.questions.amounts import amounts_in, is_call
from aitrail.questions.dimensions import text_of
from aitrail.questions.source import Row
from aitrail.questions.usage_members import usage_member
from aitrail.services import Registry

_FILE = Path(__file__).parent / "billed-calls.toml"
_WORD = "= "
# Records name few operations, and many records name the same.
_MOST_OPERATIONS = 4096

# Where an amount is from. Nothing is shared between single calls: see docs/export.md.
MEASURED, UNKNOWN = "measured", "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledCalls:
    """Calls of the file, which says what the fields mean."""

    service: str
    operations: tuple[str, ...]
    unit: str
    is_one: bool = False
    billed_as: str = ""
    usual: str = ""

    @property
    def field(self) -> str | None:
        """The member of `usage` that tells what they are billed as; None if that is the same for all, or unknown."""
        return None if not self.billed_as or self.billed_as.startswith(_WORD) else self.billed_as

    def price(self, value: str | None, region: str | None, prices: Prices) -> Price | None:
        """The price of a unit, if calls have this value of the field; None if there is none."""
        word = (value or self.usual).lower() if self.field else self.billed_as.removeprefix(_WORD)
        usage_type = usage_type_of(self.service, word)
        return prices.of_usage(self.service, usage_type, region) if usage_type else None


@cache
def _calls() -> Sequence[BilledCalls]:
    document = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return [BilledCalls(**{**fields, "operations": tuple(fields["operations"])}) for fields in document["call"]]


@lru_cache(_MOST_OPERATIONS)
def billed_calls(service: str, operation: str) -> BilledCalls | None:
    """What the calls of an operation are billed by; None if that is not known, or if they are not billed."""
    own = (each for each in _calls() if each.service == service)
    return next((each for each in own if any(fnmatchcase(operation, pattern) for pattern in each.operations)), None)


class CallAmount(NamedTuple):
    """What one call is billed by: an amount, its unit and source, and its cost; all are None if it has no amount.

    An amount is MEASURED, or it is None and UNKNOWN. The cost is None if the amount or its price is not known.
    """

    amount: int | None = None
    unit: str | None = None
    source: str | None = None
    cost: Decimal | None = None


NO_AMOUNT = CallAmount()


def amount_of_call(row: Row, registry: Registry, prices: Prices) -> CallAmount:
    """The amount of a call as its record tells it; of several amounts, the first of the service file.

    Calls that failed have none, nor have rows that are no calls, and calls that repeat the amounts of others.
    """
    if row.get("outcome") != "ok" or not is_call(row):
        return NO_AMOUNT
    billed = billed_calls(str(row.get("service")), str(row.get("operation")))
    found = _unit_and_number(row, billed, registry)
    if found is None:
        return NO_AMOUNT
    unit, number = found
    if number is None:
        return CallAmount(unit=unit, source=UNKNOWN)
    priced = billed or next((each for each in _calls() if (each.service, each.unit) == (row["service"], unit)), None)
    is_priced = priced is not None and priced.unit == unit
    price = priced.price(_value(row, priced), text_of(row.get("awsRegion")), prices) if priced and is_priced else None
    return CallAmount(number, unit, MEASURED, price.of(Decimal(number)) if price else None)


def _unit_and_number(row: Row, billed: BilledCalls | None, registry: Registry) -> tuple[str, int | None] | None:
    if row.get("service") in registry.amounts:
        return next(iter(amounts_in(row, registry).items()), None)
    if billed is None:
        return None
    return billed.unit, 1 if billed.is_one else None


def _value(row: Row, billed: BilledCalls) -> str | None:
    return text_of(usage_member(row, billed.field)) if billed.field else None

"""TOML file -> prices: of what a deployment of aitrail uses, and of what calls use, by Region and usage type.

Its keys:

    currency    currency of the prices (USD)
    date        day or month of the prices (2026-11), or `unknown`
    region      Region of `prices`; its prices of usage also stand for Regions that have none of their own
    source      source of the prices
    prices      name = { price = cost of `per` units, per = number of units, free = free units per month (optional) }
                (optional, for the cost of a deployment)
    usage       Region . service = a table: usage type without the prefix of its Region = { price, per, unit, and
                optionally date, source, and tiers } (optional)

If there are `prices`, every name in UNITS is required. `tiers` is a list of { from = units, price = cost of `per` units
beyond them }. Only the price of the first tier is used, since an account is charged by all that it used in a month.
Money is Decimal.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date as Date  # noqa: N812 (prices have a date)
from datetime import timedelta
from decimal import Context, Decimal, localcontext
from pathlib import Path
from typing import NamedTuple, Self

from aitrail.costs.checking import (
    UNKNOWN_DATE,
    PriceError,
    check_names,
    date_of,
    document_in,
    first_day,
    price_of,
    region_of,
    table_of,
    text_of,
)
from aitrail.costs.usage_types import usage_type_of

_BUNDLED = Path(__file__).parent / "prices.toml"
_TEXTS = ("currency", "date", "region", "source")
_OPTIONAL = ("prices", "usage")
_FIELDS = ("price", "per", "free")
_FIELDS_OF_USAGE = ("price", "per", "unit")
_OPTIONAL_OF_USAGE = ("date", "source", "tiers")
_OF_TIERS = ("from", "price")
USAGE_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}")
# Prices change: older ones are said to be.
OLD = timedelta(days=180)
# Enough digits for every product and sum to be exact: a price has at most 9 digits before and 10 after the point.
_EXACT = Context(prec=60)
_MILLION = 10**6
# The number of Regions or sources that a note names.
_NAMED = 2

# Everything that has a price, and its unit.
UNITS = {
    "write-units": "write units",
    "read-units": "read units",
    "table-storage": "GB",
    "recovery-storage": "GB",
    "infrequent-write-units": "write units",
    "infrequent-read-units": "read units",
    "infrequent-table-storage": "GB",
    "s3-put-requests": "requests",
    "s3-get-requests": "requests",
    "s3-storage": "GB",
    "sqs-requests": "requests",
    "lambda-requests": "requests",
    "lambda-gb-seconds": "GB-seconds",
    "log-ingestion": "GB",
    "metrics": "metrics",
    "alarms": "alarms",
    "dashboards": "dashboards",
    "traces": "traces",
    "secrets": "secrets",
    "kms-keys": "keys",
    "kms-requests": "requests",
    "event-copies": "events",
    "data-events": "events",
    "network-activity-events": "events",
    "lake-ingestion": "GB",
    "lake-scan": "GB",
    "athena-scan": "GB",
}


class _Common(NamedTuple):
    """What prices have that say nothing else."""

    date: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A further tier: what `per` units cost beyond `start` units of a month."""

    start: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The price of `per` units, in the first tier; the first `free` units of a month cost nothing.

    `tiers` are the further ones, by their start. `date` and `source` are those of the price.
    """

    price: Decimal
    per: Decimal
    free: Decimal = Decimal(0)
    unit: str = ""
    date: str = ""
    source: str = ""
    tiers: tuple[Tier, ...] = ()

    def of(self, quantity: Decimal) -> Decimal:
        """The cost of a quantity of units, ignoring free units and further tiers."""
        return quantity * self.price / self.per

    def __str__(self) -> str:
        return f"{self.price}" if self.per == 1 else f"{self.price} per {self.per:,}"


# Region -> service -> usage type -> price.
OfUsage = Mapping[str, Mapping[str, Mapping[str, Price]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The prices in a file: `prices` by the names of UNITS, `usage` by Region, service and usage type.

    `region` is that of `prices`. Its prices of usage stand for Regions that have none of their own.
    """

    currency: str
    date: str
    region: str
    source: str
    prices: Mapping[str, Price] = field(default_factory=dict)
    usage: OfUsage = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path = _BUNDLED) -> Self:
        """The prices in a file, by default the file shipped with aitrail. Raises PriceError."""
        return cls._of(document_in(path), str(path))

    @classmethod
    def _of(cls, document: dict[str, object], where: str) -> Self:
        check_names(document, _TEXTS, where, optional=_OPTIONAL)
        prices = table_of(document.get("prices", {}), f"{where}, prices")
        if "prices" in document:
            check_names(prices, tuple(UNITS), f"{where}, prices")
        date = date_of(document["date"], f"{where}, date")
        source = text_of(document["source"], f"{where}, source")
        region = region_of(text_of(document["region"], f"{where}, region"), f"{where}, region")
        common = _Common(date, source)
        return cls(
            currency=text_of(document["currency"], f"{where}, currency"),
            date=date,
            region=region,
            source=source,
            prices={name: _price(value, f"{where}, prices.{name}", common) for name, value in prices.items()},
            usage={
                region_of(name, f"{where}, usage"): _services(value, f"{where}, usage.{name}", common)
                for name, value in table_of(document.get("usage", {}), f"{where}, usage").items()
            },
        )

    def __str__(self) -> str:
        return f"Prices of {self.date} in {self.currency} for {self.region} from {self.source}"

    def of_usage(self, service: str, usage_type: str, region: str | None) -> Price | None:
        """The price of a usage type in a Region; None if there is none."""
        for place in dict.fromkeys((region or "", self.region)):
            if found := self.usage.get(place, {}).get(service, {}).get(usage_type):
                return found
        return None

    def per_million_characters(self, engine: str, region: str | None) -> Decimal | None:
        """What a million characters of an engine of Polly cost; None if that is not known."""
        usage_type = usage_type_of("polly", engine)
        price = self.of_usage("polly", usage_type, region) if usage_type else None
        return price.of(Decimal(_MILLION)) if price else None

    def notes(self, services: Iterable[str], today: Date) -> Iterator[str]:
        """Lines for people: how old these services' prices are, which Regions they are of, and where they are from."""
        wanted = set(services)
        found = {
            region: [price for name, prices in tables.items() if name in wanted for price in prices.values()]
            for region, tables in self.usage.items()
        }
        regions = sorted(region for region, prices in found.items() if prices)
        prices = [price for each in found.values() for price in each]
        if not prices:
            yield f"The price file has no prices of {', '.join(sorted(wanted))}: `aitrail prices` shows what it has."
            return
        dates = sorted({price.date for price in prices} - {UNKNOWN_DATE}) or ["unknown date"]
        of = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
        where = ", ".join(regions) if len(regions) <= _NAMED else f"{len(regions)} Regions"
        sources = list(dict.fromkeys(price.source for price in prices))
        more = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
        yield f"Prices of {of} in {self.currency} for {where} from {sources[0]}{more}: check them."
        yield from too_old(prices, today)


def too_old(prices: Iterable[Price], today: Date) -> Iterator[str]:
    """Lines for people about prices older than OLD, or without a date."""
    dates = {price.date for price in prices}
    old = sorted(text for text in dates if (day := first_day(text)) is not None and today - day > OLD)
    if old:
        yield (
            f"Prices of {', '.join(old)} are older than {OLD.days} days: `aitrail prices --refresh` gets those of AWS' "
            "price list."
        )
    if any(first_day(text) is None for text in dates):
        yield "Some prices have no date: `aitrail prices --refresh` gets those of AWS' price list."


def cost_of(characters: Mapping[Decimal, int]) -> Decimal:
    """The exact cost of characters; `characters` maps the price of a million to the number of characters."""
    with localcontext(_EXACT):
        return sum((price * count for price, count in characters.items()), Decimal()) / _MILLION


def _price(value: object, where: str, common: _Common) -> Price:
    fields = table_of(value, where)
    check_names(fields, _FIELDS[:2], where, optional=_FIELDS[2:])
    return Price(
        price=price_of(fields["price"], f"{where}, price", "what so many units cost"),
        per=_per(fields, where),
        free=price_of(fields.get("free", 0), f"{where}, free", "how many units are free in a month"),
        date=common.date,
        source=common.source,
    )


def _per(fields: Mapping[str, object], where: str) -> Decimal:
    per = price_of(fields["per"], f"{where}, per", "how many units the price is for")
    if not per:
        raise PriceError(f"{where}, per is 0; it must be the number of units that the price is for.")
    return per


def _services(value: object, where: str, common: _Common) -> dict[str, dict[str, Price]]:
    return {
        service: {
            _usage_type(name, f"{where}.{service}"): _price_of_usage(price, f"{where}.{service}.{name}", common)
            for name, price in table_of(prices, f"{where}.{service}").items()
        }
        for service, prices in table_of(value, where).items()
    }


def _usage_type(name: str, where: str) -> str:
    if not USAGE_TYPE.fullmatch(name):
        raise PriceError(f"{where}: {name!r} is not a usage type; it should look like SynthesizeSpeech-Characters.")
    return name


def _price_of_usage(value: object, where: str, common: _Common) -> Price:
    fields = table_of(value, where)
    check_names(fields, _FIELDS_OF_USAGE, where, optional=_OPTIONAL_OF_USAGE)
    tiers = fields.get("tiers", [])
    if not isinstance(tiers, list):
        raise PriceError(f"{where}, tiers is {tiers!r}; it must be a list of tables.")
    return Price(
        price=price_of(fields["price"], f"{where}, price", "what so many units cost"),
        per=_per(fields, where),
        unit=text_of(fields["unit"], f"{where}, unit"),
        date=date_of(fields.get("date", common.date), f"{where}, date"),
        source=text_of(fields.get("source", common.source), f"{where}, source"),
        tiers=tuple(_tier(each, f"{where}, tiers, item {number}") for number, each in enumerate(tiers, 1)),
    )


def _tier(value: object, where: str) -> Tier:
    fields = table_of(value, where)
    check_names(fields, _OF_TIERS, where)
    return Tier(
        start=price_of(fields["from"], f"{where}, from", "the units of a month beyond which it begins"),
        price=price_of(fields["price"], f"{where}, price", "what so many units cost"),
    )

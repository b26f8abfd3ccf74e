"""TOML file -> AWS prices of everything that aitrail uses.

Its keys:

    currency    currency of the prices (USD)
    date        day or month of the prices (2026-11)
    region      Region of the prices (us-east-1)
    source      source of the prices
    prices      name = { price = cost of `per` units, per = number of units, free = free units per month (optional) }

Every name in UNITS is required. Money is Decimal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Self

from aitrail.costs.characters import PriceError, date_of, document_in, price_of, table_of, text_of

_BUNDLED = Path(__file__).parent / "prices.toml"
_TEXTS = ("currency", "date", "region", "source")
_REQUIRED = (*_TEXTS, "prices")
_FIELDS = ("price", "per", "free")

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The price of `per` units; the first `free` units of a month cost nothing."""

    price: Decimal
    per: Decimal
    free: Decimal = Decimal(0)

    def of(self, quantity: Decimal) -> Decimal:
        """The cost of a quantity of units, ignoring free units."""
        return quantity * self.price / self.per

    def __str__(self) -> str:
        return f"{self.price}" if self.per == 1 else f"{self.price} per {self.per:,}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsPrices:
    """Prices of one Region, by the names of UNITS."""

    currency: str
    date: str
    region: str
    source: str
    prices: Mapping[str, Price]

    @classmethod
    def read(cls, path: Path = _BUNDLED) -> Self:
        """The prices in a file, by default the file shipped with aitrail. Raises PriceError."""
        document, where = document_in(path), str(path)
        _check_names(document, _REQUIRED, where)
        prices = table_of(document["prices"], f"{where}, prices")
        _check_names(prices, tuple(UNITS), f"{where}, prices")
        return cls(
            currency=text_of(document["currency"], f"{where}, currency"),
            date=date_of(document["date"], f"{where}, date"),
            region=text_of(document["region"], f"{where}, region"),
            source=text_of(document["source"], f"{where}, source"),
            prices={name: _price(value, f"{where}, prices.{name}") for name, value in prices.items()},
        )

    def __str__(self) -> str:
        return f"Prices of {self.date} in {self.currency} for {self.region} from {self.source}"


def _price(value: object, where: str) -> Price:
    fields = table_of(value, where)
    _check_names(fields, _FIELDS[:2], where, optional=_FIELDS[2:])
    per = price_of(fields["per"], f"{where}, per", "how many units the price is for")
    if not per:
        raise PriceError(f"{where}, per is 0; it must be the number of units that the price is for.")
    return Price(
        price=price_of(fields["price"], f"{where}, price", "what so many units cost"),
        per=per,
        free=price_of(fields.get("free", 0), f"{where}, free", "how many units are free in a month"),
    )


def _check_names(
    found: Mapping[str, object], required: tuple[str, ...], where: str, *, optional: tuple[str, ...] = ()
) -> None:
    for name in required:
        if name not in found:
            raise PriceError(f"{where}: {name} is missing; the required ones are {', '.join(required)}.")
    for name in found:
        if name not in (*required, *optional):
            raise PriceError(f"{where}: unknown key {name!r}; choose from {', '.join((*required, *optional))}.")

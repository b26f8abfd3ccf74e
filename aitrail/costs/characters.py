"""TOML file -> prices of Amazon Polly's characters.

Its keys:

    currency                currency of the prices (USD)
    date                    day or month of the prices (2026-11)
    source                  source of the prices
    per_million_characters  engine = price
    regions                 Region = a table like per_million_characters, for prices that differ there (optional)

Money is Decimal. The free tier and discounts are not considered.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, localcontext
from pathlib import Path
from typing import Self

from aitrail.errors import AitrailError

_BUNDLED = Path(__file__).parent / "polly-prices.toml"
_REQUIRED = ("currency", "date", "source", "per_million_characters")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]+")
# Enough digits for every product and sum to be exact: a price has at most 9 digits before and 9 after the point.
_EXACT = Context(prec=60)
_HIGHEST = Decimal(10) ** 9
_FINEST = -9
_MILLION = Decimal(10) ** 6
_OF_CHARACTERS = "what a million characters cost"

# Engine -> price of a million characters.
_Engines = dict[str, Decimal]


class PriceError(AitrailError):
    """A price file is invalid; the message names the file, what is wrong with it, and what is valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Prices of a million characters by engine, and by Region and engine for Regions with prices of their own."""

    currency: str
    date: str
    source: str
    per_million_characters: Mapping[str, Decimal]
    regions: Mapping[str, Mapping[str, Decimal]]

    @classmethod
    def read(cls, path: Path = _BUNDLED) -> Self:
        """The prices in a file, by default the file shipped with aitrail. Raises PriceError."""
        return cls._of(document_in(path), str(path))

    @classmethod
    def _of(cls, document: dict[str, object], where: str) -> Self:
        for key in _REQUIRED:
            if key not in document:
                raise PriceError(f"{where}: {key} is missing; the required ones are {', '.join(_REQUIRED)}.")
        for key in document:
            if key not in (*_REQUIRED, "regions"):
                raise PriceError(f"{where}: unknown key {key!r}; choose from {', '.join(_REQUIRED)}, regions.")
        regions = table_of(document.get("regions", {}), f"{where}, regions")
        return cls(
            currency=text_of(document["currency"], f"{where}, currency"),
            date=date_of(document["date"], f"{where}, date"),
            source=text_of(document["source"], f"{where}, source"),
            per_million_characters=_engines(document["per_million_characters"], f"{where}, per_million_characters"),
            regions={
                _region(name, f"{where}, regions"): _engines(value, f"{where}, regions.{name}")
                for name, value in regions.items()
            },
        )

    def __str__(self) -> str:
        return f"Prices of {self.date} in {self.currency} from {self.source}"

    def price(self, engine: str, region: str | None) -> Decimal | None:
        """The price of a million characters; None if there is none."""
        own = self.regions.get(region or "", {})
        return own.get(engine, self.per_million_characters.get(engine))


def cost_of(characters: Mapping[Decimal, int]) -> Decimal:
    """The exact cost of characters; `characters` maps the price of a million to the number of characters."""
    with localcontext(_EXACT):
        return sum((price * count for price, count in characters.items()), Decimal()) / _MILLION


def document_in(path: Path) -> dict[str, object]:
    """The content of a TOML file of prices; numbers with a decimal point are Decimal. Raises PriceError."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise PriceError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise PriceError(f"{path} is not a TOML file in UTF-8: {error}.") from error
    except ArithmeticError as error:
        raise PriceError(f"{path} contains a number that is out of range.") from error


def table_of(value: object, where: str) -> dict[str, object]:
    """The value, which has to be a table. Raises PriceError."""
    if not isinstance(value, dict):
        raise PriceError(f"{where} is {value!r}; it must be a table.")
    return value


def text_of(value: object, where: str) -> str:
    """The value, which has to be a text that is not empty. Raises PriceError."""
    if not isinstance(value, str) or not value.strip():
        raise PriceError(f"{where} is {value!r}; it must be a string.")
    return value


def date_of(value: object, where: str) -> str:
    """A day or month as text. Raises PriceError."""
    return value.isoformat() if isinstance(value, date) else text_of(value, where)


def _region(name: str, where: str) -> str:
    if not _REGION.fullmatch(name):
        raise PriceError(f"{where}: {name!r} is not a Region; it should look like us-gov-west-1.")
    return name


def _engines(value: object, where: str) -> _Engines:
    prices = {
        engine: price_of(price, f"{where}, {engine}", _OF_CHARACTERS)
        for engine, price in table_of(value, where).items()
    }
    if not prices:
        raise PriceError(f"{where} has no price; give one for each engine, such as neural = 16.00.")
    return prices


def price_of(value: object, where: str, what: str) -> Decimal:
    """A price, exactly as written; `what` describes the number in the error. Raises PriceError."""
    if not isinstance(value, int | Decimal) or isinstance(value, bool) or not _is_price(Decimal(value)):
        raise PriceError(
            f"{where} is {str(value)!r}; it must be a number, 0 to {_HIGHEST:,} with at most {-_FINEST} decimals: "
            f"{what}."
        )
    return Decimal(value)


def _is_price(price: Decimal) -> bool:
    return price.is_finite() and 0 <= price <= _HIGHEST and int(price.normalize().as_tuple().exponent) >= _FINEST

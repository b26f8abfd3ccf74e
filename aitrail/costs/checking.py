"""Checks the values of price files: texts, dates, numbers, Regions. Pure; money is Decimal."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

from aitrail import toml
from aitrail.errors import AitrailError

# Of a price whose source has no date.
UNKNOWN_DATE = "unknown"
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]+")
_DATE = re.compile(r"\d{4}-\d{2}(-\d{2})?")
_HIGHEST = Decimal(10) ** 9
_FINEST = -10


class PriceError(AitrailError):
    """A price file or a price list is invalid; the message names it, what is wrong with it, and what is valid."""


def document_in(path: Path) -> dict[str, object]:
    """The content of a TOML file of prices; numbers with a decimal point are Decimal. Raises PriceError."""
    try:
        return toml.document_of(path.read_bytes(), parse_float=Decimal)
    except OSError as error:
        raise PriceError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise PriceError(f"{path} cannot be read as TOML in UTF-8: {error}.") from error
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
    """A day or a month as text, or UNKNOWN_DATE. Raises PriceError."""
    text = value.isoformat() if isinstance(value, date) else text_of(value, where)
    if text != UNKNOWN_DATE and first_day(text) is None:
        raise PriceError(f"{where} is {text!r}; it must be a day or a month such as 2026-11, or {UNKNOWN_DATE}.")
    return text


def first_day(text: str) -> date | None:
    """The day, or the first one of the month; None if there is no such day."""
    try:
        return date.fromisoformat(f"{text}-01"[:10]) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def is_region(name: str) -> bool:
    """Whether a name looks like that of a Region."""
    return _REGION.fullmatch(name) is not None


def region_of(name: str, where: str) -> str:
    """The name of a Region. Raises PriceError."""
    if not is_region(name):
        raise PriceError(f"{where}: {name!r} is not a Region; it should look like us-gov-west-1.")
    return name


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


def check_names(
    found: Mapping[str, object], required: tuple[str, ...], where: str, *, optional: tuple[str, ...] = ()
) -> None:
    """Checks the keys of a table. Raises PriceError."""
    for name in required:
        if name not in found:
            raise PriceError(f"{where}: {name} is missing; the required ones are {', '.join(required)}.")
    for name in found:
        if name not in (*required, *optional):
            raise PriceError(f"{where}: unknown key {name!r}; choose from {', '.join((*required, *optional))}.")

"""Prices -> the text of a price file, which `Prices.read` reads. Pure."""

import json
import re
from collections.abc import Iterator

from aitrail.costs.prices import Price, Prices

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_HEAD = "# Written by `aitrail prices --refresh`, which replaces it: keep your own prices in another file (--prices).\n"


def text_of_prices(prices: Prices) -> str:
    """The TOML text of prices, which are those of a price file or of AWS' price list."""
    return _HEAD + "".join(f"{line}\n" for line in _lines(prices))


def _lines(prices: Prices) -> Iterator[str]:
    for name in ("currency", "date", "region", "source"):
        yield f"{name} = {_string(getattr(prices, name))}"
    yield "\n[prices]"
    for name, price in prices.prices.items():
        free = f", free = {price.free:f}" if price.free else ""
        yield f"{name} = {{ price = {price.price:f}, per = {price.per:f}{free} }}"
    for region, services in sorted(prices.usage.items()):
        for service, usage in sorted(services.items()):
            yield f"\n[usage.{region}.{_key(service)}]"
            yield from (f"{_string(name)} = {{ {_fields(price)} }}" for name, price in sorted(usage.items()))


def _fields(price: Price) -> str:
    tiers = ", ".join(f"{{ from = {tier.start:f}, price = {tier.price:f} }}" for tier in price.tiers)
    texts = ", ".join(f"{name} = {_string(getattr(price, name))}" for name in ("unit", "date", "source"))
    return f"price = {price.price:f}, per = {price.per:f}, {texts}" + (f", tiers = [{tiers}]" if tiers else "")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _string(name)


def _string(text: str) -> str:
    # A JSON string is a string of TOML as well, but for this one character.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")

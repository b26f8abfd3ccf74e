"""AWS' public price list -> prices of usage: the offer files of services, one for each Region. Pure.

An offer file has the products of a service in a Region, and the terms at which each is sold. It needs no credentials
(AWS Billing User Guide, "Getting price list files manually").
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from aitrail.costs.checking import PriceError, date_of, is_region, price_of
from aitrail.costs.prices import USAGE_TYPE, OfUsage, Price, Prices, Tier
from aitrail.costs.usage_types import billed_services, split_usage_type

HOST = "https://pricing.us-east-1.amazonaws.com"
_CURRENCY = "USD"
_DAY = len("YYYY-MM-DD")
_INFINITE = "Inf"

# Returns the content at a URL.
Fetch = Callable[[str], bytes]


@dataclass(slots=True, kw_only=True)
class Listed:
    """Prices of AWS' price list, by Region, service and usage type.

    `ambiguous` names usage types that are sold at several prices, as REGION SERVICE USAGE_TYPE: none of them is chosen.
    """

    usage: dict[str, dict[str, dict[str, Price]]] = field(default_factory=lambda: defaultdict(dict))
    ambiguous: list[str] = field(default_factory=list)


def listed_prices(fetch: Fetch, regions: Iterable[str] = (), *, host: str = HOST) -> Listed:
    """The prices of all known services in these Regions, or in all. Raises PriceError, and the errors of `fetch`.

    A service that is not offered in a Region has no prices there. `host` is the beginning of all URLs.
    """
    wanted, listed = set(regions), Listed()
    for service, billed in sorted(billed_services().items()):
        url = f"{host}/offers/v1.0/aws/{billed.code}/current/region_index.json"
        for region, path in sorted(_paths(_json(fetch, url), url)):
            if not wanted or region in wanted:
                _add(listed, service, region, _json(fetch, host + path), host + path)
    return listed


def _paths(index: Any, url: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 (any JSON value)
    for region, entry in _members(index, "regions", url).items():
        path = entry.get("currentVersionUrl") if isinstance(entry, dict) else None
        if not isinstance(path, str) or not path.startswith("/offers/"):
            raise PriceError(f"{url}: the entry of {region} has no currentVersionUrl that begins with /offers/.")
        if is_region(region):  # not one of the zones and edges that the list may have as well
            yield region, path


def _json(fetch: Fetch, url: str) -> Any:  # noqa: ANN401 (any JSON value)
    try:
        return json.loads(fetch(url))
    except (ValueError, RecursionError) as error:
        raise PriceError(f"{url} is not JSON: {error}.") from error


def _members(value: Any, name: str, url: str) -> dict[str, Any]:  # noqa: ANN401 (any JSON value)
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, dict):
        raise PriceError(f"{url} has no object {name!r}: it is not an offer file of AWS' price list.")
    return found


def _add(listed: Listed, service: str, region: str, offer: Any, url: str) -> None:  # noqa: ANN401 (any JSON value)
    products = _members(offer, "products", url)
    terms = _members(_members(offer, "terms", url), "OnDemand", url)
    date = date_of(str(offer.get("publicationDate"))[:_DAY], f"{url}, publicationDate")
    found: defaultdict[str, list[Price]] = defaultdict(list)
    for sku, product in products.items():
        attributes = product.get("attributes") if isinstance(product, dict) else None
        name = attributes.get("usagetype") if isinstance(attributes, dict) else None
        if not isinstance(name, str) or not USAGE_TYPE.fullmatch(usage_type := split_usage_type(name)[1]):
            continue
        found[usage_type] += (replace(price, date=date, source=url) for price in _prices(terms.get(sku), url, sku))
    for usage_type, prices in sorted(found.items()):
        if len(set(prices)) == 1:
            listed.usage[region].setdefault(service, {})[usage_type] = prices[0]
        elif prices:
            listed.ambiguous.append(f"{region} {service} {usage_type}")


def _prices(terms: Any, url: str, sku: str) -> Iterator[Price]:  # noqa: ANN401 (any JSON value)
    """The price of each term of a product in USD; it begins with the tier from 0."""
    for term in terms.values() if isinstance(terms, dict) else ():
        where = f"{url}, {sku}"
        dimensions = [each for each in _members(term, "priceDimensions", where).values() if isinstance(each, dict)]
        tiers = sorted((_tier(each, where), str(each.get("unit"))) for each in dimensions if _is_in_usd(each))
        if not tiers:
            continue
        ((start, price), unit), *others = tiers
        if start or not re.fullmatch(r"[\w /-]{1,64}", unit):
            raise PriceError(f"{where}: its first tier begins at {start} with the unit {unit!r}; it must begin at 0.")
        beyond = tuple(Tier(start=further, price=of) for (further, of), _ in others)
        yield Price(price=price, per=Decimal(1), unit=unit, tiers=beyond)


def _is_in_usd(dimension: Mapping[str, Any]) -> bool:
    per_unit = dimension.get("pricePerUnit")
    return isinstance(per_unit, dict) and _CURRENCY in per_unit


def _tier(dimension: Mapping[str, Any], where: str) -> tuple[Decimal, Decimal]:
    start, price = dimension.get("beginRange", "0"), dimension["pricePerUnit"][_CURRENCY]
    return _number(start, f"{where}, beginRange"), _number(price, f"{where}, pricePerUnit")


def _number(value: object, where: str) -> Decimal:
    try:
        number = Decimal(value) if isinstance(value, str) else None
    except ArithmeticError:
        number = None
    return price_of(value if number is None else number, where, "a text with a number")


def refreshed(prices: Prices, listed: Listed) -> Prices:
    """The prices, with those of the price list in the place of the older ones of the same Region and service.

    What the price list has not, stays.
    """
    regions = sorted(prices.usage.keys() | listed.usage.keys())
    usage: OfUsage = {
        region: {**prices.usage.get(region, {}), **_over(prices.usage.get(region, {}), listed.usage.get(region, {}))}
        for region in regions
    }
    return replace(prices, usage=usage)


def _over(
    old: Mapping[str, Mapping[str, Price]], new: Mapping[str, Mapping[str, Price]]
) -> dict[str, Mapping[str, Price]]:
    return {service: {**old.get(service, {}), **prices} for service, prices in new.items()}

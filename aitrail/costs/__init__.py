"""Calculates what aitrail costs, and what calls cost at list prices.

In: a load, prices from TOML files and from AWS' price list; out: the lines of a bill, prices by Region and usage type.
It makes no requests to AWS. Pure.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.costs.backfill import a_million_rows, cost_of_reading
    from aitrail.costs.bill import Line, per_million, readable, total
    from aitrail.costs.checking import PriceError
    from aitrail.costs.comparison import compare
    from aitrail.costs.load import DAYS, DIGEST_FILES, RECORD_KB, RECORDS_IN_A_FILE, TABLE_CLASSES, CostError, Load
    from aitrail.costs.model import costs
    from aitrail.costs.price_file import text_of_prices
    from aitrail.costs.price_list import HOST, Listed, listed_prices, refreshed
    from aitrail.costs.prices import UNITS, Price, Prices, Tier, cost_of, too_old
    from aitrail.costs.usage_types import billed_services, split_usage_type, usage_type_of
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        backfill=("a_million_rows", "cost_of_reading"),
        bill=("Line", "per_million", "readable", "total"),
        checking=("PriceError",),
        comparison=("compare",),
        load=("CostError", "DAYS", "DIGEST_FILES", "Load", "RECORDS_IN_A_FILE", "RECORD_KB", "TABLE_CLASSES"),
        model=("costs",),
        price_file=("text_of_prices",),
        price_list=("HOST", "Listed", "listed_prices", "refreshed"),
        prices=("Price", "Prices", "Tier", "UNITS", "cost_of", "too_old"),
        usage_types=("billed_services", "split_usage_type", "usage_type_of"),
    )

"""Calculates what aitrail costs, and what Amazon Polly charges for characters.

In: a load, and prices from TOML files; out: the lines of a bill. It makes no requests to AWS. Pure.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.costs.backfill import a_million_rows, cost_of_reading
    from aitrail.costs.bill import Line, per_million, readable, total
    from aitrail.costs.characters import PriceError, Prices, cost_of
    from aitrail.costs.comparison import compare
    from aitrail.costs.load import DAYS, DIGEST_FILES, RECORD_KB, RECORDS_IN_A_FILE, CostError, Load
    from aitrail.costs.model import costs
    from aitrail.costs.prices import AwsPrices
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        backfill=("a_million_rows", "cost_of_reading"),
        bill=("Line", "per_million", "readable", "total"),
        characters=("PriceError", "Prices", "cost_of"),
        comparison=("compare",),
        load=("CostError", "DAYS", "DIGEST_FILES", "Load", "RECORDS_IN_A_FILE", "RECORD_KB"),
        model=("costs",),
        prices=("AwsPrices",),
    )

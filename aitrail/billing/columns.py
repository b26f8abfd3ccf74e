"""Columns of a bill as pyarrow reads them -> texts, moments and exact numbers."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from aitrail.billing.formats import BillError

# Costs are added up in whole units of 10^-10, to which each line is rounded: so precise are the costs of AWS' exports.
# Ten million lines are then wrong by less than a tenth of a cent.
SCALE = 10
# What the cost of a line may have, so that no sum of a batch needs more than the 38 digits of a decimal, which would be
# wrong without an error: up to 10^18 of a currency.
_DIGITS = 28
# What a moment may have behind its seconds: all are in UTC.
_UTC = r"^(\.0+)?(Z|[+-]00:?00| UTC)?$"
_SECONDS = len("2026-11-01T00:00:00")
# Bills are of these years. Others are those of an integer in another unit, or a mistake.
YEARS = range(2000, 3000)


def texts(column: Any) -> Any:  # noqa: ANN401 (of pyarrow)
    """The column as texts, "" for null."""
    import pyarrow as pa  # noqa: PLC0415 (optional)
    import pyarrow.compute as pc  # noqa: PLC0415 (optional)

    return pc.fill_null(pc.cast(column, pa.string()), "")


def moments(column: Any, name: str) -> Any:  # noqa: ANN401 (of pyarrow)
    """Moments in UTC, in whole seconds, of the file with that name. Raises BillError."""
    import pyarrow as pa  # noqa: PLC0415 (optional)
    import pyarrow.compute as pc  # noqa: PLC0415 (optional)

    if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
        return _of_bills(pc.cast(column, pa.timestamp("s"), safe=False), name)
    is_in_utc = pc.match_substring_regex(pc.utf8_slice_codeunits(column, _SECONDS), _UTC)
    if pc.all(is_in_utc).as_py() is False:
        other = column.filter(pc.invert(is_in_utc))[0].as_py()
        raise BillError(f"{name} has the time {other!r}, which is not in UTC, as all times of a bill are.")
    moment = pc.utf8_slice_codeunits(column, 0, _SECONDS)
    return _of_bills(pc.cast(pc.if_else(pc.equal(moment, ""), None, moment), pa.timestamp("s")), name)


def _of_bills(moments: Any, name: str) -> Any:  # noqa: ANN401 (of pyarrow)
    import pyarrow as pa  # noqa: PLC0415 (optional)
    import pyarrow.compute as pc  # noqa: PLC0415 (optional)

    first, end = (pa.scalar(datetime(year, 1, 1), moments.type) for year in (YEARS.start, YEARS.stop))  # noqa: DTZ001 (UTC)
    is_other = pc.or_(pc.less(moments, first), pc.greater_equal(moments, end))
    if pc.any(is_other).as_py():
        raise BillError(f"{name} has a time that is not of the years {YEARS.start} to {YEARS.stop - 1}. Copy it again.")
    return moments


def exact(column: Any) -> Any:  # noqa: ANN401 (of pyarrow)
    """Numbers as decimals, each rounded to SCALE places, 0 for null. Raises ArrowInvalid for NaN, and if too large."""
    import pyarrow as pa  # noqa: PLC0415 (optional)
    import pyarrow.compute as pc  # noqa: PLC0415 (optional)

    if pa.types.is_decimal(column.type):
        numbers = pc.round(column, SCALE, "half_towards_infinity")
    else:
        numbers = column if pa.types.is_floating(column.type) else pc.cast(column, pa.float64())
    return pc.fill_null(pc.cast(numbers, pa.decimal128(_DIGITS, SCALE)), Decimal(0))

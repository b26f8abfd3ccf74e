"""Columns of a bill as pyarrow reads them -> texts, moments and exact numbers."""

from decimal import Decimal
from typing import Any

from aitrail.billing.formats import BillError

# Costs are added up in whole units of 10^-10, to which each line is rounded: so precise are the costs of AWS' exports.
# Ten million lines are then wrong by less than a tenth of a cent.
SCALE = 10
_DIGITS = 38
# What a moment may have behind its seconds: all are in UTC.
_UTC = r"^(\.0+)?(Z|[+-]00:?00| UTC)?$"
_SECONDS = len("2026-11-01T00:00:00")


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
        return pc.cast(column, pa.timestamp("s"), safe=False)
    is_in_utc = pc.match_substring_regex(pc.utf8_slice_codeunits(column, _SECONDS), _UTC)
    if pc.all(is_in_utc).as_py() is False:
        other = column.filter(pc.invert(is_in_utc))[0].as_py()
        raise BillError(f"{name} has the time {other!r}, which is not in UTC, as all times of a bill are.")
    moment = pc.utf8_slice_codeunits(column, 0, _SECONDS)
    return pc.cast(pc.if_else(pc.equal(moment, ""), None, moment), pa.timestamp("s"))


def exact(column: Any) -> Any:  # noqa: ANN401 (of pyarrow)
    """Numbers as decimals, each rounded to SCALE places, 0 for null. Raises ArrowInvalid for NaN and the like."""
    import pyarrow as pa  # noqa: PLC0415 (optional)
    import pyarrow.compute as pc  # noqa: PLC0415 (optional)

    numbers = column if pa.types.is_floating(column.type) else pc.cast(column, pa.float64())
    return pc.fill_null(pc.cast(numbers, pa.decimal128(_DIGITS, SCALE)), Decimal(0))

"""Access to DynamoDB for both tables: keys and indexes, storable values, batch writes, and reads that are counted.

In: plain values; out: plain values. It does not know their meaning.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.dynamodb import items, tables
    from aitrail.dynamodb.attributes import ForeignValue, from_item, to_item
    from aitrail.dynamodb.batches import BATCH_SIZE, BatchWriter, OutOfTimeError, Reader, delete, put
    from aitrail.dynamodb.encoding import encode_batches_at_once
    from aitrail.dynamodb.throttling import Throttles
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        attributes=("ForeignValue", "from_item", "to_item"),
        batches=("BATCH_SIZE", "BatchWriter", "OutOfTimeError", "Reader", "delete", "put"),
        encoding=("encode_batches_at_once",),
        items=(),
        tables=(),
        throttling=("Throttles",),
    )

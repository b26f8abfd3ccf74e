"""Rows as bytes, as they are stored until a question needs them."""

import json
from typing import Any, NamedTuple

import msgspec

from aitrail.dynamodb import tables
from aitrail.questions.source import Row

_ENCODER = msgspec.msgpack.Encoder()
_IN_ORDER = msgspec.msgpack.Encoder(order="deterministic")
_DECODER = msgspec.msgpack.Decoder()
_JSON = b"{"  # no map in MessagePack begins with this byte


class PackedRow(NamedTuple):
    """A row: its eventID and eventTime, and as bytes its narrow columns and all of it."""

    event_id: str
    event_time: str
    narrow: bytes
    whole: bytes


def packed(row: Row) -> PackedRow:
    """The row as bytes."""
    narrow = {name: row[name] for name in tables.NARROW_COLUMNS if name in row}
    return PackedRow(row["eventID"], row["eventTime"], _encoded(narrow), _encoded(row))


def packed_in_order(row: Row) -> bytes:
    """A row as bytes, which are the same for equal rows, whatever the order of their columns; see `unpacked`."""
    return _encoded(row, _IN_ORDER, in_order=True)


def _encoded(row: Row, encoder: msgspec.msgpack.Encoder = _ENCODER, *, in_order: bool = False) -> bytes:
    """MessagePack, which takes a fifth of the time of JSON, or JSON, which has larger integers and lone surrogates."""
    try:
        return encoder.encode(row)
    except (OverflowError, UnicodeError):
        return json.dumps(row, sort_keys=in_order).encode()


def unpacked(content: bytes) -> Row:
    """The row, or its narrow columns, of which one of the functions above made these bytes."""
    row: dict[str, Any] = json.loads(content) if content.startswith(_JSON) else _DECODER.decode(content)
    return row

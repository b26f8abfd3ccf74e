"""Hashes of rows, by which the ledger knows the rows of a log file: one row missing, changed or added changes them."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any, Final

from aitrail.dynamodb import ForeignValue, items
from aitrail.rows.plain import OF_PROVENANCE, Plain

# No JSON text begins with this byte, so a row that is not made from a record never has the hash of one that is.
_NOT_JSON: Final = b"\xff"
_BYTES: Final = 32


class RowHashes:
    """The SHA-256 hashes of rows, without their provenance; takes 32 bytes for each row."""

    __slots__ = ("_hashes",)

    def __init__(self) -> None:
        self._hashes = bytearray()

    def __len__(self) -> int:
        return len(self._hashes) // _BYTES

    def __iter__(self) -> Iterator[bytes]:
        hashes = bytes(self._hashes)
        return (hashes[start : start + _BYTES] for start in range(0, len(hashes), _BYTES))

    def add(self, row: Mapping[str, Any]) -> None:
        """Adds a row of plain values, as made from a record or as read from the table, of any shape."""
        self._hashes += row_hash(row)

    def add_plain(self, known: Plain) -> None:
        """Adds a row of which this is known, which takes a tenth of the time."""
        self._hashes += _sha256(known.text)

    def sha256(self) -> str:
        """SHA-256 over the sorted hashes, in 43 characters of base64: their number and every row determine it.

        The hashes are not combined with XOR or a sum: whoever can choose rows can make others with the same result.
        """
        return b64encode(_sha256(b"".join(sorted(self)))).decode().rstrip("=")


def row_hash(row: Mapping[str, Any]) -> bytes:
    """SHA-256 of the row's canonical JSON without its provenance."""
    kept = {name: value for name, value in row.items() if name not in OF_PROVENANCE}
    content = items.json_text(kept).encode()
    return _sha256(_NOT_JSON + content if _is_foreign(kept) else content)


def _sha256(content: bytes) -> bytes:
    import hashlib  # noqa: PLC0415 (loads OpenSSL, which questions do not need)

    return hashlib.sha256(content).digest()


def _is_foreign(value: object) -> bool:
    """Whether a value has a part of a type that no record has, such as a set."""
    if isinstance(value, dict):
        return isinstance(value, ForeignValue) or any(map(_is_foreign, value.values()))
    return isinstance(value, list) and any(map(_is_foreign, value))

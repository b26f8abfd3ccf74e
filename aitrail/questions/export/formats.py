"""Writes rows to one file, in each of the formats, in bounded memory regardless of the number of rows."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

from aitrail.cells import json_line
from aitrail.errors import AitrailError
from aitrail.questions import Row
from aitrail.questions.export.columns import FOLDER_COLUMNS, Columns, Kind, columns_of, texts, typed

FORMATS = ("parquet", "csv", "jsonl")
# The name of the metadata of a Parquet file that tells the dates of prices.
PRICES = "aitrail.prices"

# A row group of a Parquet file is held in memory: it ends after this many rows, or characters in their texts.
_MOST_ROWS = 10_000
_MOST_CHARACTERS = 16_000_000

Write = Callable[[BinaryIO, Iterable[Row]], None]


class MissingPyarrowError(AitrailError):
    """The package that writes Parquet files is not installed."""


def writer_of(format_: str, *, whole: bool, prices: str = "") -> Write:
    """A function that writes the rows of one file to a stream of bytes. Raises MissingPyarrowError.

    `prices` says of which dates the prices of costs are; Parquet files have it as metadata.
    """
    columns = columns_of(whole=whole)
    if format_ == "jsonl":
        return _write_jsonl
    return _csv_writer(columns) if format_ == "csv" else _parquet_writer(columns, prices)


def _write_jsonl(stream: BinaryIO, rows: Iterable[Row]) -> None:
    stream.writelines((json_line(row) + "\n").encode() for row in rows)


def _csv_writer(columns: Columns) -> Write:
    def write(stream: BinaryIO, rows: Iterable[Row]) -> None:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(texts(row, columns) for row in rows)
        text.detach()  # the caller closes the stream

    return write


def _parquet_writer(columns: Columns, prices: str) -> Write:
    try:
        import pyarrow as pa  # noqa: PLC0415 (optional)
        import pyarrow.parquet as pq  # noqa: PLC0415 (optional)
    except ImportError:
        raise MissingPyarrowError(
            "Parquet files need pyarrow: install it (in a copy of the repository: pip install -e '.[parquet]'), or "
            "choose --format csv or jsonl."
        ) from None
    types = {
        Kind.TEXT: pa.string(),
        Kind.JSON: pa.string(),
        Kind.TIME: pa.timestamp("ms"),
        Kind.FLAG: pa.bool_(),
        Kind.COUNT: pa.int64(),
        Kind.MONEY: pa.decimal128(38, 12),
    }
    # Athena does not accept a column that is also a folder.
    schema = pa.schema(
        [(name, types[kind]) for name, kind in columns.items() if name not in FOLDER_COLUMNS],
        metadata={PRICES: prices},
    )

    def write(stream: BinaryIO, rows: Iterable[Row]) -> None:
        with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
            for group in _groups(typed(row, columns) for row in rows):
                writer.write_batch(pa.RecordBatch.from_pylist(group, schema=schema))

    return write


def _groups(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    characters = 0
    for row in rows:
        group.append(row)
        characters += sum(len(value) for value in row.values() if isinstance(value, str))
        if len(group) >= _MOST_ROWS or characters >= _MOST_CHARACTERS:
            yield group
            group, characters = [], 0
    if group:
        yield group

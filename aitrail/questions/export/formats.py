"""Writes rows to one file, in each of the formats, in bounded memory regardless of the number of rows."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, BinaryIO

from aitrail.cells import json_line
from aitrail.errors import AitrailError
from aitrail.questions import Row
from aitrail.questions.export.columns import FOLDER_COLUMNS, Columns, Kind, columns_of, texts, typed
from aitrail.questions.export.ocsf import event_of, typed_event
from aitrail.questions.export.ocsf_attributes import ATTRIBUTES

FORMATS = ("parquet", "csv", "jsonl")
# What the files hold: rows, or the events of OCSF's class API Activity.
OCSF = "ocsf"
SCHEMAS = ("aitrail", OCSF)
# What to do if it is missing.
INSTALL_PYARROW = "install it (`pipx inject aitrail pyarrow`; in a copy of the repository: pip install -e '.[parquet]')"
# The name of the metadata of a Parquet file that tells the dates of prices.
PRICES = "aitrail.prices"

# A row group of a Parquet file is held in memory: it ends after this many rows, or characters in their texts.
_MOST_ROWS = 10_000
_MOST_CHARACTERS = 16_000_000

Write = Callable[[BinaryIO, Iterable[Row]], None]


class MissingPyarrowError(AitrailError):
    """The package that writes and reads Parquet files is not installed."""


def parquet_modules(instead: str) -> tuple[Any, Any]:
    """The modules pyarrow and pyarrow.parquet. Raises MissingPyarrowError, which says what to do instead."""
    try:
        import pyarrow as pa  # noqa: PLC0415 (optional)
        import pyarrow.parquet as pq  # noqa: PLC0415 (optional)
    except ImportError:
        raise MissingPyarrowError(f"Parquet files need pyarrow: {INSTALL_PYARROW}, or {instead}.") from None
    return pa, pq


def writer_of(format_: str, *, schema: str = SCHEMAS[0], whole: bool, prices: str = "") -> Write:
    """A function that writes the rows of one file to a stream of bytes. Raises MissingPyarrowError.

    `prices` says of which dates the prices of costs are; Parquet files have it as metadata.
    """
    columns = columns_of(whole=whole)
    if format_ == "jsonl":
        return _jsonl_writer(event_of if schema == OCSF else dict)
    if format_ == "csv":
        return _csv_writer(columns)
    if schema == OCSF:
        return _parquet_writer(ATTRIBUTES, typed_event, prices)
    # Athena does not accept a column that is also a folder.
    in_files = {name: kind for name, kind in columns.items() if name not in FOLDER_COLUMNS}
    return _parquet_writer(in_files, partial(typed, columns=columns), prices)


def _jsonl_writer(form: Callable[[Row], dict[str, Any]]) -> Write:
    def write(stream: BinaryIO, rows: Iterable[Row]) -> None:
        stream.writelines((json_line(form(row)) + "\n").encode() for row in rows)

    return write


def _csv_writer(columns: Columns) -> Write:
    def write(stream: BinaryIO, rows: Iterable[Row]) -> None:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(texts(row, columns) for row in rows)
        text.detach()  # the caller closes the stream

    return write


def _parquet_writer(columns: Mapping[str, Any], form: Callable[[Row], dict[str, Any]], prices: str) -> Write:
    pa, pq = parquet_modules("choose --format csv or jsonl")
    types = {
        Kind.TEXT: pa.string(),
        Kind.JSON: pa.string(),
        Kind.TIME: pa.timestamp("ms"),
        Kind.FLAG: pa.bool_(),
        Kind.INTEGER: pa.int32(),
        Kind.COUNT: pa.int64(),
        Kind.MONEY: pa.decimal128(38, 12),
    }

    def type_of(kind: Any) -> Any:  # noqa: ANN401 (a Kind, or several)
        if isinstance(kind, Mapping):
            return pa.struct([(name, type_of(each)) for name, each in kind.items()])
        return pa.list_(type_of(kind[0])) if isinstance(kind, list) else types[kind]

    schema = pa.schema([(name, type_of(kind)) for name, kind in columns.items()], metadata={PRICES: prices})

    def write(stream: BinaryIO, rows: Iterable[Row]) -> None:
        with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
            for group in _groups(map(form, rows)):
                writer.write_batch(pa.RecordBatch.from_pylist(group, schema=schema))

    return write


def _groups(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    characters = 0
    for row in rows:
        group.append(row)
        characters += _characters(row)
        if len(group) >= _MOST_ROWS or characters >= _MOST_CHARACTERS:
            yield group
            group, characters = [], 0
    if group:
        yield group


def _characters(value: object) -> int:
    """The characters of a text, or of all texts in an object."""
    if isinstance(value, dict):
        return sum(map(_characters, value.values()))
    return len(value) if isinstance(value, str) else 0

"""The content of one file of a bill, Parquet or csv: its columns, and batches of the lines that may matter.

Of Parquet, only the needed columns are read, and only the row groups whose limits do not exclude what is wanted; csv is
read as a stream. Memory is bounded by a row group, or by a block.
"""

import csv
import gzip
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import cached_property
from typing import Any, BinaryIO, NamedTuple, Protocol

from aitrail.billing.columns import YEARS
from aitrail.billing.formats import BillError

_PARQUET, _GZIP = b"PAR1", b"\x1f\x8b"
_BATCH_LINES = 131_072
_BLOCK_BYTES = 2**20
_HEADING_BYTES = 2**20
# A character behind all that codes have.
_LAST = "\U0010ffff"


class Wanted(NamedTuple):
    """The columns to read, those of them that are numbers, and the columns with the service code and the begin."""

    columns: Sequence[str]
    numbers: Collection[str]
    code: str
    since: str


class Left(NamedTuple):
    """Lines that were not read, as none is of a wanted service: their number, and the last day on which one begins."""

    lines: int
    last: date


class Content(Protocol):
    """The content of a file."""

    @property
    def names(self) -> Sequence[str]:
        """The names of its columns."""
        ...

    def batches(self, wanted: Wanted, codes: Collection[str], left: Callable[[Left], None]) -> Iterator[Any]:
        """Batches of lines, among them all with service codes that begin so. `left` is called for what was not read."""
        ...


def content_of(file: BinaryIO, name: str) -> Content | None:
    """The content of a file; None if it is empty. Raises BillError."""
    begin = file.read(len(_PARQUET))
    file.seek(0)
    if not begin:
        return None  # where a run has fewer files than the one before, AWS leaves empty ones
    if begin == _PARQUET:
        return _Parquet(file)
    if begin.startswith(_GZIP) or name.endswith(".csv"):
        return _Csv(file, "gzip" if begin.startswith(_GZIP) else None)
    raise BillError(f"{name} is neither Parquet nor csv (plain or gzip). Name the folder, or a file, of an export.")


@contextmanager
def readable(name: str) -> Iterator[None]:
    """A context in which a file that pyarrow cannot read, and a missing pyarrow, are BillErrors."""
    try:
        from pyarrow.lib import ArrowException  # noqa: PLC0415 (optional)
    except ImportError:
        from aitrail.questions.export import INSTALL_PYARROW  # noqa: PLC0415 (only for this message)

        raise BillError(f"Reading a bill needs pyarrow: {INSTALL_PYARROW}.") from None
    try:
        yield
    except (ArrowException, OSError, EOFError, OverflowError, UnicodeError, csv.Error, zlib.error) as error:
        reason = " ".join(str(error).split())
        raise BillError(f"{name} cannot be read: {reason}. Is it complete? Copy it again.") from error


class _Parquet:
    def __init__(self, file: BinaryIO) -> None:
        import pyarrow.parquet as pq  # noqa: PLC0415 (optional)

        self._file = pq.ParquetFile(file)

    @property
    def names(self) -> Sequence[str]:
        """See Content."""
        names: list[str] = self._file.schema_arrow.names
        return names

    def batches(self, wanted: Wanted, codes: Collection[str], left: Callable[[Left], None]) -> Iterator[Any]:
        """See Content."""
        groups = []
        for number in range(self._file.metadata.num_row_groups):
            group = self._file.metadata.row_group(number)
            limits = _limits(group, (wanted.code, wanted.since))
            last = limits[wanted.since][1] if wanted.since in limits else None
            # What begins last tells how far the bill is, whatever the service.
            if isinstance(last, datetime) and last.year in YEARS and _excludes(limits.get(wanted.code), codes):
                left(Left(group.num_rows, last.date()))
            else:
                groups.append(number)
        yield from self._file.iter_batches(_BATCH_LINES, row_groups=groups, columns=list(wanted.columns))


def _limits(group: Any, names: Collection[str]) -> Mapping[str, tuple[Any, Any]]:  # noqa: ANN401 (of pyarrow)
    """The least and the largest value of columns in a row group, as far as the file has them."""
    columns = (group.column(number) for number in range(group.num_columns))
    found = {each.path_in_schema: each.statistics for each in columns if each.path_in_schema in names}
    return {name: (each.min, each.max) for name, each in found.items() if each is not None and each.has_min_max}


def _excludes(limits: tuple[Any, Any] | None, codes: Collection[str]) -> bool:
    if limits is None or not isinstance(limits[0], str):
        return False
    return not any(code <= limits[1] and limits[0] <= code + _LAST for code in codes)


class _Csv:
    def __init__(self, file: BinaryIO, compression: str | None) -> None:
        from pyarrow import csv as pc  # noqa: PLC0415 (optional)

        self._file, self._compression = file, compression
        # Names and tags may have line breaks.
        self._parse = pc.ParseOptions(newlines_in_values=True)

    def _stream(self) -> Any:  # noqa: ANN401 (of pyarrow)
        import pyarrow as pa  # noqa: PLC0415 (optional)

        self._file.seek(0)
        stream = pa.PythonFile(self._file, mode="r")
        return pa.CompressedInputStream(stream, self._compression) if self._compression else stream

    @cached_property
    def names(self) -> Sequence[str]:
        """See Content."""
        content = gzip.GzipFile(fileobj=self._file) if self._compression else self._file
        heading = content.readline(_HEADING_BYTES).decode("utf-8-sig")
        return next(csv.reader([heading]), [])

    def batches(self, wanted: Wanted, codes: Collection[str], left: Callable[[Left], None]) -> Iterator[Any]:  # noqa: ARG002 (all is read)
        """See Content."""
        import pyarrow as pa  # noqa: PLC0415 (optional)
        from pyarrow import csv as pc  # noqa: PLC0415 (optional)

        types = {name: pa.float64() if name in wanted.numbers else pa.string() for name in wanted.columns}
        convert = pc.ConvertOptions(include_columns=list(wanted.columns), column_types=types)
        read = pc.ReadOptions(block_size=_BLOCK_BYTES)
        yield from pc.open_csv(self._stream(), read_options=read, parse_options=self._parse, convert_options=convert)

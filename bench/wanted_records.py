"""Measures wanted records from the parsed record to the finished DynamoDB item, and the write units it costs."""

import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from typing import Any

from aitrail.dynamodb import items, put, tables, to_item
from aitrail.logfile import LogFile
from aitrail.rows import Reading, record_hash, row_of
from aitrail.services import load
from bench.corpora import Corpus
from bench.log_files import select
from bench.measuring import ROOT, Figure, Scale, cpu_seconds

_UNIT_BYTES = 1024
_MOST_BYTES = 2000  # hardly any wanted record has more
_NAME = (
    "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/21/111122223333_CloudTrail_eu-west-1_20261121T0905Z_Zr5t.json.gz"
)


def figures(scale: Scale) -> Iterator[Figure]:
    """CPU time per record, and write units per event."""
    found = dense(scale)
    records = [record for _, record in found]
    texts = [json.dumps(record, separators=(",", ":")) for record in records]
    rows = rows_of(found)
    ways: dict[str, Callable[[], object]] = {
        "whole": lambda: [put(row) for row in rows_of(found)],
        "one by one": lambda: deque(map(put, rows_of(found)), maxlen=0),
        "json.loads": lambda: [json.loads(text) for text in texts],
        "row_of": lambda: [row_of(record, log_file=_NAME, record_index=index) for index, record in found],
        "item_size": lambda: [items.item_size(row) for row in rows],
        "record_hash": lambda: [record_hash(record) for record in records],
        "to_item": lambda: [to_item(row) for row in rows],
    }
    cpu = {name: seconds / len(found) * 1e6 for name, seconds in cpu_seconds(scale.runs, ways).items()}
    size = sum(map(items.item_size, rows)) / len(rows)
    yield Figure(name=f"wanted record -> item of {size:,.0f} bytes", value=cpu["whole"], unit="us", most=40)
    yield Figure(name="wanted record -> item / json.loads of it", value=cpu["whole"] / cpu["json.loads"])
    yield Figure(name="wanted record -> item, each released as in the function", value=cpu["one by one"], unit="us")
    yield from (Figure(name=f"{name} alone", value=cpu[name], unit="us") for name in list(ways)[3:])
    units = [write_units(row) for row in rows_of(list(enumerate(_examples())))]
    yield Figure(name="write units per event, most", value=max(units), unit="units", most=6)
    yield Figure(name="write units per event, mean", value=sum(units) / len(units), unit="units", most=5.5)


def dense(scale: Scale) -> list[tuple[int, dict[str, Any]]]:
    """Wanted records with their positions."""
    return select(Corpus(wanted=1.0).files(1, size=scale.items * _MOST_BYTES)[0])[: scale.items]


class _Parsed(LogFile):
    """A log file whose records are already parsed."""

    def __init__(self, found: Sequence[tuple[int, dict[str, Any]]]) -> None:
        super().__init__(BytesIO(), frozenset())
        self._found = found

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        return iter(self._found)


def rows_of(found: Sequence[tuple[int, dict[str, Any]]]) -> list[dict[str, Any]]:
    """The rows of parsed records, created as when reading a log file."""
    reading = Reading(BytesIO(), log_file=f"s3://example-trail-logs/{_NAME}", registry=load())
    reading.content = _Parsed(found)
    return [row for batch in reading.batches() for row in batch.rows]


def write_units(row: dict[str, Any]) -> int:
    """On-demand write units of a row by DynamoDB's rules: 1 KB each, for the item and for each index entry."""
    sizes = [items.item_size(row)]
    for index in tables.EVENTS.indexes:
        if all(key in row for key in index.keys):
            columns = {*index.keys, *index.projected, tables.EVENTS.partition_key}
            sizes.append(items.item_size({name: value for name, value in row.items() if name in columns}))
    return sum(-(-size // _UNIT_BYTES) for size in sizes)


def _examples() -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted((ROOT / "tests/records").glob("*.json"))]

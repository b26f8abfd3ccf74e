"""Measures writing rows to DynamoDB with the function's client and a stub for AWS within the process."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from aitrail.dynamodb import BATCH_SIZE, items, to_item
from aitrail.ingest import EventsTable
from bench.function import Aws, deployed
from bench.measuring import Figure, Scale, cpu_seconds, wall_seconds
from bench.wanted_records import dense, rows_of

_LATENCY = 0.05
_ROWS = Sequence[dict[str, Any]]


def figures(scale: Scale) -> Iterator[Figure]:
    """CPU time per item, and the share of DynamoDB's latency that the writer hides."""
    rows = rows_of(dense(scale))
    size = sum(map(items.item_size, rows)) / len(rows)
    with deployed(Aws()) as ingestion:
        ways: dict[str, Callable[[], object]] = {
            "write": lambda: write(ingestion.events, rows),
            "to_item": lambda: [to_item(row) for row in rows],
        }
        cpu = {name: seconds / len(rows) * 1e6 for name, seconds in cpu_seconds(scale.runs, ways).items()}
    yield Figure(name=f"write an item of {size:,.0f} bytes", value=cpu["write"], unit="us", most=125)
    yield Figure(name="write an item: of it to_item", value=cpu["to_item"], unit="us")
    with deployed(Aws(latency=_LATENCY)) as ingestion:
        ways = {
            "together": lambda: write(ingestion.events, rows),
            "in turn": lambda: write_in_turn(ingestion.events, rows),
        }
        wall = wall_seconds(scale.runs, ways)
    yield Figure(name="50 ms latency: wall / one batch after another", value=wall["together"] / wall["in turn"])


def write(events: EventsTable, rows: _ROWS) -> None:
    """Passes all rows to the writer at once."""
    events.write(rows, time_left=lambda: 60.0)


def write_in_turn(events: EventsTable, rows: _ROWS) -> None:
    """Passes one batch after the other to the writer."""
    for begin in range(0, len(rows), BATCH_SIZE):
        write(events, rows[begin : begin + BATCH_SIZE])

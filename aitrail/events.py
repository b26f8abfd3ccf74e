"""Rows into the events table: one row per wanted record, keyed by eventID. `table_rows` is the way out."""

import time
from collections.abc import Callable, Sequence
from random import random
from typing import TYPE_CHECKING, Any

from aitrail.dynamodb import BatchWriter, put

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

# Batches on their way at the same time: more hide no more latency, and only make one service-day throttle earlier.
WRITERS = 4


class EventsTable:
    """The events table of one deployment; `name` is its physical name."""

    def __init__(
        self,
        client: "DynamoDBClient",
        name: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random,
        workers: int = WRITERS,
    ) -> None:
        self._writer = BatchWriter(client, name, sleep=sleep, random=random, workers=workers)

    def write(self, rows: Sequence[dict[str, Any]], *, time_left: Callable[[], float]) -> None:
        """Write rows with distinct eventIDs; a row that is there already is replaced. Raises OutOfTimeError."""
        self._writer.write(map(put, rows), time_left=time_left)

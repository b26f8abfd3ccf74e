"""The events table: rows in, rows out. One row per wanted record, keyed by eventID."""

import heapq
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import random
from typing import TYPE_CHECKING, Any

from aitrail import tables
from aitrail.dynamodb import BatchWriter, from_item, put

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_SECOND = timedelta(seconds=1)


class EventsTable:
    """The events table of one deployment; `name` is its physical name."""

    def __init__(
        self,
        client: "DynamoDBClient",
        name: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random,
    ) -> None:
        self._client = client
        self._name = name
        self._writer = BatchWriter(client, name, sleep=sleep, random=random)

    def write(self, rows: Sequence[dict[str, Any]], *, time_left: Callable[[], float]) -> None:
        """Write rows with distinct eventIDs; a row that is there already is replaced. Raises OutOfTimeError."""
        self._writer.write(map(put, rows), time_left=time_left)

    def rows(
        self, index: tables.Index, values: Iterable[str], *, since: datetime, until: datetime
    ) -> Iterator[dict[str, Any]]:
        """Rows whose index key is one of `values`, newest first, narrow columns only, read as they are consumed.

        The window is half-open: since <= eventTime < until (UTC). Every value and day is a query of its own; a day
        is asked only when the newer ones are exhausted.
        """
        keys = tuple(dict.fromkeys(values))
        for first, last in _days(since, until):
            streams = [self._day(index, key, first, last) for key in keys]
            yield from heapq.merge(*streams, key=lambda row: (row["eventTime"], row["eventID"]), reverse=True)

    def _day(self, index: tables.Index, key: str, first: datetime, last: datetime) -> Iterator[dict[str, Any]]:
        attribute, day = index.partition_keys
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            IndexName=index.name,
            KeyConditionExpression="#key = :key AND #day = :day AND #time BETWEEN :first AND :last",
            ExpressionAttributeNames={"#key": attribute, "#day": day, "#time": index.sort_keys[0]},
            ExpressionAttributeValues={
                ":key": {"S": key},
                ":day": {"S": first.date().isoformat()},
                ":first": {"S": _event_time(first)},
                ":last": {"S": _event_time(last)},
            },
            ScanIndexForward=False,
        )
        for page in pages:
            yield from map(from_item, page["Items"])


def _days(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The window cut into UTC days, newest first: first and last whole second of each, both inclusive."""
    begin, end = _whole_second(since), _whole_second(until)
    while begin < end:
        last = end - _SECOND
        end = max(begin, last.replace(hour=0, minute=0, second=0))
        yield end, last


def _whole_second(moment: datetime) -> datetime:
    """The first whole second at or after the moment: eventTime has no fractions."""
    moment = moment.astimezone(UTC)
    return moment if moment.microsecond == 0 else moment.replace(microsecond=0) + _SECOND


def _event_time(moment: datetime) -> str:
    # Not strftime: it writes the year 1 without leading zeros on some platforms.
    return moment.replace(tzinfo=None).isoformat() + "Z"

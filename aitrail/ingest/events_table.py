"""Writes rows to the events table, one per wanted record, keyed by eventID; `aitrail.questions.TableRows` reads it."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from aitrail.aws import in_order, patiently
from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.dynamodb import BatchWriter, put, to_item

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

# Batches in flight: more would not hide more latency, and would make one service's day in an index throttle earlier.
WRITERS = 4


class EventsTable:
    """The events table of one deployment; `name` is its physical name."""

    def __init__(
        self,
        client: "DynamoDBClient",
        name: str,
        *,
        clock: Clock = SYSTEM_CLOCK,
        workers: int = WRITERS,
    ) -> None:
        self._client, self._name = client, name
        self._clock, self._workers = clock, workers
        self._writer = BatchWriter(client, name, clock=clock, workers=workers)

    def write(self, rows: Sequence[dict[str, Any]], *, time_left: Callable[[], float]) -> None:
        """Writes rows with distinct eventIDs, replacing existing rows. Raises OutOfTimeError."""
        self._writer.write(map(put, rows), time_left=time_left)

    def add(self, rows: Sequence[dict[str, Any]]) -> int:
        """Writes the rows whose eventID is not in the table yet, and returns their number.

        Raises the client's errors.
        """
        return sum(in_order((partial(self._add, row) for row in rows), workers=self._workers))

    def remove(self, row: dict[str, Any]) -> bool:
        """Deletes a row of any shape if it still names the same log file; returns whether it did.

        Raises the client's errors.
        """
        named = row.get("logFile")
        is_usual = isinstance(named, str)
        return _is_met(
            partial(
                self._client.delete_item,
                TableName=self._name,
                Key=to_item({"eventID": row["eventID"]}),
                ConditionExpression="logFile = :named" if is_usual else "NOT attribute_type(logFile, :named)",
                ExpressionAttributeValues=to_item({":named": named if is_usual else "S"}),
            ),
            self._clock,
        )

    def _add(self, row: dict[str, Any]) -> bool:
        return _is_met(partial(self._put_new, row), self._clock)

    def _put_new(self, row: dict[str, Any]) -> None:
        self._client.put_item(
            TableName=self._name, Item=to_item(row), ConditionExpression="attribute_not_exists(eventID)"
        )


def _is_met(write: Callable[[], object], clock: Clock) -> bool:
    """Makes a conditional write; returns whether its condition was met."""
    try:
        patiently(write, clock)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True

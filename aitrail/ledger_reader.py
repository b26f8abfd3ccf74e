"""What the ledger holds, read from its indexes: the entries of a day of delivery, and those with a problem."""

import time
from collections.abc import Callable, Iterable, Iterator
from random import random
from typing import TYPE_CHECKING, Any

from aitrail import tables
from aitrail.dynamodb import Reader

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_Entry = dict[str, Any]


class LedgerReader:
    """The files table by its indexes, as far as these have its entries already; `name` is its physical name."""

    def __init__(
        self,
        client: "DynamoDBClient",
        name: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random,
    ) -> None:
        self._reader = Reader(client, name, sleep=sleep, random=random)

    def with_problem(self, problem: str) -> Iterator[_Entry]:
        """The entries with that problem (see docs/rows.md) in the order of log files.

        Pages are read as they are consumed. Raises botocore's errors.
        """
        return self._entries(tables.BY_PROBLEM, problem)

    def of_day(self, day: str, *, begins_with: str = "") -> Iterator[_Entry]:
        """The entries of a day of delivery (YYYY-MM-DD) whose names begin so, in the order of names; the same."""
        return self._entries(tables.BY_DAY, day, begins_with)

    def _entries(self, index: tables.Index, value: str, begins_with: str = "") -> Iterator[_Entry]:
        condition, names, values = "#key = :value", {"#key": index.partition_keys[0]}, {":value": {"S": value}}
        if begins_with:
            condition += " AND begins_with(#name, :begin)"
            names["#name"], values[":begin"] = index.sort_keys[0], {"S": begins_with}
        start: dict[str, Any] = {}
        while True:
            found, key = self._reader.query(
                IndexName=index.name,
                KeyConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
                **start,
            )
            yield from found
            if key is None:
                return
            start = {"ExclusiveStartKey": key}

    def whole(self, entries: Iterable[_Entry]) -> Iterator[_Entry]:
        """The same entries with all their attributes; one that is gone meanwhile stays as it is."""
        return self._reader.whole(entries, key=("logFile", "entry"))

    def effort(self) -> str:
        """What reading has taken until now, for people."""
        return self._reader.effort()

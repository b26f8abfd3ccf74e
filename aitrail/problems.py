"""What the ledger holds that a person should look at, read from its index of problems."""

import time
from collections.abc import Callable, Iterable, Iterator
from random import random
from typing import TYPE_CHECKING, Any

from aitrail import tables
from aitrail.dynamodb import Reader

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_Entry = dict[str, Any]


class Problems:
    """The entries of the files table that have a problem; `name` is its physical name."""

    def __init__(
        self,
        client: "DynamoDBClient",
        name: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random,
    ) -> None:
        self._reader = Reader(client, name, sleep=sleep, random=random)

    def entries(self, problem: str) -> Iterator[_Entry]:
        """The entries with that problem (see docs/rows.md) in the order of log files, as far as the index has them.

        Pages are read as they are consumed. Raises botocore's errors.
        """
        index = tables.BY_PROBLEM
        start: dict[str, Any] = {}
        while True:
            found, key = self._reader.query(
                IndexName=index.name,
                KeyConditionExpression="#problem = :problem",
                ExpressionAttributeNames={"#problem": index.partition_keys[0]},
                ExpressionAttributeValues={":problem": {"S": problem}},
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

"""Reads the ledger's indexes: the entries of a day of delivery, and the entries with a problem."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from aitrail.aws import Fetch, unordered
from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.dynamodb import Reader, tables

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_Entry = dict[str, Any]


class LedgerReader:
    """Reads the indexes of the files table, which are eventually consistent; `name` is the table's physical name."""

    def __init__(
        self,
        client: "DynamoDBClient",
        name: str,
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._reader = Reader(client, name, clock=clock)

    def with_problem(self, problem: str, *, after: str = "") -> Iterator[_Entry]:
        """The entries with that problem (see docs/rows.md) after the log file `after`, in the order of log files.

        Pages are fetched as they are consumed. Raises botocore's errors.
        """
        return self._entries(tables.BY_PROBLEM, problem, after=after)

    def first_with_problem(self, problem: str, *, after: str) -> _Entry | None:
        """The first entry with that problem after the name `after`; None if there is none. Raises botocore's errors."""
        found, _ = self._fetch(tables.BY_PROBLEM, problem, after=after, Limit=1)(None)
        return next(iter(found), None)

    def of_day(self, day: str, *, begins_with: str = "") -> Iterator[_Entry]:
        """The entries of a day of delivery (YYYY-MM-DD) with this prefix, in the order of log files.

        Pages are fetched as they are consumed. Raises botocore's errors.
        """
        return self._entries(tables.BY_DAY, day, begins_with)

    def of_days(self, days: Iterable[str], *, names: Iterable[str]) -> Iterator[_Entry]:
        """The entries of many days of delivery, unordered, with only these attributes of the index.

        Pages are fetched in parallel. Raises botocore's errors.
        """
        shown = {f"#{name}": name for name in names}
        return unordered(self._fetch(tables.BY_DAY, day, shown=shown) for day in days)

    def _entries(self, index: tables.Index, value: str, begins_with: str = "", *, after: str = "") -> Iterator[_Entry]:
        fetch, key = self._fetch(index, value, begins_with, after=after), None
        while True:
            found, key = fetch(key)
            yield from found
            if key is None:
                return

    def _fetch(
        self,
        index: tables.Index,
        value: str,
        begins_with: str = "",
        *,
        after: str = "",
        shown: Mapping[str, str] | None = None,
        **more: int,
    ) -> Fetch:
        condition, names, values = "#key = :value", {"#key": index.partition_keys[0]}, {":value": {"S": value}}
        if begins_with:
            condition += " AND begins_with(#name, :begin)"
            names["#name"], values[":begin"] = index.sort_keys[0], {"S": begins_with}
        elif after:
            condition += " AND #name > :after"
            names["#name"], values[":after"] = index.sort_keys[0], {"S": after}
        parameters = {
            "IndexName": index.name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": {**names, **(shown or {})},
            "ExpressionAttributeValues": values,
            **more,
        }
        return self._reader.query(parameters | ({"ProjectionExpression": ", ".join(shown)} if shown else {}))

    def whole(self, entries: Iterable[_Entry]) -> Iterator[_Entry]:
        """Fetches all attributes of the entries; one that has been deleted in the meantime is returned as it is."""
        return self._reader.whole(entries, key=("logFile", "entry"))

    def effort(self) -> str:
        """The requests and read units so far, as text for people."""
        return self._reader.effort()

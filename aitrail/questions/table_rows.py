"""Reads rows from the events table: narrow rows from its indexes, whole rows by eventID."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from aitrail.aws import Fetch, Page, merged, unordered
from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.dynamodb import Reader, items, tables
from aitrail.questions.filters import Filter
from aitrail.questions.planner import Plan
from aitrail.questions.selecting import selected
from aitrail.questions.source import Order, Row
from aitrail.rows import IMPORTED, Expiry
from aitrail.services import Registry
from aitrail.services import load as load_registry
from aitrail.window import Day, Window, format_time

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

# A page of 1 MB has fewer rows, so a larger Limit would have no effect; DynamoDB accepts at most 32 bits.
_MOST_OF_A_PAGE = 10_000
# Of the 100 that IN in an expression of at most 4 KB accepts.
_MOST_NAMES = 100


class TableRows:
    """The events table of one deployment as a source of rows; `name` is its physical name.

    With the deployment's `retention`, rows that have expired are left out: DynamoDB deletes them some days later.
    `created` is the time of the deployment, after which every call is expected to have a row.
    """

    by_day = True

    def __init__(  # noqa: PLR0913 (what a table is, and what a deployment tells of it)
        self,
        client: "DynamoDBClient",
        name: str,
        *,
        registry: Registry | None = None,
        retention: timedelta | None = None,
        created: datetime | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._client = client
        self._clock = clock
        self._retention = retention
        self.filled_since = created
        self._name = name
        self._reader = Reader(client, name, clock=clock)
        self._registry = registry or load_registry()
        self._plans: dict[str, None] = {}

    @property
    def address(self) -> str:
        """See RowSource."""
        # CloudFormation gives every table a unique name, so the account is not needed.
        return f"table {self._name} in {self._client.meta.region_name} at {self._client.meta.endpoint_url}"

    @property
    def complete(self) -> bool:
        """See RowSource. Always True, because a failed read raises an error."""
        return True

    @property
    def kept_since(self) -> datetime | None:
        """See RowSource."""
        return None if self._retention is None else self._expiry.earliest

    def rows(
        self, wanted: Filter, window: Window, *, order: Order = Order.NEWEST_FIRST, limit: int | None = None
    ) -> Iterator[Row]:
        """See RowSource. Raises botocore's errors."""
        window = self._expiry.unexpired(window)
        plan = Plan.of(wanted, window, self._registry)
        self._plans[str(plan)] = None
        options: dict[str, Any] = {"ScanIndexForward": order is Order.OLDEST_FIRST}
        if limit is not None and plan.is_exact:
            options["Limit"] = min(limit, _MOST_OF_A_PAGE)
        days = plan.days[::-1] if order is Order.OLDEST_FIRST else plan.days
        groups = (self._fetches(plan, day, options) for day in days)
        found = self._read(groups, order, read_on=limit is None)
        return islice(selected(found, wanted, self.whole), limit)

    def _fetches(self, plan: Plan, day: Day, options: dict[str, Any]) -> list[Fetch]:
        fetches = [self._reader.query(plan.query(value, day) | options) for value in plan.values]
        for service in plan.beside:
            fetch = self._reader.query(plan.query_beside(service, day) | options)
            fetches.append(partial(_without, fetch, frozenset(plan.values)))
        return fetches

    @property
    def _expiry(self) -> Expiry:
        return Expiry(now=self._clock.now(), retention=self._retention)

    def _read(self, groups: Iterable[list[Fetch]], order: Order, *, read_on: bool) -> Iterator[Row]:
        if order is Order.ANY:
            return unordered(fetch for group in groups for fetch in group)
        descending = order is Order.NEWEST_FIRST
        return merged(groups, key=_time_and_id, descending=descending, read_on=read_on)

    def whole(self, rows: Iterable[Row]) -> Iterator[Row]:
        """See RowSource. Raises botocore's errors."""
        return self._reader.whole(rows, key=("eventID",))

    def row(self, event_id: str) -> Row | None:
        """See RowSource. Raises botocore's errors."""
        found = self._reader.get({"eventID": event_id}) if items.is_partition_key(event_id) else None
        return None if found is None or self._expiry.has_expired(found) else found

    def naming(self, log_files: Sequence[str]) -> Iterator[Row]:
        """The whole rows that name one of these log files; reads the whole table. Raises botocore's errors."""
        for start in range(0, len(log_files), _MOST_NAMES):
            places = {f":f{number}": name for number, name in enumerate(log_files[start : start + _MOST_NAMES])}
            yield from self._reader.scan(
                FilterExpression=f"logFile IN ({', '.join(places)})",
                ExpressionAttributeValues={place: {"S": name} for place, name in places.items()},
            )

    def imported_rows(self) -> int:
        """The number of imported rows that no log file has delivered yet. Raises botocore's errors."""
        ((attribute, value),) = IMPORTED.items()
        return self._reader.count(
            IndexName=tables.BY_IMPORT.name,
            KeyConditionExpression="#key = :value AND #time > :earliest",
            ExpressionAttributeNames={"#key": attribute, "#time": tables.BY_IMPORT.sort_keys[0]},
            ExpressionAttributeValues={
                ":value": {"S": value},
                ":earliest": {"S": format_time(self._expiry.earliest)},
            },
        )

    def effort(self) -> str:
        """See RowSource."""
        plans = f" ({'; '.join(self._plans)})" if self._plans else ""
        return f"{self._reader.effort()}{plans}"


def _without(fetch: Fetch, resources: frozenset[str], key: Any) -> Page:  # noqa: ANN401 (a key of DynamoDB's)
    """A page without the rows that the index of resources has."""
    page = fetch(key)
    return page._replace(items=[row for row in page.items if row.get("resource") not in resources])


def _time_and_id(row: Row) -> tuple[str, str]:
    return row["eventTime"], row["eventID"]

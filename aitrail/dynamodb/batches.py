"""Writes batches to a table until every item is stored, and reads from a table while counting the cost."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, cast

from aitrail.aws import Fetch, Page, in_order, pauses
from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.dynamodb.attributes import from_item, to_item
from aitrail.dynamodb.encoding import encode_for
from aitrail.errors import AitrailError

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import WriteRequestTypeDef

# BatchWriteItem accepts 25 items and a body of 16 MB. JSON may take ten times the 400 KB that an item has by DynamoDB's
# count, as for lists of empty texts. Several batches are in memory at a time, so they end before: an item that takes
# more is a batch of its own.
BATCH_SIZE = 25
BATCH_BYTES = 2 * 1024 * 1024
# BatchGetItem accepts 100 keys, but several batches are in memory at a time: 25 items have at most 10 MB.
_WHOLE_AT_ONCE = 25


class OutOfTimeError(AitrailError):
    """There is not enough time left to finish; nothing is lost, because a retry writes the same items."""


def put(values: dict[str, Any]) -> "WriteRequestTypeDef":
    """A write request for BatchWriteItem that puts an item."""
    return {"PutRequest": {"Item": to_item(values)}}


def delete(key: dict[str, Any]) -> "WriteRequestTypeDef":
    """A write request for BatchWriteItem that deletes an item."""
    return {"DeleteRequest": {"Key": to_item(key)}}


class BatchWriter:
    """Sends write requests to one table until DynamoDB has processed all of them.

    The client retries throttling, timeouts and 5xx (botocore's standard mode); this class retries UnprocessedItems.
    Up to `workers` batches are in flight at the same time. Only one request is in the form of typed attributes at a
    time if the client encodes batches at once (`encode_batches_at_once`).
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        *,
        clock: Clock = SYSTEM_CLOCK,
        workers: int = 1,
    ) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._workers = workers
        self._encode = encode_for(client)

    def write(self, requests: Iterable["WriteRequestTypeDef"], *, time_left: Callable[[], float]) -> None:
        """Sends all requests, whose keys must be distinct; `time_left` returns seconds. Raises OutOfTimeError."""
        batches = self._batches(requests)
        first, second = next(batches, None), next(batches, None)
        if first and second:
            tasks = (partial(self._write_batch, batch, time_left) for batch in chain([first, second], batches))
            deque(in_order(tasks, workers=self._workers), maxlen=0)
        elif first:  # most files: threads would cost more than they save
            self._write_batch(first, time_left)

    def _batches(self, requests: Iterable["WriteRequestTypeDef"]) -> Iterator[Sequence["WriteRequestTypeDef"]]:
        batch, size = list["WriteRequestTypeDef"](), 0
        for encoded, request_bytes in map(self._encode, requests):
            if batch and size + request_bytes > BATCH_BYTES:
                yield batch
                batch, size = [], 0
            batch.append(encoded)
            size += request_bytes
            if len(batch) == BATCH_SIZE:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _write_batch(self, batch: Sequence["WriteRequestTypeDef"], time_left: Callable[[], float]) -> None:
        for pause in pauses(self._clock):
            if time_left() <= 0:
                raise OutOfTimeError(f"no time left to write {len(batch)} items to {self._table}")
            answer = self._client.batch_write_item(RequestItems={self._table: batch})
            batch = cast("list[WriteRequestTypeDef]", answer["UnprocessedItems"].get(self._table, []))
            if not batch:
                return
            if pause >= time_left():
                raise OutOfTimeError(f"no time left: DynamoDB left {len(batch)} items for {self._table} unprocessed")
            self._clock.sleep(pause)


class Reader:
    """Reads one table, eventually consistent, and counts requests and read units; threads may share it."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._lock = threading.Lock()
        self.requests = 0
        self.read_units = 0.0

    def query(self, parameters: Mapping[str, Any]) -> Fetch:
        """Fetches pages of the items that a Query with these parameters finds; keys of pages are LastEvaluatedKeys."""

        def fetch(key: Any) -> Page:  # noqa: ANN401 (LastEvaluatedKey)
            start = {} if key is None else {"ExclusiveStartKey": key}
            answer = self._client.query(TableName=self._table, ReturnConsumedCapacity="TOTAL", **parameters, **start)
            self._count(answer.get("ConsumedCapacity"))
            return Page([from_item(item) for item in answer["Items"]], answer.get("LastEvaluatedKey"))

        return fetch

    def count(self, **parameters: Any) -> int:  # noqa: ANN401 (parameters of Query)
        """The number of items that a query finds, on all pages."""
        found, start = 0, dict[str, Any]()
        while True:
            answer = self._client.query(
                TableName=self._table, Select="COUNT", ReturnConsumedCapacity="TOTAL", **parameters, **start
            )
            self._count(answer.get("ConsumedCapacity"))
            found += answer["Count"]
            if not answer.get("LastEvaluatedKey"):
                return found
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def scan(self, **parameters: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 (parameters of Scan)
        """The items of the whole table that match the parameters, page by page."""
        start = dict[str, Any]()
        while True:
            answer = self._client.scan(TableName=self._table, ReturnConsumedCapacity="TOTAL", **parameters, **start)
            self._count(answer.get("ConsumedCapacity"))
            yield from map(from_item, answer["Items"])
            if not answer.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def get(self, key: dict[str, str]) -> dict[str, Any] | None:
        """The item with that key; None if there is none."""
        answer = self._client.get_item(TableName=self._table, Key=to_item(key), ReturnConsumedCapacity="TOTAL")
        self._count(answer.get("ConsumedCapacity"))
        return from_item(answer["Item"]) if "Item" in answer else None

    def get_all(self, keys: Sequence[dict[str, str]]) -> Iterator[dict[str, Any]]:
        """The items with these keys (at most 100, distinct), in any order; keys without an item are skipped."""
        wanted = [to_item(key) for key in keys]
        for pause in pauses(self._clock):
            answer = self._client.batch_get_item(
                RequestItems={self._table: {"Keys": wanted}}, ReturnConsumedCapacity="TOTAL"
            )
            self._count(*answer.get("ConsumedCapacity", []))
            yield from map(from_item, answer["Responses"].get(self._table, []))
            unprocessed = answer.get("UnprocessedKeys", {}).get(self._table)
            if not unprocessed:
                return
            wanted = cast("list[dict[str, Any]]", unprocessed["Keys"])
            self._clock.sleep(pause)

    def whole(self, found: Iterable[dict[str, Any]], *, key: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Fetches all attributes of the items, in the same order; `key` names the attributes of the table's key.

        Items are fetched as they are consumed. An item that has been deleted in the meantime is returned as found.
        """
        rest = iter(found)
        batches = iter(lambda: list(islice(rest, _WHOLE_AT_ONCE)), [])
        for batch in in_order(partial(self._whole, batch, key) for batch in batches):
            yield from batch

    def _whole(self, found: list[dict[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
        keys = [tuple(item[name] for name in names) for item in found]
        wanted = [dict(zip(names, key, strict=True)) for key in dict.fromkeys(keys)]
        whole = {tuple(item[name] for name in names): item for item in self.get_all(wanted)}
        return [whole.get(key, item) for key, item in zip(keys, found, strict=True)]

    def effort(self) -> str:
        """The requests and read units so far, as text for people."""
        return f"{self.requests:,} requests, {self.read_units:,.1f} read units"

    def _count(self, *capacities: Any) -> None:  # noqa: ANN401 (ConsumedCapacity, which local engines may leave out)
        with self._lock:
            self.requests += 1
            self.read_units += sum(capacity["CapacityUnits"] for capacity in capacities if capacity)

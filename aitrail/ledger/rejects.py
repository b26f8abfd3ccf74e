"""Rejects in the ledger: one entry for each wanted record that could not become a row."""

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.dynamodb import BatchWriter, delete, from_item, put
from aitrail.ledger.entries import REJECT, REJECTED
from aitrail.ledger.updating import Attributes, EntryStore
from aitrail.rows import RejectedRecord

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class Rejects:
    """The rejects of one files table; `table` is its physical name. Raises the client's errors."""

    def __init__(self, client: "DynamoDBClient", table: str, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._client = client
        self._table = table
        self._entries = EntryStore(client, table)
        self._writer = BatchWriter(client, table, clock=clock)

    def record(
        self,
        log_file: str,
        rejects: Sequence[RejectedRecord],
        *,
        expires_at: int | None,
        time_left: Callable[[], float],
    ) -> None:
        """Writes one entry per reject. Raises OutOfTimeError."""
        expiry = {} if expires_at is None else {"expiresAt": expires_at}
        entries = (put(_reject_entry(log_file, reject) | expiry) for reject in rejects)
        self._writer.write(entries, time_left=time_left)

    def forget(self, log_file: str, *, but: Collection[int | str], time_left: Callable[[], float]) -> None:
        """Deletes the rejects of an earlier reading, except those with the keys `but`."""
        kept = {f"{REJECT}{key}" for key in but}
        stale = [each["entry"] for each in self.of(log_file) if each["entry"] not in kept]
        self._writer.write([delete({"logFile": log_file, "entry": entry}) for entry in stale], time_left=time_left)

    def of(self, log_file: str) -> list[dict[str, Any]]:
        """The rejects of a log file: `entry`, `problem` (REJECTED or ACCEPTED), and `accepted` if it was ever set."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="logFile = :file AND begins_with(#entry, :reject)",
            ProjectionExpression="#entry, problem, accepted",
            ExpressionAttributeNames={"#entry": "entry"},
            ExpressionAttributeValues={":file": {"S": log_file}, ":reject": {"S": REJECT}},
        )
        return [from_item(item) for page in pages for item in page["Items"]]

    def change_acceptances(self, log_file: str, problem: str, changed: Callable[[list[Attributes]], list[Any]]) -> int:
        """Changes the acceptances of a log file's rejects that do not have `problem` yet; returns their number."""
        others = [each for each in self.of(log_file) if each["problem"] != problem]
        tries = [
            self._entries.change_if(
                log_file,
                each["entry"],
                {"problem": problem, "accepted": changed(each.get("accepted", []))},
                {name: each.get(name) for name in ("problem", "accepted")},
            )
            for each in others
        ]
        return tries.count(None)


def _reject_entry(log_file: str, reject: RejectedRecord) -> dict[str, Any]:
    where = {"recordIndex": reject.key} if isinstance(reject.key, int) else {}
    return {
        "logFile": log_file,
        "entry": f"{REJECT}{reject.key}",
        "problem": REJECTED,
        "status": "rejected",
        "reason": reject.reason,
        **where,
        "eventSource": reject.event_source,
        "eventName": reject.event_name,
        **reject.kept,
    }

"""The ledger (files table): what became of every delivery, and every reject with its reason."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from random import random
from typing import TYPE_CHECKING, Any

from aitrail.attributes import from_item, to_item
from aitrail.dynamodb import BatchWriter, delete, put
from aitrail.reading import RejectedRecord

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

FILE = "file"
REJECT = "reject#"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One delivery. Counts are records; `bytes` and `sha256` are of the uncompressed content; times are UTC.

    `status`: ingested, unreadable, missing, archived. `problem` is set where a person should look, and only there.
    Attributes are named in the table as they are here, in camel case.
    """

    log_file: str
    status: str
    problem: str | None = None
    reason: str | None = None
    position: int | None = None
    recorded_with: str | None = None
    etag: str | None = None
    version_id: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    records: int | None = None
    wanted: int | None = None
    written: int | None = None
    rejected: int | None = None
    expired: int | None = None
    duplicates_in_file: int | None = None
    account: str | None = None
    region: str | None = None
    delivered_at: str | None = None
    delivery_day: str | None = None
    first_event_time: str | None = None
    last_event_time: str | None = None
    ingested_at: str | None = None
    expires_at: int | None = None

    @property
    def was_read(self) -> bool:
        """Whether S3 handed out the content, sound or not."""
        return self.status in ("ingested", "unreadable")


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


_VERDICT = {"status", "problem", "reason", "position"}
# Field of FileEntry -> attribute in the table.
ATTRIBUTES = {field.name: _camel_case(field.name) for field in fields(FileEntry) if field.name != "log_file"}


class Ledger:
    """The files table of one deployment; `table` is its physical name."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random,
    ) -> None:
        self._client = client
        self._table = table
        self._writer = BatchWriter(client, table, sleep=sleep, random=random)

    def entry(self, log_file: str) -> dict[str, Any] | None:
        """The file entry with its attributes as plain values (numbers are Decimal), or None."""
        answer = self._client.get_item(TableName=self._table, Key=_key(log_file, FILE))
        return from_item(answer["Item"]) if "Item" in answer else None

    def record(self, entry: FileEntry) -> None:
        """Set the attributes of the entry and remove those that no longer hold; attributes of others stay."""
        values = {attribute: getattr(entry, name) for name, attribute in ATTRIBUTES.items()}
        present = {attribute: value for attribute, value in values.items() if value is not None}
        # Nothing was read of a missing or archived object: what an earlier reading counted is still true.
        replaced = values.keys() if entry.was_read else _VERDICT
        absent = replaced - present.keys()
        update = "SET " + ", ".join(f"#{attribute} = :{attribute}" for attribute in present)
        if absent:
            update += " REMOVE " + ", ".join(f"#{attribute}" for attribute in sorted(absent))
        self._client.update_item(
            TableName=self._table,
            Key=_key(entry.log_file, FILE),
            UpdateExpression=update,
            ExpressionAttributeNames={f"#{attribute}": attribute for attribute in present.keys() | absent},
            ExpressionAttributeValues=to_item({f":{attribute}": value for attribute, value in present.items()}),
        )

    def record_rejects(
        self,
        log_file: str,
        rejects: Sequence[RejectedRecord],
        *,
        expires_at: int | None,
        time_left: Callable[[], float],
    ) -> None:
        """Write one entry per reject. Raises OutOfTimeError."""
        expiry = {} if expires_at is None else {"expiresAt": expires_at}
        entries = (put(_reject_entry(log_file, reject) | expiry) for reject in rejects)
        self._writer.write(entries, time_left=time_left)

    def forget_rejects(self, log_file: str, *, but: set[int], time_left: Callable[[], float]) -> None:
        """Delete the rejects of an earlier reading, except those at the record indexes `but`."""
        kept = {f"{REJECT}{index}" for index in but}
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="logFile = :file AND begins_with(#entry, :reject)",
            ProjectionExpression="#entry",
            ExpressionAttributeNames={"#entry": "entry"},
            ExpressionAttributeValues={":file": {"S": log_file}, ":reject": {"S": REJECT}},
        )
        found = [item["entry"]["S"] for page in pages for item in page["Items"]]
        stale = [delete({"logFile": log_file, "entry": entry}) for entry in found if entry not in kept]
        self._writer.write(stale, time_left=time_left)


def _key(log_file: str, entry: str) -> dict[str, Any]:
    return {"logFile": {"S": log_file}, "entry": {"S": entry}}


def _reject_entry(log_file: str, reject: RejectedRecord) -> dict[str, Any]:
    return {
        "logFile": log_file,
        "entry": f"{REJECT}{reject.record_index}",
        "problem": "reject",
        "status": "rejected",
        "reason": reject.reason,
        "recordIndex": reject.record_index,
        "eventSource": reject.event_source,
        "eventName": reject.event_name,
    } | reject.kept

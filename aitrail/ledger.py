"""The ledger (files table): what became of every delivery, and every reject with its reason."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from random import random
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from aitrail.attributes import from_item, to_item
from aitrail.dynamodb import BatchWriter, delete, put
from aitrail.entries import ACCEPTED, FILE, PREMISES, REJECT, REJECTED, Entry, settled
from aitrail.reading import RejectedRecord

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_Attributes = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a verified digest says of an object: the SHA-256 of its uncompressed content.

    `listed_at` is the end of the digest's hour. `known` are the attributes that the object's name gives.
    """

    log_file: str
    entry: str
    expected_sha256: str
    listed_by: str
    listed_at: str
    known: dict[str, Any]


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

    def entry(self, log_file: str, entry: str = FILE, *, consistent: bool = False) -> dict[str, Any] | None:
        """The entry with its attributes as plain values, or None."""
        options: Any = {"ConsistentRead": True} if consistent else {}
        answer = self._client.get_item(TableName=self._table, Key=_key(log_file, entry), **options)
        return from_item(answer["Item"]) if "Item" in answer else None

    def record(self, entry: Entry, kind: str = FILE, earlier: _Attributes | None = None) -> dict[str, Any]:
        """Set the attributes of the entry and remove those that no longer hold; attributes of others stay.

        `earlier` is the entry as it was read before: with it, one write does. Returns the entry as it is then.
        """
        values = entry.attributes()
        changes = values | _settling(_after(earlier or {}, values))
        answer = self._client.update_item(**self._update(_key(entry.log_file, kind), changes), ReturnValues="ALL_NEW")
        return self._settle(from_item(answer["Attributes"]))

    def expect(self, listing: Listing) -> dict[str, Any]:
        """Note what a digest says of an object, before or after that has come. Returns the entry as it is then.

        What was read and is as the digest says costs one write and no read.
        """
        key = _key(listing.log_file, listing.entry)
        said = {
            "expectedSha256": listing.expected_sha256,
            "listedBy": listing.listed_by,
            "listedAt": listing.listed_at,
        }
        proved = {"expectedSha256": listing.expected_sha256, "verifiedBy": listing.listed_by}
        old = self._try(key, proved, {"sha256": listing.expected_sha256, "problem": None})
        if old is None:
            return proved
        return self._amend(key, old, lambda seen: said if seen.get("status") else listing.known | said)

    def doubt(self, log_file: str, doubt: str | None) -> dict[str, Any]:
        """Note that a log file is in doubt, or no longer, unless a digest lists it. Returns the entry as it is then."""
        key = _key(log_file, FILE)
        return self._amend(key, self.entry(log_file, consistent=True) or {}, lambda _: {"doubt": doubt})

    def accept(self, log_file: str, kind: str, acceptance: _Attributes) -> dict[str, Any]:
        """Note that somebody accepts a problem (see `entries.acceptance`) of an entry. Returns it as it is then."""
        return self._accept(log_file, kind, lambda seen: [*seen.get("accepted", ()), dict(acceptance)])

    def take_back(self, log_file: str, kind: str) -> dict[str, Any]:
        """Let nothing of an entry be accepted any more. Returns it as it is then."""
        return self._accept(log_file, kind, lambda _: None)

    def _accept(self, log_file: str, kind: str, changed: Callable[[_Attributes], Any]) -> dict[str, Any]:
        key = _key(log_file, kind)
        entry = self.entry(log_file, kind, consistent=True) or {}
        return self._amend(key, entry, lambda seen: {"accepted": changed(seen)})

    def accept_rejects(self, log_file: str, acceptance: _Attributes | None) -> int:
        """Note that somebody accepts the rejects of a log file, or with None no longer; how many there were."""
        old, new = (REJECTED, ACCEPTED) if acceptance else (ACCEPTED, REJECTED)
        changes = {"problem": new, "accepted": [dict(acceptance)] if acceptance else None}
        found = [entry for entry, problem in self.rejects(log_file).items() if problem == old]
        return [self._try(_key(log_file, entry), changes, {"problem": old}) for entry in found].count(None)

    def note(self, log_file: str, kind: str, **attributes: Any) -> None:  # noqa: ANN401 (any value)
        """Set attributes of an entry on which nothing depends."""
        self._client.update_item(**self._update(_key(log_file, kind), attributes))

    def _amend(
        self, key: dict[str, Any], seen: _Attributes, changed: Callable[[_Attributes], _Attributes]
    ) -> dict[str, Any]:
        """Change an entry, and what follows from that, however often somebody else changes it meanwhile."""
        old: _Attributes | None = seen
        while old is not None:
            seen = old
            values = changed(seen)
            changes = {**values, **_settling(_after(seen, values))}
            old = self._try(key, changes, {name: seen.get(name) for name in PREMISES})
        return _after(seen, changes)

    def _settle(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Let the entry say what its attributes together mean, if it does not yet."""
        if all(entry.get(name) == value for name, value in settled(entry).items()):
            return entry
        return self._amend(_key(entry["logFile"], entry["entry"]), entry, lambda _: {})

    def _try(self, key: dict[str, Any], changes: _Attributes, premises: _Attributes) -> dict[str, Any] | None:
        """Change an entry if its attributes are as they should be; the entry as it is where they are not, else None."""
        try:
            self._client.update_item(
                **self._update(key, changes, premises), ReturnValuesOnConditionCheckFailure="ALL_OLD"
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            found: Any = error.response.get("Item", {})
            return from_item(found)
        return None

    def _update(self, key: dict[str, Any], changes: _Attributes, premises: _Attributes | None = None) -> Any:  # noqa: ANN401
        """The parameters of UpdateItem: None stands for an attribute that is not to be, or not there."""
        present = {name: value for name, value in changes.items() if value is not None}
        absent = sorted(changes.keys() - present.keys())
        update = "SET " + ", ".join(f"#{name} = :{name}" for name in present) if present else ""
        if absent:
            update += " REMOVE " + ", ".join(f"#{name}" for name in absent)
        names, values = {f"#{name}": name for name in changes}, {f":{name}": value for name, value in present.items()}
        parameters: dict[str, Any] = {"TableName": self._table, "Key": key, "UpdateExpression": update.strip()}
        if premises is not None:
            parameters["ConditionExpression"] = " AND ".join(
                f"attribute_not_exists(#{name})" if value is None else f"#{name} = :old_{name}"
                for name, value in premises.items()
            )
            names |= {f"#{name}": name for name in premises}
            values |= {f":old_{name}": value for name, value in premises.items() if value is not None}
        return parameters | {
            "ExpressionAttributeNames": names,
            **({"ExpressionAttributeValues": to_item(values)} if values else {}),
        }

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

    def forget_rejects(self, log_file: str, *, but: Collection[int | str], time_left: Callable[[], float]) -> None:
        """Delete the rejects of an earlier reading, except those with the keys `but`."""
        kept = {f"{REJECT}{key}" for key in but}
        stale = [entry for entry in self.rejects(log_file) if entry not in kept]
        self._writer.write([delete({"logFile": log_file, "entry": entry}) for entry in stale], time_left=time_left)

    def rejects(self, log_file: str) -> dict[str, str]:
        """The rejects of a log file: sort key -> problem, REJECTED or ACCEPTED."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="logFile = :file AND begins_with(#entry, :reject)",
            ProjectionExpression="#entry, problem",
            ExpressionAttributeNames={"#entry": "entry"},
            ExpressionAttributeValues={":file": {"S": log_file}, ":reject": {"S": REJECT}},
        )
        return {item["entry"]["S"]: item["problem"]["S"] for page in pages for item in page["Items"]}


def _after(entry: _Attributes, changes: _Attributes) -> dict[str, Any]:
    """The entry once it is changed."""
    return {name: value for name, value in {**entry, **changes}.items() if value is not None}


def _settling(entry: _Attributes) -> dict[str, Any]:
    """What to set and to remove for the entry to say what its attributes together mean."""
    return {name: value for name, value in settled(entry).items() if value is not None or name in entry}


def _key(log_file: str, entry: str) -> dict[str, Any]:
    return {"logFile": {"S": log_file}, "entry": {"S": entry}}


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

"""The ledger (files table): what became of every delivery, and every reject with its reason."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.dynamodb import BatchWriter, delete, from_item, put, to_item
from aitrail.ledger.entries import FILE, PREMISES, REJECT, REJECTED, UNPROVEN, Entry, settled
from aitrail.rows import RejectedRecord

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
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._client = client
        self._table = table
        self._writer = BatchWriter(client, table, clock=clock)

    def entry(self, log_file: str, entry: str = FILE, *, consistent: bool = False) -> dict[str, Any] | None:
        """The entry with its attributes as plain values, or None."""
        options: Any = {"ConsistentRead": True} if consistent else {}
        answer = self._client.get_item(TableName=self._table, Key=_key(log_file, entry), **options)
        return from_item(answer["Item"]) if "Item" in answer else None

    def record(self, entry: Entry, kind: str = FILE, earlier: _Attributes | None = None) -> dict[str, Any]:
        """Set the attributes of the entry and remove those that no longer hold; attributes of others stay.

        `earlier` is the entry as it was read before: with it, one write does. A log file whose content was another one
        when it was read before is replaced. Returns the entry as it is then.
        """
        values = entry.attributes()
        return self._amend(_key(entry.log_file, kind), earlier or {}, lambda seen: _replacing(seen, values, kind))

    def begin(self, entry: Entry, earlier: _Attributes | None) -> None:
        """Note that rows of a log file are written before it has been read to its end."""

        def changed(seen: _Attributes) -> dict[str, Any]:
            begun = {"deliveryDay": entry.delivery_day, "unfinished": entry.etag}
            return begun | ({"replacedAt": entry.ingested_at} if _is_another(seen, {"etag": entry.etag}) else {})

        self._amend(_key(entry.log_file, FILE), earlier or {}, changed)

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
        """Note that a log file is in doubt, or no longer, unless a digest lists it. Returns the entry as it is then.

        What is unlisted already is no more unproven.
        """

        def changed(seen: _Attributes) -> _Attributes:
            return {"doubt": seen.get("doubt") or doubt if doubt == UNPROVEN else doubt}

        return self._amend_known(log_file, FILE, changed)

    def accept(self, log_file: str, kind: str, changed: Callable[[list[_Attributes]], list[Any]]) -> dict[str, Any]:
        """Change what of an entry is accepted (see `entries.acceptance`). Returns the entry as it is then."""
        return self._amend_known(log_file, kind, lambda seen: {"accepted": changed(seen.get("accepted", []))})

    def accept_rejects(self, log_file: str, problem: str, changed: Callable[[list[_Attributes]], list[Any]]) -> int:
        """Change what of the rejects of a log file is accepted that have not that problem yet; how many there were."""
        others = [each for each in self.rejects(log_file) if each["problem"] != problem]
        tries = [
            self._try(
                _key(log_file, each["entry"]),
                {"problem": problem, "accepted": changed(each.get("accepted", []))},
                {name: each.get(name) for name in ("problem", "accepted")},
            )
            for each in others
        ]
        return tries.count(None)

    def note(self, log_file: str, kind: str, **attributes: Any) -> None:  # noqa: ANN401 (any value)
        """Set attributes of an entry on which nothing depends, whether it is there or not."""
        self._client.update_item(**self._update(_key(log_file, kind), attributes))

    def _amend(
        self,
        key: dict[str, Any],
        seen: _Attributes,
        changed: Callable[[_Attributes], _Attributes],
        *,
        creates: bool = True,
    ) -> dict[str, Any]:
        """Change an entry, and what follows from that, however often somebody else changes it meanwhile.

        One that is not there, or expires meanwhile, is made only if it `creates` entries.
        """
        old: _Attributes | None = seen
        while old is not None:
            if not old and not creates:
                return {}
            seen = old
            values = changed(seen)
            changes = {**values, **_settling(_after(seen, values))}
            old = self._try(key, changes, {name: seen.get(name) for name in PREMISES})
        return _after(seen, changes)

    def _amend_known(self, log_file: str, kind: str, changed: Callable[[_Attributes], _Attributes]) -> dict[str, Any]:
        """The same of an entry that is there, of which nothing was read before."""
        seen = self.entry(log_file, kind, consistent=True) or {}
        return self._amend(_key(log_file, kind), seen, changed, creates=False)

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
        stale = [each["entry"] for each in self.rejects(log_file) if each["entry"] not in kept]
        self._writer.write([delete({"logFile": log_file, "entry": entry}) for entry in stale], time_left=time_left)

    def rejects(self, log_file: str) -> list[dict[str, Any]]:
        """The rejects of a log file: `entry`, `problem` (REJECTED or ACCEPTED), and `accepted` where it ever was."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="logFile = :file AND begins_with(#entry, :reject)",
            ProjectionExpression="#entry, problem, accepted",
            ExpressionAttributeNames={"#entry": "entry"},
            ExpressionAttributeValues={":file": {"S": log_file}, ":reject": {"S": REJECT}},
        )
        return [from_item(item) for page in pages for item in page["Items"]]


def _after(entry: _Attributes, changes: _Attributes) -> dict[str, Any]:
    """The entry once it is changed."""
    return {name: value for name, value in {**entry, **changes}.items() if value is not None}


def _replacing(old: _Attributes, values: dict[str, Any], kind: str) -> dict[str, Any]:
    """The values of a reading, and that they replace another content that became rows, if they do."""
    if kind != FILE or values.get("status") in ("missing", "archived"):
        return values
    values = {**values, "unfinished": None} if "unfinished" in old else values
    return {**values, "replacedAt": values["ingestedAt"]} if _is_another(old, values) else values


def _is_another(old: _Attributes, values: _Attributes) -> bool:
    """Whether the content that was read now is not the one that became rows before."""
    etag = values.get("etag")
    if old.get("unfinished", etag) != etag:
        return True
    status, sha256 = old.get("status"), old.get("sha256")
    became_rows = sha256 is not None or (status == "unreadable" and old.get("written"))
    if sha256 and values.get("sha256"):
        is_same = sha256 == values["sha256"]
    else:  # the etag of what was not there, is that of something else
        is_same = status in ("ingested", "unreadable") and old.get("etag") == etag
    return bool(became_rows) and not is_same


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

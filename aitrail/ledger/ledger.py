"""Writes the ledger (files table), which records the outcome of every delivery."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.deliveries import is_backfill
from aitrail.ledger.accounts import Accounts
from aitrail.ledger.chains import Chains
from aitrail.ledger.entries import DIGEST, FILE, NO_DIGESTS, PREMISES, UNPROVEN, Entry, became_rows, settled
from aitrail.ledger.no_digests_entry import decided, with_log_file, without_log_files
from aitrail.ledger.rejects import Rejects
from aitrail.ledger.updating import Attributes, EntryStore
from aitrail.window import format_time

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """An object as a verified digest lists it, with the SHA-256 of its uncompressed content.

    `listed_at` is the end of the digest's hour. `known` holds the attributes that follow from the object's name.
    """

    log_file: str
    entry: str
    expected_sha256: str
    listed_by: str
    listed_at: str
    known: dict[str, Any]


class Ledger:
    """The files table of one deployment; `table` is its physical name.

    It also holds the `rejects` of log files, what is known of the `chains` of digests, and the `accounts`.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._entries = EntryStore(client, table)
        self.rejects = Rejects(client, table, clock=clock)
        self.chains = Chains(client, table)
        self.accounts = Accounts(client, table)

    def entry(self, log_file: str, entry: str = FILE, *, consistent: bool = False) -> dict[str, Any] | None:
        """The entry with its attributes as plain values, or None."""
        return self._entries.get(log_file, entry, consistent=consistent)

    def record(self, entry: Entry, kind: str = FILE, earlier: Attributes | None = None) -> dict[str, Any]:
        """Sets the attributes of the entry and removes those that no longer apply; other attributes stay.

        `earlier` is the entry as read before; with it, one write is enough. A log file whose content was different when
        it was read before becomes `replaced`. An object that could be read is no longer `removed`, unless that was
        noted after `earlier` was read. Returns the resulting entry.
        """
        values = entry.attributes()
        is_reading = kind == FILE and entry.was_read
        known = earlier or {}

        def changed(seen: Attributes) -> Attributes:
            found = _replacing(seen, values) if is_reading else values
            return _without_older_removal(found, seen, known)

        return self._amend(entry.log_file, kind, known, changed)

    def begin(self, entry: Entry, earlier: Attributes | None) -> None:
        """Records that rows of a log file are about to be written, before the entry says what became of its content."""

        def changed(seen: Attributes) -> dict[str, Any]:
            begun = {"deliveryDay": entry.delivery_day, "unfinished": entry.etag}
            is_another = seen.get("unfinished", entry.etag) != entry.etag
            return begun | ({"replacedAt": entry.ingested_at} if is_another else {})

        self._amend(entry.log_file, FILE, earlier or {}, changed)

    def expect(self, listing: Listing) -> tuple[dict[str, Any], dict[str, Any]]:
        """Records that a digest lists an object, which may arrive before or after the digest.

        If the object was read and matches the first digest that lists it, this costs one write and no read. If several
        digests list it, the same one is recorded in whatever order they come. Returns what is known of the entry before
        and after.
        """
        named = listing.log_file, listing.entry
        said = {
            "expectedSha256": listing.expected_sha256,
            "listedBy": listing.listed_by,
            "listedAt": listing.listed_at,
        }
        proved = {"expectedSha256": listing.expected_sha256, "verifiedBy": listing.listed_by}
        premises = {"sha256": listing.expected_sha256, "problem": None, "verifiedBy": None}
        old = self._entries.change_if(*named, proved, premises)
        if old is None:
            return {}, proved
        before: Attributes = {}

        def changed(seen: Attributes) -> Attributes:
            nonlocal before
            before = seen
            if _precedes(lister_of(seen), listing.listed_by):
                return {}
            return said if seen.get("status") else listing.known | said

        after = self._amend(*named, old, changed)
        return dict(before), after

    def doubt(self, log_file: str, doubt: str | None) -> dict[str, Any]:
        """Sets or removes the doubt about a log file, unless a digest lists it. Returns the resulting entry.

        A file that is already unlisted does not become unproven again.
        """

        def changed(seen: Attributes) -> Attributes:
            return {"doubt": seen.get("doubt") or doubt if doubt == UNPROVEN else doubt}

        return self._amend_known(log_file, FILE, changed)

    def break_chain(self, log_file: str, reason: str) -> bool:
        """Records why a digest does not follow the one it should; returns whether that is new.

        Which digest should have come before may become known long after the digest was recorded.
        """
        seen = self.entry(log_file, DIGEST, consistent=True) or {}
        if not seen or "broken" in seen:
            return False
        return bool(self._amend(log_file, DIGEST, seen, lambda _: {"broken": reason}, creates=False))

    def note_removal(self, log_file: str, kind: str, at: str | None) -> dict[str, Any]:
        """Notes that an object was found to be deleted, or is there again (None). Returns the resulting entry.

        If that is already noted, the earlier time stays.
        """
        return self._amend_known(log_file, kind, lambda seen: {"removedAt": at and seen.get("removedAt", at)})

    def record_no_digests(self, folder: str, doubt: str, log_file: str, stored_at: str) -> bool:
        """Records that a log file of an account and Region possibly has no digest (UNPROVEN), or has none (NO_DIGESTS).

        `folder` is its digest folder. Returns whether NO_DIGESTS is its problem only since now.
        """
        return self._amend_origin(folder, lambda seen: with_log_file(seen, doubt, log_file, stored_at), creates=True)

    def confirm_no_digests(self, folder: str) -> bool:
        """Records that no digest has arrived for the account and Region; returns whether that is new."""
        return self._amend_origin(folder, decided)

    def remove_resolved_log_files(self, folder: str, is_settled: Callable[[str], bool]) -> None:
        """Removes log files that are settled from the entry of an account and Region, and its doubt if none is left."""
        self._amend_origin(folder, lambda seen: without_log_files(seen, is_settled))

    def _amend_origin(self, folder: str, changed: Callable[[Attributes], Attributes], *, creates: bool = False) -> bool:
        seen = self.entry(folder, NO_DIGESTS, consistent=True) or {}
        if not changed(seen):
            return False
        after = self._amend(folder, NO_DIGESTS, seen, changed, creates=creates)
        return after.get("problem") == NO_DIGESTS != seen.get("problem")

    def change_acceptances(
        self,
        log_file: str,
        kind: str,
        changed: Callable[[list[Attributes]], list[Any]],
        also: Attributes | None = None,
        *,
        creates: bool = False,
    ) -> dict[str, Any]:
        """Changes the acceptances of an entry (see `entries.acceptance`), and `also` these attributes.

        An entry that does not exist is created only if `creates`. Returns the resulting entry.
        """
        return self._amend_known(
            log_file,
            kind,
            lambda seen: {"accepted": changed(seen.get("accepted", [])), **(also or {})},
            creates=creates,
        )

    def record_repaired(self, log_file: str, seen: Attributes, now: datetime) -> bool:
        """Records that no row of replaced content is left, unless content was replaced since the entry was `seen`."""

        def changed(entry: Attributes) -> Attributes:
            is_as_seen = all(entry.get(name) == seen.get(name) for name in ("replacedAt", "unfinished", "ingestedAt"))
            return {"repairedAt": format_time(now)} if is_as_seen else {}

        return self._amend_known(log_file, FILE, changed).get("problem") != "replaced"

    def note(self, log_file: str, kind: str, **attributes: Any) -> None:  # noqa: ANN401 (any value)
        """Sets attributes of an entry that `settled` does not depend on, whether or not the entry exists."""
        self._entries.change(log_file, kind, attributes)

    def _amend(
        self,
        log_file: str,
        kind: str,
        seen: Attributes,
        changed: Callable[[Attributes], Attributes],
        *,
        creates: bool = True,
    ) -> dict[str, Any]:
        """Changes an entry and the conclusions from it; retries as often as another writer changes it in the meantime.

        An entry that does not exist, or expires in the meantime, is created only if `creates`.
        """
        old: Attributes | None = seen
        while old is not None:
            if not old and not creates:
                return {}
            seen = old
            values = changed(seen)
            changes = {**values, **_settling(_after(seen, values))}
            old = self._entries.change_if(log_file, kind, changes, {name: seen.get(name) for name in PREMISES})
        return _after(seen, changes)

    def _amend_known(
        self, log_file: str, kind: str, changed: Callable[[Attributes], Attributes], *, creates: bool = False
    ) -> dict[str, Any]:
        """Changes an entry as `_amend` does, but reads it first, and by default does not create it."""
        seen = self.entry(log_file, kind, consistent=True) or {}
        return self._amend(log_file, kind, seen, changed, creates=creates)


def lister_of(entry: Attributes) -> str | None:
    """The digest that lists an object, as far as its entry says."""
    lister: str | None = entry.get("verifiedBy") or entry.get("listedBy")
    return lister


def _precedes(lister: str | None, other: str) -> bool:
    """Whether of two digests that list an object, the entry names `lister`: backfill digests come last."""
    return lister is not None and (is_backfill(lister), lister) < (is_backfill(other), other)


def _after(entry: Attributes, changes: Attributes) -> dict[str, Any]:
    """The entry after the changes."""
    return {name: value for name, value in {**entry, **changes}.items() if value is not None}


def _replacing(old: Attributes, values: dict[str, Any]) -> dict[str, Any]:
    """The values of a reading, with `replacedAt` if rows were made from different content before."""
    values = {**values, "unfinished": None} if "unfinished" in old else values
    return {**values, "replacedAt": values["ingestedAt"]} if _is_another(old, values) else values


def _without_older_removal(values: dict[str, Any], seen: Attributes, known: Attributes) -> dict[str, Any]:
    """The values of a reading; without what it says of a removal if one was noted after the reading began."""
    is_older = seen.get("removedAt") not in (None, known.get("removedAt"))
    return {name: value for name, value in values.items() if name != "removedAt"} if is_older else values


def _is_another(old: Attributes, values: Attributes) -> bool:
    """Whether the content that was just read differs from the content that rows were made from before."""
    etag = values.get("etag")
    if old.get("unfinished", etag) != etag:
        return True
    status, sha256 = old.get("status"), old.get("sha256")
    if sha256 and values.get("sha256"):
        is_same = sha256 == values["sha256"]
    else:  # if the object was not there, the etag in the entry belongs to something else
        is_same = status in ("ingested", "unreadable") and old.get("etag") == etag
    return became_rows(old) and not is_same


def _settling(entry: Attributes) -> dict[str, Any]:
    """The changes that bring the attributes in SETTLED up to date."""
    return {name: value for name, value in settled(entry).items() if value is not None or name in entry}

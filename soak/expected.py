"""The expected content of the tables once everything has been processed, and a comparison with it. Pure."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aitrail.dynamodb import items
from aitrail.ledger import ACCOUNT, CHAINS, DIGEST, FILE, NO_DIGESTS, REJECT
from aitrail.rows import Reject, row_of
from aitrail.services import Registry, load
from soak.log_files import Digest, LogFile

_ORIGIN = ("logFile", "recordIndex")
_SHOWN = 300


@dataclass(slots=True, kw_only=True)
class Expected:
    """Expected rows by eventID and ledger entries by key, for deliveries to `bucket`.

    If several log files contain an event, any of them may be its origin. Entries contain the attributes that do not
    depend on the clock; None means that an attribute must be absent.
    """

    bucket: str
    registry: Registry = field(default_factory=load)
    rows: dict[str, str] = field(default_factory=dict)
    origins: defaultdict[str, set[tuple[str, int]]] = field(default_factory=lambda: defaultdict(set))
    entries: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    records: int = 0

    def add(self, file: LogFile) -> None:
        """Adds the expected outcome of a log file."""
        log_file = f"s3://{self.bucket}/{file.key}"
        etag = hashlib.md5(file.body, usedforsecurity=False).hexdigest()
        if not file.is_sound:
            self.entries[log_file, FILE] = {"status": "unreadable", "problem": "unreadable", "etag": etag, "written": 0}
            return
        counts = Counter(records=0, wanted=0, written=0, rejected=0, duplicatesInFile=0, expired=0)
        seen = set[str]()
        for index, record in enumerate(file.records):
            counts["records"] += 1
            if record["eventSource"] in self.registry.sources:
                counts["wanted"] += 1
                counts[self._add_record(record, log_file, index, seen)] += 1
        self.records += counts["records"]
        problem = "rejects" if counts["rejected"] else None
        known = {"status": "ingested", "problem": problem, "etag": etag, "sha256": file.sha256}
        self.entries[log_file, FILE] = known | counts

    def _add_record(self, record: dict[str, Any], log_file: str, index: int, seen: set[str]) -> str:
        """Adds the expected outcome of a wanted record; returns the name of its count."""
        try:
            row = row_of(record, log_file=log_file, record_index=index, registry=self.registry)
        except Reject as reject:
            kept = {"status": "rejected", "problem": "reject", "recordIndex": index, "reason": reject.reason}
            self.entries[log_file, f"{REJECT}{index}"] = kept | {"record": items.json_text(record)}
            return "rejected"
        if row["eventID"] in seen:
            return "duplicatesInFile"
        seen.add(row["eventID"])
        self.rows[row["eventID"]] = _text(row, without=_ORIGIN)
        self.origins[row["eventID"]].add((log_file, index))
        return "written"

    def add_digest(self, digest: Digest) -> None:
        """Adds a digest that should be verified, and verify the log files it lists, which have to be added first."""
        name = f"s3://{self.bucket}/{digest.key}"
        self.entries[name, DIGEST] = {"status": "verified", "problem": None, "logFiles": len(digest.lists)}
        for key in digest.lists:
            entry = self.entries[f"s3://{self.bucket}/{key}", FILE]
            entry |= {"verifiedBy": name} if entry["status"] == "ingested" else {"listedBy": name}

    def differences(self, rows: Iterable[Mapping[str, Any]], entries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
        """The differences between the tables and the expectations, one text each."""
        yield from self._differences_of_rows(rows)
        yield from self._differences_of_entries(entries)

    def _differences_of_rows(self, rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
        missing = set(self.rows)
        for row in rows:
            event_id = row["eventID"]
            if event_id not in missing:
                yield f"row {event_id} is there twice, or should not be there at all"
                continue
            missing.remove(event_id)
            if (found := _text(row, without=_ORIGIN)) != self.rows[event_id]:
                yield f"row {event_id} is {found[:_SHOWN]} and should be {self.rows[event_id][:_SHOWN]}"
            if (origin := (row.get("logFile"), row.get("recordIndex"))) not in self.origins[event_id]:
                yield f"row {event_id} names {origin} as its origin, which does not contain the event"
        yield from (f"row {event_id} is missing" for event_id in sorted(missing))

    def _differences_of_entries(self, entries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
        missing = set(self.entries)
        for entry in entries:
            key = entry["logFile"], entry["entry"]
            if entry["entry"] in (NO_DIGESTS, CHAINS, ACCOUNT):
                continue  # of accounts and Regions: they depend on the order in which digests and log files arrive
            if key not in missing:
                yield f"ledger entry {key} should not be there"
                continue
            missing.remove(key)
            wrong = {name: entry.get(name) for name, value in self.entries[key].items() if entry.get(name) != value}
            if wrong:
                right = {name: self.entries[key][name] for name in wrong}
                yield f"ledger entry {key} says {items.plain(wrong)} and should say {right}"
            if entry.get("status") == "ingested" and not _adds_up(entry):
                yield f"the counts of ledger entry {key} do not add up"
        yield from (f"ledger entry {key} is missing" for key in sorted(missing))


def _adds_up(entry: Mapping[str, Any]) -> bool:
    outcomes = sum(entry[name] for name in ("written", "rejected", "expired", "duplicatesInFile"))
    return bool(entry["wanted"] == outcomes and entry["wanted"] <= entry["records"])


def _text(row: Mapping[str, Any], *, without: Iterable[str]) -> str:
    """The row as JSON text, which distinguishes true from 1, unlike ==."""
    kept = {name: value for name, value in row.items() if name not in without}
    return json.dumps(kept, sort_keys=True, default=items.plain)

"""Repairs what a verdict found in the events table: writes the rows of CloudTrail's content again, deletes others.

CloudTrail's content is the version of a log file in the bucket that has the SHA-256 that a digest lists. A row is only
deleted if no such content that can be found has its record and a person has agreed.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from math import inf
from typing import TYPE_CHECKING, Any

from aitrail.deliveries import Delivery, UnavailableError, bucket_and_key, content_of, versions_of
from aitrail.ingest import EventsTable, Fetcher, Ingested, LogFileIngestion, known_fields
from aitrail.ledger import Ledger, LedgerReader
from aitrail.logfile import UnreadableLogFile
from aitrail.proof import Verdict, named_by
from aitrail.rows import Reading
from aitrail.window import LATEST, days_between, parse_time

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from aitrail.questions import Row, TableRows

# Findings after which the rows of CloudTrail's content are written again.
_WRITTEN_AGAIN = frozenset({"row-missing", "row-differs", "row-unknown", "tampered", "replaced"})
_REPLACED = "replaced"
_EARLY, _LATE = timedelta(hours=1), timedelta(days=7)
_LATEST = LATEST - _LATE
_IS_TIME = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What repairs a verdict: the versions of log files to ingest again, and log files without a version that would."""

    versions: tuple[Delivery, ...]
    without_content: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Repairs one deployment's events table. `retention` is of the ledger; `log_files` writes like the function."""

    s3: "S3Client"
    ledger: Ledger
    reader: LedgerReader
    events: EventsTable
    source: "TableRows"
    log_files: LogFileIngestion
    retention: "timedelta | None" = None
    # Log file -> the eventIDs of CloudTrail's content.
    _made: dict[str, set[str]] = field(default_factory=dict)
    # Replaced log file -> its entry before the whole table was read.
    _seen: dict[str, dict[str, Any]] = field(default_factory=dict)

    def plan(self, verdict: Verdict) -> Plan:
        """Finds the versions to ingest again. Reads them, and raises the client's errors."""
        named = sorted({each.of for each in verdict.findings if each.finding in _WRITTEN_AGAIN})
        found = {name: self._vouched(name) for name in named}
        return Plan(
            versions=tuple(delivery for delivery in found.values() if delivery),
            without_content=tuple(name for name, delivery in found.items() if delivery is None),
        )

    def _vouched(self, name: str) -> Delivery | None:
        """The newest version of a log file that a digest lists with its content; None if there is none."""
        expected = (self.ledger.entry(name, consistent=True) or {}).get("expectedSha256")
        if expected is None:
            return None
        bucket, key = bucket_and_key(name)
        for version_id in versions_of(self.s3, name):
            try:
                with content_of(self.s3, name, version_id=version_id, clock=self.log_files.clock).open() as stream:
                    reading = Reading(
                        stream,
                        log_file=name,
                        registry=self.log_files.registry,
                        redaction=self.log_files.redaction,
                    )
                    event_ids = {row["eventID"] for batch in reading.batches() for row in batch.rows}
            except (UnavailableError, UnreadableLogFile):
                continue
            if reading.content.sha256 == expected:
                self._made[name] = event_ids
                return Delivery(bucket=bucket, key=key, version_id=version_id, force=True)
        return None

    def ingest(self, plan: Plan) -> Iterator[Ingested]:
        """Ingests the versions of a plan as the function does, one by one. Raises the client's errors."""
        fetcher = Fetcher(s3=self.s3, ledger=self.ledger, is_done=lambda _entry, _etag: False)
        for delivery in plan.versions:
            fetched = fetcher.fetch(delivery)
            try:
                known = known_fields(delivery, fetched, now=self.log_files.clock.now(), retention=self.retention)
                yield self.log_files.ingest(fetched, known, time_left=lambda: inf)
            finally:
                fetched.close()

    def rows_to_delete(self, verdict: Verdict) -> "Iterator[Row]":
        """The whole rows that no content of CloudTrail's has, according to a verdict. Raises the client's errors."""
        found = self.source.whole({"eventID": event_id} for event_id in verdict.too_many)
        return (row for row in found if len(row) > 1 and named_by(row) == verdict.too_many[row["eventID"]])

    def rows_of_replaced(self, verdict: Verdict) -> "Iterator[Row]":
        """The whole rows that name a replaced log file without being of its content; reads the whole table.

        Log files of which CloudTrail's content is not in the bucket are left out. Raises the client's errors.
        """
        names = [name for name in replaced(verdict) if name in self._made]
        for name in names:
            self._seen[name] = self.ledger.entry(name, consistent=True) or {}
        rows = self.source.naming(names) if names else iter(())
        return (row for row in rows if row["eventID"] not in self._made[row["logFile"]])

    def sources_of(self, rows: "Sequence[Row]") -> tuple[Plan, set[str]]:
        """The log files that CloudTrail delivered with the same events, and the eventIDs of the rows that these have.

        Someone may have repeated genuine records: their rows must not be deleted, but written again from these files.
        Looks for files delivered up to a week after the event. Reads them, and raises the client's errors.
        """
        wanted = {row["eventID"]: str(row.get("eventTime")) for row in rows}
        names = {named_by(row) for row in rows}
        versions, found = list[Delivery](), set[str]()
        for entry in self._around(wanted.values()):
            name = entry["logFile"]
            if name in names or not entry.get("verifiedBy"):
                continue
            first, last = entry.get("firstEventTime", ""), entry.get("lastEventTime", "")
            candidates = {event_id for event_id, time in wanted.items() if first <= time <= last}
            if not candidates - found:
                continue
            delivery = self._vouched(name)
            if delivery and (here := candidates & self._made[name]):
                versions.append(delivery)
                found |= here
        return Plan(versions=tuple(versions), without_content=()), found

    def _around(self, event_times: "Iterable[str]") -> Iterator[dict[str, Any]]:
        """The ledger's entries of the days on which events of these times may have been delivered."""
        moments = [parse_time(each) for each in event_times if _IS_TIME.fullmatch(each)]
        days = {day for each in moments for day in days_between(each - _EARLY, min(each, _LATEST) + _LATE)}
        for day in sorted(days):
            yield from self.reader.of_day(day)

    def delete(self, rows: "Iterable[Row]") -> int:
        """Deletes rows that still name the same log file; returns their number. Raises the client's errors."""
        return sum(map(self.events.remove, rows))

    def close(self, verdict: Verdict) -> list[str]:
        """Notes that replaced log files are repaired, if a deep verdict finds nothing else; returns their names.

        No row that names them may be left of other content (see `rows_of_replaced`).
        """
        others = {each.of for each in verdict.findings if each.finding != _REPLACED}
        done = [name for name in replaced(verdict) if name in self._seen and name not in others]
        now = self.log_files.clock.now()
        return [name for name in done if self.ledger.record_repaired(name, self._seen[name], now)]


def replaced(verdict: Verdict) -> list[str]:
    """The log files that a verdict names as replaced."""
    return [each.of for each in verdict.findings if each.finding == _REPLACED]

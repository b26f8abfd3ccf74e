"""Turns a log file into rows, rejects and its ledger entry.

They are written in this order. After a crash in between, the ledger does not have the delivery as ingested; ingesting
it again writes the same rows under the same keys. If it is not ingested again, or with different content, `aitrail
verify` finds the rows: they name a log file whose entry has a different hash of its rows. Rows that it would not come
across, because their time is far from the time in the file's name, are noted in the ledger before they are written.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from aitrail.clock import Clock
from aitrail.deliveries import is_misfiled
from aitrail.digests import LATE, NoDigestsDetector
from aitrail.dynamodb import OutOfTimeError
from aitrail.ingest.events_table import EventsTable
from aitrail.ingest.fetching import Fetched
from aitrail.ingest.metrics import Ingested, of_log_file
from aitrail.ingest.row_counts import RowCounts
from aitrail.ledger import FILE, UNPROVEN, Entry, FileEntry, Ledger, has_distant_events
from aitrail.logfile import UnreadableLogFile
from aitrail.rows import Reading, Redaction, recorded_with
from aitrail.services import Registry
from aitrail.window import parse_time


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFileIngestion:
    """Writes the content of log files to both tables; `retention` is for rows, None if they do not expire."""

    events: EventsTable
    ledger: Ledger
    registry: Registry
    no_digests: NoDigestsDetector
    retention: timedelta | None
    clock: Clock
    redaction: Redaction | None = None
    has_dashboard: bool = False

    def ingest(self, fetched: Fetched, known: Mapping[str, Any], time_left: Callable[[], float]) -> Ingested:
        """Reads a log file, or records why it cannot be read; `known` holds the entry's fields known in advance.

        Raises OutOfTimeError and the client's errors, after which the delivery has to be retried.
        """
        entry = FileEntry(**known, recorded_with=recorded_with(self.registry, self.redaction))
        unknown_sources: Mapping[str, int] = {}
        counts = RowCounts() if self.has_dashboard else None
        if not fetched.error:
            reading = Reading(
                fetched.body,
                log_file=entry.log_file,
                registry=self.registry,
                retention=self.retention,
                now=self.clock.now(),
                redaction=self.redaction,
                at_each_step=lambda: check_time(time_left, entry.log_file),
            )
            entry = self._read(reading, entry, fetched.earlier, time_left, counts)
            unknown_sources = reading.unknown_sources
        earlier = fetched.earlier or {}
        if earlier.get("expectedSha256"):
            pass  # a digest lists it
        elif self._is_late(entry):
            # The first time: whoever stores a file again and again does not delay the decision.
            since = earlier.get("doubtedAt") or entry.ingested_at
            entry = replace(entry, doubt=earlier.get("doubt") or UNPROVEN, doubted_at=since)
        else:
            self.no_digests.notice(entry.log_file, entry.stored_at)
        return of_log_file(entry, self.ledger.record(entry, FILE, fetched.earlier), unknown_sources, counts)

    def _is_late(self, entry: Entry) -> bool:
        """Whether the file may have arrived after the digests of its hour, or its name does not match its storage time.

        The writer of a file chooses its name.
        """
        if entry.delivered_at is None or is_misfiled(entry.log_file):
            return True
        named = parse_time(entry.delivered_at)
        stored = parse_time(entry.stored_at) if entry.stored_at else named
        return self.clock.now() - named > LATE or abs(stored - named) > LATE

    def _read(
        self,
        reading: Reading,
        entry: FileEntry,
        earlier: dict[str, Any] | None,
        time_left: Callable[[], float],
        counts: RowCounts | None,
    ) -> FileEntry:
        """Writes the file's rows and rejects, and completes its entry."""
        written, rejects, is_noted = 0, set[int | str](), False
        try:
            for batch in reading.batches():
                if not is_noted and (not batch.is_last or _has_distant_events(reading, entry)):
                    self.ledger.begin(entry, earlier)
                    is_noted = True
                self.events.write(batch.rows, time_left=time_left)
                self.ledger.rejects.record(
                    entry.log_file, batch.rejects, expires_at=entry.expires_at, time_left=time_left
                )
                written += len(batch.rows)
                if counts is not None:
                    counts.add(batch.rows)
                rejects |= {reject.key for reject in batch.rejects}
                batch.rows.clear()  # this batch is still referenced while the next one is created
                batch.rejects.clear()
        except UnreadableLogFile as error:
            # Rows written before the damage stay; other counts of an incomplete reading would be misleading.
            return replace(
                entry,
                status="unreadable",
                reason=str(error),
                position=error.position,
                written=written,
            )
        reading.reconcile(written)
        if earlier is not None and earlier.get("problem"):
            self.ledger.rejects.forget(entry.log_file, but=rejects, time_left=time_left)
        return replace(
            entry,
            bytes=reading.content.bytes,
            sha256=reading.content.sha256,
            records=reading.content.records,
            wanted=reading.wanted,
            written=written,
            rejected=reading.rejected,
            expired=reading.expired,
            duplicates_in_file=reading.duplicates_in_file,
            first_event_time=reading.first_event_time,
            last_event_time=reading.last_event_time,
            rows_sha256=reading.rows_sha256,
        )


def _has_distant_events(reading: Reading, entry: FileEntry) -> bool:
    return has_distant_events(entry.delivered_at, reading.first_event_time, reading.last_event_time)


def check_time(time_left: Callable[[], float], log_file: str) -> None:
    """Raises OutOfTimeError if there is no time left."""
    if time_left() <= 0:
        raise OutOfTimeError(
            f"no time left to read {log_file} to its end; it is read again when SQS delivers its message again"
        )

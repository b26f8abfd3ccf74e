"""A log file becomes rows, rejects and its ledger entry.

Order of the writes: rows, rejects, ledger entry. A crash between them leaves a delivery that the ledger does not
call ingested; reading it again writes the same rows under the same keys.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, BinaryIO, cast

from aitrail.clock import Clock
from aitrail.deliveries import is_misfiled
from aitrail.digests import LATE
from aitrail.dynamodb import OutOfTimeError
from aitrail.ingest.events_table import EventsTable
from aitrail.ingest.fetching import Fetched
from aitrail.ingest.outcomes import Ingested, of_log_file
from aitrail.ledger import FILE, UNPROVEN, Entry, FileEntry, Ledger
from aitrail.logfile import UnreadableLogFile
from aitrail.rows import Reading, recorded_with
from aitrail.services import Registry
from aitrail.window import parse_time


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFileIngestion:
    """Writes what log files hold into both tables; `retention` is that of rows, None where they do not expire."""

    events: EventsTable
    ledger: Ledger
    registry: Registry
    retention: timedelta | None
    clock: Clock

    def ingest(self, fetched: Fetched, known: Mapping[str, Any], time_left: Callable[[], float]) -> Ingested:
        """Read a log file, or note why it cannot be read; `known` are the fields of its entry that are known before.

        Raises OutOfTimeError and the client's errors: the delivery is then still to be done.
        """
        entry = FileEntry(**known, recorded_with=recorded_with(self.registry))
        unknown_sources: Mapping[str, int] = {}
        if not fetched.error:
            reading = Reading(
                cast("BinaryIO", fetched.body),
                log_file=entry.log_file,
                registry=self.registry,
                retention=self.retention,
                now=self.clock.now(),
                at_each_step=lambda: check_time(time_left, entry.log_file),
            )
            entry = self._read(reading, entry, fetched.earlier, time_left)
            unknown_sources = reading.unknown_sources
        earlier = fetched.earlier or {}
        if self._is_late(entry) and not earlier.get("expectedSha256"):
            entry = replace(entry, doubt=earlier.get("doubt") or UNPROVEN)
        return of_log_file(entry, self.ledger.record(entry, FILE, fetched.earlier), unknown_sources)

    def _is_late(self, entry: Entry) -> bool:
        """Whether it may have missed the digests of its hour, or was not stored in it: whoever writes it names it."""
        if entry.delivered_at is None or is_misfiled(entry.log_file):
            return True
        named = parse_time(entry.delivered_at)
        stored = parse_time(entry.stored_at) if entry.stored_at else named
        return self.clock.now() - named > LATE or abs(stored - named) > LATE

    def _read(
        self, reading: Reading, entry: FileEntry, earlier: dict[str, Any] | None, time_left: Callable[[], float]
    ) -> FileEntry:
        """Write what the file holds, and complete its entry."""
        written, rejects = 0, set[int | str]()
        try:
            for batch in reading.batches():
                if not written and not batch.is_last:
                    self.ledger.begin(entry, earlier)
                self.events.write(batch.rows, time_left=time_left)
                self.ledger.rejects.record(
                    entry.log_file, batch.rejects, expires_at=entry.expires_at, time_left=time_left
                )
                written += len(batch.rows)
                rejects |= {reject.key for reject in batch.rejects}
                batch.rows.clear()  # the next batch is made while this one is still referred to
        except UnreadableLogFile as error:
            # What was written before the damage stays; other counts of an incomplete reading would only mislead.
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
        )


def check_time(time_left: Callable[[], float], log_file: str) -> None:
    """Raise OutOfTimeError if there is no time left."""
    if time_left() <= 0:
        raise OutOfTimeError(
            f"no time left to read {log_file} to its end; it is read again when SQS delivers its message again"
        )

"""One path in: a delivery becomes rows, rejects and a ledger entry, whoever announced it and however often.

Order of the writes: rows, rejects, ledger entry. A crash between them leaves a delivery that the ledger does not
call ingested; reading it again writes the same rows under the same keys.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.deliveries import Delivery, ReviewRequest, UnknownNotification, deliveries, keys, review_request
from aitrail.digests import LATE, Reconciliation
from aitrail.dynamodb import OutOfTimeError
from aitrail.ingest.ahead import Ahead
from aitrail.ingest.events_table import EventsTable
from aitrail.ingest.fetching import Fetched, Fetcher, unavailable
from aitrail.ingest.outcomes import Ingested, not_read, of_digest, of_log_file
from aitrail.ledger import DIGEST, FILE, UNPROVEN, DigestEntry, Entry, FileEntry, Ledger, fields_of
from aitrail.logfile import UnreadableLogFile
from aitrail.rows import Reading, recorded_with
from aitrail.services import Registry
from aitrail.window import format_time, parse_time

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class Reviewer(Protocol):
    """What looks after what is open; see `aitrail.ingest.review.Review`."""

    def review(self, request: ReviewRequest, counts: Counter[str], time_left: Callable[[], float]) -> None:
        """Do what can be done; counts by metric."""
        ...


@dataclass(slots=True, kw_only=True)
class Ingestion:
    """The parts that turn deliveries into rows; retentions are None where nothing expires.

    Deliveries outside `scope` are refused: nobody but the log bucket has anything to announce.
    """

    s3: "S3Client"
    events: EventsTable
    ledger: Ledger
    registry: Registry
    scope: keys.Scope
    reconciliation: Reconciliation
    reviewer: Reviewer
    row_retention: timedelta | None = None
    ledger_retention: timedelta | None = None
    clock: Clock = SYSTEM_CLOCK
    _ahead: Ahead[Fetched] | None = field(default=None, init=False)

    @property
    def _fetcher(self) -> Fetcher:
        return Fetcher(s3=self.s3, ledger=self.ledger, is_done=self._is_done)

    @contextmanager
    def reading_ahead(self, bodies: Iterable[str]) -> Iterator[None]:
        """Until it ends, fetch what the next deliveries of these messages need while one is ingested."""
        announced = [delivery for body in bodies for delivery in self._to_read(body)]
        self._ahead = Ahead(self._fetcher.fetch_ahead, announced)
        try:
            yield
        finally:
            self._ahead.close()
            self._ahead = None

    def _to_read(self, body: str) -> Iterator[Delivery]:
        """The deliveries of a message that will be read; none of an unknown message: that fails in its turn."""
        with suppress(UnknownNotification):
            for each in deliveries(body):
                if self.scope.holds(each.bucket, each.key) and keys.kind_of(each.key).is_read:
                    yield each

    def ingest_message(self, body: str, *, time_left: Callable[[], float], report: Callable[[Ingested], None]) -> None:
        """Ingest every delivery that a message announces; one that fails does not hold up the others.

        Raises UnknownNotification, and as an ExceptionGroup what made deliveries fail.
        """
        announced = deliveries(body)
        if request := review_request(body):
            counts = Counter[str]()
            try:
                self.reviewer.review(request, counts, time_left)
            finally:  # what is decided is decided, and not counted again
                report(Ingested(status="reviewed", metrics=dict(+counts)))
        elif not announced:
            report(Ingested(status="nothing announced", metrics={"TestMessages": 1}))
        errors: list[Exception] = []
        for delivery in announced:
            try:
                report(self.ingest(delivery, time_left=time_left))
            except Exception as error:  # noqa: BLE001 (raised below, with the others)
                error.add_note(f"The delivery is s3://{delivery.bucket}/{delivery.key}.")
                errors.append(error)
        if errors:
            raise ExceptionGroup(f"{len(errors)} of {len(announced)} deliveries failed", errors)

    def ingest(self, delivery: Delivery, *, time_left: Callable[[], float]) -> Ingested:
        """Bring one delivery into the tables; `time_left` gives seconds.

        Raises OutOfTimeError, AccessRefusedError and the client's errors: the delivery is then still to be done.
        """
        kind = keys.kind_of(delivery.key)
        log_file = f"s3://{delivery.bucket}/{delivery.key}"
        if not self.scope.holds(delivery.bucket, delivery.key):
            return Ingested(status="refused", metrics={"RefusedDeliveries": 1}, details={"logFile": log_file})
        if not kind.is_read:
            return not_read(log_file, kind)
        _check(time_left, log_file)
        with closing(self._ahead.take(delivery) if self._ahead else self._fetcher.fetch(delivery)) as fetched:
            if kind is keys.Kind.DIGEST and fetched.is_done and fetched.earlier:
                self.reconciliation.note_doubts(fetched.earlier)  # it may have ended before that
            if fetched.is_done or (not delivery.force and fetched.is_older):
                return Ingested(status="skipped", metrics={"SkippedFiles": 1}, details={"logFile": log_file})
            if kind is keys.Kind.DIGEST:
                return self._ingest_digest(delivery, fetched, time_left)
            return self._ingest_log_file(delivery, fetched, time_left)

    def _ingest_log_file(self, delivery: Delivery, fetched: Fetched, time_left: Callable[[], float]) -> Ingested:
        entry = FileEntry(**self._known(delivery, fetched), recorded_with=recorded_with(self.registry))
        unknown_sources: Mapping[str, int] = {}
        if not fetched.error:
            reading = Reading(
                cast("BinaryIO", fetched.body),
                log_file=entry.log_file,
                registry=self.registry,
                retention=self.row_retention,
                now=self.clock.now(),
                at_each_step=lambda: _check(time_left, entry.log_file),
            )
            entry = self._read(reading, entry, fetched.earlier, time_left)
            unknown_sources = reading.unknown_sources
        earlier = fetched.earlier or {}
        if self._is_late(entry) and not earlier.get("expectedSha256"):
            entry = replace(entry, doubt=earlier.get("doubt") or UNPROVEN)
        return of_log_file(entry, self.ledger.record(entry, FILE, fetched.earlier), unknown_sources)

    def _ingest_digest(self, delivery: Delivery, fetched: Fetched, time_left: Callable[[], float]) -> Ingested:
        entry = DigestEntry(**self._known(delivery, fetched) | ({} if fetched.error else {"status": "verified"}))
        counts: dict[str, int] = {}
        if not fetched.error:
            entry, counts = self.reconciliation.reconcile(
                cast("BinaryIO", fetched.body),
                entry,
                key=delivery.key,
                metadata=fetched.metadata,
                time_left=time_left,
            )
        after = self.ledger.record(entry, DIGEST, fetched.earlier)
        self.reconciliation.note_doubts({"logFile": entry.log_file, "entry": DIGEST, **after})
        return of_digest(entry, after, counts)

    def _is_done(self, earlier: dict[str, Any], delivery: Delivery) -> bool:
        is_current = (
            earlier.get("status") == "verified"
            if earlier["entry"] == DIGEST
            else earlier.get("status") == "ingested" and earlier.get("recordedWith") == recorded_with(self.registry)
        )
        # Rows of another content may have been written since.
        return is_current and delivery.etag in (None, earlier.get("etag")) and "unfinished" not in earlier

    def _known(self, delivery: Delivery, fetched: Fetched) -> dict[str, Any]:
        """The fields of an entry that are known without the content. Raises AccessRefusedError and errors of S3."""
        now = self.clock.now()
        known: dict[str, Any] = {
            "log_file": f"s3://{delivery.bucket}/{delivery.key}",
            "status": "ingested",
            "etag": fetched.etag or delivery.etag,
            "version_id": fetched.version_id if fetched.etag else delivery.version_id,
            "delivery_day": (fetched.stored_at or format_time(now))[: len("YYYY-MM-DD")],
            "stored_at": fetched.stored_at,
            "ingested_at": format_time(now),
            "expires_at": expiry(now, self.ledger_retention),
        }
        named = fields_of(delivery.key)
        # A name without a time is as good as any day's: what tells is when it was stored.
        known |= named if "delivered_at" in named else named | {"delivery_day": known["delivery_day"]}
        return known | (unavailable(known["log_file"], fetched.error) if fetched.error else {})

    def _is_late(self, entry: Entry) -> bool:
        """Whether it may have missed the digests of its hour, or was not stored in it: whoever writes it names it."""
        if entry.delivered_at is None or keys.is_misfiled(entry.log_file):
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
                self.ledger.record_rejects(
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
            self.ledger.forget_rejects(entry.log_file, but=rejects, time_left=time_left)
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


def expiry(now: datetime, retention: timedelta | None) -> int | None:
    """When an entry that is made now expires, in epoch seconds; None where nothing expires."""
    return None if retention is None else int((now + retention).timestamp())


def _check(time_left: Callable[[], float], log_file: str) -> None:
    if time_left() <= 0:
        raise OutOfTimeError(
            f"no time left to read {log_file} to its end; it is read again when its message comes again"
        )

"""Ingests the deliveries that messages announce: the one path in, regardless of who announced them and how often."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.deliveries import (
    Delivery,
    Kind,
    ReviewRequest,
    Scope,
    UnknownNotification,
    deliveries,
    kind_of,
    review_request,
)
from aitrail.digests import NoDigestsDetector, Reconciliation
from aitrail.ingest.events_table import EventsTable
from aitrail.ingest.fetching import Fetched, Fetcher, known_fields
from aitrail.ingest.log_file import LogFileIngestion, check_time
from aitrail.ingest.metrics import Ingested, not_read, of_digest, skipped
from aitrail.ingest.prefetch import Prefetch, threads_ahead
from aitrail.ingest.removals import Removals
from aitrail.ledger import DIGEST, DigestEntry, Ledger
from aitrail.rows import Redaction, recorded_with
from aitrail.services import Registry

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class Reviewer(Protocol):
    """Follows up on what is still open; see `aitrail.ingest.review.Review`."""

    def review(self, request: ReviewRequest, counts: Counter[str], time_left: Callable[[], float]) -> None:
        """Reviews as much as the time allows, and adds to `counts` by metric."""
        ...


@dataclass(slots=True, kw_only=True)
class Ingestion:
    """Turns deliveries into rows; a retention is None if nothing expires.

    Deliveries outside `scope` are refused, because only the log bucket may announce deliveries. With `has_dashboard`,
    outcomes have what only the dashboard shows.
    """

    s3: "S3Client"
    events: EventsTable
    ledger: Ledger
    registry: Registry
    scope: Scope
    reconciliation: Reconciliation
    no_digests: NoDigestsDetector
    reviewer: Reviewer
    redaction: Redaction | None = None
    row_retention: timedelta | None = None
    ledger_retention: timedelta | None = None
    log_retention: timedelta | None = None
    has_dashboard: bool = False
    clock: Clock = SYSTEM_CLOCK
    _ahead: Prefetch[Fetched] | None = field(default=None, init=False)

    @property
    def _fetcher(self) -> Fetcher:
        return Fetcher(s3=self.s3, ledger=self.ledger, is_done=self._is_done)

    @property
    def _removals(self) -> Removals:
        return Removals(s3=self.s3, ledger=self.ledger, log_retention=self.log_retention, clock=self.clock)

    @property
    def _log_files(self) -> LogFileIngestion:
        return LogFileIngestion(
            events=self.events,
            ledger=self.ledger,
            registry=self.registry,
            no_digests=self.no_digests,
            retention=self.row_retention,
            clock=self.clock,
            redaction=self.redaction,
            has_dashboard=self.has_dashboard,
        )

    @contextmanager
    def reading_ahead(self, bodies: Iterable[str], *, is_backfill: bool = False) -> Iterator[None]:
        """A context in which the next deliveries of these messages are fetched while one is ingested."""
        announced = [delivery for body in bodies for delivery in self._to_read(body, is_backfill=is_backfill)]
        self._ahead = Prefetch(self._fetcher.fetch_ahead, announced, pool=threads_ahead())
        try:
            yield
        finally:
            self._ahead.close()
            self._ahead = None

    def _to_read(self, body: str, *, is_backfill: bool) -> Iterator[Delivery]:
        """The deliveries of a message that will be read; none for an unknown message, which fails later."""
        with suppress(UnknownNotification):
            for each in deliveries(body, is_backfill=is_backfill):
                if self.scope.holds(each.bucket, each.key) and kind_of(each.key).is_read and not each.removed:
                    yield each

    def ingest_message(
        self,
        body: str,
        *,
        is_backfill: bool = False,
        time_left: Callable[[], float],
        report: Callable[[Ingested], None],
    ) -> None:
        """Ingests every delivery that a message announces; a failure does not stop the others.

        `is_backfill` if the message came through the backfill queue, to which only aitrail sends. Raises
        UnknownNotification, and an ExceptionGroup of the errors that made deliveries fail.
        """
        announced = deliveries(body, is_backfill=is_backfill)
        if request := review_request(body, is_backfill=is_backfill):
            counts = Counter[str]()
            try:
                self.reviewer.review(request, counts, time_left)
            finally:  # decisions made before an error are final, and a retry does not count them again
                report(Ingested(status="reviewed", metrics=dict(+counts)))
        elif not announced:
            report(Ingested(status="nothing announced", metrics={"TestMessages": 1}))
        errors: list[Exception] = []
        for delivery in announced:
            try:
                report(self.ingest(delivery, time_left=time_left))
            except Exception as error:  # noqa: BLE001 (raised below together with the others)
                error.add_note(f"The delivery is {delivery.log_file}.")
                errors.append(error)
        if errors:
            raise ExceptionGroup(f"{len(errors)} of {len(announced)} deliveries failed", errors)

    def ingest(self, delivery: Delivery, *, time_left: Callable[[], float]) -> Ingested:
        """Ingests one delivery; `time_left` returns seconds.

        Raises OutOfTimeError, AccessRefusedError and the client's errors, after which the delivery has to be retried.
        """
        kind = kind_of(delivery.key)
        log_file = delivery.log_file
        if not self.scope.holds(delivery.bucket, delivery.key):
            return Ingested(status="refused", metrics={"RefusedDeliveries": 1}, details={"logFile": log_file})
        if not kind.is_read:
            return not_read(log_file, kind)
        check_time(time_left, log_file)
        if delivery.removed:
            return self._removals.note(delivery)
        with closing(self._ahead.take(delivery) if self._ahead else self._fetcher.fetch(delivery)) as fetched:
            return self._ingest_fetched(delivery, kind, fetched, time_left)

    def _ingest_fetched(
        self, delivery: Delivery, kind: Kind, fetched: Fetched, time_left: Callable[[], float]
    ) -> Ingested:
        log_file = delivery.log_file
        if fetched.is_unknown:
            return Ingested(status="unknown object", metrics={"UnknownObjects": 1}, details={"logFile": log_file})
        if fetched.is_done or (not delivery.force and fetched.changes_nothing):
            # An earlier run may have ended before a digest was followed up.
            is_read = kind is Kind.DIGEST and fetched.is_done and fetched.earlier is not None
            return skipped(log_file, self.reconciliation.follow_up(fetched.earlier or {}) if is_read else {})
        known = known_fields(
            delivery,
            fetched,
            now=self.clock.now(),
            retention=self.ledger_retention,
            log_retention=self.log_retention,
        )
        if kind is Kind.DIGEST:
            return self._ingest_digest(fetched, known, time_left)
        return self._log_files.ingest(fetched, known, time_left)

    def _ingest_digest(self, fetched: Fetched, known: dict[str, Any], time_left: Callable[[], float]) -> Ingested:
        entry = DigestEntry(**known | ({} if fetched.error else {"status": "verified"}))
        counts: dict[str, int] = {}
        if not fetched.error:
            entry, counts = self.reconciliation.reconcile(
                fetched.body,
                entry,
                metadata=fetched.metadata,
                earlier=fetched.earlier or {},
                time_left=time_left,
            )
        after = self.ledger.record(entry, DIGEST, fetched.earlier)
        broken = self.reconciliation.follow_up({"logFile": entry.log_file, "entry": DIGEST, **after})
        return of_digest(entry, after, counts, broken)

    def _is_done(self, earlier: dict[str, Any], etag: str | None) -> bool:
        is_current = (
            earlier.get("status") == "verified"
            if earlier["entry"] == DIGEST
            else earlier.get("status") == "ingested"
            and earlier.get("recordedWith") == recorded_with(self.registry, self.redaction)
        )
        # `unfinished`: rows of different content may have been written since. `removedAt`: it may be there again.
        is_whole = "unfinished" not in earlier and "removedAt" not in earlier
        return is_current and etag in (None, earlier.get("etag")) and is_whole

"""One path in: a delivery becomes rows, rejects and a ledger entry, whoever announced it and however often.

Order of the writes: rows, rejects, ledger entry. A crash between them leaves a delivery that the ledger does not
call ingested; reading it again writes the same rows under the same keys.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from botocore.exceptions import ClientError

from aitrail import items, keys
from aitrail.ahead import Ahead
from aitrail.dynamodb import OutOfTimeError
from aitrail.errors import AitrailError
from aitrail.events import EventsTable
from aitrail.ledger import FileEntry, Ledger
from aitrail.logfile import UnreadableLogFile
from aitrail.notifications import Delivery, UnknownNotification, deliveries
from aitrail.reading import Reading
from aitrail.rows import recorded_with
from aitrail.services import Registry

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_GONE = {"404", "NoSuchKey", "NoSuchVersion", "NoSuchBucket", "MethodNotAllowed"}
_REFUSED = {"403", "AccessDenied", "AllAccessDisabled"}


class AccessRefusedError(AitrailError):
    """S3 or KMS does not let the function read a log file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What became of one message or delivery: counts by metric name (METRICS), and details for the log."""

    status: str
    metrics: dict[str, int]
    details: dict[str, Any] = field(default_factory=dict)


# What is counted of a file that was read, and the metric that carries it.
_COUNTS = {
    "records": "Records",
    "wanted": "WantedRecords",
    "written": "RowsWritten",
    "rejected": "RejectedRecords",
    "expired": "ExpiredRecords",
    "duplicates_in_file": "DuplicatesInFile",
}
_STATUS_METRICS = {
    "ingested": "IngestedFiles",
    "unreadable": "UnreadableFiles",
    "missing": "MissingFiles",
    "archived": "ArchivedFiles",
}
_OTHER_OBJECT_METRICS = {
    keys.Kind.DIGEST: "DigestFiles",
    keys.Kind.INSIGHT: "InsightFiles",
    keys.Kind.AGGREGATED: "AggregatedFiles",
    keys.Kind.FOLDER: "FolderMarkers",
    keys.Kind.CONFIG: "ConfigFiles",
    keys.Kind.OTHER: "OtherObjects",
}
METRICS = (
    *_COUNTS.values(),
    *_STATUS_METRICS.values(),
    *_OTHER_OBJECT_METRICS.values(),
    "SkippedFiles",
    "TestMessages",
    "FailedMessages",
    "UnknownSources",
)


# Of each of the files that wait: four of them take no more memory than the rows of one large file.
_MAX_BYTES_AHEAD = 8 * 1024 * 1024


@dataclass(slots=True, kw_only=True)
class _Fetched:
    """What is known of a delivery before it is read: its ledger entry, and the answer of S3 unless it is done."""

    earlier: dict[str, Any] | None
    is_done: bool = False
    error: ClientError | None = None
    etag: str | None = None
    version_id: str | None = None
    body: Any = None  # a stream of bytes
    length: int = 0

    def close(self) -> None:
        if self.body is not None:
            self.body.close()


@dataclass(slots=True, kw_only=True)
class Ingestion:
    """The parts that turn deliveries into rows; `now` is the clock, retentions are None where nothing expires."""

    s3: "S3Client"
    events: EventsTable
    ledger: Ledger
    registry: Registry
    row_retention: timedelta | None = None
    ledger_retention: timedelta | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _ahead: Ahead[_Fetched] | None = field(default=None, init=False)

    @contextmanager
    def reading_ahead(self, bodies: Iterable[str]) -> Iterator[None]:
        """Until it ends, fetch what the next deliveries of these messages need while one is ingested."""
        announced = [delivery for body in bodies for delivery in _log_files(body)]
        self._ahead = Ahead(self._fetch_ahead, announced)
        try:
            yield
        finally:
            self._ahead.close()
            self._ahead = None

    def ingest_message(self, body: str, *, time_left: Callable[[], float], report: Callable[[Ingested], None]) -> None:
        """Ingest every delivery that a message announces; one that fails does not hold up the others.

        Raises UnknownNotification, and as an ExceptionGroup what made deliveries fail.
        """
        announced = deliveries(body)
        if not announced:
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
        if not kind.ingested:
            return Ingested(status=kind, metrics={_OTHER_OBJECT_METRICS[kind]: 1}, details={"logFile": log_file})
        _check(time_left, log_file)
        with closing(self._ahead.take(delivery) if self._ahead else self._fetch(delivery)) as fetched:
            if fetched.is_done:
                return Ingested(status="skipped", metrics={"SkippedFiles": 1}, details={"logFile": log_file})
            entry = self._entry(log_file, delivery)
            if fetched.error:
                return self._finish(self._unavailable(entry, fetched.error), {})
            entry = replace(entry, etag=fetched.etag, version_id=fetched.version_id)
            reading = Reading(
                cast("BinaryIO", fetched.body),
                log_file=log_file,
                registry=self.registry,
                retention=self.row_retention,
                now=self.now(),
                at_each_step=lambda: _check(time_left, log_file),
            )
            entry = self._read(reading, entry, fetched.earlier, time_left)
        return self._finish(entry, reading.unknown_sources)

    def _fetch(self, delivery: Delivery) -> "_Fetched":
        """Ask the ledger, and S3 if there is something to read. Raises the client's errors, but for those of S3."""
        fetched = _Fetched(earlier=self.ledger.entry(f"s3://{delivery.bucket}/{delivery.key}"))
        fetched.is_done = fetched.earlier is not None and self._is_done(fetched.earlier, delivery)
        if not fetched.is_done:
            try:
                answer = self._get(delivery)
            except ClientError as error:
                fetched.error = error
            else:
                fetched.etag, fetched.version_id = answer["ETag"].strip('"'), answer.get("VersionId")
                fetched.body, fetched.length = answer["Body"], answer["ContentLength"]
        return fetched

    def _fetch_ahead(self, delivery: Delivery) -> "_Fetched":
        """As `_fetch`; the content of a file that is not large is read as well."""
        fetched = self._fetch(delivery)
        if fetched.body is not None and fetched.length <= _MAX_BYTES_AHEAD:
            with closing(fetched.body) as body:
                fetched.body = BytesIO(body.read())
        return fetched

    def _is_done(self, earlier: dict[str, Any], delivery: Delivery) -> bool:
        return (
            earlier.get("status") == "ingested"
            and earlier.get("recordedWith") == recorded_with(self.registry)
            and delivery.etag in (None, earlier.get("etag"))
        )

    def _entry(self, log_file: str, delivery: Delivery) -> FileEntry:
        """The entry as far as it is known without the content."""
        now = self.now()
        key = keys.parse(delivery.key)
        ingested_at = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return FileEntry(
            log_file=log_file,
            status="ingested",
            recorded_with=recorded_with(self.registry),
            etag=delivery.etag,
            version_id=delivery.version_id,
            account=key.account if key else None,
            region=key.region if key else None,
            delivered_at=key.delivered_at if key else None,
            delivery_day=key.delivery_day if key else ingested_at[:10],
            ingested_at=ingested_at,
            expires_at=None if self.ledger_retention is None else int((now + self.ledger_retention).timestamp()),
        )

    def _get(self, delivery: Delivery) -> dict[str, Any]:
        request = {"Bucket": delivery.bucket, "Key": delivery.key, "VersionId": delivery.version_id}
        present: Any = {name: value for name, value in request.items() if value is not None}
        return cast("dict[str, Any]", self.s3.get_object(**present))

    def _unavailable(self, entry: FileEntry, error: ClientError) -> FileEntry:
        code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        if code in _GONE:
            return replace(entry, status="missing", problem="missing", reason=f"{code}: {message}")
        if code == "InvalidObjectState":
            reason = "the object is archived: restore it, then it is read when S3 announces it"
            return replace(entry, status="archived", problem="archived", reason=reason)
        if code in _REFUSED or code.startswith("KMS."):
            raise AccessRefusedError(
                f"S3 refused to hand out {entry.log_file} ({code}: {message}). The function's role needs s3:GetObject "
                "and s3:GetObjectVersion on the log files and s3:ListBucket on the bucket; files encrypted with a KMS "
                "key also need kms:Decrypt, which the setting aitrail:logKeyArns grants."
            ) from error
        raise error

    def _read(
        self, reading: Reading, entry: FileEntry, earlier: dict[str, Any] | None, time_left: Callable[[], float]
    ) -> FileEntry:
        """Write what the file holds, and complete its entry."""
        written, rejects = 0, set[int]()
        try:
            for batch in reading.batches():
                self.events.write(batch.rows, time_left=time_left)
                self.ledger.record_rejects(
                    entry.log_file, batch.rejects, expires_at=entry.expires_at, time_left=time_left
                )
                written += len(batch.rows)
                rejects |= {reject.record_index for reject in batch.rejects}
        except UnreadableLogFile as error:
            # What was written before the damage stays; other counts of an incomplete reading would only mislead.
            return replace(
                entry,
                status="unreadable",
                problem="unreadable",
                reason=str(error),
                position=error.position,
                written=written,
            )
        reading.reconcile(written)
        if earlier is not None and earlier.get("problem"):
            self.ledger.forget_rejects(entry.log_file, but=rejects, time_left=time_left)
        return replace(
            entry,
            problem="rejects" if rejects else None,
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

    def _finish(self, entry: FileEntry, unknown_sources: Mapping[str, int]) -> Ingested:
        self.ledger.record(entry)
        counts = {metric: getattr(entry, name) or 0 for name, metric in _COUNTS.items()}
        counts |= {_STATUS_METRICS[entry.status]: 1, "UnknownSources": sum(unknown_sources.values())}
        # JSON may hold lone surrogates, the log may not.
        sources = {items.encodable(source): count for source, count in unknown_sources.items()}
        details = {"logFile": entry.log_file, "reason": entry.reason, "unknownSources": sources}
        return Ingested(
            status=entry.status,
            metrics={name: count for name, count in counts.items() if count},
            details={name: value for name, value in details.items() if value} | counts,
        )


def _log_files(body: str) -> Iterator[Delivery]:
    """The deliveries of a message that will be read; none of one that is no known envelope: that fails in its turn."""
    with suppress(UnknownNotification):
        yield from (delivery for delivery in deliveries(body) if keys.kind_of(delivery.key).ingested)


def _check(time_left: Callable[[], float], log_file: str) -> None:
    if time_left() <= 0:
        raise OutOfTimeError(
            f"no time left to read {log_file} to its end; it is read again when its message comes again"
        )

"""Reads one log file in one pass: its rows, rejects and counts. The Lambda and `aitrail scan` share this code."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, field

from aitrail.dynamodb import items
from aitrail.errors import AitrailError
from aitrail.logfile import EndsAt, LogFile, Stream, ends_alone
from aitrail.rows.memory import row_memory
from aitrail.rows.redaction import Redaction, redacted
from aitrail.rows.rejects import MAX_KEPT_REJECTS, Reject, RejectedRecord
from aitrail.rows.row import in_log_file, made_row_of
from aitrail.rows.row_hashes import RowHashes
from aitrail.rows.table_keys import hashed_event_id, record_hash
from aitrail.services import Registry

# Up to this many bytes of memory, rows are held until the whole file has proved sound; beyond it, they are passed on
# earlier. An ordinary row takes 6 KB and counts as 8 KB.
MAX_HELD_BYTES = 32 * 1024 * 1024
# Python's memory overhead for each reject, without which many small ones would exceed the limit unnoticed.
_OVERHEAD_BYTES = 4096


class CountsDisagreeError(AitrailError):
    """Independent counters of one file disagree: a defect in aitrail, never in the file."""


class Batch(Struct, frozen=True, kw_only=True):
    """Rows and rejects that may be written now; the eventIDs of rows are distinct within the whole file.

    Of a file's rejects, only the first MAX_KEPT_REJECTS are in its batches.
    If `is_last`, the file has proved sound and no batch follows.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    rejects: list[RejectedRecord] = field(default_factory=list)
    is_last: bool = False


class Reading:
    """Reads `stream` once, through `batches`. The counts are complete when the batches are exhausted.

    Rows name `log_file` as their origin. With a `retention`, rows carry expiresAt, and records that have expired at
    `now` are counted as expired and become no rows. With a `redaction`, rows and rejects are redacted.
    `content.sha256` and `rows_sha256` are set only if `is_hashed`; hashing the content takes a quarter of the time.
    `at_each_step` is called about every 128 KB of content; an exception from it ends the reading. For `ends_at`, see
    LogFile.
    """

    def __init__(  # noqa: PLR0913 (parameters in which the function and scan differ)
        self,
        stream: Stream,
        *,
        log_file: str,
        registry: Registry,
        retention: timedelta | None = None,
        now: datetime | None = None,
        redaction: Redaction | None = None,
        is_hashed: bool = True,
        at_each_step: Callable[[], None] = lambda: None,
        ends_at: EndsAt = ends_alone,
    ) -> None:
        self.content = LogFile(
            stream,
            registry.sources,
            is_lookalike=registry.is_lookalike,
            is_hashed=is_hashed,
            at_each_step=at_each_step,
            ends_at=ends_at,
        )
        self.wanted = self.rejected = self.expired = self.duplicates_in_file = 0
        self.first_event_time: str | None = None
        self.last_event_time: str | None = None
        self._log_file = log_file
        self._registry = registry
        self._retention = retention
        self._redaction = redaction
        self._expired_before = -1.0 if now is None else now.timestamp()
        # eventID -> the record, since its hash is seldom needed, or its hash.
        self._seen: dict[str, dict[str, Any] | str] = {}
        self._hashes = RowHashes() if is_hashed else None

    @property
    def unknown_sources(self) -> Counter[str]:
        """Counts of eventSource values that resemble a service in the registry but are not in it."""
        return self.content.unknown_sources

    @property
    def rows_sha256(self) -> str | None:
        """The hash of all rows so far (see `RowHashes`); None if there are none."""
        return self._hashes.sha256() if self._hashes else None

    @property
    def left_out_rejects(self) -> int:
        """The number of rejects that are counted but in no batch."""
        return max(0, self.rejected - MAX_KEPT_REJECTS)

    def batches(self) -> Iterator[Batch]:
        """One batch once the file has proved sound; a file with very many wanted records also yields earlier batches.

        Raises UnreadableLogFile, and any error that reading the stream raises.
        """
        yield from self.batches_of(self.content)

    def batches_of(self, records: Iterable[tuple[int, dict[str, Any]]]) -> Iterator[Batch]:
        """The batches of records from `content`; if nothing is hashed, the caller may have read some of them ahead."""
        batch, held = Batch(), 0
        for index, record in records:
            self.wanted += 1
            held += self._add(batch, index, record)
            if held > MAX_HELD_BYTES:
                self._let_go()
                yield batch
                batch, held = Batch(), 0
        yield Batch(rows=batch.rows, rejects=batch.rejects, is_last=True)

    def _add(self, batch: Batch, index: int, record: dict[str, Any]) -> int:
        """Adds the record to the batch as a row or a reject; returns an upper bound of the memory that it takes."""
        try:
            kept, hidden = redacted(record, self._redaction)
            row, known = made_row_of(
                kept,
                provenance=in_log_file(self._log_file, index),
                registry=self._registry,
                retention=self._retention,
                redacted=hidden,
            )
        except Reject as reject:
            self.rejected += 1
            if self.rejected > MAX_KEPT_REJECTS:
                return 0
            rejected = RejectedRecord.of(record, key=index, reason=reject.reason, redaction=self._redaction)
            batch.rejects.append(rejected)
            return items.item_size(rejected.kept) + _OVERHEAD_BYTES
        self._note_time(row["eventTime"])
        if row.get("expiresAt", self._expired_before + 1) <= self._expired_before:
            self.expired += 1
            return 0
        event_id = row["eventID"]
        if not self._is_new(row, kept):
            self.duplicates_in_file += 1
            return 0
        batch.rows.append(row)
        if known and row["eventID"] == event_id:
            if self._hashes is not None:
                self._hashes.add_plain(known)
            return known.memory
        if self._hashes is not None:
            self._hashes.add(row)
        return row_memory(row)

    def _is_new(self, row: dict[str, Any], record: dict[str, Any]) -> bool:
        """Whether the record is new in this file. A different record with the same GUID gets a key of its own."""
        earlier = self._seen.get(row["eventID"])
        if earlier is None:
            # A row without JSON texts shares all values with its record, so keeping the record costs nothing.
            self._seen[row["eventID"]] = record_hash(record) if "asJson" in row else record
            return True
        digest = record_hash(record)
        if _hash(earlier) == digest:
            return False
        row["eventID"] = hashed_event_id(row["eventID"], digest)
        is_new = row["eventID"] not in self._seen
        self._seen[row["eventID"]] = digest
        return is_new

    def _let_go(self) -> None:
        """Replaces the records that are kept by their hashes."""
        self._seen = {event_id: _hash(seen) for event_id, seen in self._seen.items()}

    def _note_time(self, event_time: str) -> None:
        self.first_event_time = min(self.first_event_time or event_time, event_time)
        self.last_event_time = max(self.last_event_time or event_time, event_time)

    def reconcile(self, written: int) -> None:
        """Checks that every record of the file had exactly one outcome. Raises CountsDisagreeError."""
        outcomes = written + self.rejected + self.expired + self.duplicates_in_file
        if self.content.records != self.content.unwanted + self.wanted or self.wanted != outcomes:
            raise CountsDisagreeError(
                f"{self._log_file}: {self.content.records} records are {self.content.unwanted} unwanted and "
                f"{self.wanted} wanted; of these {written} written, {self.rejected} rejected, {self.expired} expired, "
                f"{self.duplicates_in_file} duplicates. Please report this with the log file."
            )


def _hash(seen: dict[str, Any] | str) -> str:
    return seen if isinstance(seen, str) else record_hash(seen)

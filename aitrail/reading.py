"""One pass over one log file: its rows, its rejects and its counts, the same for the Lambda and for `aitrail scan`."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, BinaryIO

from aitrail import items
from aitrail.errors import AitrailError
from aitrail.logfile import LogFile
from aitrail.rows import Reject, row_of
from aitrail.services import Registry

# Rows wait for the whole file to prove sound, up to this many bytes of them; beyond it they are handed on as they come.
MAX_HELD_BYTES = 32 * 1024 * 1024
# What CloudTrail allows one record to have: the size of a record that cannot be measured.
_LARGEST_RECORD = 1024 * 1024


class CountsDisagreeError(AitrailError):
    """Independent counters of one file differ: a defect of aitrail, never of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRecord:
    """A wanted record that became no row, and why."""

    record_index: int
    reason: str
    record: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What may be written now; eventIDs of rows are distinct within the whole file."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    rejects: list[RejectedRecord] = field(default_factory=list)


class Reading:
    """Reads `stream` once, through `batches`. The counts are complete when the batches are exhausted.

    `log_file` is what rows name as their origin. With a `retention`, rows carry expiresAt, and records that are past
    it at `now` are counted as expired instead.
    """

    def __init__(
        self,
        stream: BinaryIO,
        *,
        log_file: str,
        registry: Registry,
        retention: timedelta | None = None,
        now: datetime | None = None,
    ) -> None:
        self.content = LogFile(stream, registry.sources, is_lookalike=registry.is_lookalike)
        self.wanted = self.rejected = self.expired = self.duplicates_in_file = 0
        self.first_event_time: str | None = None
        self.last_event_time: str | None = None
        self._log_file = log_file
        self._registry = registry
        self._retention = retention
        self._expired_before = -1.0 if now is None else now.timestamp()
        self._seen: set[str] = set()

    @property
    def unknown_sources(self) -> Counter[str]:
        """The eventSource values that look like a service of the registry and are none, with their counts."""
        return self.content.unknown_sources

    def batches(self) -> Iterator[Batch]:
        """One batch when the file has proved sound; more, earlier, when it holds very many wanted records.

        Raises UnreadableLogFile, and whatever reading the stream raises.
        """
        batch, held = Batch(), 0
        for index, record in self.content:
            self.wanted += 1
            held += self._add(batch, index, record)
            if held > MAX_HELD_BYTES:
                yield batch
                batch, held = Batch(), 0
        yield batch

    def _add(self, batch: Batch, index: int, record: dict[str, Any]) -> int:
        """Put the record where it belongs; the bytes it holds there."""
        try:
            row = row_of(
                record,
                log_file=self._log_file,
                record_index=index,
                registry=self._registry,
                retention=self._retention,
            )
        except Reject as reject:
            self.rejected += 1
            batch.rejects.append(RejectedRecord(record_index=index, reason=reject.reason, record=record))
            return _json_size(record)
        self._note_time(row["eventTime"])
        if row.get("expiresAt", self._expired_before + 1) <= self._expired_before:
            self.expired += 1
            return 0
        if row["eventID"] in self._seen:
            self.duplicates_in_file += 1
            return 0
        self._seen.add(row["eventID"])
        batch.rows.append(row)
        return items.item_size(row)

    def _note_time(self, event_time: str) -> None:
        self.first_event_time = min(self.first_event_time or event_time, event_time)
        self.last_event_time = max(self.last_event_time or event_time, event_time)

    def reconcile(self, written: int) -> None:
        """Check that every record of the file went one way. Raises CountsDisagreeError."""
        outcomes = written + self.rejected + self.expired + self.duplicates_in_file
        if self.content.records != self.content.unwanted + self.wanted or self.wanted != outcomes:
            raise CountsDisagreeError(
                f"{self._log_file}: {self.content.records} records are {self.content.unwanted} unwanted and "
                f"{self.wanted} wanted; of these {written} written, {self.rejected} rejected, {self.expired} expired, "
                f"{self.duplicates_in_file} duplicates. Please report this with the log file."
            )


def _json_size(record: dict[str, Any]) -> int:
    try:
        return len(items.json_text(record))
    except RecursionError:
        return _LARGEST_RECORD

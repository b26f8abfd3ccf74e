"""What becomes of what was announced: the queue has to be empty, then the ledger knows."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import tee
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, Self

from aitrail.entries import UNPROVEN, entry_of
from aitrail.ledger_reader import LedgerReader
from aitrail.status.sqs import queue_of
from aitrail.temporary import is_temporary

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

# SQS counts to within a minute of the last change (SetQueueAttributes, Amazon SQS API Reference).
POLL_SECONDS = 30.0
_EMPTY_POLLS = 2
_SOUND = ("ingested", "verified")
NOT_READ = "not read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Became:
    """A delivery after it was announced.

    `status` is its problem or status in the ledger, or NOT_READ.
    """

    log_file: str
    status: str
    reason: str | None

    @property
    def is_fine(self) -> bool:
        """Whether nobody has to look at it."""
        return self.status in _SOUND


def until_empty(
    sqs: "SQSClient",
    queue_url: str,
    *,
    left: Callable[[int], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until a queue is empty, twice in a row; `left` hears how many messages there are.

    Errors that pass are waited for; others of the client are raised.
    """
    empty = 0
    while empty < _EMPTY_POLLS:
        sleep(POLL_SECONDS)
        try:
            found = queue_of(sqs, queue_url).messages
        except Exception as error:
            if not is_temporary(error):
                raise
            continue
        left(found)
        empty = 0 if found else empty + 1


class Announced:
    """Notes what is announced, on disk: there may be millions. A context manager."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        self.count = 0
        self._file = TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 (closed below)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def note(self, key: str, ingested_at: str | None) -> None:
        """Note an object, and when it had been read before, as the ledger has it."""
        self.count += 1
        self._file.write(json.dumps([key, ingested_at]) + "\n")

    def became(self, reader: LedgerReader) -> Iterator[Became]:
        """What the ledger says now of each, in the order in which they were noted. Raises botocore's errors."""
        self._file.seek(0)
        noted, again = tee(map(json.loads, self._file))
        names = ({"logFile": f"s3://{self._bucket}/{key}", "entry": entry_of(key)} for key, _ in noted)
        for (_, before), entry in zip(again, reader.whole(names), strict=True):
            yield _became(entry, before)


def _became(entry: dict[str, Any], before: str | None) -> Became:
    """What an entry says; it was made anew if it is of another time than before."""
    if entry.get("ingestedAt") == before:
        since = f" since {before}" if before else ""
        return Became(log_file=entry["logFile"], status=NOT_READ, reason=f"the ledger knows of no reading{since}")
    problem, status = entry.get("problem"), entry["status"]
    if problem == UNPROVEN:  # as all are that came too late for their digests
        problem = "rejects" if entry.get("rejected") else None
    status = problem or status
    return Became(log_file=entry["logFile"], status=status, reason=entry.get("reason") or entry.get("broken"))

"""Waits until the function has read all announced objects, or has given up on them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from math import inf
from typing import TYPE_CHECKING

from aitrail.aws import is_temporary
from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.ledger import LedgerReader
from aitrail.repair.announced import Announced
from aitrail.status import queue_of

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

POLL_SECONDS = 10.0
# SQS's counts are consistent within a minute of the last change (GetQueueAttributes, Amazon SQS API Reference): half of
# that.
_EMPTY_POLLS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Waits by polling the ledger and the backfill queue.

    `show` is called with the number of objects known to be read, and the number of messages in the queue, which may
    include messages of others.
    """

    reader: LedgerReader
    sqs: "SQSClient"
    queue_url: str
    show: Callable[[int, int], None] = lambda _read, _left: None
    clock: Clock = SYSTEM_CLOCK

    def until_read(self, noted: Announced, timeout: timedelta | None = None) -> bool:
        """Waits until all noted objects are read, or the queue has been empty for half a minute; False on timeout.

        If the queue stays empty, the remaining objects will not be read: their messages are dead letters. Temporary
        errors of the clients are retried; others are raised.
        """
        unread, empty = noted.unread(self.reader), 0
        end = self.clock.seconds() + (inf if timeout is None else timeout.total_seconds())
        while empty < _EMPTY_POLLS:
            if self.clock.seconds() >= end:
                return False
            self.clock.sleep(min(POLL_SECONDS, end - self.clock.seconds()))
            try:
                if unread.are_none():
                    return True
                left = queue_of(self.sqs, self.queue_url).messages
            except Exception as error:
                if not is_temporary(error):
                    raise
                continue
            self.show(unread.read, left)
            empty = 0 if left else empty + 1
        return True

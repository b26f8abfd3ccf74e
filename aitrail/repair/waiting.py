"""Waits until the function has read what was announced, or has given it up."""

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
# SQS counts to within a minute of the last change (SetQueueAttributes, Amazon SQS API Reference): half a minute.
_EMPTY_POLLS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Waits for what the ledger and the queue of what is announced tell.

    `show` hears how much is known to be read, and how many messages there are, those of others too.
    """

    reader: LedgerReader
    sqs: "SQSClient"
    queue_url: str
    show: Callable[[int, int], None] = lambda _read, _left: None
    clock: Clock = SYSTEM_CLOCK

    def until_read(self, noted: Announced, timeout: timedelta | None = None) -> bool:
        """Wait until all that was noted is read, or the queue is empty for half a minute; whether that was in time.

        Where the queue is empty, what is not read never will be: its messages are dead letters. Errors that pass are
        waited for; others of the clients are raised.
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

"""Announces deliveries to a queue with CloudTrail's own messages, as if they had just arrived."""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from aitrail.aws import pauses
from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.deliveries.notifications import ReviewRequest
from aitrail.errors import AitrailError

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

# A message fails and is retried as a whole, and a batch of ten has to be processed within five minutes.
KEYS_OF_A_MESSAGE = 10
# SendMessageBatch accepts ten messages of 1 MiB in total; a key has at most 1,024 bytes, or six times that in JSON.
_MESSAGES_AT_ONCE = 10
_TRIES = 6


class NotAnnouncedError(AitrailError):
    """SQS did not accept some messages, even after several attempts."""


class Announcer:
    """Announces objects of one bucket to one queue; `sqs` returns the client."""

    def __init__(
        self,
        sqs: "Callable[[], SQSClient]",
        queue_url: str,
        bucket: str,
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._sqs = sqs
        self._queue_url = queue_url
        self._bucket = bucket
        self._clock = clock

    def announce(self, keys: Iterable[str], *, force: bool = False) -> Iterator[int]:
        """Announces these keys; yields the number announced so far after each request.

        With `force`, they are read even if they are already ingested. Raises NotAnnouncedError and the client's errors.
        """
        rest = iter(keys)
        announced = 0
        while batch := list(islice(rest, _MESSAGES_AT_ONCE * KEYS_OF_A_MESSAGE)):
            self._send(list(self._bodies(batch, force=force)))
            announced += len(batch)
            yield announced

    def ask_for_review(self, request: ReviewRequest) -> None:
        """Asks the function to continue the review there. Raises NotAnnouncedError and the client's errors."""
        self._send([json.dumps({"review": {"problem": request.problem, "after": request.after}})])

    def _bodies(self, keys: list[str], *, force: bool) -> Iterator[str]:
        for start in range(0, len(keys), KEYS_OF_A_MESSAGE):
            body: dict[str, Any] = {
                "s3Bucket": self._bucket,
                "s3ObjectKey": keys[start : start + KEYS_OF_A_MESSAGE],
            }
            yield json.dumps(body | ({"force": True} if force else {}))

    def _send(self, bodies: list[str]) -> None:
        waiting = dict(enumerate(bodies))
        for _, pause in zip(range(_TRIES), pauses(self._clock), strict=False):
            answer = self._sqs().send_message_batch(
                QueueUrl=self._queue_url,
                Entries=[{"Id": str(number), "MessageBody": body} for number, body in waiting.items()],
            )
            failed = {int(each["Id"]): each.get("Message", each["Code"]) for each in answer.get("Failed", [])}
            waiting = {number: waiting[number] for number in failed}
            if not waiting:
                return
            self._clock.sleep(pause)
        raise NotAnnouncedError(
            f"{self._queue_url} did not accept {len(waiting)} of {len(bodies)} messages: {next(iter(failed.values()))}"
        )

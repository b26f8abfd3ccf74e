"""Retries failures: redrives dead letters to their queues, and re-announces log files."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from aitrail.deliveries import Announcer, UnknownNotification, deliveries
from aitrail.errors import AitrailError

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageTypeDef

# The ledger's problems of log files and digests that ingesting them again may solve.
RETRIED_PROBLEMS = ("unreadable", "missing", "invalid", "unverifiable")
_AT_ONCE = 100
_MESSAGES_AT_ONCE = 10
# With a wait time, SQS queries all of its servers (long polling).
_LOOKING_SECONDS = 1
# Error codes of local engines that cannot move messages; AWS can.
_UNKNOWN_ACTION = frozenset({"InvalidAction", "UnknownOperationException", "NotImplemented", "501"})


class MoveRunningError(AitrailError):
    """SQS is already moving these dead letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetters:
    """The dead-letter queue, and its source queues; a message of unknown origin goes to the last of them."""

    sqs: "SQSClient"
    queue_url: str
    sources: Sequence[str]

    def count(self) -> int:
        """The approximate number of dead letters. Raises the client's errors."""
        return int(self._attribute("ApproximateNumberOfMessages"))

    def some(self) -> Iterator[dict[str, Any]]:
        """The log files that up to ten of the dead letters announce, in the form of ledger entries.

        The messages stay in the queue. For a message that announces nothing, only the reason is given. Raises the
        client's errors.
        """
        for message in self._receive(VisibilityTimeout=0, WaitTimeSeconds=_LOOKING_SECONDS):
            yield from ({"problem": "dead letter", **found} for found in _announced(message["Body"]))

    def move_back(self) -> int | None:
        """Redrives the dead letters to their queues; returns their number, or None if SQS moves them asynchronously.

        Raises MoveRunningError and the client's errors.
        """
        try:
            self.sqs.start_message_move_task(SourceArn=self._attribute("QueueArn"))
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
            if code in _UNKNOWN_ACTION:
                return sum(1 for _ in self._moved())
            if "already" in message:  # SQS has no error code for this
                raise MoveRunningError(
                    f"SQS is already moving the dead letters ({message}). Wait until it is done: `aitrail retry "
                    "--dry-run` shows how many are left."
                ) from error
            raise
        return None

    def _attribute(self, name: Any) -> str:  # noqa: ANN401 (one of many literals)
        answer = self.sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=[name])
        return answer["Attributes"][name]

    def _moved(self) -> Iterator[None]:
        """Moves as many messages as there are now, because one that fails immediately returns to this queue."""
        for message in islice(self._received(), self.count()):
            self.sqs.send_message(QueueUrl=self._source(message), MessageBody=message["Body"])
            self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
            yield

    def _received(self) -> "Iterator[MessageTypeDef]":
        while messages := self._receive():
            yield from messages

    def _receive(self, **how: Any) -> "list[MessageTypeDef]":  # noqa: ANN401 (parameters of ReceiveMessage)
        answer = self.sqs.receive_message(
            QueueUrl=self.queue_url,
            MaxNumberOfMessages=_MESSAGES_AT_ONCE,
            MessageSystemAttributeNames=["DeadLetterQueueSourceArn"],
            **how,
        )
        return answer.get("Messages", [])

    def _source(self, message: "MessageTypeDef") -> str:
        name = message.get("Attributes", {}).get("DeadLetterQueueSourceArn", "").rpartition(":")[2]
        return next((url for url in self.sources if url.rpartition("/")[2] == name), self.sources[-1])


def _announced(body: str) -> list[dict[str, Any]]:
    try:
        names = [each.log_file for each in deliveries(body)]
    except UnknownNotification as error:
        return [{"reason": str(error)}]
    return [{"logFile": name} for name in names] or [{"reason": "it announces no log file"}]


def announced_again(
    announcer: Announcer | None, entries: Iterable[dict[str, Any]], bucket: str
) -> Iterator[dict[str, Any]]:
    """Re-announces the files of these ledger entries, each once; yields the first entry of each, once announced.

    The entries of a file have to be adjacent. Objects in other buckets are left out. Without an announcer, nothing is
    announced. Raises NotAnnouncedError and the client's errors.
    """
    begin = f"s3://{bucket}/"
    files = (next(found) for _, found in groupby(entries, key=itemgetter("logFile")))
    rest = (entry for entry in files if entry["logFile"].startswith(begin))
    while batch := list(islice(rest, _AT_ONCE)):
        if announcer:
            for _ in announcer.announce((entry["logFile"].removeprefix(begin) for entry in batch), force=True):
                pass
        yield from batch

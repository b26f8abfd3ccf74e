"""What failed, once more: dead letters go back to their queues, log files are announced again."""

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

# Problems of log files and digests that reading again may solve, as the ledger names them.
RETRIED_PROBLEMS = ("unreadable", "missing", "invalid", "unverifiable")
_AT_ONCE = 100
_MESSAGES_AT_ONCE = 10
# SQS then asks all of its servers, not some.
_LOOKING_SECONDS = 1
# Answers of engines that cannot move messages; AWS can.
_UNKNOWN_ACTION = frozenset({"InvalidAction", "UnknownOperationException", "NotImplemented", "501"})


class MoveRunningError(AitrailError):
    """SQS is moving these dead letters already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetters:
    """The dead-letter queue, and the queues whose messages end there; where it is not known which, it was the last."""

    sqs: "SQSClient"
    queue_url: str
    sources: Sequence[str]

    def count(self) -> int:
        """How many there are, as far as SQS knows. Raises the client's errors."""
        return int(self._attribute("ApproximateNumberOfMessages"))

    def some(self) -> Iterator[dict[str, Any]]:
        """The log files that some of them announce, ten letters at most, as entries of a ledger: they stay there.

        A letter that announces none has a reason alone. Raises the client's errors.
        """
        for message in self._receive(VisibilityTimeout=0, WaitTimeSeconds=_LOOKING_SECONDS):
            yield from ({"problem": "dead letter", **found} for found in _announced(message["Body"]))

    def move_back(self) -> int | None:
        """Send them back to their queues: how many, or None where SQS moves them by itself from now on.

        Raises MoveRunningError and the client's errors.
        """
        try:
            self.sqs.start_message_move_task(SourceArn=self._attribute("QueueArn"))
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
            if code in _UNKNOWN_ACTION:
                return sum(1 for _ in self._moved())
            if "already" in message:  # SQS has no code of its own for it
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
        """Move as many as there are now: one that fails at once comes back here."""
        for message in islice(self._received(), self.count()):
            self.sqs.send_message(QueueUrl=self._source(message), MessageBody=message["Body"])
            self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
            yield

    def _received(self) -> "Iterator[MessageTypeDef]":
        while messages := self._receive():
            yield from messages

    def _receive(self, **how: Any) -> "list[MessageTypeDef]":  # noqa: ANN401 (of ReceiveMessage)
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
        names = [f"s3://{each.bucket}/{each.key}" for each in deliveries(body)]
    except UnknownNotification as error:
        return [{"reason": str(error)}]
    return [{"logFile": name} for name in names] or [{"reason": "it announces no log file"}]


def announced_again(
    announcer: Announcer | None, entries: Iterable[dict[str, Any]], bucket: str
) -> Iterator[dict[str, Any]]:
    """Have the files of these entries of the ledger read again, each once; gives their first entries, once announced.

    Entries of a file stand side by side. What is not in the bucket is left out. Without an announcer nothing is
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

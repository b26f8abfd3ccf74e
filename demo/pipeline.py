"""The deployed pipeline from outside: puts log files into its bucket, waits, reads its tables and queues."""

import json
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from aitrail.deliveries import kind_of
from aitrail.errors import AitrailError
from aitrail.ledger import DIGEST, FILE
from demo.local_aws import PROJECT, LocalAws
from demo.processes import last_lines, run

_COMMAND_SECONDS = 120.0
# A table of events is hard to read if the terminal is narrower.
_NARROWEST = 140
_POLL_SECONDS = 0.25
# The function takes seconds here; no change for longer than this is a fault.
_STALLED_SECONDS = 60.0


class PipelineStalledError(AitrailError):
    """The pipeline has not processed all of its input; the message ends with the last lines of its log."""


class Pipeline:
    """One deployment in a local AWS; `outputs` are the outputs of its stack."""

    def __init__(self, aws: LocalAws, outputs: Mapping[str, str]) -> None:
        self.aws = aws
        self.outputs = outputs

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] = MappingProxyType({})) -> str:
        """Puts an object into the log bucket, as CloudTrail does; returns its name in the ledger."""
        bucket = self.outputs["LogBucketName"]
        self._s3.put_object(Bucket=bucket, Key=key, Body=body, Metadata=dict(metadata))
        return f"s3://{bucket}/{key}"

    def announce(self, key: str, **details: object) -> str:
        """Sends the message with which S3 announces an object, whether or not it exists; returns its name.

        `details` are the object's other attributes in the message.
        """
        bucket = self.outputs["LogBucketName"]
        s3 = {"bucket": {"name": bucket}, "object": {"key": key, **details}}
        event = {"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3}
        self.send(json.dumps({"Records": [event]}))
        return f"s3://{bucket}/{key}"

    def send(self, body: str) -> None:
        """Sends a message of any kind to the deliveries queue."""
        self._sqs.send_message(QueueUrl=self.outputs["DeliveriesQueueUrl"], MessageBody=body)

    def wait_for(self, log_files: set[str], progress: Callable[[int], None] = lambda _: None) -> None:
        """Waits until the ledger has all `log_files` with records and no message is left in the queues.

        `progress` is called with the number of files in the ledger whenever it changes. Raises PipelineStalledError.
        """
        expected = {name for name in log_files if kind_of(_key_of(name)).ingested}
        state, changed = (-1, -1), time.monotonic()
        while True:
            done = expected.intersection(self.ledger())
            waiting = self.messages("DeliveriesQueueUrl")
            if (len(done), waiting) != state:
                state, changed = (len(done), waiting), time.monotonic()
                progress(len(done))
            if len(done) == len(expected) and not waiting:
                return
            if time.monotonic() - changed > _STALLED_SECONDS:
                raise PipelineStalledError(
                    f"{len(expected) - len(done)} of {len(expected)} log files are not in the ledger, and {waiting} "
                    f"messages are waiting. The last lines of the log:\n{last_lines(self.aws.log)}"
                )
            time.sleep(_POLL_SECONDS)

    def ledger(self) -> dict[str, dict[str, Any]]:
        """The ledger's entries by the name of the log file or digest."""
        return {entry["logFile"]: entry for entry in self.entries() if entry["entry"] in (FILE, DIGEST)}

    def entries(self) -> Iterator[dict[str, Any]]:
        """All entries of the ledger, including digests and rejects, as Python values with DynamoDB's numbers."""
        return self._items("FilesTableName")

    def rows(self) -> list[dict[str, Any]]:
        """All rows of the events table, as Python values with DynamoDB's numbers."""
        return list(self._items("EventsTableName"))

    def rows_by_service(self) -> Counter[str]:
        """The number of rows of each service."""
        return Counter(row["service"] for row in self._items("EventsTableName", "service"))

    def messages(self, queue: str) -> int:
        """The number of messages in a queue, including those in flight; `queue` is the output with its URL."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self._sqs.get_queue_attributes(QueueUrl=self.outputs[queue], AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def aitrail(self, *arguments: str) -> str:
        """Runs the `aitrail` command with this deployment and returns its output. Raises CommandFailedError."""
        wide = {"COLUMNS": str(max(_NARROWEST, shutil.get_terminal_size().columns))}
        environment = {**self.aws.environment, **wide}
        return run(self.aitrail_command(*arguments), environment=environment, timeout=_COMMAND_SECONDS, folder=PROJECT)

    def aitrail_command(self, *arguments: str) -> list[str]:
        """The command line that `Pipeline.aitrail` runs."""
        program = Path(sys.executable).with_name("aitrail")
        target = ("--stack", self.outputs["StackName"], "--endpoint-url", self.aws.endpoint)
        return [str(program), *arguments, *target]

    def _items(self, table: str, *columns: str) -> Iterator[dict[str, Any]]:
        only = {"AttributesToGet": list(columns)} if columns else {}
        read = TypeDeserializer().deserialize
        for page in self._dynamodb.get_paginator("scan").paginate(TableName=self.outputs[table], **only):
            for item in page["Items"]:
                yield {name: read(value) for name, value in item.items()}

    @cached_property
    def _s3(self) -> Any:  # noqa: ANN401 - as LocalAws.client
        return self.aws.client("s3")

    @cached_property
    def _sqs(self) -> Any:  # noqa: ANN401 - as LocalAws.client
        return self.aws.client("sqs")

    @cached_property
    def _dynamodb(self) -> Any:  # noqa: ANN401 - as LocalAws.client
        return self.aws.client("dynamodb")


def _key_of(log_file: str) -> str:
    return log_file.removeprefix("s3://").partition("/")[2]

"""The function's environment, read once, and the parts it is wired from."""

import logging
import os
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import botocore.session
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from aitrail.ahead import FILES_AHEAD
from aitrail.events import WRITERS, EventsTable
from aitrail.ingest import Ingestion
from aitrail.ledger import Ledger
from aitrail.services import load

# Few, quick tries: one call takes 50 s at worst. What outlasts it fails the message, and SQS brings it again later.
_CONFIG = Config(
    connect_timeout=5,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=FILES_AHEAD + WRITERS,
    parameter_validation=False,  # half of what a batch of rows costs; what is sent is checked in the tests
)

# Seconds. The queue hides a message for six times the function's timeout: half an hour, longer than most faults last.
_FIRST_PAUSE = 60
_LONGEST_PAUSE = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What the stack tells the function; days are None where nothing expires."""

    events_table: str
    files_table: str
    queue_url: str
    row_retention_days: int | None
    ledger_retention_days: int | None

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> "Environment":
        """Read the environment. KeyError names a variable that the stack should have set."""
        return cls(
            events_table=environ["EVENTS_TABLE"],
            files_table=environ["FILES_TABLE"],
            queue_url=environ["QUEUE_URL"],
            row_retention_days=_days(environ.get("ROW_RETENTION_DAYS")),
            ledger_retention_days=_days(environ.get("LEDGER_RETENTION_DAYS")),
        )


def _days(text: str | None) -> int | None:
    return int(text) if text else None


def _retention(days: int | None) -> timedelta | None:
    return None if days is None else timedelta(days=days)


def bring_again_soon(record: SQSRecord) -> None:
    """Let SQS bring a failed message again after 1, 2, 4, 8 minutes with jitter; else after the queue's own time."""
    pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (int(record.attributes.approximate_receive_count) - 1))
    try:
        _client("sqs").change_message_visibility(
            QueueUrl=ENVIRONMENT.queue_url,
            ReceiptHandle=record.receipt_handle,
            VisibilityTimeout=random.randint(pause // 2, pause),  # noqa: S311 (jitter, not cryptography)
        )
    except (BotoCoreError, ClientError):
        logging.getLogger(__name__).warning("the visibility timeout stays as it is", exc_info=True)


# Not boto3, which only wraps botocore's clients: the function needs nothing that importing it would bring.
_session = botocore.session.get_session()


@cache
def _client(service: str) -> Any:  # noqa: ANN401 (a client of any service)
    return _session.create_client(service, config=_CONFIG)


ENVIRONMENT = Environment.read()
INGESTION = Ingestion(
    s3=_client("s3"),
    events=EventsTable(_client("dynamodb"), ENVIRONMENT.events_table),
    ledger=Ledger(_client("dynamodb"), ENVIRONMENT.files_table),
    registry=load(),
    row_retention=_retention(ENVIRONMENT.row_retention_days),
    ledger_retention=_retention(ENVIRONMENT.ledger_retention_days),
)

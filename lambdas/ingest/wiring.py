"""Reads the function's environment once, and wires the function's parts."""

import logging
import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import botocore.session
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from aitrail.aws import redaction_key
from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.deliveries import Announcer, Scope
from aitrail.digests import GivenKeys, NoDigestsDetector, PublicKeys, Reconciliation, read_keys
from aitrail.dynamodb import Throttles, encode_batches_at_once
from aitrail.ingest import FILES_AHEAD, WRITERS, EventsTable, Ingestion, Review, TimeShares, expiry
from aitrail.ledger import Ledger, LedgerReader
from aitrail.rows import Redaction
from aitrail.services import Registry, load

# A few quick attempts: one call takes at most 50 s. A longer fault fails the message, and SQS delivers it again later.
_CONFIG = Config(
    connect_timeout=5,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=FILES_AHEAD + WRITERS,
    parameter_validation=False,  # it takes half the time of a batch of rows; tests validate the requests
)

# One for each service, and one CloudTrail client for each Region: names of digests may contain any Region.
_MOST_CLIENTS = 64
# Seconds reserved to end a batch cleanly: for the current request to AWS, and the response to SQS.
_RESERVE = 60
# Seconds. The queue's visibility timeout is six times the function's timeout, half an hour: longer than most faults.
_FIRST_PAUSE = 60
_LONGEST_PAUSE = 900
# Public keys of the setting aitrail:publicKeys, by Region; infra/bundling.py writes the file.
_PUBLIC_KEYS = Path(__file__).with_name("public-keys.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The settings that the stack passes to the function.

    A retention is None if nothing expires, `redaction_key_arn` if nothing is redacted, `original_bucket` if the log
    bucket is the one that CloudTrail delivers to, `silent_after` if no account is called silent.
    """

    events_table: str
    files_table: str
    log_bucket: str
    original_bucket: str | None
    key_prefixes: tuple[str, ...]
    accounts: tuple[str, ...]
    deliveries_queue_url: str
    backfill_queue_url: str
    row_retention: timedelta | None
    ledger_retention: timedelta | None
    redaction_key_arn: str | None
    log_retention: timedelta | None
    silent_after: timedelta | None
    has_dashboard: bool

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> "Environment":
        """Reads the environment. Raises KeyError for a variable that the stack should have set."""
        return cls(
            events_table=environ["EVENTS_TABLE"],
            files_table=environ["FILES_TABLE"],
            log_bucket=environ["LOG_BUCKET"],
            original_bucket=environ.get("ORIGINAL_BUCKET"),
            key_prefixes=tuple(environ.get("KEY_PREFIXES", "").split(",")),
            accounts=tuple(filter(None, environ.get("ACCOUNTS", "").split(","))),
            deliveries_queue_url=environ["DELIVERIES_QUEUE_URL"],
            backfill_queue_url=environ["BACKFILL_QUEUE_URL"],
            row_retention=_retention(environ.get("ROW_RETENTION_DAYS")),
            ledger_retention=_retention(environ.get("LEDGER_RETENTION_DAYS")),
            redaction_key_arn=environ.get("REDACTION_KEY_ARN"),
            log_retention=_retention(environ.get("LOG_RETENTION_DAYS")),
            silent_after=timedelta(hours=int(hours)) if (hours := environ.get("SILENT_HOURS")) else None,
            has_dashboard="DASHBOARD" in environ,
        )

    def queue_url(self, arn: str) -> str:
        """The URL of the queue that a message came from."""
        name = arn.rpartition(":")[2]
        is_backfill = self.backfill_queue_url.rpartition("/")[2] == name
        return self.backfill_queue_url if is_backfill else self.deliveries_queue_url


def _retention(days: str | None) -> timedelta | None:
    return timedelta(days=int(days)) if days else None


def is_backfill(record: SQSRecord) -> bool:
    """Whether a message, and with it its batch, came through the backfill queue."""
    return ENVIRONMENT.queue_url(record.event_source_arn) == ENVIRONMENT.backfill_queue_url


def receives(record: Mapping[str, Any]) -> int:
    """How often SQS has delivered a message, which Lambda passes as JSON."""
    return int(record["attributes"]["ApproximateReceiveCount"])


def time_shares(records: Sequence[Mapping[str, Any]], context: LambdaContext) -> TimeShares:
    """The shares of the messages of a batch, which are in the order of `receives`, in the function's time."""
    return TimeShares(list(map(receives, records)), lambda: context.get_remaining_time_in_millis() / 1000 - _RESERVE)


def bring_again_soon(record: SQSRecord) -> None:
    """Makes SQS retry a failed message after 1, 2, 4, 8 minutes with jitter; on error, the queue's timeout applies."""
    pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (receives(record.raw_event) - 1))
    try:
        _client("sqs").change_message_visibility(
            QueueUrl=ENVIRONMENT.queue_url(record.event_source_arn),
            ReceiptHandle=record.receipt_handle,
            VisibilityTimeout=random.randint(pause // 2, pause),  # noqa: S311 (jitter, not cryptography)
        )
    except (BotoCoreError, ClientError):
        logging.getLogger(__name__).warning("the visibility timeout stays as it is", exc_info=True)


# Not boto3: it only wraps botocore's clients, and the function needs nothing else from it.
_session = botocore.session.get_session()


@lru_cache(_MOST_CLIENTS)
def _client(service: str, region: str | None = None) -> Any:  # noqa: ANN401 (a client of any service)
    return _session.create_client(service, config=_CONFIG, region_name=region)


def _redaction(environment: Environment, registry: Registry) -> Redaction | None:
    if (arn := environment.redaction_key_arn) is None:
        return None
    # The key is read once, with the first value to redact: an error fails only the messages that need it.
    return Redaction(registry, key_name=arn, key=lambda: redaction_key(_client("secretsmanager"), arn))


def _given_keys() -> GivenKeys:
    """The keys of the setting aitrail:publicKeys, which are part of the function's code."""
    return read_keys(_PUBLIC_KEYS.read_bytes()) if _PUBLIC_KEYS.exists() else {}


def _ingestion(environment: Environment, clock: Clock = SYSTEM_CLOCK) -> Ingestion:
    ledger = Ledger(_client("dynamodb"), environment.files_table, clock=clock)
    reader = LedgerReader(_client("dynamodb"), environment.files_table, clock=clock)
    scope = Scope(
        bucket=environment.log_bucket,
        prefixes=environment.key_prefixes,
        accounts=environment.accounts,
        original=environment.original_bucket,
    )
    # Few batches send messages, so the client is created only when needed.
    announcer = Announcer(lambda: _client("sqs"), environment.backfill_queue_url, environment.log_bucket, clock=clock)
    registry = load()
    public_keys = PublicKeys(partial(_client, "cloudtrail"), clock=clock, given=_given_keys)
    return Ingestion(
        s3=_client("s3"),
        events=EventsTable(encode_batches_at_once(_client("dynamodb")), environment.events_table, clock=clock),
        ledger=ledger,
        registry=registry,
        scope=scope,
        reconciliation=Reconciliation(
            ledger=ledger,
            reader=reader,
            public_keys=public_keys,
            scope=scope,
            clock=clock,
            expires_at=lambda: expiry(clock.now(), environment.ledger_retention),
        ),
        no_digests=NoDigestsDetector(ledger=ledger, reader=reader, clock=clock),
        reviewer=Review(
            ledger=ledger,
            reader=reader,
            announcer=announcer,
            public_keys=public_keys,
            bucket=environment.log_bucket,
            ledger_retention=environment.ledger_retention,
            silent_after=environment.silent_after,
            has_dashboard=environment.has_dashboard,
            clock=clock,
        ),
        redaction=_redaction(environment, registry),
        row_retention=environment.row_retention,
        ledger_retention=environment.ledger_retention,
        log_retention=environment.log_retention,
        has_dashboard=environment.has_dashboard,
        clock=clock,
    )


ENVIRONMENT = Environment.read()
INGESTION = _ingestion(ENVIRONMENT)
THROTTLES = Throttles(_client("dynamodb"))

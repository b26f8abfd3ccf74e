"""The handler of the ingest function: takes a batch of queue messages, returns the messages that have to be retried."""
# ruff: noqa: E402 (the garbage collector is disabled before anything is imported)

import gc

gc.disable()  # start-up creates many objects but hardly any garbage, and collecting it takes a third of the time

from collections.abc import Callable
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from aitrail.ingest import Ingested, line_of
from lambdas.ingest.publishing import count, metrics, publish
from lambdas.ingest.wiring import INGESTION, THROTTLES, bring_again_soon, is_backfill, receives, time_shares

logger = Logger(json_serializer=line_of)
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

gc.freeze()  # existing objects stay, so the collector need not scan them every time
gc.enable()


def ingest(record: SQSRecord, time_left: Callable[[], float]) -> None:
    """Ingests the deliveries that one message announces; a message that fails is retried."""
    again = is_backfill(record)
    told = partial(report, is_backfill=again)
    try:
        INGESTION.ingest_message(record.body, is_backfill=again, time_left=time_left, report=told)
    except Exception:
        logger.exception("message failed", message_id=record.message_id)
        count("FailedMessages")
        bring_again_soon(record)
        raise


def report(ingested: Ingested, *, is_backfill: bool) -> None:
    """Logs the outcome of a delivery, and adds its counts to the metrics of the batch."""
    logger.info(ingested.status, **ingested.details)
    publish(ingested, is_backfill=is_backfill)


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Processes one batch; the response lists the messages that SQS should retry."""
    records = sorted(event["Records"], key=receives)
    shares = time_shares(records, context)
    with INGESTION.reading_ahead((each["body"] for each in records), is_backfill=is_backfill(SQSRecord(records[0]))):
        response = process_partial_response(
            {"Records": records}, lambda record: ingest(record, shares.take()), processor, context
        )
    count("TableThrottles", THROTTLES.take())
    return response

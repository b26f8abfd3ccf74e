"""The handler of the ingest function: takes a batch of queue messages, returns the messages that have to be retried."""
# ruff: noqa: E402 (the garbage collector is disabled before anything is imported)

import gc

gc.disable()  # start-up creates many objects but hardly any garbage, and collecting it takes a third of the time

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from aitrail.ingest import Ingested, line_of, with_sums
from lambdas.ingest.wiring import INGESTION, bring_again_soon, is_backfill, receives, time_shares

logger = Logger(json_serializer=line_of)
metrics = Metrics()
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

gc.freeze()  # existing objects stay, so the collector need not scan them every time
gc.enable()


def ingest(record: SQSRecord, time_left: Callable[[], float]) -> None:
    """Ingests the deliveries that one message announces; a message that fails is retried."""
    try:
        INGESTION.ingest_message(record.body, is_backfill=is_backfill(record), time_left=time_left, report=report)
    except Exception:
        logger.exception("message failed", message_id=record.message_id)
        metrics.add_metric(name="FailedMessages", unit=MetricUnit.Count, value=1)
        bring_again_soon(record)
        raise


def report(ingested: Ingested) -> None:
    """Logs the outcome of a delivery, and adds its counts to the metrics of the batch."""
    logger.info(ingested.status, **ingested.details)
    for name, value in with_sums(ingested.metrics).items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Processes one batch; the response lists the messages that SQS should retry."""
    records = sorted(event["Records"], key=receives)
    shares = time_shares(records, context)
    with INGESTION.reading_ahead((each["body"] for each in records), is_backfill=is_backfill(SQSRecord(records[0]))):
        return process_partial_response(
            event={"Records": records},
            record_handler=lambda record: ingest(record, shares.take()),
            processor=processor,
            context=context,
        )

"""The handler of the ingest function: takes a batch of queue messages, returns the messages that have to be retried."""
# ruff: noqa: E402 (the garbage collector is disabled before anything is imported)

import gc

gc.disable()  # start-up creates many objects but hardly any garbage, and collecting it takes a third of the time

from collections.abc import Callable
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from aitrail.ingest import ROWS, ROWS_DIMENSIONS, SECONDS, Ingested, line_of, published
from lambdas.ingest.wiring import INGESTION, THROTTLES, bring_again_soon, is_backfill, receives, time_shares

logger = Logger(json_serializer=line_of)
metrics = Metrics()
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

gc.freeze()  # existing objects stay, so the collector need not scan them every time
gc.enable()


def ingest(record: SQSRecord, time_left: Callable[[], float]) -> None:
    """Ingests the deliveries that one message announces; a message that fails is retried."""
    of_backfill = is_backfill(record)
    try:
        INGESTION.ingest_message(
            record.body,
            is_backfill=of_backfill,
            time_left=time_left,
            report=partial(report, is_backfill=of_backfill),
        )
    except Exception:
        logger.exception("message failed", message_id=record.message_id)
        metrics.add_metric(name="FailedMessages", unit=MetricUnit.Count, value=1)
        bring_again_soon(record)
        raise


def report(ingested: Ingested, *, is_backfill: bool) -> None:
    """Logs the outcome of a delivery, and adds its counts to the metrics of the batch."""
    logger.info(ingested.status, **ingested.details)
    for name, value in published(ingested.metrics, is_backfill=is_backfill).items():
        metrics.add_metric(name=name, unit=MetricUnit.Seconds if name in SECONDS else MetricUnit.Count, value=value)
    for values, count in ingested.rows.items():
        # In a line of its own: a line has one set of dimensions.
        dimensions = dict(zip(ROWS_DIMENSIONS, values, strict=True))
        with single_metric(name=ROWS, unit=MetricUnit.Count, value=count, default_dimensions=dimensions):
            pass


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Processes one batch; the response lists the messages that SQS should retry."""
    records = sorted(event["Records"], key=receives)
    shares = time_shares(records, context)
    with INGESTION.reading_ahead((each["body"] for each in records), is_backfill=is_backfill(SQSRecord(records[0]))):
        response = process_partial_response(
            event={"Records": records},
            record_handler=lambda record: ingest(record, shares.take()),
            processor=processor,
            context=context,
        )
    if throttled := THROTTLES.take():
        metrics.add_metric(name="TableThrottles", unit=MetricUnit.Count, value=throttled)
    return response

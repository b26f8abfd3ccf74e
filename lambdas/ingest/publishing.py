"""Publishes metrics: a line of CloudWatch's embedded metric format for each batch, and for its rows of each kind."""

from aws_lambda_powertools import Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit

from aitrail.ingest import ROWS, ROWS_DIMENSIONS, SECONDS, Ingested, published

metrics = Metrics()


def count(name: str, number: int = 1) -> None:
    """Adds to a metric of the batch, unless the number is 0."""
    if number:
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=number)


def publish(ingested: Ingested, *, is_backfill: bool) -> None:
    """Adds the counts of a delivery to the metrics of the batch, and publishes its rows."""
    for name, value in published(ingested.metrics, is_backfill=is_backfill).items():
        metrics.add_metric(name=name, unit=MetricUnit.Seconds if name in SECONDS else MetricUnit.Count, value=value)
    for values, rows in ingested.rows.items():
        # In a line of its own: a line has one set of dimensions.
        dimensions = dict(zip(ROWS_DIMENSIONS, values, strict=True))
        with single_metric(name=ROWS, unit=MetricUnit.Count, value=rows, default_dimensions=dimensions):
            pass

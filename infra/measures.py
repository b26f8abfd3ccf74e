"""The metrics of a stack: those that the function publishes, and those of AWS, which cost nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk.aws_sqs import IQueue

from aitrail.dynamodb import tables

# The namespace of the function's own metrics. Their dimension `service` is the stack's name: several stacks may be in
# one account and Region.
NAMESPACE = "aitrail"
# The function's metric of rows, and the dimensions that it alone has.
_ROWS, _ROWS_DIMENSIONS = "Rows", ("awsService", "outcome")
FIVE_MINUTES = Duration.minutes(5)
AN_HOUR = Duration.hours(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMetrics:
    """The metrics of the function of a stack, which is their dimension `service`."""

    service: str

    def sum(self, name: str, label: str | None = None, *, period: Duration = FIVE_MINUTES) -> cloudwatch.Metric:
        """What a metric counts."""
        return self.statistic(name, "Sum", label, period=period)

    def largest(self, name: str, label: str | None = None, *, period: Duration = AN_HOUR) -> cloudwatch.Metric:
        """The largest value of a metric: of what the hourly review measures, each value is the whole."""
        return self.statistic(name, "Maximum", label, period=period)

    def statistic(
        self, name: str, statistic: str, label: str | None = None, *, period: Duration = FIVE_MINUTES
    ) -> cloudwatch.Metric:
        """A statistic of a metric."""
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=name,
            dimensions_map={"service": self.service},
            statistic=statistic,
            period=period,
            label=label,
        )

    def rows(self) -> cloudwatch.MathExpression:
        """The rows of every service and outcome that had any lately."""
        dimensions = ",".join((NAMESPACE, "service", *_ROWS_DIMENSIONS))
        of_stack = f'service="{self.service}" MetricName="{_ROWS}"'
        return cloudwatch.MathExpression(
            expression=f"SEARCH('{{{dimensions}}} {of_stack}', 'Sum', {FIVE_MINUTES.to_seconds():.0f})",
            using_metrics={},
            label=" ".join(f"${{PROP('Dim.{each}')}}" for each in _ROWS_DIMENSIONS),
            period=FIVE_MINUTES,
        )

    def s3_requests(self) -> cloudwatch.MathExpression:
        """The requests to S3, which has no free metric of them: CloudTrail stores each file, the function reads it."""
        names = {"files": "IngestedFiles", "digests": "DigestFiles"}
        parts = {each: self.sum(name, period=AN_HOUR) for each, name in names.items()}
        return _sum(parts, "S3, at least", times=2)


def written(definition: tables.Table, name: str, label: str) -> cloudwatch.MathExpression:
    """The write units of a table and its indexes, which have metrics of their own."""
    dimensions: list[dict[str, str]] = [{}, *({"GlobalSecondaryIndexName": index.name} for index in definition.indexes)]
    parts = {
        f"{label}{number}": cloudwatch.Metric(
            namespace="AWS/DynamoDB",
            metric_name="ConsumedWriteCapacityUnits",
            dimensions_map={"TableName": name, **each},
            statistic="Sum",
            period=AN_HOUR,
        )
        for number, each in enumerate(dimensions)
    }
    return _sum(parts, label)


def sqs_requests(*queues: IQueue) -> cloudwatch.MathExpression:
    """The requests to SQS, as if each were about one message."""
    parts = {
        f"queue{number}part{part}": measure(period=AN_HOUR, statistic="Sum")
        for number, queue in enumerate(queues)
        for part, measure in enumerate(
            (
                queue.metric_number_of_messages_sent,
                queue.metric_number_of_messages_received,
                queue.metric_number_of_messages_deleted,
                queue.metric_number_of_empty_receives,
            )
        )
    }
    return _sum(parts, "SQS, at most")


def _sum(parts: Mapping[str, cloudwatch.IMetric], label: str, *, times: int = 1) -> cloudwatch.MathExpression:
    """The sum of metrics over an hour, of which those without data count as zero."""
    filled = " + ".join(f"FILL({name}, 0)" for name in parts)
    return cloudwatch.MathExpression(
        expression=filled if times == 1 else f"{times} * ({filled})",
        using_metrics=dict(parts),
        label=label,
        period=AN_HOUR,
    )

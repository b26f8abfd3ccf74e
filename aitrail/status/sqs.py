"""Reads the state of a deployment's queues from SQS and CloudWatch; the numbers are approximate."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from aitrail.aws import Deployment, code_of
from aitrail.status.queues import Queue, Queues

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.literals import QueueAttributeNameType

_NUMBERS: "tuple[QueueAttributeNameType, ...]" = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
# The age of the oldest message is available only as a metric, with a delay of some minutes.
_LATELY = timedelta(minutes=15)
_PERIOD = timedelta(minutes=5)


def queues_of(
    deployment: Deployment,
    sqs: "SQSClient",
    cloudwatch: Any,  # noqa: ANN401 (CloudWatch's client)
    now: datetime,
) -> Queues:
    """Reads the state of all queues. Raises botocore's errors."""
    urls = {"deliveries": deployment.deliveries_queue, "backfill": deployment.backfill_queue}
    ages, refused = dict[str, timedelta](), False
    try:
        ages = _ages(cloudwatch, urls, now)
    except ClientError as error:
        refused = code_of(error).startswith("AccessDenied")
        if not refused:
            raise
    return Queues(
        deliveries=queue_of(sqs, urls["deliveries"], ages.get("deliveries")),
        backfill=queue_of(sqs, urls["backfill"], ages.get("backfill")),
        dead_letters=queue_of(sqs, deployment.dead_letter_queue),
        ages_refused=refused,
    )


def queue_of(sqs: "SQSClient", url: str, oldest: timedelta | None = None) -> Queue:
    """Reads the state of one queue. Raises botocore's errors."""
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_NUMBERS))["Attributes"]
    waiting, in_flight, delayed = (int(attributes[name]) for name in _NUMBERS)
    return Queue(waiting=waiting, in_flight=in_flight, delayed=delayed, oldest=oldest)


def _ages(cloudwatch: Any, urls: Mapping[str, str], now: datetime) -> dict[str, timedelta]:  # noqa: ANN401 (CloudWatch's client)
    """Queue -> the age of its oldest message, for queues with data."""
    queries = [
        {
            "Id": name,
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/SQS",
                    "MetricName": "ApproximateAgeOfOldestMessage",
                    "Dimensions": [{"Name": "QueueName", "Value": url.rpartition("/")[2]}],
                },
                "Period": int(_PERIOD.total_seconds()),
                "Stat": "Maximum",
            },
        }
        for name, url in urls.items()
    ]
    answer = cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=now - _LATELY, EndTime=now)
    found = {result["Id"]: result["Values"] for result in answer["MetricDataResults"]}
    return {name: timedelta(seconds=max(values)) for name, values in found.items() if values}

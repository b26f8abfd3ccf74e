"""The alarms: each says what happened and what to do."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_lambda import IFunction
from aws_cdk.aws_sns import ITopic
from constructs import Construct

from infra.deliveries import Deliveries

_FIVE_MINUTES = Duration.minutes(5)
_AN_HOUR = Duration.hours(1)

# The function's own metrics, namespace and dimension as its environment sets them.
NAMESPACE = SERVICE = "aitrail"
_LISTED = "The files table lists them in its index by-problem"
_COUNTED = {
    "UnreadableFiles": f"Log files are truncated, corrupt or no CloudTrail log. {_LISTED}, with reasons; "
    "docs/operations.md says how to have a repaired one read again.",
    "MissingFiles": "Log files were announced and are not in the bucket: something or a lifecycle rule deletes them "
    f"early. {_LISTED}; docs/operations.md says how to have a restored one read again.",
    "ArchivedFiles": f"Log files are in an archive storage class and cannot be read. {_LISTED}; restored files are "
    "read by themselves.",
    "RejectedRecords": "Records of the wanted services could not become rows. The files table keeps them, with their "
    "reasons, and lists them in its index by-problem.",
    "UnknownSources": "CloudTrail uses an eventSource that looks like a wanted service and is not in the registry: its "
    "records are not recorded. The function's log names it; add it to the service's TOML file and deploy.",
}


class Alarms(Construct):
    """What a person should know of; `topic` is told, where there is one."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deliveries: Deliveries,
        function: IFunction,
        topic: ITopic | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = topic
        self.alarm(
            "DeadLetters",
            deliveries.dead_letters.metric_approximate_number_of_messages_visible(
                period=_FIVE_MINUTES, statistic="Maximum"
            ),
            "Deliveries failed five times and are in the dead-letter queue. The function's log names the cause, often "
            "a missing permission; grant it, then move the messages back to the deliveries queue (start a redrive).",
        )
        self.alarm(
            "Backlog",
            deliveries.queue.metric_approximate_age_of_oldest_message(period=_FIVE_MINUTES, statistic="Maximum"),
            "A delivery has waited for over an hour: the function fails, is throttled, or is slower than deliveries "
            "arrive. Look at its errors; raise aitrail:maximumConcurrency if there are none.",
            above=_AN_HOUR.to_seconds(),
        )
        self.alarm(
            "FunctionErrors",
            function.metric_errors(period=_FIVE_MINUTES),
            "The function crashed, ran out of memory or timed out, as its log shows. SQS retries the deliveries; "
            "nothing is lost while the dead-letter queue is empty.",
        )
        for metric, description in _COUNTED.items():
            self.alarm(metric, _count(metric), description)

    def alarm(self, name: str, metric: cloudwatch.Metric, description: str, *, above: float = 0) -> None:
        """Go off when `metric` passes `above` within five minutes; no data is good news."""
        alarm = cloudwatch.Alarm(
            self,
            name,
            metric=metric,
            alarm_description=description,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            threshold=above,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        if self.topic:
            alarm.add_alarm_action(SnsAction(self.topic))


def _count(metric: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=metric,
        dimensions_map={"service": SERVICE},
        statistic="Sum",
        period=_FIVE_MINUTES,
    )

"""The alarms; each description says what happened and what to do."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_lambda import IFunction
from aws_cdk.aws_sns import ITopic
from constructs import Construct

from infra.deliveries import Deliveries

_FIVE_MINUTES = Duration.minutes(5)
_AN_HOUR = Duration.hours(1)

# The namespace of the function's own metrics. Their dimension `service` is the stack's name: several stacks may be in
# one account and Region.
NAMESPACE = "aitrail"
_COUNTED = {
    "UnreadFiles": "Announced log files could not be read: they are truncated, corrupt, not CloudTrail log files, in "
    "an archive storage class, or gone. `aitrail status` lists them with reasons; after you have repaired or restored "
    "them, run `aitrail retry`.",
    "RejectedRecords": "Records of the wanted services could not become rows. The files table keeps them; `aitrail "
    "rejects` lists them with their reasons.",
    "ChangedFiles": "Log files do not match CloudTrail's signed digests, or their content has changed: someone "
    "changed them. Or log files or digests were deleted after they had been read. `aitrail status` and `aitrail "
    "verify` list them; the bucket keeps their previous versions for 30 days.",
    "UnlistedFiles": "The bucket has log files that no CloudTrail digest lists: someone else wrote them, and their "
    "records became rows. `aitrail verify` lists them.",
    "DigestProblems": "Digests have no valid CloudTrail signature, do not continue their chain, or are gone: the "
    "deliveries of their hours are not proved. Was logging stopped, or a digest changed? `aitrail verify` lists them. "
    "Or an account and Region has log files of a time without verified digests: `aitrail status` names it "
    "(no-digests). Find out who wrote them; is log file validation off?",
    "NotRecorded": "Something arrives that is not recorded; the function's log names it. Either an eventSource looks "
    "like a wanted service, but is not in the registry: add it to the service's TOML file, and deploy. Or deliveries "
    "were refused, because they are outside the log bucket, have a name of more than 1,024 bytes, or have a prefix or "
    "an account that aitrail:keyPrefixes or aitrail:accounts does not name: add it, deploy, then run `aitrail "
    "backfill`.",
}


class Alarms(Construct):
    """Alarms for operators; `topic`, if set, is notified.

    `service` is the dimension of the function's own metrics. With `expects_digests`, the absence of digests also raises
    an alarm.
    """

    def __init__(  # noqa: PLR0913 - a construct's properties
        self,
        scope: Construct,
        construct_id: str,
        *,
        deliveries: Deliveries,
        function: IFunction,
        service: str,
        topic: ITopic | None,
        expects_digests: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = topic
        self._service = service
        self.alarm(
            "DeadLetters",
            deliveries.dead_letters.metric_approximate_number_of_messages_visible(
                period=_FIVE_MINUTES, statistic="Maximum"
            ),
            "Messages failed five times and are in the dead-letter queue. The function's log names the cause, often "
            "a missing permission. Fix it, then run `aitrail retry`.",
        )
        self.alarm(
            "Backlog",
            deliveries.queue.metric_approximate_age_of_oldest_message(period=_FIVE_MINUTES, statistic="Maximum"),
            "A delivery has waited for more than an hour: the function fails, is throttled, or is too slow for the "
            "number of deliveries. Check its errors; raise aitrail:maximumConcurrency if there are none.",
            above=_AN_HOUR.to_seconds(),
        )
        self.alarm(
            "FunctionErrors",
            function.metric_errors(period=_FIVE_MINUTES),
            "The function crashed, ran out of memory or timed out, as its log shows. SQS retries the deliveries; "
            "nothing is lost while the dead-letter queue is empty.",
        )
        for metric, description in _COUNTED.items():
            self.alarm(metric, self._count(metric), description)
        if expects_digests:
            self._alarm_without_digests()

    def _alarm_without_digests(self) -> None:
        """Adds an alarm for missing digests: CloudTrail writes them every hour for every Region, even if idle."""
        alarm = cloudwatch.Alarm(
            self,
            "NoDigests",
            metric=self._count("VerifiedDigests", _AN_HOUR),
            alarm_description="No CloudTrail digest has been verified for three hours. Is the trail stopped, or its "
            "log file validation turned off? Start it again. `aitrail status` shows the newest digest of each account, "
            "Region and trail.",
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            threshold=1,
            evaluation_periods=3,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
        )
        self._tell(alarm)

    def _tell(self, alarm: cloudwatch.Alarm) -> None:
        if self.topic:
            alarm.add_alarm_action(SnsAction(self.topic))

    def alarm(self, name: str, metric: cloudwatch.Metric, description: str, *, above: float = 0) -> None:
        """Adds an alarm that is raised if `metric` exceeds `above` within five minutes; missing data is fine."""
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
        self._tell(alarm)

    def _count(self, metric: str, period: Duration = _FIVE_MINUTES) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=metric,
            dimensions_map={"service": self._service},
            statistic="Sum",
            period=period,
        )

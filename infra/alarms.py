"""The alarms; each description says what happened and what to do."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_lambda import IFunction
from aws_cdk.aws_sns import ITopic
from constructs import Construct

from infra.deliveries import Deliveries
from infra.measures import AN_HOUR, FIVE_MINUTES, OwnMetrics

# The review decides on what is open after as long (`aitrail.digests.PATIENCE`), and waits in the same queue.
_BACKFILL_WAITS = Duration.hours(6)
# Lambda and DynamoDB throttle for a moment when the load rises; what they throttle is repeated.
_FOR_FIFTEEN_MINUTES = 3
# The review counts every hour, but not always in every hour of the clock.
_HOURS_OF_REVIEWS = 3

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
    """Alarms for operators, of which `topics` are notified; `created` has all of them, most urgent first.

    `own` are the function's metrics. With `expects_digests`, the absence of digests also raises an alarm, and with
    `silent_hours` that of the digests of an account.
    """

    def __init__(  # noqa: PLR0913 - a construct's properties
        self,
        scope: Construct,
        construct_id: str,
        *,
        deliveries: Deliveries,
        function: IFunction,
        own: OwnMetrics,
        topics: Sequence[ITopic],
        expects_digests: bool,
        silent_hours: int | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.created: list[cloudwatch.Alarm] = []
        self._topics = topics
        self._own = own
        self._alarms_of_queues(deliveries)
        self._alarms_of_function(function)
        for metric, description in _COUNTED.items():
            self.alarm(metric, self._own.sum(metric), description)
        if expects_digests:
            self._alarm_without_digests()
        self._alarms_of_reviews(silent_hours)

    def _alarms_of_queues(self, deliveries: Deliveries) -> None:
        self.alarm(
            "DeadLetters",
            deliveries.dead_letters.metric_approximate_number_of_messages_visible(
                period=FIVE_MINUTES, statistic="Maximum"
            ),
            "Messages failed five times and are in the dead-letter queue. The function's log names the cause, often "
            "a missing permission. Fix it, then run `aitrail retry`.",
        )
        self.alarm(
            "Backlog",
            deliveries.queue.metric_approximate_age_of_oldest_message(period=FIVE_MINUTES, statistic="Maximum"),
            "A delivery has waited for more than an hour: the function fails, is throttled, or is too slow for the "
            "number of deliveries. Check its errors; raise aitrail:maximumConcurrency if there are none.",
            above=AN_HOUR.to_seconds(),
        )
        self.alarm(
            "BackfillBacklog",
            deliveries.backfill.metric_approximate_age_of_oldest_message(period=FIVE_MINUTES, statistic="Maximum"),
            "A delivery that a backfill or a retry has queued has waited for more than six hours. The hourly review "
            "waits in the same queue, so that problems may be noticed late. If a large backfill is under way, and "
            "`aitrail status` shows that the queue gets shorter, wait, or raise aitrail:backfillConcurrency. "
            "Otherwise, check the function's errors. SQS drops messages after 14 days.",
            above=_BACKFILL_WAITS.to_seconds(),
        )

    def _alarms_of_function(self, function: IFunction) -> None:
        self.alarm(
            "FunctionErrors",
            function.metric_errors(period=FIVE_MINUTES),
            "The function crashed, ran out of memory or timed out, as its log shows. SQS retries the deliveries; "
            "nothing is lost while the dead-letter queue is empty.",
        )
        self.alarm(
            "FunctionThrottles",
            function.metric_throttles(period=FIVE_MINUTES),
            "Lambda has throttled the function for 15 minutes: other functions take up the account's concurrency. "
            "Raise the quota (Lambda, Concurrent executions), or lower aitrail:maximumConcurrency and "
            "aitrail:backfillConcurrency. Messages that are throttled five times end in the dead-letter queue.",
            periods=_FOR_FIFTEEN_MINUTES,
        )
        self.alarm(
            "TableThrottles",
            self._own.sum("TableThrottles"),
            "DynamoDB has throttled requests of the function for 15 minutes: to a table, or to one of its indexes. "
            "They are repeated, and deliveries are late. A backfill may be the cause: lower "
            "aitrail:backfillConcurrency. Otherwise, look for provisioned capacity or a maximum throughput of a "
            "table, and at the quotas of the account.",
            periods=_FOR_FIFTEEN_MINUTES,
        )

    def _alarm_without_digests(self) -> None:
        """Adds an alarm for missing digests: CloudTrail writes them every hour for every Region, even if idle."""
        alarm = cloudwatch.Alarm(
            self,
            "NoDigests",
            metric=self._own.sum("VerifiedDigests", period=AN_HOUR),
            alarm_description="No CloudTrail digest has been verified for three hours. Is the trail stopped, or its "
            "log file validation turned off? Start it again. `aitrail status` shows the newest digest of each account, "
            "Region and trail.",
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            threshold=1,
            evaluation_periods=3,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
        )
        self._notify_of(alarm)

    def _alarms_of_reviews(self, silent_hours: int | None) -> None:
        """Adds alarms for what the hourly review counts, every time anew as long as it lasts."""
        self._alarm_of_review(
            "UnverifiableRegions",
            "The digests of accounts and Regions could not be verified, not even hours later: CloudTrail's public keys "
            "are not available. That is no sign of forgery, but nothing proves these deliveries. Let the function's "
            "role call cloudtrail:ListPublicKeys in that Region (a service control policy may deny it), or give the "
            "keys (aitrail:publicKeys), or accept it: `aitrail status` names the digests (unverifiable).",
        )
        if silent_hours is not None:
            self._alarm_of_review(
                "SilentAccounts",
                "No digest has come from an account for more than the hours of aitrail:silentHours, although "
                "CloudTrail writes digests every hour even for idle accounts. `aitrail status` names the accounts "
                "(silent). Is the trail stopped, or may it no longer write to the bucket? If an account was closed, "
                "run `aitrail accept account://ACCOUNT --reason TEXT`.",
            )

    def _alarm_of_review(self, name: str, description: str) -> None:
        """Adds an alarm for a number that the review publishes, which goes on while one of three hours has it."""
        self.alarm(name, self._own.largest(name), description, periods=_HOURS_OF_REVIEWS, needed=1)

    def alarm(  # noqa: PLR0913 - properties of an alarm
        self,
        name: str,
        metric: cloudwatch.Metric,
        description: str,
        *,
        above: float = 0,
        periods: int = 1,
        needed: int | None = None,
    ) -> None:
        """Adds an alarm that is raised if `metric` exceeds `above` in as many periods; missing data is fine.

        With `needed`, so many of the periods are enough.
        """
        alarm = cloudwatch.Alarm(
            self,
            name,
            metric=metric,
            alarm_description=description,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            threshold=above,
            evaluation_periods=periods,
            datapoints_to_alarm=needed,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        self._notify_of(alarm)

    def _notify_of(self, alarm: cloudwatch.Alarm) -> None:
        self.created.append(alarm)
        for topic in self._topics:
            alarm.add_alarm_action(SnsAction(topic))

"""The queues of deliveries, and the dead-letter queue."""

from aws_cdk import Acknowledgment, Duration, Validations
from aws_cdk import aws_events as events
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.queue_targets import RuleTargetQueue

# AWS's recommendation for queues that Lambda reads, so that retries of a batch fit into one visibility timeout.
_VISIBILITY_IN_FUNCTION_TIMEOUTS = 6


class Deliveries(Construct):
    """The queues of announced deliveries: five attempts each, then the dead-letter queue.

    SQS keeps a message for fourteen days in all: in the dead-letter queue, it keeps the age that it had before.

    Re-announced deliveries, including backfills, have a separate queue, so that live deliveries never wait for them.
    """

    def __init__(self, scope: Construct, construct_id: str, *, function_timeout: Duration) -> None:
        super().__init__(scope, construct_id)
        self._visibility = Duration.seconds(function_timeout.to_seconds() * _VISIBILITY_IN_FUNCTION_TIMEOUTS)
        self.dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        Validations.of(self.dead_letters).acknowledge(
            Acknowledgment(
                id="Serverless-SQSRedrivePolicy", reason="This is the dead-letter queue of the other queues."
            )
        )
        self.queue = self._queue("Queue")
        self.backfill = self._queue("Backfill")
        # Every hour, the function follows up on listed objects that have not arrived, and on other open problems.
        hourly = events.Rule(
            self,
            "Hourly",
            description="Makes aitrail follow up on open items every hour.",
            schedule=events.Schedule.rate(Duration.hours(1)),
            targets=[RuleTargetQueue(self.backfill)],
        )
        Validations.of(hourly).acknowledge(
            Acknowledgment(
                id="Serverless-EventBusDLQ",
                reason="EventBridge retries for a day; the next hour's event asks for the same as one that is lost.",
            )
        )

    def _queue(self, construct_id: str) -> sqs.Queue:
        return sqs.Queue(
            self,
            construct_id,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            # An outage could last longer than the default of four days.
            retention_period=Duration.days(14),
            visibility_timeout=self._visibility,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=5),
        )

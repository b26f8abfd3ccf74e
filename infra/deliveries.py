"""The queues of deliveries, and the dead-letter queue."""

from aws_cdk import Acknowledgment, Duration, Validations
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.queue_targets import RuleTargetQueue

# AWS's recommendation for queues that Lambda reads, so that retries of a batch fit into one visibility timeout.
_VISIBILITY_IN_FUNCTION_TIMEOUTS = 6
# A delivery arrives every few minutes: with SQS's default of five minutes, nearly each would take a request to KMS.
_DATA_KEY_REUSE = Duration.hours(1)


class Deliveries(Construct):
    """The queues of announced deliveries: five attempts each, then the dead-letter queue.

    SQS keeps a message for fourteen days in all: in the dead-letter queue, it keeps the age that it had before.

    `key` encrypts them; None for a key that SQS owns.

    Re-announced deliveries, including backfills, have a separate queue, so that live deliveries never wait for them.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, function_timeout: Duration, key: kms.IKey | None = None
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = key
        visibility = Duration.seconds(function_timeout.to_seconds() * _VISIBILITY_IN_FUNCTION_TIMEOUTS)
        self.dead_letters = self._queue("DeadLetters")
        Validations.of(self.dead_letters).acknowledge(
            Acknowledgment(
                id="Serverless-SQSRedrivePolicy", reason="This is the dead-letter queue of the other queues."
            )
        )
        self.queue = self._queue("Queue", visibility=visibility)
        self.backfill = self._queue("Backfill", visibility=visibility)
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

    def _queue(self, construct_id: str, *, visibility: Duration | None = None) -> sqs.Queue:
        """A queue, with the dead-letter queue if Lambda reads it and so needs the visibility timeout."""
        return sqs.Queue(
            self,
            construct_id,
            encryption=sqs.QueueEncryption.KMS if self._key else sqs.QueueEncryption.SQS_MANAGED,
            encryption_master_key=self._key,
            data_key_reuse=_DATA_KEY_REUSE if self._key else None,
            enforce_ssl=True,
            # An outage could last longer than the default of four days.
            retention_period=Duration.days(14),
            visibility_timeout=visibility,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=5) if visibility else None,
        )

"""The queues of deliveries and where those end that nobody could read."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_events_targets import SqsQueue
from constructs import Construct

# AWS's advice for queues that Lambda reads: batches wait for retries inside one visibility timeout.
_VISIBILITY_IN_FUNCTION_TIMEOUTS = 6


class Deliveries(Construct):
    """Announced deliveries: five attempts each, then fourteen days among the dead letters.

    What is announced again, backfills among it, has a queue of its own, so that live deliveries never wait for it.
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
        self.queue = self._queue("Queue")
        self.backfill = self._queue("Backfill")
        # The function looks every hour after what digests list and what has not come.
        events.Rule(
            self,
            "Hourly",
            description="Makes aitrail follow up on open items every hour.",
            schedule=events.Schedule.rate(Duration.hours(1)),
            targets=[SqsQueue(self.backfill)],
        )

    def _queue(self, construct_id: str) -> sqs.Queue:
        return sqs.Queue(
            self,
            construct_id,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            # The default of four days could end before an outage does.
            retention_period=Duration.days(14),
            visibility_timeout=self._visibility,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=5),
        )

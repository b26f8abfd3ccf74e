"""The queue of deliveries and where those end that nobody could read."""

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

# AWS's advice for queues that Lambda reads: batches wait for retries inside one visibility timeout.
_VISIBILITY_IN_FUNCTION_TIMEOUTS = 6


class Deliveries(Construct):
    """Announced deliveries: five attempts each, then fourteen days among the dead letters."""

    def __init__(self, scope: Construct, construct_id: str, *, function_timeout: Duration) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            # The default of four days could end before an outage does.
            retention_period=Duration.days(14),
            visibility_timeout=Duration.seconds(function_timeout.to_seconds() * _VISIBILITY_IN_FUNCTION_TIMEOUTS),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=5),
        )

"""A bucket that the stack does not own, and the ways in which its log files are announced."""

from collections.abc import Sequence

from aws_cdk import Acknowledgment, Aws, CustomResource, Duration, Stack, Validations
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk.aws_sqs import IQueue
from constructs import Construct, IDependable

from aitrail.aws import announcements
from infra.bundling import ROOT, RUNTIME
from infra.queue_targets import RuleTargetQueue, let_send

_HANDLER = ROOT / "lambdas/notifications/handler.py"
_NOT_OF_ANNOUNCER = {
    "Serverless-LambdaDLQ": "CloudFormation waits for the answer of the function, and tells that there is none.",
    "Serverless-LambdaTracing": "CloudFormation runs it when the stack changes, and has its answer.",
}


class ExistingBucket(Construct):
    """The bucket `name` of `account`, or of the stack's account if None. The stack never deletes it.

    Its log files are announced by `announced_by`: s3, eventbridge, or the SNS topic with this ARN. `bus_arn` is the bus
    to which events of another account are sent, if they are.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, name: str, account: str | None, announced_by: str
    ) -> None:
        super().__init__(scope, construct_id)
        self.bucket = s3.Bucket.from_bucket_name(self, "Bucket", name)
        self.account = account
        self.bus_arn: str | None = None
        # Its owner's.
        self.policy = None
        self.event_keys: list[dict[str, str]] = []
        self._announced_by = announced_by

    def take_from(self, trail_arns: Sequence[str], *, below: Sequence[str]) -> None:
        """Does nothing: the owner of the bucket says which trails deliver to it."""

    def announce_to(self, queue: IQueue, *, reader: IDependable, prefixes: Sequence[str]) -> None:
        """Has every log file announced to `queue`.

        `prefixes` are the prefixes before AWSLogs/; they are announced once `reader`, the function, accepts them.
        """
        if self._announced_by == "s3":
            announcing = self._by_s3(queue, prefixes)
        elif self._announced_by == "eventbridge":
            announcing = self._by_eventbridge(queue, prefixes)
        else:
            announcing = self._by_topic(queue, self._announced_by)
        if announcing:
            announcing.node.add_dependency(reader)

    def _by_s3(self, queue: IQueue, prefixes: Sequence[str]) -> Construct | None:
        """Lets S3 send; adds the notifications if the bucket is of the stack's account."""
        sender = let_send(
            queue,
            "s3.amazonaws.com",
            self.bucket.bucket_arn,
            {"StringEquals": {"aws:SourceAccount": self.account or Aws.ACCOUNT_ID}},
        )
        if self.account:
            return None
        role = iam.Role(self, "AnnouncerRole", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:GetBucketNotification", "s3:PutBucketNotification"], resources=[self.bucket.bucket_arn]
            )
        )
        announcer = lambda_.Function(
            self,
            "Announcer",
            description="Adds the stack's notifications to a bucket of the account, and removes them.",
            runtime=RUNTIME,
            code=lambda_.Code.from_inline(_HANDLER.read_text()),
            handler="index.handler",
            timeout=Duration.minutes(3),
            memory_size=128,
            role=role,
        )
        for name, reason in _NOT_OF_ANNOUNCER.items():
            Validations.of(announcer).acknowledge(Acknowledgment(id=name, reason=reason))
        notifications = CustomResource(
            self,
            "Notifications",
            resource_type="Custom::BucketNotifications",
            service_token=announcer.function_arn,
            service_timeout=Duration.minutes(5),
            properties={
                "Bucket": self.bucket.bucket_name,
                "Queues": [announcements.notification(queue.queue_arn, prefix) for prefix in prefixes],
            },
        )
        # S3 checks that it may send. When the stack is deleted, the role is needed until the notifications are gone.
        notifications.node.add_dependency(role, *([sender.policy_dependable] if sender.policy_dependable else []))
        return notifications

    def _by_eventbridge(self, queue: IQueue, prefixes: Sequence[str]) -> Construct:
        """Takes the bucket's events from EventBridge, to which S3 sends them if the bucket's owner says so.

        Events of another account arrive on a bus of the stack, to which only S3's events of this account may be put.
        """
        bus = self._bus(self.account) if self.account else None
        pattern = announcements.event_pattern(self.bucket.bucket_name, prefixes)
        self.event_keys = pattern["detail"]["object"]["key"]
        rule = events.Rule(
            self,
            "Events",
            description="Announces log files of the bucket to the function.",
            event_bus=bus,
            event_pattern=events.EventPattern(
                account=[self.account or Aws.ACCOUNT_ID],
                source=pattern["source"],
                detail_type=pattern["detail-type"],
                detail=pattern["detail"],
            ),
            targets=[RuleTargetQueue(queue)],
        )
        Validations.of(rule).acknowledge(
            Acknowledgment(
                id="Serverless-EventBusDLQ",
                reason="EventBridge retries for a day; digests name every log file that has not arrived by then.",
            )
        )
        return rule

    def _bus(self, account: str) -> events.IEventBus:
        # A bus needs a name.
        bus = events.EventBus(self, "Bus", event_bus_name=f"{Stack.of(self).stack_name}-log-files")
        self.bus_arn = bus.event_bus_arn
        events.CfnEventBusPolicy(
            self,
            "BusPolicy",
            event_bus_name=bus.event_bus_name,
            statement_id="LogFiles",
            statement={
                "Sid": "LogFiles",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{Aws.PARTITION}:iam::{account}:root"},
                "Action": "events:PutEvents",
                "Resource": bus.event_bus_arn,
                "Condition": {"StringEquals": {"events:source": "aws.s3"}},
            },
        )
        return bus

    def _by_topic(self, queue: IQueue, topic_arn: str) -> Construct:
        """Subscribes the queue to a topic of S3's notifications, or to CloudTrail's own topic of a trail."""
        let_send(queue, "sns.amazonaws.com", topic_arn)
        subscription = sns.CfnSubscription(
            self,
            "Subscription",
            topic_arn=topic_arn,
            protocol="sqs",
            endpoint=queue.queue_arn,
            region=topic_arn.split(":")[3],
            raw_message_delivery=True,
        )
        Validations.of(subscription).acknowledge(
            Acknowledgment(
                id="Serverless-SNSRedrivePolicy",
                reason="SNS retries for 23 days; digests name every log file that has not arrived by then.",
            )
        )
        return subscription

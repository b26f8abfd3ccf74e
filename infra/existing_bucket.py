"""A bucket that the stack does not own, and the ways in which its log files are announced."""

from collections.abc import Sequence

from aws_cdk import Aws, CustomResource, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk.aws_sqs import IQueue
from constructs import Construct

from infra.bundling import ROOT, RUNTIME
from infra.queue_targets import RuleTargetQueue, let_send

_HANDLER = ROOT / "lambdas/notifications/handler.py"
# What S3 and EventBridge call the events of which the function has to know.
_OF_S3 = ("s3:ObjectCreated:*", "s3:ObjectRestore:Completed", "s3:ObjectRemoved:*")
_OF_EVENTBRIDGE = ("Object Created", "Object Restore Completed", "Object Deleted")
_SUFFIX = ".json.gz"


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
        self._announced_by = announced_by

    def take_from(self, trail_arns: Sequence[str], *, below: Sequence[str]) -> None:
        """Does nothing: the owner of the bucket says which trails deliver to it."""

    def announce_to(self, queue: IQueue, *, prefixes: Sequence[str]) -> None:
        """Has every log file announced to `queue`. `prefixes` are the prefixes before AWSLogs/."""
        if self._announced_by == "s3":
            self._by_s3(queue, prefixes)
        elif self._announced_by == "eventbridge":
            self._by_eventbridge(queue, prefixes)
        else:
            self._by_topic(queue, self._announced_by)

    def _by_s3(self, queue: IQueue, prefixes: Sequence[str]) -> None:
        """Lets S3 send; adds the notifications if the bucket is of the stack's account."""
        sender = let_send(
            queue,
            "s3.amazonaws.com",
            self.bucket.bucket_arn,
            {"StringEquals": {"aws:SourceAccount": self.account or Aws.ACCOUNT_ID}},
        )
        if self.account:
            return
        role = iam.Role(self, "AnnouncerRole", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:GetBucketNotification", "s3:PutBucketNotification"], resources=[self.bucket.bucket_arn]
            )
        )
        announcer = lambda_.Function(
            self,
            "Announcer",
            description="Adds the stack's notifications to a bucket of the account, and takes them away.",
            runtime=RUNTIME,
            code=lambda_.Code.from_inline(_HANDLER.read_text()),
            handler="index.handler",
            timeout=Duration.minutes(1),
            role=role,
        )
        filters = [{"prefix": f"{prefix}AWSLogs/", "suffix": _SUFFIX} for prefix in prefixes]
        queues = [
            {
                "QueueArn": queue.queue_arn,
                "Events": list(_OF_S3),
                "Filter": {"Key": {"FilterRules": [{"Name": name, "Value": value} for name, value in each.items()]}},
            }
            for each in filters
        ]
        notifications = CustomResource(
            self,
            "Notifications",
            resource_type="Custom::BucketNotifications",
            service_token=announcer.function_arn,
            properties={"Bucket": self.bucket.bucket_name, "Queues": queues},
        )
        # S3 checks that it may send. When the stack is deleted, the role is needed until the notifications are gone.
        notifications.node.add_dependency(role, *([sender.policy_dependable] if sender.policy_dependable else []))

    def _by_eventbridge(self, queue: IQueue, prefixes: Sequence[str]) -> None:
        """Takes the bucket's events from EventBridge, to which S3 sends them if the bucket's owner says so.

        Events of another account arrive on a bus of the stack, to which only S3's events of this account may be put.
        """
        bus = self._bus(self.account) if self.account else None
        events.Rule(
            self,
            "Announcements",
            description="Announces log files of the bucket to the function.",
            event_bus=bus,
            event_pattern=events.EventPattern(
                account=[self.account or Aws.ACCOUNT_ID],
                source=["aws.s3"],
                detail_type=list(_OF_EVENTBRIDGE),
                detail={
                    "bucket": {"name": [self.bucket.bucket_name]},
                    "object": {"key": [{"wildcard": f"{_escaped(prefix)}AWSLogs/*{_SUFFIX}"} for prefix in prefixes]},
                },
            ),
            targets=[RuleTargetQueue(queue)],
        )

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

    def _by_topic(self, queue: IQueue, topic_arn: str) -> None:
        """Subscribes the queue to a topic of S3's notifications, or to CloudTrail's own topic of a trail."""
        let_send(queue, "sns.amazonaws.com", topic_arn)
        sns.CfnSubscription(
            self,
            "Announcements",
            topic_arn=topic_arn,
            protocol="sqs",
            endpoint=queue.queue_arn,
            region=topic_arn.split(":")[3],
            raw_message_delivery=True,
        )


def _escaped(prefix: str) -> str:
    """A prefix in a wildcard of EventBridge."""
    return prefix.replace("*", "\\*")

"""AWS services that send to a queue of the stack: the queue's policy names what sends, and its account.

CDK's own destination and target leave out the account, which the ARN of a bucket does not contain.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import jsii
from aws_cdk import Aws
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk.aws_sqs import IQueue
from aws_cdk.interfaces.aws_events import IRuleRef
from aws_cdk.interfaces.aws_s3 import IBucketRef
from constructs import Construct, IDependable


@jsii.implements(s3.IBucketNotificationDestination)
class BucketNotificationQueue:
    """A queue for the event notifications of a bucket of the stack's account, which `reader` reads."""

    def __init__(self, queue: IQueue, *, reader: IDependable) -> None:
        self._queue = queue
        self._reader = reader

    def bind(self, scope: Construct, bucket: IBucketRef) -> s3.BucketNotificationDestinationConfig:  # noqa: ARG002 - CDK's
        """Lets S3 send for this bucket. S3 checks that when the notifications are set.

        They are set after the reader is updated, which would otherwise refuse what it does not yet know.
        """
        conditions = {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
        granted = let_send(self._queue, "s3.amazonaws.com", bucket.bucket_ref.bucket_arn, conditions)
        return s3.BucketNotificationDestinationConfig(
            arn=self._queue.queue_arn,
            type=s3.BucketNotificationDestinationType.QUEUE,
            dependencies=[each for each in (granted.policy_dependable, self._reader) if each],
        )


@jsii.implements(events.IRuleTarget)
class RuleTargetQueue:
    """A queue for the events of a rule of the stack's account."""

    def __init__(self, queue: IQueue) -> None:
        self._queue = queue

    def bind(self, rule: IRuleRef, id: str | None = None) -> events.RuleTargetConfig:  # noqa: A002, ARG002 - CDK's
        """Lets EventBridge send for this rule, whose ARN contains the account."""
        # EventBridge did not always name the account of a rule: without `IfExists`, its events would then be lost.
        conditions = {"StringEqualsIfExists": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
        let_send(self._queue, "events.amazonaws.com", rule.rule_ref.rule_arn, conditions)
        return events.RuleTargetConfig(arn=self._queue.queue_arn)


def let_send(
    queue: IQueue, service: str, source_arn: str, conditions: Mapping[str, Any] = MappingProxyType({})
) -> iam.AddToResourcePolicyResult:
    """Lets an AWS service send to the queue on behalf of one of its resources, under further conditions."""
    return queue.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal(service)],
            actions=["sqs:SendMessage"],
            resources=[queue.queue_arn],
            conditions={"ArnEquals": {"aws:SourceArn": source_arn}, **conditions},
        )
    )

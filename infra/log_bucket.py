"""The bucket that CloudTrail delivers to."""

from collections.abc import Sequence

from aws_cdk import Acknowledgment, Duration, RemovalPolicy, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk.aws_s3_notifications import SqsDestination
from aws_cdk.aws_sqs import IQueue
from constructs import Construct


class LogBucket(Construct):
    """The bucket of log files, kept for `retention_days` or forever. It survives the stack, as they are audit logs."""

    def __init__(self, scope: Construct, construct_id: str, *, retention_days: int | None) -> None:
        super().__init__(scope, construct_id)
        # CDK's default role for the notification handler may change the notifications of every bucket in the account.
        role = iam.Role(self, "AnnouncerRole", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    abort_incomplete_multipart_upload_after=Duration.days(7),
                    noncurrent_version_expiration=Duration.days(30),
                    expiration=Duration.days(retention_days) if retention_days else None,
                ),
                # In a versioned bucket, an expired object leaves a delete marker, which can go once no version is left.
                s3.LifecycleRule(expired_object_delete_marker=True),
            ],
            notifications_handler_role=role.without_policy_updates(),
            # A first deployment that fails deletes its bucket, which is still empty.
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        role.add_to_policy(
            iam.PolicyStatement(actions=["s3:PutBucketNotification"], resources=[self.bucket.bucket_arn])
        )
        Validations.of(self.bucket).acknowledge(
            Acknowledgment(
                id="AwsSolutions-S1",
                reason="A bucket for the access logs of this log bucket would need one of its own, and so on.",
            )
        )

    def take_from(self, trail_arn: str, *, below: str = "AWSLogs/") -> None:
        """Allows CloudTrail to deliver for this one trail, to keys that start with `below`.

        A trail of one account writes to AWSLogs/<account>/, a trail of an organization to AWSLogs/<organization>/.
        """
        conditions = {"aws:SourceArn": trail_arn}
        for action, resource, also in (
            ("s3:GetBucketAcl", self.bucket.bucket_arn, {}),
            ("s3:PutObject", self.bucket.arn_for_objects(f"{below}*"), {"s3:x-amz-acl": "bucket-owner-full-control"}),
        ):
            self.bucket.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[iam.ServicePrincipal("cloudtrail.amazonaws.com")],
                    actions=[action],
                    resources=[resource],
                    conditions={"StringEquals": conditions | also},
                )
            )

    def announce_to(self, queue: IQueue, *, prefixes: Sequence[str]) -> None:
        """Announces every log file that arrives, and every archived one that is restored, to `queue`.

        `prefixes` are the prefixes before AWSLogs/.
        """
        for prefix in prefixes:
            below = s3.NotificationKeyFilter(prefix=f"{prefix}AWSLogs/", suffix=".json.gz")
            for event in (s3.EventType.OBJECT_CREATED, s3.EventType.OBJECT_RESTORE_COMPLETED):
                self.bucket.add_event_notification(event, SqsDestination(queue), below)

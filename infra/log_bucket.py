"""The bucket that CloudTrail delivers to, or that holds a replicated copy of such a bucket."""

from collections.abc import Mapping, Sequence
from typing import cast

from aws_cdk import Acknowledgment, Duration, RemovalPolicy, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.aws_sqs import IQueue
from constructs import Construct, IDependable

from aitrail.aws import announcements
from infra.queue_targets import BucketNotificationQueue

_ANNOUNCED = (s3.EventType.OBJECT_CREATED, s3.EventType.OBJECT_RESTORE_COMPLETED, s3.EventType.OBJECT_REMOVED)
_CLOUDTRAIL = "cloudtrail.amazonaws.com"
# Replication writes and deletes with permissions of its own.
_WRITING = ("s3:PutObject", "s3:ReplicateObject")
_REPLICATING = ("s3:ReplicateObject", "s3:ReplicateTags")
_DELETING = ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ReplicateDelete", "s3:BypassGovernanceRetention")


class LogBucket(Construct):
    """The bucket of log files, kept for `retention_days` or forever. It survives the stack, as they are audit logs.

    Object Lock keeps each version for `lock_days`, if set. Log files move to `storage_class`, if set, after
    `storage_days`. `key` encrypts what is stored; None for a key that S3 owns.
    """

    def __init__(  # noqa: PLR0913 - a construct's properties
        self,
        scope: Construct,
        construct_id: str,
        *,
        retention_days: int | None,
        lock_days: int | None = None,
        storage_class: str | None = None,
        storage_days: int = 0,
        key: kms.IKey | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        # CDK's default role for the notification handler may change the notifications of every bucket in the account.
        role = iam.Role(self, "AnnouncerRole", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=key,
            # S3 asks KMS once for many objects.
            bucket_key_enabled=True if key else None,
            enforce_ssl=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    abort_incomplete_multipart_upload_after=Duration.days(7),
                    noncurrent_version_expiration=Duration.days(30),
                    expiration=Duration.days(retention_days) if retention_days else None,
                    transitions=[_transition(storage_class, storage_days)] if storage_class else None,
                ),
                # In a versioned bucket, an expired object leaves a delete marker, which can go once no version is left.
                s3.LifecycleRule(expired_object_delete_marker=True),
            ],
            # S3 charges for each move, and in most of these classes for 128 KB at least: small log files stay.
            transition_default_minimum_object_size=s3.TransitionDefaultMinimumObjectSize.ALL_STORAGE_CLASSES_128_K
            if storage_class
            else None,
            notifications_handler_role=role.without_policy_updates(),
            # A first deployment that fails deletes its bucket, which is still empty.
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        # Only events of another account's bucket need a bus.
        self.bus_arn: str | None = None
        self.event_keys: list[dict[str, str]] = []
        self.policy = self.bucket.policy
        if self.policy:
            # The policy stays with the bucket.
            self.policy.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        if lock_days:
            self._lock(lock_days)
        role.add_to_policy(
            iam.PolicyStatement(actions=["s3:PutBucketNotification"], resources=[self.bucket.bucket_arn])
        )
        Validations.of(self.bucket).acknowledge(
            Acknowledgment(
                id="AwsSolutions-S1",
                reason="A bucket for the access logs of this log bucket would need one of its own, and so on.",
            )
        )

    def _lock(self, days: int) -> None:
        """Locks each new version. Never with ObjectLockEnabled: CloudFormation would replace a deployed bucket."""
        cast(
            "s3.CfnBucket", self.bucket.node.default_child
        ).object_lock_configuration = s3.CfnBucket.ObjectLockConfigurationProperty(
            object_lock_enabled="Enabled",
            rule=s3.CfnBucket.ObjectLockRuleProperty(
                default_retention=s3.CfnBucket.DefaultRetentionProperty(mode="GOVERNANCE", days=days)
            ),
        )

    def guard(self, *, prefixes: Sequence[str], but: str | None, replicated_by: str | None) -> None:
        """Forbids all but CloudTrail to put objects below AWSLogs/, and all to delete or to bypass Object Lock.

        `but` is the ARN of a role that may do all of this, `replicated_by` of one that S3 replicates objects with.

        A condition on a key that a request does not have is met if it is negated: CloudTrail's requests have no
        aws:PrincipalArn, those of users and roles no aws:PrincipalServiceName. For a session of a role,
        aws:PrincipalArn is the role. All conditions of a statement have to be met.
        """
        exempt = {"ArnNotEquals": {"aws:PrincipalArn": but}} if but else {}
        # The same comparison under its other name: one operator with both ARNs could not be conditional in a package.
        replicating = {"ArnNotLike": {"aws:PrincipalArn": replicated_by}} if replicated_by else {}
        logs = [self.bucket.arn_for_objects(f"{announcements.folder(prefix)}*") for prefix in prefixes]
        not_cloudtrail = {"StringNotEquals": {"aws:PrincipalServiceName": _CLOUDTRAIL}}
        self._deny(_WRITING, logs, not_cloudtrail | exempt | replicating, sid="OnlyCloudTrailWritesLogs")
        self._deny(_DELETING, [self.bucket.arn_for_objects("*")], exempt)
        if replicated_by:
            self._take_replicas(replicated_by, logs)

    def _take_replicas(self, role: str, logs: Sequence[str]) -> None:
        """Allows a role, which may be of another account, to replicate to these objects, and not to put any."""
        # Replicas belong to the owner of this bucket without s3:ObjectOwnerOverrideToBucketOwner: it has no ACLs.
        self.bucket.add_to_resource_policy(
            iam.PolicyStatement(principals=[iam.ArnPrincipal(role)], actions=list(_REPLICATING), resources=list(logs))
        )
        self._deny(["s3:PutObject"], [self.bucket.arn_for_objects("*")], {"ArnEquals": {"aws:PrincipalArn": role}})

    def _deny(
        self,
        actions: Sequence[str],
        resources: Sequence[str],
        conditions: Mapping[str, Mapping[str, str]],
        *,
        sid: str | None = None,
    ) -> None:
        self.bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid=sid,
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=list(actions),
                resources=list(resources),
                conditions=dict(conditions),
            )
        )

    def take_from(self, trail_arns: Sequence[str], *, below: Sequence[str] = ("AWSLogs/",)) -> None:
        """Allows CloudTrail to deliver for these trails, to keys that start with one of `below`.

        A trail of one account writes to AWSLogs/<account>/, a trail of an organization to AWSLogs/<organization>/.
        """
        # One statement for all: S3 accepts 20 KB.
        conditions = {"aws:SourceArn": trail_arns[0] if len(trail_arns) == 1 else list(trail_arns)}
        keys = [self.bucket.arn_for_objects(f"{each}*") for each in below]
        for action, resources, also in (
            ("s3:GetBucketAcl", [self.bucket.bucket_arn], {}),
            ("s3:PutObject", keys, {"s3:x-amz-acl": "bucket-owner-full-control"}),
        ):
            self.bucket.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[iam.ServicePrincipal(_CLOUDTRAIL)],
                    actions=[action],
                    resources=resources,
                    conditions={"StringEquals": conditions | also},
                )
            )

    def announce_to(self, queue: IQueue, *, reader: IDependable, prefixes: Sequence[str]) -> None:
        """Announces every log file that arrives, is restored from an archive, or is deleted, to `queue`.

        S3 sends no such event for objects that the lifecycle deletes. `prefixes` are the prefixes before AWSLogs/; they
        are announced once `reader`, the function, accepts them.
        """
        for prefix in prefixes:
            below = s3.NotificationKeyFilter(prefix=announcements.folder(prefix), suffix=announcements.SUFFIX)
            for event in _ANNOUNCED:
                self.bucket.add_event_notification(event, BucketNotificationQueue(queue, reader=reader), below)


def _transition(storage_class: str, days: int) -> s3.Transition:
    return s3.Transition(storage_class=s3.StorageClass(storage_class), transition_after=Duration.days(days))

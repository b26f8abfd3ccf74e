"""The customer-managed KMS keys of a stack."""

from collections.abc import Iterator, Sequence

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from aitrail.aws import Place, Statement, other_trails, own_trail, policy
from infra.settings import Settings
from infra.values import OF_STACK

# In a template, these are references.
HERE = Place(partition=Aws.PARTITION, region=Aws.REGION, account=Aws.ACCOUNT_ID, suffix=Aws.URL_SUFFIX)


class KmsKeys(Construct):
    """The keys of the log bucket, the queues, the tables, the function's log and the topic; None for AWS's encryption.

    `created` is the key that the stack creates, for those parts that are to have one. It is kept with what it encrypts:
    the log bucket, and tables that are protected. `trail_arn` is the ARN of the stack's trail, if it has one.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, trail_arn: str | None) -> None:
        super().__init__(scope, construct_id)
        self.created: kms.Key | None = None
        if created := [name for name, key in settings.keys.items() if key == OF_STACK]:
            self.created = self._create(created, settings, trail_arn)
        keys = {name: self._of(name, key) for name, key in settings.keys.items()}
        self.bucket, self.queues = keys["bucket_kms_key"], keys["queues_kms_key"]
        self.tables, self.log_group = keys["tables_kms_key"], keys["log_group_kms_key"]
        self.topic = keys.get("topic_kms_key")

    def outputs(self, trail_arn: str | None, trail_arns: Sequence[str]) -> Iterator[tuple[str, str, str]]:
        """The name, value and description of each output about customer-managed keys, and what they are used for."""
        for name, key, description in (
            ("KmsKeyArn", self.created, "KMS key that the stack created."),
            ("BucketKmsKeyArn", self.bucket, "Customer-managed KMS key of the log bucket."),
            ("QueuesKmsKeyArn", self.queues, "Customer-managed KMS key of the queues."),
            ("TablesKmsKeyArn", self.tables, "Customer-managed KMS key of the tables."),
            ("LogGroupKmsKeyArn", self.log_group, "Customer-managed KMS key of the function's log."),
            ("TopicKmsKeyArn", self.topic, "Customer-managed KMS key of the topic that sends alarms by e-mail."),
        ):
            if key:
                yield name, key.key_arn, description
        if self.bucket and trail_arn:
            yield "TrailArn", trail_arn, "Trail of the stack, whose log files the key of the log bucket encrypts."
        if self.bucket and trail_arns:
            yield "TrailArns", ",".join(trail_arns), "Other trails that deliver to the encrypted log bucket."

    def _of(self, name: str, key: str | None) -> kms.IKey | None:
        if key is None:
            return None
        return self.created if key == OF_STACK else kms.Key.from_key_arn(self, name, key)

    def _create(self, parts: list[str], settings: Settings, trail_arn: str | None) -> kms.Key:
        is_kept = "bucket_kms_key" in parts or ("tables_kms_key" in parts and settings.deletion_protection)
        statements = (HERE.administration(), *_uses(parts, settings, trail_arn))
        return kms.Key(
            self,
            "Key",
            description=f"Encrypts what the stack {settings.stack_name} of aitrail stores.",
            enable_key_rotation=True,
            policy=iam.PolicyDocument.from_json(policy(*statements)),
            # A first deployment that fails deletes its key, with which nothing has been encrypted yet.
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if is_kept else RemovalPolicy.DESTROY,
            pending_window=Duration.days(30),
        )


def _uses(parts: list[str], settings: Settings, trail_arn: str | None) -> Iterator[Statement]:
    """What services may do with a key that encrypts these parts."""
    if "bucket_kms_key" in parts:
        if trail_arn:
            yield from own_trail(trail_arn)
        if settings.trail_arns:
            yield from other_trails(settings.trail_arns)
    if "queues_kms_key" in parts:
        yield from HERE.senders(settings.announced_by, settings.log_bucket_account)
    if "log_group_kms_key" in parts:
        # The log group exists only after its key. CloudFormation begins its name with that of the stack.
        yield HERE.log_group(f"{settings.stack_name}-*")
    if "topic_kms_key" in parts:
        yield HERE.alarms()

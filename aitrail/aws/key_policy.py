"""How a stack uses customer-managed KMS keys: what their policies have to allow, and under which conditions.

The policy of the key that a stack creates, the policy of its function and `aitrail source key-policy` all have this
from here. In a template, any text may be a reference. `key` is what a statement has as its resource: in the policy of
a key, `*` is that key. Sources: AWS CloudTrail user guide ("Configure AWS KMS key policies for CloudTrail"), Amazon SQS
developer guide ("Key management"), Amazon CloudWatch Logs user guide ("Encrypt log data"), Amazon DynamoDB developer
guide ("DynamoDB encryption at rest: usage"), Amazon S3 user guide ("Using server-side encryption with AWS KMS keys"),
Amazon SNS developer guide ("Enable compatibility between event sources from AWS services and encrypted topics").
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aitrail.aws.statements import Condition, Statement, allow

_CONTEXT = "kms:EncryptionContext:"
_TRAIL = f"{_CONTEXT}aws:cloudtrail:arn"
_CLOUDTRAIL = {"Service": "cloudtrail.amazonaws.com"}
_SENDING = ["kms:GenerateDataKey*", "kms:Decrypt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a stack is: its partition, Region and account, and the suffix of the partition's domains."""

    partition: str
    region: str
    account: str
    suffix: str

    def queue_arn(self, name: str) -> str:
        """The ARN of a queue; its name may be a wildcard."""
        return f"arn:{self.partition}:sqs:{self.region}:{self.account}:{name}"

    def through_s3(self, bucket_arn: str) -> Condition:
        """S3 asks for what is in this bucket. With an S3 Bucket Key, the context is the bucket, else the object."""
        return self.through("s3") | {"StringLike": {f"{_CONTEXT}aws:s3:arn": [bucket_arn, f"{bucket_arn}/*"]}}

    def through_sqs(self, queue_arns: Sequence[str]) -> Condition:
        """SQS asks for messages of these queues."""
        return {"StringEquals": self.through("sqs")["StringEquals"] | {f"{_CONTEXT}aws:sqs:arn": list(queue_arns)}}

    def through_dynamodb(self, table_names: Sequence[str]) -> Condition:
        """DynamoDB asks for these tables of the account."""
        context = {
            f"{_CONTEXT}aws:dynamodb:tableName": list(table_names),
            f"{_CONTEXT}aws:dynamodb:subscriberId": self.account,
        }
        return {"StringEquals": self.through("dynamodb")["StringEquals"] | context}

    def through(self, service: str) -> dict[str, dict[str, str | Sequence[str]]]:
        """A service asks, in the Region of the stack."""
        return {"StringEquals": {"kms:ViaService": f"{service}.{self.region}.{self.suffix}"}}

    def administration(self) -> Statement:
        """Lets the policies of the account's identities allow what they want to. Without it, nobody has the key."""
        root = {"AWS": f"arn:{self.partition}:iam::{self.account}:root"}
        return allow("AccountAdministers", root, "kms:*", "*")

    def log_group(self, name: str, key: str = "*") -> Statement:
        """Lets CloudWatch Logs encrypt a log group; its name may end with a wildcard."""
        actions = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
        arn = f"arn:{self.partition}:logs:{self.region}:{self.account}:log-group:{name}"
        service = {"Service": f"logs.{self.region}.{self.suffix}"}
        return allow("LogGroupIsEncrypted", service, actions, key, {"ArnLike": {f"{_CONTEXT}aws:logs:arn": arn}})

    def alarms(self, key: str = "*") -> Statement:
        """Lets CloudWatch's alarms publish to the topic. It names the key, so that its ARN is not known here."""
        of_account: Condition = {
            "StringEqualsIfExists": {"aws:SourceAccount": self.account},
            "ArnLikeIfExists": {
                f"{_CONTEXT}aws:sns:topicArn": f"arn:{self.partition}:sns:{self.region}:{self.account}:*"
            },
        }
        return allow("AlarmsPublish", {"Service": "cloudwatch.amazonaws.com"}, _SENDING, key, of_account)

    def senders(self, announced_by: str, owner: str | None, key: str = "*") -> Iterator[Statement]:
        """Lets services send to the queues: EventBridge every hour, and what announces log files.

        `owner` is the account of the bucket, if it is not the stack's. Neither the bucket nor a rule can be named: they
        name the queues, which name the key. The queues' policies name them.
        """
        # EventBridge does not name the account of a rule to KMS in all cases. The queue is in every request.
        rules: Condition = {
            "StringEqualsIfExists": {"aws:SourceAccount": self.account},
            "ArnLike": {f"{_CONTEXT}aws:sqs:arn": self.queue_arn("*")},
        }
        yield allow("EventBridgeSends", {"Service": "events.amazonaws.com"}, _SENDING, key, rules)
        if announced_by == "s3":
            of_owner = {"StringEquals": {"aws:SourceAccount": owner or self.account}}
            yield allow("S3Sends", {"Service": "s3.amazonaws.com"}, _SENDING, key, of_owner)
        elif announced_by != "eventbridge":
            of_topic = {"ArnEquals": {"aws:SourceArn": announced_by}}
            yield allow("TopicSends", {"Service": "sns.amazonaws.com"}, _SENDING, key, of_topic)


def own_trail(arn: str, key: str = "*") -> Iterator[Statement]:
    """Lets CloudTrail encrypt the log files of the stack's trail."""
    return _trails("Trail", arn, key)


def other_trails(arns: Sequence[str], key: str = "*") -> Iterator[Statement]:
    """Lets CloudTrail encrypt the log files of trails of others."""
    return _trails("OtherTrails", arns[0] if len(arns) == 1 else list(arns), key)


def _trails(name: str, arns: str | Sequence[str], key: str) -> Iterator[Statement]:
    source = {"StringEquals": {"aws:SourceArn": arns}}
    # A request has no trail in its context if S3 encrypts with the key of the bucket, because the trail names none, and
    # it is not documented that it has with an S3 Bucket Key.
    context = {"StringEqualsIfExists": {_TRAIL: arns}}
    yield allow(f"{name}Encryption", _CLOUDTRAIL, "kms:GenerateDataKey*", key, source | context)
    # With an S3 Bucket Key, S3 also decrypts the key of the bucket in the name of the service that puts an object.
    yield allow(f"{name}Use", _CLOUDTRAIL, ["kms:DescribeKey", "kms:Decrypt"], key, source)

"""What the owners of an existing bucket, its key and its topic have to allow, as documents that they can use.

In: the outputs of a deployed stack. Sources: Amazon S3 user guide ("Bucket owner granting cross-account permissions"),
AWS KMS ("Allowing users in other accounts to use a KMS key"), Amazon EventBridge ("Sending and receiving events between
AWS accounts"), Amazon SNS ("Sending messages to a queue in a different account").
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from aitrail.aws.deployment import Deployment

_EVENTS = ("s3:ObjectCreated:*", "s3:ObjectRestore:Completed", "s3:ObjectRemoved:*")
_DETAIL_TYPES = ("Object Created", "Object Restore Completed", "Object Deleted")
_VERSION = "2012-10-17"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Something to set up: its name, what it is for, and its content as JSON types."""

    name: str
    purpose: str
    content: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a stack's log files come from.

    `owner` is the account of the bucket if it is not the stack's. `announced_by` is s3, eventbridge or the ARN of a
    topic. `bus_arn` is the stack's bus for events of another account. `role_arn` is the role of the function.
    """

    bucket: str
    owner: str | None
    announced_by: str
    prefixes: Sequence[str]
    role_arn: str
    queue_arn: str
    bus_arn: str | None

    @classmethod
    def of(cls, deployment: Deployment, region: str) -> Self:
        """The source of a stack in a Region. Raises StackNotFoundError if an earlier version deployed the stack."""
        _, partition, _, _, account, _ = deployment.function_role.split(":", 5)
        queue = deployment.deliveries_queue.rpartition("/")[2]
        return cls(
            bucket=deployment.log_bucket,
            owner=deployment.log_bucket_account,
            announced_by=deployment.announced_by,
            prefixes=("", *deployment.key_prefixes),
            role_arn=deployment.function_role,
            queue_arn=f"arn:{partition}:sqs:{region}:{account}:{queue}",
            bus_arn=deployment.event_bus,
        )

    def documents(self) -> Iterator[Document]:
        """What somebody has to set up before log files arrive and can be read."""
        if self.owner:
            yield Document(
                name="bucket-policy",
                purpose="lets the function read log files: add its statements to the policy of the bucket",
                content=_policy(*self._reading()),
            )
        yield Document(
            name="key-policy",
            purpose="lets the function decrypt: add its statement to the policy of each KMS key that encrypts log "
            "files, and the key to aitrail:logKeyArns; nothing is needed if no key does",
            content=_policy(self._decrypting()),
        )
        if self.announced_by.startswith("arn:"):
            if self.announced_by.split(":")[4] != self._account:
                yield Document(
                    name="topic-policy",
                    purpose="lets the stack subscribe its queue: add its statements to the policy of the topic",
                    content=_policy(*self._subscribing()),
                )
        elif self.owner and self.announced_by == "s3":
            yield Document(
                name="notifications",
                purpose="announces log files: add its entries to the notifications of the bucket, and keep the others",
                content={"QueueConfigurations": list(self._notifications())},
            )
        elif self.owner:
            yield Document(
                name="template",
                purpose="announces log files: deploy it (with CAPABILITY_IAM) in the Region of the bucket, and send "
                "the bucket's events to EventBridge (properties of the bucket in the S3 console)",
                content=self._template(),
            )

    @property
    def _account(self) -> str:
        return self.queue_arn.split(":")[4]

    @property
    def _region(self) -> str:
        return self.queue_arn.split(":")[3]

    @property
    def _partition(self) -> str:
        return self.queue_arn.split(":")[1]

    @property
    def _bucket_arn(self) -> str:
        return f"arn:{self._partition}:s3:::{self.bucket}"

    def _reading(self) -> Iterator[dict[str, Any]]:
        principal = {"AWS": self.role_arn}
        yield _allow("AitrailLists", principal, "s3:ListBucket", self._bucket_arn)
        objects = [f"{self._bucket_arn}/{prefix}AWSLogs/*" for prefix in self.prefixes]
        yield _allow("AitrailReads", principal, ["s3:GetObject", "s3:GetObjectVersion"], objects)

    def _decrypting(self) -> dict[str, Any]:
        suffix = "amazonaws.com.cn" if self._partition == "aws-cn" else "amazonaws.com"
        through_s3 = {"StringEquals": {"kms:ViaService": f"s3.{self._region}.{suffix}"}}
        return _allow("AitrailDecrypts", {"AWS": self.role_arn}, "kms:Decrypt", "*", through_s3)

    def _subscribing(self) -> Iterator[dict[str, Any]]:
        principal = {"AWS": f"arn:{self._partition}:iam::{self._account}:root"}
        queue = {"StringEquals": {"sns:Protocol": "sqs", "sns:Endpoint": self.queue_arn}}
        yield _allow("AitrailSubscribes", principal, "sns:Subscribe", self.announced_by, queue)
        # CloudFormation asks for the topic before it subscribes.
        yield _allow("AitrailLooks", principal, "sns:GetTopicAttributes", self.announced_by)

    def _notifications(self) -> Iterator[dict[str, Any]]:
        for number, prefix in enumerate(self.prefixes):
            rules = [{"Name": "prefix", "Value": f"{prefix}AWSLogs/"}, {"Name": "suffix", "Value": ".json.gz"}]
            yield {
                "Id": f"aitrail-{self._account}-{number}",
                "QueueArn": self.queue_arn,
                "Events": list(_EVENTS),
                "Filter": {"Key": {"FilterRules": rules}},
            }

    def _template(self) -> dict[str, Any]:
        """A template with a rule that sends the events of log files to the stack's bus, and its role."""
        keys = [{"wildcard": f"{prefix.replace('*', chr(92) + '*')}AWSLogs/*.json.gz"} for prefix in self.prefixes]
        pattern = {
            "source": ["aws.s3"],
            "detail-type": list(_DETAIL_TYPES),
            "detail": {"bucket": {"name": [self.bucket]}, "object": {"key": keys}},
        }
        events = {"Service": "events.amazonaws.com"}
        putting = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": self.bus_arn}
        return {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": f"Sends events of CloudTrail log files in {self.bucket} to aitrail in {self._account}.",
            "Resources": {
                "Role": {
                    "Type": "AWS::IAM::Role",
                    "Properties": {
                        "AssumeRolePolicyDocument": _policy(
                            {"Effect": "Allow", "Principal": events, "Action": "sts:AssumeRole"}
                        ),
                        "Policies": [{"PolicyName": "PutEvents", "PolicyDocument": _policy(putting)}],
                    },
                },
                "Rule": {
                    "Type": "AWS::Events::Rule",
                    "Properties": {
                        "EventPattern": pattern,
                        "Targets": [{"Id": "aitrail", "Arn": self.bus_arn, "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}}],
                    },
                },
            },
        }


def _policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": _VERSION, "Statement": list(statements)}


def _allow(
    sid: str,
    principal: dict[str, str],
    action: str | list[str],
    resource: str | list[str],
    condition: dict[str, dict[str, str]] | None = None,
) -> dict[str, Any]:
    statement = {"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})

"""What the owners of an existing bucket, of KMS keys and of a topic have to allow, as documents that they can use.

In: the outputs of a deployed stack. Sources: Amazon S3 user guide ("Bucket owner granting cross-account permissions"),
AWS KMS ("Allowing users in other accounts to use a KMS key"), Amazon EventBridge ("Sending and receiving events between
AWS accounts"), Amazon SNS ("Sending messages to a queue in a different account").
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from aitrail.aws import announcements
from aitrail.aws.deployment import Deployment
from aitrail.aws.existing_keys import ExistingKeys
from aitrail.aws.key_policy import Place
from aitrail.aws.statements import allow, policy

_KEY_POLICY = (
    "lets the function decrypt: add the statement AitrailDecrypts to the policy of each KMS key that encrypts log "
    "files, and the key to aitrail:logKeyArns; nothing is needed if no key does"
)
_OF_EXISTING_KEYS = ". Add the other statements to the policies of the keys that they name"


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
    topic. `bus_arn` is the stack's bus for events of another account. `role_arn` is the role of the function. `keys`
    are existing keys that encrypt parts of the stack.
    """

    bucket: str
    owner: str | None
    announced_by: str
    prefixes: Sequence[str]
    role_arn: str
    queue_arn: str
    bus_arn: str | None
    keys: ExistingKeys

    @classmethod
    def of(cls, deployment: Deployment, region: str) -> Self:
        """The source of a stack in a Region. Raises StackNotFoundError if an earlier version deployed the stack."""
        _, partition, _, _, account, _ = deployment.function_role.split(":", 5)
        suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
        place = Place(partition=partition, region=region, account=account, suffix=suffix)
        return cls(
            bucket=deployment.log_bucket,
            owner=deployment.log_bucket_account,
            announced_by=deployment.announced_by,
            prefixes=("", *deployment.key_prefixes),
            role_arn=deployment.function_role,
            queue_arn=place.queue_arn(deployment.deliveries_queue.rpartition("/")[2]),
            bus_arn=deployment.event_bus,
            keys=ExistingKeys.of(deployment, place),
        )

    def documents(self) -> Iterator[Document]:
        """What somebody has to set up before log files arrive and can be read."""
        if self.owner:
            yield Document(
                name="bucket-policy",
                purpose="lets the function read log files: add its statements to the policy of the bucket",
                content=policy(*self._reading()),
            )
        statements = list(self.keys.statements(self.role_arn))
        yield Document(
            name="key-policy",
            purpose=_KEY_POLICY + (_OF_EXISTING_KEYS if statements else ""),
            content=policy(self._decrypting(), *statements),
        )
        if self.announced_by.startswith("arn:"):
            if self.announced_by.split(":")[4] != self._place.account:
                yield Document(
                    name="topic-policy",
                    purpose="lets the stack subscribe its queue: add its statements to the policy of the topic",
                    content=policy(*self._subscribing()),
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
    def _place(self) -> Place:
        return self.keys.place

    @property
    def _bucket_arn(self) -> str:
        return f"arn:{self._place.partition}:s3:::{self.bucket}"

    def _reading(self) -> Iterator[dict[str, Any]]:
        principal = {"AWS": self.role_arn}
        yield allow("AitrailLists", principal, "s3:ListBucket", self._bucket_arn)
        objects = [f"{self._bucket_arn}/{announcements.folder(prefix)}*" for prefix in self.prefixes]
        yield allow("AitrailReads", principal, ["s3:GetObject", "s3:GetObjectVersion"], objects)

    def _decrypting(self) -> dict[str, Any]:
        through_s3 = self._place.through_s3(self._bucket_arn)
        return allow("AitrailDecrypts", {"AWS": self.role_arn}, "kms:Decrypt", "*", through_s3)

    def _subscribing(self) -> Iterator[dict[str, Any]]:
        principal = {"AWS": f"arn:{self._place.partition}:iam::{self._place.account}:root"}
        queue = {"StringEquals": {"sns:Protocol": "sqs", "sns:Endpoint": self.queue_arn}}
        yield allow("AitrailSubscribes", principal, "sns:Subscribe", self.announced_by, queue)
        # CloudFormation asks for the topic before it subscribes.
        yield allow("AitrailLooks", principal, "sns:GetTopicAttributes", self.announced_by)

    def _notifications(self) -> Iterator[dict[str, Any]]:
        for number, prefix in enumerate(self.prefixes):
            named = {"Id": f"aitrail-{self._place.account}-{number}"}
            yield named | announcements.notification(self.queue_arn, prefix)

    def _template(self) -> dict[str, Any]:
        """A template with a rule that sends the events of log files to the stack's bus, and its role."""
        events, account = {"Service": "events.amazonaws.com"}, self._place.account
        putting = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": self.bus_arn}
        return {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": f"Sends events of CloudTrail log files in {self.bucket} to aitrail in {account}.",
            "Resources": {
                "Role": {
                    "Type": "AWS::IAM::Role",
                    "Properties": {
                        "AssumeRolePolicyDocument": policy(
                            {
                                "Effect": "Allow",
                                "Principal": events,
                                "Action": "sts:AssumeRole",
                                # It is not documented that EventBridge names the account of a rule in all cases.
                                "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
                            }
                        ),
                        "Policies": [{"PolicyName": "PutEvents", "PolicyDocument": policy(putting)}],
                    },
                },
                "Rule": {
                    "Type": "AWS::Events::Rule",
                    "Properties": {
                        "EventPattern": announcements.event_pattern(self.bucket, self.prefixes),
                        "Targets": [{"Id": "aitrail", "Arn": self.bus_arn, "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}}],
                    },
                },
            },
        }

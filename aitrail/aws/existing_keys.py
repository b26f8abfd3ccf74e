"""The existing KMS keys that encrypt parts of a stack, and what their policies have to allow.

In: the outputs of a deployed stack. The stack sets the policy only of a key that it creates itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from aitrail.aws.deployment import Deployment
from aitrail.aws.key_policy import Place, other_trails, own_trail
from aitrail.aws.statements import Condition, Statement, allow


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingKeys:
    """The ARNs of the keys of the log bucket, queues, tables, log group and topic; None for other encryption.

    `owner` is the account of the log bucket if it is not the stack's, `trail_arn` that of the stack's trail if it has
    one, and `trail_arns` those of other trails that deliver to its bucket.
    """

    place: Place
    bucket: str | None = None
    queues: str | None = None
    tables: str | None = None
    log_group: str | None = None
    topic: str | None = None
    owner: str | None = None
    announced_by: str = "s3"
    trail_arn: str | None = None
    trail_arns: Sequence[str] = ()
    queue_arns: Sequence[str] = ()
    table_names: Sequence[str] = ()
    log_group_name: str = ""

    @classmethod
    def of(cls, deployment: Deployment, place: Place) -> Self:
        """The keys of a stack. Raises StackNotFoundError if an earlier version deployed the stack."""
        urls = (deployment.deliveries_queue, deployment.backfill_queue, deployment.dead_letter_queue)
        return cls(
            place=place,
            bucket=deployment.existing_key("Bucket"),
            queues=deployment.existing_key("Queues"),
            tables=deployment.existing_key("Tables"),
            log_group=deployment.existing_key("LogGroup"),
            topic=deployment.existing_key("Topic"),
            owner=deployment.log_bucket_account,
            announced_by=deployment.announced_by,
            trail_arn=deployment.trail,
            trail_arns=deployment.other_trails,
            queue_arns=tuple(place.queue_arn(each.rpartition("/")[2]) for each in urls),
            table_names=(deployment.events_table, deployment.files_table),
            log_group_name=deployment.function_log_group,
        )

    def statements(self, role_arn: str) -> Iterator[Statement]:
        """What services and the function, which has this role, need; each statement names its key.

        What the function needs to read log files is not among them.
        """
        if self.bucket:
            if self.trail_arn:
                yield from own_trail(self.trail_arn, self.bucket)
            if self.trail_arns:
                yield from other_trails(self.trail_arns, self.bucket)
        if self.queues:
            yield from self.place.senders(self.announced_by, self.owner, self.queues)
            actions, condition = ["kms:Decrypt", "kms:GenerateDataKey"], self.place.through_sqs(self.queue_arns)
            yield _function("AitrailUsesQueues", role_arn, actions, self.queues, condition)
        if self.tables:
            condition = self.place.through_dynamodb(self.table_names)
            yield _function("AitrailUsesTables", role_arn, "kms:Decrypt", self.tables, condition)
        if self.log_group:
            yield self.place.log_group(self.log_group_name, self.log_group)
        if self.topic:
            yield self.place.alarms(self.topic)


def _function(sid: str, role_arn: str, action: str | list[str], key: str, condition: Condition) -> Statement:
    return allow(sid, {"AWS": role_arn}, action, key, condition)

"""Finds the tables, queues and bucket of a deployed stack by reading the stack's outputs."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from botocore.exceptions import ClientError

from aitrail.aws.temporary import code_of
from aitrail.errors import AitrailError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_cloudformation import CloudFormationClient


class StackNotFoundError(AitrailError):
    """There is no such stack, or it is not aitrail's."""


class Deployment:
    """The outputs of one stack by their ids, as the stack defines them, its ARN, and when it was created."""

    def __init__(self, outputs: "Mapping[str, str]", created: datetime | None = None, arn: str = "") -> None:
        self.outputs, self.created, self.arn = outputs, created, arn

    @classmethod
    def find(cls, cloudformation: "CloudFormationClient", stack: str) -> Self:
        """Asks CloudFormation for the stack of that name. Raises StackNotFoundError and the client's errors."""
        region = cloudformation.meta.region_name
        try:
            (description,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
        except ClientError as error:
            if code_of(error) != "ValidationError":
                raise
            raise StackNotFoundError(
                f"there is no stack {stack!r} in {region}: deploy it with `make deploy`, or give the right stack, "
                "Region and profile"
            ) from error
        outputs = {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}
        if "EventsTableName" not in outputs:
            raise StackNotFoundError(
                f"the stack {stack!r} in {region} has no output EventsTableName: it is not an aitrail stack, or its "
                f"deployment has not finished (status {description['StackStatus']})"
            )
        return cls(outputs, description.get("CreationTime"), description.get("StackId", ""))

    def _output(self, name: str) -> str:
        try:
            return self.outputs[name]
        except KeyError:
            raise StackNotFoundError(
                f"the stack has no output {name}: an earlier version of aitrail deployed it; deploy this version first"
            ) from None

    @property
    def events_table(self) -> str:
        """The physical name of the events table."""
        return self._output("EventsTableName")

    @property
    def row_retention(self) -> timedelta | None:
        """How long rows are kept after their eventTime; None if they are kept forever."""
        days = self.outputs.get("RowRetentionDays", "none")
        return None if days == "none" else timedelta(days=int(days))

    @property
    def ledger_retention(self) -> timedelta | None:
        """How long entries of the ledger are kept after they are written; None if they are kept forever."""
        days = self._output("LedgerRetentionDays")
        return None if days == "none" else timedelta(days=int(days))

    @property
    def redaction_key(self) -> str | None:
        """The ARN of the secret with the key of redaction; None if nothing is redacted."""
        arn = self.outputs.get("RedactionKeyArn", "none")
        return None if arn == "none" else arn

    @property
    def files_table(self) -> str:
        """The physical name of the ledger."""
        return self._output("FilesTableName")

    @property
    def deliveries_queue(self) -> str:
        """The URL of the deliveries queue."""
        return self._output("DeliveriesQueueUrl")

    @property
    def backfill_queue(self) -> str:
        """The URL of the backfill queue, through which deliveries are re-announced."""
        return self._output("BackfillQueueUrl")

    @property
    def dead_letter_queue(self) -> str:
        """The URL of the dead-letter queue."""
        return self._output("DeadLetterQueueUrl")

    @property
    def log_bucket(self) -> str:
        """The name of the bucket from which log files are read."""
        return self._output("LogBucketName")

    @property
    def log_bucket_account(self) -> str | None:
        """The account of the log bucket; None if it is the stack's."""
        account = self._output("LogBucketAccount")
        return None if account == "none" else account

    @property
    def announced_by(self) -> str:
        """What announces log files: s3, eventbridge, or the ARN of an SNS topic."""
        return self._output("AnnouncedBy")

    @property
    def event_bus(self) -> str | None:
        """The ARN of the bus to which events of another account's bucket are sent; None if none are."""
        arn = self._output("EventBusArn")
        return None if arn == "none" else arn

    @property
    def log_key_arns(self) -> tuple[str, ...]:
        """The KMS keys with which the function may decrypt log files."""
        return _listed(self._output("LogKeyArns"))

    @property
    def function_role(self) -> str:
        """The ARN of the role of the function that reads log files."""
        return self._output("FunctionRoleArn")

    @property
    def function_log_group(self) -> str:
        """The name of the log group of the function that reads log files."""
        return self._output("FunctionLogGroupName")

    def existing_key(self, part: str) -> str | None:
        """The ARN of the KMS key of a part (Bucket, Queues, Tables, LogGroup, Topic); None if the stack created it."""
        arn = self.outputs.get(f"{part}KmsKeyArn")
        return None if arn == self.outputs.get("KmsKeyArn") else arn

    def key_of(self, part: str) -> str | None:
        """The ARN of the customer-managed KMS key of a part, as above, whoever created it; None if it has none."""
        return self.outputs.get(f"{part}KmsKeyArn")

    @property
    def trail(self) -> str | None:
        """The ARN of the stack's trail, if it encrypts log files with a customer-managed key."""
        return self.outputs.get("TrailArn")

    @property
    def other_trails(self) -> tuple[str, ...]:
        """The ARNs of other trails that deliver to the log bucket, if a customer-managed key encrypts it."""
        return _listed(self.outputs.get("TrailArns", "none"))

    @property
    def original_bucket(self) -> str | None:
        """The name of the bucket of which the log bucket holds a replicated copy; None if CloudTrail delivers to it."""
        name = self.outputs.get("OriginalBucket", "none")
        return None if name == "none" else name

    @property
    def registry(self) -> str | None:
        """The fingerprint of the service files of the function; None if an earlier version deployed it."""
        return self.outputs.get("RegistryFingerprint")

    @property
    def key_prefixes(self) -> tuple[str, ...]:
        """The prefixes that may precede `AWSLogs/` in keys, in addition to no prefix."""
        return _listed(self._output("KeyPrefixes"))

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts and organizations whose deliveries are expected; () for all."""
        return _listed(self.outputs.get("Accounts", "none"))


def _listed(output: str) -> tuple[str, ...]:
    return () if output == "none" else tuple(output.split(","))

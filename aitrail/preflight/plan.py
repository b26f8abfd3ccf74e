"""What is to be deployed, or is deployed, as far as it depends on the account. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

# Of a bootstrap of the CDK, if nothing else is configured.
USUAL_QUALIFIER = "hnb659fds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A stack in an account and Region, `is_new` if it certainly does not exist yet.

    `bucket` is the bucket that has or gets the log files, None for one that the stack will create; `bucket_account` is
    its account, if it is another one. `announced_by` is s3, eventbridge, or the ARN of an SNS topic. `prefixes`
    includes "". `events_table` and `files_table` are tables that are there already, and `tables_key` is the KMS key of
    tables that the function may use. `role_arn` is the role of the function of a deployed stack.

    `caller` is the ARN of whoever is to deploy, and `deployed_with` is the way: cdk, cloudformation, or None if it does
    not matter. `qualifier` is that of the CDK's bootstrap.
    """

    stack: str
    account: str
    region: str
    has_trail: bool = True
    is_new: bool = False
    bucket: str | None = None
    bucket_account: str | None = None
    announced_by: str = "s3"
    prefixes: Sequence[str] = ("",)
    key_arns: Sequence[str] = ()
    events_table: str | None = None
    files_table: str | None = None
    tables_key: str | None = None
    concurrency: int = 15
    role_arn: str | None = None
    caller: str = ""
    deployed_with: str | None = None
    qualifier: str = USUAL_QUALIFIER

    @property
    def partition(self) -> str:
        """The partition of AWS, as the caller's ARN has it."""
        return self.caller.split(":")[1]

    @property
    def trail_name(self) -> str:
        """The name of the stack's trail."""
        return f"{self.stack}-trail"

    @property
    def bucket_owner(self) -> str:
        """The account of the bucket."""
        return self.bucket_account or self.account

    def is_queue_of_stack(self, arn: str) -> bool:
        """Whether an ARN is that of the stack's deliveries queue, whose name CloudFormation generates."""
        place, _, name = arn.rpartition(":")
        return place.endswith(f":sqs:{self.region}:{self.account}") and name.startswith(f"{self.stack}-DeliveriesQueue")

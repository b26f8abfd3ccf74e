"""What is to be deployed, or is deployed, as far as it depends on the account. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A stack in an account and Region.

    `bucket` is the bucket that has or gets the log files, None for one that the stack will create; `bucket_account` is
    its account, if it is another one. `announced_by` is s3, eventbridge, or the ARN of an SNS topic. `queue_arn` is the
    queue of a deployed stack, which may have notifications in the bucket already. `prefixes` includes "".
    """

    stack: str
    account: str
    region: str
    has_trail: bool = True
    bucket: str | None = None
    bucket_account: str | None = None
    announced_by: str = "s3"
    prefixes: Sequence[str] = ("",)
    key_arns: Sequence[str] = ()
    concurrency: int = 15
    queue_arn: str | None = None

    @property
    def trail_name(self) -> str:
        """The name of the stack's trail."""
        return f"{self.stack}-trail"

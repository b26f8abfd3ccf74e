"""What commands that announce log files have in common."""

import click

from aitrail.cells import counted
from aitrail.cli.options.aws import Access
from aitrail.cli.output import narrate
from aitrail.deliveries import Scope


def scope_of(access: Access) -> Scope:
    """Where the function of the stack reads log files. Raises StackNotFoundError and botocore's errors."""
    deployment = access.deployment
    return Scope(bucket=deployment.log_bucket, prefixes=("", *deployment.key_prefixes))


def refusal(scope: Scope, what: str) -> click.UsageError:
    """The error that the function would refuse these keys."""
    read = " or ".join(f"{prefix}AWSLogs/" for prefix in scope.prefixes)
    return click.UsageError(
        f"{what}: the function reads keys that begin with {read} and refuses others. The setting aitrail:keyPrefixes "
        "names what may stand before AWSLogs/: deploy with it first."
    )


def narrate_archived(count: int, bucket: str) -> None:
    """Tell how archived files are read, if there are any."""
    if count:
        narrate(
            f"{counted(count, 'file')} archived, which S3 does not hand out. Restore what is needed (`aws s3api "
            f"restore-object --bucket {bucket} --key KEY --restore-request Days=7`): it is read when S3 announces it."
        )

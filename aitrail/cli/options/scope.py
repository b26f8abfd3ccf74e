"""Where the function of a stack reads log files, and the error about keys elsewhere."""

import click

from aitrail.cli.options.aws import Access
from aitrail.deliveries import Scope


def scope_of(access: Access) -> Scope:
    """Where the function of the stack reads log files. Raises StackNotFoundError and botocore's errors."""
    deployment = access.deployment
    return Scope(bucket=deployment.log_bucket, prefixes=("", *deployment.key_prefixes))


def refusal(scope: Scope, what: str) -> click.UsageError:
    """The error that the function would refuse these keys."""
    read = " or ".join(f"{prefix}AWSLogs/" for prefix in scope.prefixes)
    return click.UsageError(
        f"{what}: the function reads keys that begin with {read} and refuses others. Add the prefix to the setting "
        "aitrail:keyPrefixes, and deploy first."
    )

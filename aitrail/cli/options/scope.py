"""The bucket and prefixes from which a stack's function reads log files, and the error for other keys."""

import click

from aitrail.cli.options.aws import Access
from aitrail.deliveries import Scope


def scope_of(access: Access) -> Scope:
    """The scope from which the stack's function reads log files. Raises StackNotFoundError and botocore's errors."""
    deployment = access.deployment
    return Scope(bucket=deployment.log_bucket, prefixes=("", *deployment.key_prefixes))


def refusal(scope: Scope, what: str) -> click.UsageError:
    """The error for keys that the function would refuse."""
    read = " or ".join(f"{prefix}AWSLogs/" for prefix in scope.prefixes)
    return click.UsageError(
        f"{what}: the function reads keys that begin with {read} and refuses others. Add the prefix to the setting "
        "aitrail:keyPrefixes, and deploy first."
    )

"""The bucket, prefixes and accounts from which a stack's function reads log files, and the error for other keys."""

import click

from aitrail.cli.options.aws import Access
from aitrail.deliveries import Scope


def scope_of(access: Access) -> Scope:
    """The scope from which the stack's function reads log files. Raises StackNotFoundError and botocore's errors."""
    deployment = access.deployment
    return Scope(
        bucket=deployment.log_bucket,
        prefixes=("", *deployment.key_prefixes),
        accounts=deployment.accounts,
        original=deployment.original_bucket,
    )


def refusal(scope: Scope, what: str) -> click.UsageError:
    """The error for keys that the function would refuse."""
    read = " or ".join(f"{prefix}AWSLogs/" for prefix in scope.prefixes)
    below = f" in the folders of {', '.join(scope.accounts)}" if scope.accounts else ""
    account = ", or the account to aitrail:accounts" if scope.accounts else ""
    return click.UsageError(
        f"{what}: the function reads keys that begin with {read}{below} and refuses others. Add the prefix to the "
        f"setting aitrail:keyPrefixes{account}, and deploy first."
    )

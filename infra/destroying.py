"""`make destroy`: shows what will be deleted and what remains, asks, and deletes the stack."""

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.cloudformation import CloudFormation
from infra.console import ask, tell
from infra.settings import Settings
from infra.target import Context, StoppedError, Target

_KEPT = {"Retain", "RetainExceptOnCreate"}
_SECONDS_BETWEEN_LOOKS = 5.0
# A stack that takes longer than this is stuck.
_LONGEST_DELETION = 3600.0


def destroy(target: Target, context: Context, *, sure: bool, sleep: Callable[[float], None] = time.sleep) -> None:
    """Shows what will be deleted and what remains, asks, and deletes the stack. Raises StoppedError."""
    stack = Settings.of(context).stack_name
    tell(f"Account {target.account}, Region {target.region}, as {target.caller}.")
    cloudformation = CloudFormation(target, lambda: target.synthesize(context, stack))
    try:
        remaining = _remaining(cloudformation, stack)
    except (BotoCoreError, ClientError) as error:
        tell(f"Could not check what remains: {error}")
        remaining = ["  the log bucket, with its policy, and tables that are protected from deletion"]
    if remaining is None:
        raise StoppedError(f"There is no stack {stack} in {target.region}.")
    tell(f"Of the stack {stack}, these resources remain, with all their content:")
    tell("\n".join(remaining) or "  none")
    ask(f"Delete the stack {stack}?", sure=sure)
    cloudformation.call("delete_stack", StackName=stack)
    tell("Deleting ...")
    _wait_until_deleted(cloudformation, stack, sleep)
    tell(
        "Deleted."
        if not remaining
        else "Deleted. To remove the remaining resources, empty and delete them in the AWS console; the policy of the "
        "log bucket denies deletion of its objects: delete it first."
    )


def _remaining(cloudformation: CloudFormation, stack: str) -> list[str] | None:
    """The resources that CloudFormation keeps when the stack is deleted; None if there is no stack."""
    template = cloudformation.template(stack)
    if template is None:
        return None
    kept = {name: each["Type"] for name, each in template["Resources"].items() if each.get("DeletionPolicy") in _KEPT}
    try:
        resources = _resources(cloudformation, stack)
    except (BotoCoreError, ClientError):  # the CDK's deployment role may not list them
        return [f"  {kind}  ({name})" for name, kind in kept.items()]
    return [
        f"  {each['ResourceType']}  {each['PhysicalResourceId']}"
        for each in resources
        if each["LogicalResourceId"] in kept
    ]


def _resources(cloudformation: CloudFormation, stack: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    following: dict[str, str] = {}
    while True:
        page = cloudformation.call("list_stack_resources", StackName=stack, **following)
        found += page["StackResourceSummaries"]
        if "NextToken" not in page:
            return found
        following = {"NextToken": page["NextToken"]}


def _wait_until_deleted(cloudformation: CloudFormation, stack: str, sleep: Callable[[float], None]) -> None:
    status = ""
    for _ in range(int(_LONGEST_DELETION / _SECONDS_BETWEEN_LOOKS)):
        try:
            (found,) = cloudformation.call("describe_stacks", StackName=stack)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":  # gone
                return
            raise
        status = found["StackStatus"]
        if status == "DELETE_COMPLETE":
            return
        if not status.endswith("_IN_PROGRESS"):
            break
        sleep(_SECONDS_BETWEEN_LOOKS)
    raise StoppedError(
        f"The stack {stack} was not deleted: its status is {status}. The CloudFormation console and `aws "
        f"cloudformation describe-stack-events --stack-name {stack}` show why."
    )

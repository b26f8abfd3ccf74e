"""`make destroy`: shows what will be deleted and what remains, asks, and deletes the stack."""

import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError

from aitrail.cells import printable
from infra.cloudformation import NO_ANSWER, CloudFormation, Description, UnreadableAnswerError
from infra.console import ask, tell
from infra.settings import Settings
from infra.target import Context, StoppedError, Target

_KEPT = {"Retain", "RetainExceptOnCreate"}
# What to know of resources that remain.
_FURTHER = {
    "AWS::CloudTrail::Trail": "The trail goes on recording into the log bucket. To end that: aws cloudtrail "
    "delete-trail --name TRAIL.",
    "AWS::DynamoDB::GlobalTable": "Another deployment can adopt the tables (aitrail:eventsTable, aitrail:filesTable) "
    "and use the bucket (aitrail:logBucket).",
}
_SECONDS_BETWEEN_LOOKS = 5.0
# A stack that takes longer than this is stuck.
_LONGEST_DELETION = 3600.0
# For so long, CloudFormation may still answer with the status that the stack had before.
_LONGEST_STALE = 60.0
_THROTTLED = {"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"}


def destroy(target: Target, context: Context, *, sure: bool, sleep: Callable[[float], None] = time.sleep) -> None:
    """Shows what will be deleted and what remains, asks, and deletes the stack. Raises StoppedError."""
    stack = Settings.of(context.all).stack_name
    tell(f"Account {target.account}, Region {target.region}, as {target.caller}.")
    cloudformation = CloudFormation(target, lambda: target.synthesize(context, stack))
    try:
        remaining = _remaining(cloudformation, stack)
    except NO_ANSWER as error:
        tell(f"Could not check what remains: {error}")
        remaining = ["  the log bucket, with its policy, and tables that are protected from deletion"]
    if remaining is None:
        raise StoppedError(f"There is no stack {stack} in {target.region}.")
    tell(f"Of the stack {stack}, these resources remain, with all their content:")
    tell("\n".join(remaining) or "  none")
    # From here on by its id: another stack of this name may be created as soon as it is gone.
    before = cloudformation.described(stack)
    if before and before.is_protected:
        raise StoppedError(_protected(target, stack))
    ask(f"Delete the stack {stack}?", sure=sure)
    if before is None:
        raise StoppedError(f"There is no stack {stack} in {target.region} any more.")
    cloudformation.call("delete_stack", StackName=before.stack_id)
    tell("Deleting ...")
    _wait_until_deleted(cloudformation, before, sleep)
    tell(
        "Deleted."
        if not remaining
        else "Deleted. To remove the remaining resources, empty and delete them in the AWS console; the policy of the "
        "log bucket denies deletion of its objects: delete it first."
    )
    for kind, further in _FURTHER.items():
        if any(line.startswith(f"  {kind} ") for line in remaining):
            tell(further)


def _protected(target: Target, stack: str) -> str:
    """What to do with a stack that CloudFormation refuses to delete."""
    profile = f" --profile {target.profile}" if target.profile else ""
    return (
        f"The stack {stack} is protected from deletion (aitrail:terminationProtection). Nothing was changed. To turn "
        "the protection off, run this, then `make destroy` again:\n"
        "  aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name "
        f"{stack} --region {target.region}{profile}"
    )


def _remaining(cloudformation: CloudFormation, stack: str) -> list[str] | None:
    """The resources that CloudFormation keeps when the stack is deleted; None if there is no stack."""
    template = cloudformation.template(stack)
    if template is None:
        return None
    kept = _kept(template)
    try:
        resources = _resources(cloudformation, stack)
    except NO_ANSWER:  # the CDK's deployment role may not list them
        return [f"  {printable(kind)}  ({printable(name)})" for name, kind in kept.items()]
    return [
        f"  {each.get('ResourceType')}  {each.get('PhysicalResourceId', '(not created)')}"
        for each in resources
        if each.get("LogicalResourceId") in kept
    ]


def _kept(template: Mapping[str, Any]) -> dict[str, str]:
    """The types of the resources that CloudFormation keeps. Raises UnreadableAnswerError."""
    resources = template.get("Resources")
    if not isinstance(resources, Mapping) or not all(isinstance(each, Mapping) for each in resources.values()):
        raise UnreadableAnswerError("the template has no resources that can be read")
    return {
        name: str(each.get("Type", "a resource"))
        for name, each in resources.items()
        if each.get("DeletionPolicy") in _KEPT
    }


def _resources(cloudformation: CloudFormation, stack: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    following: dict[str, str] = {}
    while True:
        page = cloudformation.call("list_stack_resources", StackName=stack, **following)
        found += page.get("StackResourceSummaries", [])
        if "NextToken" not in page:
            return found
        following = {"NextToken": page["NextToken"]}


def _wait_until_deleted(cloudformation: CloudFormation, before: Description, sleep: Callable[[float], None]) -> None:
    """Waits until the stack that was `before` is gone. Raises StoppedError if it is not deleted."""
    status, began = before.status, False
    for look in range(int(_LONGEST_DELETION / _SECONDS_BETWEEN_LOOKS)):
        status = _status(cloudformation, before.stack_id) or status
        if status == "DELETE_COMPLETE":
            return
        began |= status == "DELETE_IN_PROGRESS"
        may_be_stale = not began and look * _SECONDS_BETWEEN_LOOKS < _LONGEST_STALE
        if not status.endswith("_IN_PROGRESS") and not may_be_stale:
            break
        sleep(_SECONDS_BETWEEN_LOOKS)
    raise StoppedError(
        f"The stack {before.stack_id} was not deleted: its status is {status}. The CloudFormation console and `aws "
        f"cloudformation describe-stack-events --stack-name {before.stack_id}` show why."
    )


def _status(cloudformation: CloudFormation, stack_id: str) -> str | None:
    """The status of the stack; None if CloudFormation cannot answer just now. Raises StoppedError."""
    try:
        found = cloudformation.described(stack_id)
    except NO_ANSWER as error:
        if _is_passing(error):
            return None
        raise StoppedError(f"The stack is being deleted, but this could not be followed to its end: {error}") from error
    return found.status if found else "DELETE_COMPLETE"


def _is_passing(error: Exception) -> bool:
    """Whether the same call may succeed later: it was throttled, or it found no connection or a server's error."""
    if not isinstance(error, ClientError):
        return isinstance(error, HTTPClientError)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return error.response["Error"].get("Code") in _THROTTLED or status >= HTTPStatus.INTERNAL_SERVER_ERROR

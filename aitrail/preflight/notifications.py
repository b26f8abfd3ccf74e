"""The notifications of an existing bucket: what S3 would refuse, and what does not arrive. Pure.

A configuration is as S3's GetBucketNotificationConfiguration returns it. Source: Amazon S3 User Guide ("Event
notification types and destinations", "Configuring event notifications using object key name filtering").
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aitrail.aws import announcements
from aitrail.preflight.finding import Finding, advice, conflict, context
from aitrail.preflight.plan import Plan

_BY_EVENTBRIDGE = context(announcedBy="eventbridge")
_KINDS = {
    "QueueConfigurations": "QueueArn",
    "TopicConfigurations": "TopicArn",
    "LambdaFunctionConfigurations": "LambdaFunctionArn",
}


def findings_of_notifications(plan: Plan, configuration: Mapping[str, Any]) -> Iterator[Finding]:
    """What the notifications of the bucket mean for the plan."""
    if plan.announced_by == "s3":
        yield from _of_s3(plan, configuration)
    elif plan.announced_by == "eventbridge":
        if "EventBridgeConfiguration" not in configuration:
            yield conflict(
                "eventbridge-off",
                f"S3 does not send the events of {plan.bucket} to EventBridge.",
                f"Turn it on in the S3 console (properties of {plan.bucket}, Amazon EventBridge); the command line "
                "would have to write all other notifications again.",
            )
    elif plan.announced_by not in [each.get("TopicArn") for each in configuration.get("TopicConfigurations", [])]:
        yield advice(
            "topic-without-notifications",
            f"The bucket {plan.bucket} sends no notifications to {plan.announced_by}.",
            "That is right for a topic that CloudTrail notifies. Else add notifications for created, restored and "
            "removed objects below AWSLogs/.",
        )


def _of_s3(plan: Plan, configuration: Mapping[str, Any]) -> Iterator[Finding]:
    others = [
        (each[target], each)
        for kind, target in _KINDS.items()
        for each in configuration.get(kind, [])
        if not plan.is_queue_of_stack(each[target])
    ]
    topics = [each["TopicArn"] for each in configuration.get("TopicConfigurations", [])]
    for arn, other in others:
        if overlapping := [folder for folder in map(announcements.folder, plan.prefixes) if _overlaps(other, folder)]:
            yield conflict(
                "notifications-overlap",
                f"The bucket {plan.bucket} notifies {arn} ({other.get('Id', 'without an id')}) of the same objects, "
                f"below {', '.join(overlapping)}: S3 refuses a second notification.",
                f"Deploy with {_BY_EVENTBRIDGE}, or "
                + (f"with {context(announcedBy=arn)}." if arn in topics else "let both read an SNS topic."),
            )
    if (number := len(others) + len(plan.prefixes)) > (most := announcements.MOST_NOTIFICATIONS):
        yield conflict(
            "notifications-quota",
            f"The bucket {plan.bucket} would have {number} notifications, and S3 accepts {most}.",
            f"Deploy with {_BY_EVENTBRIDGE}.",
        )


def _overlaps(other: Mapping[str, Any], folder: str) -> bool:
    """Whether S3 would refuse a notification of log files in this folder beside the other one."""
    rules = other.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    filters = {rule["Name"].lower(): rule["Value"] for rule in rules}
    its_prefix, its_suffix = filters.get("prefix", ""), filters.get("suffix", "")
    return (
        (folder.startswith(its_prefix) or its_prefix.startswith(folder))
        and (announcements.SUFFIX.endswith(its_suffix) or its_suffix.endswith(announcements.SUFFIX))
        and _share_events(other["Events"], announcements.NOTIFIED)
    )


def _share_events(some: Sequence[str], others: Sequence[str]) -> bool:
    """Whether an event is among both; `s3:ObjectCreated:*` stands for all that begin like that."""
    pairs = [(one.removesuffix("*"), other.removesuffix("*")) for one in some for other in others]
    return any(
        one.startswith(other) if other.endswith(":") else other.startswith(one) if one.endswith(":") else one == other
        for one, other in pairs
    )

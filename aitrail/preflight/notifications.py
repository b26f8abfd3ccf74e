"""The notifications of an existing bucket: what S3 would refuse, and what does not arrive. Pure.

A configuration is as S3's GetBucketNotificationConfiguration returns it. Source: Amazon S3 User Guide ("Event
notification types and destinations", "Configuring event notifications using object key name filtering").
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aitrail.preflight.finding import Finding, advice, conflict
from aitrail.preflight.plan import Plan

_EVENTS = ("s3:ObjectCreated:*", "s3:ObjectRestore:Completed", "s3:ObjectRemoved:*")
_SUFFIX = ".json.gz"
_KINDS = {
    "QueueConfigurations": "QueueArn",
    "TopicConfigurations": "TopicArn",
    "LambdaFunctionConfigurations": "LambdaFunctionArn",
}
# S3's quota for a bucket.
_MOST = 100


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
        if each[target] != plan.queue_arn
    ]
    topics = [each["TopicArn"] for each in configuration.get("TopicConfigurations", [])]
    for arn, other in others:
        if overlapping := [prefix for prefix in plan.prefixes if _overlaps(other, f"{prefix}AWSLogs/", _SUFFIX)]:
            yield conflict(
                "notifications-overlap",
                f"The bucket {plan.bucket} notifies {arn} ({other.get('Id', 'without an id')}) of the same objects, "
                f"below {', '.join(f'{prefix}AWSLogs/' for prefix in overlapping)}: S3 refuses a second notification.",
                'Deploy with CONTEXT="-c aitrail:announcedBy=eventbridge"'
                + (f", or with -c aitrail:announcedBy={arn}." if arn in topics else ", or let both read an SNS topic."),
            )
    if (number := len(others) + len(plan.prefixes)) > _MOST:
        yield conflict(
            "notifications-quota",
            f"The bucket {plan.bucket} would have {number} notifications, and S3 accepts {_MOST}.",
            'Deploy with CONTEXT="-c aitrail:announcedBy=eventbridge".',
        )


def _overlaps(other: Mapping[str, Any], prefix: str, suffix: str) -> bool:
    """Whether S3 would refuse a notification of our events for this prefix and suffix beside the other one."""
    rules = other.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    filters = {rule["Name"].lower(): rule["Value"] for rule in rules}
    its_prefix, its_suffix = filters.get("prefix", ""), filters.get("suffix", "")
    return (
        (prefix.startswith(its_prefix) or its_prefix.startswith(prefix))
        and (suffix.endswith(its_suffix) or its_suffix.endswith(suffix))
        and _share_events(other["Events"], _EVENTS)
    )


def _share_events(some: Sequence[str], others: Sequence[str]) -> bool:
    """Whether an event is among both; `s3:ObjectCreated:*` stands for all that begin like that."""
    pairs = [(one.removesuffix("*"), other.removesuffix("*")) for one in some for other in others]
    return any(
        one.startswith(other) if other.endswith(":") else other.startswith(one) if one.endswith(":") else one == other
        for one, other in pairs
    )

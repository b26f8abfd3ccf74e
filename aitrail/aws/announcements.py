"""How S3 announces the log files of a bucket: by its notifications, or by its events in EventBridge. Pure.

The stack, preflight and `aitrail source` all have this from here. In a template, any text may be a reference. Sources:
Amazon S3 user guide ("Event notification types and destinations", "Configuring event notifications using object key
name filtering", "EventBridge event message structure").
"""

from collections.abc import Iterable
from typing import Any

# Objects that arrive, that are restored from an archive, and that are removed.
NOTIFIED = ("s3:ObjectCreated:*", "s3:ObjectRestore:Completed", "s3:ObjectRemoved:*")
_DETAIL_TYPES = ("Object Created", "Object Restore Completed", "Object Deleted")
SUFFIX = ".json.gz"
# S3's quota for a bucket.
MOST_NOTIFICATIONS = 100


def folder(prefix: str) -> str:
    """The prefix of the keys of all log files of trails with this key prefix, "" or with a slash at its end."""
    return f"{prefix}AWSLogs/"


def notification(queue_arn: str, prefix: str) -> dict[str, Any]:
    """The notification of a bucket that sends log files with this key prefix to a queue, without an id."""
    rules = [{"Name": "prefix", "Value": folder(prefix)}, {"Name": "suffix", "Value": SUFFIX}]
    return {"QueueArn": queue_arn, "Events": list(NOTIFIED), "Filter": {"Key": {"FilterRules": rules}}}


def event_pattern(bucket: str, prefixes: Iterable[str]) -> dict[str, Any]:
    """The pattern of a rule of EventBridge for the events of log files with these key prefixes."""
    keys = [{"wildcard": folder(prefix).replace("*", "\\*") + f"*{SUFFIX}"} for prefix in prefixes]
    return {
        "source": ["aws.s3"],
        "detail-type": list(_DETAIL_TYPES),
        "detail": {"bucket": {"name": [bucket]}, "object": {"key": keys}},
    }

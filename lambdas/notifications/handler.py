"""Adds a stack's notifications to a bucket that others use as well, and removes only these.

A custom resource of CloudFormation, deployed as text: it needs nothing but boto3. Every other notification stays as it
is, with its id, by which its owner may find it.
"""

import json
import time
import urllib.request
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import boto3
from botocore.exceptions import ClientError

ATTEMPTS = 12
SECONDS = 5.0
# A new role or policy of a queue takes up to a minute to apply everywhere, and S3 refuses changes at the same time.
_PASSING = ("AccessDenied", "InvalidArgument", "OperationAborted")


def handler(event: dict[str, Any], _: object) -> None:
    """Does what CloudFormation requests, and answers it."""
    bucket = event["ResourceProperties"]["Bucket"]
    status, reason = "SUCCESS", ""
    try:
        change(boto3.client("s3"), event, time.sleep)
    except Exception as error:  # noqa: BLE001 - without an answer, CloudFormation waits until its timeout
        status, reason = "FAILED", f"The notifications of the bucket {bucket} could not be changed: {error}"
    answer = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    physical_id = event.get("PhysicalResourceId", bucket)
    body = json.dumps(answer | {"Status": status, "Reason": reason[:2000], "PhysicalResourceId": physical_id})
    request = urllib.request.Request(event["ResponseURL"], body.encode(), {"Content-Type": ""}, method="PUT")  # noqa: S310 - CloudFormation's
    urllib.request.urlopen(request, timeout=30).close()  # noqa: S310 - as above


def change(s3: Any, event: dict[str, Any], sleep: Callable[[float], None]) -> None:  # noqa: ANN401 - a client
    """Makes the stack's notifications of the bucket those of the event, or removes them.

    Raises botocore's errors, and RuntimeError if others change the notifications all the time, or for another bucket.
    """
    bucket, is_delete = event["ResourceProperties"]["Bucket"], event["RequestType"] == "Delete"
    if not is_delete and event.get("PhysicalResourceId", bucket) != bucket:
        raise RuntimeError("aitrail:logBucket is chosen at the first deployment")
    prefix = f"aitrail/{event['StackId'].rpartition('/')[2]}/"
    queues = [] if is_delete else event["ResourceProperties"]["Queues"]
    own = {prefix + sha256(json.dumps(each, sort_keys=True).encode()).hexdigest()[:16]: each for each in queues}
    seen = 0
    for attempt in range(ATTEMPTS):
        try:
            found = s3.get_bucket_notification_configuration(Bucket=bucket)
            found.pop("ResponseMetadata", None)
            before = found.get("QueueConfigurations", [])
            others = [each for each in before if not each["Id"].startswith(prefix)]
            there = {each["Id"]: _plain(each) for each in before if each["Id"].startswith(prefix)}
            # S3 may answer with what was before, and has no condition for a change: so look twice.
            seen = seen + 1 if there == {name: _plain(each) for name, each in own.items()} else 0
            if seen == 2:  # noqa: PLR2004 - twice
                return
            if not seen:
                found["QueueConfigurations"] = [*others, *({"Id": name, **each} for name, each in own.items())]
                # Destinations of others, which may be gone, are no reason not to remove the stack's notifications.
                s3.put_bucket_notification_configuration(
                    Bucket=bucket, NotificationConfiguration=found, SkipDestinationValidation=is_delete
                )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if is_delete and code == "NoSuchBucket":
                return
            if code not in _PASSING or attempt == ATTEMPTS - 1:
                raise
        sleep(SECONDS)
    raise RuntimeError(f"somebody else changed them during each of {ATTEMPTS} attempts; deploy again")


def _plain(queue: dict[str, Any]) -> tuple[Any, ...]:
    """What a notification says, however S3 writes it."""
    rules = queue.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    filters = sorted((rule["Name"].lower(), rule["Value"]) for rule in rules)
    return queue["QueueArn"], sorted(queue["Events"]), filters

"""Adds a stack's notifications to a bucket that others use as well, and takes only these away again.

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

ATTEMPTS = 5
SECONDS = 2.0


def handler(event: dict[str, Any], _: object) -> None:
    """Does what CloudFormation requests, and answers it."""
    bucket = event["ResourceProperties"]["Bucket"]
    status, reason = "SUCCESS", ""
    try:
        change(boto3.client("s3"), event, time.sleep)
    except Exception as error:  # noqa: BLE001 - without an answer, CloudFormation waits for an hour
        status, reason = "FAILED", f"The notifications of the bucket {bucket} could not be changed: {error}"
    answer = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    # With another id, CloudFormation has the notifications of the previous bucket taken away.
    physical_id = event["PhysicalResourceId"] if event["RequestType"] == "Delete" else bucket
    body = json.dumps(answer | {"Status": status, "Reason": reason[:2000], "PhysicalResourceId": physical_id})
    request = urllib.request.Request(event["ResponseURL"], body.encode(), {"Content-Type": ""}, method="PUT")  # noqa: S310 - CloudFormation's
    urllib.request.urlopen(request, timeout=30).close()  # noqa: S310 - as above


def change(s3: Any, event: dict[str, Any], sleep: Callable[[float], None]) -> None:  # noqa: ANN401 - a client
    """Makes the stack's notifications of the bucket those of the event, or takes them away.

    Raises botocore's errors, and RuntimeError if others change the notifications at the same time.
    """
    bucket = event["ResourceProperties"]["Bucket"]
    mark = f"aitrail/{event['StackId'].rpartition('/')[2]}/"
    queues = [] if event["RequestType"] == "Delete" else event["ResourceProperties"]["Queues"]
    own = {mark + sha256(json.dumps(each, sort_keys=True).encode()).hexdigest()[:16]: each for each in queues}
    for _ in range(ATTEMPTS):
        try:
            found = s3.get_bucket_notification_configuration(Bucket=bucket)
        except s3.exceptions.NoSuchBucket:
            if queues:
                raise
            return
        found.pop("ResponseMetadata", None)
        before = {each["Id"]: each for each in found.get("QueueConfigurations", [])}
        others = [each for name, each in before.items() if not name.startswith(mark)]
        if {name for name in before if name.startswith(mark)} == own.keys():
            return
        found["QueueConfigurations"] = [*others, *({"Id": name, **each} for name, each in own.items())]
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=found)
        # S3 has no condition for this: look whether somebody else changed the notifications in the same moment.
        sleep(SECONDS)
    raise RuntimeError(f"others changed them at the same time, {ATTEMPTS} times")

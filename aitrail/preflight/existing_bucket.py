"""A look at a bucket that the stack does not own, or that it has."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from aitrail.aws import code_of
from aitrail.preflight.answers import Clients, looked
from aitrail.preflight.encryption import findings_of_key, findings_of_key_policy, findings_of_versioning, key_of
from aitrail.preflight.finding import Finding, conflict, unknown
from aitrail.preflight.notifications import findings_of_notifications
from aitrail.preflight.plan import Plan
from aitrail.preflight.rate import findings_of_rate, rate_of

# Nothing that is asked of such a bucket would be about the right one.
_ANOTHER = {"bucket-missing", "bucket-owner"}


def look_at_bucket(plan: Plan, name: str, clients: Clients, now: datetime) -> Iterator[Finding]:
    """What the bucket of the plan, which has this name, means for it."""
    s3 = clients("s3")
    # S3 denies what is asked of the bucket of somebody else under this name.
    bucket = {"Bucket": name, "ExpectedBucketOwner": plan.bucket_owner}
    place = list(looked("bucket", f"the Region of {name}", lambda: _place(plan, s3, bucket)))
    yield from place
    if any(each.finding in _ANOTHER for each in place):
        return
    if plan.bucket_account is None:
        yield from looked(
            "notifications",
            f"the notifications of {name}",
            lambda: findings_of_notifications(plan, s3.get_bucket_notification_configuration(**bucket)),
        )
    yield from looked(
        "versioning",
        f"whether {name} keeps versions",
        lambda: findings_of_versioning(plan, s3.get_bucket_versioning(**bucket)),
    )
    yield from looked("encryption", f"the encryption of {name}", lambda: _key(plan, s3, bucket, clients))
    yesterday = (now - timedelta(days=1)).date()
    yield from looked(
        "cost", f"how many log files {name} gets", lambda: findings_of_rate(plan, rate_of(s3, plan, yesterday))
    )


def _place(plan: Plan, s3: Any, bucket: dict[str, str]) -> Iterator[Finding]:  # noqa: ANN401 - a client
    name = bucket["Bucket"]
    try:
        region = s3.head_bucket(**bucket)["BucketRegion"]
    except ClientError as error:
        if code_of(error) in ("404", "NoSuchBucket"):
            yield conflict("bucket-missing", f"There is no bucket {name}.", "Check the name in aitrail:logBucket.")
            return
        if _is_of_somebody_else(s3, name):
            yield conflict(
                "bucket-owner",
                f"The bucket {name} is not of account {plan.bucket_owner}.",
                "Check the name in aitrail:logBucket, and name the account of its owner in aitrail:logBucketAccount.",
            )
            return
        region = error.response["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region")
        if region is None:
            raise
        yield unknown("bucket-owner-unknown", f"Could not check whether {name} is of account {plan.bucket_owner}.")
    if region != plan.region:
        yield conflict(
            "bucket-region",
            f"The bucket {name} is in {region}, not in {plan.region}.",
            f"Deploy with REGION={region}: S3 announces objects only in the Region of the bucket.",
        )


def _is_of_somebody_else(s3: Any, name: str) -> bool:  # noqa: ANN401 - a client
    """Whether S3 answers as soon as it is not asked for the owner."""
    try:
        s3.head_bucket(Bucket=name)
    except ClientError:
        return False
    return True


def _key(plan: Plan, s3: Any, bucket: dict[str, str], clients: Clients) -> Iterator[Finding]:  # noqa: ANN401 - a client
    try:
        key = key_of(s3.get_bucket_encryption(**bucket))
    except ClientError as error:
        if code_of(error) != "ServerSideEncryptionConfigurationNotFoundError":
            raise
        key = None
    if key is None:
        return
    if ":key/" not in key:  # an id or an alias
        key = str(clients("kms").describe_key(KeyId=key)["KeyMetadata"]["Arn"])
    yield from findings_of_key(plan, key)
    if key.split(":")[4] == plan.account:
        policy = clients("kms").get_key_policy(KeyId=key, PolicyName="default")["Policy"]
        yield from findings_of_key_policy(plan, key, json.loads(policy))

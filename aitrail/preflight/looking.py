"""Asks AWS for what the checks need. Each check only reads; one that fails is reported as unknown."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from aitrail.aws import code_of
from aitrail.preflight.encryption import findings_of_key, findings_of_key_policy, findings_of_versioning, key_of
from aitrail.preflight.finding import Finding, Severity, advice, conflict, unknown
from aitrail.preflight.notifications import findings_of_notifications
from aitrail.preflight.plan import Plan
from aitrail.preflight.rate import findings_of_rate, rate_of
from aitrail.preflight.trails import findings_of_trails

Clients = Callable[[str], Any]


def look(plan: Plan, clients: Clients, now: datetime) -> Iterator[Finding]:
    """What was found, the most severe first; `clients` makes clients of services in the Region of the plan."""
    order = list(Severity)
    yield from sorted(_found(plan, clients, now), key=lambda each: order.index(each.severity))


def _found(plan: Plan, clients: Clients, now: datetime) -> Iterator[Finding]:
    yield from _looked(
        "trails", "whether the account already has a trail; a second one costs money", lambda: _trails(plan, clients)
    )
    yield from _looked("concurrency", "the account's quota of concurrent executions", lambda: _quota(plan, clients))
    if plan.bucket:
        yield from _bucket(plan, clients, now)


def _looked(name: str, what: str, find: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """The findings of a look; an unknown if AWS does not answer it, or not as expected."""
    try:
        found = list(find())
    except (BotoCoreError, ClientError) as error:
        yield unknown(f"{name}-unknown", f"Could not check {what}: {error}")
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        yield unknown(
            f"{name}-unknown",
            f"Could not check {what}: the answer of AWS has another form than expected ({error!r}).",
        )
    else:
        yield from found


def _trails(plan: Plan, clients: Clients) -> Iterator[Finding]:
    trails = clients("cloudtrail").describe_trails(includeShadowTrails=True)["trailList"]
    yield from findings_of_trails(plan, trails)


def _quota(plan: Plan, clients: Clients) -> Iterator[Finding]:
    limit = clients("lambda").get_account_settings()["AccountLimit"]
    unreserved = int(limit["UnreservedConcurrentExecutions"])
    if unreserved < plan.concurrency:
        yield advice(
            "concurrency-quota",
            f"The account allows {unreserved} concurrent executions that are not reserved, in {plan.region}, but the "
            f"stack may use {plan.concurrency} (aitrail:maximumConcurrency, aitrail:backfillConcurrency): deliveries "
            "may wait, and other functions as well.",
            "Lower the settings, or ask AWS to raise the quota.",
        )


def _bucket(plan: Plan, clients: Clients, now: datetime) -> Iterator[Finding]:
    s3 = clients("s3")
    is_there = list(_looked("bucket", f"the Region of {plan.bucket}", lambda: _place(plan, s3)))
    yield from is_there
    if any(each.finding == "bucket-missing" for each in is_there):
        return
    if plan.bucket_account is None:
        yield from _looked(
            "notifications",
            f"the notifications of {plan.bucket}",
            lambda: findings_of_notifications(plan, s3.get_bucket_notification_configuration(Bucket=plan.bucket)),
        )
    yield from _looked(
        "versioning",
        f"whether {plan.bucket} keeps versions",
        lambda: findings_of_versioning(plan, s3.get_bucket_versioning(Bucket=plan.bucket)),
    )
    yield from _looked("encryption", f"the encryption of {plan.bucket}", lambda: _key(plan, s3, clients))
    yesterday = (now - timedelta(days=1)).date()
    yield from _looked(
        "cost", f"how many log files {plan.bucket} gets", lambda: findings_of_rate(plan, rate_of(s3, plan, yesterday))
    )


def _place(plan: Plan, s3: Any) -> Iterator[Finding]:  # noqa: ANN401 - a client
    try:
        region = s3.head_bucket(Bucket=plan.bucket)["BucketRegion"]
    except ClientError as error:
        region = error.response["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region")
        if code_of(error) in ("404", "NoSuchBucket"):
            yield conflict(
                "bucket-missing", f"There is no bucket {plan.bucket}.", "Check the name in aitrail:logBucket."
            )
            return
        if region is None:
            raise
    if region != plan.region:
        yield conflict(
            "bucket-region",
            f"The bucket {plan.bucket} is in {region}, not in {plan.region}.",
            f"Deploy with REGION={region}: S3 announces objects only in the Region of the bucket.",
        )


def _key(plan: Plan, s3: Any, clients: Clients) -> Iterator[Finding]:  # noqa: ANN401 - as above
    try:
        key = key_of(s3.get_bucket_encryption(Bucket=plan.bucket))
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

"""The trails of an account: quotas, copies that cost money, and whether log files can be read and proved. Pure.

Trails are as CloudTrail's DescribeTrails returns them.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from aitrail.preflight.finding import Finding, advice, conflict, context
from aitrail.preflight.plan import Plan

# CloudTrail's quota, which cannot be raised: trails of all kinds that a Region has.
_MOST_TRAILS = 5
_SECOND_COPY = (
    "CloudTrail charges for each additional copy of management events, about 2 USD per 100,000 events "
    "(https://aws.amazon.com/cloudtrail/pricing/)."
)
_Trails = Sequence[dict[str, Any]]


def findings_of_trails(plan: Plan, trails: _Trails) -> Iterator[Finding]:
    """What the trails mean for the plan."""
    if plan.bucket:
        yield from _delivering(plan, [trail for trail in trails if trail.get("S3BucketName") == plan.bucket])
    if plan.has_trail:
        is_there = any(_is_own(plan, trail) for trail in trails)
        if is_there and plan.is_new:
            yield conflict(
                "trail-name-taken",
                f"There is already a trail {plan.trail_name}, such as one that an earlier stack has kept "
                "(aitrail:keepTrail): the stack cannot create its own.",
                f"Deploy with {context(trail='false', logBucket='BUCKET')}, BUCKET being that of the trail, or delete "
                "the trail first.",
                f"aws cloudtrail delete-trail --name {plan.trail_name} --region {plan.region}",
            )
        yield from _of_others(plan, [trail for trail in trails if not _is_own(plan, trail)])
        if not is_there and len(trails) >= _MOST_TRAILS:
            names = ", ".join(trail["TrailARN"] for trail in trails)
            yield conflict(
                "trail-quota",
                f"There are {len(trails)} trails in {plan.region}, and CloudTrail allows {_MOST_TRAILS}, of all kinds: "
                f"{names}. The stack's trail cannot be created.",
                f"Delete one of them, or deploy with {context(trail='false')}.",
            )


def _is_own(plan: Plan, trail: dict[str, Any]) -> bool:
    # Of other accounts, only those of the organization are seen.
    is_foreign = trail.get("IsOrganizationTrail") and _account_of(trail) != plan.account
    is_here = trail.get("HomeRegion", plan.region) == plan.region and not is_foreign
    return bool(is_here and trail["Name"] == plan.trail_name)


def _of_others(plan: Plan, trails: _Trails) -> Iterator[Finding]:
    """Trails that record the same events as the stack's trail would."""
    wide = [trail for trail in trails if trail.get("IsMultiRegionTrail") or trail.get("IsOrganizationTrail")]
    foreign = [trail for trail in wide if _account_of(trail) != plan.account]
    own = [trail for trail in wide if trail not in foreign]
    if own:
        to_all = (
            " It is the organization's: pointed at the log bucket, it delivers the log files of every account there."
            if any(trail.get("IsOrganizationTrail") for trail in own)
            else ""
        )
        yield advice(
            "second-trail",
            f"This account already has a multi-Region trail: {_named(own)}. {_SECOND_COPY}",
            f"To avoid paying for a second copy, deploy with {context(trail='false', trailArns='ARN')}, then point the "
            "trail at the log bucket: a trail delivers to only one bucket, and then no longer to its previous one. Or "
            "read the bucket that it delivers to (aitrail:logBucket)." + to_all,
        )
    if foreign:
        yield advice(
            "trail-of-organization",
            f"A trail of the organization records this account: {_named(foreign)}. {_SECOND_COPY}",
            f"Only account {_account_of(foreign[0])} can change that trail, and whatever it changes applies to every "
            "account of the organization: pointed at the log bucket, it delivers the log files of all accounts there, "
            "and no longer to its previous bucket. Do not do that for the sake of this account alone; to read the "
            "bucket that it delivers to, use aitrail:logBucket.",
        )
    if not wide:
        yield advice("no-other-trail", "There is no other multi-Region trail.")


def _delivering(plan: Plan, trails: _Trails) -> Iterator[Finding]:
    """Trails that deliver to the plan's bucket."""
    if not trails and not plan.has_trail:
        yield advice(
            "no-trail-delivers",
            f"No trail that this account knows delivers to {plan.bucket}.",
            "If trails of other accounts do, that is fine. Else point a trail at it (aws cloudtrail update-trail).",
        )
    for trail in trails:
        arn, prefix = trail["TrailARN"], trail.get("S3KeyPrefix")
        if prefix and f"{prefix}/" not in plan.prefixes:
            yield conflict(
                "prefix-not-named",
                f"The trail {arn} delivers with the key prefix {prefix}/, which is not accepted.",
                f"Deploy with {context(keyPrefixes=[*filter(None, plan.prefixes), f'{prefix}/'])}.",
            )
        if not trail.get("LogFileValidationEnabled"):
            yield advice(
                "no-validation",
                f"The trail {arn} writes no digests: nothing can prove that none of its log files was lost.",
                f"Turn them on, as account {_account_of(trail)}.",
                f"aws cloudtrail update-trail --name {arn} --enable-log-file-validation --region {_region_of(trail)}",
            )
        key = trail.get("KmsKeyId")
        if key and key not in plan.key_arns:
            yield conflict(
                "key-not-named",
                f"The trail {arn} encrypts log files with {key}, with which the function may not decrypt.",
                f"Deploy with {context(logKeyArns=[*plan.key_arns, key])}.",
            )


def _account_of(trail: dict[str, Any]) -> str:
    return str(trail["TrailARN"].split(":")[4])


def _region_of(trail: dict[str, Any]) -> str:
    return str(trail["TrailARN"].split(":")[3])


def _named(trails: _Trails) -> str:
    return ", ".join(
        f"{trail['TrailARN']} (delivers to {trail.get('S3BucketName', 'an unknown bucket')})" for trail in trails
    )

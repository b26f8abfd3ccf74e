"""What to know of the account before a deployment: other trails, quotas.

Each check only advises, and one that fails stops nothing.
"""

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.settings import Settings
from infra.target import Target

# CloudTrail's quota, which cannot be raised: trails of all kinds that a Region has.
_MOST_TRAILS = 5
_COSTS = """\
The deployment costs money: DynamoDB writes and storage for each recorded call; an S3 request, a queue message and a
run of the function for each log file; and a monthly charge for the alarms. The first trail's management events are
free of charge."""
_SECOND_COPY = """\
CloudTrail charges for each additional copy of management events, about 2 USD per 100,000 events
(https://aws.amazon.com/cloudtrail/pricing/)."""
_OWN_TRAIL = """\
This account already has a multi-Region trail: {trails}.
{cost} To avoid paying for a second copy, use the existing trail instead of one
in the stack: deploy with CONTEXT="-c aitrail:trail=false -c aitrail:trailArns=ARN", then point the trail at the log
bucket. A trail delivers to only one bucket: it then no longer delivers to its previous one."""
_TRAIL_OF_ORGANIZATION = """\
A trail of the organization records this account: {trails}.
{cost} Only account {owner} can change that trail, and whatever it changes applies
to every account of the organization: pointed at the log bucket, it delivers the log files of all accounts there, and no
longer to its previous bucket. Do not do that for the sake of this account alone."""

_KEPT_TRAIL = """\
There is already a trail {name}, such as one that an earlier stack has kept (aitrail:keepTrail): the stack cannot create
its own. Deploy with CONTEXT="-c aitrail:trail=false", and with the trail's bucket (-c aitrail:logBucket=BUCKET), or
delete the trail first: aws cloudtrail delete-trail --name {name}"""


def before_deploying(target: Target, settings: Settings, *, is_new: bool = False) -> Iterator[str]:
    """Lines about cost, trails and quotas; `is_new` if there is no stack yet."""
    yield _COSTS
    if settings.has_trail:
        own = f"{settings.stack_name}-trail"
        yield from _look(
            "whether the account already has a trail; a second one costs money",
            lambda: _trails(target, own=own, is_new=is_new),
        )
    yield from _look("the account's quota of concurrent executions", lambda: _concurrency(target, settings))


def _look(what: str, lines: Callable[[], list[str]]) -> Iterator[str]:
    try:
        found = lines()
    except (BotoCoreError, ClientError) as error:
        yield f"Could not check {what}: {error}"
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        yield f"Could not check {what}: the answer of AWS has another form than expected ({error!r})."
    else:
        yield from found


def _trails(target: Target, *, own: str, is_new: bool) -> list[str]:
    trails = target.client("cloudtrail").describe_trails(includeShadowTrails=True)["trailList"]
    if any(trail["Name"] == own and trail.get("HomeRegion", target.region) == target.region for trail in trails):
        others = [trail for trail in trails if trail["Name"] != own]
        return [*([_KEPT_TRAIL.format(name=own)] if is_new else []), *_about(target, others)]
    lines = _about(target, trails)
    if len(trails) >= _MOST_TRAILS:
        names = ", ".join(trail["TrailARN"] for trail in trails)
        lines.append(
            f"There are {len(trails)} trails in {target.region}, and CloudTrail allows {_MOST_TRAILS}, of all kinds: "
            f"{names}. The stack's trail cannot be created: delete one of them, or deploy with "
            'CONTEXT="-c aitrail:trail=false".'
        )
    return lines


def _about(target: Target, trails: list[dict[str, Any]]) -> list[str]:
    wide = [trail for trail in trails if trail.get("IsMultiRegionTrail") or trail.get("IsOrganizationTrail")]
    foreign = [trail for trail in wide if trail["TrailARN"].split(":")[4] != target.account]
    own = [trail for trail in wide if trail not in foreign]
    lines = []
    if own:
        lines.append(_OWN_TRAIL.format(trails=_named(own), cost=_SECOND_COPY))
        if any(trail.get("IsOrganizationTrail") for trail in own):
            lines.append(
                "It is the organization's: pointed at the log bucket, it delivers the log files of every account there."
            )
    if foreign:
        owner = foreign[0]["TrailARN"].split(":")[4]
        lines.append(_TRAIL_OF_ORGANIZATION.format(trails=_named(foreign), cost=_SECOND_COPY, owner=owner))
    return lines or ["There is no other multi-Region trail."]


def _named(trails: list[dict[str, Any]]) -> str:
    return ", ".join(
        f"{trail['TrailARN']} (delivers to {trail.get('S3BucketName', 'an unknown bucket')})" for trail in trails
    )


def _concurrency(target: Target, settings: Settings) -> list[str]:
    limit = target.client("lambda").get_account_settings()["AccountLimit"]
    unreserved = int(limit["UnreservedConcurrentExecutions"])
    wanted = settings.maximum_concurrency + settings.backfill_concurrency
    if unreserved >= wanted:
        return []
    line = (
        f"The account allows {unreserved} concurrent executions of functions in {target.region}, but the stack may use "
        f"{wanted} (aitrail:maximumConcurrency, aitrail:backfillConcurrency): deliveries may wait, and other functions "
        "as well. Lower the settings, or ask AWS to raise the quota."
    )
    return [line]

"""What to know of the account before a deployment. It only advises, and a check that fails stops nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime

from aitrail.preflight import Plan, Severity, look
from infra.settings import Settings
from infra.target import Target

_COSTS = """\
The deployment costs money: DynamoDB writes and storage for each recorded call; an S3 request, a queue message and a
run of the function for each log file; and a monthly charge for the alarms, and for the dashboard if you want one. The
first trail's management events are free of charge."""


def before_deploying(target: Target, settings: Settings, *, is_new: bool = False) -> Iterator[str]:
    """Lines about cost, and what `aitrail preflight` finds, conflicts first; `is_new` if there is no stack yet."""
    yield _COSTS
    for each in look(plan_of(target, settings, is_new=is_new), target.client, datetime.now(UTC)):
        begin = "Conflict: " if each.severity is Severity.CONFLICT else ""
        yield begin + " ".join(filter(None, (each.what, each.what_to_do)))


def plan_of(target: Target, settings: Settings, *, is_new: bool = False) -> Plan:
    """What the settings deploy, as far as it depends on the account."""
    return Plan(
        stack=settings.stack_name,
        account=target.account,
        region=target.region,
        has_trail=settings.has_trail,
        is_new=is_new,
        bucket=settings.log_bucket,
        bucket_account=settings.log_bucket_account,
        announced_by=settings.announced_by,
        prefixes=settings.prefixes,
        key_arns=settings.log_key_arns,
        concurrency=settings.maximum_concurrency + settings.backfill_concurrency,
    )

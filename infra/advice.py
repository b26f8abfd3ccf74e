"""What to know of the account before a deployment: what it costs, and what `aitrail preflight` finds."""

from dataclasses import replace
from datetime import UTC, datetime

from aitrail.cells import printable
from aitrail.preflight import USUAL_QUALIFIER, Finding, Plan, Severity, look
from infra.console import tell
from infra.settings import Settings
from infra.target import Target
from infra.values import OF_STACK

_COSTS = """\
The deployment costs money: DynamoDB writes and storage for each recorded call; an S3 request, a queue message and a
run of the function for each log file; and a monthly charge for the alarms, and for the dashboard if you want one. The
first trail's management events are free of charge."""


def before_deploying(
    target: Target, settings: Settings, *, qualifier: str = USUAL_QUALIFIER, is_new: bool = False
) -> bool:
    """Tells what it costs and what was found, conflicts first; returns whether there is no conflict.

    A check that fails is no conflict. `qualifier` is that of the CDK's bootstrap; `is_new` if there is no stack yet.
    """
    tell(_COSTS)
    plan = replace(plan_of(target, settings, is_new=is_new), deployed_with="cdk", qualifier=qualifier)
    found = list(look(plan, target.client, datetime.now(UTC)))
    for each in found:
        _tell(each)
    return not any(each.severity is Severity.CONFLICT for each in found)


def _tell(finding: Finding) -> None:
    begin = "Conflict: " if finding.severity is Severity.CONFLICT else ""
    tell(begin + printable(" ".join(filter(None, (finding.what, finding.what_to_do)))))
    for command in finding.commands:
        tell(f"  {printable(command)}")


def plan_of(target: Target, settings: Settings, *, is_new: bool = False) -> Plan:
    """What the settings deploy, as far as it depends on the account."""
    key = settings.keys["tables_kms_key"]
    return Plan(
        stack=settings.stack_name,
        account=target.account,
        caller=target.caller,
        region=target.region,
        has_trail=settings.has_trail,
        is_new=is_new,
        bucket=settings.log_bucket,
        bucket_account=settings.log_bucket_account,
        announced_by=settings.announced_by,
        prefixes=settings.prefixes,
        key_arns=settings.log_key_arns,
        events_table=settings.events_table,
        files_table=settings.files_table,
        tables_key=None if key == OF_STACK else key,
        concurrency=settings.maximum_concurrency + settings.backfill_concurrency,
    )

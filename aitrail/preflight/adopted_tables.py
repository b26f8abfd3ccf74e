"""A look at the tables that a stack adopts, or has."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from aitrail.aws import code_of
from aitrail.dynamodb import tables
from aitrail.preflight.adopted_table import findings_of_backups, findings_of_expiry, findings_of_table
from aitrail.preflight.answers import Clients, looked
from aitrail.preflight.finding import Finding, conflict
from aitrail.preflight.plan import Plan
from aitrail.preflight.table_commands import TableCommands

_MISSING = "table-missing"


def look_at_tables(plan: Plan, clients: Clients) -> Iterator[Finding]:
    """What the tables of the plan lack."""
    for definition, name in ((tables.EVENTS, plan.events_table), (tables.FILES, plan.files_table)):
        if name:
            yield from _table(plan, clients("dynamodb"), definition, name)


def _table(plan: Plan, dynamodb: Any, definition: tables.Table, name: str) -> Iterator[Finding]:  # noqa: ANN401 - a client
    commands = TableCommands(name=name, region=plan.region)

    def table() -> Iterator[Finding]:
        try:
            answer = dynamodb.describe_table(TableName=name)["Table"]
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            yield conflict(
                _MISSING,
                f"There is no table {name} in account {plan.account}, Region {plan.region}.",
                f"Name another table in aitrail:{definition.label.lower()}Table, or none. The tables that are there:",
                f"aws dynamodb list-tables --region {plan.region}",
            )
            return
        yield from findings_of_table(definition, answer, commands, key=plan.tables_key)

    def expiry() -> Iterator[Finding]:
        answer = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        yield from findings_of_expiry(definition, answer, commands)

    def backups() -> Iterator[Finding]:
        answer = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        yield from findings_of_backups(answer, commands)

    found = list(looked("table", f"the table {name}", table))
    yield from found
    if any(each.finding == _MISSING for each in found):
        return
    yield from looked("table-expiry", f"whether items of the table {name} expire", expiry)
    yield from looked("table-backups", f"whether the table {name} has point-in-time recovery", backups)

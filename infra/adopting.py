"""A look at the tables that a deployment adopts."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from aitrail.dynamodb import tables
from infra.adopted_table import Answers, Finding, findings
from infra.settings import Settings
from infra.target import Target


def look(target: Target, settings: Settings) -> Iterator[Finding]:
    """What the adopted tables lack. What may not be looked at is said, and prevents nothing."""
    for definition, name in ((tables.EVENTS, settings.events_table), (tables.FILES, settings.files_table)):
        if name:
            yield from _look(target, definition, name)


def _look(target: Target, definition: tables.Table, name: str) -> Iterator[Finding]:
    dynamodb = target.client("dynamodb")
    unknown: list[Finding] = []

    def ask(operation: str, part: str) -> Any:  # noqa: ANN401 - a part of an answer of AWS, None if there is none
        try:
            return getattr(dynamodb, operation)(TableName=name)[part]
        except dynamodb.exceptions.ResourceNotFoundException:
            raise
        except (BotoCoreError, ClientError, LookupError, TypeError) as error:
            unknown.append(Finding(what=f"Could not check the table {name}: {error}"))
            return None

    try:
        if (table := ask("describe_table", "Table")) is not None:
            yield from findings(
                definition,
                Answers(
                    table=table,
                    expiry=ask("describe_time_to_live", "TimeToLiveDescription"),
                    backups=ask("describe_continuous_backups", "ContinuousBackupsDescription"),
                ),
            )
    except dynamodb.exceptions.ResourceNotFoundException:
        yield Finding(
            what=f"There is no table {name} in account {target.account}, Region {target.region}. Its tables:",
            commands=(f"aws dynamodb list-tables --region {target.region}",),
            prevents=True,
        )
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        unknown.append(
            Finding(what=f"Could not check the table {name}: the answer of AWS has another form ({error!r}).")
        )
    yield from unknown

"""The commands of preflight's findings give tables of DynamoDB what they lack."""

import json
import re
import shlex
from datetime import UTC, datetime

import boto3
import pytest
from moto import mock_aws

from aitrail.dynamodb import tables
from aitrail.preflight import Plan, Severity, look
from tests.shared.restored_tables import described, index_of, table_of

DEFINITIONS = [tables.EVENTS, tables.FILES]
BY_LABEL = pytest.mark.parametrize("definition", DEFINITIONS, ids=[each.label for each in DEFINITIONS])


@pytest.fixture
def dynamodb():
    with mock_aws():
        yield boto3.client("dynamodb", "eu-central-1", aws_access_key_id="testing", aws_secret_access_key="testing")  # noqa: S106


def found(dynamodb, definition, name="restored"):
    """What preflight says of a table."""
    adopted = {f"{definition.label.lower()}_table": name}
    plan = Plan(stack="aitrail", account="111122223333", region="eu-central-1", has_trail=False, **adopted)

    def clients(service):
        if service != "dynamodb":
            raise LookupError(service)
        return dynamodb

    return [
        each
        for each in look(plan, clients, datetime(2026, 11, 21, tzinfo=UTC))
        if each.finding not in ("trails-unknown", "concurrency-unknown")
    ]


def execute(dynamodb, command):
    """Does what the AWS command line does with a command; botocore refuses what is no parameter of the operation."""
    program, service, operation, *options = shlex.split(command)
    assert (program, service) == ("aws", "dynamodb")
    parameters = {}
    while options:
        name = options.pop(0).removeprefix("--")
        value = options.pop(0) if options and not options[0].startswith("--") else None
        if name not in ("region", "query"):
            camel = "".join(part.capitalize() for part in name.split("-"))
            parameters[camel] = _value(value)
    parameters = {{"SseSpecification": "SSESpecification"}.get(name, name): value for name, value in parameters.items()}
    getattr(dynamodb, operation.replace("-", "_"))(**parameters)


def _value(text):
    if text is None:
        return True
    if text.startswith("["):
        return json.loads(text)
    if "=" in text:
        pairs = dict(each.split("=") for each in text.split(","))
        return {name: {"true": True, "false": False}.get(value, value) for name, value in pairs.items()}
    return text


@BY_LABEL
def test_commands_give_a_restored_table_what_no_backup_has(dynamodb, definition):
    dynamodb.create_table(**table_of(definition))

    findings = found(dynamodb, definition)
    for command in [command for finding in findings for command in finding.commands]:
        execute(dynamodb, command)

    assert [re.search("protected from deletion|TTL is off|point-in-time", each.what)[0] for each in findings] == [
        "protected from deletion",
        "TTL is off",
        "point-in-time",
    ]
    assert {finding.severity for finding in findings} == {Severity.ADVICE}
    assert found(dynamodb, definition) == []


@BY_LABEL
def test_commands_correct_capacity_and_indexes(dynamodb, definition):
    complete = described(definition)
    capacity = {"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}
    first = index_of(definition.indexes[0]) | {"Projection": {"ProjectionType": "KEYS_ONLY"}} | capacity
    used = {key for key in (*definition.indexes[0].keys, definition.partition_key, definition.sort_key) if key}
    dynamodb.create_table(
        TableName="restored",
        KeySchema=complete["KeySchema"],
        AttributeDefinitions=[each for each in complete["AttributeDefinitions"] if each["AttributeName"] in used],
        GlobalSecondaryIndexes=[first],
        **capacity,
    )

    findings = found(dynamodb, definition)
    for command in [command for finding in findings for command in finding.commands]:
        execute(dynamodb, command)

    conflicts = [finding for finding in findings if finding.severity is Severity.CONFLICT]
    assert len(conflicts) == len(definition.indexes)
    assert f"index {definition.indexes[0].name} of the table restored lacks " in conflicts[0].what
    assert [finding.finding for finding in findings if finding not in conflicts] == [
        *("table-capacity", "table-unprotected", "table-expiry", "table-recovery")
    ]
    assert found(dynamodb, definition) == []


@BY_LABEL
def test_table_that_is_not_there_is_a_conflict_that_names_the_setting(dynamodb, definition):
    [finding] = found(dynamodb, definition, name="gone")

    assert (finding.finding, finding.severity) == ("table-missing", Severity.CONFLICT)
    assert f"aitrail:{definition.label.lower()}Table" in finding.what_to_do

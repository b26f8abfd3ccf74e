"""What a table that is to be adopted lacks is told with its remedy; one that cannot work is a conflict."""

import pytest

from aitrail.dynamodb import tables
from aitrail.preflight import Severity
from aitrail.preflight.adopted_table import findings_of_backups, findings_of_expiry, findings_of_table
from aitrail.preflight.table_commands import TableCommands
from tests.shared.restored_tables import described, schema

COMMANDS = TableCommands(name="restored", region="eu-central-1")
KEY = "arn:aws:kms:eu-central-1:111122223333:key/aaaa"


def found(definition, **changes):
    return list(findings_of_table(definition, described(definition, **changes), COMMANDS))


@pytest.mark.parametrize("definition", [tables.EVENTS, tables.FILES], ids=["events", "files"])
def test_nothing_is_said_of_a_table_as_the_stack_makes_it(definition):
    assert found(definition) == []


EVENTS = described(tables.EVENTS)
[BY_SERVICE, *OTHERS] = EVENTS["GlobalSecondaryIndexes"]
CANNOT_WORK = {
    "another key": (
        {"KeySchema": schema(["eventID"], ["eventTime"])},
        "has the key (eventID; eventTime), but Events needs (eventID). The key of a table cannot be changed",
    ),
    "a key of another type": (
        {"AttributeDefinitions": [{"AttributeName": "eventTime", "AttributeType": "N"}]},
        "eventTime should have the type S. It cannot be changed",
    ),
    "a table that is being restored": ({"TableStatus": "CREATING"}, "is CREATING, not ACTIVE"),
    "no index": ({"GlobalSecondaryIndexes": OTHERS}, "has no index by-service. Add it"),
    "an index that is being made": (
        {"GlobalSecondaryIndexes": [BY_SERVICE | {"IndexStatus": "CREATING"}, *OTHERS]},
        "The index by-service of the table restored is CREATING, not ACTIVE. Wait",
    ),
    "keys of an index in another order": (
        {
            "GlobalSecondaryIndexes": [
                BY_SERVICE | {"KeySchema": schema(["service", "eventDay"], ["eventID", "eventTime"])},
                *OTHERS,
            ]
        },
        "has the key (service + eventDay; eventID + eventTime), not (service + eventDay; eventTime + eventID)",
    ),
    "one key in place of several": (
        {"GlobalSecondaryIndexes": [BY_SERVICE | {"KeySchema": schema(["service"], ["eventTime"])}, *OTHERS]},
        "has the key (service; eventTime), not (service + eventDay; eventTime + eventID)",
    ),
}


@pytest.mark.parametrize(("changes", "told"), CANNOT_WORK.values(), ids=CANNOT_WORK)
def test_what_keeps_a_table_from_working_prevents_its_use(changes, told):
    [finding] = found(tables.EVENTS, **changes)

    assert finding.severity is Severity.CONFLICT
    assert told in f"{finding.what} {finding.what_to_do}"


MAY_WORK = {
    "an index with more columns": (
        {"GlobalSecondaryIndexes": [BY_SERVICE | {"Projection": {"ProjectionType": "ALL"}}, *OTHERS]},
        None,
    ),
    "a table that is being updated": ({"TableStatus": "UPDATING"}, None),
    "an index of somebody": (
        {"GlobalSecondaryIndexes": [BY_SERVICE, *OTHERS, BY_SERVICE | {"IndexName": "by-them"}]},
        "reads the index by-them of the table restored, but it is paid for",
    ),
    "a class that charges more for writes": (
        {"TableClassSummary": {"TableClass": "STANDARD_INFREQUENT_ACCESS"}},
        "has the class STANDARD_INFREQUENT_ACCESS",
    ),
    "a key of its owner": (
        {"SSEDescription": {"KMSMasterKeyArn": KEY}},
        f"is encrypted with the key {KEY}",
    ),
}


@pytest.mark.parametrize(("changes", "told"), MAY_WORK.values(), ids=MAY_WORK)
def test_what_a_table_has_besides_is_said_at_most(changes, told):
    findings = found(tables.EVENTS, **changes)

    assert not any(finding.severity is Severity.CONFLICT for finding in findings)
    assert [told in finding.what for finding in findings] == ([True] if told else [])


def test_expiry_by_another_attribute_is_turned_off_first():
    expiry = {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}

    [finding] = findings_of_expiry(tables.EVENTS, expiry, COMMANDS)

    assert "expire by ttl, not by expiresAt" in finding.what
    assert [command.partition("specification ")[2] for command in finding.commands] == [
        "Enabled=false,AttributeName=ttl",
        "Enabled=true,AttributeName=expiresAt",
    ]


def test_expiry_and_recovery_that_are_on_are_not_mentioned():
    recovery = {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"}}
    expiry = {"TimeToLiveStatus": "ENABLING", "AttributeName": "expiresAt"}

    assert list(findings_of_backups(recovery, COMMANDS)) == []
    assert list(findings_of_expiry(tables.FILES, expiry, COMMANDS)) == []


def test_key_of_a_table_is_told_with_the_setting_unless_it_is_the_one_of_the_setting():
    table = described(tables.EVENTS, SSEDescription={"KMSMasterKeyArn": KEY})

    [finding] = findings_of_table(tables.EVENTS, table, COMMANDS)

    assert f"-c aitrail:tablesKmsKey={KEY}" in finding.what_to_do
    assert list(findings_of_table(tables.EVENTS, table, COMMANDS, key=KEY)) == []

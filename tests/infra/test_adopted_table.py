"""What a table that is to be adopted lacks is said with commands that correct it; one that cannot work is refused."""

import json
import re
import shlex

import pytest

from aitrail.dynamodb import tables
from infra.adopted_table import Answers, findings
from infra.target import StoppedError
from tests.infra.conftest import run

DEFINITIONS = [tables.EVENTS, tables.FILES]
BY_LABEL = pytest.mark.parametrize("definition", DEFINITIONS, ids=[each.label for each in DEFINITIONS])


def schema(partition, sort):
    kinds = [*((each, "HASH") for each in partition), *((each, "RANGE") for each in sort)]
    return [{"AttributeName": name, "KeyType": kind} for name, kind in kinds]


def index_of(index):
    projection = {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.projected)}
    return {
        "IndexName": index.name,
        "KeySchema": schema(index.partition_keys, index.sort_keys),
        "Projection": projection if index.projected else {"ProjectionType": "KEYS_ONLY"},
    }


def table_of(definition):
    """The table in a request that creates it, on demand."""
    keys = ((definition.partition_key,), (definition.sort_key,) if definition.sort_key else ())
    names = {*keys[0], *keys[1], *(key for index in definition.indexes for key in index.keys)}
    return {
        "TableName": "restored",
        "KeySchema": schema(*keys),
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in sorted(names)],
        "GlobalSecondaryIndexes": [index_of(index) for index in definition.indexes],
        "BillingMode": "PAY_PER_REQUEST",
    }


def described(definition, **changes):
    """The table as DynamoDB describes it when it is complete."""
    table = table_of(definition) | {
        "TableArn": "arn:aws:dynamodb:eu-central-1:111122223333:table/restored",
        "TableStatus": "ACTIVE",
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        "DeletionProtectionEnabled": True,
    }
    for index in table["GlobalSecondaryIndexes"]:
        index["IndexStatus"] = "ACTIVE"
    return json.loads(json.dumps(table | changes))


def answers(table, expiry=None, recovery="ENABLED"):
    return Answers(
        table=table,
        expiry=expiry or {"TimeToLiveStatus": "ENABLED", "AttributeName": "expiresAt"},
        backups={
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": recovery},
        },
    )


def asked(dynamodb):
    """What DynamoDB says of the table."""
    return Answers(
        table=dynamodb.describe_table(TableName="restored")["Table"],
        expiry=dynamodb.describe_time_to_live(TableName="restored")["TimeToLiveDescription"],
        backups=dynamodb.describe_continuous_backups(TableName="restored")["ContinuousBackupsDescription"],
    )


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
def test_nothing_is_said_of_a_table_as_the_stack_makes_it(definition):
    assert list(findings(definition, answers(described(definition)))) == []


@BY_LABEL
def test_commands_give_a_restored_table_what_no_backup_has(session, definition):
    dynamodb = session.client("dynamodb")
    dynamodb.create_table(**table_of(definition))

    found = list(findings(definition, asked(dynamodb)))
    for command in [command for finding in found for command in finding.commands]:
        execute(dynamodb, command)

    assert [re.search("protected from deletion|TTL is off|point-in-time", each.what)[0] for each in found] == [
        "protected from deletion",
        "TTL is off",
        "point-in-time",
    ]
    assert not any(finding.prevents for finding in found)
    assert list(findings(definition, asked(dynamodb))) == []


@BY_LABEL
def test_commands_correct_capacity_and_indexes(session, definition):
    dynamodb = session.client("dynamodb")
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

    found = list(findings(definition, asked(dynamodb)))
    for command in [command for finding in found for command in finding.commands]:
        execute(dynamodb, command)

    assert [finding.prevents for finding in found] == [False, *[True] * len(definition.indexes), False, False, False]
    assert "provisioned capacity" in found[0].what
    assert f"index {definition.indexes[0].name} of the table restored lacks " in found[1].what
    assert list(findings(definition, asked(dynamodb))) == []


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
    "no index": ({"GlobalSecondaryIndexes": OTHERS}, "has no index by-service. To add it"),
    "an index that is being made": (
        {"GlobalSecondaryIndexes": [BY_SERVICE | {"IndexStatus": "CREATING"}, *OTHERS]},
        "The index by-service of the table restored is CREATING, not ACTIVE: wait",
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
    [finding] = findings(tables.EVENTS, answers(described(tables.EVENTS, **changes)))

    assert finding.prevents
    assert told in finding.what


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
    "a key of its owner": (
        {"SSEDescription": {"KMSMasterKeyArn": "arn:aws:kms:eu-central-1:111122223333:key/aaaa"}},
        "is encrypted with the key arn:aws:kms:eu-central-1:111122223333:key/aaaa",
    ),
}


@pytest.mark.parametrize(("changes", "told"), MAY_WORK.values(), ids=MAY_WORK)
def test_what_a_table_has_besides_is_said_at_most(changes, told):
    found = list(findings(tables.EVENTS, answers(described(tables.EVENTS, **changes))))

    assert not any(finding.prevents for finding in found)
    assert [told in finding.what for finding in found] == ([True] if told else [])


def test_expiry_by_another_attribute_is_turned_off_first():
    expiry = {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}

    [finding] = findings(tables.EVENTS, answers(described(tables.EVENTS), expiry=expiry))

    assert "expire by ttl, not by expiresAt" in finding.what
    assert [command.partition("specification ")[2] for command in finding.commands] == [
        "Enabled=false,AttributeName=ttl",
        "Enabled=true,AttributeName=expiresAt",
    ]


def test_what_is_not_known_is_not_found_missing():
    known = Answers(table=described(tables.FILES))

    assert list(findings(tables.FILES, known)) == []


def test_deployment_that_adopts_a_restored_table_tells_what_it_lacks(target, session, capsys):
    session.client("dynamodb").create_table(**table_of(tables.FILES))
    to = target()

    run(to, filesTable="restored")

    told = capsys.readouterr().out
    assert (
        "  aws dynamodb update-table --table-name restored --region eu-central-1 --deletion-protection-enabled" in told
    )
    assert to.commands[-1].startswith("deploy")


@pytest.mark.parametrize("given", [{"eventsTable": "restored"}, {"filesTable": "gone"}], ids=["wrong", "missing"])
def test_deployment_that_adopts_a_table_that_cannot_work_stops(target, session, capsys, given):
    session.client("dynamodb").create_table(**table_of(tables.FILES))
    to = target()

    with pytest.raises(StoppedError, match=r"cannot work; what it lacks is above\. Nothing was changed"):
        run(to, **given)

    assert [command.partition(" ")[0] for command in to.commands] == ["synth", "diff"]
    assert re.search("has the key|There is no table gone in account", capsys.readouterr().out)


@pytest.mark.parametrize(
    "changes",
    [
        {"refused": ("dynamodb",)},
        {"answers": {"dynamodb:DescribeTable": {}}},
        {"answers": {"dynamodb:DescribeTable": {"Table": {"TableName": "restored"}}}},
    ],
    ids=["no permission", "no answer", "another form"],
)
def test_table_that_may_not_be_looked_at_stops_no_deployment(target, capsys, changes):
    to = target(**changes)

    run(to, eventsTable="restored")

    assert "Could not check the table restored: " in capsys.readouterr().out
    assert to.commands[-1].startswith("deploy")


def test_deployment_without_adopted_tables_does_not_ask_dynamodb(target, capsys):
    run(target(refused=("dynamodb",)))

    assert "Could not check the table" not in capsys.readouterr().out

"""The deployed tables match `aitrail.dynamodb.tables`, and stay within DynamoDB's limits."""

import pytest

from aitrail.dynamodb import tables

TABLES = [pytest.param("EventsTable", tables.EVENTS, id="events"), pytest.param("FilesTable", tables.FILES, id="files")]


def schema(partition_keys, sort_keys):
    return [{"AttributeName": name, "KeyType": "HASH"} for name in partition_keys] + [
        {"AttributeName": name, "KeyType": "RANGE"} for name in sort_keys
    ]


@pytest.mark.parametrize(("name", "definition"), TABLES)
def test_a_table_has_its_keys_indexes_and_expiry_and_can_be_restored(default, name, definition):
    table = default.properties(name)

    attributes = table.pop("AttributeDefinitions")
    keys = {definition.partition_key, definition.sort_key, *(key for index in definition.indexes for key in index.keys)}
    assert {each["AttributeName"] for each in attributes} == keys - {None}
    assert {each["AttributeType"] for each in attributes} == {"S"}
    assert table == {
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": schema([definition.partition_key], [definition.sort_key] if definition.sort_key else []),
        "GlobalSecondaryIndexes": [
            {
                "IndexName": index.name,
                "KeySchema": schema(index.partition_keys, index.sort_keys),
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.projected)}
                if index.projected
                else {"ProjectionType": "KEYS_ONLY"},
            }
            for index in definition.indexes
        ],
        "Replicas": [
            {
                "Region": "<AWS::Region>",
                "DeletionProtectionEnabled": True,
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
                "GlobalSecondaryIndexes": [{"IndexName": index.name} for index in definition.indexes],
            }
        ],
        "TimeToLiveSpecification": {"AttributeName": "expiresAt", "Enabled": True},
    }


@pytest.mark.parametrize("name", ["EventsTable", "FilesTable"])
def test_indexes_stay_within_what_dynamodb_accepts(default, name):
    indexes = default.properties(name)["GlobalSecondaryIndexes"]

    projected = [each["Projection"].get("NonKeyAttributes", ()) for each in indexes]
    assert all(len(names) <= 20 for names in projected)
    assert sum(map(len, projected)) <= 100
    for index in indexes:
        kinds = [each["KeyType"] for each in index["KeySchema"]]
        assert 1 <= kinds.count("HASH") <= 4
        assert kinds.count("RANGE") <= 4


@pytest.mark.parametrize("name", ["EventsTable", "FilesTable"])
def test_a_protected_table_outlives_the_stack_and_an_unprotected_one_does_not(default, chosen, name):
    kept, deleted = default.resources[name], chosen.resources[name]

    assert (kept["DeletionPolicy"], kept["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert (deleted["DeletionPolicy"], deleted["UpdateReplacePolicy"]) == ("Delete", "Delete")
    assert deleted["Properties"]["Replicas"][0]["DeletionProtectionEnabled"] is False


@pytest.mark.parametrize(
    ("name", "class_"), [("EventsTable", "STANDARD_INFREQUENT_ACCESS"), ("FilesTable", "STANDARD")]
)
def test_class_of_a_table_is_the_only_change_of_its_settings_and_replaces_no_table(
    default, chosen, replacing, name, class_
):
    usual, other = default.properties(name), chosen.properties(name)

    assert "TableClass" not in usual["Replicas"][0]  # a deployed table keeps its class
    assert other["Replicas"][0].pop("TableClass") == class_
    for each in (usual, other):
        del each["Replicas"][0]["DeletionProtectionEnabled"]
        each["Replicas"][0].pop("Tags", None)
        # Of aitrail:kmsKey, whose tests are in test_encryption.py.
        each["Replicas"][0].pop("SSESpecification", None)
        each.pop("SSESpecification", None)
    assert other == usual
    assert replacing("AWS::DynamoDB::GlobalTable") == {"TableName"}


@pytest.fixture(scope="module")
def adopting(synthesize):
    """The template with existing tables."""
    return synthesize({"aitrail:eventsTable": "old-rows", "aitrail:filesTable": "old-files"})


def test_adopted_tables_are_no_resources_of_the_stack(adopting, default):
    assert adopting.of_type("AWS::DynamoDB::GlobalTable") == {}
    assert adopting.resources.keys() == default.resources.keys() - {"EventsTable", "FilesTable"}


def test_function_and_outputs_name_the_adopted_tables(adopting):
    variables = adopting.properties("IngestFunction")["Environment"]["Variables"]
    outputs = adopting.parts["Outputs"]

    assert (variables["EVENTS_TABLE"], variables["FILES_TABLE"]) == ("old-rows", "old-files")
    assert (outputs["EventsTableName"]["Value"], outputs["FilesTableName"]["Value"]) == ("old-rows", "old-files")


def test_function_may_do_with_adopted_tables_what_it_may_with_its_own(adopting, default):
    def allowed(template):
        [policy] = [
            each for name, each in template.of_type("AWS::IAM::Policy").items() if name.startswith("IngestRole")
        ]
        return [
            (each["Action"], each["Resource"])
            for each in policy["PolicyDocument"]["Statement"]
            if "dynamodb:" in str(each["Action"])
        ]

    arn = "arn:<AWS::Partition>:dynamodb:<AWS::Region>:<AWS::AccountId>:table/"
    names = {"<EventsTable.Arn>": f"{arn}old-rows", "<FilesTable.Arn>": f"{arn}old-files"}
    expected = [
        (actions, resource.replace(own, adopted))
        for actions, resource in allowed(default)
        for own, adopted in names.items()
        if own in resource
    ]
    assert len(expected) == 4
    assert allowed(adopting) == expected

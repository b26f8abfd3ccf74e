"""Tables as `aitrail.dynamodb.tables` defines them, as DynamoDB creates and describes them."""

import json

ARN = "arn:aws:dynamodb:eu-central-1:111122223333:table/restored"


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
        "TableArn": ARN,
        "TableStatus": "ACTIVE",
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        "DeletionProtectionEnabled": True,
    }
    for index in table["GlobalSecondaryIndexes"]:
        index["IndexStatus"] = "ACTIVE"
    return json.loads(json.dumps(table | changes))

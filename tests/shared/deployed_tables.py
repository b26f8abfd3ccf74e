"""Creates the deployment's tables as the stack does, with any client, and limits the size of their pages."""


def create_table(client, name, table):
    """Creates `table` (from aitrail.dynamodb.tables) under a physical name."""

    def schema(hashes, ranges):
        kinds = [(key, "HASH") for key in hashes] + [(key, "RANGE") for key in ranges if key]
        return [{"AttributeName": key, "KeyType": kind} for key, kind in kinds]

    keys = {table.partition_key, table.sort_key, *(key for index in table.indexes for key in index.keys)}
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in sorted(keys - {None})],
        KeySchema=schema([table.partition_key], [table.sort_key]),
        GlobalSecondaryIndexes=[
            {
                "IndexName": index.name,
                "KeySchema": schema(index.partition_keys, index.sort_keys),
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.projected)}
                if index.projected
                else {"ProjectionType": "KEYS_ONLY"},
            }
            for index in table.indexes
        ],
    )


def small_pages(client, size):
    """Limits the pages of the client's queries and scans to `size` items, because DynamoDB's pages have 1 MB."""

    def limit(params, **_):
        params["Limit"] = min(size, params.get("Limit", size))

    for operation in ("Query", "Scan"):
        client.meta.events.register(f"before-parameter-build.dynamodb.{operation}", limit)

"""Whether a table that the stack does not own can hold aitrail's rows or ledger, and what it lacks. Pure.

A table that DynamoDB has restored lacks what is not a part of a backup: its expiry (TTL), point-in-time recovery,
deletion protection and tags. Answers are as boto3 returns them; another form raises LookupError or TypeError.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from aitrail.dynamodb import tables
from aitrail.preflight.finding import Finding, advice, conflict, context
from aitrail.preflight.table_commands import TableCommands

# DynamoDB also answers while it updates a table.
_USABLE = {"ACTIVE", "UPDATING"}
_ENABLED = {"ENABLED", "ENABLING"}


def findings_of_table(
    definition: tables.Table, table: Mapping[str, Any], commands: TableCommands, *, key: str | None = None
) -> Iterator[Finding]:
    """What keeps a table from being the one that is defined, in the order in which it can be corrected.

    `table` is `Table` of DescribeTable, and `key` the ARN of the KMS key that the function may use for tables.
    """
    yield from _of_keys(definition, table, commands)
    yield from _of_capacity(table, commands)
    yield from _of_indexes(definition, table, commands)
    yield from _of_protection(table, commands)
    yield from _of_encryption(table, commands, key)


def findings_of_expiry(
    definition: tables.Table, expiry: Mapping[str, Any], commands: TableCommands
) -> Iterator[Finding]:
    """Whether items expire by the right attribute. `expiry` is `TimeToLiveDescription` of DescribeTimeToLive."""
    name = commands.name
    is_enabled, attribute = expiry["TimeToLiveStatus"] in _ENABLED, expiry.get("AttributeName")
    if is_enabled and attribute == definition.ttl_attribute:
        return
    turn_on = commands.expire(definition.ttl_attribute)
    if is_enabled:
        yield advice(
            "table-expiry",
            f"The items of the table {name} expire by {attribute}, not by {definition.ttl_attribute}.",
            "Change that (DynamoDB takes up to an hour for each):",
            commands.expire(str(attribute), turn_on=False),
            turn_on,
        )
    else:
        yield advice("table-expiry", f"Nothing expires in the table {name} (TTL is off).", "Turn it on:", turn_on)


def findings_of_backups(backups: Mapping[str, Any], commands: TableCommands) -> Iterator[Finding]:
    """Whether the table can be restored. `backups` is `ContinuousBackupsDescription` of DescribeContinuousBackups."""
    recovery = backups.get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        yield advice(
            "table-recovery",
            f"The table {commands.name} has no point-in-time recovery: what is lost cannot be restored.",
            "Turn it on:",
            commands.recover(),
        )


def _of_keys(definition: tables.Table, table: Mapping[str, Any], commands: TableCommands) -> Iterator[Finding]:
    name = commands.name
    if (status := table["TableStatus"]) not in _USABLE:
        yield conflict(
            "table-status", f"The table {name} is {status}, not ACTIVE.", "Wait until it is:", commands.wait()
        )
    wanted = ((definition.partition_key,), (definition.sort_key,) if definition.sort_key else ())
    if (found := _keys(table["KeySchema"])) != wanted:
        yield conflict(
            "table-key",
            f"The table {name} has the key {_spelled(found)}, but {definition.label} needs {_spelled(wanted)}.",
            "The key of a table cannot be changed: name another table, or none.",
        )
    attributes = dict.fromkeys((definition.partition_key, definition.sort_key or definition.partition_key))
    attributes |= dict.fromkeys(key for index in definition.indexes for key in index.keys)
    types = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
    others = [each for each in attributes if types.get(each, "S") != "S"]
    if others:
        yield conflict(
            "table-key-type",
            f"In the keys of the table {name}, {', '.join(others)} should have the type S.",
            "It cannot be changed: name another table, or none.",
        )


def _of_capacity(table: Mapping[str, Any], commands: TableCommands) -> Iterator[Finding]:
    # Before its indexes: those of a table with provisioned capacity are created with a capacity of their own.
    if table.get("BillingModeSummary", {}).get("BillingMode") != "PAY_PER_REQUEST":
        yield advice(
            "table-capacity",
            f"The table {commands.name} has provisioned capacity, without autoscaling if it was restored: deliveries "
            "may be throttled.",
            "Let it take every load:",
            commands.pay_per_request(),
        )
    class_ = table.get("TableClassSummary", {}).get("TableClass", "STANDARD")
    if class_ != "STANDARD":
        yield advice(
            "table-class",
            f"The table {commands.name} has the class {class_}, which stores for less, and charges more for writes and "
            "reads.",
            "Change it if that does not pay (docs/cost.md):",
            commands.use_standard_class(),
        )


def _of_indexes(definition: tables.Table, table: Mapping[str, Any], commands: TableCommands) -> Iterator[Finding]:
    name = commands.name
    found = {each["IndexName"]: each for each in table.get("GlobalSecondaryIndexes", ())}
    for index in definition.indexes:
        if index.name not in found:
            yield conflict(
                "index-missing",
                f"The table {name} has no index {index.name}.",
                "Add it (one index at a time):",
                commands.create(index),
                commands.show_indexes(),
            )
        elif differences := list(_differences(index, found[index.name])):
            yield conflict(
                "index-differs",
                f"The index {index.name} of the table {name} {', and '.join(differences)}.",
                "Replace it, and wait after each command until the index is gone, or ACTIVE:",
                commands.delete(index.name),
                commands.create(index),
                commands.show_indexes(),
            )
        elif (status := found[index.name]["IndexStatus"]) != "ACTIVE":
            yield conflict(
                "index-status",
                f"The index {index.name} of the table {name} is {status}, not ACTIVE.",
                "Wait until it is:",
                commands.show_indexes(),
            )
    for stray in sorted(found.keys() - {index.name for index in definition.indexes}):
        yield advice(
            "index-unused",
            f"Nothing of aitrail reads the index {stray} of the table {name}, but it is paid for.",
            "Delete it if nobody else reads it:",
            commands.delete(stray),
        )


def _differences(index: tables.Index, found: Mapping[str, Any]) -> Iterator[str]:
    if (keys := _keys(found["KeySchema"])) != (wanted := (index.partition_keys, index.sort_keys)):
        yield f"has the key {_spelled(keys)}, not {_spelled(wanted)}"
    projection = found["Projection"]
    if projection["ProjectionType"] != "ALL":
        missing = [each for each in index.projected if each not in projection.get("NonKeyAttributes", ())]
        if missing:
            yield f"lacks {', '.join(missing)}"


def _of_protection(table: Mapping[str, Any], commands: TableCommands) -> Iterator[Finding]:
    if not table.get("DeletionProtectionEnabled"):
        yield advice(
            "table-unprotected",
            f"The table {commands.name} is not protected from deletion.",
            "Protect it:",
            commands.protect(),
        )


def _of_encryption(table: Mapping[str, Any], commands: TableCommands, key: str | None) -> Iterator[Finding]:
    found = table.get("SSEDescription", {}).get("KMSMasterKeyArn")
    if found and found != key:
        yield advice(
            "table-encrypted",
            f"The table {commands.name} is encrypted with the key {found}. If that is not AWS' own key (aws/dynamodb), "
            "the function and those who query need to be allowed to use it.",
            f"Deploy with {context(tablesKmsKey=found)}, or encrypt with a key that needs no permission:",
            commands.use_own_key_of_dynamodb(),
        )


def _keys(schema: list[Mapping[str, str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The partition keys and the sort keys."""
    partition, sort = (
        tuple(each["AttributeName"] for each in schema if each["KeyType"] == kind) for kind in ("HASH", "RANGE")
    )
    return partition, sort


def _spelled(keys: tuple[tuple[str, ...], tuple[str, ...]]) -> str:
    partition, sort = (" + ".join(each) for each in keys)
    return f"({partition}; {sort})" if sort else f"({partition})"

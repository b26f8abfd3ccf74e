"""Whether a table that the stack does not own can hold aitrail's rows or ledger, and what it lacks.

A table that DynamoDB has restored lacks what is not a part of a backup: its expiry (TTL), point-in-time recovery,
deletion protection and tags. Pure: it gets the answers of DynamoDB, and prints nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aitrail.dynamodb import tables
from infra.table_commands import TableCommands

# DynamoDB also answers while it updates a table.
_USABLE = {"ACTIVE", "UPDATING"}
_ENABLED = {"ENABLED", "ENABLING"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong with a table, and the commands that correct it, in their order, if any do.

    If it `prevents`, the table cannot work as it is.
    """

    what: str
    commands: tuple[str, ...] = ()
    prevents: bool = False

    def __str__(self) -> str:
        return "\n".join((self.what, *(f"  {each}" for each in self.commands)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What DynamoDB says of a table, as boto3 returns it, None for what is not known.

    `table` is `Table` of DescribeTable, `expiry` is `TimeToLiveDescription` of DescribeTimeToLive, and `backups` is
    `ContinuousBackupsDescription` of DescribeContinuousBackups.
    """

    table: Mapping[str, Any]
    expiry: Mapping[str, Any] | None = None
    backups: Mapping[str, Any] | None = None


def findings(definition: tables.Table, answers: Answers) -> Iterator[Finding]:
    """What keeps a table from being the one that is defined, in the order in which it can be corrected.

    Raises LookupError or TypeError if an answer has another form.
    """
    name = answers.table["TableName"]
    commands = TableCommands(name=name, region=answers.table["TableArn"].split(":")[3])
    yield from _of_keys(definition, answers.table, commands)
    yield from _of_indexes(definition, answers.table, commands)
    yield from _of_table(answers.table, commands)
    if answers.expiry is not None:
        yield from _of_expiry(definition, answers.expiry, commands)
    if answers.backups is not None:
        recovery = answers.backups.get("PointInTimeRecoveryDescription", {})
        if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
            yield Finding(
                what=f"The table {name} has no point-in-time recovery: what is lost cannot be restored. To turn it on:",
                commands=(commands.recover(),),
            )


def _of_keys(definition: tables.Table, table: Mapping[str, Any], commands: TableCommands) -> Iterator[Finding]:
    name = commands.name
    if table.get("TableStatus") not in _USABLE:
        yield Finding(
            what=f"The table {name} is {table.get('TableStatus')}, not ACTIVE. To wait until it is:",
            commands=(commands.wait(),),
            prevents=True,
        )
    wanted = ((definition.partition_key,), (definition.sort_key,) if definition.sort_key else ())
    if (found := _keys(table["KeySchema"])) != wanted:
        yield Finding(
            what=f"The table {name} has the key {_spelled(found)}, but {definition.label} needs {_spelled(wanted)}. "
            "The key of a table cannot be changed: name another table, or none.",
            prevents=True,
        )
    attributes = dict.fromkeys((definition.partition_key, definition.sort_key or definition.partition_key))
    attributes |= dict.fromkeys(key for index in definition.indexes for key in index.keys)
    types = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
    others = [each for each in attributes if types.get(each, "S") != "S"]
    if others:
        yield Finding(
            what=f"In the keys of the table {name}, {', '.join(others)} should have the type S. It cannot be changed: "
            "name another table, or none.",
            prevents=True,
        )
    # Before its indexes: those of a table with provisioned capacity are created with a capacity of their own.
    if table.get("BillingModeSummary", {}).get("BillingMode") != "PAY_PER_REQUEST":
        yield Finding(
            what=f"The table {name} has provisioned capacity, without autoscaling if it was restored: deliveries may "
            "be throttled. To let it take every load:",
            commands=(commands.pay_per_request(),),
        )


def _of_indexes(definition: tables.Table, table: Mapping[str, Any], commands: TableCommands) -> Iterator[Finding]:
    name = commands.name
    found = {each["IndexName"]: each for each in table.get("GlobalSecondaryIndexes", ())}
    for index in definition.indexes:
        if index.name not in found:
            yield Finding(
                what=f"The table {name} has no index {index.name}. To add it (one index at a time):",
                commands=(commands.create(index), commands.show_indexes()),
                prevents=True,
            )
        elif differences := list(_differences(index, found[index.name])):
            yield Finding(
                what=f"The index {index.name} of the table {name} {', and '.join(differences)}. To replace it, wait "
                "after each command until the index is gone, or ACTIVE:",
                commands=(commands.delete(index.name), commands.create(index), commands.show_indexes()),
                prevents=True,
            )
        elif (status := found[index.name].get("IndexStatus")) != "ACTIVE":
            yield Finding(
                what=f"The index {index.name} of the table {name} is {status}, not ACTIVE: wait. Its status:",
                commands=(commands.show_indexes(),),
                prevents=True,
            )
    for stray in sorted(found.keys() - {index.name for index in definition.indexes}):
        yield Finding(
            what=f"Nothing of aitrail reads the index {stray} of the table {name}, but it is paid for. To delete it:",
            commands=(commands.delete(stray),),
        )


def _differences(index: tables.Index, found: Mapping[str, Any]) -> Iterator[str]:
    if (keys := _keys(found["KeySchema"])) != (wanted := (index.partition_keys, index.sort_keys)):
        yield f"has the key {_spelled(keys)}, not {_spelled(wanted)}"
    projection = found["Projection"]
    if projection["ProjectionType"] != "ALL":
        missing = [each for each in index.projected if each not in projection.get("NonKeyAttributes", ())]
        if missing:
            yield f"lacks {', '.join(missing)}"


def _of_table(table: Mapping[str, Any], commands: TableCommands) -> Iterator[Finding]:
    name = commands.name
    if not table.get("DeletionProtectionEnabled"):
        yield Finding(
            what=f"The table {name} is not protected from deletion. To protect it:",
            commands=(commands.protect(),),
        )
    if key := table.get("SSEDescription", {}).get("KMSMasterKeyArn"):
        yield Finding(
            what=f"The table {name} is encrypted with the key {key}. If the key is not AWS' own (aws/dynamodb), its "
            "policy has to let the function's role use it. To encrypt with a key that needs no permission:",
            commands=(commands.use_own_key_of_dynamodb(),),
        )


def _of_expiry(definition: tables.Table, expiry: Mapping[str, Any], commands: TableCommands) -> Iterator[Finding]:
    name = commands.name
    is_enabled, attribute = expiry.get("TimeToLiveStatus") in _ENABLED, expiry.get("AttributeName")
    if is_enabled and attribute == definition.ttl_attribute:
        return
    turn_on = commands.expire(definition.ttl_attribute)
    if is_enabled:
        yield Finding(
            what=f"The items of the table {name} expire by {attribute}, not by {definition.ttl_attribute}. To change "
            "that (DynamoDB takes up to an hour for each):",
            commands=(commands.expire(str(attribute), turn_on=False), turn_on),
        )
    else:
        yield Finding(what=f"Nothing expires in the table {name} (TTL is off). To turn it on:", commands=(turn_on,))


def _keys(schema: list[Mapping[str, str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The partition keys and the sort keys."""
    partition, sort = (
        tuple(each["AttributeName"] for each in schema if each["KeyType"] == kind) for kind in ("HASH", "RANGE")
    )
    return partition, sort


def _spelled(keys: tuple[tuple[str, ...], tuple[str, ...]]) -> str:
    partition, sort = (" + ".join(each) for each in keys)
    return f"({partition}; {sort})" if sort else f"({partition})"

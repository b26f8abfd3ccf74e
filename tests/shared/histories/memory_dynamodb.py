"""DynamoDB in memory: the few operations that aitrail uses, fast enough for thousands of histories.

moto is the slow twin: `tests/functional/test_histories.py` runs the same histories on both and compares the tables.
"""

from collections import defaultdict
from functools import lru_cache

from botocore.exceptions import ClientError

from tests.shared.histories.expressions import condition, update


class _Table:
    def __init__(self, definition):
        self.definition = definition
        self.items = {}
        self.parts = {index.name: defaultdict(dict) for index in definition.indexes}
        self.indexes = {index.name: index for index in definition.indexes}

    def key_of(self, item):
        names = (self.definition.partition_key, self.definition.sort_key)
        return tuple(item[name]["S"] for name in names if name)

    def put(self, item):
        key = self.key_of(item)
        self.remove(key)
        self.items[key] = item
        for name, part in self._parts_of(item):
            self.parts[name][part][key] = item

    def remove(self, key):
        old = self.items.pop(key, None)
        for name, part in self._parts_of(old) if old else ():
            del self.parts[name][part][key]

    def _parts_of(self, item):
        """The indexes that hold an item, with its partition: those for which it has every key."""
        for index in self.definition.indexes:
            if all(key in item for key in index.keys):
                yield index.name, tuple(item[key]["S"] for key in index.partition_keys)

    def shown(self, index):
        names = (self.definition.partition_key, self.definition.sort_key, *index.keys, *index.projected)
        return {name for name in names if name}


class MemoryDynamoDB:
    """A client; `tables` maps names to definitions from `aitrail.dynamodb.tables`. `before` is called before each call.

    Items that `before` lets through are processed completely. Nothing is ever throttled, and every page is the last.
    """

    def __init__(self, tables, before):
        self.tables = {name: _Table(definition) for name, definition in tables.items()}
        self._before = before

    def get_item(self, *, TableName, Key, **_):  # noqa: N803 - boto3's names, here and below
        self._before("GetItem")
        table = self.tables[TableName]
        found = table.items.get(table.key_of(Key))
        return {} if found is None else {"Item": found}

    def put_item(self, *, TableName, Item, ConditionExpression=None, **options):  # noqa: N803
        self._before("PutItem")
        table = self.tables[TableName]
        _check(table.items.get(table.key_of(Item)), ConditionExpression, options)
        table.put(Item)
        return {}

    def delete_item(self, *, TableName, Key, ConditionExpression=None, **options):  # noqa: N803
        self._before("DeleteItem")
        table = self.tables[TableName]
        _check(table.items.get(table.key_of(Key)), ConditionExpression, options)
        table.remove(table.key_of(Key))
        return {}

    def update_item(self, *, TableName, Key, UpdateExpression, ConditionExpression=None, **options):  # noqa: N803
        self._before("UpdateItem")
        table = self.tables[TableName]
        old = table.items.get(table.key_of(Key))
        _check(old, ConditionExpression, options)
        new = dict(old or Key)
        update(UpdateExpression)(new, _names(options), _values(options))
        table.put(new)
        return {"Attributes": new} if options.get("ReturnValues") == "ALL_NEW" else {}

    def batch_write_item(self, *, RequestItems, **_):  # noqa: N803
        self._before("BatchWriteItem")
        for name, requests in RequestItems.items():
            table = self.tables[name]
            for request in requests:
                if "PutRequest" in request:
                    table.put(request["PutRequest"]["Item"])
                else:
                    table.remove(table.key_of(request["DeleteRequest"]["Key"]))
        return {"UnprocessedItems": {}}

    def batch_get_item(self, *, RequestItems, **_):  # noqa: N803
        self._before("BatchGetItem")
        found = {}
        for name, asked in RequestItems.items():
            table = self.tables[name]
            keys = map(table.key_of, asked["Keys"])
            found[name] = [table.items[key] for key in keys if key in table.items]
        return {"Responses": found, "UnprocessedKeys": {}}

    def query(self, *, TableName, KeyConditionExpression, IndexName=None, **options):  # noqa: N803
        self._before("Query")
        table, names, values = self.tables[TableName], _names(options), _values(options)
        index = table.indexes.get(IndexName)
        is_asked = condition(KeyConditionExpression)
        candidates = _candidates(table, index, KeyConditionExpression, names, values)
        found = [item for item in candidates if is_asked(item, names, values)]
        if "FilterExpression" in options:
            is_wanted = condition(options["FilterExpression"])
            found = [item for item in found if is_wanted(item, names, values)]
        sort_keys = index.sort_keys if index else (table.definition.sort_key,)
        found.sort(
            key=lambda item: [item[name]["S"] for name in sort_keys if name],
            reverse=not options.get("ScanIndexForward", True),
        )
        found = found[: options.get("Limit")]
        if options.get("Select") == "COUNT":
            return {"Count": len(found)}
        shown = table.shown(index) if index else None
        if "ProjectionExpression" in options:
            shown = {names.get(name.strip(), name.strip()) for name in options["ProjectionExpression"].split(",")}
        if shown is None:
            return {"Items": found, "Count": len(found)}
        return {"Items": [{name: item[name] for name in item.keys() & shown} for item in found], "Count": len(found)}

    def scan(self, *, TableName, **_):  # noqa: N803
        self._before("Scan")
        return {"Items": list(self.tables[TableName].items.values())}

    def get_paginator(self, operation):
        return _Pages(getattr(self, operation))


class _Pages:
    def __init__(self, ask):
        self._ask = ask

    def paginate(self, **parameters):
        yield self._ask(**parameters)


def _candidates(table, index, expression, names, values):
    """The items of the partition that a query names, or all items if the table has no such index."""
    keys = index.partition_keys if index else (table.definition.partition_key,)
    equal = _equalities(expression)
    part = tuple(values[equal[name]]["S"] for name in _placeholders(keys, names, equal))
    if index:
        return list(table.parts[index.name].get(part, {}).values())
    return [item for key, item in table.items.items() if key[:1] == part]


def _placeholders(keys, names, equal):
    by_name = {names.get(placeholder, placeholder): placeholder for placeholder in equal}
    return [by_name[key] for key in keys]


@lru_cache(1000)
def _equalities(expression):
    """Placeholder of a name -> placeholder of the value that it has to equal, in a key condition."""
    words = expression.split()
    return {left: right for left, sign, right in zip(words, words[1:], words[2:], strict=False) if sign == "="}


def _names(options):
    return options.get("ExpressionAttributeNames", {})


def _values(options):
    return options.get("ExpressionAttributeValues", {})


def _check(item, expression, options):
    if expression and not condition(expression)(item or {}, _names(options), _values(options)):
        answer = {"Error": {"Code": "ConditionalCheckFailedException", "Message": "The conditional request failed"}}
        if item and options.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD":
            answer["Item"] = item
        raise ClientError(answer, "UpdateItem")

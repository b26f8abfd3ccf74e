"""Plans the queries for a question: one for each value of an index key and each day, for any index. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

from aitrail.cells import counted
from aitrail.dynamodb import tables
from aitrail.questions.conditions import COLUMNS
from aitrail.questions.filters import Filter
from aitrail.questions.resources import services_using
from aitrail.services import Registry
from aitrail.window import Day, Window

# The best index first: a principal or a resource has fewer rows than a service.
_INDEXES = {"principal": tables.BY_PRINCIPAL, "resource": tables.BY_RESOURCE, "service": tables.BY_SERVICE}
# Conditions that DynamoDB can check, so that other rows are not transferred. Reading them costs the same.
_COMPARED = (
    *(*_INDEXES, "operation", "principal_account", "account", "region", "outcome", "credentials", "source_ip"),
    *("access_key", "session"),
)
# IN in a DynamoDB expression accepts at most 100 values, and an expression has at most 4 KB: 400 placeholders and the
# names stay below that.
_MAX_VALUES = 100
_MAX_VALUES_TOGETHER = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan: the index to query, the values of its first key, and the days (newest first).

    `compared` are conditions that DynamoDB checks after reading: columns and their allowed values. They are never
    enough: the rows returned have to be tested with the whole filter. `beside` are services of which the rows have to
    be read as well: those with further resources, and of these only those that the index does not have.
    """

    index: tables.Index
    values: tuple[str, ...]
    days: tuple[Day, ...]
    compared: tuple[tuple[str, tuple[str, ...]], ...]
    is_exact: bool
    beside: tuple[str, ...] = ()

    @classmethod
    def of(cls, wanted: Filter, window: Window, registry: Registry) -> Self:
        """The plan for a filter and a window."""
        chosen, values = _index_of(wanted, registry)
        using = services_using(wanted.exact("resource"), registry)
        # A call with the resource as a further one has another value in the column.
        left_out = {chosen, "resource"} if using else {chosen}
        exact = [(COLUMNS[name], wanted.exact(name)) for name in _COMPARED if name not in left_out]
        return cls(
            index=_INDEXES[chosen],
            values=tuple(dict.fromkeys(values)),
            days=tuple(window.days()),
            compared=tuple(_expressible(exact)),
            is_exact=not using and wanted == Filter(**{chosen: getattr(wanted, chosen)}, origins=wanted.origins),
            beside=tuple(name for name in using if name in wanted.services(registry)) if chosen == "resource" else (),
        )

    def __str__(self) -> str:
        beside = f", and {tables.BY_SERVICE.name}, {counted(len(self.beside), 'value')}" if self.beside else ""
        values = counted(len(self.values), "value")
        return f"index {self.index.name}, {values}{beside} x {counted(len(self.days), 'day')}"

    def query(self, value: str, day: Day) -> dict[str, Any]:
        """The parameters of a Query: index, key condition and, for `compared`, filter."""
        return self._query(self.index, value, day, [])

    def query_beside(self, service: str, day: Day) -> dict[str, Any]:
        """The parameters of a Query for the rows of one of `beside`."""
        return self._query(tables.BY_SERVICE, service, day, ["attribute_exists(#usage.#resources)"])

    def _query(self, index: tables.Index, value: str, day: Day, tests: list[str]) -> dict[str, Any]:
        attribute, day_attribute = index.partition_keys
        names = {"#key": attribute, "#day": day_attribute, "#time": index.sort_keys[0]}
        names |= {"#usage": "usage", "#resources": "resources"} if tests else {}
        values = {":key": value, ":day": day.day, ":first": day.first, ":last": day.last}
        # DynamoDB refuses to compare an index's own keys.
        compared = [(column, allowed) for column, allowed in self.compared if column not in index.keys]
        for number, (column, allowed) in enumerate(compared):
            names[f"#f{number}"] = column
            places = {f":f{number}v{place}": each for place, each in enumerate(allowed)}
            values |= places
            tests.append(f"#f{number} IN ({', '.join(places)})")
        return {
            "IndexName": index.name,
            "KeyConditionExpression": "#key = :key AND #day = :day AND #time BETWEEN :first AND :last",
            **({"FilterExpression": " AND ".join(tests)} if tests else {}),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": {name: {"S": each} for name, each in values.items()},
        }


def _index_of(wanted: Filter, registry: Registry) -> tuple[str, tuple[str, ...]]:
    for name in ("principal", "resource"):
        if values := wanted.exact(name):
            return name, values
    return "service", wanted.services(registry)


def _expressible(conditions: Iterable[tuple[str, tuple[str, ...]]]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The conditions that fit into an expression; those with the fewest values first, as they exclude the most rows."""
    room = _MAX_VALUES_TOGETHER
    for column, values in sorted(conditions, key=lambda condition: len(condition[1])):
        if 0 < len(values) <= min(room, _MAX_VALUES):
            room -= len(values)
            yield column, values

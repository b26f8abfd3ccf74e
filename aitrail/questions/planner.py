"""Plans the queries for a question: one for each value of an index key and each day, for any index. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

from aitrail.cells import counted
from aitrail.dynamodb import tables
from aitrail.questions.conditions import COLUMNS
from aitrail.questions.filters import Filter
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
    enough: the rows returned have to be tested with the whole filter.
    """

    index: tables.Index
    values: tuple[str, ...]
    days: tuple[Day, ...]
    compared: tuple[tuple[str, tuple[str, ...]], ...]
    is_exact: bool

    @classmethod
    def of(cls, wanted: Filter, window: Window, registry: Registry) -> Self:
        """The plan for a filter and a window."""
        chosen, values = _index_of(wanted, registry)
        exact = [(COLUMNS[name], wanted.exact(name)) for name in _COMPARED if name != chosen]
        return cls(
            index=_INDEXES[chosen],
            values=tuple(dict.fromkeys(values)),
            days=tuple(window.days()),
            compared=tuple(_expressible(exact)),
            is_exact=wanted == Filter(**{chosen: getattr(wanted, chosen)}),
        )

    def __str__(self) -> str:
        return f"index {self.index.name}, {counted(len(self.values), 'value')} x {counted(len(self.days), 'day')}"

    def query(self, value: str, day: Day) -> dict[str, Any]:
        """The parameters of a Query: index, key condition and, for `compared`, filter."""
        attribute, day_attribute = self.index.partition_keys
        names = {"#key": attribute, "#day": day_attribute, "#time": self.index.sort_keys[0]}
        values = {":key": value, ":day": day.day, ":first": day.first, ":last": day.last}
        tests = []
        for number, (column, allowed) in enumerate(self.compared):
            names[f"#f{number}"] = column
            places = {f":f{number}v{place}": each for place, each in enumerate(allowed)}
            values |= places
            tests.append(f"#f{number} IN ({', '.join(places)})")
        return {
            "IndexName": self.index.name,
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

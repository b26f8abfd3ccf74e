"""What CloudWatch measures of calls: metrics.toml, and the port through which points are read. Pure."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from aitrail.errors import AitrailError

_FILE = Path(__file__).parent / "metrics.toml"
# CloudWatch keeps points of an hour for 455 days (Amazon CloudWatch User Guide, "Metrics concepts").
PERIOD = timedelta(hours=1)
KEPT = timedelta(days=455)
_FIXED = "= "
# Printable ASCII (Amazon CloudWatch API Reference, Dimension).
_VALUE = re.compile(r"[!-9;-~][ -~]{0,254}")


class MetricsError(AitrailError):
    """CloudWatch's metrics cannot be read; the message says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A metric of the file, which says what the fields mean; `dimensions` are (name, where rows have it) pairs."""

    service: str
    operations: tuple[str, ...]
    namespace: str
    metric: str
    total: str
    calls: str
    dimensions: tuple[tuple[str, str], ...]
    amount: str = ""
    rule: str = ""
    recorded: str = ""
    dashed: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    search: tuple[str, ...] = ()

    @property
    def statistics(self) -> tuple[str, ...]:
        """The statistics that have to be read."""
        return tuple(dict.fromkeys((self.total, self.calls)))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its dimensions."""
        return tuple(name for name, _ in self.dimensions)


def fixed(place: str) -> str | None:
    """The value that is the same for all calls; None if rows have it."""
    return place.removeprefix(_FIXED) if place.startswith(_FIXED) else None


def is_possible(value: str) -> bool:
    """Whether a dimension can have the value: a request with another one would fail as a whole."""
    return _VALUE.fullmatch(value) is not None


@cache
def _document() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


@cache
def amounts() -> Sequence[Measure]:
    """The metrics with amounts, in the order of the file."""
    return [_measure(each) for each in _document()["amount"]]


@cache
def counts() -> Sequence[Measure]:
    """The metrics that count calls, in the order of the file."""
    return [_measure(each) for each in _document()["count"]]


def _measure(fields: dict[str, Any]) -> Measure:
    several = {name: tuple(fields.get(name, ())) for name in ("operations", "dashed", "named", "search")}
    return Measure(**{**fields, **several, "dimensions": tuple(sorted(fields["dimensions"].items()))})


class Place(NamedTuple):
    """The account and the Region of metrics."""

    account: str
    region: str


class Asked(NamedTuple):
    """A question for one metric: its measure, and the values of dimensions to read even if a search finds them not."""

    measure: Measure
    named: frozenset[tuple[str, ...]]


@dataclass(slots=True, kw_only=True)
class Series:
    """The points of one metric with one value for each dimension: statistic -> start of an hour -> value."""

    measure: Measure
    values: tuple[str, ...]
    points: dict[str, dict[datetime, float]] = field(default_factory=dict)

    def hours(self) -> Mapping[datetime, tuple[float, float]]:
        """The total and the number of calls of each hour with a point."""
        totals, calls = (self.points.get(name, {}) for name in (self.measure.total, self.measure.calls))
        if self.measure.total == "Average":
            return {hour: (value * calls.get(hour, 0.0), calls.get(hour, 0.0)) for hour, value in totals.items()}
        return {hour: (value, calls.get(hour, 0.0)) for hour, value in totals.items()}


class Metrics(Protocol):
    """Reads points of hours from `since` (inclusive) until `until` (exclusive), both whole hours in UTC."""

    def series(self, place: Place, asked: Sequence[Asked], since: datetime, until: datetime) -> list[Series]:
        """The series with points, each once. Raises MetricsError, and botocore's errors of reaching AWS."""
        ...

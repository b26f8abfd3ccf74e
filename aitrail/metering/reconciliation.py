"""Compares calls in rows with CloudWatch's own counts, for each account, Region, day and operation. Pure.

CloudWatch counts calls whether or not CloudTrail records them. No page says whether it counts those that failed, so
both agree if CloudWatch has between the successful calls and all calls.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from aitrail.metering.metrics import Asked, Measure, Metrics, Place, Series, counts
from aitrail.metering.places import named_series, names_of_cells, read_all, told_by
from aitrail.questions import EventStore
from aitrail.window import Window

AGREE, ROWS_MISSING, METRICS_MISSING, NOT_COMPARABLE = "agree", "rows-missing", "metrics-missing", "not-comparable"
_DAY = timedelta(days=1)


class Cause(NamedTuple):
    """The likely cause of a difference, and what to do about it."""

    cause: str
    what_to_do: str


_DATA_EVENTS = Cause(
    "CloudTrail records these calls only as data events, which no trail delivers here.",
    "Set aitrail:dataEvents, or record data events in your trail; they cost money.",
)
_NOT_RECORDED = Cause(
    "AWS does not say that CloudTrail records these calls, and no row is one.",
    "Nothing: `aitrail usage --metrics` shows what CloudWatch counts.",
)
_NO_ROWS = Cause(
    "No call of this account and Region has a row on that day: the trail was off, or does not cover them.",
    "`aitrail status`, and `aitrail verify` for that day, account and Region.",
)
_DELIVERIES = Cause(
    "Log files are missing or late, or rows have expired.",
    "`aitrail verify` for that day, account and Region.",
)
_REFUSED_EARLY = Cause(
    "CloudWatch has fewer calls than succeeded: points are missing, or rows are of other calls.",
    "`aitrail usage --by outcome --by error-code` for that day and operation.",
)
_NO_METRIC = Cause(
    "CloudWatch has no count of this operation in this account and Region.", "Nothing: it is not compared."
)
_MIDNIGHT = Cause("The next or the previous day has the opposite difference: calls at midnight.", "Nothing.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What rows and CloudWatch have of one operation on one day in one account and Region.

    `rows` are calls, `failed` those of them that did not succeed. `metrics` is None if CloudWatch has no count of the
    operation there; a day without points is 0 if other days have some. `difference` is positive if rows lack calls.
    """

    day: str
    account: str
    region: str
    service: str
    operation: str
    rows: int
    failed: int
    metrics: int | None
    metric: str | None
    cause: Cause | None = None

    @property
    def difference(self) -> int:
        """The calls that rows lack; negative if CloudWatch lacks some; 0 if both agree or cannot be compared."""
        if self.metrics is None:
            return 0
        return max(self.metrics - self.rows, 0) + min(self.metrics - (self.rows - self.failed), 0)

    @property
    def verdict(self) -> str:
        """AGREE, ROWS_MISSING, METRICS_MISSING or NOT_COMPARABLE."""
        if self.metrics is None:
            return NOT_COMPARABLE
        return ROWS_MISSING if self.difference > 0 else METRICS_MISSING if self.difference < 0 else AGREE

    def exceeds(self, percent: Decimal) -> bool:
        """Whether the difference is more than so many percent of the calls, and not only one of midnight."""
        most = max(self.rows, self.metrics or 0)
        return self.cause is not _MIDNIGHT and abs(self.difference) * 100 > percent * most


class _Operation(NamedTuple):
    place: Place
    service: str
    operation: str


@dataclass(slots=True, kw_only=True)
class _Counted:
    """The calls of an operation by day: those of rows with those that failed, and the counts of each metric."""

    rows: dict[str, tuple[int, int]] = field(default_factory=dict)
    metrics: defaultdict[tuple[int, str], defaultdict[str, float]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(float))
    )
    recorded: str = ""


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """What is compared: the window, in whole hours, the time zone of days, and the services.

    `places` are read even without a row.
    """

    window: Window
    services: Sequence[str]
    zone: tzinfo = UTC
    places: Iterable[Place] = ()

    @cached_property
    def measures(self) -> list[Measure]:
        """The metrics that are read."""
        return [each for each in counts() if each.service in self.services]

    def compare(
        self,
        store: EventStore,
        metrics: Metrics,
        *,
        report: Callable[[str], None],
        **conditions: Any,  # noqa: ANN401 (Conditions)
    ) -> list[Comparison]:
        """All days and operations, oldest first. Places whose metrics cannot be read are reported, and left out.

        Raises MetricsError if none can be read, the errors of `store.usage`, and those of reaching AWS.
        """
        found, calls, days = self._rows(store, conditions)
        asked = {
            place: [
                Asked(measure, named_series(measure, _concerned(measure, calls, place))) for measure in self.measures
            ]
            for place in {operation.place for operation in found} | {*self.places}
        }
        read, refused = read_all(metrics, asked, self.window, report)
        for place, series in read:
            self._add(found, place, series)
        compared = [each for each in found.items() if each[0].place not in refused]
        return sorted(
            (line for operation, counted in compared for line in _lines(operation, counted, days)),
            key=lambda each: (each.day, each.account, each.region, each.service, each.operation),
        )

    def _rows(
        self, store: EventStore, conditions: Mapping[str, Any]
    ) -> tuple[defaultdict[_Operation, _Counted], list[dict[str, str | None]], set[tuple[Place, str]]]:
        """The calls of rows by operation, the dimensions of successful ones, and the places and days with any."""
        found: defaultdict[_Operation, _Counted] = defaultdict(_Counted)
        calls, days = list[dict[str, str | None]](), set[tuple[Place, str]]()
        for service in self.services:
            names = names_of_cells(self.measures, service)
            wanted = {**conditions, "service": (service,), "since": self.window.since, "until": self.window.until}
            for values, own in store.usage(by=names, report=lambda _: None, **wanted).by_group().items():
                call = dict(zip(names, values, strict=True))
                place, day = Place(call["account"] or "", call["region"] or ""), call["day"] or ""
                by_day = found[_Operation(place, service, call["operation"] or "")].rows
                number, failed = by_day.get(day, (0, 0))
                by_day[day] = number + own.calls, failed + own.errors
                days.add((place, day))
                if own.calls > own.errors:  # who is denied may name anything
                    calls.append(call)
        return found, calls, days

    def _add(self, found: dict[_Operation, _Counted], place: Place, series: Series) -> None:
        """Adds the counts of a series; those of the same metric add up, and the first metric of the file counts."""
        measure = series.measure
        row, _ = told_by(series, place, "")
        counted = found[_Operation(place, measure.service, row["operation"])]
        number = next(
            number
            for number, each in enumerate(self.measures)
            if (each.service, each.namespace, each.metric) == (measure.service, measure.namespace, measure.metric)
        )
        by_day = counted.metrics[number, f"{measure.namespace} {measure.metric}"]
        for hour, (total, _) in series.hours().items():
            by_day[hour.astimezone(self.zone).date().isoformat()] += total
        if number == min(counted.metrics)[0]:
            counted.recorded = measure.recorded


def _concerned(
    measure: Measure, calls: Iterable[Mapping[str, str | None]], place: Place
) -> Iterator[Mapping[str, str | None]]:
    """The calls in a place that a metric may count."""
    for call in calls:
        is_one = not measure.operations or call["operation"] in measure.operations
        if call["service"] == measure.service and is_one and (call["account"], call["region"]) == place:
            yield call


def _lines(operation: _Operation, counted: _Counted, days: set[tuple[Place, str]]) -> Iterator[Comparison]:
    """The comparisons of all days of an operation, with the causes of differences."""
    chosen = min(counted.metrics) if counted.metrics else None
    by_day = counted.metrics[chosen] if chosen else {}
    lines = [
        Comparison(
            day=day,
            account=operation.place.account,
            region=operation.place.region,
            service=operation.service,
            operation=operation.operation,
            rows=counted.rows.get(day, (0, 0))[0],
            failed=counted.rows.get(day, (0, 0))[1],
            metrics=round(by_day.get(day, 0.0)) if chosen else None,
            metric=chosen[1] if chosen else None,
        )
        for day in sorted(counted.rows.keys() | by_day.keys())
    ]
    differences = {line.day: line.difference for line in lines}
    for line in lines:
        yield replace(line, cause=_cause(line, counted, differences, (operation.place, line.day) in days))


def _cause(line: Comparison, counted: _Counted, differences: Mapping[str, int], has_rows: bool) -> Cause | None:  # noqa: FBT001 (of a day)
    if line.verdict == AGREE:
        return None
    if line.verdict == NOT_COMPARABLE:
        return _NO_METRIC
    day = datetime.fromisoformat(line.day)
    beside = [differences.get((day + step).date().isoformat(), 0) for step in (_DAY, -_DAY)]
    if -line.difference in beside:
        return _MIDNIGHT
    if line.verdict == METRICS_MISSING:
        return _REFUSED_EARLY
    if not counted.rows and counted.recorded != "management":
        return _DATA_EVENTS if counted.recorded == "data" else _NOT_RECORDED
    return _DELIVERIES if has_rows else _NO_ROWS

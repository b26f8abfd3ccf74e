"""Where rows have the values of a metric's dimensions, and what the values of a series tell of rows. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from aitrail.metering.metrics import Asked, Measure, Metrics, MetricsError, Place, Series, fixed, is_possible
from aitrail.questions import billed_calls
from aitrail.window import Window

# The dimensions of calls by which every cell of rows is known, besides what metrics need.
CELL = ("account", "region", "service", "operation", "day")
# Dimensions of calls that another one determines.
_TIMES = ("day", "week", "month")
_LANGUAGES = ("languageCode", "localeId")
_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}


def names_of_cells(measures: Iterable[Measure], service: str) -> tuple[str, ...]:
    """The dimensions of calls that tell the cells of a service's metrics apart."""
    fields = (field for measure in measures if measure.service == service for field in fields_of(measure))
    return tuple(dict.fromkeys((*CELL, *fields)))


def fields_of(measure: Measure) -> list[str]:
    """The dimensions of calls from which the values of its dimensions come."""
    places = [place.split() for _, place in measure.dimensions if fixed(place) is None]
    fields = [words[1] if words[0] == "usage" else "resource" for words in places if words != ["operation"]]
    billed = billed_calls(measure.service, measure.operations[0]) if measure.amount else None
    return [*fields, *([billed.field] if billed and billed.field else [])]


def values_of(measure: Measure, call: Mapping[str, str | None]) -> tuple[str, ...] | None:
    """The values of its dimensions for calls with these values of dimensions of calls; None if one is not known."""
    values = [_value(place, call) for _, place in measure.dimensions]
    known = [value for value in values if value is not None]
    return tuple(known) if len(known) == len(values) else None


def _value(place: str, call: Mapping[str, str | None]) -> str | None:
    if (value := fixed(place)) is not None:
        return value
    what, _, which = place.partition(" ")
    if what in ("operation", "usage"):
        return call[which or what]
    resource = call["resource"]
    kind, _, name = (resource or "").partition("/")
    if kind != which or not name:
        return None
    if what == "resource":
        return name
    region = call["region"] or ""
    partition = next((each for prefix, each in _PARTITIONS.items() if region.startswith(prefix)), "aws")
    return f"arn:{partition}:{call['service']}:{region}:{call['account']}:{resource}"


def named_series(measure: Measure, calls: Iterable[Mapping[str, str | None]]) -> frozenset[tuple[str, ...]]:
    """The values of dimensions to read even if no search finds them: those of these calls, and those of the file.

    Callers choose names: what cannot be the value of a dimension is left out, as it would fail the whole request.
    """
    of_file = ({"operation": operation} for operation in measure.named)
    found = {values_of(measure, call) for call in (*calls, *of_file)}
    wanted = (each for each in found if each is not None and all(map(is_possible, each)))
    return frozenset(spelled for each in wanted for spelled in _spellings(measure, each))


def _spellings(measure: Measure, values: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The values as the metric may have them: with - in the place of _ where the file says so."""
    names = measure.names
    each = [
        dict.fromkeys((value, value.replace("_", "-")) if name in measure.dashed else (value,))
        for name, value in zip(names, values, strict=True)
    ]
    return list(product(*each))


def same(values: tuple[str, ...]) -> tuple[str, ...]:
    """A form that two spellings of the same values share: no page says how metrics write them."""
    return tuple(value.lower().replace("_", "-") for value in values)


def belongs(series: Series) -> bool:
    """Whether a series that a search has found has the fixed values of its measure, and one of its operations."""
    measure = series.measure
    for (_, place), value in zip(measure.dimensions, series.values, strict=True):
        wanted = fixed(place)
        if wanted is not None and same((wanted,)) != same((value,)):
            return False
        if place == "operation" and measure.operations and value not in measure.operations:
            return False
    return True


def told_by(series: Series, place: Place, time: str) -> tuple[dict[str, Any], set[str]]:
    """A row with what the series tells of its calls at an eventTime, and the dimensions of calls that it determines."""
    measure = series.measure
    row: dict[str, Any] = {
        "service": measure.service,
        "recipientAccountId": place.account,
        "awsRegion": place.region,
        "eventTime": time,
        "usage": {},
    }
    known = {"service", "account", "region", *_TIMES}
    if len(measure.operations) == 1:
        row["operation"] = measure.operations[0]
        known.add("operation")
    for (_, where), value in zip(measure.dimensions, series.values, strict=True):
        what, _, which = where.partition(" ")
        if what == "operation":
            row["operation"] = value
            known.add("operation")
        elif what == "usage":
            row["usage"][which] = value
            known |= {which, *(["language"] if which in _LANGUAGES else [])}
        elif what in ("resource", "arn"):
            row["resource"] = f"{which}/{value.rpartition('/')[2]}"
            known.add("resource")
    return row, known


def read_all(
    metrics: Metrics, asked: Mapping[Place, Sequence[Asked]], window: Window, report: Callable[[str], None]
) -> tuple[list[tuple[Place, Series]], set[Place]]:
    """The series of all places that belong to what was asked for, and the places that cannot be read.

    These are reported. Raises MetricsError if no place can be read, and the errors of reaching AWS.
    """
    found: list[tuple[Place, Series]] = []
    refused: dict[Place, MetricsError] = {}
    for place, questions in sorted(asked.items()):
        try:
            series = metrics.series(place, questions, window.since, window.until)
            found += ((place, each) for each in series if belongs(each))
        except MetricsError as error:
            refused[place] = error
    if refused and len(refused) == len(asked):
        raise next(iter(refused.values()))
    for each in refused.values():
        report(f"{each} What only these metrics tell is not known.")
    return found, set(refused)

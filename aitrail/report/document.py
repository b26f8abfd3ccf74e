"""A report as JSON: the aggregates that the page shows, and that programs read with --json. Pure.

`cells` has the numbers of each combination of values: in any selection of cells, they can be added. Values are given by
their place in the list of their dimension, times by their place in `times`.
"""

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import tzinfo
from itertools import chain
from typing import Any

from aitrail import __version__
from aitrail.calendars import local_time
from aitrail.questions import OTHERS, Amounts, Key
from aitrail.report.billed import Billed, document_of_billed
from aitrail.report.cube import Cube
from aitrail.report.making import Report
from aitrail.report.measures import COLUMNS, COST_UNIT, numbers_of
from aitrail.report.metered import COLUMNS as OF_METRICS
from aitrail.report.metered import Metered
from aitrail.report.notable import KINDS, Event
from aitrail.report.question import Question
from aitrail.report.slots import calls_of_slots
from aitrail.report.standing_out import what_stands_out
from aitrail.window import BEGINNING, Window, parse_time

Json = dict[str, Any]
_MOST_PRINCIPALS = 200
# The services whose calls have prices.
_PRICED = ("polly",)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a report says of itself: its command, the source, the conditions, and the proof that it is complete.

    `event_options` are the options with which `aitrail event ID` shows an event. `proof` is None without a ledger,
    `billed` if it was not asked what is billed, and `metered` if no metrics were read.
    """

    command: str
    event_options: str
    source: str
    conditions: Mapping[str, object] = field(default_factory=dict)
    proof: Json | None = None
    billed: Billed | None = None
    metered: Metered | None = None


class _Places:
    """Values of a dimension -> their places, in order of first occurrence; None and OTHERS are values, too."""

    def __init__(self) -> None:
        self.places: dict[str | None, int] = {}

    def of(self, value: str | None) -> int:
        return self.places.setdefault(value, len(self.places))


def document_of(report: Report, about: About, shown: Callable[[str], str] = str) -> Json:
    """The report as JSON; `shown` converts each value of a dimension, and each text of an event.

    A dimension has `values`; the value at the place `absent` is that of calls without one, and the one at `others`
    stands for all values that are not kept. Both are null if there are no such calls. With `metered`, cells have the
    columns of `aitrail.report.metered` as well. `shared` has the calls that CloudTrail recorded for several accounts:
    of each entry, only the first of its cells that is selected counts. `slots` has the calls of each hour of the week,
    from Monday on, also if the cells have no hours.
    """
    names, zone = report.folding.names, report.question.zone
    dimensions = {name: _Places() for name in names}
    times = {period: place for place, period in enumerate(report.periods)}
    metered = about.metered
    cells, shared = _cells(report.cube, dimensions, times, metered.by_key(report.folding.fold) if metered else None)
    earlier = _cells(report.before, dimensions, {}) if report.before else None
    return {
        "version": __version__,
        "command": about.command,
        "eventCommand": "aitrail event",
        "eventOptions": about.event_options,
        "source": about.source,
        "conditions": dict(about.conditions),
        "now": local_time(report.question.now.replace(microsecond=0), zone),
        "timezone": str(zone),
        "window": _window(report.shown, report),
        "before": _before(report),
        "lookback": _window(lookback, report) if (lookback := report.principals.lookback.before) else None,
        "unit": report.folding.level.unit,
        "times": list(times),
        "dimensions": [_dimension(name, dimensions[name], report, shown) for name in names],
        "columns": [*COLUMNS, *(OF_METRICS if metered else ())],
        "costUnit": COST_UNIT,
        "currency": report.question.prices.currency if report.question.prices else None,
        "prices": _about_prices(report.question),
        "cells": cells,
        "shared": shared,
        "cellsBefore": earlier and earlier[0],
        "sharedBefore": earlier and earlier[1],
        "slots": calls_of_slots(report.slots.by_group()),
        "records": report.records,
        "standsOut": [asdict(remark) for remark in what_stands_out(report, about.billed)],
        "principals": _principals(report, shown),
        "newNetworks": report.new_networks,
        "eventKinds": KINDS,
        "eventCounts": {kind: report.notable.counts[kind] for kind in KINDS},
        "events": [_event(event, zone, shown) for event in report.notable.events()],
        "billed": document_of_billed(about.billed, zone, shown) if about.billed else None,
        "metered": metered.document() if metered else None,
        "proof": about.proof,
        "notes": [*report.notes, *(metered.notes if metered else report.amount_notes)],
    }


def _cells(
    cube: Cube,
    dimensions: Mapping[str, _Places],
    times: dict[str, int],
    metered: Mapping[Key, Sequence[int]] | None = None,
) -> tuple[list[list[int]], list[list[list[int]]]]:
    """The cells, and those of shared calls: the place of the time, those of the values, and the numbers.

    What is `metered` is added to the cells, of which each call has one in every account that recorded it.
    """

    def cell(key: Key, amounts: Amounts, more: Sequence[int]) -> list[int]:
        time, *values = key
        at = -1 if time is None else times.setdefault(time, len(times))
        places = (own.of(value) for own, value in zip(dimensions.values(), values, strict=True))
        return [at, *places, *numbers_of(amounts), *more]

    nothing = [0] * len(OF_METRICS) if metered is not None else []
    found = {key: Amounts() for key in metered or ()} | cube.cells()
    # Values get their places in a stable order, so that the same calls give the same document.
    most_first = sorted(found.items(), key=lambda each: (-each[1].calls, _order(each[0])))
    copies = sorted(cube.shared().items(), key=lambda each: [*map(_order, each[0])])
    cells = [cell(key, amounts, (metered or {}).get(key, nothing)) for key, amounts in most_first]
    return sorted(cells), [
        [cell(key, amounts, nothing) for key, amounts in zip(keys, sums, strict=True)] for keys, sums in copies
    ]


def _order(key: Key) -> list[tuple[bool, bool, str]]:
    return [(value is None, value is OTHERS, str.__str__(value or "")) for value in key]


def _dimension(name: str, places: _Places, report: Report, shown: Callable[[str], str]) -> Json:
    values = places.places
    return {
        "name": name,
        "values": [None if value is None or value is OTHERS else shown(value) for value in values],
        "absent": values.get(None),
        "others": values.get(OTHERS),
        "kept": len(report.folding.kept[name]) if name in report.folding.kept else None,
    }


def _window(window: Window, report: Report) -> Json:
    zone = report.question.zone
    return {
        "since": None if window.since < BEGINNING else local_time(window.since, zone),
        "until": local_time(window.until, zone),
    }


def _before(report: Report) -> Json | None:
    compared = report.compared
    return _window(compared.before, report) | {"relation": compared.relation} if compared else None


def _event(event: Event, zone: tzinfo, shown: Callable[[str], str]) -> Json:
    """An event, with its time in the zone, and its eventID as an argument of a command."""
    own = {name: shown(text) for name, text in event.items()}
    local = local_time(parse_time(event["eventTime"]), zone)
    return {**own, "localTime": local, "idAsArgument": shlex.quote(shown(event["eventID"]))}


def _about_prices(question: Question) -> str | None:
    prices = question.prices
    return " ".join(prices.notes(_PRICED, question.now.date())) if prices else None


def _principals(report: Report, shown: Callable[[str], str]) -> Json:
    found: Json = {"whyNotNew": report.principals.lookback.why_not_new}
    for kind in ("new", "silent"):
        groups = [group for group in report.principals if group[kind]]
        found |= {
            kind: [group | {"principal": _name(group["principal"], shown)} for group in groups[:_MOST_PRINCIPALS]],
            f"{kind}Count": len(groups),
        }
    return found


def _name(value: str | None, shown: Callable[[str], str]) -> str | None:
    return None if value is None else shown(value)


def columns_of(cells: Iterable[Sequence[int]]) -> Iterator[tuple[int, ...]]:
    """The columns of cells."""
    return zip(*cells, strict=True)


def flat(shared: Iterable[Sequence[Sequence[int]]]) -> tuple[list[Sequence[int]], list[int]]:
    """All cells of shared calls, and how many of them each entry has."""
    entries = list(shared)
    return list(chain.from_iterable(entries)), [len(each) for each in entries]

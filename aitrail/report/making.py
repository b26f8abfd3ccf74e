"""Reads everything that a report shows: the window twice, and the time before it once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import islice

from aitrail.questions import (
    ComparedWindows,
    FirstAndLast,
    Key,
    Row,
    Tally,
    Usage,
    key_function,
    lacking,
    notes_on_amounts,
    periods_between,
)
from aitrail.report.cube import Cube
from aitrail.report.folding import Folding, dimensions_of
from aitrail.report.notable import Notable, network_of
from aitrail.report.question import Question
from aitrail.report.slots import slot_function
from aitrail.report.survey import Survey
from aitrail.window import BEGINNING, LATEST, Window, parse_time

# About 100 MB of memory.
_MOST_CELLS = 150_000
# More than a year of hours: a report of more time has days or months.
_MOST_PERIODS = 11_000
_PRINCIPAL = ("principal",)
# Shows what is being done, and how much of it has been.
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a report shows.

    `shown` is the window as far as it has calls, or that of the question if it has ends. `before` is the cube of the
    window before, without times; None if there is none. `principals` are those of the window and of the time before,
    `slots` the hours of the week.
    `new_networks` is None if it cannot be told what is new. `notes` are lines for people about what may be missing, and
    `amount_notes` about amounts and costs that records do not tell; metrics may tell them.
    """

    question: Question
    shown: Window
    folding: Folding
    cube: Cube
    compared: ComparedWindows | None
    before: Cube | None
    principals: FirstAndLast
    slots: Tally
    new_networks: dict[str, int] | None
    notable: Notable
    records: int
    notes: tuple[str, ...]
    amount_notes: tuple[str, ...]

    @property
    def periods(self) -> list[str]:
        """All hours, days or months of the window, oldest first; [] if they are too many."""
        unit, zone = self.folding.level.unit, self.question.zone
        found = periods_between(unit, self.shown.since, self.shown.until, zone)
        periods = list(islice(found, _MOST_PERIODS + 1))
        return periods if len(periods) <= _MOST_PERIODS else []


class _Networks:
    """The networks of rows that meet the filter."""

    def __init__(self, matches: Callable[[Row], bool]) -> None:
        self.known: set[str] = set()
        self._matches = matches

    def add(self, row: Row) -> None:
        address = row.get("sourceIPAddress")
        if isinstance(address, str) and (network := network_of(address)) and self._matches(row):
            self.known.add(network)

    def finish(self) -> None:
        """There is nothing to complete."""


def report_of(question: Question, progress: Progress, *, most_cells: int = _MOST_CELLS) -> Report:
    """Reads the source, and raises its errors. Memory depends on `most_cells` and on the number of principals."""
    names = dimensions_of(question.naming)
    survey = Survey(names, question.zone, question.naming)
    for row in question.records(lambda rows: progress("Looking for what is frequent", rows, None)):
        survey.add(row)
    shown = _shown(question, survey)
    folding = Folding(names, survey.leading(), shown)
    cube, compared, lookback = _cube(question, folding, most_cells, timed=True), question.compared(), question.before()
    now, earlier = (Tally(key_function(_PRINCIPAL), None, question.registry) for _ in range(2))
    networks, slots = _Networks(question.wanted.matcher()), Tally(slot_function(question.zone), None, question.registry)
    window, previous = question.reach, lookback.before
    before = _cube(question, folding, most_cells, timed=False) if compared else None
    takers = [
        (window, question.count(cube.tally, window)),
        (window, question.count(slots, window)),
        (window, question.count(now, window, with_times=True)),
        *([(compared.before, question.count(before.tally, compared.before))] if compared and before else ()),
        *([(previous, question.count(earlier, previous, with_times=True)), (previous, networks)] if previous else ()),
    ]
    # Only the rows of the window have been counted.
    whole = None if previous or compared else survey.records
    question.read(takers, lambda rows: progress("Counting calls", rows, whole))
    past = Usage(earlier, _PRINCIPAL, with_cost=False) if previous else None
    lookback = lookback if past else lookback.without_calls(question.source)
    new = None if lookback.why_not_new else survey.notable.new_networks(networks.known.__contains__)
    present = Usage(now, _PRINCIPAL, with_cost=False)
    return Report(
        question=question,
        shown=shown,
        folding=folding,
        cube=cube,
        compared=compared,
        before=before,
        principals=FirstAndLast(present, past, names=_PRINCIPAL, lookback=lookback),
        slots=slots,
        new_networks=new,
        notable=survey.notable,
        records=survey.records,
        notes=tuple(_notes(question, lookback.why_not_new)),
        amount_notes=tuple(notes_on_amounts(cube.tally.sum_of(cube.tally.by_group()), question.registry)),
    )


def _cube(question: Question, folding: Folding, most: int, *, timed: bool) -> Cube:
    unit, zone, naming = folding.level.unit, question.zone, question.naming
    tally = partial(Tally, prices=question.prices, registry=question.registry)
    if timed:
        return Cube(key_function((unit, *folding.names), zone, naming), folding, tally, most=most)
    values_of = key_function(folding.names, zone, naming)
    return Cube(_without_time(values_of), folding, tally, most=most)


def _without_time(values_of: Callable[[Row], Key]) -> Callable[[Row], Key]:
    return lambda row: (None, *values_of(row))


def _shown(question: Question, survey: Survey) -> Window:
    """The window, from the first and to the last call where it has no ends."""
    window, now = question.reach, question.now
    if not survey.records:
        since = now if window.since <= BEGINNING else window.since
        return Window(since=since, until=max(since, min(window.until, now)))
    first, last = parse_time(survey.first), parse_time(survey.last) + timedelta(seconds=1)
    since = first if window.since <= BEGINNING else window.since
    until = last if window.until >= LATEST else min(window.until, max(now, last))
    return Window(since=since, until=max(since, until))


def _notes(question: Question, why_not_new: str | None) -> Iterator[str]:
    yield from lacking(question.source, question.window.since, question.zone)
    if not question.source.complete:
        yield "Some log files could not be read: calls may be missing."
    if why_not_new:
        yield why_not_new

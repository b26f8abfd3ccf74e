"""What stands out in a report, in sentences: what an auditor or an incident responder should look at first. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from aitrail.cells import counted, name_text
from aitrail.questions import OTHERS, Key
from aitrail.report.billed import Billed
from aitrail.report.making import Report

# At least so many calls of a kind in one hour, or day, are a burst if it is also so many times the average.
_LEAST = 10
_TIMES_AVERAGE = 10
_NAMED = 3
_BURSTS = {"denied": "were denied", "throttled": "were throttled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What stands out: its kind, a sentence, and the values of dimensions by which the page shows it."""

    kind: str
    text: str
    filters: dict[str, str] = field(default_factory=dict)


def what_stands_out(report: Report, billed: Billed | None = None) -> list[Remark]:
    """The most important first; there may be nothing."""
    found = [*_root(report), *(remark for outcome in _BURSTS for remark in _burst(report, outcome))]
    return [*found, *_new_networks(report), *(_idle(billed) if billed else ()), *_principals(report)]


def _root(report: Report) -> Iterator[Remark]:
    place = 1 + report.folding.names.index("credentials")
    calls = _sums(report, lambda key: key[place]).get("root", 0)
    if calls:
        verb = "was" if calls == 1 else "were"
        text = f"{counted(calls, 'call')} {verb} made with the credentials of root."
        yield Remark(kind="root", text=text, filters={"credentials": "root"})


def _burst(report: Report, outcome: str) -> Iterator[Remark]:
    place = 1 + report.folding.names.index("outcome")
    by_time = _sums(report, lambda key: key[0] if key[place] == outcome else None)
    by_time.pop(None, None)
    periods = len(report.periods)
    if not by_time or not periods:
        return
    time, most = max(by_time.items(), key=lambda each: (each[1], each[0]))
    average = sum(by_time.values()) / periods
    if most < _LEAST or most < _TIMES_AVERAGE * average:
        return
    who = 1 + report.folding.names.index("principal")
    callers = _sums(report, lambda key: key[who] if key[0] == time and key[place] == outcome else None)
    named = {name: calls for name, calls in callers.items() if isinstance(name, str) and name is not OTHERS}
    caller, own = max(named.items(), key=lambda each: (each[1], each[0]), default=("", 0))
    unit = report.folding.level.unit
    whose = f", {'all' if own == most else f'{own:,}'} of them by {name_text(caller)}" if own else ""
    usual = f"{average:,.1f}" if average >= 0.1 else "less than 0.1"  # noqa: PLR2004 (one decimal)
    when = str(time).replace("T", " ")
    text = f"{most:,} calls {_BURSTS[outcome]} in the {unit} {when}{whose}; the average {unit} has {usual}."
    yield Remark(kind=outcome, text=text, filters={"time": str(time), "outcome": outcome})


def _new_networks(report: Report) -> Iterator[Remark]:
    new = report.new_networks or {}
    if new:
        names = [f"{network} ({counted(events, 'event')})" for network, events in islice(new.items(), _NAMED)]
        what = "1 network is" if len(new) == 1 else f"{len(new):,} networks are"
        text = f"{what} new: {_listed(names, len(new))}."
        yield Remark(kind="network", text=text)


def _idle(billed: Billed) -> Iterator[Remark]:
    """Resources that nobody calls, as far as calls that use resources are recorded at all."""
    idle = billed.idle if billed.found.uses_are_recorded else []
    if idle:
        costs = [each.cost_of_a_day for each in idle]
        known = sum(cost for cost in costs if cost is not None)
        cost = f"at least {known:,.2f} {name_text(billed.prices.currency)} a day" if known else "at a price not known"
        names = [name_text(each.resource) for each in idle[:_NAMED]]
        what, it = ("1 resource is", "it") if len(idle) == 1 else (f"{len(idle):,} resources are", "them")
        text = f"{what} billed although no call used {it}: {_listed(names, len(idle))} ({cost})."
        yield Remark(kind="idle", text=text)


def _principals(report: Report) -> Iterator[Remark]:
    for kind in ("new", "silent"):
        groups = [group for group in report.principals if group[kind]]
        if groups:
            names = [name_text(group["principal"] or "-") for group in groups[:_NAMED]]
            who = "1 principal is" if len(groups) == 1 else f"{len(groups):,} principals are"
            yield Remark(kind=kind, text=f"{who} {kind}: {_listed(names, len(groups))}.")


def _listed(names: list[str], number: int) -> str:
    more = number - len(names)
    return f"{', '.join(names)}{f' and {more:,} more' if more else ''}"


def _sums(report: Report, part_of: Callable[[Key], str | None]) -> dict[str | None, int]:
    """The calls of each part of the window; `part_of` returns the part of a combination."""
    tally = report.cube.tally
    parts = {key: part_of(key) for key in tally.by_group()}
    return {part: amounts.calls for part, amounts in tally.sums(parts).items()}

"""The digest chain of each trail, account and Region, and the time that it proves. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aitrail.digests import OVERDUE, Span, gaps, is_closed, trail_of
from aitrail.status.arrivals import Arrivals, Origin
from aitrail.window import parse_time

# Digests for the last hours may still be on their way.
_OPEN = timedelta(hours=2)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The digests of one trail for one account and Region.

    `newest` is the end of the newest digest, and `age` the time since then. `gaps` are times that no digest covers
    although later digests have arrived. `unverified` is the total time since the first digest that no verified digest
    covers. The last two hours are excluded.
    """

    origin: Origin
    trail: str
    newest: datetime
    age: timedelta
    gaps: tuple[tuple[datetime, datetime], ...]
    unverified: timedelta

    @property
    def is_overdue(self) -> bool:
        """Whether another digest should have arrived."""
        return self.age > OVERDUE


def chains_of(arrivals: Arrivals, now: datetime) -> tuple[Chain, ...]:
    """All chains in the order of accounts, Regions and trails, including chains that ended just before the window."""
    found = (
        _chain(origin, trail_of(chain), spans, arrivals, now)
        for origin, chains in arrivals.spans.items()
        for chain, spans in chains.items()
        if any(span.start < arrivals.window.until for span in spans)
    )
    return tuple(sorted(found, key=lambda chain: (chain.origin, chain.trail)))


def _chain(origin: Origin, trail: str, spans: list[Span], arrivals: Arrivals, now: datetime) -> Chain:
    window = arrivals.window
    # A digest that is not signed may contain any time.
    newest = max((span.end for span in spans if span.verified), default=min(span.start for span in spans))
    first = max(window.since, min(span.start for span in spans))
    closed = min(window.until, now - _OPEN)
    unverified = gaps(spans, first, closed)
    # A digest that proves nothing does not leave a gap: it is a separate problem.
    known = [replace(span, verified=True) for span in spans]
    return Chain(
        origin=origin,
        trail=trail,
        newest=newest,
        age=max(timedelta(0), min(window.until, now) - newest),
        gaps=tuple(gaps(known, first, min(closed, newest))),
        unverified=sum((end - begin for begin, end in unverified), timedelta(0)),
    )


def without_digests(arrivals: Arrivals) -> tuple[Origin, ...]:
    """Accounts and Regions with log files in the window but without digests."""
    return tuple(sorted(arrivals.newest.keys() - arrivals.with_digests))


def unproven_files(arrivals: Arrivals) -> int:
    """The number of files that no digest lists although all digests of their hour are verified."""
    return sum(
        count
        for origin, hours in arrivals.without_proof.items()
        for hour, count in hours.items()
        if all(is_closed(time, _spans(arrivals, origin)) for time in _ends(hour))
    )


def _spans(arrivals: Arrivals, origin: Origin) -> Iterator[Span]:
    for spans in arrivals.spans.get(origin, {}).values():
        yield from spans


def _ends(hour: str) -> tuple[datetime, datetime]:
    begin = parse_time(f"{hour}:00:00Z")
    return begin, begin + _HOUR

"""The state of a deployment at one moment, as a value. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from aitrail.status.arrivals import Arrivals, Origin
from aitrail.status.chains import Chain, chains_of, unproven_files, without_digests
from aitrail.status.problems import Problem
from aitrail.status.queues import Queues
from aitrail.window import parse_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """The newest delivery of an account and Region, and the time since then."""

    origin: Origin
    delivered_at: datetime
    lag: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state at the moment `now`; unless noted otherwise, of the deliveries in a window.

    `problems` (by the names in aitrail.ledger.entries.PROBLEMS) and `rejected_records` cover all time. `silent` is the
    time since the newest delivery, if the window has none and one is known. `unproven_files` counts files that no
    digest lists although their hour is closed. `imported_rows` counts imported rows that no log file has delivered yet.
    """

    now: datetime
    arrivals: Arrivals
    queues: Queues
    problems: Mapping[str, Problem]
    rejected_records: Problem
    imported_rows: int
    silent: timedelta | None
    newest: tuple[Newest, ...]
    chains: tuple[Chain, ...]
    without_digests: tuple[Origin, ...]
    unproven_files: int

    @classmethod
    def of(  # noqa: PLR0913 (everything that was read)
        cls,
        arrivals: Arrivals,
        *,
        queues: Queues,
        problems: Mapping[str, Problem],
        rejected_records: Problem,
        imported_rows: int,
        now: datetime,
    ) -> "Status":
        """The status that follows from everything that was read."""
        until = min(arrivals.window.until, now)
        silent = until - parse_time(arrivals.last_before) if arrivals.are_none and arrivals.last_before else None
        return cls(
            now=now,
            arrivals=arrivals,
            queues=queues,
            problems=problems,
            rejected_records=rejected_records,
            imported_rows=imported_rows,
            silent=silent,
            newest=tuple(
                Newest(origin=origin, delivered_at=parse_time(at), lag=max(timedelta(0), until - parse_time(at)))
                for origin, at in sorted(arrivals.newest.items())
            ),
            chains=chains_of(arrivals, now),
            without_digests=without_digests(arrivals),
            unproven_files=unproven_files(arrivals),
        )

    @property
    def lags(self) -> tuple[timedelta, timedelta] | None:
        """The median and the longest time from delivery to entry; None if nothing was ingested."""
        lags = self.arrivals.lags
        if not lags:
            return None
        return timedelta(seconds=_median(lags)), timedelta(seconds=max(lags))

    def overdue(self) -> Iterator[Chain]:
        """The chains whose next digest should have arrived."""
        return (chain for chain in self.chains if chain.is_overdue)

    def with_gaps(self) -> Iterator[Chain]:
        """The chains with missing digests although later ones have arrived."""
        return (chain for chain in self.chains if chain.gaps)


def _median(counts: Counter[int]) -> int:
    """The median; of two middle values, the lower one."""
    before, middle = 0, (counts.total() + 1) // 2
    for value in sorted(counts):
        before += counts[value]
        if before >= middle:
            return value
    raise ValueError("nothing was counted")

"""Reads the status of a deployment from its ledger, table and queues."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from aitrail.aws import Deployment, in_order
from aitrail.deliveries import Origins, origin_of
from aitrail.ledger import PROBLEMS, REJECTED, LedgerReader
from aitrail.questions import TableRows
from aitrail.status.arrivals import ATTRIBUTES, Arrivals
from aitrail.status.facts import Status
from aitrail.status.problems import Problem
from aitrail.status.sqs import queues_of
from aitrail.window import Window, days_between

# If a window is empty, the newest delivery before it is looked for up to this many days back.
_DAYS_BEFORE = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Reads one deployment; `client` returns a service's client, `recorded_with` is the current version of rows."""

    deployment: Deployment
    reader: LedgerReader
    rows: TableRows
    client: Callable[[str], Any]
    recorded_with: str

    def status(self, window: Window, *, now: datetime, origins: Origins | None = None) -> Status:
        """The current state of the deployment, and of the window's deliveries for these accounts and Regions.

        Queues and imported rows cover all accounts and Regions. Raises botocore's errors.
        """
        origins = origins or Origins()
        queues = queues_of(self.deployment, self.client("sqs"), self.client("cloudwatch"), now)
        names = (*PROBLEMS, REJECTED)
        counted = in_order(partial(self._problem, name, origins, now) for name in names)
        problems = dict(zip(names, counted, strict=True))
        return Status.of(
            self._arrivals(window, origins, now),
            queues=queues,
            rejected_records=problems.pop(REJECTED),
            problems=problems,
            imported_rows=self.rows.imported_rows(),
            now=now,
        )

    def _problem(self, name: str, origins: Origins, now: datetime) -> Problem:
        entries = self.reader.with_problem(name)
        if not origins.are_all:
            entries = (entry for entry in entries if (key := origin_of(entry["logFile"])) and origins.have(key))
        return Problem.of(entries, now)

    def _arrivals(self, window: Window, origins: Origins, now: datetime) -> Arrivals:
        arrivals = Arrivals(window=window, origins=origins, recorded_with=self.recorded_with)
        possible = window.clamped(now)
        days = (day.day for day in possible.days())
        arrivals.add_all(self.reader.of_days(days, names=ATTRIBUTES))
        if arrivals.are_none and origins.are_all:
            self._look_before(arrivals, possible.since)
        return arrivals

    def _look_before(self, arrivals: Arrivals, since: datetime) -> None:
        """Looks for the newest delivery before an empty window."""
        days = days_between(since - timedelta(days=_DAYS_BEFORE), since - timedelta(days=1))
        for day in reversed(list(days)):
            if arrivals.last_before is not None:
                return
            arrivals.add_all(self.reader.of_day(day))

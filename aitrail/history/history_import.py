"""Imports CloudTrail's Event history into the table: all Regions in parallel, each one event source after another.

The ledger records the progress, so that an interrupted run can be continued, and a later run requests only newer
events. Order of the writes: rows, rejects, progress.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from math import inf

from aitrail.aws import in_order
from aitrail.history.event_history import SETTLED, Event, EventHistory, Found, HistoryRefusedError
from aitrail.history.import_progress import ImportProgress
from aitrail.ingest import EventsTable
from aitrail.ledger import Ledger
from aitrail.rows import Redaction
from aitrail.services import Registry
from aitrail.window import Window

_SECOND = timedelta(seconds=1)


@dataclass(slots=True, kw_only=True)
class RegionImport:
    """The result for one Region: events by outcome, the number of spans of time `asked` for, the problem that ended it.

    In `counts`, `events` is the sum of the others.
    """

    region: str
    counts: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    problem: HistoryRefusedError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryImport:
    """The import of a window for one account; with `force`, it includes times that were imported before.

    `retention` is for rows. `report` is called, from several threads, with the number of events imported and of event
    sources finished since the last call.
    """

    account: str
    window: Window
    events: EventsTable
    ledger: Ledger
    registry: Registry
    retention: timedelta | None
    now: datetime
    redaction: Redaction | None = None
    force: bool = False
    report: Callable[[int, int], None] = lambda _events, _sources: None
    _stopped: threading.Event = field(default_factory=threading.Event, init=False)

    def run(self, histories: Mapping[str, EventHistory]) -> list[RegionImport]:
        """Imports the Event history of these Regions; a Region that CloudTrail refuses does not stop the others.

        Raises errors of the tables.
        """
        tasks = (partial(self._import_region, region, history) for region, history in histories.items())
        try:
            return list(in_order(tasks, workers=max(1, len(histories))))
        finally:
            self._stopped.set()

    def gaps(self, regions: Iterable[str]) -> Iterator[tuple[str, list[Window]]]:
        """The Region and the windows still to be imported, for each event source. Raises errors of the table."""
        asked = [(region, source) for region in regions for source in sorted(self.registry.sources)]
        progresses = in_order(partial(self._progress, region, source) for region, source in asked)
        return ((region, progress.gaps) for (region, _), progress in zip(asked, progresses, strict=True))

    def _import_region(self, region: str, history: EventHistory) -> RegionImport:
        result = RegionImport(region=region)
        try:
            for source in sorted(self.registry.sources):
                if result.problem is None and not self._stopped.is_set():
                    self._import_source(source, history, result)
                self.report(0, 1)
        except BaseException:
            self._stopped.set()  # all Regions share the tables
            raise
        return result

    def _import_source(self, source: str, history: EventHistory, result: RegionImport) -> None:
        progress = self._progress(result.region, source)
        try:
            for gap in progress.gaps:
                result.asked += 1
                self._import_gap(gap, history.pages(source, gap), result, progress)
        except HistoryRefusedError as error:
            result.problem = error

    def _progress(self, region: str, source: str) -> ImportProgress:
        return ImportProgress.read(
            self.ledger,
            f"{self._origin(region)}/{source}",
            {"account": self.account, "region": region, "eventSource": source},
            self.window,
            settled=self.now - SETTLED,
            force=self.force,
        )

    def _import_gap(
        self, gap: Window, pages: Iterable[Sequence[Event]], result: RegionImport, progress: ImportProgress
    ) -> None:
        for events in pages:
            counts = self._import_events(events, self._origin(result.region))
            result.counts += counts
            progress.counts += counts
            self.report(len(events), 0)
            if events and (oldest := events[-1].get("EventTime")):
                # Other events of the same second may be on the next page.
                progress.reach(max(oldest + _SECOND, gap.since), gap.until)
            if self._stopped.is_set():
                return
        progress.reach(gap.since, gap.until)

    def _import_events(self, events: Sequence[Event], origin: str) -> Counter[str]:
        """Writes rows and rejects, and returns the number of events by outcome."""
        found = Found(registry=self.registry, retention=self.retention, now=self.now, redaction=self.redaction)
        for event in events:
            found.add(event)
        written = self.events.add(found.rows)
        # A batch must not contain a key twice.
        rejects = {reject.key: reject for reject in found.rejects}
        self.ledger.rejects.record(origin, list(rejects.values()), expires_at=None, time_left=lambda: inf)
        others = {
            "written": written,
            "alreadyThere": len(found.rows) - written,
            "rejected": len(found.rejects),
        }
        return found.counts + Counter(others)

    def _origin(self, region: str) -> str:
        return f"event-history://{self.account}/{region}"

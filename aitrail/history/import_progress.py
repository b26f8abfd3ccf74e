"""Progress of the import of one event source in one Region: a ledger entry that is in none of the indexes."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from aitrail.ledger import IMPORT, Ledger
from aitrail.window import Window, event_time, joined, parse_time


@dataclass(slots=True, kw_only=True)
class ImportProgress:
    """The progress of one import, over this run and earlier ones.

    `window` is the time that this run imports, `covered` all time that has been imported, `counts` the counts of all
    runs. Time after `settled` never counts as covered, because its events may still appear.
    """

    ledger: Ledger
    log_file: str
    known: Mapping[str, str]
    window: Window
    settled: datetime
    covered: list[Window]
    counts: Counter[str] = field(default_factory=Counter)

    @classmethod
    def read(  # noqa: PLR0913 (the parts of an entry)
        cls,
        ledger: Ledger,
        log_file: str,
        known: Mapping[str, str],
        window: Window,
        *,
        settled: datetime,
        force: bool,
    ) -> Self:
        """The progress so far; with `force`, without any in this window."""
        entry = ledger.entry(log_file, IMPORT, consistent=True) or {}
        covered = [
            Window(since=parse_time(since), until=parse_time(until)) for since, until in entry.get("covered", ())
        ]
        if force:
            covered = [part for each in covered for part in each.without([window])]
        counts = Counter[str](entry.get("counts", {}))
        return cls(
            ledger=ledger,
            log_file=log_file,
            known=known,
            window=window,
            settled=settled,
            covered=covered,
            counts=counts,
        )

    @property
    def gaps(self) -> list[Window]:
        """The windows that are still to be imported, newest first."""
        return self.window.without(self.covered)

    def reach(self, since: datetime, until: datetime) -> None:
        """Records that all events between the two times have been imported, and the counts."""
        self.covered = joined([*self.covered, Window(since=since, until=min(until, self.settled))])
        wanted = Window(since=self.window.since, until=min(self.window.until, self.settled))
        self.ledger.note(
            self.log_file,
            IMPORT,
            **self.known,
            since=event_time(self.window.since),
            until=event_time(self.window.until),
            reached=event_time(since),
            done=not wanted.without(self.covered),
            covered=[[event_time(each.since), event_time(each.until)] for each in self.covered],
            counts=dict(self.counts),
        )

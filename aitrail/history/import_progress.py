"""How far the import of one source of one Region is: an entry of the ledger, which stands in none of its indexes."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from aitrail.ledger import IMPORT, Ledger
from aitrail.window import Window, event_time, joined, parse_time


@dataclass(slots=True, kw_only=True)
class ImportProgress:
    """What of Event history was imported under one name, by this run and those before.

    `window` is what this run wants, `covered` is all that is imported, `counts` are those of all runs. What is younger
    than `settled` never counts as covered: events of it may still appear.
    """

    ledger: Ledger
    log_file: str
    known: Mapping[str, str]
    window: Window
    settled: datetime
    covered: list[Window]
    counts: Counter[str] = field(default_factory=Counter)

    @classmethod
    def read(  # noqa: PLR0913 (what an entry is made of)
        cls,
        ledger: Ledger,
        log_file: str,
        known: Mapping[str, str],
        window: Window,
        *,
        settled: datetime,
        force: bool,
    ) -> Self:
        """The progress until now; with `force` none in this window."""
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
        """What is still to be asked, newest first."""
        return self.window.without(self.covered)

    def reach(self, since: datetime, until: datetime) -> None:
        """Note that all between these two is imported, and the counts."""
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

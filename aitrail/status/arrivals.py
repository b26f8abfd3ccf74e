"""Summarizes the deliveries of a window, entry by entry, in memory that does not grow with their number. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aitrail.deliveries import LogKey, Origins, log_key_of
from aitrail.digests import Span, joined_spans
from aitrail.ledger import DIGEST, UNPROVEN
from aitrail.window import Window, parse_time

COUNTS = ("records", "wanted", "written", "rejected", "expired", "duplicatesInFile")
# The attributes that are read of an entry: with fewer, reading millions of entries is faster.
ATTRIBUTES = (
    *("logFile", "entry", "status", "problem", "recordedWith", "ingestedAt", "verifiedBy", "accepted"),
    *("digestStart", "digestEnd"),
    *COUNTS,
)
_AWAITED = "awaited"
_INGESTED = "ingested"
_AN_HOUR, _A_MINUTE = 3600, 60
_HOUR = len("YYYY-MM-DDTHH")


class Origin(NamedTuple):
    """The account and the Region of deliveries."""

    account: str
    region: str


@dataclass(slots=True, kw_only=True)
class Arrivals:
    """The deliveries of a window, by the time in their names.

    `files` and `digests` count deliveries by status, `records` the records of the files. `verified` counts the ingested
    files whose content a digest confirms. `lags` counts ingested files
    by the seconds from delivery to entry, rounded down to minutes from one hour on. `newest` is the time of the newest
    delivery. `without_proof` counts, by hour of delivery, files that were read but not verified by a digest. `outdated`
    counts files read with a different registry or row version. `last_before` is the newest delivery seen before the
    window. `spans` are the times that digests cover, and `with_digests` the origins with digests, both including
    digests on the same days outside the window.
    """

    window: Window
    recorded_with: str
    origins: Origins = field(default_factory=Origins)
    files: Counter[str] = field(default_factory=Counter)
    digests: Counter[str] = field(default_factory=Counter)
    records: Counter[str] = field(default_factory=Counter)
    lags: Counter[int] = field(default_factory=Counter)
    newest: dict[Origin, str] = field(default_factory=dict)
    without_proof: defaultdict[Origin, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    outdated: int = 0
    verified: int = 0
    spans: defaultdict[Origin, dict[str, list[Span]]] = field(default_factory=lambda: defaultdict(dict))
    with_digests: set[Origin] = field(default_factory=set)
    last_before: str | None = None

    @property
    def are_none(self) -> bool:
        """Whether there are no deliveries."""
        return not self.files and not self.digests

    def add_all(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Adds entries of the ledger, as read from its by-day index."""
        first, last = self.window.bounds
        for entry in entries:
            key = log_key_of(entry["logFile"])
            if key is None or not self.origins.have(key):
                continue
            if entry["entry"] == DIGEST:
                self._add_digest(key, entry)
            at = key.delivered_at
            if at is None or first <= at <= last:
                self._add(key, entry)
            elif at < first:
                self.last_before = max(at, self.last_before or at)

    def _add(self, key: LogKey, entry: Mapping[str, Any]) -> None:
        origin, status = Origin(key.account, key.region), entry.get("status") or _AWAITED
        if entry["entry"] == DIGEST:
            self.digests[status] += 1
            return
        self.files[status] += 1
        at = key.delivered_at
        if at is not None and status != _AWAITED:
            self.newest[origin] = max(at, self.newest.get(origin, at))
        for name in COUNTS:
            self.records[name] += entry.get(name, 0)
        if status == _INGESTED:
            self._add_ingested(origin, at, entry)

    def _add_ingested(self, origin: Origin, at: str | None, entry: Mapping[str, Any]) -> None:
        self.outdated += entry.get("recordedWith") != self.recorded_with
        self.verified += "verifiedBy" in entry and entry.get("problem") is None
        if at is None:
            return
        if "verifiedBy" not in entry and entry.get("problem") in (None, UNPROVEN):
            self.without_proof[origin][at[:_HOUR]] += 1
        if "ingestedAt" in entry:
            lag = max(0, int((parse_time(entry["ingestedAt"]) - parse_time(at)).total_seconds()))
            # Rounded, so that few distinct numbers are kept: the lags of a backfill may be years.
            self.lags[lag if lag < _AN_HOUR else lag - lag % _A_MINUTE] += 1

    def _add_digest(self, key: LogKey, entry: Mapping[str, Any]) -> None:
        origin, span = Origin(key.account, key.region), Span.of(entry)
        self.with_digests.add(origin)
        if span is not None:
            chains = self.spans[origin]
            chains[span.chain] = joined_spans(chains.get(span.chain, ()), span)

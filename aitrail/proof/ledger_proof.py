"""The proof from the ledger: that all deliveries of a window arrived and became rows, or what prevents it. Pure.

CloudTrail's digests list everything that was delivered. A listed object has an entry in the ledger as soon as the
digest has been read, whether or not the object has arrived. The entries of a window therefore are the window's
deliveries.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from aitrail.cells import counted
from aitrail.deliveries import DIGEST_FOLDER, LogKey, delivered_at, kind_of, log_key_of
from aitrail.digests import MARGIN, OVERDUE, PATIENCE, Span, chains_of, gaps, is_covered
from aitrail.ledger import (
    ACCEPTED,
    DIGEST,
    FILE,
    NO_DIGESTS,
    UNPROVEN,
    UNVERIFIABLE,
    has_distant_events,
    lister_of,
    near,
    valid_acceptances,
)
from aitrail.proof.closing import Closing
from aitrail.proof.findings import DIGESTS, FILES, Finding, not_ingested
from aitrail.proof.restarts import Restart
from aitrail.window import Window, days_between, format_time, parse_time

# A digest arrives within an hour of its own end: later deliveries than this may not be listed yet.
LISTED_WITHIN = timedelta(hours=2)
_AN_HOUR = timedelta(hours=1)
_COUNTED = ("records", "wanted", "written", "rejected", "expired", "duplicatesInFile")


@dataclass(slots=True, kw_only=True)
class Proof:
    """The proof of a window from its entries, which are added one by one, until it is closed.

    `now` is the current time, `recorded_with` the current version of rows (see `aitrail.rows`). A window that
    `ends_when_closed` ends at `until` or, if that is earlier, at the time up to which every chain has closed; `close`
    sets `until`. The ledger may lack entries of deliveries before its `horizon`. `delivered` counts log files that are
    listed by a digest or in the ledger; `verified` counts the ones that were ingested and match their digest.
    """

    since: datetime
    until: datetime
    now: datetime
    recorded_with: str
    ends_when_closed: bool = False
    horizon: datetime | None = None
    delivered: int = 0
    verified: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    # The names of verified digests.
    digests: list[str] = field(default_factory=list)
    # Ingested log file -> the digest that verified it.
    verified_by: dict[str, str] = field(default_factory=dict)
    # Log files outside the window that have rows in it, and that no digest lists, as their hours are not closed yet.
    not_listed_yet: list[str] = field(default_factory=list)
    # Log files that are not ingested: their rows are not known, and their entries contain the problem.
    unread: set[str] = field(default_factory=set)
    # Ingested log file -> its SHA-256, and -> the number of its rows.
    ingested: dict[str, str | None] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    # Digest folder of an account and Region -> the spans of the digests, and the log files that no digest lists.
    _spans: dict[str, list[Span]] = field(default_factory=dict)
    _unproven: dict[str, list[str]] = field(default_factory=dict)
    # Those of them that count although the time in their name is not closed yet.
    _due: set[str] = field(default_factory=set)
    # Chains that CloudTrail has begun, as far as `add_chains` has been told.
    _begun: set[str] = field(default_factory=set)
    # Digest folder -> its unverifiable digests, and -> the acceptance of log files without digests.
    _unverifiable: dict[str, list[str]] = field(default_factory=dict)
    _accepted_origins: dict[str, Finding] = field(default_factory=dict)
    # Digest folders that became known for log files without digests within the window.
    _lacking: set[str] = field(default_factory=set)
    # Chain -> its latest end before the window, as far as entries have been added.
    _known: dict[str, datetime] = field(default_factory=dict)
    # Problems that have been accepted, with who accepted them and why.
    _accepted: list[Finding] = field(default_factory=list)
    _findings: list[Finding] = field(default_factory=list)
    # Problem -> the objects with it.
    _named: dict[str, set[str]] = field(default_factory=dict)
    _closing: Closing = field(init=False)
    _waits_from: str = field(init=False)
    # The entries of the last hours, as long as it is not known where the window ends.
    _waiting: list[tuple[Mapping[str, Any], LogKey]] = field(default_factory=list)
    # Digest -> the number of log files that it lists, and the number of entries that name it.
    _lists: dict[str, int | None] = field(default_factory=dict)
    _listed: Counter[str] = field(default_factory=Counter)
    _restarts: list[Restart] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._closing = Closing(now=self.now)
        self._waits_from = format_time(self._closing.earliest)
        if self.horizon is not None and self.since < self.horizon:
            why = (
                f"the ledger no longer has entries of deliveries before {format_time(self.horizon)} "
                "(aitrail:ledgerRetentionDays): verify the time since then"
            )
            of = f"{format_time(self.since)} to {format_time(min(self.horizon, self.until))}"
            self._findings.append(Finding(finding="beyond-ledger", of=of, why=why))
            self.since = min(self.horizon, self.until)

    def add(self, entry: Mapping[str, Any]) -> None:
        """Adds an entry of the ledger, in any order; entries outside the window are ignored.

        Digests, and files with a problem that are not verified, need all attributes.
        """
        if entry["entry"] == NO_DIGESTS and self._is_between(entry["ingestedAt"], self.until):
            self._lacking.add(entry["logFile"])
        key = log_key_of(entry["logFile"])
        if key is None:
            return
        if entry["entry"] == DIGEST:
            if span := Span.of(entry):
                self._closing.add(span)
        elif entry["entry"] == FILE and kind_of(entry["logFile"]).ingested:
            self._listed[lister_of(entry) or ""] += 1
        else:
            return
        if self.ends_when_closed and self._latest(entry, key) >= self._waits_from:
            self._waiting.append((entry, key))
        else:
            self._add(entry, key)

    def _add(self, entry: Mapping[str, Any], key: LogKey) -> None:
        if entry["entry"] == DIGEST:
            self._add_digest(entry, key)
        else:
            self._add_file(entry, key)

    def add_restart(self, restart: Restart) -> None:
        """Adds an account and Region in which a chain began after an earlier digest."""
        self._restarts.append(restart)

    @property
    def uncertain_chains(self) -> list[str]:
        """The digest folders of chains that have only invalid digests here, in order; CloudTrail may know none."""
        return sorted({chain.rpartition("/")[0] + "/" for chain in self._invented()})

    def add_chains(self, item: Mapping[str, Any]) -> None:
        """Adds the ledger's item about the chains of an account and Region."""
        self._begun |= {item["logFile"] + name for name in item.get("chains", ())}

    def _invented(self) -> set[str]:
        """The chains without any digest that CloudTrail may have written."""
        chains = chains_of(span for spans in self._spans.values() for span in spans)
        known = self._known.keys() | self._begun
        return {chain for chain, spans in chains.items() if all(span.invalid for span in spans)} - known

    def close(self) -> None:
        """Ends the window, once all entries are added."""
        if self.ends_when_closed:
            self.until = max(self.since, min(self.until, self.closed))
        for entry, key in self._waiting:
            self._add(entry, key)
        self._waiting.clear()

    @property
    def closed(self) -> datetime:
        """The time up to which every chain has closed, except chains that are overdue."""
        return self._closing.until

    def incomplete(self) -> Iterator[str]:
        """The digests that list a different number of log files than there are entries that name them."""
        yield from (name for name, listed in self._lists.items() if listed != self._listed[name])

    def _latest(self, entry: Mapping[str, Any], key: LogKey) -> str:
        """The latest time that an entry says anything about."""
        return max(self._time_of(entry, key), str(entry.get("digestEnd", "")))

    def _time_of(self, entry: Mapping[str, Any], key: LogKey) -> str:
        """The time in the name; if it has none, or is filed under an earlier day, the time when it was stored."""
        at, day = key.delivered_at, entry.get("deliveryDay")
        if at and not (day and day < at[: len(day)]):
            return at
        return entry.get("storedAt") or f"{day or key.delivery_day}T00:00:00Z"

    def _add_digest(self, entry: Mapping[str, Any], key: LogKey) -> None:
        span = Span.of(entry)
        if span and span.verified and span.end <= self.since:
            self._known[span.chain] = max(span.end, self._known.get(span.chain, span.end))
        if span and not (span.start < self.until + MARGIN and self.since < span.end):
            return
        # A digest that was not read covers the hour before the time in its name.
        if span is None and not self._is_between(self._time_of(entry, key), self.until + MARGIN + _AN_HOUR):
            return
        self._note_accepted(entry)
        if (problem := entry.get("problem")) == UNVERIFIABLE:
            self._unverifiable.setdefault(key.folder(DIGEST_FOLDER), []).append(entry["logFile"])
        elif problem in DIGESTS:
            self._find(problem, entry, DIGESTS)
        if entry.get("status") == "verified":
            self.digests.append(entry["logFile"])
            # Entries of earlier versions have only the number that includes objects which are not ingested.
            self._lists[entry["logFile"]] = entry.get("listed", entry.get("logFiles"))
        if span:
            self._spans.setdefault(key.folder(DIGEST_FOLDER), []).append(span)

    def _add_file(self, entry: Mapping[str, Any], key: LogKey) -> None:
        if not self._holds(key, entry):
            return
        self.delivered += 1
        is_ingested = entry.get("status") == "ingested"
        if not is_ingested:
            self.unread.add(entry["logFile"])
        else:
            self._count(entry)
            if entry.get("recordedWith") != self.recorded_with:
                why = (
                    "it was ingested with another aitrail version, other service files or another `aitrail:redact`: "
                    "`aitrail backfill` queues it again"
                )
                self._findings.append(Finding(finding="outdated", of=entry["logFile"], why=why))
        self._note_accepted(entry)
        problem = entry.get("problem")
        if problem in FILES:
            self._find(problem, entry, FILES)
        elif entry.get("verifiedBy") and is_ingested:
            self.verified += 1
            self.verified_by[entry["logFile"]] = entry["verifiedBy"]
        elif problem == ACCEPTED and _tells_of_the_lack(entry):
            pass  # neither verified nor a finding
        else:
            self._unproven.setdefault(key.folder(DIGEST_FOLDER), []).append(entry["logFile"])

    @property
    def origins(self) -> list[str]:
        """The digest folders whose own entries matter, in order; these are to be added last (`add_origin`).

        Rows may name log files of other folders than those of the window's deliveries.
        """
        return sorted(self._unproven.keys() | self._unverifiable.keys() | self._lacking)

    def add_origin(self, entry: Mapping[str, Any]) -> None:
        """Adds the ledger's entry of an account and Region, after all others."""
        folder = entry["logFile"]
        for each in valid_acceptances(entry):
            if each["problem"] == NO_DIGESTS:
                self._accepted_origins[folder] = Finding(finding=NO_DIGESTS, of=folder, why=_said(each))
            elif each["problem"] == UNVERIFIABLE:
                self._accept_unverifiable(folder, _said(each))
        if entry.get("problem") != NO_DIGESTS:
            self._lacking.discard(folder)

    def _accept_unverifiable(self, folder: str, why: str) -> None:
        """Treats all unverifiable digests in a folder as if each were accepted."""
        names = dict.fromkeys(self._unverifiable.pop(folder, ()))
        self._accepted += [Finding(finding=UNVERIFIABLE, of=name, why=why) for name in names]
        if spans := self._spans.get(folder):
            self._spans[folder] = [replace(span, accepted=span.accepted or span.log_file in names) for span in spans]

    @property
    def events(self) -> Window:
        """The window in which rows of the window's deliveries are looked for (see `aitrail.ledger.near`)."""
        return near(Window(since=self.since, until=self.until)).clamped(self.now)

    def expects(self, log_file: str) -> bool:
        """Whether a log file with that name was delivered within the window and is not known to be unread."""
        key = log_key_of(log_file)
        return key is not None and self._holds(key, {}) and log_file not in self.unread

    def is_new(self, entry: Mapping[str, Any]) -> bool:
        """Whether the whole entry of a log file belongs to the window and has not been added yet."""
        key, name = log_key_of(entry["logFile"]), entry["logFile"]
        is_held = key is not None and self._holds(key, entry)
        return is_held and name not in self.unread and name not in self.ingested

    def add_late(self, entry: Mapping[str, Any]) -> None:
        """Adds the whole entry of a log file that has been ingested since the window was closed."""
        if key := log_key_of(entry["logFile"]):
            self._add_file(entry, key)

    def is_forgotten(self, log_file: str, last_event: str) -> bool:
        """Whether the ledger may no longer have the entry of a log file with such an event.

        No event happened after its delivery: a row that says so is not of that file, whatever the ledger knows.
        """
        key = log_key_of(log_file)
        if self.horizon is None or key is None or key.delivered_at is None:
            return False
        at = parse_time(key.delivered_at)
        return at < self.horizon and not has_distant_events(key.delivered_at, format_time(at), last_event)

    def may_come(self, delivered_at: str) -> bool:
        """Whether a log file was delivered so recently that its message may still be retried."""
        return abs(self.now - parse_time(delivered_at)) < PATIENCE

    def has_events(self, first: str, last: str) -> bool:
        """Whether a time between these two is in the window."""
        return first < format_time(self.until) and format_time(self.since) <= last

    def add_file_with_rows(self, entry: Mapping[str, Any], *, is_distant: bool) -> bool:
        """Adds the whole entry of a log file that rows name although it is not an ingested file of the window.

        `is_distant` says whether their times are far from the file's own. Returns whether a digest vouches for the
        file; if not, the findings of the window include the reason, unless that is known or accepted. A file of an hour
        that is not closed is `not_listed_yet`: the window of its own time decides about it.
        """
        name, key = entry["logFile"], log_key_of(entry["logFile"])
        problem = entry.get("problem")
        if name in self.unread or key is None or (problem == ACCEPTED and _tells_of_the_lack(entry)):
            return False
        if problem in FILES:
            self._find(problem, entry, FILES)
            return False
        if entry.get("verifiedBy"):
            return True
        stored = entry.get("storedAt") or key.delivered_at
        is_open = stored is not None and self.now - parse_time(stored) < PATIENCE
        if is_open and not is_distant and problem != UNPROVEN:
            self.not_listed_yet.append(name)
        else:
            self._unproven.setdefault(key.folder(DIGEST_FOLDER), []).append(name)
            self._due.add(name)
        return False

    def named(self, finding: str) -> set[str]:
        """The objects with this problem, as far as entries have been added."""
        return self._named.get(finding, set())

    def _holds(self, key: LogKey, entry: Mapping[str, Any]) -> bool:
        """Whether an object was delivered within the window, by its name or by the time when it was stored.

        If neither its name nor the entry says when, only the day is known, and any part of it counts.
        """
        if key.delivered_at or entry.get("storedAt"):
            times = {self._time_of(entry, key), key.delivered_at or ""}
            return any(self._is_between(at, self.until) for at in times)
        day = entry.get("deliveryDay") or key.delivery_day
        return format_time(self.since)[: len(day)] <= day and f"{day}T00:00:00Z" < format_time(self.until)

    def _is_between(self, at: str, until: datetime) -> bool:
        return format_time(self.since) <= at < format_time(until)

    def _count(self, entry: Mapping[str, Any]) -> None:
        self.ingested[entry["logFile"]] = entry.get("sha256")
        self.counts.update({name: entry.get(name, 0) for name in _COUNTED})
        self.rows[entry["logFile"]] = entry.get("written", 0)

    def find_unknown(self, log_file: str) -> None:
        """Adds a finding for a log file that a digest lists and the ledger does not have."""
        self._findings.append(not_ingested(log_file))

    def _find(self, name: str, entry: Mapping[str, Any], meanings: Mapping[str, str]) -> None:
        self._named.setdefault(name, set()).add(entry["logFile"])
        self._findings.append(Finding(finding=name, of=entry["logFile"], why=meanings[name]))

    def _note_accepted(self, entry: Mapping[str, Any]) -> None:
        for each in valid_acceptances(entry):
            self._accepted.append(Finding(finding=each["problem"], of=entry["logFile"], why=_said(each)))

    @property
    def accepted(self) -> list[Finding]:
        """The accepted problems and their consequences, once all entries are added."""
        why = "the digest of its hour proves nothing, which has been accepted"
        unlisted = self._unproven_and_due()
        follows = (
            Finding(finding="unproven", of=name, why=why)
            for log_files in unlisted.values()
            for name in log_files
            if self._is_of_an_accepted_hour(name)
        )
        origins = (
            found
            for folder, found in self._accepted_origins.items()
            if folder not in self._spans or not all(map(self._is_of_an_hour, unlisted.get(folder, ())))
        )
        return [*self._accepted, *origins, *follows]

    def findings(self) -> Iterator[Finding]:
        """The findings that prevent the proof, once all entries are added."""
        yield from self._findings
        for log_file in sorted(name for names in self._unverifiable.values() for name in names):
            yield Finding(finding=UNVERIFIABLE, of=log_file, why=DIGESTS[UNVERIFIABLE])
        yield from self._unproven_findings()
        if self.until > self.closed or (self.ends_when_closed and self.until <= self.since):
            yield self._not_closed()
        if not self.delivered and not self._spans and self.since < min(self.until, self.closed):
            why = "the ledger has no log file and no digest: is there a trail, and did it deliver in this window?"
            yield Finding(
                finding="nothing-delivered", of=f"{format_time(self.since)} to {format_time(self.until)}", why=why
            )
        gaps_of_chains = list(self._gaps())
        yield from (_gap(span.chain, span.start, span.end) for span in gaps_of_chains)
        yield from self._gaps_between_chains(gaps_of_chains)

    def _not_closed(self) -> Finding:
        closed, again = format_time(self.closed), format_time(self.until + MARGIN + OVERDUE)
        why = (
            f"every chain of digests has closed only up to {closed}, and later digests may list more files: verify "
            f"until then, or again after {again}"
        )
        return Finding(finding="not-closed", of=f"{format_time(self.since)} to {format_time(self.until)}", why=why)

    def _unproven_and_due(self) -> dict[str, list[str]]:
        """Digest folder -> the log files that no digest lists, although their time is closed."""
        closed, to_come = format_time(self.closed), format_time(self.now + LISTED_WITHIN)

        def is_due(log_file: str) -> bool:
            named = delivered_at(log_file) or ""
            # No digest lists a file of the future.
            return log_file in self._due or named < closed or named > to_come

        found = {folder: list(filter(is_due, log_files)) for folder, log_files in self._unproven.items()}
        return {folder: log_files for folder, log_files in found.items() if log_files}

    def _unproven_findings(self) -> Iterator[Finding]:
        unlisted = self._unproven_and_due()
        for folder, log_files in sorted(unlisted.items()):
            if folder in self._spans:
                others = (name for name in log_files if not self._is_of_an_accepted_hour(name))
                if folder in self._accepted_origins:
                    others = (name for name in others if self._is_of_an_hour(name))
                yield from map(self._unproven_finding, others)
            elif folder not in self._accepted_origins:
                files = counted(len(log_files), "log file")
                why = f"{files} delivered in the window, but no digest: is log file validation on?"
                yield Finding(finding=NO_DIGESTS, of=folder, why=why)
        for folder in sorted(self._lacking):
            if folder in self._spans or folder not in unlisted:
                why = "log files arrived in the window whose times no digest covers: find out who wrote them"
                yield Finding(finding=NO_DIGESTS, of=folder, why=why)

    def _unproven_finding(self, log_file: str) -> Finding:
        rows = ", and it has rows in the window" if log_file in self._due else ""
        return Finding(finding=UNPROVEN, of=log_file, why=f"no CloudTrail digest lists it yet{rows}")

    def _is_of_an_hour(self, log_file: str) -> bool:
        """Whether any digest covers the time in the name of a log file."""
        return self._is_within(log_file, lambda _: True)

    def _is_of_an_accepted_hour(self, log_file: str) -> bool:
        """Whether it has been accepted that a digest for the time of that log file proves nothing."""
        return self._is_within(log_file, lambda span: span.accepted and not span.verified)

    def _is_within(self, log_file: str, counts: Callable[[Span], bool]) -> bool:
        """Whether the digests that count cover the time in the name of a log file."""
        key = log_key_of(log_file)
        if key is None or key.delivered_at is None:
            return False
        spans = self._spans.get(key.folder(DIGEST_FOLDER), ())
        return is_covered(parse_time(key.delivered_at), filter(counts, spans))

    def _gaps(self) -> Iterator[Span]:
        """The times that the digests of a chain should cover and do not."""
        chains = chains_of(span for spans in self._spans.values() for span in spans)
        # Whoever puts an object with the name of a digest chooses its chain.
        for chain in sorted((chains.keys() | self._known.keys()) - self._invented()):
            # Hours with an accepted digest are reported as accepted, not as gaps.
            spans = [replace(span, verified=span.verified or span.accepted) for span in chains.get(chain, [])]
            # A chain that was not known before does not cover the time before it starts.
            is_new = bool(spans) and spans[0].begins and chain not in self._known
            # Whatever a chain that is not overdue has not covered yet is not closed, and no gap.
            until = min(self.until + MARGIN, self._closing.end_of(chain) or self.now - LISTED_WITHIN)
            for begin, end in gaps(spans, max(spans[0].start, self.since) if is_new else self.since, until):
                yield Span(log_file="", chain=chain, start=begin, end=end, verified=False)

    def _gaps_between_chains(self, reported: list[Span]) -> Iterator[Finding]:
        """The times without any digest of an account and Region, unless they are gaps of a chain."""
        for restart in sorted(self._restarts, key=lambda restart: restart.folder):
            spans = (span for span in self._spans.get(restart.folder, ()) if span.verified or span.accepted)
            covered = [*spans, *(gap for gap in reported if gap.chain.startswith(restart.folder))]
            for begin, end in restart.gaps(covered, self.since, self.until + MARGIN):
                yield _gap(restart.folder, begin, end)


def _gap(of: str, begin: datetime, end: datetime) -> Finding:
    hours = f"no verified digest covers {format_time(begin)} to {format_time(end)}"
    return Finding(finding="gap", of=of, why=f"{hours}: is the trail stopped, or is a digest not verified?")


def _said(acceptance: Mapping[str, str]) -> str:
    return f"{acceptance['by']} at {acceptance['at']}: {acceptance['reason']}"


def _tells_of_the_lack(entry: Mapping[str, Any]) -> bool:
    """Whether an accepted problem of a log file is the reason why no digest verifies its content."""
    accepted = {each["problem"] for each in valid_acceptances(entry)}
    return entry.get("status") != "ingested" or not accepted.isdisjoint({"tampered", "unlisted"})


def days_of(window: Window, now: datetime) -> Iterator[str]:
    """The days of delivery of a window's entries, and the day before, which shows earlier chains.

    A digest arrives after the end of its hour.
    """
    asked = window.clamped(now)
    return days_between(asked.since - timedelta(days=1), asked.until + LISTED_WITHIN)

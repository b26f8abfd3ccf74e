"""The proof from the ledger: that all deliveries of a window arrived and became rows, or what prevents it. Pure.

CloudTrail's digests list everything that was delivered. A listed object has an entry in the ledger as soon as the
digest has been read, whether or not the object has arrived. The entries of a window therefore are the window's
deliveries.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from aitrail.cells import counted
from aitrail.deliveries import DIGEST_FOLDER, LogKey, kind_of, log_key_of
from aitrail.digests import Span, chains_of, gaps, is_covered
from aitrail.ledger import ACCEPTED, DIGEST, FILE, NO_DIGESTS, UNVERIFIABLE, valid_acceptances
from aitrail.window import LATEST, Window, days_between, format_time, parse_time

# A digest arrives within an hour of its own end: later deliveries than this may not be listed yet.
LISTED_WITHIN = timedelta(hours=2)
_SECOND = timedelta(seconds=1)
_COUNTED = ("records", "wanted", "written", "rejected", "expired", "duplicatesInFile")

# Problem of an entry -> the reason that prevents the proof, and what to do about it.
_FILES = {
    "tampered": "its content does not match CloudTrail's digest: restore the version that does",
    "unlisted": "no CloudTrail digest lists it: find out who wrote it",
    "replaced": "its content was different before, and both contents may have become rows: find out who wrote it",
    "unreadable": "it could not be read: repair it, then run `aitrail retry`",
    "missing": "it was delivered and is gone: restore it, then run `aitrail retry`",
    "archived": "it is in an archive storage class: restore it; it is then ingested automatically",
    "awaited": "a digest lists it, but it has not arrived: `aitrail verify --announce` re-announces it",
}
_DIGESTS = {
    "tampered": "the next digest refers to different content: this digest is not the one that it follows",
    "invalid": "it does not have a valid CloudTrail signature",
    "unverifiable": "CloudTrail's public key for it is not available: `aitrail verify --announce` tries again",
    "missing": "CloudTrail wrote it and it is gone",
    "archived": "it is in an archive storage class: restore it; it is then read automatically",
    "awaited": "the next digest refers to it, but it has not arrived: `aitrail verify --announce` re-announces it",
    "broken": "it does not continue the chain of the previous digest",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An exception that prevents the proof: its name, the object, and the reason or what to do.

    A problem of a single object has the same name as in the ledger and in `aitrail status`. Findings about times and
    rows are this command's own: a `gap`, for example, is something else in `aitrail status`.
    """

    finding: str
    of: str
    why: str


@dataclass(slots=True, kw_only=True)
class Proof:
    """The proof of a window from its entries, which are added one by one.

    `now` is the current time, `recorded_with` the current version of rows (see `aitrail.rows`). `delivered` counts log
    files that are listed by a digest or in the ledger; `verified` counts the ones that were ingested and match their
    digest. `open` counts files whose digest may still be on its way.
    """

    since: datetime
    until: datetime
    now: datetime
    recorded_with: str
    delivered: int = 0
    verified: int = 0
    open: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    # The names of verified digests.
    digests: list[str] = field(default_factory=list)
    # Ingested log file -> the digest that verified it.
    verified_by: dict[str, str] = field(default_factory=dict)
    # Log files that are not ingested: their rows are not known, and their entries contain the problem.
    unread: set[str] = field(default_factory=set)
    # Ingested log file -> its SHA-256, and -> the number of its rows.
    ingested: dict[str, str | None] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    # The eventTime of the first and the last event that became a row.
    first_event: str | None = None
    last_event: str | None = None
    # Digest folder of an account and Region -> the spans of the digests, and the log files that no digest lists.
    _spans: dict[str, list[Span]] = field(default_factory=dict)
    _unproven: dict[str, list[str]] = field(default_factory=dict)
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

    def add(self, entry: Mapping[str, Any]) -> None:
        """Adds an entry of the ledger, in any order; entries outside the window are ignored."""
        if entry["entry"] == NO_DIGESTS and self._is_within(entry["ingestedAt"]):
            self._lacking.add(entry["logFile"])
        key = log_key_of(entry["logFile"])
        if key is None:
            return
        if entry["entry"] == DIGEST:
            self._add_digest(entry, key)
        elif entry["entry"] == FILE and kind_of(entry["logFile"]).ingested:
            self._add_file(entry, key)

    def _add_digest(self, entry: Mapping[str, Any], key: LogKey) -> None:
        span = Span.of(entry)
        if span and span.verified and span.end <= self.since:
            self._known[span.chain] = max(span.end, self._known.get(span.chain, span.end))
        if span and not (span.start < self.until and self.since < span.end):
            return
        if span is None and not self._holds(key):
            return
        self._note_accepted(entry)
        if (problem := entry.get("problem")) == UNVERIFIABLE:
            self._unverifiable.setdefault(key.folder(DIGEST_FOLDER), []).append(entry["logFile"])
        elif problem in _DIGESTS:
            self._find(problem, entry, _DIGESTS)
        if entry.get("status") == "verified":
            self.digests.append(entry["logFile"])
        if span:
            self._spans.setdefault(key.folder(DIGEST_FOLDER), []).append(span)

    def _add_file(self, entry: Mapping[str, Any], key: LogKey) -> None:
        if not self._holds(key, entry.get("deliveryDay")):
            return
        self.delivered += 1
        is_ingested = entry.get("status") == "ingested"
        if not is_ingested:
            self.unread.add(entry["logFile"])
        else:
            self._count(entry)
            if entry.get("recordedWith") != self.recorded_with:
                why = (
                    "it was ingested with another aitrail version or other service files: `aitrail backfill` queues it "
                    "again"
                )
                self._findings.append(Finding(finding="outdated", of=entry["logFile"], why=why))
        self._note_accepted(entry)
        problem = entry.get("problem")
        if problem in _FILES:
            self._find(problem, entry, _FILES)
        elif entry.get("verifiedBy") and is_ingested:
            self.verified += 1
            self.verified_by[entry["logFile"]] = entry["verifiedBy"]
        elif problem == ACCEPTED and _tells_of_the_lack(entry):
            pass  # neither verified nor a finding
        elif key.delivered_at and abs(self.now - parse_time(key.delivered_at)) < LISTED_WITHIN:
            self.open += 1
        else:
            self._unproven.setdefault(key.folder(DIGEST_FOLDER), []).append(entry["logFile"])

    @property
    def origins(self) -> list[str]:
        """The digest folders whose own entries matter, in order; these are to be added last (`add_origin`)."""
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
    def events(self) -> Window | None:
        """The window of all events that became rows; None if there are none."""
        if not self.first_event or not self.last_event:
            return None
        return Window(
            since=parse_time(self.first_event), until=min(parse_time(self.last_event), LATEST - _SECOND) + _SECOND
        )

    def expects(self, log_file: str) -> bool:
        """Whether a log file with that name was delivered within the window and is not known to be unread."""
        key = log_key_of(log_file)
        return key is not None and self._holds(key) and log_file not in self.unread

    def _holds(self, key: LogKey, day: str | None = None) -> bool:
        """Whether an object was delivered within the window; `day` is the one in the ledger.

        If its name has no time, or one after that day, only the day is known, and any part of it counts.
        """
        at = key.delivered_at
        if at and not (day and day < at[: len(day)]):
            return self._is_within(at)
        day = day or key.delivery_day
        return format_time(self.since)[: len(day)] <= day and f"{day}T00:00:00Z" < format_time(self.until)

    def _is_within(self, at: str) -> bool:
        return format_time(self.since) <= at < format_time(self.until)

    def _count(self, entry: Mapping[str, Any]) -> None:
        self.ingested[entry["logFile"]] = entry.get("sha256")
        self.counts.update({name: entry.get(name, 0) for name in _COUNTED})
        if entry.get("written"):
            self.rows[entry["logFile"]] = entry["written"]
            self.first_event = min(filter(None, (self.first_event, entry["firstEventTime"])))
            self.last_event = max(filter(None, (self.last_event, entry["lastEventTime"])))

    def find_unknown(self, log_file: str) -> None:
        """Adds a finding for a log file that a digest lists and the ledger does not have."""
        why = "a digest lists it, but the ledger has no entry for it"
        self._findings.append(Finding(finding="not-ingested", of=log_file, why=why))

    def _find(self, name: str, entry: Mapping[str, Any], meanings: Mapping[str, str]) -> None:
        self._findings.append(Finding(finding=name, of=entry["logFile"], why=meanings[name]))

    def _note_accepted(self, entry: Mapping[str, Any]) -> None:
        for each in valid_acceptances(entry):
            self._accepted.append(Finding(finding=each["problem"], of=entry["logFile"], why=_said(each)))

    @property
    def accepted(self) -> list[Finding]:
        """The accepted problems and their consequences, once all entries are added."""
        why = "the digest of its hour proves nothing, which has been accepted"
        files = (log_file for log_files in self._unproven.values() for log_file in log_files)
        follows = (
            Finding(finding="unproven", of=name, why=why) for name in files if self._is_of_an_accepted_hour(name)
        )
        origins = (found for folder, found in self._accepted_origins.items() if self._lacks_digests(folder))
        return [*self._accepted, *origins, *follows]

    def findings(self) -> Iterator[Finding]:
        """The findings that prevent the proof, once all entries are added."""
        yield from self._findings
        for log_file in sorted(name for names in self._unverifiable.values() for name in names):
            yield Finding(finding=UNVERIFIABLE, of=log_file, why=_DIGESTS[UNVERIFIABLE])
        yield from self._unproven_findings()
        if not self.delivered and not self._spans:
            why = "the ledger has no log file and no digest: is there a trail, and did it deliver in this window?"
            yield Finding(
                finding="nothing-delivered", of=f"{format_time(self.since)} to {format_time(self.until)}", why=why
            )
        yield from self._gaps()

    def _unproven_findings(self) -> Iterator[Finding]:
        for folder, log_files in sorted(self._unproven.items()):
            if folder in self._spans:
                why = "no CloudTrail digest lists it yet"
                others = (name for name in log_files if not self._is_of_an_accepted_hour(name))
                if folder in self._accepted_origins:
                    others = (name for name in others if self._is_of_an_hour(name))
                yield from (Finding(finding="unproven", of=log_file, why=why) for log_file in others)
            elif folder not in self._accepted_origins:
                files = counted(len(log_files), "log file")
                why = f"{files} delivered in the window, but no digest: is log file validation on?"
                yield Finding(finding=NO_DIGESTS, of=folder, why=why)
        for folder in sorted(self._lacking):
            if folder in self._spans or folder not in self._unproven:
                why = "log files that arrived in the window are of times without digests: who wrote them, and when?"
                yield Finding(finding=NO_DIGESTS, of=folder, why=why)

    def _lacks_digests(self, folder: str) -> bool:
        """Whether the window has log files of that account and Region whose time no digest covers."""
        log_files = self._unproven.get(folder, ())
        return folder not in self._spans or any(not self._is_of_an_hour(name) for name in log_files)

    def _is_of_an_hour(self, log_file: str) -> bool:
        """Whether any digest covers the time in the name of a log file."""
        key = log_key_of(log_file)
        if key is None or key.delivered_at is None:
            return False
        return is_covered(parse_time(key.delivered_at), self._spans.get(key.folder(DIGEST_FOLDER), ()))

    def _is_of_an_accepted_hour(self, log_file: str) -> bool:
        """Whether it has been accepted that a digest for the time of that log file proves nothing."""
        key = log_key_of(log_file)
        if key is None or key.delivered_at is None:
            return False
        spans = self._spans.get(key.folder(DIGEST_FOLDER), ())
        return is_covered(parse_time(key.delivered_at), (span for span in spans if span.accepted and not span.verified))

    def _gaps(self) -> Iterator[Finding]:
        until = min(self.until, self.now - LISTED_WITHIN)
        chains = chains_of(span for spans in self._spans.values() for span in spans)
        for chain in sorted(chains.keys() | self._known.keys()):
            # Hours with an accepted digest are reported as accepted, not as gaps.
            spans = [replace(span, verified=span.verified or span.accepted) for span in chains.get(chain, [])]
            # A chain that was not known before does not cover the time before it starts.
            is_new = bool(spans) and spans[0].begins and chain not in self._known
            for begin, end in gaps(spans, max(spans[0].start, self.since) if is_new else self.since, until):
                hours = f"no verified digest covers {format_time(begin)} to {format_time(end)}"
                yield Finding(
                    finding="gap", of=chain, why=f"{hours}: is the trail stopped, or is a digest not verified?"
                )


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

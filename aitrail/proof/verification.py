"""Verifies that every delivery of a window is accounted for, from ledger, table and bucket, for `aitrail verify`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.deliveries import (
    Content,
    Origins,
    Scope,
    UnavailableError,
    bucket_and_key,
    content_ahead,
    content_of,
    delivered_at,
    kind_of,
    log_key_of,
    origin_of,
)
from aitrail.digests import MARGIN, PublicKeys
from aitrail.ledger import AWAITED, CHAINS, DIGEST, FILE, NO_DIGESTS, RESTARTS, UNLISTED, UNVERIFIABLE, LedgerReader
from aitrail.proof.deep_proof import DeepProof
from aitrail.proof.findings import Finding
from aitrail.proof.ledger_proof import LISTED_WITHIN, Proof, days_of
from aitrail.proof.listed import ListedFiles
from aitrail.proof.rechecking import Rechecking
from aitrail.proof.restarts import Restart, key_of
from aitrail.proof.row_proof import RowCheck, RowProof
from aitrail.questions import Row, RowSource
from aitrail.rows import Expiry, Reading, Redaction, recorded_with
from aitrail.services import Registry
from aitrail.window import Window, format_time

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_Entry = dict[str, Any]
_DAY = len("YYYY-MM-DD")
# Problems that re-announcing can solve: awaited objects, and digests whose public key was not available.
_MENDED = (AWAITED, UNVERIFIABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result: counts of log files and records as in `aitrail.proof.ledger_proof.Proof`, events and their rows.

    `window` is as given, unless it `ends_when_closed`: then it ends where the chains of digests have closed the time.
    The ledger may lack entries of deliveries before `horizon`; None if it keeps them forever. `read_again` counts log
    files that were read again. `not_listed_yet` are log files of later hours with rows in this window; no digest lists
    them yet. `findings` prevent the proof; `accepted` problems do not, because an operator has investigated them.
    `too_many` are the rows that the log file they name did not become: eventID -> log file.
    """

    window: Window
    ends_when_closed: bool
    horizon: datetime | None
    delivered: int
    verified: int
    records: int
    wanted: int
    rejected: int
    expired: int
    distinct: int
    rows: int
    read_again: int
    not_listed_yet: tuple[str, ...]
    findings: tuple[Finding, ...]
    accepted: tuple[Finding, ...]
    too_many: Mapping[str, str]

    @property
    def proved(self) -> bool:
        """Whether the window is proved."""
        return not self.findings

    def to_announce(self) -> Iterator[str]:
        """The names of the objects that re-announcing may bring in."""
        yield from (finding.of for finding in self.findings if finding.finding in _MENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Verifies windows of one deployment. `origins` limit the accounts and Regions; `retention` is for rows.

    `scope` is the place where the function ingests log files, None for all places. It also says whether that is a
    replicated copy of another bucket. With `ends_when_closed`, a window
    ends where the chains of digests are closed, even if it is given a later end.
    With `rechecks`, digests that the function could not verify are checked again with `public_keys`.
    """

    reader: LedgerReader
    source: RowSource
    s3: "S3Client"
    public_keys: PublicKeys
    registry: Registry
    now: datetime
    retention: timedelta | None = None
    redaction: Redaction | None = None
    ledger_retention: timedelta | None = None
    origins: Origins = field(default_factory=Origins)
    scope: Scope | None = None
    ends_when_closed: bool = False
    rechecks: bool = False
    progress: Callable[[str], None] = lambda _: None
    clock: Clock = SYSTEM_CLOCK

    def verify(self, window: Window) -> Verdict:
        """Verifies a window with ledger and table; reads only those log files again that these two do not prove."""
        proof = self._proof(window)
        rows = self._row_check(proof).prove(proof.events)
        self._add_origins(proof)
        return self._verdict(proof, rows, window)

    def verify_deep(self, window: Window) -> Verdict:
        """Verifies a window by reading every digest, log file and row again."""
        proof = self._proof(window)
        deep = DeepProof(
            fetch=self._fetch,
            reading=self._reading,
            check=self._row_check(proof),
            public_keys=self.public_keys,
            original=self._original,
        )
        is_asked = partial(self._should_be_there, proof)
        for name in deep.prove(proof.digests, proof.ingested, proof.verified_by, is_asked=is_asked):
            self.progress(name)
        deep.look_for_others(proof.ingested, proof.events)
        deep.proof.read_again = len(proof.ingested)
        self._add_origins(proof)
        return self._verdict(proof, deep.proof, window)

    def _row_check(self, proof: Proof) -> RowCheck:
        return RowCheck(
            source=self.source,
            ledger=proof,
            expiry=Expiry(now=self.now, retention=self.retention),
            read_again=self._rows_of,
            entries_of=self._entries_of,
            is_asked=self._is_asked,
        )

    def _entries_of(self, log_files: Iterable[str]) -> Iterator[dict[str, Any]]:
        keys = ({"logFile": name, "entry": FILE} for name in log_files)
        return (entry for entry in self.reader.whole(keys) if "deliveryDay" in entry)

    def _proof(self, window: Window) -> Proof:
        possible = window.clamped(self.now)
        proof = Proof(
            since=possible.since,
            until=possible.until,
            now=self.now,
            recorded_with=recorded_with(self.registry, self.redaction),
            ends_when_closed=self.ends_when_closed,
            horizon=self._horizon,
        )
        rechecking = Rechecking(fetch=self._fetch, public_keys=self.public_keys, original=self._original)
        if self.rechecks:
            for name in rechecking.check(self._unverifiable(possible)):
                self.progress(name)
        self._add_all(proof, possible, rechecking.corrected)
        proof.close()
        for name in filter(partial(self._should_be_there, proof), rechecking.unknown()):
            proof.find_unknown(name)
        return proof

    def _add_origins(self, proof: Proof) -> None:
        """Adds what the ledger knows of accounts and Regions, once everything else has been added to the proof."""
        for item in self.reader.whole({"logFile": folder, "entry": CHAINS} for folder in proof.uncertain_chains):
            proof.add_chains(item)
        for entry in self.reader.whole({"logFile": folder, "entry": NO_DIGESTS} for folder in proof.origins):
            proof.add_origin(entry)

    def _add_all(self, proof: Proof, possible: Window, corrected: Callable[[_Entry], _Entry]) -> None:
        for day in days_of(Window(since=proof.since, until=proof.until), self.now):
            self.progress(day)
            self._add(proof, self.reader.of_day(day), corrected)
        for item in self.reader.whole(self.reader.of_day(RESTARTS)):
            if (key := key_of(item)) and self.origins.have(key):
                proof.add_restart(Restart.of(item))
        for entry in self.reader.whole(filter(partial(_is_named_later, possible), self.reader.with_problem(UNLISTED))):
            if self._is_asked(entry["logFile"]) and entry["logFile"] not in proof.named(UNLISTED):
                proof.add(entry)

    def _unverifiable(self, window: Window) -> Iterator[str]:
        """The unverifiable digests that may cover a part of the window."""
        first, last = format_time(window.since), format_time(window.until + LISTED_WITHIN)
        for entry in self.reader.with_problem(UNVERIFIABLE):
            key = log_key_of(entry["logFile"])
            if key and key.delivered_at and first <= key.delivered_at <= last and self.origins.have(key):
                yield entry["logFile"]

    @property
    def _horizon(self) -> datetime | None:
        """The time since which no entry has expired of anything that the digests around it list."""
        return None if self.ledger_retention is None else self.now - self.ledger_retention + 2 * MARGIN

    def _add(self, proof: Proof, entries: Iterable[_Entry], corrected: Callable[[_Entry], _Entry]) -> None:
        """Adds entries to the proof; those that the index does not show enough of are first read completely."""

        def others() -> Iterator[_Entry]:
            for entry in entries:
                if not self._is_asked(entry["logFile"]):
                    continue
                if _needs_all(entry):
                    yield entry
                else:
                    proof.add(corrected(entry))

        for entry in self.reader.whole(others()):
            proof.add(corrected(entry))

    def _not_ingested(self, proof: Proof) -> Iterator[Finding]:
        """The log files that digests list without an entry in the ledger."""
        listed = ListedFiles(
            fetch=self._fetch,
            public_keys=self.public_keys,
            reader=self.reader,
            is_asked=partial(self._should_be_there, proof),
            original=self._original,
        )
        yield from listed.findings(proof.incomplete())

    def _is_asked(self, log_file: str) -> bool:
        """Whether the account and Region of an object are selected."""
        key = origin_of(log_file)
        return key is not None and self.origins.have(key)

    def _should_be_there(self, proof: Proof, log_file: str) -> bool:
        """Whether the ledger should have an entry for a log file that a digest lists."""
        is_here = self.scope is None or self.scope.holds(*bucket_and_key(log_file))
        return is_here and kind_of(log_file).ingested and self._is_asked(log_file) and proof.expects(log_file)

    @property
    def _original(self) -> str | None:
        return self.scope.original if self.scope else None

    def _fetch(self, name: str) -> Content:
        return content_ahead(self.s3, name, clock=self.clock)

    def _reading(self, stream: BinaryIO, name: str) -> Reading:
        """Reads a log file, including rows that have expired: others may be left of an earlier retention."""
        return Reading(stream, log_file=name, registry=self.registry, redaction=self.redaction)

    def _rows_of(self, entry: Mapping[str, Any]) -> Iterator[Row]:
        """The rows of the content that the ledger has of a log file."""
        name = entry["logFile"]
        with content_of(self.s3, name, version_id=entry.get("versionId"), clock=self.clock).open() as stream:
            reading = self._reading(stream, name)
            for batch in reading.batches():
                yield from batch.rows
        if reading.content.sha256 != entry.get("sha256"):
            raise UnavailableError("its content is not the content that was ingested")

    def _verdict(self, proof: Proof, rows: RowProof, window: Window) -> Verdict:
        found, accepted = (*proof.findings(), *self._not_ingested(proof)), tuple(proof.accepted)
        # Reading again need not report what the ledger already reports.
        known = {(finding.finding, finding.of) for finding in (*found, *accepted)}
        more = (finding for finding in rows.findings if (finding.finding, finding.of) not in known)
        return Verdict(
            window=Window(since=window.since, until=proof.until if self.ends_when_closed else window.until),
            ends_when_closed=self.ends_when_closed,
            horizon=self._horizon,
            delivered=proof.delivered,
            verified=proof.verified,
            records=proof.counts["records"],
            wanted=proof.counts["wanted"],
            rejected=proof.counts["rejected"],
            expired=proof.counts["expired"],
            distinct=rows.distinct,
            rows=rows.rows,
            read_again=rows.read_again,
            not_listed_yet=tuple(sorted(proof.not_listed_yet)),
            findings=(*found, *more),
            accepted=accepted,
            too_many=rows.too_many,
        )


def _is_named_later(window: Window, entry: dict[str, Any]) -> bool:
    """Whether the name of a file says a time in the window although it was stored, and is filed, before."""
    named, stored = delivered_at(entry["logFile"]), entry.get("storedAt")
    first, last = window.bounds
    return named is not None and stored is not None and stored[:_DAY] < named[:_DAY] and first <= named <= last


def _needs_all(entry: dict[str, Any]) -> bool:
    """Whether the proof depends on attributes of an entry that its index entry does not have."""
    is_listed_otherwise = "problem" in entry and "verifiedBy" not in entry
    key, day = log_key_of(entry["logFile"]), entry.get("deliveryDay", "")
    is_filed_otherwise = key is not None and not (key.delivered_at or "").startswith(day)
    return "accepted" in entry or entry["entry"] == DIGEST or is_listed_otherwise or is_filed_otherwise

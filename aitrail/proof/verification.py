"""Verifies that every delivery of a window is accounted for, from ledger, table and bucket, for `aitrail verify`."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

from aitrail.deliveries import Origins, Scope, bucket_and_key, content_of, kind_of, log_key_of
from aitrail.digests import MARGIN, PublicKeys
from aitrail.ledger import AWAITED, DIGEST, RESTARTS, UNVERIFIABLE, LedgerReader
from aitrail.proof.deep_proof import DeepProof
from aitrail.proof.ledger_proof import Finding, Proof, days_of
from aitrail.proof.listed import ListedFiles
from aitrail.proof.restarts import Restart, key_of
from aitrail.proof.row_proof import RowProof, prove_rows
from aitrail.questions import Row, RowSource
from aitrail.rows import Reading, recorded_with
from aitrail.services import Registry
from aitrail.window import Window

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# Problems that re-announcing can solve: awaited objects, and digests whose public key was not available.
_MENDED = (AWAITED, UNVERIFIABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result: counts of log files and records as in `aitrail.proof.ledger_proof.Proof`, events and their rows.

    `window` is as given, unless it `ends_when_closed`: then it ends where the chains of digests have closed the time.
    The ledger may lack entries of deliveries before `horizon`; None if it keeps them forever. `read_again` counts log
    files that were read again. `findings` prevent the proof; `accepted` problems do not, because an operator has
    investigated them.
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
    findings: tuple[Finding, ...]
    accepted: tuple[Finding, ...]

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

    `scope` is the place where the function ingests log files, None for all places. With `ends_when_closed`, a window
    ends where the chains of digests are closed, even if it is given a later end.
    """

    reader: LedgerReader
    source: RowSource
    s3: "S3Client"
    public_keys: PublicKeys
    registry: Registry
    now: datetime
    retention: timedelta | None = None
    ledger_retention: timedelta | None = None
    origins: Origins = field(default_factory=Origins)
    scope: Scope | None = None
    ends_when_closed: bool = False
    progress: Callable[[str], None] = lambda _: None

    def verify(self, window: Window) -> Verdict:
        """Verifies a window with ledger and table; only log files with missing or shared rows are read again."""
        proof = self._proof(window)
        is_ours = partial(self._is_expected, proof)
        rows = prove_rows(proof.rows, self.source, self._rows_of, events=proof.events, is_ours=is_ours)
        return self._verdict(proof, rows, window)

    def verify_deep(self, window: Window) -> Verdict:
        """Verifies a window by reading every digest, log file and row again."""
        proof = self._proof(window)
        deep = DeepProof(
            fetch=lambda name: content_of(self.s3, name),
            reading=self._reading,
            source=self.source,
            public_keys=self.public_keys,
        )
        is_ours = partial(self._is_expected, proof)
        is_asked = partial(self._should_be_there, proof)
        for name in deep.prove(proof.digests, proof.ingested, proof.verified_by, is_asked=is_asked):
            self.progress(name)
        deep.look_for_others(proof.events, is_ours=is_ours)
        deep.proof.read_again = len(proof.ingested)
        return self._verdict(proof, deep.proof, window)

    def _proof(self, window: Window) -> Proof:
        possible = window.clamped(self.now)
        proof = Proof(
            since=possible.since,
            until=possible.until,
            now=self.now,
            recorded_with=recorded_with(self.registry),
            ends_when_closed=self.ends_when_closed,
            horizon=self._horizon,
        )
        for day in days_of(Window(since=proof.since, until=proof.until), self.now):
            self.progress(day)
            self._add(proof, self.reader.of_day(day))
        for item in self.reader.whole(self.reader.of_day(RESTARTS)):
            if (key := key_of(item)) and self.origins.have(key):
                proof.add_restart(Restart.of(item))
        proof.close()
        return proof

    @property
    def _horizon(self) -> datetime | None:
        """The time since which no entry has expired of anything that the digests around it list."""
        return None if self.ledger_retention is None else self.now - self.ledger_retention + 2 * MARGIN

    def _add(self, proof: Proof, entries: Iterable[dict[str, Any]]) -> None:
        """Adds entries to the proof; those that the index does not show enough of are first read completely."""

        def others() -> Iterator[dict[str, Any]]:
            for entry in entries:
                if not self._is_asked(entry["logFile"]):
                    continue
                if _needs_all(entry):
                    yield entry
                else:
                    proof.add(entry)

        for entry in self.reader.whole(others()):
            proof.add(entry)

    def _not_ingested(self, proof: Proof) -> Iterator[Finding]:
        """The log files that digests list without an entry in the ledger."""
        listed = ListedFiles(
            fetch=lambda name: content_of(self.s3, name),
            public_keys=self.public_keys,
            reader=self.reader,
            is_asked=partial(self._should_be_there, proof),
        )
        yield from listed.findings(proof.incomplete())

    def _is_asked(self, log_file: str) -> bool:
        """Whether the account and Region of an object are selected."""
        key = log_key_of(log_file)
        return key is not None and self.origins.have(key)

    def _is_expected(self, proof: Proof, log_file: str) -> bool:
        """Whether an object is selected and its rows are known."""
        return self._is_asked(log_file) and proof.expects(log_file)

    def _should_be_there(self, proof: Proof, log_file: str) -> bool:
        """Whether the ledger should have an entry for a log file that a digest lists."""
        is_here = self.scope is None or self.scope.holds(*bucket_and_key(log_file))
        return is_here and kind_of(log_file).ingested and self._is_expected(proof, log_file)

    def _reading(self, stream: BytesIO, name: str) -> Reading:
        return Reading(stream, log_file=name, registry=self.registry, retention=self.retention, now=self.now)

    def _rows_of(self, name: str) -> Iterator[Row]:
        content, _ = content_of(self.s3, name)
        for batch in self._reading(BytesIO(content), name).batches():
            yield from batch.rows

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
            findings=(*found, *more),
            accepted=accepted,
        )


def _needs_all(entry: dict[str, Any]) -> bool:
    """Whether the proof depends on attributes of an entry that its index entry does not have."""
    is_listed_otherwise = "problem" in entry and "verifiedBy" not in entry
    return "accepted" in entry or entry["entry"] == DIGEST or is_listed_otherwise

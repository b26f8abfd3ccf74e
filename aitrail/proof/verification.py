"""Verifies that every delivery of a window is accounted for, from ledger, table and bucket, for `aitrail verify`."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

from aitrail.deliveries import Origins, content_of, log_key_of, origin_of
from aitrail.digests import PublicKeys
from aitrail.ledger import AWAITED, NO_DIGESTS, UNVERIFIABLE, LedgerReader
from aitrail.proof.deep_proof import DeepProof
from aitrail.proof.ledger_proof import LISTED_WITHIN, Finding, Proof, days_of
from aitrail.proof.rechecking import Rechecking
from aitrail.proof.row_proof import RowProof, prove_rows
from aitrail.questions import Row, RowSource
from aitrail.rows import Reading, recorded_with
from aitrail.services import Registry
from aitrail.window import Window, format_time

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_Entry = dict[str, Any]
# Problems that re-announcing can solve: awaited objects, and digests whose public key was not available.
_MENDED = (AWAITED, UNVERIFIABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result: counts of log files and records as in `aitrail.proof.ledger_proof.Proof`, events and their rows.

    `read_again` counts log files that were read again. `findings` prevent the proof; `accepted` problems do not,
    because an operator has investigated them.
    """

    delivered: int
    verified: int
    open: int
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
        """Whether the window is proved; files that are too recent to be listed do not prevent this."""
        return not self.findings

    def to_announce(self) -> Iterator[str]:
        """The names of the objects that re-announcing may bring in."""
        yield from (finding.of for finding in self.findings if finding.finding in _MENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Verifies windows of one deployment. `origins` limit the accounts and Regions; `retention` is for rows.

    With `rechecks`, digests that the function could not verify are checked again with `public_keys`.
    """

    reader: LedgerReader
    source: RowSource
    s3: "S3Client"
    public_keys: PublicKeys
    registry: Registry
    now: datetime
    retention: timedelta | None = None
    origins: Origins = field(default_factory=Origins)
    rechecks: bool = False
    progress: Callable[[str], None] = lambda _: None

    def verify(self, window: Window) -> Verdict:
        """Verifies a window with ledger and table; only log files with missing or shared rows are read again."""
        proof = self._proof(window)
        is_ours = partial(self._is_expected, proof)
        rows = prove_rows(proof.rows, self.source, self._rows_of, events=proof.events, is_ours=is_ours)
        return _verdict(proof, rows)

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
        for name in deep.prove(proof.digests, proof.ingested, proof.verified_by, is_asked=is_ours):
            self.progress(name)
        deep.look_for_others(proof.events, is_ours=is_ours)
        deep.proof.read_again = len(proof.ingested)
        return _verdict(proof, deep.proof)

    def _proof(self, window: Window) -> Proof:
        proof = Proof(since=window.since, until=window.until, now=self.now, recorded_with=recorded_with(self.registry))
        rechecking = Rechecking(fetch=partial(content_of, self.s3), public_keys=self.public_keys)
        if self.rechecks:
            for name in rechecking.check(self._unverifiable(window)):
                self.progress(name)
        for day in days_of(window, self.now):
            self.progress(day)
            self._add(proof, self.reader.of_day(day), rechecking.corrected)
        for name in filter(partial(self._is_expected, proof), rechecking.unknown()):
            proof.find_unknown(name)
        for entry in self.reader.whole({"logFile": folder, "entry": NO_DIGESTS} for folder in proof.origins):
            proof.add_origin(entry)
        return proof

    def _unverifiable(self, window: Window) -> Iterator[str]:
        """The unverifiable digests that may cover a part of the window."""
        first, last = format_time(window.since), format_time(window.clamped(self.now).until + LISTED_WITHIN)
        for entry in self.reader.with_problem(UNVERIFIABLE):
            key = log_key_of(entry["logFile"])
            if key and key.delivered_at and first <= key.delivered_at <= last and self.origins.have(key):
                yield entry["logFile"]

    def _add(self, proof: Proof, entries: Iterable[_Entry], corrected: Callable[[_Entry], _Entry]) -> None:
        """Adds entries to the proof; entries with acceptances are first read with all attributes."""
        asked = (entry for entry in entries if self._is_asked(entry["logFile"]))
        accepted = list[_Entry]()
        for entry in asked:
            if "accepted" in entry:
                accepted.append(entry)
            else:
                proof.add(corrected(entry))
        for entry in self.reader.whole(accepted):
            proof.add(corrected(entry))

    def _is_asked(self, log_file: str) -> bool:
        """Whether the account and Region of an object are selected."""
        key = origin_of(log_file)
        return key is not None and self.origins.have(key)

    def _is_expected(self, proof: Proof, log_file: str) -> bool:
        """Whether an object is selected and its rows are known."""
        return self._is_asked(log_file) and proof.expects(log_file)

    def _reading(self, stream: BytesIO, name: str) -> Reading:
        return Reading(stream, log_file=name, registry=self.registry, retention=self.retention, now=self.now)

    def _rows_of(self, name: str) -> Iterator[Row]:
        content, _ = content_of(self.s3, name)
        for batch in self._reading(BytesIO(content), name).batches():
            yield from batch.rows


def _verdict(proof: Proof, rows: RowProof) -> Verdict:
    found, accepted = tuple(proof.findings()), tuple(proof.accepted)
    # Reading again need not report what the ledger already reports.
    known = {(finding.finding, finding.of) for finding in (*found, *accepted)}
    more = (finding for finding in rows.findings if (finding.finding, finding.of) not in known)
    return Verdict(
        delivered=proof.delivered,
        verified=proof.verified,
        open=proof.open,
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

"""Verifies that every delivery of a window is accounted for, from ledger, table and bucket, for `aitrail verify`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

from aitrail.deliveries import Origins, UnavailableError, content_of, log_key_of
from aitrail.digests import PublicKeys
from aitrail.ledger import AWAITED, FILE, UNVERIFIABLE, LedgerReader
from aitrail.proof.deep_proof import DeepProof
from aitrail.proof.ledger_proof import Finding, Proof, days_of
from aitrail.proof.row_proof import RowCheck, RowProof
from aitrail.questions import Row, RowSource
from aitrail.rows import Expiry, Reading, Redaction, recorded_with
from aitrail.services import Registry
from aitrail.window import Window

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# Problems that re-announcing can solve: awaited objects, and digests whose public key was not available.
_MENDED = (AWAITED, UNVERIFIABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result: counts of log files and records as in `aitrail.proof.ledger_proof.Proof`, events and their rows.

    `read_again` counts log files that were read again. `findings` prevent the proof; `accepted` problems do not,
    because an operator has investigated them. `too_many` are the rows that the log file they name did not become:
    eventID -> log file.
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
    too_many: Mapping[str, str]

    @property
    def proved(self) -> bool:
        """Whether the window is proved; files that are too recent to be listed do not prevent this."""
        return not self.findings

    def to_announce(self) -> Iterator[str]:
        """The names of the objects that re-announcing may bring in."""
        yield from (finding.of for finding in self.findings if finding.finding in _MENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Verifies windows of one deployment. `origins` limit the accounts and Regions; `retention` is for rows."""

    reader: LedgerReader
    source: RowSource
    s3: "S3Client"
    public_keys: PublicKeys
    registry: Registry
    now: datetime
    retention: timedelta | None = None
    redaction: Redaction | None = None
    origins: Origins = field(default_factory=Origins)
    progress: Callable[[str], None] = lambda _: None

    def verify(self, window: Window) -> Verdict:
        """Verifies a window with ledger and table; reads only those log files again that these two do not prove."""
        proof = self._proof(window)
        return _verdict(proof, self._row_check(proof).prove(proof.events))

    def verify_deep(self, window: Window) -> Verdict:
        """Verifies a window by reading every digest, log file and row again."""
        proof = self._proof(window)
        deep = DeepProof(
            fetch=lambda name: content_of(self.s3, name),
            reading=self._reading,
            check=self._row_check(proof),
            public_keys=self.public_keys,
        )
        is_ours = partial(self._is_expected, proof)
        for name in deep.prove(proof.digests, proof.ingested, proof.verified_by, is_asked=is_ours):
            self.progress(name)
        deep.look_for_others(proof.ingested, proof.events)
        deep.proof.read_again = len(proof.ingested)
        return _verdict(proof, deep.proof)

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
        version = recorded_with(self.registry, self.redaction)
        proof = Proof(since=window.since, until=window.until, now=self.now, recorded_with=version)
        for day in days_of(window, self.now):
            self.progress(day)
            self._add(proof, self.reader.of_day(day))
        return proof

    def _add(self, proof: Proof, entries: Iterable[dict[str, Any]]) -> None:
        """Adds entries to the proof; entries with acceptances are first read with all attributes."""
        asked = (entry for entry in entries if self._is_asked(entry["logFile"]))
        accepted = list[dict[str, Any]]()
        for entry in asked:
            if "accepted" in entry:
                accepted.append(entry)
            else:
                proof.add(entry)
        for entry in self.reader.whole(accepted):
            proof.add(entry)

    def _is_asked(self, log_file: str) -> bool:
        """Whether the account and Region of an object are selected."""
        key = log_key_of(log_file)
        return key is not None and self.origins.have(key)

    def _is_expected(self, proof: Proof, log_file: str) -> bool:
        """Whether an object is selected and its rows are known."""
        return self._is_asked(log_file) and proof.expects(log_file)

    def _reading(self, stream: BinaryIO, name: str) -> Reading:
        """Reads a log file, including rows that have expired: others may be left of an earlier retention."""
        return Reading(stream, log_file=name, registry=self.registry, redaction=self.redaction)

    def _rows_of(self, entry: Mapping[str, Any]) -> Iterator[Row]:
        """The rows of the content that the ledger has of a log file."""
        name = entry["logFile"]
        content, _ = content_of(self.s3, name, version_id=entry.get("versionId"))
        reading = self._reading(BytesIO(content), name)
        for batch in reading.batches():
            yield from batch.rows
        if reading.content.sha256 != entry.get("sha256"):
            raise UnavailableError("its content is not the content that was ingested")


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
        too_many=rows.too_many,
    )

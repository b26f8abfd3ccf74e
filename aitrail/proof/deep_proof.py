"""The proof without trusting the ledger: reads digests, log files and rows again, and compares them."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO

from aitrail.aws import in_order
from aitrail.deliveries import UnavailableError, bucket_and_key, kind_of
from aitrail.digests import InvalidDigest, PublicKeys, UnavailableKey, read_digest
from aitrail.logfile import DamagedGzip, UnreadableLogFile, inflated
from aitrail.proof.ledger_proof import Finding
from aitrail.proof.row_proof import RowCheck, RowProof
from aitrail.proof.seen_rows import see_rows
from aitrail.questions import Row
from aitrail.rows import Reading
from aitrail.window import Window

_STEP_BYTES = 128 * 1024
# No log file is larger (see aitrail.logfile.selection.Limits).
_MAX_BYTES = 2 * 1024**3

# Returns content and metadata of an object (s3://bucket/key), or raises UnavailableError.
Fetch = Callable[[str], tuple[bytes, dict[str, str]]]


@dataclass(slots=True, kw_only=True)
class DeepProof:
    """Reads everything again; the result is in the proof of `check`, which compares the rows."""

    fetch: Fetch
    reading: Callable[[BytesIO, str], Reading]
    check: RowCheck
    public_keys: PublicKeys
    # Log file -> SHA-256, as listed by digests with CloudTrail's signature.
    _listed: dict[str, str] = field(default_factory=dict)
    _event_ids: set[str] = field(default_factory=set)
    # The events that have not expired.
    _counted: set[str] = field(default_factory=set)
    # Log files that could not be read completely, so that their rows are not known.
    _unread: set[str] = field(default_factory=set)

    def prove(
        self,
        digests: Iterable[str],
        log_files: Mapping[str, str | None],
        verified_by: Mapping[str, str],
        *,
        is_asked: Callable[[str], bool],
    ) -> Iterator[str]:
        """Reads digests, then log files; yields the name of each once it is done.

        `log_files` maps the log files that the ledger has as ingested to the SHA-256 in the ledger; `verified_by` maps
        log files to the digests that, by the ledger, verified them. `is_asked` selects, among the log files that
        digests list, those to be proved.
        """
        for name, content, metadata in self._fetched(dict.fromkeys((*digests, *verified_by.values()))):
            self._read_digest(name, content, metadata)
            yield name
        for name, content, _ in self._fetched(log_files):
            self._read_log_file(name, content, log_files[name])
            yield name
        for name, digest in verified_by.items():
            if name not in self._listed:
                self._find("unproven", name, f"{digest}, recorded as its proof, does not list it")
        for name in filter(is_asked, self._listed.keys() - log_files.keys()):
            self._find("not-ingested", name, "a digest lists it, but the ledger does not say that it was ingested")

    @property
    def proof(self) -> RowProof:
        """The differences found so far."""
        return self.check.proof

    def _fetched(self, names: Iterable[str]) -> Iterator[tuple[str, bytes, dict[str, str]]]:
        for name, found in in_order(partial(self._attempt, name) for name in names):
            if isinstance(found, UnavailableError):
                self._unread.add(name)
                self._find("missing", name, str(found))
            else:
                yield name, *found

    def _attempt(self, name: str) -> tuple[str, tuple[bytes, dict[str, str]] | UnavailableError]:
        try:
            return name, self.fetch(name)
        except UnavailableError as error:
            return name, error

    def _read_digest(self, name: str, content: bytes, metadata: dict[str, str]) -> None:
        bucket, key = bucket_and_key(name)
        try:
            digest = read_digest(BytesIO(content), bucket=bucket, key=key)
            self.public_keys.check(digest, metadata)
        except (InvalidDigest, UnavailableKey) as error:
            self._find("invalid" if isinstance(error, InvalidDigest) else "unverifiable", name, str(error))
            return
        self._listed |= {
            each.log_file: each.sha256
            for each in digest.log_files
            if each.bucket == bucket and kind_of(each.key).ingested
        }

    def _read_log_file(self, name: str, content: bytes, recorded: str | None) -> None:
        try:
            sha256 = _sha256(content)
            if self._listed.get(name, sha256) != sha256:
                self._find("tampered", name, "its content does not match CloudTrail's digest")
            if recorded != sha256:
                self._find("changed", name, "its content is not the content that was ingested")
            if recorded != sha256 or self._listed.get(name, sha256) != sha256 or self.check.is_strange(name):
                self._unread.add(name)  # nothing says what rows it should have
                return
            for batch in self.reading(BytesIO(content), name).batches():
                self._compare(batch.rows)
        except (UnreadableLogFile, DamagedGzip) as error:
            self._unread.add(name)
            self._find("unreadable", name, str(error))

    def _compare(self, made: list[Row]) -> None:
        """Compares the rows made from a log file with the rows in the table."""
        self._event_ids.update(row["eventID"] for row in made)
        due = [row for row in made if not self.check.expiry.has_passed(row["eventTime"])]
        found_rows = self.check.source.whole({"eventID": row["eventID"]} for row in due)
        for row, found in zip(due, found_rows, strict=True):
            is_new = row["eventID"] not in self._counted
            self._counted.add(row["eventID"])
            self.proof.distinct += is_new
            self.proof.rows += is_new and len(found) > 1
            self.proof.compare(row, found)

    def look_for_others(self, log_files: Collection[str], events: Window) -> None:
        """Finds rows of these events that no log file of the window became; `log_files` are those that were read."""
        seen = see_rows(self.check.source, events, files=log_files, expiry=self.check.expiry)
        for _ in self.check.look_elsewhere(seen):
            pass  # ingested in the meantime: the ledger's proof has it now, its rows are not compared
        self.check.suspected |= {name: self._event_ids for name in log_files if name not in self._unread}
        self.check.name_too_many(events)

    def _find(self, finding: str, name: str, why: str) -> None:
        self.proof.findings.append(Finding(finding=finding, of=name, why=why))


def _sha256(content: bytes) -> str:
    """SHA-256 (hex) of the uncompressed content, or of its beginning if it is too large. Raises DamagedGzip."""
    digest, size = hashlib.sha256(), 0
    for piece in inflated(BytesIO(content), _STEP_BYTES):
        digest.update(piece)
        size += len(piece)
        if size > _MAX_BYTES:
            break
    return digest.hexdigest()

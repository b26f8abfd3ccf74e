"""The proof without trusting the ledger: reads digests, log files and rows again, and compares them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO

from aitrail.aws import in_order
from aitrail.deliveries import Content, UnavailableError, bucket_and_key, kind_of
from aitrail.digests import InvalidDigest, PublicKeys, UnavailableKey, read_digest
from aitrail.logfile import UnreadableLogFile
from aitrail.proof.ledger_proof import Finding
from aitrail.proof.row_proof import RowProof
from aitrail.questions import Filter, Order, Row, RowSource
from aitrail.rows import Reading
from aitrail.window import Window


@dataclass(slots=True, kw_only=True)
class DeepProof:
    """Reads everything again; the result is in `proof`."""

    fetch: Callable[[str], Content]
    reading: Callable[[BinaryIO, str], Reading]
    source: RowSource
    public_keys: PublicKeys
    proof: RowProof = field(default_factory=RowProof)
    # Log file -> SHA-256, as listed by digests with CloudTrail's signature.
    _listed: dict[str, str] = field(default_factory=dict)
    _event_ids: set[str] = field(default_factory=set)
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
        for name in self._each(dict.fromkeys((*digests, *verified_by.values())), self._read_digest):
            yield name
        for name in self._each(log_files, lambda content: self._read_log_file(content, log_files[content.name])):
            yield name
        for name, digest in verified_by.items():
            if name not in self._listed:
                self._find("unproven", name, f"{digest}, recorded as its proof, does not list it")
        for name in filter(is_asked, self._listed.keys() - log_files.keys()):
            self._find("not-ingested", name, "a digest lists it, but the ledger does not say that it was ingested")

    def _each(self, names: Iterable[str], read: Callable[[Content], None]) -> Iterator[str]:
        """Reads these objects; yields the name of each that could be read."""
        for content in in_order(partial(self.fetch, name) for name in names):
            try:
                read(content)
            except UnavailableError as error:
                self._unread.add(content.name)
                self._find("missing", content.name, str(error))
            else:
                yield content.name

    def _read_digest(self, content: Content) -> None:
        name = content.name
        bucket, key = bucket_and_key(name)
        try:
            with content.open() as stream:
                digest = read_digest(stream, bucket=bucket, key=key)
            self.public_keys.check(digest, content.metadata)
        except (InvalidDigest, UnavailableKey) as error:
            self._find("invalid" if isinstance(error, InvalidDigest) else "unverifiable", name, str(error))
            return
        self._listed |= {
            each.log_file: each.sha256
            for each in digest.log_files
            if each.bucket == bucket and kind_of(each.key).ingested
        }

    def _read_log_file(self, content: Content, recorded: str | None) -> None:
        name = content.name
        try:
            with content.open() as stream:
                reading = self.reading(stream, name)
                for batch in reading.batches():
                    self._compare(batch.rows)
        except UnreadableLogFile as error:
            self._unread.add(name)
            self._find("unreadable", name, str(error))
            return
        sha256 = reading.content.sha256
        if self._listed.get(name, sha256) != sha256:
            self._find("tampered", name, "its content does not match CloudTrail's digest")
        if recorded != sha256:
            self._find("changed", name, "its content is not the content that was ingested")

    def _compare(self, made: list[Row]) -> None:
        """Compares the rows made from a log file with the rows in the table."""
        for row, found in zip(made, self.source.whole({"eventID": row["eventID"]} for row in made), strict=True):
            is_new = row["eventID"] not in self._event_ids
            self._event_ids.add(row["eventID"])
            self.proof.distinct += is_new
            self.proof.rows += is_new and len(found) > 1
            self.proof.compare(row, found)

    def look_for_others(self, events: Window | None, *, is_ours: Callable[[str], bool]) -> None:
        """Finds rows that name a log file of the window that was read but that are not made from it."""
        if events is None:
            return
        for row in self.source.whole(self.source.rows(Filter(), events, order=Order.ANY)):
            name = row.get("logFile", "")
            if not is_ours(name):
                self.proof.look_at(row)
            elif name not in self._unread and row["eventID"] not in self._event_ids:
                why = f"it has no record for the row {row['eventID']}: someone else wrote that row"
                self._find("row-too-many", name, why)

    def _find(self, finding: str, name: str, why: str) -> None:
        self.proof.findings.append(Finding(finding=finding, of=name, why=why))

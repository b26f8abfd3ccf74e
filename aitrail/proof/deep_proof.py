"""The proof without trusting the ledger: reads digests, log files and rows again, and compares them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO

from aitrail.aws import in_order
from aitrail.deliveries import Content, UnavailableError, kind_of
from aitrail.digests import InvalidDigest, PublicKeys, UnavailableKey
from aitrail.logfile import UnreadableLogFile
from aitrail.proof.findings import Finding
from aitrail.proof.row_proof import RowCheck, RowProof
from aitrail.proof.seen_rows import see_rows
from aitrail.proof.signed import read_signed
from aitrail.questions import Row
from aitrail.rows import Reading
from aitrail.window import Window


@dataclass(slots=True, kw_only=True)
class DeepProof:
    """Reads everything again; the result is in the proof of `check`, which compares the rows.

    `original` is the bucket of which the log bucket holds a replicated copy, if any.
    """

    fetch: Callable[[str], Content]
    reading: Callable[[BinaryIO, str], Reading]
    check: RowCheck
    public_keys: PublicKeys
    original: str | None = None
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
        for name in self._each(dict.fromkeys((*digests, *verified_by.values())), self._read_digest):
            yield name
        for name in self._each(log_files, lambda content: self._read_log_file(content, log_files[content.name])):
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
        try:
            digest = read_signed(content, self.public_keys, original=self.original)
        except (InvalidDigest, UnavailableKey) as error:
            self._find("invalid" if isinstance(error, InvalidDigest) else "unverifiable", content.name, str(error))
            return
        self._listed |= {
            each.log_file: each.sha256
            for each in digest.log_files
            if each.bucket == digest.bucket and kind_of(each.key).ingested
        }

    def _read_log_file(self, content: Content, recorded: str | None) -> None:
        name, part = content.name, _Part()
        try:
            with content.open() as stream:
                reading = self.reading(stream, name)
                for batch in reading.batches():
                    self._compare(batch.rows, part)
        except UnreadableLogFile as error:
            self._unread.add(name)
            self._find("unreadable", name, str(error))
            return
        sha256 = reading.content.sha256
        is_listed = self._listed.get(name, sha256) == sha256
        if not is_listed:
            self._find("tampered", name, "its content does not match CloudTrail's digest")
        if recorded != sha256:
            self._find("changed", name, "its content is not the content that was ingested")
        if recorded != sha256 or not is_listed or self.check.has_untrusted_content(name):
            self._unread.add(name)  # nothing says what rows it should have
        else:
            self._add(part)

    def _compare(self, made: list[Row], part: "_Part") -> None:
        """Compares the rows made from a log file with the rows in the table."""
        part.event_ids.update(row["eventID"] for row in made)
        due = [row for row in made if not self.check.expiry.has_passed(row["eventTime"])]
        found_rows = self.check.source.whole({"eventID": row["eventID"]} for row in due)
        for row, found in zip(due, found_rows, strict=True):
            part.found[row["eventID"]] = len(found) > 1
            part.proof.compare(row, found)

    def _add(self, part: "_Part") -> None:
        """Adds what was found in a log file whose content is the expected one."""
        new = part.found.keys() - self._counted
        self._counted.update(new)
        self._event_ids |= part.event_ids
        self.proof.distinct += len(new)
        self.proof.rows += sum(part.found[event_id] for event_id in new)
        self.proof.findings += part.proof.findings

    def look_for_others(self, log_files: Collection[str], events: Window) -> None:
        """Finds rows of these events that no log file of the window became; `log_files` are those that were read."""
        seen = see_rows(self.check.source, events, files=log_files, expiry=self.check.expiry)
        for _ in self.check.look_elsewhere(seen):
            pass  # ingested in the meantime: the ledger's proof has it now, its rows are not compared
        self.check.suspected |= {name: self._event_ids for name in log_files if name not in self._unread}
        self.check.name_too_many(events)

    def _find(self, finding: str, name: str, why: str) -> None:
        self.proof.findings.append(Finding(finding=finding, of=name, why=why))


@dataclass(slots=True, kw_only=True)
class _Part:
    """The comparison of one log file: its events; those that have not expired, and whether they have a row."""

    event_ids: set[str] = field(default_factory=set)
    found: dict[str, bool] = field(default_factory=dict)
    proof: RowProof = field(default_factory=RowProof)

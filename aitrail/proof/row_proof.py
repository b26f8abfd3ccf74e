"""The proof that the table has exactly the rows that log files became, each event once.

The ledger has a hash of each log file's rows. If the rows that name a file have that hash, they are the file's. If not,
some are missing, changed or not the file's; or CloudTrail delivered an event in two files, and its row names the other
one. Then the file is read again and compared with the table.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aitrail.cells import counted
from aitrail.deliveries import UnavailableError, delivered_at
from aitrail.ledger import UNLISTED, has_distant_events
from aitrail.logfile import UnreadableLogFile
from aitrail.proof.findings import Finding
from aitrail.proof.ledger_proof import Proof
from aitrail.proof.seen_rows import SeenRows, Times, is_name, named_by, rows_by_file, see_rows
from aitrail.questions import Row, RowSource, differing
from aitrail.rows import OF_PROVENANCE, Expiry, row_hash
from aitrail.window import Window

_EXAMPLES = 3
# Reads a log file of the ledger again, given its whole entry, or raises the errors of reading.
ReadAgain = Callable[[Mapping[str, Any]], Iterator[Row]]


@dataclass(slots=True, kw_only=True)
class RowProof:
    """`distinct` counts the events of the log files, `rows` the ones in the table; `findings` are the differences.

    `too_many` are the rows that the log file they name did not become: eventID -> log file. `read_again` counts log
    files. Rows that have expired do not count, whether or not they are still there.
    """

    distinct: int = 0
    rows: int = 0
    findings: list[Finding] = field(default_factory=list)
    too_many: dict[str, str] = field(default_factory=dict)
    read_again: int = 0

    def compare(self, made: Row, found: Row) -> None:
        """Compares the row in the table, which has only its key if the row is missing, with the expected row."""
        log_file, event_id = made["logFile"], made["eventID"]
        if len(found) == 1:
            why = f"the event {event_id} has no row: `aitrail verify --repair` writes it again"
            self.findings.append(Finding(finding="row-missing", of=log_file, why=why))
        elif names := _differing(found, made):
            why = f"the row of {event_id} has a different {', '.join(names)}: `aitrail verify --repair` writes it again"
            self.findings.append(Finding(finding="row-differs", of=log_file, why=why))

    def find_too_many(self, log_file: str, rows: Iterable[str], why: str) -> None:
        """Adds one finding for rows, given by their eventIDs, that the log file they name did not become."""
        event_ids = sorted(rows)
        if not event_ids:
            return
        self.too_many |= dict.fromkeys(event_ids, log_file)
        examples = ", ".join(event_ids[:_EXAMPLES]) + (", …" if len(event_ids) > _EXAMPLES else "")
        why = f"{counted(len(event_ids), 'row')} ({examples}) {why}: someone else wrote them"
        self.findings.append(Finding(finding="row-too-many", of=log_file, why=why))


def _differing(found: Row, made: Row) -> list[str]:
    if row_hash(found) == row_hash(made):
        return []
    names = [name for name in differing(found, made) if name not in OF_PROVENANCE]
    return names or ["type of an attribute"]


@dataclass(slots=True, kw_only=True)
class RowCheck:
    """Compares the rows of a window with `ledger`, the proof of its deliveries, which is told of files outside it.

    `entries_of` returns the whole ledger entries of log files that have one; `is_asked` says whether the account and
    Region of a log file are selected.
    """

    source: RowSource
    ledger: Proof
    expiry: Expiry
    read_again: ReadAgain
    entries_of: Callable[[Iterable[str]], Iterator[dict[str, Any]]]
    is_asked: Callable[[str], bool]
    proof: RowProof = field(default_factory=RowProof)
    # Log file -> the eventIDs that it became; other rows that name it are not its own.
    suspected: dict[str, Container[str]] = field(default_factory=dict)
    # Log file outside the window that has rows in it -> the rows that it became.
    _distant: dict[str, dict[str, Row]] = field(default_factory=dict)
    _proved: set[str] = field(default_factory=set)
    _event_ids: set[str] = field(default_factory=set)

    def prove(self, events: Window) -> RowProof:
        """Compares the rows of these events with the ledger; reads log files again only where that does not suffice."""
        seen = see_rows(self.source, events, files=self.ledger.ingested, expiry=self.expiry)
        files = self.ledger.rows.items()
        self._count(seen.current[name] for name, _ in files if self.has_untrusted_content(name))
        entries = self.entries_of(name for name, rows in files if rows and not self.has_untrusted_content(name))
        doubtful = [entry for entry in entries if not self._is_proved(entry, seen)]
        doubtful += self.look_elsewhere(seen)
        for entry in doubtful:
            self._compare(entry, seen)
        self.suspected |= {name: () for name, rows in self.ledger.rows.items() if not rows and seen.current[name]}
        self.name_too_many(events)
        return self.proof

    def has_untrusted_content(self, name: str) -> bool:
        """Whether CloudTrail did not write what was read of a log file: nothing says what rows it should have."""
        return name in self.ledger.named(UNLISTED) or name in self.ledger.named("tampered")

    def _is_proved(self, entry: Mapping[str, Any], seen: SeenRows) -> bool:
        """Whether the rows that name a log file are the ones that it became."""
        name = entry["logFile"]
        if name not in seen.hashes or seen.hashes[name].sha256() != entry.get("rowsSha256"):
            return False
        self._proved.add(name)
        self._count([seen.current[name]])
        return True

    def _count(self, rows: Iterable[int]) -> None:
        """Counts rows of the table, each of another event."""
        number = sum(rows)
        self.proof.distinct += number
        self.proof.rows += number

    def look_elsewhere(self, seen: SeenRows) -> Iterator[dict[str, Any]]:
        """Checks the log files that rows name although they are not ingested files of the window.

        Yields the entries of those that have been ingested in the meantime.
        """
        asked = filter(self.is_asked, filter(is_name, seen.elsewhere))
        entries = {entry["logFile"]: entry for entry in self.entries_of(asked)}
        for name, times in seen.elsewhere.items():
            if is_name(name) and not self.is_asked(name):
                continue
            if not self.ledger.expects(name) and not self.ledger.has_events(times.first, times.last):
                continue  # neither the file nor its rows are of the window
            if self.ledger.is_forgotten(name, times.last):
                continue
            entry = entries.get(name, {})
            if "status" not in entry:
                self._look_at_unread(name, is_listed="expectedSha256" in entry)
            elif self.ledger.is_new(entry):
                self.ledger.add_late(entry)
                yield entry
            else:
                self._look_at(entry, times)

    def _look_at_unread(self, name: str, *, is_listed: bool) -> None:
        """Checks rows that name a log file that was not read to its end, or no log file at all."""
        at = delivered_at(name)
        if is_listed or (is_name(name) and at is not None and self.ledger.may_come(at)):
            why = "rows name it although it was not ingested to its end yet: verify again once it is"
            self.proof.findings.append(Finding(finding="row-unknown", of=name, why=why))
        else:
            self.suspected[name] = ()

    def _look_at(self, entry: Mapping[str, Any], times: Times) -> None:
        """Checks rows that name an ingested log file outside the window; the proof of its own window covers others."""
        name = entry["logFile"]
        is_distant = has_distant_events(delivered_at(name), times.first, times.last)
        first, last = entry.get("firstEventTime", ""), entry.get("lastEventTime", "")
        if is_distant and not first <= times.first <= times.last <= last:
            self.suspected[name] = ()
        elif self.ledger.add_file_with_rows(entry, is_distant=is_distant) and is_distant:
            self.proof.read_again += 1
            try:
                made = {row["eventID"]: row for row in self.read_again(entry)}
                self._distant[name] = self.suspected[name] = made
            except (UnavailableError, UnreadableLogFile) as error:
                self._cannot_compare(name, 1, error)

    def _compare(self, entry: Mapping[str, Any], seen: SeenRows) -> None:
        """Reads a log file of the window again, and compares what it becomes with the table."""
        name = entry["logFile"]
        self.proof.read_again += 1
        try:
            made = list(self.read_again(entry))
        except (UnavailableError, UnreadableLogFile) as error:
            self._count_only(entry, seen, error)
            return
        due = [row for row in made if not self.expiry.has_passed(row["eventTime"])]
        found = self.source.whole({"eventID": row["eventID"]} for row in due)
        is_vouched = name in self.ledger.verified_by
        for row, other in zip(due, found, strict=True):
            # A file that no digest lists may repeat an event of one that a digest lists, whose row is the right one.
            if is_vouched or len(other) == 1 or named_by(other) == name:
                self.proof.compare(row, other)
            if row["eventID"] not in self._event_ids and named_by(other) not in self._proved:
                self._event_ids.add(row["eventID"])
                self.proof.distinct += 1
                self.proof.rows += len(other) > 1
        own = set(map(row_hash, made))
        if any(each not in own for each in seen.hashes[name]):
            self.suspected[name] = {row["eventID"] for row in made}

    def _count_only(self, entry: Mapping[str, Any], seen: SeenRows, error: Exception) -> None:
        """What can be said of a log file's rows without reading it again."""
        name, written, rows = entry["logFile"], entry.get("written", 0), seen.current[entry["logFile"]]
        self._count([rows])
        if not rows and self.expiry.has_passed(entry.get("lastEventTime", "")):
            return  # all of them have expired
        # If some name another file with the same events, there are fewer. As many, but with another hash, are not all
        # its own.
        if "rowsSha256" in entry and len(seen.hashes[name]) >= written:
            why = f"{counted(rows, 'row')} name it, but not the {written:,} that it became: someone else wrote some"
            self.proof.findings.append(Finding(finding="row-too-many", of=name, why=why))
        else:
            self._cannot_compare(name, max(written - rows, 1), error)

    def _cannot_compare(self, name: str, rows: int, error: Exception) -> None:
        why = f"{counted(rows, 'row')} of this file could not be checked, because reading it again failed: {error}"
        self.proof.findings.append(Finding(finding="row-unknown", of=name, why=why))

    def name_too_many(self, events: Window) -> None:
        """Finds the rows of these events that name a suspected log file and that it did not become."""
        # Nothing more is to be said of rows that name a file that CloudTrail did not write, but they may be deleted.
        unlisted = self.ledger.named(UNLISTED)
        self.suspected |= dict.fromkeys(unlisted, ())
        found: dict[str, list[str]] = {name: [] for name in self.suspected}
        for name, row in rows_by_file(self.source, events) if found else ():
            if name not in found or self.expiry.has_expired(row):
                continue
            if row["eventID"] not in self.suspected[name]:
                found[name].append(row["eventID"])
            elif made := self._distant.get(name):
                self.proof.compare(made[row["eventID"]], row)
        for name, event_ids in found.items():
            if name in unlisted:
                self.proof.too_many |= dict.fromkeys(event_ids, name)
            else:
                self.proof.find_too_many(name, event_ids, self._reason(name))

    def _reason(self, name: str) -> str:
        if not is_name(name):
            return "name no log file of CloudTrail's"
        if name in self.ledger.ingested:
            return "name it, but it does not have their records"
        return "name it, but it was not ingested with their records"

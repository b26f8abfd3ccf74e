"""The proof that the table has exactly the rows that log files became, each event once."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from aitrail.cells import counted
from aitrail.deliveries import UnavailableError, log_key_of
from aitrail.digests import MARGIN
from aitrail.logfile import UnreadableLogFile
from aitrail.proof.ledger_proof import Finding
from aitrail.questions import Filter, Order, Row, RowSource, differing
from aitrail.window import Window, format_time, parse_time

# Provenance and expiry of a row depend on the file that was read last, or on an import.
OF_PROVENANCE = frozenset({"logFile", "recordIndex", "importedFrom", "expiresAt"})


@dataclass(slots=True, kw_only=True)
class RowProof:
    """`distinct` counts the events of the log files, `rows` the ones in the table; `findings` are the differences."""

    distinct: int = 0
    rows: int = 0
    findings: list[Finding] = field(default_factory=list)
    read_again: int = 0

    def compare(self, made: Row, found: Row) -> None:
        """Compares the row in the table, which has only its key if the row is missing, with the expected row."""
        log_file, event_id = made["logFile"], made["eventID"]
        if len(found) == 1:
            why = f"the event {event_id} has no row: `aitrail retry` with the name of the log file rewrites it"
            self.findings.append(Finding(finding="row-missing", of=log_file, why=why))
        elif names := [each for each in differing(found, made) if each not in OF_PROVENANCE]:
            why = f"the row of {event_id} has a different {', '.join(names)}"
            self.findings.append(Finding(finding="row-differs", of=log_file, why=why))

    def look_at(self, row: Row) -> None:
        """Adds a finding if a row names a log file outside the window that cannot contain the event."""
        key = log_key_of(row.get("logFile", ""))
        latest = format_time(parse_time(row["eventTime"]) - MARGIN)
        if key and key.delivered_at and key.delivered_at < latest:
            why = f"it is older than the event {row['eventID']}, whose row names it: someone else wrote that row"
            self.findings.append(Finding(finding="row-too-many", of=row["logFile"], why=why))


def prove_rows(
    written: Mapping[str, int],
    source: RowSource,
    read_again: Callable[[str], Iterator[Row]],
    *,
    events: Window | None,
    is_ours: Callable[[str], bool],
) -> RowProof:
    """Counts the rows of log files in the table; `written` maps each log file to its number of rows.

    `events` is the window of all events. A log file is proved without reading it again if as many rows name it as were
    written. Otherwise, some of its rows are missing or name another file in which CloudTrail delivered the same event:
    `read_again` returns its rows, without expired ones, or raises the errors of reading a log file. Rows that name an
    unknown log file that should be known (`is_ours`), and more rows than were written for a file, are findings.
    """
    proof = RowProof()
    if events is None:
        return proof
    found = Counter[str]()
    for row in source.whole(source.rows(Filter(), events, order=Order.ANY)):
        name = str(row.get("logFile", ""))
        if name in written or is_ours(name):
            found[name] += 1
        else:
            proof.look_at(row)
    proof.distinct = proof.rows = sum(found[name] for name in written)
    proof.findings += _too_many(written, found)
    seen: set[str] = set()
    for log_file in (name for name, rows in written.items() if found[name] < rows):
        proof.read_again += 1
        try:
            others = [row for row in read_again(log_file) if row["eventID"] not in seen]
        except (UnavailableError, UnreadableLogFile) as error:
            rows = counted(written[log_file] - found[log_file], "row")
            why = f"{rows} of this file could not be checked, because reading it again failed: {error}"
            proof.findings.append(Finding(finding="row-unknown", of=log_file, why=why))
            continue
        seen.update(row["eventID"] for row in others)
        _look_for(proof, others, source, written)
    return proof


def _too_many(written: Mapping[str, int], found: Counter[str]) -> Iterator[Finding]:
    for name, rows in found.items():
        if rows > written.get(name, 0):
            why = f"{rows:,} rows name it, but it became {written.get(name, 0):,}: someone else wrote the others"
            yield Finding(finding="row-too-many", of=name, why=why)


def _look_for(proof: RowProof, made: list[Row], source: RowSource, written: Mapping[str, int]) -> None:
    """Compares the rows of a log file with the table, and counts rows that name a log file outside the window."""
    found = source.whole({"eventID": row["eventID"]} for row in made)
    for row, other in zip(made, found, strict=True):
        proof.compare(row, other)
        if other.get("logFile") in written:
            continue  # counted with the log file that it names
        proof.distinct += 1
        proof.rows += len(other) > 1

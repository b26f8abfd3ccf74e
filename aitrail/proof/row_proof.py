"""Whether the rows that log files became are in the table, each event once, and no others."""

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

# Where a row comes from, and when it expires, differ with the file that was read last, or with an import.
OF_PROVENANCE = frozenset({"logFile", "recordIndex", "importedFrom", "expiresAt"})


@dataclass(slots=True, kw_only=True)
class RowProof:
    """`distinct` events of the log files, `rows` of them in the table, and what is in the way of being the same."""

    distinct: int = 0
    rows: int = 0
    findings: list[Finding] = field(default_factory=list)
    read_again: int = 0

    def compare(self, made: Row, found: Row) -> None:
        """Hold the row of the table, which has nothing but its key where there is none, against the one to be there."""
        log_file, event_id = made["logFile"], made["eventID"]
        if len(found) == 1:
            why = f"the event {event_id} has no row: `aitrail retry` with the name of the log file rewrites it"
            self.findings.append(Finding(finding="row-missing", of=log_file, why=why))
        elif names := [each for each in differing(found, made) if each not in OF_PROVENANCE]:
            why = f"the row of {event_id} has a different {', '.join(names)}"
            self.findings.append(Finding(finding="row-differs", of=log_file, why=why))

    def look_at(self, row: Row) -> None:
        """Doubt a row of a log file that is not of the window, if that cannot hold the event."""
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
    """Count the rows of log files in the table; `written` has how many each became, `events` is their time.

    A log file of whose rows as many name it as it became is proved without reading it again. Of others some rows name
    another file, which CloudTrail delivered the same event in, or are not there: `read_again` gives their rows anew,
    without those that have expired, or raises what reading a log file raises. Rows that name a log file which should
    be known (`is_ours`) and is not, or more rows than a file became, are findings.
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
    """Compare the rows of a log file, and count those that name no log file of the window."""
    found = source.whole({"eventID": row["eventID"]} for row in made)
    for row, other in zip(made, found, strict=True):
        proof.compare(row, other)
        if other.get("logFile") in written:
            continue  # counted where it is
        proof.distinct += 1
        proof.rows += len(other) > 1

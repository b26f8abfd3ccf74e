"""Whether the rows that log files became are in the table, each event once."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from aitrail.bucket import UnavailableError
from aitrail.coverage import moment
from aitrail.filters import Filter
from aitrail.logfile import UnreadableLogFile
from aitrail.proof import Finding
from aitrail.source import Order, Row, RowSource
from aitrail.window import Window


@dataclass(slots=True, kw_only=True)
class RowProof:
    """`distinct` events of the log files, `rows` of them in the table, and what is in the way of being the same."""

    distinct: int = 0
    rows: int = 0
    findings: list[Finding] = field(default_factory=list)
    read_again: int = 0


def prove_rows(
    written: Mapping[str, int],
    source: RowSource,
    read_again: Callable[[str], Iterator[Row]],
    *,
    first_event: str | None,
    last_event: str | None,
) -> RowProof:
    """Count the rows of log files in the table; `written` has how many each became.

    A log file all of whose rows name it is proved without reading it again. Of others some rows name another file,
    which CloudTrail delivered the same event in, or are not there: `read_again` gives their rows anew, without those
    that have expired, or raises what reading a log file raises.
    """
    proof = RowProof()
    if not first_event or not last_event:
        return proof
    window = Window(since=moment(first_event), until=moment(last_event) + timedelta(seconds=1))
    narrow = source.rows(Filter(), window, order=Order.ANY)
    found = Counter(name for row in source.whole(narrow) if (name := row.get("logFile")) in written)
    proof.distinct = proof.rows = found.total()
    seen: set[str] = set()
    for log_file in (name for name, rows in written.items() if found[name] < rows):
        proof.read_again += 1
        try:
            others = [row["eventID"] for row in read_again(log_file)]
        except (UnavailableError, UnreadableLogFile) as error:
            why = f"{written[log_file] - found[log_file]:,} of its rows cannot be told: {error}"
            proof.findings.append(Finding(what="row missing", of=log_file, why=why))
            continue
        _look_for(proof, log_file, [each for each in others if each not in seen], source, written)
        seen.update(others)
    return proof


def _look_for(
    proof: RowProof, log_file: str, event_ids: list[str], source: RowSource, written: Mapping[str, int]
) -> None:
    """Count the events of a log file whose rows name no log file of the window."""
    for row in source.whole({"eventID": event_id} for event_id in event_ids):
        is_there = len(row) > 1
        if is_there and row.get("logFile") in written:
            continue  # counted where it is
        proof.distinct += 1
        proof.rows += is_there
        if not is_there:
            why = f"the event {row['eventID']} has no row: `aitrail retry` with the log file writes it again"
            proof.findings.append(Finding(what="row missing", of=log_file, why=why))

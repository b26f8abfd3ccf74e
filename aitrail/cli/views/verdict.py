"""The verdict on a window of deliveries, formatted for people and for programs."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from aitrail.cells import counted
from aitrail.window import event_time

if TYPE_CHECKING:
    from aitrail.proof import Finding, Verdict


def verdict_report(verdict: "Verdict") -> dict[str, Any]:
    """The verdict for programs; all names are always present."""
    return {
        "proved": verdict.proved,
        "since": event_time(verdict.window.since),
        "until": event_time(verdict.window.until),
        "horizon": event_time(verdict.horizon) if verdict.horizon else None,
        "delivered": verdict.delivered,
        "verified": verdict.verified,
        "records": verdict.records,
        "wanted": verdict.wanted,
        "rejected": verdict.rejected,
        "expired": verdict.expired,
        "distinct": verdict.distinct,
        "rows": verdict.rows,
        "readAgain": verdict.read_again,
        "notListedYet": list(verdict.not_listed_yet),
        "findings": list(map(_finding, verdict.findings)),
        "accepted": list(map(_finding, verdict.accepted)),
    }


def _finding(finding: "Finding") -> dict[str, str]:
    return {"finding": finding.finding, "of": finding.of, "why": finding.why}


def verdict_lines(verdict: "Verdict") -> Iterator[str]:
    """The verdict for people: one sentence, the scope, and every exception."""
    yield _sentence(verdict)
    yield from _scope(verdict)
    yield from _exceptions(verdict.findings)


def _sentence(verdict: "Verdict") -> str:
    return (
        f"{verdict.verified:,} of {counted(verdict.delivered, 'file')} delivered, ingested and verified; "
        f"{counted(verdict.records, 'record')}, {verdict.wanted:,} wanted, "
        f"{counted(verdict.distinct, 'distinct event')}, {counted(verdict.rows, 'row')}"
    )


def _scope(verdict: "Verdict") -> Iterator[str]:
    accepted = f"{counted(len(verdict.accepted), 'problem')} accepted (consequences included; -o json lists all)"
    if verdict.findings:
        yield f"Not proved: {counted(len(verdict.findings), 'exception')}, listed below."
    elif verdict.accepted:
        yield f"No other exceptions: {accepted}."
    else:
        yield "Proved: no exceptions."
    yield f"Delivered {verdict.window} (UTC)."
    if verdict.ends_when_closed:
        yield "Every chain of digests has closed up to then. Later files may not be listed yet."
    if verdict.findings and verdict.accepted:
        yield f"In addition, {accepted}."
    if verdict.not_listed_yet:
        number = len(verdict.not_listed_yet)
        them = "it" if number == 1 else "them"
        yield (
            f"Rows of {counted(number, 'log file')} of other hours are not proved: no digest lists {them} yet "
            f"(-o json names {them})."
        )
    if verdict.rejected:
        yield f"{counted(verdict.rejected, 'record')} could not become rows: `aitrail rejects` shows them."
    if verdict.expired:
        yield f"{counted(verdict.expired, 'record')} had passed the row retention on arrival."


def _exceptions(findings: Sequence["Finding"]) -> Iterator[str]:
    """The findings by kind; each key has its own line below the reason, because keys are long."""
    for (name, why), group in groupby(sorted(findings, key=_of_one_kind), key=_of_one_kind):
        yield ""
        yield f"{name}: {why}"
        yield from (f"  {each.of}" for each in group)


def _of_one_kind(finding: "Finding") -> tuple[str, str]:
    return finding.finding, finding.why


def verdict_remarks(verdict: "Verdict") -> Iterator[str]:
    """Additional remarks on the verdict."""
    if not verdict.delivered:
        yield "There are no deliveries in this window. Check --since, --account, --in-region, and `aitrail status`."
    if verdict.read_again:
        yield f"Read again: {counted(verdict.read_again, 'log file')}."

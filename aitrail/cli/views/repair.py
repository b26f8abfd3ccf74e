"""What a repair of the events table is going to do, and a copy of the rows that it deletes."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aitrail.cells import counted, printable

if TYPE_CHECKING:
    from aitrail.repair import Plan

_EXAMPLES = 10


def plan_lines(plan: "Plan") -> Iterator[str]:
    """The log files that would be ingested again, and those that cannot be."""
    if plan.versions:
        yield f"Ingest again, with the content that a digest lists: {counted(len(plan.versions), 'log file')}"
        yield from _some([delivery.log_file for delivery in plan.versions])
    if plan.without_content:
        files = counted(len(plan.without_content), "log file")
        yield f"Cannot be repaired, because the bucket has no version with the content that a digest lists: {files}"
        yield from _some(plan.without_content)


def deletion_lines(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The rows that would be deleted."""
    yield f"Delete, because no content of CloudTrail's has them: {counted(len(rows), 'row')}"
    yield from _some([_row(row) for row in rows])


def _row(row: dict[str, Any]) -> str:
    parts = (row.get(name, "") for name in ("eventTime", "eventID", "operation", "principal", "logFile"))
    return " ".join(str(part) for part in parts)


def _some(lines: Sequence[str]) -> Iterator[str]:
    yield from (printable(f"  {line}") for line in lines[:_EXAMPLES])
    if len(lines) > _EXAMPLES:
        yield f"  and {len(lines) - _EXAMPLES:,} more"


def save_rows(rows: Iterable[dict[str, Any]], path: Path) -> None:
    """Writes rows into a new file, one JSON object a line. Raises OSError, also if the file exists."""
    with path.open("x", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(row, sort_keys=True)}\n" for row in rows)

"""How far the reading of log files is, as one line of text."""

from datetime import timedelta
from typing import TYPE_CHECKING

from aitrail.cells import counted

if TYPE_CHECKING:
    from aitrail.questions import Scan

_MB = 1_000_000


def scan_progress(scan: "Scan", seconds: float) -> str:
    """Files and megabytes (as stored) that have been read, their rates, and the time left if it can be told."""
    files, found = scan.counts["files"] + scan.counts["unreadable"], scan.files_found
    megabytes = scan.bytes_read / _MB
    parts = [
        counted(files, "log file") if found is None else f"{files:,} of {counted(found, 'log file')}",
        f"{megabytes:,.1f} MB",
        f"{files / max(seconds, 1):,.0f} files/s, {megabytes / max(seconds, 1):,.1f} MB/s",
    ]
    if found and 0 < files < found:
        left = timedelta(seconds=round(seconds / files * (found - files)))
        parts.append(f"about {left} left")
    return ", ".join(parts)

"""`aitrail scan`: log files in, the rows that the Lambda would write out. It asks nothing of AWS."""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, BinaryIO

import click

from aitrail import tables
from aitrail.cli.output import ROW_COLUMNS, Output, narrate, output_options
from aitrail.cli.paths import ENDINGS, STDIN, log_files
from aitrail.logfile import UnreadableLogFile
from aitrail.reading import Reading
from aitrail.services import load

_ATTENTION = 4


@click.command()
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, readable=False, allow_dash=True)
)
@click.option("--strict", is_flag=True, help="Exit with 4 if a file is unreadable or a record rejected.")
@output_options(default="jsonl")
@click.pass_context
def scan(context: click.Context, *, paths: tuple[str, ...], strict: bool, output: Output) -> None:
    """Show the rows that log files hold, without any AWS.

    PATH is a CloudTrail log file, compressed or not, a folder of them (.json.gz, .json) at any depth, or - for
    standard input. Every file is read once, however often it is named or symbolically linked.

    Rows are those of the events table; logFile names the path, and there is no expiresAt. Records that CloudTrail
    delivered twice, in two files, show twice, with the same eventID. Unreadable files and rejected records are
    reported on stderr.

    \b
    Examples:
      aitrail scan AWSLogs/ | jq -r .principal | sort | uniq -c
      aws s3 cp s3://BUCKET/KEY - | aitrail scan -
    """
    scanned = _Scan(paths)
    output.write(scanned.rows(), table=ROW_COLUMNS, csv=(*tables.NARROW_COLUMNS, "logFile", "recordIndex"))
    scanned.narrate(at_length=sys.stderr.isatty())
    if strict and scanned.needs_a_person:
        context.exit(_ATTENTION)


class _Scan:
    """One pass over all log files; the counts are complete when the rows are exhausted."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        self._paths = paths
        self._registry = load()
        self._counts: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()
        self._unknown_sources: Counter[str] = Counter()

    @property
    def needs_a_person(self) -> bool:
        return bool(self._counts["unreadable"] or self._counts["rejected"])

    def rows(self) -> Iterator[dict[str, Any]]:
        for path in log_files(self._paths, left_out=self._left_out, unreadable=self._report):
            try:
                with nullcontext(sys.stdin.buffer) if path == STDIN else Path(path).open("rb") as stream:
                    yield from self._rows_of(path, stream)
            except (OSError, UnreadableLogFile) as error:
                self._report(path, error)

    def _rows_of(self, path: str, stream: BinaryIO) -> Iterator[dict[str, Any]]:
        reading = Reading(stream, log_file=_name(path), registry=self._registry)
        written = 0
        for batch in reading.batches():
            for reject in batch.rejects:
                narrate(f"{_name(path)}: record {reject.record_index} is rejected: {reject.reason}")
            yield from batch.rows
            written += len(batch.rows)
            self._counts.update(rows=len(batch.rows), rejected=len(batch.rejects))
            batch.rows.clear()  # the next batch is made while this one is still referred to
        reading.reconcile(written)
        self._counts.update(files=1, records=reading.content.records, duplicates=reading.duplicates_in_file)
        self._unknown_sources += reading.unknown_sources

    def _report(self, path: str, error: Exception) -> None:
        self._counts["unreadable"] += 1
        narrate(f"{_name(path)}: unreadable: {getattr(error, 'strerror', None) or error}")

    def narrate(self, *, at_length: bool) -> None:
        """Say what a person should know, `at_length` also what was fine."""
        files, rows = self._counts["files"], self._counts["rows"]
        for source, records in sorted(self._unknown_sources.items()):
            narrate(f"{_counted(records, 'record')} of {source}, which may be a new name of a service, left out.")
        if at_length or self.needs_a_person or self._left_out or not rows:
            narrate(self._summary())
        if not files and not self._counts["unreadable"]:
            narrate(f"There is no log file here: names of log files end with {' or '.join(ENDINGS)}.")
        elif files and not rows:
            narrate(f"No calls of {', '.join(service.name for service in self._registry.services)} are in them.")

    def _summary(self) -> str:
        counts = self._counts
        left_out = ", ".join(f"{count} {kind}" for kind, count in sorted(self._left_out.items()))
        return (
            f"{_counted(counts['files'], 'log file')} read, {counts['unreadable']} unreadable, "
            f"{self._left_out.total()} left out{f' ({left_out})' if left_out else ''}: "
            f"{_counted(counts['records'], 'record')}, {_counted(counts['rows'], 'row')}, "
            f"{counts['rejected']} rejected, {_counted(counts['duplicates'], 'duplicate')}."
        )


def _name(path: str) -> str:
    """The path as text: bytes that are no UTF-8 are escaped."""
    return os.fsencode(path).decode(errors="backslashreplace")


def _counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"

"""`aitrail rejects`: lists the records that could not become rows, with reasons."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import click

from aitrail.cells import counted
from aitrail.cli.options import Access, Command, aws_options, option, output_options, verbose_option
from aitrail.cli.output import Output, narrate

if TYPE_CHECKING:
    from aitrail.ledger import LedgerReader

_COLUMNS = ("reason", "eventSource", "eventName", "recordIndex", "logFile")


@click.command(cls=Command)
@option("How", "--retry", "again", is_flag=True, help="Queue the files that hold them, to be ingested again.")
@option("How", "--dry-run", is_flag=True, help="With --retry: only count these files.")
@aws_options
@verbose_option("Show how much was read.")
@output_options(of="the list of rejects")
def rejects(*, again: bool, dry_run: bool, access: Access, verbose: bool, output: Output) -> None:
    """List the records that could not become rows, and why.

    A log file with such a record is ingested all the same: its other records become rows. The ledger keeps the record,
    and json and jsonl show it (record; for a large record, its beginning and its SHA-256). Of each file, it keeps the
    first 1,000 such records and only counts the others.

    --retry queues the files of all listed rejects. When the function ingests a file again with another aitrail version
    or other service files, the rejects that become rows disappear. Rejects that were imported from Event history are in
    no log file, have no recordIndex, and stay. Accepted rejects are not listed: `aitrail accept` lists them.

    \b
    Examples:
      aitrail rejects
      aitrail rejects -o jsonl | jq -r .record | jq .
      aitrail rejects --query 'length(@)'
      aitrail rejects --retry
    """
    if dry_run and not again:
        raise click.UsageError("--dry-run counts the files that --retry would queue: give both.")
    ledger = access.ledger
    found = ledger.with_problem("reject")
    first = list(islice(found, 1))
    kept = Counter[str]()
    entries = _noted(chain(first, found), kept)
    shown = ledger.whole(entries) if output.wants_whole_rows else entries
    output.write(shown, table=_COLUMNS, csv=_COLUMNS, fold=True)
    if not first:
        narrate(f"There are no rejects in {access}.")
    for line in _left_out(ledger, kept):
        narrate(line)
    if first and again:
        _retry(access, dry_run=dry_run)
    if verbose:
        narrate(f"Reading took {ledger.effort()}.")


def _noted(entries: Iterable[dict[str, Any]], kept: Counter[str]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        kept[entry["logFile"]] += 1
        yield entry


def _left_out(ledger: "LedgerReader", kept: Counter[str]) -> Iterator[str]:
    """A line for each file with more rejects than the ledger keeps."""
    from aitrail.ledger import FILE  # noqa: PLC0415 (would slow down --help)
    from aitrail.rows import MAX_KEPT_REJECTS  # noqa: PLC0415

    full = ({"logFile": log_file, "entry": FILE} for log_file in kept if kept[log_file] >= MAX_KEPT_REJECTS)
    for file in ledger.whole(full):
        left_out = file.get("rejected", 0) - kept[file["logFile"]]
        if left_out > 0:
            yield f"{file['logFile']}: {counted(left_out, 'more record')} could not become rows (not kept)."


def _retry(access: Access, *, dry_run: bool) -> None:
    """Re-announces the files of all rejects, and reports their number; in a dry run, only counts them."""
    from aitrail.repair import announced_again  # noqa: PLC0415 (would slow down --help)

    # Not entries with the problem `rejects`: a file may have a more severe problem.
    entries = access.ledger.with_problem("reject")
    announcer = None if dry_run else access.announcer
    files = counted(sum(1 for _ in announced_again(announcer, entries, access.deployment.log_bucket)), "file")
    narrate(
        f"{files} would be queued."
        if dry_run
        else f"{files} queued: rejects that become rows disappear when the function ingests the files."
    )

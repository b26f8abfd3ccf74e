"""`aitrail rejects`: the records that could not become rows, and why."""

from itertools import chain, islice
from typing import TYPE_CHECKING

import click

from aitrail.cli.aws import Access, aws_options
from aitrail.cli.output import Output, narrate, output_options
from aitrail.cli.sections import Command, option

if TYPE_CHECKING:
    from aitrail.ledger_reader import LedgerReader

_COLUMNS = ("reason", "eventSource", "eventName", "recordIndex", "logFile")


@click.command(cls=Command)
@aws_options
@option("Where", "-v", "--verbose", is_flag=True, help="Tell what reading took.")
@output_options()
def rejects(*, access: Access, verbose: bool, output: Output) -> None:
    """List the records that could not become rows, and why.

    A log file with such a record is ingested all the same: its other records are rows. The record stays in the ledger,
    and json and jsonl show it (record, or its beginning and its SHA-256 if it is too large). A file that is read again
    with another version or other service files loses the rejects that have become rows. Those that were imported from
    Event history stand in no log file, and have no recordIndex.

    \b
    Examples:
      aitrail rejects
      aitrail rejects -o jsonl | jq -r .record | jq .
      aitrail rejects --query 'length(@)'
    """
    ledger = _ledger(access)
    found = ledger.with_problem("reject")
    first = list(islice(found, 1))
    entries = chain(first, found)
    shown = ledger.whole(entries) if output.wants_whole_rows else entries
    output.write(shown, table=_COLUMNS, csv=_COLUMNS)
    if not first:
        narrate(f"No record was rejected in {access}.")
    if verbose:
        narrate(f"Reading took {ledger.effort()}.")


def _ledger(access: Access) -> "LedgerReader":
    from aitrail.ledger_reader import LedgerReader  # noqa: PLC0415 (imports what --help does not need)

    return LedgerReader(access.client("dynamodb"), access.deployment.files_table)

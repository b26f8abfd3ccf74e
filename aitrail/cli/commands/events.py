"""`aitrail events`: lists calls: who called what, from where, with which credentials, and the outcome."""

from collections.abc import Iterable, Iterator
from typing import Any

import click

from aitrail.cli.options import (
    Asked,
    Command,
    asked_columns,
    columns_option,
    limit_options,
    newest,
    option,
    output_options,
    question_options,
    table_columns,
)
from aitrail.cli.output import Output, narrate
from aitrail.dynamodb import tables


@click.command(cls=Command)
@question_options()
@limit_options
@option("How many", "--reverse", is_flag=True, help="Show the oldest first.")
@columns_option()
@output_options(shapes=True)
def events(
    *,
    asked: Asked,
    most: int | None,
    reverse: bool,
    columns: tuple[str, ...] | None,
    output: Output,
) -> None:
    """List calls, newest first.

    A call appears once CloudTrail has delivered its log file, usually 5 to 15 minutes later. Of the columns of a table,
    those that you filter by leave a narrow terminal last. `aitrail event` takes an eventID as a table shows it.

    \b
    Examples:
      aitrail events --service polly --since 24h
      aitrail events --errors --principal 'sso/*' --since 30d
      aitrail events --access-key AKIAIOSFODNN7EXAMPLE --since 90d --all
      aitrail events --since 2026-11-01 --until 2026-12-01 --all -o csv > november.csv
      aitrail events --from AWSLogs/ --operation 'Delete*'
    """
    read = columns or (None if output.wants_whole_rows else tables.NARROW_COLUMNS)
    one_more = None if most is None else most + 1
    found = asked.store.events(limit=one_more, oldest_first=reverse, columns=read, **asked.question)
    shown = _Limited(found, most)
    table = columns or table_columns(asked.conditions)
    csv, is_usual = columns or tables.NARROW_COLUMNS, columns is None
    output.write(shown, table=table, csv=csv, fit=is_usual, usual=is_usual, first=asked_columns(asked.conditions))
    if not shown.count:
        asked.narrate_nothing()
    elif shown.has_more:
        these = newest(shown.count, "event", adjective="oldest" if reverse else "newest")
        narrate(f"{these}; there are more in the window: raise --limit, or give --all.")


class _Limited:
    """Counts rows as they pass through, and records whether there are more than the limit."""

    def __init__(self, rows: Iterable[dict[str, Any]], limit: int | None) -> None:
        self._rows = rows
        self._limit = limit
        self.count = 0
        self.has_more = False

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for row in self._rows:
            if self.count == self._limit:
                self.has_more = True
                return
            self.count += 1
            yield row

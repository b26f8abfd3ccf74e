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
    only,
    option,
    output_options,
    question_options,
    table_columns,
)
from aitrail.cli.output import Output, narrate
from aitrail.cli.views import Kinds, judged, marked, with_record
from aitrail.dynamodb import tables
from aitrail.questions import WIDE_COLUMNS, Conditions


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

    The list shows every record that CloudTrail wrote. Some calls have several: where there are such records, or calls
    that a VPC endpoint refused, a table has the column recordType (see `aitrail who`). `aitrail usage` counts calls.

    \b
    Examples:
      aitrail events --service polly --since 24h
      aitrail events --errors --principal 'sso/*' --since 30d
      aitrail events --access-key AKIAIOSFODNN7EXAMPLE --since 90d --all
      aitrail events --since 2026-11-01 --until 2026-12-01 --all -o csv > november.csv
      aitrail events --from AWSLogs/ --operation 'Delete*'
    """
    is_whole = bool(set(columns) & set(WIDE_COLUMNS)) if columns else output.wants_whole_rows
    one_more = None if most is None else most + 1
    read = None if is_whole else tables.NARROW_COLUMNS
    found = asked.store.events(limit=one_more, oldest_first=reverse, columns=read, **asked.question)
    shown = _Limited(found, most)
    kinds = Kinds(shown)
    _write(kinds, most, columns, asked.conditions, output)
    if not shown.count:
        asked.narrate_nothing()
    elif shown.has_more:
        these = newest(shown.count, "event", adjective="oldest" if reverse else "newest")
        narrate(f"{these}; there are more in the window: raise --limit, or give --all.")
    if kinds.remark:
        narrate(kinds.remark)


def _write(
    rows: Kinds, most: int | None, columns: tuple[str, ...] | None, conditions: Conditions, output: Output
) -> None:
    stay = asked_columns(conditions)
    if columns:
        output.write(only(rows, columns), table=columns, csv=columns, fit=False, first=stay)
        return
    usual = table_columns(conditions)
    shown: Iterable[dict[str, Any]] = rows
    if output.is_table:
        first, shown = judged(marked(rows), most)
        usual = tuple(with_record(usual, first))
    output.write(shown, table=usual, csv=tables.NARROW_COLUMNS, usual=True, first=stay)


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

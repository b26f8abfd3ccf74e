"""`aitrail events`: who called what, newest first, from the events table."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import click

from aitrail import tables
from aitrail.cli.aws import Access, aws_options
from aitrail.cli.output import ROW_COLUMNS, Output, narrate, output_options
from aitrail.cli.window import Window, window_options
from aitrail.services import load

_SERVICES = tuple(service.name for service in load().services)


@click.command()
@click.option(
    "--service",
    "services",
    type=click.Choice(_SERVICES, case_sensitive=False),
    multiple=True,
    help="Only this service; may be repeated.",
)
@window_options(since="7d")
@click.option(
    "--limit", type=click.IntRange(min=1), default=100, show_default=True, metavar="N", help="At most N, the newest."
)
@output_options()
@aws_options
def events(*, services: tuple[str, ...], window: Window, limit: int, output: Output, access: Access) -> None:
    """List calls, newest first.

    Times are UTC: now, a span before now (30m, 12h, 7d, 2w), or ISO-8601. A call shows up when CloudTrail has
    delivered its log file, usually 5 to 15 minutes later.

    \b
    Examples:
      aitrail events --service polly --since 24h
      aitrail events --since 2026-11-01 --until 2026-12-01 --limit 1000 -o csv > november.csv
      aitrail events --limit 1000 | jq -r .principal | sort | uniq -c
    """
    asked = services or _SERVICES
    found = access.events_table.rows(tables.BY_SERVICE, asked, since=window.since, until=window.until)
    shown = _Counted(islice(found, limit))
    output.write(shown, table=ROW_COLUMNS, csv=tables.NARROW_COLUMNS)
    if not shown.count:
        narrate(
            f"No events of {', '.join(asked)} {window} in {access}. Check the window (--since, --until), the stack "
            "(--stack, --region, --profile), and whether log files arrive: CloudTrail delivers them 5 to 15 minutes "
            "after a call."
        )
    elif shown.count == limit and next(found, None):
        narrate(f"These are the newest {limit} events; there are more in the window: raise --limit.")


class _Counted:
    """Counts the rows that pass."""

    def __init__(self, rows: Iterable[dict[str, Any]]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for row in self._rows:
            self.count += 1
            yield row

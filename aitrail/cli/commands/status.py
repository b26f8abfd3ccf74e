"""`aitrail status`: shows whether all is well, for people and for monitoring."""

from typing import TYPE_CHECKING

import click

from aitrail.cli.options import Access, Command, Report, now_of, report_options
from aitrail.cli.output import ATTENTION, narrate

if TYPE_CHECKING:
    from aitrail.status import Look


@click.command(cls=Command)
@report_options(since="1d")
@click.pass_context
def status(context: click.Context, *, report: Report) -> None:
    """Show whether all is well, and what needs a person.

    Sums up the queues, the deliveries of a window and the digests that prove them, and what of the ledger has a
    problem, of all time. Queues and imported rows are those of all accounts and Regions. A window costs the reading of
    the ledger's entries of its days, whatever the accounts and Regions.

    Exits with 4 if something needs a person: the first lines say what it is and what to do. For monitoring, json has
    one object; docs/operations.md describes it.

    \b
    Examples:
      aitrail status
      aitrail status --since 7d --account 111122223333
      aitrail status -o json | jq '.findings[].finding'
      aitrail status --query healthy
    """
    from aitrail.cli.views import status_groups  # noqa: PLC0415 (would slow down --help)
    from aitrail.status import report_of  # noqa: PLC0415 (as above)

    look = _look(report.access)
    found = look.status(report.window, now=now_of(context), origins=report.origins)
    summary = report_of(found)
    if report.output.is_table:
        report.output.write_groups(status_groups(found))
    else:
        report.output.write_value(summary)
    if report.verbose:
        narrate(f"Reading took {look.reader.effort()}.")
    if not summary["healthy"]:
        context.exit(ATTENTION)


def _look(access: Access) -> "Look":
    from aitrail.questions import TableRows  # noqa: PLC0415 (as above)
    from aitrail.rows import recorded_with  # noqa: PLC0415 (would slow down --help)
    from aitrail.services import load  # noqa: PLC0415 (as above)
    from aitrail.status import Look  # noqa: PLC0415 (as above)

    deployment = access.deployment
    return Look(
        deployment=deployment,
        reader=access.ledger,
        rows=TableRows(access.client("dynamodb"), deployment.events_table),
        client=access.client,
        recorded_with=recorded_with(load()),
    )

"""`aitrail status`: shows whether all is well, for people and for monitoring."""

from typing import TYPE_CHECKING

import click

from aitrail.cli.exit_codes import ExitCode
from aitrail.cli.options import Access, Command, Report, narrate_other_services, now_of, registry_of, report_options
from aitrail.cli.output import narrate
from aitrail.services import Registry

if TYPE_CHECKING:
    from aitrail.status import Look


@click.command(cls=Command)
@report_options(since="1d")
@click.pass_context
def status(context: click.Context, *, report: Report) -> None:
    """Show whether everything is in order, and what needs attention.

    Summarizes the queues, the deliveries in a window, the digests that prove them, and all problems in the ledger, of
    any age. The numbers of queued messages and imported rows always cover all accounts and Regions. The command reads
    all ledger entries of the window's days, even if you limit accounts and Regions.

    Exits with 4 if something needs attention: the first lines say what it is and what to do. For monitoring, -o json
    prints one object; docs/operations.md describes it.

    \b
    Examples:
      aitrail status
      aitrail status --since 7d --account 111122223333
      aitrail status -o json | jq '.findings[].finding'
      aitrail status --query healthy
    """
    from aitrail.cli.views import status_groups  # noqa: PLC0415 (would slow down --help)
    from aitrail.status import report_of  # noqa: PLC0415 (as above)

    registry = registry_of(context)
    narrate_other_services(report.access, registry)
    look = _look(report.access, registry)
    found = look.status(report.window, now=now_of(context), origins=report.origins)
    summary = report_of(found)
    if report.output.is_table:
        report.output.write_groups(status_groups(found))
    else:
        report.write_value(summary)
    if report.verbose:
        narrate(f"Reading took {look.reader.effort()}.")
    if not summary["healthy"]:
        context.exit(ExitCode.NEEDS_ATTENTION)


def _look(access: Access, registry: Registry) -> "Look":
    from aitrail.questions import TableRows  # noqa: PLC0415 (as above)
    from aitrail.rows import recorded_with  # noqa: PLC0415 (would slow down --help)
    from aitrail.status import Look  # noqa: PLC0415 (as above)

    deployment = access.deployment
    return Look(
        deployment=deployment,
        reader=access.ledger,
        rows=TableRows(access.client("dynamodb"), deployment.events_table, retention=deployment.row_retention),
        client=access.client,
        recorded_with=recorded_with(registry, access.redaction(registry)),
    )

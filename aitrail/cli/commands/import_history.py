"""`aitrail import-history`: imports the last 90 days from CloudTrail's Event history, without log files."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from aitrail.cells import counted
from aitrail.cli.options import (
    Access,
    Command,
    aws_options,
    clock_of,
    now_of,
    option,
    output_options,
    texts_of,
    window_options,
)
from aitrail.cli.output import ATTENTION, Output, narrate
from aitrail.cli.views import import_progress, show_imported, show_left
from aitrail.clock import Clock
from aitrail.services import load
from aitrail.window import Window, event_time

if TYPE_CHECKING:
    from aitrail.history import EventHistory


@click.command("import-history", cls=Command)
@option(
    "Which events",
    "--in-region",
    "regions",
    multiple=True,
    callback=texts_of("region"),
    metavar="REGION",
    help="Events of this Region; repeat it for others.  [default: all Regions that are enabled]",
)
@option("Which events", "--force", is_flag=True, help="Those that were imported before as well.")
@option("Which events", "--dry-run", is_flag=True, help="Show what would be asked for, and neither ask nor write.")
@window_options("When (UTC)", since="90d")
@aws_options
@option("Where", "--history-profile", metavar="NAME", help="AWS profile of the history.  [default: --profile]")
@output_options(of="the list of Regions")
@click.pass_context
def import_history(
    context: click.Context,
    *,
    regions: tuple[str, ...],
    window: Window,
    force: bool,
    dry_run: bool,
    access: Access,
    history_profile: str | None,
    output: Output,
) -> None:
    """Fill the table from CloudTrail's Event history, 90 days back.

    CloudTrail keeps that in every account, without any trail: the management events of the account, for each Region
    apart. There is nothing older, and no data events, such as conversations with a Lex bot, nor network activity.

    It is the history of the account whose credentials are used, which also write to the table. For other accounts, of
    an organization say, run it once for each with --history-profile.

    A row is written only where the table has none of that eventID, and a log file that arrives later replaces it:
    importedFrom marks rows that no log file has brought. The last hour may be incomplete, and is asked again next time.

    CloudTrail answers two requests of 50 events a second for each Region. Ctrl-C stops the import: the same command
    goes on where it ended, and later asks only for what is newer.

    --dry-run shows for each Region how many of its event sources have something left, and its begin and end: how many
    events that are, CloudTrail does not tell before.

    A table has the sums of all Regions as its last line; other formats have none.

    Exits with 4 if a Region cannot be asked to the end, and with 3 if none can.

    \b
    Examples:
      aitrail import-history
      aitrail import-history --in-region eu-west-1 --in-region us-east-1 --since 7d
      aitrail import-history --history-profile member -o json
    """
    now, registry, tables = now_of(context), load(), _tables(access)
    window = _within_reach(window, now)
    origin = replace(access, profile=history_profile or access.profile, region=access.region_name)
    account = origin.client("sts").get_caller_identity()["Account"]
    names = sorted(regions) or _enabled(origin)
    what = f"Event history of the account {account} {window} from {counted(len(names), 'Region')} into {access}."
    narrate(f"{'This would import' if dry_run else 'Importing'} {what}")
    from aitrail.history import HistoryImport  # noqa: PLC0415 (imports botocore)

    about = {"account": account, "window": window, "now": now, "registry": registry, "force": force}
    if dry_run:
        show_left(HistoryImport(**about, **tables).gaps(names), output)
        return
    histories = _histories(origin, names, clock_of(context))
    try:
        with import_progress(len(names) * len(registry.sources)) as report:
            found = HistoryImport(**about, **tables, report=report).run(histories)
    except KeyboardInterrupt:
        narrate("Stopped. The same command goes on where it ended.")
        raise
    if not show_imported(found, output):
        context.exit(ATTENTION)


def _within_reach(asked: Window, now: datetime) -> Window:
    """The part of the window that Event history covers."""
    from aitrail.history import REACH, within_reach  # noqa: PLC0415 (imports botocore)

    window = within_reach(asked, now)
    reach = f"CloudTrail's Event history reaches back {counted(REACH.days, 'day')}, to {event_time(now - REACH)}"
    if window.since >= window.until:
        raise click.UsageError(f"{reach}, and has nothing {asked}.")
    if asked.since < now - REACH:
        narrate(f"{reach}: what is older is not there.")
    return window


def _tables(access: Access) -> dict[str, Any]:
    """The tables and the retention of rows, as arguments of HistoryImport."""
    from aitrail.ingest import EventsTable  # noqa: PLC0415 (imports botocore)
    from aitrail.ledger import Ledger  # noqa: PLC0415

    deployment, dynamodb = access.deployment, access.client("dynamodb")
    return {
        "events": EventsTable(dynamodb, deployment.events_table),
        "ledger": Ledger(dynamodb, deployment.files_table),
        "retention": deployment.row_retention,
    }


def _enabled(access: Access) -> list[str]:
    """The names of the Regions that are enabled in the account."""
    return sorted(region["RegionName"] for region in access.client("ec2").describe_regions()["Regions"])


def _histories(access: Access, regions: Iterable[str], clock: Clock) -> "dict[str, EventHistory]":
    from aitrail.history import EventHistory  # noqa: PLC0415 (imports botocore)

    # Retries count towards CloudTrail's limit, so EventHistory makes them, at its own pace.
    clients = {region: access.client("cloudtrail", region=region, attempts=1) for region in regions}
    return {region: EventHistory(client, clock=clock) for region, client in clients.items()}

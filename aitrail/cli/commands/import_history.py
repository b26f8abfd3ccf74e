"""`aitrail import-history`: imports the last 90 days from CloudTrail's Event history, without log files."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from aitrail.cells import counted
from aitrail.cli.exit_codes import ExitCode
from aitrail.cli.options import (
    WHEN,
    Access,
    Command,
    aws_options,
    clock_of,
    now_of,
    option,
    output_options,
    registry_of,
    service_files_option,
    texts_of,
    window_options,
)
from aitrail.cli.output import Output, narrate
from aitrail.cli.views import import_progress, show_imported, show_left
from aitrail.clock import Clock
from aitrail.services import Registry
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
    help="Import from this Region; may be repeated.  [default: all enabled Regions]",
)
@option("Which events", "--force", is_flag=True, help="Also import events that have been imported before.")
@option(
    "Which events", "--dry-run", is_flag=True, help="Show what would be requested, without requesting or writing it."
)
@window_options(WHEN, since="90d")
@aws_options
@service_files_option
@option(
    "Where", "--history-profile", metavar="NAME", help="AWS profile to read the history with.  [default: --profile]"
)
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
    """Import the last 90 days from CloudTrail's Event history.

    CloudTrail keeps this history in every account, even without a trail, and separately for each Region. It contains
    the account's management events. It contains no older events, no data events, such as conversations with a Lex bot,
    and no network activity events.

    The command imports the history of the account whose credentials it uses; it also uses them to write to the table.
    For other accounts, such as the members of an organization, run it once for each with --history-profile.

    A row is written only if the table has no row with that eventID. A log file that arrives later replaces the row;
    until then, importedFrom marks it as imported. The last hour may be incomplete: the next import requests it again.

    CloudTrail allows two requests a second for each Region, with 50 events each. Ctrl-C stops the import. Run the same
    command to continue, or later to import newer events.

    --dry-run shows, for each Region, how many of its event sources have events left to import, and the window of these
    events. CloudTrail does not report the number of events in advance.

    The last line of a table has the totals; other formats have no totals.

    Exits with 4 if a Region could not be imported completely, and with 3 if none could.

    \b
    Examples:
      aitrail import-history
      aitrail import-history --in-region eu-west-1 --in-region us-east-1 --since 7d
      aitrail import-history --history-profile member -o json
    """
    now, registry = now_of(context), registry_of(context)
    tables = _tables(access, registry)
    window = _within_reach(window, now)
    origin = replace(access, profile=history_profile or access.profile, region=access.region_name)
    account = origin.client("sts").get_caller_identity()["Account"]
    names = sorted(regions) or _enabled(origin)
    what = f"the Event history of account {account} {window} from {counted(len(names), 'Region')} into {access}."
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
        narrate("Stopped. Run the same command to continue.")
        raise
    if not show_imported(found, output):
        context.exit(ExitCode.NEEDS_ATTENTION)


def _within_reach(asked: Window, now: datetime) -> Window:
    """The part of the window that Event history covers."""
    from aitrail.history import REACH, within_reach  # noqa: PLC0415 (imports botocore)

    window = within_reach(asked, now)
    reach = f"CloudTrail's Event history reaches back {counted(REACH.days, 'day')}, to {event_time(now - REACH)}"
    if window.since >= window.until:
        raise click.UsageError(f"{reach}, and has no events {asked}.")
    if asked.since < now - REACH:
        narrate(f"{reach}: older events are not available.")
    return window


def _tables(access: Access, registry: Registry) -> dict[str, Any]:
    """The tables, and the retention and redaction of rows, as arguments of HistoryImport."""
    from aitrail.ingest import EventsTable  # noqa: PLC0415 (imports botocore)
    from aitrail.ledger import Ledger  # noqa: PLC0415

    deployment, dynamodb = access.deployment, access.client("dynamodb")
    return {
        "events": EventsTable(dynamodb, deployment.events_table),
        "ledger": Ledger(dynamodb, deployment.files_table),
        "retention": deployment.row_retention,
        "redaction": access.redaction(registry),
    }


def _enabled(access: Access) -> list[str]:
    """The names of the Regions that are enabled in the account."""
    return sorted(region["RegionName"] for region in access.client("ec2").describe_regions()["Regions"])


def _histories(access: Access, regions: Iterable[str], clock: Clock) -> "dict[str, EventHistory]":
    from aitrail.history import EventHistory  # noqa: PLC0415 (imports botocore)

    # Retries count towards CloudTrail's limit, so EventHistory makes them, at its own pace.
    clients = {region: access.client("cloudtrail", region=region, attempts=1) for region in regions}
    return {region: EventHistory(client, clock=clock) for region, client in clients.items()}

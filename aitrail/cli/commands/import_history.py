"""`aitrail import-history`: the last 90 days from CloudTrail's Event history, before any log file is there."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import click

from aitrail.cells import counted
from aitrail.cli.options import (
    Access,
    Command,
    UnreachableError,
    aws_options,
    clock_of,
    hint,
    now_of,
    option,
    output_options,
    texts_of,
    window_options,
)
from aitrail.cli.output import ATTENTION, Output, narrate, progress, rate_of
from aitrail.clock import Clock
from aitrail.services import load
from aitrail.window import Window, event_time

if TYPE_CHECKING:
    from aitrail.history import EventHistory, HistoryRefusedError, RegionImport

_COUNTS = ("events", "written", "alreadyThere", "rejected", "expired")
_COLUMNS = ("region", *_COUNTS)
_CSV = (*_COLUMNS, "unwanted", "problem")
_ALL_BEFORE = "All of this was imported before: --force asks again."
_LEFT = ("region", "eventSources", "since", "until")
_Report = Callable[[int, int], None]


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
        left = list(_left(HistoryImport(**about, **tables).gaps(names)))
        output.write(left, table=_LEFT, csv=_LEFT)
        if not left:
            narrate(_ALL_BEFORE)
        return
    histories = _histories(origin, names, clock_of(context))
    try:
        with _progress(len(names) * len(registry.sources)) as report:
            found = HistoryImport(**about, **tables, report=report).run(histories)
    except KeyboardInterrupt:
        narrate("Stopped. The same command goes on where it ended.")
        raise
    output.write(_rows(found, with_total=output.is_table), table=_COLUMNS, csv=_CSV)
    _end(context, found)


def _within_reach(asked: Window, now: datetime) -> Window:
    """What of the window is worth asking for."""
    from aitrail.history import REACH, within_reach  # noqa: PLC0415 (imports botocore)

    window = within_reach(asked, now)
    reach = f"CloudTrail's Event history reaches back {counted(REACH.days, 'day')}, to {event_time(now - REACH)}"
    if window.since >= window.until:
        raise click.UsageError(f"{reach}, and has nothing {asked}.")
    if asked.since < now - REACH:
        narrate(f"{reach}: what is older is not there.")
    return window


def _tables(access: Access) -> dict[str, Any]:
    """Where the rows go, and how long they stay there: arguments of HistoryImport."""
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

    # CloudTrail counts what is asked again: that has to keep to the pace as well.
    clients = {region: access.client("cloudtrail", region=region, attempts=1) for region in regions}
    return {region: EventHistory(client, clock=clock) for region, client in clients.items()}


def _left(gaps: Iterable[tuple[str, list[Window]]]) -> Iterator[dict[str, Any]]:
    """A row for each Region of which something is left to be asked."""
    for region, found in groupby(gaps, key=itemgetter(0)):
        left = [windows for _, windows in found if windows]
        if left:
            since, until = min(each[-1].since for each in left), max(each[0].until for each in left)
            row = {"region": region, "eventSources": len(left)}
            yield row | {"since": event_time(since), "until": event_time(until)}


def _rows(found: "list[RegionImport]", *, with_total: bool) -> Iterator[dict[str, Any]]:
    for each in found:
        problem = {"problem": str(each.problem)} if each.problem else {}
        yield {"region": each.region, **_counts(each.counts), **problem}
    if with_total:
        yield {"region": "total", **_counts(_total(found))}


def _counts(counts: Counter[str]) -> dict[str, int]:
    return {name: counts[name] for name in (*_COUNTS, "unwanted")}


def _total(found: "list[RegionImport]") -> Counter[str]:
    return sum((each.counts for each in found), Counter())


def _end(context: click.Context, found: "list[RegionImport]") -> None:
    """Tell what there is to tell, and exit."""
    total, remarks = _total(found), {each.region: _remark(each.problem) for each in found if each.problem}
    if total["rejected"]:
        narrate(f"{counted(total['rejected'], 'record')} could not become rows: `aitrail rejects` lists them.")
    if not total["events"] and not remarks:
        narrate("There are no events of the recorded services." if any(each.asked for each in found) else _ALL_BEFORE)
    for text in dict.fromkeys(remarks.values()):
        narrate(f"{', '.join(region for region in remarks if remarks[region] == text)}: {text}")
    if remarks and len(remarks) == len(found):
        raise UnreachableError("No Region could be asked to the end. Once that is mended, the same command goes on.")
    if remarks:
        narrate(f"{counted(len(remarks), 'Region')} could not be asked to the end: the same command goes on there.")
        context.exit(ATTENTION)


def _remark(problem: "HistoryRefusedError") -> str:
    cause = problem.__cause__ or problem
    return f"{str(problem).rstrip('.')}. {hint(cause)}".strip()


@contextmanager
def _progress(sources: int) -> Iterator[_Report]:
    """What takes how many events and event sources of Regions are done, of any thread, and shows how far that is."""
    total, lock, rate = Counter[str](), threading.Lock(), rate_of()
    with progress() as show:

        def report(events: int, more: int) -> None:
            with lock:
                total.update(events=events, sources=more)
                text = f"{counted(total['events'], 'event')}, {rate(total['events'])}, event sources of Regions"
                show(text, total["sources"], sources)

        yield report

"""`aitrail event`: shows everything about one call, including the record as CloudTrail wrote it."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from aitrail.calendars import local_time
from aitrail.cells import indented_json
from aitrail.cli.exit_codes import ExitCode
from aitrail.cli.options import (
    Command,
    Place,
    ends_options,
    now_of,
    option,
    output_options,
    place_options,
    registry_of,
    zone_of,
)
from aitrail.cli.output import Group, Output, Steps, end_progress_line, leaves, shown_time, text_of
from aitrail.dynamodb import items
from aitrail.moments import MomentError, window_of
from aitrail.questions import ALL_COLUMNS
from aitrail.rows import BEHIND

if TYPE_CHECKING:
    from aitrail.questions import Row

_WINDOW = "When, for the beginning of an ID (in UTC or --timezone)"
_SINCE = "Start: 12h, 30d, yesterday, 2026-11, 2026-11-01 …  [default: 7d; no limit with --from]"
_UNTIL = "End, exclusive; same formats.  [default: now; no limit with --from]"
# The characters of an eventID: what has as many is no beginning of one.
_WHOLE = 36
_RECORD = "Print the record as indented JSON (without -o and --query)"
_EPOCH = datetime.fromtimestamp(0, UTC)

_GROUPS: dict[str, Sequence[str]] = {
    "What": (
        *("eventTime", "service", "operation", "eventName", "eventSource", "resource", "resources", "outcome"),
        *("errorCode", "errorMessage", "readOnly", "managementEvent", "eventCategory", "eventType"),
    ),
    "Who": (
        *("principal", "credentials", "temporaryCredentials", "calledBy", "sessionName", "accessKeyId", *BEHIND),
        *("principalAccount", "sessionCredentialFromConsole", "userIdentity.type", "userIdentity.arn"),
        *("userIdentity.sessionContext.attributes", "userIdentity.sessionContext.sessionIssuer.arn"),
    ),
    "Origin": (
        *("sourceIPAddress", "userAgent", "awsRegion", "vpcEndpointId", "vpcEndpointAccountId"),
        *("tlsDetails.tlsVersion", "tlsDetails.clientProvidedHostHeader"),
    ),
    "Account": ("recipientAccountId", "sharedEventID"),
    "Usage": ("usage",),
    "Record": ("eventID", "requestID", "logFile", "recordIndex", "importedFrom", "expiresAt", "asJson", "redacted"),
}
_JSON_GROUPS = {"Request": "requestParameters", "Response": "responseElements"}
# Prefixes that are omitted from names, because the group makes them clear.
_UNDERSTOOD = ("userIdentity.", "sessionContext.", "attributes.", "tlsDetails.", "usage.")


def _event_id(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not items.is_partition_key(value):
        raise click.BadParameter(f"an eventID is a string of 1 to {items.MAX_KEY_BYTES:,} bytes.")
    return value


@click.command(cls=Command)
@click.argument("event_id", metavar="ID", callback=_event_id)
@option(_RECORD, "--raw", is_flag=True, help="Rebuild the exact record from the row.")
@option(_RECORD, "--source", is_flag=True, help="Read the record from its log file, and check that the row agrees.")
@ends_options(_WINDOW, since=_SINCE, until=_UNTIL, of="tables, and times without offset", defaults={})
@place_options
@output_options(of="the list with the one row")
@click.pass_context
def event(
    context: click.Context,
    *,
    event_id: str,
    raw: bool,
    source: bool,
    since: datetime | None,
    until: datetime | None,
    place: Place,
    output: Output,
) -> None:
    """Show everything about one call.

    ID is an eventID, or its beginning as tables show it. A whole ID takes one read of the table. For the beginning of
    one, at least 4 characters, all rows of the window are read, of every service: by default, those of the last 7 days,
    with --from all. Ambiguous ones are listed. With --from, put ID first.

    Exits with 1 if there is no such event, with 2 if there are several, and with 4 if --source finds no record, or one
    that differs from the row.

    \b
    Examples:
      aitrail event 0b1c2d3e-4f50-4162-8374-95a6b7c8d901
      aitrail event 0b1c2d3e --since 30d
      aitrail event 0b1c2d3e-4f50-4162-8374-95a6b7c8d901 --source
      aitrail event 0b1c2d3e-4f50-4162-8374-95a6b7c8d901 --raw | jq .userIdentity
      aitrail event 0b1c2d3e-4f50-4162-8374-95a6b7c8d901 --from AWSLogs/ -o json
    """
    chosen = [context.get_parameter_source(name) for name in ("format_", "query")]
    if raw + source + any(each is ParameterSource.COMMANDLINE for each in chosen) > 1:
        raise click.UsageError("--raw and --source print the record as JSON: give one of them, without -o and --query.")
    row = _found(context, event_id, place, since or place.since, until or place.until)
    if source:
        from aitrail.cli.views import show_original  # noqa: PLC0415 (slow to import)

        context.exit(show_original(row, place))
    if raw:
        from aitrail.rows import record_of  # noqa: PLC0415 (--help need not wait for it)

        end_progress_line()
        click.echo(indented_json(record_of(row)))
    elif output.is_table:
        output.write_groups(_groups_of(row, zone_of(context)))
    else:
        output.write([row], table=ALL_COLUMNS, csv=ALL_COLUMNS)


def _found(context: click.Context, event_id: str, place: Place, since: str | datetime, until: str | datetime) -> "Row":
    """The one row with this ID, or with an ID that begins with it; otherwise ends the command."""
    from aitrail.cli.views import (  # noqa: PLC0415 (would slow down --help)
        MOST_CANDIDATES,
        narrate_candidates,
        narrate_no_event,
    )
    from aitrail.questions import SHORTEST_BEGINNING, EventStore  # noqa: PLC0415 (would slow down --help)

    now, zone = now_of(context), zone_of(context)
    try:
        window = window_of(since, until, now, zone)
    except MomentError as error:
        raise click.UsageError(str(error)) from error
    store = EventStore(place.source, registry=registry_of(context), now=lambda: now)
    row = store.event(event_id)
    candidates: list[Row] = []
    is_beginning = row is None and SHORTEST_BEGINNING <= len(event_id) < _WHOLE
    if is_beginning:
        found = store.beginning_with(event_id, since=window.since, until=window.until)
        candidates = list(islice(found, MOST_CANDIDATES + 1))
    if len(candidates) == 1:
        row = store.event(candidates[0]["eventID"])
    if len(candidates) > 1:
        narrate_candidates(event_id, candidates, zone)
        context.exit(click.UsageError.exit_code)
    if row is None:
        narrate_no_event(event_id, place, window if is_beginning else None, zone)
        context.exit(ExitCode.FAILURE)
    return row


def _groups_of(row: "Row", zone: tzinfo) -> Iterator[Group]:
    """The whole row in groups, the most frequently needed first; when the call was made and expires in the zone."""
    whole = items.restored(row, row.get("asJson", ()))
    if isinstance(time := whole.get("eventTime"), str):
        whole["eventTime"] = shown_time(time, zone)
    parts = {heading: whole.pop(name) for heading, name in _JSON_GROUPS.items() if _holds_anything(whole.get(name))}
    if "expiresAt" in whole:
        whole["expiresAt"] = _time(whole["expiresAt"], zone)
    rest = dict(leaves(whole))
    *groups, last = (Group(heading, _taken(rest, names)) for heading, names in _GROUPS.items())
    yield from groups
    for heading, part in parts.items():
        yield Group(heading, lines=indented_json(part, ascii_only=False).split("\n"))
    yield Group("Other fields", [(_dotted(path), text_of(value)) for path, value in rest.items()])
    yield last


def _holds_anything(value: object) -> bool:
    return isinstance(value, dict | list) and bool(value)


def _time(seconds: int, zone: tzinfo) -> str:
    try:
        return local_time(_EPOCH + timedelta(seconds=seconds), zone)
    except OverflowError:  # datetime ends with the year 9999
        return str(seconds)


def _taken(rest: dict[Steps, Any], wanted: Sequence[str]) -> list[tuple[str, str]]:
    """Removes the values with these names, and the values inside them, from `rest` and returns them."""
    all_steps = (tuple(name.split(".")) for name in wanted)
    taken = [path for steps in all_steps for path in rest if path[: len(steps)] == steps]
    return [(_shortened(_dotted(path)), text_of(rest.pop(path))) for path in taken]


def _dotted(path: Steps) -> str:
    return ".".join(map(str, path))


def _shortened(name: str) -> str:
    for prefix in _UNDERSTOOD:
        name = name.removeprefix(prefix)
    return name

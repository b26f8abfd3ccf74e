"""`aitrail event`: shows everything about one call, including the record as CloudTrail wrote it."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from aitrail.calendars import local_time
from aitrail.cells import indented_json
from aitrail.cli.exit_codes import ExitCode
from aitrail.cli.options import Command, Place, option, output_options, place_options, timezone_option, zone_of
from aitrail.cli.output import Group, Output, Steps, leaves, narrate, shown_time, text_of
from aitrail.dynamodb import items
from aitrail.questions import ALL_COLUMNS
from aitrail.rows import BEHIND

if TYPE_CHECKING:
    from aitrail.questions import Row

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
@place_options
@timezone_option("Output", "the times of the table")
@output_options(of="the list with the one row")
@click.pass_context
def event(context: click.Context, *, event_id: str, raw: bool, source: bool, place: Place, output: Output) -> None:
    """Show everything about one call.

    ID is an eventID as `aitrail events` shows it. With --from, put ID first.

    Exits with 1 if there is no such event, and with 4 if --source finds no record, or one that differs from the row.

    \b
    Examples:
      aitrail event 0b1c2d3e-4f50-4162-8374-95a6b7c8d901
      aitrail event 0b1c2d3e-4f50-4162-8374-95a6b7c8d901 --source
      aitrail event 0b1c2d3e-4f50-4162-8374-95a6b7c8d901 --raw | jq .userIdentity
      aitrail event 0b1c2d3e-4f50-4162-8374-95a6b7c8d901 --from AWSLogs/ -o json
    """
    chosen = [context.get_parameter_source(name) for name in ("format_", "query")]
    if raw + source + any(each is ParameterSource.COMMANDLINE for each in chosen) > 1:
        raise click.UsageError("--raw and --source print the record as JSON: give one of them, without -o and --query.")
    from aitrail.questions import EventStore  # noqa: PLC0415 (would slow down --help)

    row = EventStore(place.source).event(event_id)
    if row is None:
        _narrate_nothing(event_id, place)
        context.exit(ExitCode.FAILURE)
    if source:
        from aitrail.cli.views import show_original  # noqa: PLC0415 (slow to import)

        context.exit(show_original(row, place))
    if raw:
        from aitrail.rows import record_of  # noqa: PLC0415 (--help need not wait for it)

        click.echo(indented_json(record_of(row)))
    elif output.is_table:
        output.write_groups(_groups_of(row, zone_of(context)))
    else:
        output.write([row], table=ALL_COLUMNS, csv=ALL_COLUMNS)


def _narrate_nothing(event_id: str, place: Place) -> None:
    narrate(
        f"There is no event {event_id} in {place}. Check the ID and the place (--stack, --region, --profile, "
        "--from). CloudTrail delivers a log file 5 to 15 minutes after a call. A row is deleted when its retention "
        "ends."
    )
    if re.fullmatch(r"[0-9a-fA-F-]{4,35}", event_id):
        narrate("Give all 36 characters of the ID: `aitrail events --columns eventTime,eventID` shows them.")


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

"""`aitrail services`: shows the services in the registry, without access to AWS."""

import shutil
import textwrap
from collections.abc import Iterator
from typing import Any

import click

from aitrail.cli.options import Command, option, output_options, registry_of, service_files_option
from aitrail.cli.output import Group, Output
from aitrail.services import Service, load

_COLUMNS = (
    *("name", "title", "file", "replaces", "eventSources", "resourceKinds", "usageCounts", "usageLabels"),
    *("amounts", "lookalikes"),
)
# Instead of a file: one of aitrail's.
_OWN = "built-in"
_WORDS = {
    "eventSources": "event sources",
    "resourceKinds": "resource kinds",
    "usageCounts": "usage, counts",
    "usageLabels": "usage, labels",
    "amounts": "amounts",
    "lookalikes": "lookalikes",
    "operations": "operations",
}
# The width before the values of a group, and the minimum width of a line of values.
_INDENT = 4 + max(map(len, _WORDS.values()))
_NARROWEST = 20


@click.command(cls=Command)
@service_files_option
@option("What to show", "--operations", is_flag=True, help="Also list the operations that the AWS SDK knows.")
@output_options(of="the list of services")
@click.pass_context
def services(context: click.Context, *, operations: bool, output: Output) -> None:
    """List the services that are recorded.

    Shows, for each service, the event sources of its records, the kinds of resources that --resource accepts, and the
    fields of usage. An event source that looks like one of these services, but belongs to none, is counted and raises
    an alarm: lookalikes are the patterns for such names.

    To add a service, write a service file: docs/services.md shows how. --service-files checks those of a folder, and
    shows them together with aitrail's own; file says where each service comes from.

    \b
    Examples:
      aitrail services
      aitrail services --service-files services/
      aitrail services -o json --query "[?name=='polly'].resourceKinds[]"
    """
    rows = [_row_of(service, with_operations=operations) for service in registry_of(context).services]
    if output.is_table:
        output.write_groups(map(_group_of, rows))
    else:
        columns = (*_COLUMNS, "operations") if operations else _COLUMNS
        output.write(rows, table=columns, csv=columns)


def _row_of(service: Service, *, with_operations: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": service.name,
        "title": service.title,
        "file": str(service.file) if service.folder else _OWN,
        "replaces": service.folder is not None and service.name in {own.name for own in load().services},
        "eventSources": list(service.event_sources),
        "resourceKinds": sorted(service.resource_kinds),
        "usageCounts": [name for name, _ in service.counts],
        "usageLabels": [name for name, _ in service.labels],
        "amounts": [amount.name for amount in service.amounts],
        "lookalikes": list(service.lookalikes),
    }
    if with_operations:
        from aitrail.aws import known_operations  # noqa: PLC0415 (rarely needed)

        row["operations"] = sorted(known_operations([service.name]))
    return row


def _group_of(row: dict[str, Any]) -> Group:
    fields = [field for name, words in _WORDS.items() if row.get(name) for field in _wrapped(words, row[name])]
    replaces = ", replaces the built-in one" if row["replaces"] else ""
    return Group(f"{row['name']}  {row['title']} ({row['file']}{replaces})", fields)


def _wrapped(name: str, values: list[str]) -> Iterator[tuple[str, str]]:
    """The values in lines that fit the terminal; the first line has the name."""
    width = max(shutil.get_terminal_size().columns - _INDENT, _NARROWEST)
    for line in textwrap.wrap(", ".join(values), width, break_long_words=False, break_on_hyphens=False):
        yield name, line
        name = ""

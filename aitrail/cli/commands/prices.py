"""`aitrail prices`: shows the list prices that costs are calculated with, and gets new ones from AWS."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import click

from aitrail.cells import counted
from aitrail.cli.options import (
    Command,
    OneOf,
    UnreachableError,
    now_of,
    option,
    output_options,
    price_file,
    usual_prices,
)
from aitrail.cli.output import Output, Priorities, narrate
from aitrail.costs import (
    HOST,
    UNITS,
    PriceError,
    Prices,
    billed_services,
    listed_prices,
    refreshed,
    text_of_prices,
    too_old,
)

_SECTION = "Which prices"
_SOURCE = "Where from"
_COLUMNS = ("service", "region", "usageType", "from", "price", "per", "unit", "date", "source")
# What aitrail itself uses has no usage types here, but names.
_OWN = "aitrail"
_NAMED = 10


@click.command(cls=Command)
@option(
    _SECTION,
    "--service",
    "services",
    type=OneOf((*billed_services(), _OWN)),
    multiple=True,
    metavar="NAME",
    help=f"{', '.join(billed_services())}, or {_OWN}: what aitrail itself uses; may be repeated.",
)
@option(
    _SECTION, "--in-region", "regions", multiple=True, metavar="REGION", help="Prices of this Region; may be repeated."
)
@option(_SOURCE, "--prices", "path", metavar="FILE", help="Show the prices in this file, or write it with --refresh.")
@option(_SOURCE, "--refresh", is_flag=True, help="Get the prices of AWS' price list, and write the price file.")
@option(_SOURCE, "--endpoint-url", metavar="URL", help=f"With --refresh: another address than {HOST}.")
@output_options(of="the list of prices", shapes=True)
def prices(
    *,
    services: tuple[str, ...],
    regions: tuple[str, ...],
    path: str | None,
    refresh: bool,
    endpoint_url: str | None,
    output: Output,
) -> None:
    """Show the list prices behind costs, or get new ones.

    Each price has its date and its source. Commands that calculate costs use the file of --prices; without it,
    prices.toml in the folder of the configuration file (~/.config/aitrail; macOS: ~/Library/Application
    Support/aitrail), if there is one; without it, the prices that come with aitrail. Prices are those of AWS' list,
    without discounts, free tier and taxes. Where a price has tiers, the list has a line for each, and costs are
    calculated with the first; from is the amount in a month from which a line applies.

    --refresh reads AWS' public price list, which needs no credentials, for Polly, Transcribe, Lex and Personalize in
    all Regions, or in those of --in-region, and writes prices.toml in that folder, or the file of --prices. Prices that
    the list does not have stay in it, with their date and source; so do those of what aitrail itself uses.

    Regions without a price of their own have that of the file's `region`.

    \b
    Examples:
      aitrail prices
      aitrail prices --refresh --in-region eu-central-1
      aitrail prices --service transcribe -o json
    """
    if endpoint_url and not refresh:
        raise click.UsageError("--endpoint-url applies to --refresh: give both.")
    try:
        found = _refreshed(path, regions, endpoint_url or HOST) if refresh else usual_prices(path)
    except PriceError as error:
        raise click.ClickException(str(error)) from error
    if not refresh:
        narrate(f"These are the prices of {price_file(path) or 'the file that comes with aitrail'}.")
    rows = [
        row
        for row in _rows(found)
        if (not services or row["service"] in services) and (not regions or row["region"] in regions)
    ]
    if not output.is_table:
        output.write(rows, table=_COLUMNS, csv=_COLUMNS)
    elif rows:
        cells = [["" if row[name] is None else str(row[name]) for name in _COLUMNS] for row in rows]
        output.write_table(_COLUMNS, cells, priorities=Priorities.of(_COLUMNS, (*_COLUMNS[:3], "price", "per")))
    if not rows:
        narrate("There are no such prices. Check --service and --in-region.")
    old = [*found.prices.values()] + [
        price for tables in found.usage.values() for table in tables.values() for price in table.values()
    ]
    for note in too_old(old, now_of(click.get_current_context()).date()):
        narrate(note)


def _rows(prices: Prices) -> Iterator[dict[str, Any]]:
    for region, services in sorted(prices.usage.items()):
        for service, usage in sorted(services.items()):
            for name, price in sorted(usage.items()):
                for start, amount in [(0, price.price), *((tier.start, tier.price) for tier in price.tiers)]:
                    yield dict(
                        zip(
                            _COLUMNS,
                            (
                                *(service, region, name, start, amount),
                                *(price.per, price.unit, price.date, price.source),
                            ),
                            strict=True,
                        )
                    )
    for name, price in prices.prices.items():
        values = (_OWN, prices.region, name, price.free, price.price, price.per, UNITS[name], price.date, price.source)
        yield dict(zip(_COLUMNS, values, strict=True))


def _refreshed(given: str | None, regions: tuple[str, ...], host: str) -> Prices:
    """The new prices, which are in the price file as well."""
    from aitrail.aws import DownloadError, download  # noqa: PLC0415 (would slow down --help)
    from aitrail.config import price_path  # noqa: PLC0415 (as above)

    path = Path(given) if given else price_path()
    if path is None:
        raise click.UsageError("There is no folder for settings: name the price file with --prices.")
    old = Prices.read(path) if path.exists() else Prices.read()
    narrate(f"Reading {host} for {'all Regions' if not regions else ', '.join(regions)}.")
    try:
        listed = listed_prices(download, regions, host=host.rstrip("/"))
    except DownloadError as error:
        raise UnreachableError(str(error)) from error
    if not listed.usage:
        raise click.UsageError(f"The price list has nothing for {', '.join(regions)}: check --in-region.")
    found = refreshed(old, listed)
    _replace(path, text_of_prices(found))
    number = sum(len(table) for services in listed.usage.values() for table in services.values())
    narrate(f"Wrote {counted(number, 'price')} of {counted(len(listed.usage), 'Region')} to {path}.")
    if listed.ambiguous:
        more = f" and {len(listed.ambiguous) - _NAMED:,} more" if len(listed.ambiguous) > _NAMED else ""
        narrate(f"Sold at several prices, of which none was taken: {'; '.join(listed.ambiguous[:_NAMED])}{more}.")
    return found


def _replace(path: Path, text: str) -> None:
    """Writes the file as a whole or not at all, after the text has proved to be a price file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, suffix=".toml", delete=False) as file:
        try:
            file.write(text)
            file.flush()
            Prices.read(Path(file.name))
            os.replace(file.name, path)  # noqa: PTH105 (both names are texts)
        except BaseException:
            with suppress(OSError):
                Path(file.name).unlink()
            raise

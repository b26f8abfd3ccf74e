"""--prices: the user's own prices, from a file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from aitrail.cli.options.command import option
from aitrail.costs import PriceError, Prices


def prices_option(section: str, text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds --prices under a heading; the command gets Prices, or None, as `prices`."""
    return option(section, "--prices", callback=_prices, metavar="FILE", help=text)


def _prices(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Prices | None:
    try:
        return None if value is None else Prices.read(Path(value))
    except PriceError as error:
        raise click.BadParameter(str(error)) from error

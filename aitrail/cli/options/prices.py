"""The prices that a command uses: those of --prices, or of the user's price file, or those that come with aitrail."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aitrail.cli.options.command import option

if TYPE_CHECKING:
    from aitrail.costs import Prices


def price_file(given: str | None = None) -> Path | None:
    """The price file that counts: the given one, or that of the user's settings; None if there is none."""
    from aitrail.config import price_path  # noqa: PLC0415 (would slow down --help)

    if given is not None:
        return Path(given)
    usual = price_path()
    return usual if usual and usual.is_file() else None


def usual_prices(given: str | None = None, *, deployment: bool = False) -> "Prices":
    """The prices of the file that counts, or those that come with aitrail. Raises PriceError.

    For a `deployment`, they need the prices of what aitrail itself uses.
    """
    from aitrail.costs import PriceError, Prices  # noqa: PLC0415 (as above)

    path = price_file(given)
    prices = Prices.read(path) if path else Prices.read()
    if deployment and not prices.prices:
        raise PriceError(f"{path}: the table prices is missing, which has the prices of what aitrail itself uses.")
    return prices


def prices_option(section: str, text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds --prices; the command gets the path as `prices`. A file that cannot be used is an error at once."""

    def checked(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
        from aitrail.costs import PriceError  # noqa: PLC0415 (as above)

        try:
            if value is not None:
                usual_prices(value)
        except PriceError as error:
            raise click.BadParameter(str(error)) from error
        return value

    return option(section, "--prices", callback=checked, metavar="FILE", help=text)

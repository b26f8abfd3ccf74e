"""Colors of the outcomes of calls on a terminal; the word is always there as well."""

from collections.abc import Mapping

import click

# The name of a column -> its values with colors. Only these texts get codes, so no other text can contain any.
_COLORS: Mapping[str, Mapping[str, str]] = {
    "outcome": {
        "ok": "green",
        "denied": "red",
        "throttled": "yellow",
        "client-error": "magenta",
        "server-error": "cyan",
    }
}


def colored(column: str, text: str) -> str:
    """The text of a cell, with codes for its color if it has one."""
    color = _COLORS.get(column, {}).get(text)
    return click.style(text, fg=color) if color else text


def plain(_column: str, text: str) -> str:
    """The text of a cell as it is."""
    return text

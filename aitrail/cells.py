"""Values as text: whoever called AWS may have chosen them, and they must neither steer nor calculate."""

import json
import re
from typing import Any

from aitrail.dynamodb import items

# What a spreadsheet takes for the beginning of a formula, full-width forms included (OWASP, "CSV Injection"); also
# behind a semicolon, which separates cells where the comma is the decimal sign.
_FORMULA = re.compile(r"(^|;)(?=\s*[=+\-@＝＋－＠])")  # noqa: RUF001 (the full-width forms)


def json_line(value: Any) -> str:  # noqa: ANN401 (any JSON value)
    """A value as JSON in one line of ASCII: no control character and no lone surrogate reaches the terminal."""
    return json.dumps(items.plain(value), sort_keys=True)


def csv_cell(value: object) -> str:
    """A value as the text of a cell that no spreadsheet takes for a formula; JSON has no semicolon but stays JSON."""
    text = cell_text(value)
    return _FORMULA.sub(r"\1'", text) if isinstance(value, str) else text.replace(";", r"\u003b")


def cell_text(value: object) -> str:
    """A value in one line of visible characters; nothing at all for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return printable(value if isinstance(value, str) else json_line(value))


def printable(text: str) -> str:
    """One line of visible characters: what could steer a terminal or hide itself is shown as its escape."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def counted(count: int, thing: str) -> str:
    """How many, in words: 1 call, 2 addresses."""
    plural = f"{thing}es" if thing.endswith("s") else f"{thing}s"
    return f"{count:,} {thing if count == 1 else plural}"


def indented_json(value: Any, *, ascii_only: bool = True) -> str:  # noqa: ANN401 (any JSON value)
    """A value as JSON in indented lines, names sorted."""
    try:
        return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=ascii_only)
    except RecursionError:  # without indent, json is written by C, which gets deeper
        return items.json_text(value)

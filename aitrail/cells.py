"""Converts values to safe text: callers of AWS control them, so they must not control a terminal or be formulas."""

import json
import re
from typing import Any

from aitrail.dynamodb import items

# The beginning of a formula in a spreadsheet, including full-width characters (OWASP, "CSV Injection"). It may also
# follow a semicolon, which separates cells in locales with a decimal comma.
_FORMULA = re.compile(r"(^|;)(?=\s*[=+\-@＝＋－＠])")  # noqa: RUF001 (the full-width forms)


def json_line(value: Any) -> str:  # noqa: ANN401 (any JSON value)
    """A value as one line of ASCII JSON, so that no control character or lone surrogate reaches the terminal."""
    return json.dumps(items.plain(value), sort_keys=True)


def csv_cell(value: object) -> str:
    """A value as the text of a cell that no spreadsheet evaluates; in JSON, only semicolons are escaped."""
    text = cell_text(value)
    return _FORMULA.sub(r"\1'", text) if isinstance(value, str) else text.replace(";", r"\u003b")


def cell_text(value: object) -> str:
    """A value as one line of visible characters; empty for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return printable(value if isinstance(value, str) else json_line(value))


def printable(text: str) -> str:
    """The text as one line of visible characters: control and invisible characters are replaced by escapes."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def counted(count: int, thing: str) -> str:
    """A number with its noun: 1 call, 2 addresses."""
    plural = f"{thing}es" if thing.endswith("s") else f"{thing}s"
    return f"{count:,} {thing if count == 1 else plural}"


def indented_json(value: Any, *, ascii_only: bool = True) -> str:  # noqa: ANN401 (any JSON value)
    """A value as indented JSON with sorted names."""
    try:
        return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=ascii_only)
    except RecursionError:  # without indent, json uses its C encoder, which allows deeper nesting
        return items.json_text(value)

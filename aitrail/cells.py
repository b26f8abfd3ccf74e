"""Converts values to safe text: callers of AWS control them, so they must not control a terminal or be formulas."""

import json
import re
import unicodedata
from typing import Any

from aitrail.dynamodb import items

# The beginning of a formula in a spreadsheet, including full-width characters (OWASP, "CSV Injection"). It may also
# follow a semicolon, which separates cells in locales with a decimal comma.
_FORMULA = re.compile(r"(^|;)(?=\s*[=+\-@＝＋－＠])")  # noqa: RUF001 (the full-width forms)

# Characters without a glyph that count as letters, marks or symbols, so that str.isprintable() accepts them.
# Default_Ignorable_Code_Point (Unicode 16, DerivedCoreProperties.txt; 4,174 in all, also those that are not printable):
_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f-\u1160\u17b4-\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Blank by their names: Braille pattern, Egyptian hieroglyphs, filler of Khitan, and the null notehead of music.
_BLANK = "\u2800\U00013441-\U00013442\U00016fe4\U0001d159"
_UNSEEN = re.compile(f"[{_IGNORABLE}{_BLANK}]")
# Visible ASCII without backslashes, with spaces only in between.
_PLAIN = re.compile(r"(?:[!-\[\]-~](?:[ -\[\]-~]*[!-\[\]-~])?)?")
# What an escape looks like.
_ESCAPE = re.compile(r"\\(?:[\\nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")


def json_line(value: Any) -> str:  # noqa: ANN401 (any JSON value)
    """A value as one line of ASCII JSON, so that no control character or lone surrogate reaches the terminal."""
    return _ENCODER.encode(value).replace("\x7f", r"\u007f")


# Copying a row without its Decimals, so that json.dumps accepts it, would take as long as writing it.
_ENCODER = json.JSONEncoder(sort_keys=True, default=items.plain_number)


def csv_cell(value: object) -> str:
    """A value as the text of a cell that no spreadsheet evaluates; in JSON, only semicolons are escaped."""
    if isinstance(value, str):
        return _FORMULA.sub(r"\1'", printable(value))
    return cell_text(value).replace(";", r"\u003b")


def cell_text(value: object) -> str:
    """A value as one line of visible characters for a table; empty for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return name_text(value) if isinstance(value, str) else json_line(value)


def name_text(text: str) -> str:
    """A name as one line of visible characters, so that two different names never look the same in a table.

    In addition to what `printable` escapes, these are replaced by escapes: spaces at both ends; combining marks without
    a character to combine with; all but ASCII in a text that is not in Unicode's composed form (NFC); and backslashes
    in a text that has, or seems to have, escapes. It does not tell apart letters that resemble each other (homoglyphs),
    nor texts that only a terminal makes the same, by reordering them from right to left.
    """
    if _PLAIN.fullmatch(text):
        return text
    is_composed = unicodedata.is_normalized("NFC", text)
    last = len(text) - 1
    shown = [""]
    for place, character in enumerate(text):
        is_hidden = (
            _is_unseen(character)
            or (character == " " and place in (0, last))
            or (not is_composed and not character.isascii())
            or (len(shown[-1]) != 1 and unicodedata.category(character).startswith("M"))
        )
        shown.append(_escaped(character) if is_hidden else character)
    if "".join(shown) == text and not _ESCAPE.search(text):
        return text
    return "".join(r"\\" if character == "\\" else character for character in shown)


def printable(text: str) -> str:
    """The text as one line of visible characters: control and invisible characters are replaced by escapes."""
    if text.isprintable() and (text.isascii() or not _UNSEEN.search(text)):
        return text
    return "".join(_escaped(character) if _is_unseen(character) else character for character in text)


def _is_unseen(character: str) -> bool:
    return not character.isprintable() or _UNSEEN.match(character) is not None


def _escaped(character: str) -> str:
    return r"\x20" if character == " " else character.encode("unicode_escape").decode("ascii")


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

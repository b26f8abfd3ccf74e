"""Tests of rows for the conditions on the column `usage` and on user agents."""

import re
from collections.abc import Callable
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from aitrail.questions.conditions import USAGE_MEMBERS
from aitrail.questions.spellings import excluded_of, wanted_of
from aitrail.questions.usage_members import usage_member

_Row = dict[str, Any]
_Values = tuple[str, ...]
_RowTest = Callable[[_Row], bool]

# What only the beginning of a user agent can meet, and thus its product and version: part of these, perhaps a * at the
# end. Rows cut longer ones.
_OF_PRODUCT = re.compile(r"(?=.{1,40}\Z)[\w.+-]+(/[\w.+-]*)?\*?", re.ASCII)


def is_like_in_any_case(values: _Values) -> Callable[[object], bool]:
    """A test: True if a text is equal to one of the values or matches one as a pattern, in upper or lower case."""
    patterns = tuple(value.lower() for value in values)

    def test(value: object) -> bool:
        if not isinstance(value, str):
            return False
        text = value.lower()
        return text in patterns or any(fnmatchcase(text, pattern) for pattern in patterns)

    return test


def _has_member(members: tuple[str, ...], values: _Values) -> _RowTest:
    is_like = is_like_in_any_case(values)
    return lambda row: any(is_like(usage_member(row, name)) for name in members)


def _speaks(values: _Values) -> _RowTest:
    # Amazon Polly and Transcribe write en-US, Lex writes en_US.
    is_like = is_like_in_any_case(tuple(value.replace("_", "-") for value in values))

    def test(row: _Row) -> bool:
        codes = (usage_member(row, name) for name in USAGE_MEMBERS["language"])
        return any(is_like(code.replace("_", "-")) for code in codes if isinstance(code, str))

    return test


def _has_labels(values: _Values) -> _RowTest:
    by_name: dict[str, list[str]] = {}
    for text in values:
        name, _, value = text.partition("=")
        by_name.setdefault(name, []).append(value)
    tests = {name: is_like_in_any_case(tuple(each)) for name, each in by_name.items()}
    return lambda row: all(test(_text(usage_member(row, name))) for name, test in tests.items())


def _text(value: object) -> str | None:
    """A count or a label as text."""
    if isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool | int | float | Decimal) else None


def has_mfa(wanted: bool) -> _RowTest:  # noqa: FBT001 (the value of a condition)
    """A test: True if a call was made with MFA, or False if it was not or does not say whether it was."""
    return lambda row: (usage_member(row, "mfa") is True) is wanted


def _is_made_by(values: _Values) -> _RowTest:
    is_like = is_like_in_any_case(values)
    return lambda row: is_like(_product(row)) or is_like(row.get("userAgent"))


def _product(row: _Row) -> str | None:
    """The product and version of a row's user agent; rows of earlier versions have only the whole text."""
    product, whole = usage_member(row, "agent"), row.get("userAgent")
    if isinstance(product, str):
        return product
    return whole.split(" ", 1)[0] if isinstance(whole, str) else None


def narrow_user_agent(values: _Values) -> Callable[[_Row], bool | None]:
    """Whether a narrow row tells that its whole row meets the condition `user_agent`; None if it does not tell."""
    wanted, excluded = _narrow(wanted_of(values)), _narrow(excluded_of(values))
    has_wanted = bool(wanted_of(values))

    def test(row: _Row) -> bool | None:
        product = usage_member(row, "agent")
        is_wanted, is_excluded = wanted(product) if has_wanted else True, excluded(product)
        if is_wanted is False or is_excluded is True:
            return False
        return True if is_wanted and is_excluded is False else None

    return test


def _narrow(values: _Values) -> Callable[[object], bool | None]:
    is_like = is_like_in_any_case(values)
    product_decides = all(map(_OF_PRODUCT.fullmatch, values))

    def test(product: object) -> bool | None:
        if not isinstance(product, str):
            return None if values else False
        return True if is_like(product) else (False if product_decides else None)

    return test


USAGE_TESTS: dict[str, Callable[[_Values], _RowTest]] = {
    **{name: partial(_has_member, USAGE_MEMBERS[name]) for name in ("engine", "voice", "api_version")},
    "language": _speaks,
    "label": _has_labels,
    "user_agent": _is_made_by,
}

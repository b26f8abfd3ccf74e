"""Looks up parameters: dotted paths in what a record says of request and response, which may be any JSON value.

A value of an unexpected shape counts as absent. Names match regardless of case, because CloudTrail's spelling of
acronyms varies.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TypeVar

# The first name of parameters in additionalEventData, in lower case.
ADDITIONAL = "additionaleventdata"
_HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"

# Usage is copied into every index, whose entries should stay below 1 KB.
_MAX_TEXT = 64
_HASH_DIGITS = 16
# Far above any real count, far below the 38 digits that DynamoDB stores.
_MAX_COUNT = 2**63 - 1

_T = TypeVar("_T")
Members = dict[str, object]


def is_redacted(text: str) -> bool:
    """Whether CloudTrail has left nothing of a text: it is empty, asterisks, or HIDDEN_DUE_TO_SECURITY_REASONS."""
    return not text.strip("*") or text == _HIDDEN


def shortened(text: str) -> str:
    """A text of at most 64 characters; a longer one is cut to a prefix, followed by `~` and 16 digits of its hash."""
    if len(text) <= _MAX_TEXT:
        return text
    import hashlib  # noqa: PLC0415 (loads OpenSSL, which few texts need)

    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    return f"{text[: _MAX_TEXT - _HASH_DIGITS - 1]}~{digest[:_HASH_DIGITS]}"


def sides_of(request: object, response: object, additional: object = None) -> tuple[Members, ...]:
    """The members of request and response, leaving out one that is empty; before them, additionalEventData if any."""
    sides = tuple(members for members in (_members(request), _members(response)) if members)
    return ({ADDITIONAL: additional}, *sides) if additional else sides


def first_name(path: str) -> str:
    """The first name of a dotted path, in lower case."""
    return _steps(path)[1]


def first(parameters: Iterable[str], sides: Iterable[Members], accept: Callable[[object], _T]) -> _T | None:
    """The first accepted value: for each parameter in turn, from the request, then from the response."""
    for parameter in parameters:
        for members in sides:
            value = accept(_at(members, parameter))
            if value is not None:
                return value
    return None


def all_texts(parameter: str, sides: Iterable[Members]) -> Iterator[str]:
    """All texts at a parameter: of every element of a list on the way, and of every member where the path has `*`.

    A text with commas is several: CloudTrail has such lists as the API's headers have them.
    """
    name, lower, rest = _steps(parameter)
    for members in sides:
        value = members.get(name, members.get(lower))
        if value is None:
            continue
        for text in (value,) if rest is None and isinstance(value, str) else _texts_at(value, rest):
            for part in text.split(","):
                if not is_redacted(each := part.strip()):
                    yield each


def text_of(value: object) -> str | None:
    """The string, or the first string of a list, that is neither empty nor redacted."""
    for text in (value,) if isinstance(value, str) else value if isinstance(value, list) else ():
        if isinstance(text, str) and not is_redacted(text):
            return text
    return None


def count_of(value: object) -> int | None:
    """A whole number from 0 to 2**63 - 1."""
    return value if type(value) is int and 0 <= value <= _MAX_COUNT else None


def label_of(value: object) -> str | bool | None:
    """A bool, or a text of at most 64 characters, to which a longer one is shortened."""
    if isinstance(value, bool):
        return value
    text = text_of(value)
    return None if text is None else shortened(text)


def _members(value: object) -> Members:
    """The members of a JSON object, each under its own name and, unless that is taken, under the name in lower case."""
    if not isinstance(value, dict):
        return {}
    # Reversed, so that the first of several spellings wins.
    members: Members = {name.lower(): member for name, member in reversed(value.items()) if isinstance(name, str)}
    members.update(value)
    return members


@cache  # the only paths are those in the service files
def _steps(path: str) -> tuple[str, str, str | None]:
    """The first name of a dotted path, that name in lower case, and the rest of the path (None if there is none)."""
    name, _, rest = path.partition(".")
    return name, name.lower(), rest or None


def _at(members: Members, path: str) -> object:
    """The value at a dotted path, None if there is none; within the path, a list is replaced by its first element."""
    name, lower, rest = _steps(path)
    value = members.get(name)
    if value is None:
        value = members.get(lower)
    if rest is None or value is None:
        return value
    if isinstance(value, list):
        value = value[0] if value else None
    return _at(_members(value), rest)


def _texts_at(value: object, path: str | None) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        if path is None:
            if isinstance(item, str):
                yield item
        elif isinstance(item, dict):
            name, lower, rest = _steps(path)
            for member in item.values() if name == "*" else [item.get(name, _members(item).get(lower))]:
                yield from _texts_at(member, rest)

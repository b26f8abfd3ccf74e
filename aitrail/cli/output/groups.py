"""Groups of names and values under headings, which show all parts of one thing to people."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import click

from aitrail.cells import printable

# A longer name shifts only its own value.
_WIDEST_NAME = 56
# Values that are nested more deeply are shown as JSON.
_DEEPEST = 6

# The names and indexes that lead to a value inside another.
Steps = tuple[str | int, ...]


class Group(NamedTuple):
    """A heading, names with values, and lines without names below them; any text is allowed."""

    heading: str
    fields: Sequence[tuple[str, str]] = ()
    lines: Sequence[str] = ()


def lines_of(groups: Iterable[Group], *, bold: bool) -> Iterator[str]:
    """The lines of all groups that are not empty; everything but `bold` headings is printable."""
    for number, group in enumerate(each for each in groups if each.fields or each.lines):
        if number:
            yield ""
        yield click.style(group.heading, bold=True) if bold else group.heading
        fields = [(printable(name), printable(value)) for name, value in group.fields]
        width = min(max((len(name) for name, _ in fields), default=0), _WIDEST_NAME)
        yield from (f"  {name:{width}}  {value}" for name, value in fields)
        yield from (f"  {printable(line)}" for line in group.lines)


def leaves(value: Any, path: Steps = ()) -> Iterator[tuple[Steps, Any]]:  # noqa: ANN401 (any JSON value)
    """The values inside a JSON value with their paths, objects in the order of names; empty containers are values."""
    if not isinstance(value, dict | list) or not value or len(path) == _DEEPEST:
        yield path, value
        return
    for name, item in sorted(value.items()) if isinstance(value, dict) else enumerate(value):
        yield from leaves(item, (*path, name))


def text_of(value: Any) -> str:  # noqa: ANN401 (any JSON value)
    """A non-empty text unchanged; any other value as JSON."""
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)

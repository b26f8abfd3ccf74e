"""Groups of calls one below the other for people: the measures of each as names and values. Pure."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from aitrail.cells import name_text
from aitrail.cli.output import Group
from aitrail.cli.views.usage_table import ABSENT, simple_table


def usage_groups(
    groups: Sequence[dict[str, Any]],
    by: Sequence[str],
    measures: Sequence[str],
    total: Callable[[Sequence[dict[str, Any]]], dict[str, Any]],
) -> Iterator[Group]:
    """One for each group of calls and, if there are several, one of the totals, with the measures as in a table.

    `total` returns the measures of several groups together.
    """
    _, lines, _ = simple_table(groups, by[0], measures, total)
    headings = ["  ".join(ABSENT if group[name] is None else name_text(group[name]) for name in by) for group in groups]
    for heading, (label, *cells) in zip([*headings, None], lines, strict=False):
        texts = (cell if isinstance(cell, str) else f"{cell:,}" for cell in cells)
        fields = [(name, text) for name, text in zip(measures, texts, strict=True) if text]
        yield Group(str(label) if heading is None else heading, fields)

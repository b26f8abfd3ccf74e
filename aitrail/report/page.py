"""A report as one HTML file, which needs nothing else and asks nobody for anything. Pure.

The page is built from the sources in the folder `page` of the project. Its Content-Security-Policy lets only its own
script and style apply, whatever a log file contains. The data is JSON in an element that no browser runs.
"""

import base64
import gzip
import json
import re
import struct
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path

from aitrail.cells import name_text
from aitrail.report.document import About, Json, columns_of, document_of, flat
from aitrail.report.making import Report

_PAGE = Path(__file__).with_name("page.html")
# What the built page has in the place of the data.
_PLACE = '{"data": "is put here"}'
# No page of a month is larger, and no other one. What would be is folded more.
_LARGEST_OF_A_MONTH = 1_500_000
_LARGEST = 3_000_000
_MONTH = timedelta(days=31)
# What would end the element, begin a comment in it, or be a line of its own in JavaScript.
_UNSAFE = re.compile("[<>&\u2028\u2029]")
_PACKED = ("cells", "cellsBefore")
_SHARED = ("shared", "sharedBefore")


def html_of(report: Report, about: About) -> str:
    """The page of a report. Texts of log files are in it as visible characters only; see `aitrail.cells.name_text`.

    If the page would be too large, the report is folded more.
    """
    largest = _LARGEST_OF_A_MONTH if report.shown.until - report.shown.since <= _MONTH else _LARGEST
    while True:
        page = _filled(document_of(report, about, name_text))
        if len(page) <= largest or not report.folding.deepen():
            return page


def _filled(document: Json) -> str:
    for name in _SHARED:
        cells, sizes = flat(document[name] or ())
        document[name] = {"sizes": sizes, "cells": _packed(cells)}
    for name in _PACKED:
        document[name] = _packed(document[name]) if document[name] is not None else None
    begin, place, end = _template().partition(_PLACE)
    if not place:
        raise ValueError(f"{_PAGE} has no place for data: build it again")
    return f"{begin}{_json(document)}{end}"


def _packed(cells: Sequence[Sequence[int]]) -> Json:
    """Cells column by column as doubles, compressed: JavaScript reads them as they are."""
    columns = list(columns_of(cells))
    content = b"".join(struct.pack(f"<{len(column)}d", *column) for column in columns)
    packed = gzip.compress(content, compresslevel=9, mtime=0)
    return {"count": len(cells), "columns": len(columns), "gzip": base64.b64encode(packed).decode()}


def _json(document: Json) -> str:
    """The document as ASCII JSON without characters that mean something in HTML."""
    text = json.dumps(document, separators=(",", ":"))
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


@cache
def _template() -> str:
    return _PAGE.read_text(encoding="utf-8")

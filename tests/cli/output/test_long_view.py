"""--long: rows one below the other."""

import io
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from aitrail.cli.output.long_view import LongView

ROW = {
    "eventTime": "2026-03-14T00:00:07Z",
    "operation": "PutLexicon",
    "usage": {"engine": "neural", "resources": ["lexicon/a"]},
    "recordIndex": 1234,
    "errorCode": None,
    "readOnly": False,
}
COLUMNS = ("eventTime", "operation", "principal", "usage", "recordIndex", "errorCode", "readOnly")


def lines(*rows, columns=COLUMNS, heading=COLUMNS[:3], zone=UTC, bold=False):
    stream = io.StringIO()
    view = LongView(stream, columns, heading=heading, bold=bold, zone=zone)
    for row in rows:
        view.add([row])
    view.end()
    return stream.getvalue().splitlines()


def test_row_is_a_heading_above_the_names_and_values_that_it_has():
    assert lines(ROW) == [
        "2026-03-14T00:00:07Z  PutLexicon  -",
        "  usage.engine       neural",
        "  usage.resources.0  lexicon/a",
        "  recordIndex        1,234",
        "  readOnly           false",
    ]


def test_empty_line_separates_rows():
    assert lines(ROW, ROW) == [*lines(ROW), "", *lines(ROW)]


def test_times_are_in_the_time_zone():
    assert lines(ROW, zone=ZoneInfo("Asia/Tokyo"))[0].startswith("2026-03-14T09:00:07+09:00  ")


def test_one_column_is_shown():
    assert lines(ROW, columns=("operation",), heading=("operation",)) == ["PutLexicon", "  operation  PutLexicon"]


HOSTILE = "\x1b[2J\n\u202e"


@pytest.mark.parametrize("bold", [False, True])
def test_values_neither_steer_the_terminal_nor_make_lines(bold):
    row = {"eventTime": HOSTILE, "principal": HOSTILE, "usage": {HOSTILE: [HOSTILE]}, "errorCode": HOSTILE * 100}

    shown = lines(row, bold=bold)

    assert len(shown) == 3
    assert all(line.isprintable() for line in shown[bold:])

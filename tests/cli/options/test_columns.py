"""--columns selects the attributes of rows to show."""

import json

import pytest

from aitrail.dynamodb.tables import NARROW_COLUMNS
from aitrail.questions import WIDE_COLUMNS
from aitrail.rows import row_of


@pytest.fixture
def shown(aitrail, log_file, record):
    """The output of `aitrail events --columns COLUMNS` for one call."""
    path = log_file("a.json", record(7))

    def shown(columns, *arguments):
        ended = aitrail("events", "--from", path, "--columns", columns, *arguments)
        assert (ended.exit_code, ended.stderr) == (0, "")
        return ended.stdout

    return shown


CHOICES = {
    "in the order given": ("operation,eventTime", ["operation", "eventTime"]),
    "in any case": ("EVENTTIME,principal", ["eventTime", "principal"]),
    "with spaces and empty names": (" eventTime , ,principal,", ["eventTime", "principal"]),
    "each once": ("eventTime,principal,eventTime", ["eventTime", "principal"]),
    "wide": ("userAgent,eventTime,logFile", ["userAgent", "eventTime", "logFile"]),
}


@pytest.mark.parametrize(("columns", "expected"), CHOICES.values(), ids=CHOICES)
@pytest.mark.parametrize(("output", "gap"), [("table", None), ("csv", ",")], ids=["table", "csv"])
def test_columns_are_those_chosen(shown, columns, output, gap, expected):
    assert shown(columns, "-o", output).splitlines()[0].replace(" (UTC)", "").split(gap) == expected


@pytest.mark.parametrize("output", ["json", "jsonl"])
def test_json_has_these_attributes_alone(shown, output):
    found = json.loads(shown("eventTime,eventName,errorCode", "-o", output))

    row = {"eventTime": "2026-03-14T00:00:07Z", "eventName": "StartSpeechSynthesisTask"}
    assert found == ([row] if output == "json" else row)


def test_every_attribute_of_a_row_is_a_column(record):
    unknown = {"futureField": 1, "requestParameters": {"speed": 1.0}}

    row = row_of(record() | unknown, log_file="a", record_index=0)

    assert {*row, "expiresAt"} <= {*NARROW_COLUMNS, *WIDE_COLUMNS}
    assert not {*NARROW_COLUMNS} & {*WIDE_COLUMNS}


@pytest.mark.parametrize("columns", ["", " , "], ids=["empty", "separators"])
def test_no_column_at_all_is_refused(aitrail, columns):
    ended = aitrail("events", "--columns", columns)

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "Invalid value for '--columns': give at least one column." in ended.stderr

"""-o: rows as text, with any values that callers of AWS may have chosen."""

import csv
import io
import json
import os
import unicodedata
from decimal import Decimal

import click
import pytest
from click.testing import CliRunner

from aitrail.cells import printable
from aitrail.cli.options import output_options
from aitrail.cli.output import narrate

ROWS = [
    {"eventID": "1", "usage": {"requestCharacters": Decimal(25), "ratio": Decimal("1.5")}, "readOnly": False},
    {"eventID": "2", "resource": "bot/Zoë", "recordIndex": -3, "errorCode": None},
]
COLUMNS = ("eventID", "resource", "usage", "readOnly", "recordIndex", "errorCode")

# Characters that could control a terminal, or hide or reverse text: C0, DEL, C1, bidirectional controls, line and
# paragraph separators, surrogates.
DANGEROUS = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in ("Cc", "Cf", "Cs", "Zl", "Zp")]


def written(rows, output, **options):
    """The output of a command with `-o output`."""

    @click.command()
    @output_options()
    def command(output):
        output.write(rows, table=COLUMNS, csv=COLUMNS)

    return CliRunner(catch_exceptions=False).invoke(command, ["-o", output], **options).stdout


def test_jsonl_has_every_attribute_of_a_row_in_a_line():
    assert written(ROWS, "jsonl") == (
        '{"eventID": "1", "readOnly": false, "usage": {"ratio": 1.5, "requestCharacters": 25}}\n'
        '{"errorCode": null, "eventID": "2", "recordIndex": -3, "resource": "bot/Zo\\u00eb"}\n'
    )


def test_json_is_one_list():
    lines = written(ROWS, "jsonl").splitlines()

    assert written(ROWS, "json") == f"[\n{lines[0]},\n{lines[1]}\n]\n"


def test_csv_has_the_columns_and_composite_values_as_json():
    assert list(csv.reader(io.StringIO(written(ROWS, "csv")))) == [
        list(COLUMNS),
        ["1", "", '{"ratio": 1.5, "requestCharacters": 25}', "false", "", ""],
        ["2", "bot/Zoë", "", "", "-3", ""],
    ]


def test_table_has_the_columns_side_by_side():
    rows = [{"eventID": "1", "resource": "bot/Zoë"}, {"eventID": "22222", "recordIndex": 7}]

    assert [line.rstrip() for line in written(rows, "table").splitlines()] == [
        "eventID  resource  usage  readOnly  recordIndex  errorCode",
        "1        bot/Zoë",
        "22222                                         7",
    ]


EMPTY = {"table": "", "json": "[]\n", "jsonl": "", "csv": ",".join(COLUMNS) + "\n"}


@pytest.mark.parametrize(("output", "expected"), EMPTY.items(), ids=EMPTY)
def test_no_rows_are_still_a_valid_document(output, expected):
    assert written([], output) == expected


def test_format_is_taken_in_any_case():
    assert written([], "JSON") == "[]\n"


@pytest.mark.parametrize("width", ["40", "80"])
def test_table_cuts_and_folds_nothing_however_narrow_the_terminal(width):
    row = {"eventID": "0b1c2d3e-4f50-4162-8374-95a6b7c8d902", "resource": "transcription-job/" + "x" * 300}

    lines = written([row], "table", env={"COLUMNS": width}).splitlines()

    assert len(lines) == 2
    assert row["eventID"] in lines[1]
    assert row["resource"] in lines[1]


def test_table_takes_no_markup_from_rows():
    row = {"eventID": "[bold red]x[/] :warning: [link=https://example.com]y[/link]"}

    assert row["eventID"] in written([row], "table")


@pytest.mark.parametrize("output", ["table", "csv", "json", "jsonl"])
def test_nothing_in_a_row_steers_a_terminal(output):
    text = "a\\" + "".join(DANGEROUS) + "z"
    row = {"eventID": text, "resource": f"\x1b]0;title\x07{text}", "usage": {text: [text]}}

    shown = written([row], output)

    assert not set(shown) & set(DANGEROUS) - {"\n"}
    assert shown.count("\n") == {"table": 2, "csv": 2, "json": 3, "jsonl": 1}[output]


@pytest.mark.parametrize("output", ["json", "jsonl"])
def test_json_is_ascii_and_gives_back_what_the_row_has(output):
    row = {"eventID": "\x1b[2J\x9b\x7f \u202e\ud800 😀"}

    shown = written([row], output)

    assert shown.isascii()
    assert json.loads(shown) in (row, [row])


def test_narration_is_a_line_on_stderr(capsys):
    narrate("odd\nname\x1b[2J")

    assert capsys.readouterr() == ("", "odd\\nname\\x1b[2J\n")


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "＝1", "＋1", "－1", "＠1"]  # noqa: RUF001


@pytest.mark.parametrize("text", FORMULAS, ids=map(ascii, FORMULAS))
def test_csv_has_no_formula(text):
    (_, cells) = csv.reader(io.StringIO(written([{"eventID": text}], "csv")))

    assert cells[0] == "'" + printable(text)


def test_csv_has_no_semicolon_in_json():
    value = {"engine": ';=HYPERLINK("http://x")', ";@y": [";-1"]}

    text = written([{"eventID": value}], "csv")

    assert ";" not in text
    (_, cells) = csv.reader(io.StringIO(text))
    assert json.loads(cells[COLUMNS.index("eventID")]) == value


def test_csv_has_no_formula_behind_a_semicolon():
    (_, cells) = csv.reader(io.StringIO(written([{"eventID": "x; =1+1;+2;y"}], "csv")))

    assert cells[0] == "x;' =1+1;'+2;y"


@pytest.mark.parametrize("text", ["\t=1", "\r=1", "\n=1", "\u00a0=1", "a=1", "user/-x", "1-1"], ids=ascii)
def test_csv_leaves_alone_what_is_no_formula(text):
    (_, cells) = csv.reader(io.StringIO(written([{"eventID": text}], "csv")))

    assert cells[0] == printable(text)


class Terminal(io.StringIO):
    def isatty(self):
        return True


DEFAULTS = {
    "terminal": (Terminal(), None, "table"),
    "pipe": (io.StringIO(), None, "jsonl"),
    "terminal, command with a format of its own": (Terminal(), "csv", "csv"),
}


@pytest.mark.parametrize(("stdout", "default", "expected"), DEFAULTS.values(), ids=DEFAULTS)
def test_default_format_depends_on_the_terminal_unless_the_command_has_its_own(monkeypatch, stdout, default, expected):
    taken = []
    command = click.command()(output_options(default)(lambda output: taken.append(output.format)))
    monkeypatch.setattr("sys.stdout", stdout)

    command([], standalone_mode=False)

    assert taken == [expected]


@pytest.mark.parametrize("output", ["table", "csv"])
def test_characters_that_the_locale_lacks_are_escaped(program, record, log_file, output):
    file = log_file("a.json", record(sourceIPAddress="Zoë"))

    process = program("scan", file, "-o", output, env=os.environ | {"PYTHONIOENCODING": "ascii"})

    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (0, b"")
    assert b"Zo\\xeb" in stdout


SENSELESS = {
    "long json": (["--long", "-o", "json"], "--long is for tables, and -o json has all columns: leave one out."),
    "wide csv": (["--wide", "-o", "csv"], "--wide is for tables, and -o csv has all columns: leave one out."),
    "long query": (["--long", "--query", "[]"], "--long is for tables of rows, and --query shows something else"),
    "both": (["--wide", "--long"], "--wide and --long are two ways to show all columns: give one of them."),
}


@pytest.mark.parametrize("command", ["events", "usage", "who lexicon/x", "what root", "scan ."])
@pytest.mark.parametrize(("arguments", "message"), SENSELESS.values(), ids=SENSELESS)
def test_senseless_combinations_are_refused(aitrail, command, arguments, message):
    ended = aitrail(*command.split(), *arguments)

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert message in ended.stderr


@pytest.mark.parametrize("arguments", [["events", "--from"], ["scan"]], ids=["events", "scan"])
def test_long_view_has_the_columns_of_csv_and_whole_ids(aitrail, log_file, record, arguments):
    path = log_file("a.json", record(1), record(2))

    ended = aitrail(*arguments, path, "--long")

    assert ended.exit_code == 0
    (first, *lines), second = (group.splitlines() for group in ended.stdout.split("\n\n"))
    heading = "2026-03-14T00:00:0{}Z  StartSpeechSynthesisTask  user/audiobooks-batch"
    assert {first, second[0]} == {heading.format(1), heading.format(2)}
    shown = dict(line.split(maxsplit=1) for line in lines)
    assert len(shown["eventID"]) == 36
    assert {"service", "credentials", "readOnly", "usage.agent"} <= set(shown)


def test_long_view_of_chosen_columns_has_these_alone(aitrail, log_file, record):
    ended = aitrail("events", "--from", log_file("a.json", record(1)), "--long", "--columns", "operation,userAgent")

    assert [line.split()[0] for line in ended.stdout.splitlines()] == ["StartSpeechSynthesisTask", "userAgent"]


def test_chosen_ids_are_whole_in_a_table(aitrail, log_file, record):
    ended = aitrail("events", "--from", log_file("a.json", record(1)), "--columns", "eventID", "-o", "table")

    assert ended.stdout.splitlines() == ["eventID", record(1)["eventID"]]

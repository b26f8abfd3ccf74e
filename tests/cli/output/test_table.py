"""The layout of tables, also with little room."""

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from aitrail.cli.output import ROW_COLUMNS, Output
from aitrail.cli.output.table import TableWriter

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=200)


def table(columns, *chunks, width=None, bold=False):
    """The lines of a table, and the columns left out."""
    stream = io.StringIO()
    writer = TableWriter(stream, columns, width=width, bold=bold)
    for chunk in chunks:
        writer.add(chunk)
    return stream.getvalue().splitlines(), list(writer.left_out)


def test_texts_stand_to_the_left_and_numbers_to_the_right():
    lines, _ = table(["who", "calls", "share"], [["alice", 1_234_567, 0.5], ["bob", 7, 12.25], ["", "", ""]])

    assert lines == [
        "who        calls  share",
        "alice  1,234,567    0.5",
        "bob            7  12.25",
        "",
    ]


def test_header_of_numbers_stands_to_the_right_also_if_the_first_cell_is_empty():
    lines, _ = table(["who", "characters"], [["alice", ""], ["bob", 7]])

    assert lines == ["who    characters", "alice", "bob             7"]


WIDE = {
    "Japanese": ("案内係", "案内係  x"),
    "emoji": ("😀", "😀      x"),
    "full width": ("ＡＢ", "ＡＢ    x"),  # noqa: RUF001
    "combining": ("e\u0301", "e\u0301       x"),
    "as wide as the widest": ("abcdef", "abcdef  x"),
}


@pytest.mark.parametrize(("name", "expected"), WIDE.values(), ids=WIDE)
def test_columns_keep_their_place_beside_wide_characters(name, expected):
    lines, _ = table(["a", "b"], [["abcdef", "x"], [name, "x"]])

    assert lines == ["a       b", "abcdef  x", expected]


def test_later_rows_widen_a_column_and_lose_nothing():
    lines, _ = table(["a", "b"], [["1234", "x"]], [["123456", "x"], ["1", "x"]], [["1", "x"]])

    assert lines == ["a     b", "1234  x", "123456  x", "1       x", "1       x"]


def test_no_rows_are_no_table():
    assert table(["a", "b"], [], width=10) == ([], [])


NARROW = {
    "all fit": (14, []),
    "two do": (13, ["cc"]),
    "not even two do": (5, ["cc"]),
    "no limit": (None, []),
}


@pytest.mark.parametrize(("width", "expected"), NARROW.values(), ids=NARROW)
def test_columns_without_room_are_left_out_from_the_right_except_the_first_two(width, expected):
    lines, left_out = table(["aa", "bb", "cc"], [["aaaa", "bbbb", ""]], width=width)

    assert (lines[0].split() + left_out, left_out) == (["aa", "bb", "cc"], expected)
    assert lines[1].split() == ["aaaa", "bbbb"]


CELLS = st.text(st.sampled_from("ab 案😀ﾊe\u0301"), max_size=12) | st.integers(-(10**9), 10**9)
COLUMNS = st.lists(st.text(st.sampled_from("abc案"), min_size=1, max_size=6), min_size=2, max_size=6)


@given(data=st.data(), columns=COLUMNS, width=st.integers(1, 60))
@LAW
def test_first_rows_fit_where_more_than_two_columns_are_shown_and_no_cell_is_ever_cut(data, columns, width):
    row = st.tuples(*[CELLS] * len(columns))
    first, later = (data.draw(st.lists(row, min_size=1, max_size=4)) for _ in range(2))

    lines, left_out = table(columns, first, later, width=width)

    shown = len(columns) - len(left_out)
    assert columns[shown:] == left_out
    assert len(lines) == 1 + len(first) + len(later)
    assert shown == 2 or all(cell_len(line) <= width for line in lines[: 1 + len(first)])
    for line, cells in zip(lines[1:], [*first, *later], strict=True):
        texts = [cell if isinstance(cell, str) else f"{cell:,}" for cell in cells[:shown]]
        assert "".join(line.split()) == "".join("".join(texts).split())


def test_header_alone_is_bold():
    lines, _ = table(["a"], [["x"]], bold=True)

    assert lines == ["\x1b[1ma\x1b[0m", "x"]


@pytest.mark.parametrize("output", ["table", "json", "jsonl", "csv"])
def test_first_lines_are_there_before_the_last_row_is_read(output, monkeypatch):
    written = []

    def rows():
        for number in range(250):
            written.append(stream.tell())
            yield {"eventID": f"{number:03}"}

    stream = io.StringIO()
    monkeypatch.setattr("sys.stdout", stream)
    Output(format=output, styled=False).write(rows(), table=["eventID"], csv=["eventID"])

    assert written[0] < 10
    assert written[100] > 100
    assert written[200] > written[100]
    assert stream.getvalue().count("\n") >= 250


@pytest.fixture
def calls(log_file, record):
    """A log file of two calls, one with a long resource."""
    return log_file("a.json", record(1), record(2, requestParameters={"lexiconNames": ["stations"]}))


def leave_out(*columns):
    return f"No room for {', '.join(columns)}: widen the terminal, or use -o jsonl or -o csv.\n"


ROOM = {60: 2, 80: 4, 100: 4, 160: 7, 200: 8}


@pytest.mark.parametrize(("width", "expected"), ROOM.items(), ids=ROOM)
def test_lines_fit_the_terminal_and_a_note_names_what_is_left_out(on_terminal, calls, width, expected):
    shown, note = on_terminal("events", "--from", calls, columns=width, NO_COLOR="1")

    header, *lines = shown.splitlines()
    assert header.replace(" (UTC)", "").split() == [*ROW_COLUMNS[:expected]]
    assert ("principal" in header) == (width >= 80)
    assert len(lines) == 2
    assert max(map(len, (header, *lines))) <= width
    assert note == (leave_out(*ROW_COLUMNS[expected:]) if expected < len(ROW_COLUMNS) else "")


CHOSEN = "eventID,resource,userAgent,requestID"


def test_nothing_chosen_is_left_out_however_narrow_the_terminal(on_terminal, calls):
    shown, note = on_terminal("events", "--from", calls, "--columns", CHOSEN, columns=40, NO_COLOR="1")

    assert shown.splitlines()[0].split() == CHOSEN.split(",")
    assert (shown.count("\n"), note) == (3, "")


def test_nothing_is_left_out_or_cut_in_a_pipe(aitrail, calls):
    ended = aitrail("events", "--from", calls, "-o", "table", env={"COLUMNS": "20"})
    rows = json.loads(aitrail("events", "--from", calls, "-o", "json").stdout)

    header, *lines = ended.stdout.splitlines()
    assert header.replace(" (UTC)", "").split() == [*ROW_COLUMNS]
    assert [line.split() for line in lines] == [[row[name] for name in ROW_COLUMNS if name in row] for row in rows]
    assert ended.stderr == ""


def test_columns_without_room_are_folded_below_their_row_where_all_are_needed():
    stream = io.StringIO()
    writer = TableWriter(stream, ["a", "number", "reason", "logFile"], width=12, bold=False, fold=True)

    writer.add([["x", 1, "no gzip", "s3://b/1"], ["yy", 23, "", "s3://b/2"]])
    writer.add([["z", 4, "", ""]])

    assert stream.getvalue().splitlines() == [
        "a   number",
        "x        1",
        "    reason   no gzip",
        "    logFile  s3://b/1",
        "yy      23",
        "    logFile  s3://b/2",
        "z        4",
    ]
    assert writer.left_out == ()


def test_nothing_is_folded_where_there_is_room():
    stream = io.StringIO()

    TableWriter(stream, ["a", "logFile"], width=12, bold=False, fold=True).add([["x", "s3://b/1"]])

    assert stream.getvalue().splitlines() == ["a  logFile", "x  s3://b/1"]


def test_header_is_bold_on_a_terminal(on_terminal, calls):
    shown, _ = on_terminal("events", "--from", calls)

    first, *others = shown.splitlines()
    assert first.startswith("\x1b[1meventTime ")
    assert first.endswith("\x1b[0m")
    assert not any("\x1b" in line for line in others)


PLAIN = {
    "option": (["--no-color"], {}),
    "environment": ([], {"NO_COLOR": "1"}),
    "terminal without styles": ([], {"TERM": "dumb"}),
}


@pytest.mark.parametrize(("arguments", "environment"), PLAIN.values(), ids=PLAIN)
def test_table_has_no_styles_where_nobody_wants_them(on_terminal, calls, arguments, environment):
    shown, _ = on_terminal("events", "--from", calls, *arguments, **environment)

    assert shown.startswith("eventTime ")
    assert "\x1b" not in shown

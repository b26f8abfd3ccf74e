"""The layout of tables, also with little room."""

import io
import json
from collections import Counter

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from aitrail.cli.output import ROW_COLUMNS, Output, Priorities, widths
from aitrail.cli.output.table import TableWriter

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=200)


def table(columns, *chunks, **options):
    """The lines of a table, and the columns left out."""
    stream = io.StringIO()
    writer = TableWriter(stream, columns, **{"width": None, "bold": False} | options)
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
    "no limit": (None, []),
}


@pytest.mark.parametrize(("width", "expected"), NARROW.values(), ids=NARROW)
def test_columns_without_room_are_left_out(width, expected):
    lines, left_out = table(["aa", "bb", "cc"], [["aaaa", "bbbb", ""]], width=width)

    assert (lines[0].split() + left_out, left_out) == (["aa", "bb", "cc"], expected)
    assert lines[1].split() == ["aaaa", "bbbb"]


def test_two_columns_stay_however_narrow_the_terminal_is():
    lines, left_out = table(["aa", "bb", "cc"], [["aaaa", "bbbb", ""]], width=5)

    assert (lines, left_out) == (["aa", "   bb", "aaaa", " bbbb"], ["cc"])


def test_narrower_column_of_less_priority_is_shown_where_a_wide_one_has_no_room():
    lines, left_out = table(["aa", "bb", "wide", "c"], [["a", "b", "x" * 20, "c"]], width=14)

    assert (lines, left_out) == (["aa  bb  c", "a   b   c"], ["wide"])


def test_columns_leave_by_priority_and_stay_in_their_order():
    priorities = Priorities.of(["a", "b", "c", "d"], ["d", "a", "c"])

    lines, left_out = table(["a", "b", "c", "d"], [["1", "2", "3", "4"]], width=7, priorities=priorities)

    assert (lines, left_out) == (["a  c  d", "1  3  4"], ["b"])


def test_text_that_is_too_wide_pushes_the_next_one_and_what_has_no_room_continues_below():
    columns = ["time", "who", "outcome", "id"]
    names = ["abc", "abcd", "abcdefgh", "abcdefghijklm"]
    rows = [["12:00", name, "ok", "1234"] for name in (*["ab"] * 9, *names)]
    priorities = Priorities.of(columns, columns, narrow={"who": None})

    lines, left_out = table(columns, rows, width=25, priorities=priorities)

    assert left_out == []
    assert lines[0] == "time   who  outcome  id"
    assert lines[-6:] == [
        "12:00  ab   ok       1234",
        "12:00  abc  ok       1234",
        "12:00  abcd  ok      1234",
        "12:00  abcdefgh  ok  1234",
        "12:00  abcdefghijklm  ok",
        "                     1234",
    ]


def test_numbers_stay_below_one_another_beside_a_long_name():
    rows = [[name, number] for name, number in (("a", 1), ("b", 22), ("a-very-long-name", 333), ("c", 4))]
    priorities = Priorities.of(["name", "calls"], ["name", "calls"], narrow={"name": 0})

    lines, _ = table(["name", "calls"], rows, width=20, priorities=priorities)

    assert lines == [
        "name  calls",
        "a         1",
        "b        22",
        "a-very-long-name",
        "        333",
        "c         4",
    ]


COLUMNS = st.lists(st.text(st.sampled_from("abc案"), min_size=1, max_size=6), min_size=2, max_size=6, unique=True)


@st.composite
def tables(draw):
    """Columns, two chunks of rows, and the columns that stay longest and those that may be narrow."""
    columns = draw(COLUMNS)
    texts = [draw(st.booleans()) for _ in columns]
    cell = {True: st.text(st.sampled_from("ab 案😀ﾊe\u0301"), max_size=30), False: st.integers(-(10**9), 10**9)}
    row = st.tuples(*(cell[is_text] for is_text in texts))
    first, later = (draw(st.lists(row, min_size=1, max_size=6)) for _ in range(2))
    some = st.lists(st.sampled_from(columns), unique=True)
    enough = st.none() | st.integers(0, 20)
    names = [name for name, is_text in zip(columns, texts, strict=True) if is_text and draw(st.booleans())]
    narrow = {name: draw(enough) for name in names}
    return columns, first, later, draw(some), narrow


def words(text):
    return Counter(text.replace(" ", ""))


@given(made=tables(), width=st.integers(1, 100))
@LAW
def test_no_line_is_wider_than_the_terminal_and_no_cell_is_ever_cut(made, width):
    columns, first, later, stay, narrow = made
    priorities = Priorities.of(columns, stay, narrow=narrow)

    lines, left_out = table(columns, first, later, width=width, priorities=priorities)

    shown = [place for place, name in enumerate(columns) if name not in left_out]
    texts = [cell if isinstance(cell, str) else f"{cell:,}" for row in (first + later) for cell in row]
    widest = max(map(cell_len, [*columns, *texts]))
    assert len(shown) >= 2
    assert all(cell_len(line) <= max(width, widest) for line in lines)
    cells = [columns[place] for place in shown]
    cells += [
        row[place] if isinstance(row[place], str) else f"{row[place]:,}" for row in first + later for place in shown
    ]
    assert words("".join(lines)) == words("".join(cells))
    for cell in cells:
        assert any(cell.strip() in line for line in lines)


@given(made=tables(), width=st.integers(1, 100))
@LAW
def test_a_column_is_shown_only_if_all_that_stay_longer_are_or_are_wider_than_what_is_left(made, width):
    columns, first, _, stay, _ = made
    priorities = Priorities.of(columns, stay)

    _, left_out = table(columns, first, width=width, priorities=priorities)

    needed = widths(columns, first)
    shown = []
    for place in priorities.order:  # the obvious way: one column after the other
        taken = sum(needed[each] for each in (*shown, place)) + 2 * len(shown)
        if len(shown) < 2 or taken <= width:
            shown.append(place)
    assert left_out == [name for place, name in enumerate(columns) if place not in shown]


@given(made=tables(), width=st.integers(1, 100))
@LAW
def test_colors_change_neither_the_text_nor_its_place(made, width):
    columns, first, later, stay, narrow = made
    options = {"width": width, "priorities": Priorities.of(columns, stay, narrow=narrow)}

    plain = table(columns, first, later, **options)
    painted = table(columns, first, later, **options, bold=True, paint=lambda _, text: click.style(text, fg="red"))

    assert ([click.unstyle(line) for line in painted[0]], painted[1]) == plain


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


WAYS = "use --columns NAME,…, --wide or --long, or widen the terminal"
ROOM = {
    60: ["service", "resource", "outcome", "awsRegion", "sourceIPAddress", "eventID"],
    80: ["service", "resource", "awsRegion", "sourceIPAddress"],
    100: ["resource", "awsRegion", "sourceIPAddress"],
    160: ["awsRegion", "sourceIPAddress"],
    200: [],
}


@pytest.mark.parametrize(("width", "expected"), ROOM.items(), ids=ROOM)
def test_lines_fit_the_terminal_and_a_note_names_what_is_left_out(on_terminal, calls, width, expected):
    shown, note = on_terminal("events", "--from", calls, columns=width, NO_COLOR="1")

    header, *_ = lines = shown.splitlines()
    assert header.replace(" (UTC)", "").split() == [name for name in ROW_COLUMNS if name not in expected]
    assert max(map(len, lines)) <= width
    assert note == (f"No room for {', '.join(expected)}: {WAYS}.\n" if expected else "")


def test_wide_table_has_all_columns_however_narrow_the_terminal_is(on_terminal, calls):
    shown, note = on_terminal("events", "--from", calls, "--wide", columns=40, NO_COLOR="1")

    assert shown.splitlines()[0].replace(" (UTC)", "").split() == [*ROW_COLUMNS]
    assert (shown.count("\n"), note) == (3, "")


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
    for line, row in zip(lines, rows, strict=True):
        assert line.split() == [*(row[name] for name in ROW_COLUMNS[:-1] if name in row), row["eventID"][:8]]
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

    first, *_ = shown.splitlines()
    assert first.startswith("\x1b[1meventTime ")
    assert first.endswith("\x1b[0m")


def test_outcomes_have_colors_on_a_terminal_and_the_text_is_the_same_without(on_terminal, log_file, record):
    path = log_file("a.json", record(1), record(2, errorCode="AccessDenied"))
    question = ("events", "--from", path)

    (colors, _), (plain, _) = on_terminal(*question, columns=200), on_terminal(*question, "--no-color", columns=200)

    assert "\x1b[31mdenied\x1b[0m" in colors
    assert "\x1b[32mok\x1b[0m" in colors
    assert click.unstyle(colors) == plain


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

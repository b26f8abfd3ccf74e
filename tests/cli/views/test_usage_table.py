"""Tables of groups for people."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.cli import views
from aitrail.cli.output import BLOCKS, widths
from aitrail.questions import group_order

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=200)

BY = ("principal", "service")
CALLS = {("alice", "polly"): 5, ("alice", "lex"): 1, ("bob", "lex"): 7, ("bob", None): 2}


def summed(groups):
    """The sum of each measure, None if no group has a number."""
    measures = [name for name in groups[0] if name in ("calls", "errors", "cost")]
    numbers = {name: [group[name] for group in groups if group[name] is not None] for name in measures}
    return {name: sum(found) if found else None for name, found in numbers.items()}


def simple_table(*arguments):
    return views.simple_table(*arguments, summed)


def cross_table(*arguments):
    return views.cross_table(*arguments, summed)


def groups_of(calls, by=BY):
    return [dict(zip(by, key, strict=True)) | {"calls": value} for key, value in calls.items()]


def test_last_dimension_becomes_columns_and_the_largest_come_first():
    assert cross_table(groups_of(CALLS), BY, "calls", None) == (
        ["principal", "lex", "polly", "-", "total"],
        [["bob", 7, 0, 2, 9], ["alice", 1, 5, 0, 6], ["total", 8, 5, 2, 15]],
        [],
    )


def test_times_are_in_their_own_order_in_lines_and_in_columns():
    by = ("day", "principal", "hour")
    calls = {("2", "a", "1"): 1, ("1", "a", "0"): 2, ("1", "b", "0"): 3, ("2", "a", "3"): 9}

    assert cross_table(groups_of(calls, by), by, "calls", None) == (
        ["day", "principal", "0", "1", "3", "total"],
        [
            ["1", "b", 3, 0, 0, 3],
            ["1", "a", 2, 0, 0, 2],
            ["2", "a", 0, 1, 9, 10],
            ["total", "", 5, 1, 9, 15],
        ],
        [],
    )


def test_one_line_has_no_line_of_totals():
    assert cross_table(groups_of({("alice", "lex"): 1, ("alice", "polly"): 2}), BY, "calls", None) == (
        ["principal", "polly", "lex", "total"],
        [["alice", 2, 1, 3]],
        [],
    )


def test_one_column_has_no_column_of_totals():
    assert cross_table(groups_of({("alice", "lex"): 1, ("bob", "lex"): 2}), BY, "calls", None) == (
        ["principal", "lex"],
        [["bob", 2], ["alice", 1], ["total", 3]],
        [],
    )


WIDTHS = {
    # principal  lex  polly  -  total
    "everything fits": (31, ["lex", "polly", "-", "total"], [7, 0, 2, 9], []),
    "one column less, since the others need room too": (30, ["lex", "others", "total"], [7, 2, 9], ["polly", "-"]),
    "just enough for one": (29, ["lex", "others", "total"], [7, 2, 9], ["polly", "-"]),
    "not enough for any": (5, ["lex", "others", "total"], [7, 2, 9], ["polly", "-"]),
}


@pytest.mark.parametrize(("width", "heads", "bob", "hidden"), WIDTHS.values(), ids=WIDTHS)
def test_columns_that_do_not_fit_are_summed_up_in_one_and_named(width, heads, bob, hidden):
    found, lines, others = cross_table(groups_of(CALLS), BY, "calls", width)

    assert (found, lines[0], others) == (["principal", *heads], ["bob", *bob], hidden)


def test_of_times_the_newest_are_shown():
    calls = {("alice", f"2026-11-{day}"): day for day in range(10, 20)}

    heads, lines, _ = cross_table(groups_of(calls, ("principal", "day")), ("principal", "day"), "calls", 48)

    assert heads == ["principal", "2026-11-18", "2026-11-19", "others", "total"]
    assert lines == [["alice", 18, 19, 108, 145]]


def named(value):
    """The name that a table shows: that of a caller is no marker of the table."""
    return "-" if value is None else f"'{value}'" if value in ("-", "total", "others", "(others)") else value


def test_names_neither_steer_the_terminal_nor_pass_for_a_row_of_the_table():
    calls = {("\x1b[2J", "principal"): 1, ("total", "others"): 2, ("\u202e", "total"): 3}

    assert cross_table(groups_of(calls), BY, "calls", None) == (
        ["principal", "'total'", "'others'", "principal", "total"],
        [["\\u202e", 3, 0, 0, 3], ["'total'", 0, 2, 0, 2], ["\\x1b[2J", 0, 0, 1, 1], ["total", 3, 2, 1, 6]],
        [],
    )


def test_simple_table_has_a_line_for_each_group_and_one_of_totals():
    groups = [{"region": None, "calls": 2, "errors": 1}, {"region": "b\n", "calls": 1, "errors": 0}]

    assert simple_table(groups, "region", ["calls", "errors"]) == (
        ["region", "calls", "errors"],
        [["-", 2, 1], ["b\\n", 1, 0], ["total", 3, 1]],
        [],
    )


def test_simple_table_of_one_group_has_no_totals():
    assert simple_table([{"region": "a", "calls": 2}], "region", ["calls"]) == (["region", "calls"], [["a", 2]], [])


COSTS = {
    "no less than two": (["4", "30"], ["4.00", "30.00", "34.00"]),
    "as many as one of them needs": (["4.125", "30"], ["4.125", "30.000", "34.125"]),
    "no more than four": (["0.00004", "0.00004"], ["0.0000", "0.0000", "0.0001"]),
    "nothing": (["0", "0"], ["0.00", "0.00", "0.00"]),
    "zeros at the end are not needed": (["1.5000000", "1E+3"], ["1.50", "1000.00", "1001.50"]),
}


@pytest.mark.parametrize(("costs", "expected"), COSTS.values(), ids=COSTS)
def test_amounts_have_the_same_number_of_decimals(costs, expected):
    groups = [{"region": str(number), "cost": Decimal(cost)} for number, cost in enumerate(costs)]

    _, lines, _ = simple_table(groups, "region", ["cost"])

    assert [str(line[1]) for line in lines] == expected


def test_simple_table_leaves_empty_what_has_no_number():
    groups = [{"service": "polly", "cost": Decimal("1.5")}, {"service": "lex", "cost": None}]

    _, lines, _ = simple_table(groups, "service", ["cost"])

    assert lines == [["polly", Decimal("1.50")], ["lex", ""], ["total", Decimal("1.50")]]


def test_sum_of_what_has_no_number_has_none():
    groups = [{"principal": name, "service": name, "cost": None} for name in ("lex", "transcribe")]

    assert simple_table(groups, "service", ["cost"]).lines == [["lex", ""], ["transcribe", ""], ["total", ""]]
    assert cross_table(groups, BY, "cost", None).lines == [
        ["lex", "", "", ""],
        ["transcribe", "", "", ""],
        ["total", "", "", ""],
    ]


def test_others_without_a_number_are_empty():
    costs = {("a", "polly"): Decimal(1), ("a", "lex"): None, ("b", "transcribe"): None, ("b", "polly"): Decimal(0)}
    groups = [dict(zip(BY, key, strict=True)) | {"cost": cost} for key, cost in costs.items()]

    heads, lines, others = cross_table(groups, BY, "cost", 30)

    assert (heads, others) == (["principal", "polly", "others", "total"], ["lex", "transcribe"])
    assert [list(map(str, line)) for line in lines] == [
        ["a", "1.00", "", "1.00"],
        ["b", "0.00", "", "0.00"],
        ["total", "1.00", "", "1.00"],
    ]


def test_cross_table_shows_no_amount_where_there_is_nothing():
    groups = [
        {"principal": "a", "service": "lex", "cost": Decimal("1.5")},
        {"principal": "b", "service": "polly", "cost": Decimal("2.125")},
    ]

    _, lines, _ = cross_table(groups, BY, "cost", None)

    assert [list(map(str, line)) for line in lines] == [
        ["b", "2.125", "", "2.125"],
        ["a", "", "1.500", "1.500"],
        ["total", "2.125", "1.500", "3.625"],
    ]


TEXTS = st.sampled_from([None, "a", "b", "ccccccccccccccc", "日本語", "total"])


@given(
    calls=st.dictionaries(st.tuples(TEXTS, TEXTS, TEXTS), st.integers(1, 10**9), min_size=1),
    width=st.none() | st.integers(0, 120),
)
@LAW
def test_cross_table_says_what_the_groups_say_and_fits_where_it_can(calls, width):
    by = ("principal", "service", "resource")

    heads, lines, others = cross_table(groups_of(calls, by), by, "calls", width)

    def total(chosen):
        return sum(value for key, value in calls.items() if chosen(key))

    rows = {key[:2] for key in calls}
    columns = {key[2] for key in calls}
    rows = sorted(rows, key=lambda row: group_order(by[:2], row, total(lambda key: key[:2] == row)))
    columns = sorted(columns, key=lambda column: group_order(by[2:], [column], total(lambda key: key[2] == column)))
    folded = "others" in heads
    shown = columns[: len(heads) - 2 - folded - (len(columns) > 1)]

    def line(chosen):
        numbers = [total(lambda key, column=column: chosen(key) and key[2] == column) for column in shown]
        others = [total(lambda key: chosen(key) and key[2] not in shown)] if folded else []
        return numbers + others + ([total(chosen)] if len(columns) > 1 else [])

    expected = [[*map(named, row), *line(lambda key, row=row: key[:2] == row)] for row in rows]
    if len(rows) > 1:
        expected.append(["total", "", *line(lambda _: True)])
    assert lines == expected
    assert len(shown) >= 1
    assert not folded or width is not None
    assert sorted(others) == sorted(named(column) for column in columns if column not in shown)
    if width is not None and len(shown) > 1:  # labels that are longer stand on lines of their own
        numbers = widths(heads[2:], [line[2:] for line in lines])
        assert sum((*map(len, heads[:2]), *numbers)) + 2 * (len(heads) - 1) <= width


def test_totals_are_not_always_the_sums():
    groups = [{"account": name, "calls": 2} for name in "ab"]

    assert views.simple_table(groups, "account", ["calls"], lambda _: {"calls": 3}).lines[-1] == ["total", 3]
    crossed = [group | {"service": "polly"} for group in groups]
    assert views.cross_table(crossed, ("account", "service"), "calls", None, lambda _: {"calls": 3}).lines[-1] == [
        "total",
        3,
    ]


def test_cost_that_may_be_larger_is_marked_and_an_unknown_one_is_empty():
    groups = [
        {"service": "a", "cost": Decimal("1.5"), "costIsAtLeast": True},
        {"service": "b", "cost": None, "costIsAtLeast": True},
        {"service": "c", "cost": Decimal(2), "costIsAtLeast": False},
    ]

    lines = views.simple_table(groups, "service", ["cost"], lambda _: groups[0]).lines

    assert [f"{line[1]:,}" if line[1] else "" for line in lines] == [">=1.50", "", "2.00", ">=1.50"]
    assert widths(["cost"], [line[1:] for line in lines]) == [6]


def test_a_long_name_takes_no_room_from_the_numbers():
    calls = {(name, day): 1 for name in ("a" * 8, "b" * 8, "c" * 8, "d" * 70) for day in ("2026-11-20", "2026-11-21")}

    heads, _, others = cross_table(groups_of(calls, ("principal", "day")), ("principal", "day"), "calls", 48)

    assert (heads, others) == (["principal", "2026-11-20", "2026-11-21", "total"], [])


DAYS = [f"2026-11-{day}" for day in range(10, 30)]


def with_trend(width, days=DAYS, measure="calls", values=None):
    by = ("principal", "day")
    calls = {("alice", day): number for number, day in enumerate(days)} | {("bob", days[3]): 7, ("bob", None): 9}
    groups = [dict(zip(by, key, strict=True)) | {measure: (values or {}).get(key, n)} for key, n in calls.items()]
    return views.cross_table(groups, by, measure, width, summed, str, days, BLOCKS)


def test_trend_precedes_the_total_and_has_a_mark_for_each_time():
    heads, lines, _ = with_trend(None)

    assert heads[-2:] == ["trend", "total"]
    assert [line[-2] for line in lines] == [
        "▁▂▂▃▃▃▄▄▄▅▅▆▆▆▇▇▇███",
        "▁▁▁█▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁",
        "▁▂▂▅▃▃▄▄▄▅▅▆▆▆▇▇▇███",
    ]


@pytest.mark.parametrize("width", [48, 60, 80, 200, 400])
def test_trend_shows_all_times_however_few_columns_fit(width):
    heads, lines, others = with_trend(width)

    trend = heads.index(next(head for head in heads if head.startswith("trend")))
    size = {48: 2}.get(width, 1)
    assert heads[trend] == ("trend" if size == 1 else f"trend, {size} days each")
    assert [len(line[trend]) for line in lines] == [20 // size] * 3
    assert bool(others) == (width < 300)
    assert sum(widths(heads, lines)) + 2 * (len(heads) - 1) <= width


def test_all_numbers_are_worth_more_than_a_trend():
    days = DAYS[:4]
    width = 5 + 4 * 12 + 2 * 3 + len("principal")

    heads, _, others = with_trend(width, days)

    assert (any(head.startswith("trend") for head in heads), others) == (False, [])


def test_trend_leaves_a_gap_where_an_amount_is_not_known():
    values = {("alice", day): Decimal(3) for day in DAYS[:2]} | {("alice", DAYS[2]): Decimal(0)}
    groups = [{"principal": who, "day": day, "cost": cost} for (who, day), cost in values.items()]
    groups.append({"principal": "alice", "day": DAYS[4], "cost": Decimal(1)})

    _, lines, _ = views.cross_table(groups, ("principal", "day"), "cost", None, summed, str, DAYS[:5], BLOCKS)

    assert lines[0][-2] == "██▁ ▄"


def test_bars_stand_beside_the_measure_that_they_show_and_their_title_is_the_scale():
    groups = [{"day": day, "calls": calls, "errors": 0} for day, calls in zip(DAYS, (0, 1, 200), strict=False)]

    heads, lines, _ = views.simple_table(groups, "day", ["errors", "calls"], summed, drawn="calls", marks=BLOCKS)

    assert heads == ["day", "errors", "calls", "0 to 200"]
    assert [line[3] for line in lines] == ["▁", "█", "█" * 20, ""]


def test_one_group_has_no_bar():
    groups = [{"day": DAYS[0], "calls": 3}]

    assert views.simple_table(groups, "day", ["calls"], summed, drawn="calls", marks=BLOCKS).columns == ["day", "calls"]

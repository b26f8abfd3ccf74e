"""Which columns a table has, and how wide they are."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.cli.output.fitting import GAP, Priorities, fitting

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=300)

COLUMNS = st.lists(st.lists(st.integers(1, 40), min_size=2, max_size=2), min_size=2, max_size=7)


@st.composite
def questions(draw):
    columns = draw(COLUMNS)
    order = draw(st.permutations(range(len(columns))))
    narrow = draw(st.dictionaries(st.sampled_from(range(len(columns))), st.none() | st.integers(0, 20)))
    return columns, draw(st.integers(1, 150)), Priorities(order, draw(st.integers(0, len(columns))), narrow)


def taken(widths):
    return sum(widths.values()) + GAP * (len(widths) - 1)


@given(questions())
@LAW
def test_columns_fit_unless_the_first_two_by_priority_do_not(question):
    columns, room, priorities = question

    shown = fitting(columns, room, priorities)

    assert set(priorities.order[:2]) <= set(shown)
    assert taken(shown) <= room or set(shown) == set(priorities.order[:2])
    assert list(shown) == sorted(shown)
    for place, width in shown.items():
        title, *_ = columns[place]
        assert title <= width <= max(columns[place])
        assert place in priorities.narrow or width == max(columns[place])


@given(questions(), st.integers(1, 20))
@LAW
def test_more_room_never_takes_away_the_columns_that_stay_longest(question, more):
    columns, room, (order, staying, _) = question
    priorities = Priorities(order, staying)

    def first_missing(room):
        shown = fitting(columns, room, priorities)
        return next((number for number, place in enumerate(order) if place not in shown), len(order))

    assert first_missing(room) <= first_missing(room + more)


def test_all_columns_are_as_wide_as_their_cells_where_there_is_no_limit():
    assert fitting([[3, 8], [5, 2]], None, Priorities([1, 0], 0)) == {0: 8, 1: 5}


PARTS = {
    "half of the cells": (None, {0: 6, 1: 20}),
    "less": (4, {0: 4, 1: 20}),
    "the title at least": (0, {0: 3, 1: 20}),
}


@pytest.mark.parametrize(("enough", "expected"), PARTS.values(), ids=PARTS)
def test_narrow_column_has_room_for(enough, expected):
    columns = [[3, 5, 6, 6, 30], [20, 1, 1, 1, 1]]

    assert fitting(columns, 20, Priorities([0, 1], 2, {0: enough})) == expected


def test_what_is_left_is_given_to_narrow_columns_for_whole_cells():
    columns = [[3, 3, 3, 8, 40], [3, 3, 3, 9, 40], [10, 10, 10, 10, 10]]

    assert fitting(columns, 31, Priorities([0, 1, 2], 3, {0: None, 1: None})) == {0: 8, 1: 3, 2: 10}
    assert fitting(columns, 33, Priorities([0, 1, 2], 3, {0: None, 1: None})) == {0: 8, 1: 9, 2: 10}


def test_most_cells_of_narrow_columns_are_worth_more_than_columns_that_leave_early():
    columns = [[3, *[3] * 6, *[9] * 3, 30], [4] * 11, [5] * 11]

    assert fitting(columns, 16, Priorities([0, 1, 2], 2, {0: None})) == {0: 9, 1: 4}
    assert fitting(columns, 16, Priorities([0, 1, 2], 3, {0: None})) == {0: 3, 1: 4, 2: 5}


def test_columns_of_the_same_name_are_different_ones():
    priorities = Priorities.of(["a", "total", "total"], ["total"], {"a": 0})

    assert priorities == Priorities([1, 2, 0], 2, {0: 0})

"""Numbers as marks and bars."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from aitrail.cli.output.sparklines import ASCII, BLOCKS, averages, bars, columns, marks_for, sparkline

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=300)
COUNTS = st.integers(0, 10**12)
NUMBERS = st.lists(st.none() | COUNTS, max_size=20) | st.lists(
    st.none() | st.decimals(0, 10**9, places=6, allow_nan=False), max_size=20
)
MARKS = st.sampled_from([BLOCKS, ASCII])


def test_the_scale_is_from_zero_to_the_largest_number():
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == BLOCKS
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], ASCII) == ASCII
    assert sparkline([6, 7]) == "▇█"


def test_zero_a_little_and_unknown_are_told_apart():
    assert sparkline([0, 1, 10**12, None, 0]) == "▁▂█ ▁"
    assert bars([0, 1, 10**12, None], 5) == ["▁", "█", "█████", ""]
    assert bars([0, 1, 10**12, None], 5, ASCII) == ["_", "#", "#####", ""]


@pytest.mark.parametrize("numbers", [[], [0], [0, 0], [None], [Decimal(0), None]], ids=str)
def test_nothing_but_zeros_is_low(numbers):
    assert sparkline(numbers) == "".join(" " if number is None else "▁" for number in numbers)


@given(NUMBERS, MARKS)
@LAW
def test_a_larger_number_is_never_lower_and_zero_is_alone_at_the_bottom(numbers, marks):
    line, lengths = sparkline(numbers, marks), [len(bar) for bar in bars(numbers, 20, marks)]

    assert len(line) == len(lengths) == len(numbers)
    known = sorted(
        (number, marks.index(mark)) for number, mark in zip(numbers, line, strict=True) if number is not None
    )
    assert [level for _, level in known] == sorted(level for _, level in known)
    assert all((number == 0) == (level == 0) for number, level in known)
    assert all(level == len(marks) - 1 for number, level in known if 0 < number == known[-1][0])
    ordered = sorted(pair for pair in zip(numbers, lengths, strict=True) if pair[0] is not None)
    assert [length for _, length in ordered] == sorted(length for _, length in ordered)
    assert all(mark == " " for number, mark in zip(numbers, line, strict=True) if number is None)


@given(NUMBERS, st.integers(1, 25))
@LAW
def test_averages_cover_all_numbers_in_order(numbers, most):
    found, size = averages(numbers, most)

    assert len(found) <= most
    assert size == 1 or len(numbers) > most
    if size == 1:
        assert found == numbers
        return
    first = len(numbers) % size or size
    starts = [0, *range(first, len(numbers), size)][: len(numbers)]
    for start, end, average in zip(starts, [*starts[1:], len(numbers)], found, strict=True):
        part = [number for number in numbers[start:end] if number is not None]
        assert average is None if not part else min(part) <= average <= max(part)


def test_average_of_what_is_not_known_is_of_the_rest():
    assert averages([1, None, None, None, 4, 6], 3) == ([1, None, 5], 2)


ENCODINGS = {"utf-8": BLOCKS, None: BLOCKS, "ascii": ASCII, "latin-1": ASCII, "cp437": ASCII, "no-such-thing": ASCII}


@pytest.mark.parametrize(("encoding", "marks"), ENCODINGS.items(), ids=map(str, ENCODINGS))
def test_marks_are_those_that_the_encoding_has(encoding, marks):
    assert marks_for(encoding) == marks


def test_every_mark_takes_one_cell():
    assert [cell_len(mark) for mark in BLOCKS + ASCII] == [1] * 16
    assert len(set(BLOCKS)) == len(set(ASCII)) == 8


def test_columns_are_sparklines_of_several_lines():
    assert columns([0, 1, 7, 8, None, 14], 2) == ["   ▂ █", "▁▂██ █"]
    assert columns([0, 1, 7, 8, None, 14], 2, ASCII) == ["   . #", "_.## #"]


def test_columns_with_a_scale_of_their_own_can_be_compared():
    assert columns([7], 2, top=14) == ["", "█"]
    assert columns([0, 0], 2, top=14) == ["", "▁▁"]


@given(NUMBERS, MARKS)
@LAW
def test_columns_of_one_line_are_the_sparkline(numbers, marks):
    assert columns(numbers, 1, marks) == [sparkline(numbers, marks).rstrip()]


@given(NUMBERS, st.integers(1, 6), MARKS)
@LAW
def test_a_larger_number_has_a_column_that_is_never_lower(numbers, height, marks):
    lines = [line.ljust(len(numbers)) for line in columns(numbers, height, marks)]

    def level(place):
        return sum(marks.index(line[place]) for line in lines if line[place] != " ")

    known = sorted((number, level(place)) for place, number in enumerate(numbers) if number is not None)
    assert [each for _, each in known] == sorted(each for _, each in known)
    assert all((number == 0) == (each == 0) for number, each in known)

"""Colors of outcomes."""

import click
import pytest

from aitrail.cli.output.colors import colored, plain
from aitrail.rows import OUTCOMES


def test_each_outcome_has_a_color_of_its_own_around_its_word():
    shown = {outcome: colored("outcome", outcome) for outcome in OUTCOMES}

    assert {outcome: click.unstyle(text) for outcome, text in shown.items()} == {each: each for each in OUTCOMES}
    assert len({text.replace(outcome, "") for outcome, text in shown.items()}) == len(OUTCOMES)
    assert all(text.startswith("\x1b[") for text in shown.values())


@pytest.mark.parametrize(("column", "text"), [("outcome", "\x1b[31mok"), ("outcome", "OK"), ("principal", "ok")])
def test_nothing_else_has_one(column, text):
    assert colored(column, text) == text


def test_without_colors_a_text_is_as_it_is():
    assert plain("outcome", "ok") == "ok"

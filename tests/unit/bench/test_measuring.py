import pytest

from bench import measuring
from bench.measuring import Figure


def test_ways_take_turns():
    turns = []

    measuring.cpu_seconds(3, {"a": lambda: turns.append("a"), "b": lambda: turns.append("b")})

    assert turns == list("ababab")


def test_a_child_is_measured_by_itself():
    found = measuring.child("-c", "print(len(bytearray(50_000_000)))", environment={})

    assert found.said == 50_000_000
    assert found.cpu > 0


@pytest.mark.parametrize(
    ("target", "value", "words", "met"),
    [
        ({"most": 2.0}, 2.0, "<= 2", True),
        ({"most": 2.0}, 2.1, "<= 2", False),
        ({"least": 6}, 6.0, ">= 6", True),
        ({"least": 6}, 5.9, ">= 6", False),
        ({}, 1.0, "", None),
    ],
    ids=["at most", "over", "at least", "under", "no target"],
)
def test_a_figure_says_whether_it_meets_its_target(target, value, words, met):
    figure = Figure(name="x", value=value, **target)

    assert (figure.target, figure.met) == (words, met)

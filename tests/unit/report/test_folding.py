from datetime import timedelta

import pytest

from aitrail.questions import NOTHING_NAMED, OTHERS, Naming, Network, Team
from aitrail.report.folding import Folding, dimensions_of, folded
from aitrail.window import Window
from tests.shared.call_rows import START

NAMES = ("service", "principal", "resource")
LEADING = {name: tuple(f"{name}-{number}" for number in range(60)) for name in NAMES[1:]}


def folding(days=31):
    return Folding(NAMES, LEADING, Window(since=START, until=START + timedelta(days=days)))


def key(principal=0, resource=0, time="2026-11-21T08:00Z"):
    return time, "polly", f"principal-{principal}", f"resource-{resource}"


def test_the_most_frequent_values_stay_and_all_others_are_one():
    fold = folding().fold

    assert fold(key(49, 49)) == key(49, 49)
    assert fold(key(50, 49)) == (*key()[:2], OTHERS, "resource-49")
    assert fold((None, "polly", None, None)) == (None, "polly", None, None)


def test_a_value_that_calls_itself_others_is_not_taken_for_them():
    fold = Folding(NAMES, {"principal": ("(others)",), "resource": ()}, Window(since=START, until=START)).fold

    principal, resource = fold((None, "polly", "(others)", "x"))[2:]

    assert (principal is OTHERS, resource is OTHERS) == (False, True)


@pytest.mark.parametrize("days", [31, 400])
def test_each_level_only_sums_what_the_one_before_keeps_apart(days):
    one = folding(days)
    keys = [key(principal, resource) for principal in range(0, 60, 7) for resource in range(0, 60, 7)]
    found = {each: one.fold(each) for each in keys}

    while one.deepen():
        assert {each: one.fold(before) for each, before in found.items()} == {each: one.fold(each) for each in keys}
        found = {each: one.fold(each) for each in keys}

    assert {*found.values()} == {("2026-11", "polly", OTHERS, OTHERS)}


def test_hours_become_days_before_few_names_are_left():
    one, levels = folding(), []
    while one.deepen():
        levels.append(one.level)

    assert levels[:3] == [("hour", 50, 20), ("hour", 20, 20), ("day", 20, 20)]
    assert [(unit, most) for unit, most, _ in levels[-2:]] == [("month", 1), ("month", 0)]


def test_a_long_time_has_days_from_the_beginning():
    assert folding(62).level.unit == "hour"
    assert folding(63).level == ("day", 50, 50)


def test_teams_and_networks_are_dimensions_if_they_have_names():
    naming = Naming(teams=(Team(name="search"),), networks=(Network(name="office", blocks=("203.0.113.0/24",)),))

    assert {*dimensions_of(naming)} - {*dimensions_of(NOTHING_NAMED)} == {"team", "network"}
    assert {"team", "network", "principal"} <= {*folded(dimensions_of(naming))}
    assert "service" not in folded(dimensions_of(naming))

"""A measure of two windows: differences, what is not known, and the order."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.questions import OTHERS, EventStore, Filter
from aitrail.questions.comparison import Comparison
from aitrail.questions.dimensions import DimensionError
from tests.shared.call_rows import MINUTE, NOW, PLANTED, START, Rows, call_row, counted, rows_of
from tests.shared.usage_prices import prices_of_polly

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=200)
HOUR = timedelta(hours=1)
MIDDLE = START + HOUR
PRICES = prices_of_polly({"neural": Decimal(16)})


def store(rows):
    return EventStore(rows if isinstance(rows, Rows) else Rows(*rows), now=lambda: NOW)


def compared(rows, *, by=("principal",), since=MIDDLE, until=MIDDLE + HOUR, said=None, **question):
    """The comparison with as much time before."""
    report = pytest.fail if said is None else said.append
    return store(rows).compare(by=by, since=since, until=until, report=report, **question)


def calls(principal, before, now, **changes):
    """That many calls in the hour before MIDDLE, and in the hour after it."""
    places = [-each for each in range(1, before + 1)] + list(range(now))
    return [call_row(f"{principal}{each}", MIDDLE + each * MINUTE, principal=principal, **changes) for each in places]


def numbers(found, *names):
    return {group["principal"]: tuple(group[name] for name in names) for group in found}


def test_groups_and_total_have_both_numbers_the_difference_and_the_percentage():
    found = compared(calls("user/a", 2, 3) + calls("user/b", 3, 0) + calls("user/c", 0, 5))

    known = {"callsIsAtLeast": False, "callsBeforeIsAtLeast": False}
    assert found == [
        {"principal": "user/c", "calls": 5, "callsBefore": 0, "difference": 5, "percent": None} | known,
        {"principal": "user/b", "calls": 0, "callsBefore": 3, "difference": -3, "percent": -100} | known,
        {"principal": "user/a", "calls": 3, "callsBefore": 2, "difference": 1, "percent": 50} | known,
    ]
    assert found.total() == {"calls": 8, "callsBefore": 5, "difference": 3, "percent": 60} | known


def test_percentage_has_one_decimal():
    assert numbers(compared(calls("user/a", 3, 4)), "percent") == {"user/a": (Decimal("33.3"),)}


@pytest.mark.parametrize("measure", ["characters", "cost"])
def test_numbers_of_any_size_are_compared_exactly(measure):
    sizes = [(-MINUTE, 1), (MINUTE, 10**37)]  # DynamoDB's numbers have at most 38 digits
    rows = [
        call_row(str(size), MIDDLE + place, usage={"engine": "neural", "requestCharacters": size})
        for place, size in sizes
    ]

    (found,) = compared(rows, measure=measure, prices=PRICES)

    share = Decimal(1) if measure == "characters" else Decimal(16) / 10**6
    assert found["difference"] == Fraction(share) * (10**37 - 1)
    assert found["percent"] == 100 * (10**37 - 1)


UNKNOWN = {"usage": {"engine": "neural"}}


@pytest.mark.parametrize("measure", ["characters", "cost"])
@pytest.mark.parametrize("is_now", [True, False])
def test_difference_is_not_known_where_a_number_is_a_lower_bound(measure, is_now):
    at = MIDDLE + MINUTE if is_now else MIDDLE - MINUTE
    rows = [*calls("user/a", 1, 2), call_row("?", at, principal="user/a", **UNKNOWN), *calls("user/b", 1, 2)]
    said = []

    found = compared(rows, measure=measure, prices=PRICES, said=said)

    names = ("difference", "percent", f"{measure}IsAtLeast", f"{measure}BeforeIsAtLeast")
    unknown = (None, None, is_now, not is_now)
    assert numbers(found, *names)["user/a"] == unknown
    assert numbers(found, "percent") == {"user/b": (100,), "user/a": (None,)}
    assert tuple(found.total()[name] for name in names) == unknown
    assert len(said) == 1
    assert said[0].startswith("" if is_now else "Before: ")
    assert "The records of 1 successful call do not say" in said[0]


def test_calls_are_known_although_their_characters_are_not():
    found = compared([*calls("user/a", 1, 1, **UNKNOWN)])

    assert numbers(found, "difference", "callsIsAtLeast") == {"user/a": (0, False)}


def test_difference_of_costs_is_not_known_where_an_engine_has_no_price():
    turbo = {"usage": {"engine": "turbo", "requestCharacters": 5}}
    rows = [*calls("user/a", 1, 1), call_row("?", MIDDLE, principal="user/a", **turbo)]

    found = compared(rows, measure="cost", prices=PRICES, said=[])

    assert numbers(found, "cost", "difference", "costIsAtLeast") == {"user/a": (Decimal("0.00016"), None, True)}


def test_cost_of_what_has_no_price_is_not_zero_but_that_of_no_calls_is():
    rows = [*calls("user/lex", 1, 1, service="lex"), *calls("user/new", 0, 1)]

    found = compared(rows, measure="cost", prices=PRICES, said=[])

    assert numbers(found, "cost", "costBefore", "difference") == {
        "user/lex": (None, None, None),
        "user/new": (Decimal("0.00016"), 0, Decimal("0.00016")),
    }


def test_cost_has_the_prices_of_aitrail_unless_others_are_given():
    found = compared(calls("user/a", 0, 1), measure="cost")

    assert found[0]["cost"] > 0


def test_streams_without_an_end_leave_the_difference_of_their_time_unknown():
    rows = calls("user/a", 0, 1, service="transcribe", usage={"stream": "s"})

    found = compared(rows, measure="streamSeconds", said=[])

    assert numbers(found, "streamSeconds", "difference", "streamSecondsIsAtLeast") == {"user/a": (0, None, True)}


ORDERED = [*calls("user/same", 9, 9), *calls("user/less", 7, 2), *calls("user/more", 3, 6), *calls("user/new", 0, 1)]


def test_what_changed_most_is_first_unless_the_order_is_that_of_the_measure():
    found = compared(ORDERED)

    assert list(numbers(found)) == ["user/less", "user/more", "user/new", "user/same"]
    assert list(numbers(found.sorted_by("calls"))) == ["user/same", "user/more", "user/less", "user/new"]


@pytest.mark.parametrize(("order", "kept"), [("difference", ["user/less"]), ("calls", ["user/same"])])
def test_top_keeps_the_first_ones_and_sums_all_others_at_the_end(order, kept):
    found = compared(ORDERED)
    total = found.total()

    found.top(1, order)

    assert list(numbers(found)) == [*kept, OTHERS]
    assert sum(group["difference"] for group in found) == total["difference"] == -1
    assert found.total() == total


def test_action_of_two_accounts_counts_once_in_the_others_and_in_the_total():
    used = {"requestCharacters": 10, "sharedEventID": "s"}
    rows = [call_row(each, MIDDLE, recipientAccountId=each * 12, usage=used) for each in "12"]

    found = compared([*rows, *calls("user/a", 0, 5, recipientAccountId="3" * 12)], by=["account"])

    assert found.total()["calls"] == 6
    assert [group["calls"] for group in found.top(1, "difference")] == [5, 1]


EMPTY = {"no rows": [], "other rows": calls("user/a", 1, 0, service="lex")}


@pytest.mark.parametrize("rows", EMPTY.values(), ids=EMPTY)
def test_comparison_of_nothing_is_empty_and_its_total_zero(rows):
    found = compared(rows, service="polly")

    assert found == []
    assert (found.total()["calls"], found.total()["difference"], found.total()["percent"]) == (0, 0, None)


WRONG = {
    "time": ({"by": ["hour"]}, "Each hour is in one window only"),
    "measure": ({"measure": "characters2"}, "'characters2': did you mean characters"),
    "measure of another type": ({"measure": 7}, "Cannot compare 7"),
    "dimension": ({"by": ["colour"]}, "Cannot count by 'colour'"),
}


@pytest.mark.parametrize(("question", "message"), WRONG.values(), ids=WRONG)
def test_wrong_question_is_refused_before_anything_is_read(question, message):
    source = Rows()

    with pytest.raises(DimensionError, match=message):
        compared(source, **question)

    assert source.asked == []


MISSING = {
    "expired": (
        {"kept_since": MIDDLE - MINUTE},
        "Rows of calls before 2026-11-21T00:59:00Z have expired: they are missing.",
    ),
    "created": ({"filled_since": MIDDLE - MINUTE}, "The stack was created at 2026-11-21T00:59:00Z: of the time before"),
    "created, then expired": (
        {"filled_since": MIDDLE - 2 * MINUTE, "kept_since": MIDDLE - MINUTE},
        "Rows of calls before 2026-11-21T00:59:00Z",
    ),
    "expired, then created": (
        {"kept_since": MIDDLE - 2 * MINUTE, "filled_since": MIDDLE - MINUTE},
        "The stack was created at 2026-11-21T00:59:00Z",
    ),
}


@pytest.mark.parametrize(("times", "message"), MISSING.values(), ids=MISSING)
def test_calls_that_may_be_missing_from_the_earlier_window_are_reported(times, message):
    said = []

    compared(Rows(*calls("user/a", 1, 1), **times), said=said)

    assert len(said) == 1
    assert said[0].startswith(message)


def test_nothing_is_reported_if_the_source_reaches_back_far_enough():
    compared(Rows(*calls("user/a", 1, 1), kept_since=START, filled_since=START))


EDGES = st.integers(0, 45).map(lambda number: START + number * 10 * MINUTE)
BY = st.sampled_from([("principal",), ("outcome",), ("account",), ("account", "outcome")])
QUESTIONS = st.fixed_dictionaries(
    {
        "calls": PLANTED,
        "ends": st.lists(EDGES, min_size=3, max_size=3, unique=True).map(sorted),
        "by": BY,
        "measure": st.sampled_from(["calls", "errors", "denied", "characters", "streamSeconds", "unmeasured", "cost"]),
    }
)


def windows(ends):
    return [{"since": since, "until": until} for since, until in pairwise(ends)]


def both(rows, by, measure, now, before):
    """The comparison of two windows of any length."""
    found = [store(rows)._usage(by, store(rows)._window(**each), Filter(), PRICES) for each in (now, before)]
    return Comparison(*found, names=by, measure=measure, windows=None)


@given(data=st.data(), question=QUESTIONS)
@LAW
def test_difference_is_that_of_two_counts_on_their_own_in_any_order_of_rows(data, question):
    rows, by, measure = rows_of(question["calls"]), list(question["by"]), question["measure"]
    before, now = windows(question["ends"])

    found = both(data.draw(st.permutations(rows)), by, measure, now, before)

    def alone(window):
        usage = store(rows).usage(by=by, prices=PRICES, report=lambda _: None, **window)
        groups = {tuple(group[name] for name in by): group for group in usage}
        return groups | {"total": usage.total()}

    new, old = alone(now), alone(before)
    shown = {tuple(group[name] for name in by): group for group in found} | {"total": found.total()}
    assert shown.keys() == new.keys() | old.keys()
    for key, group in shown.items():
        pair = [each[key][measure] if key in each and each[key]["calls"] else 0 for each in (new, old)]
        assert [group[measure], group[f"{measure}Before"]] == pair
        is_exact = None not in pair and not group[f"{measure}IsAtLeast"] and not group[f"{measure}BeforeIsAtLeast"]
        assert group["difference"] == (pair[0] - pair[1] if is_exact else None)
        assert (group["percent"] is None) == (not is_exact or pair[1] == 0)


@given(question=QUESTIONS)
@LAW
def test_comparison_the_other_way_round_has_the_opposite_differences(question):
    rows, by, measure = rows_of(question["calls"]), list(question["by"]), question["measure"]
    before, now = windows(question["ends"])

    there, back = both(rows, by, measure, now, before), both(rows, by, measure, before, now)

    def differences(found, sign):
        return {
            tuple(group[name] for name in by): None if group["difference"] is None else sign * group["difference"]
            for group in found
        }

    assert differences(there, 1) == differences(back, -1)


@given(question=QUESTIONS, number=st.integers(1, 3))
@LAW
def test_top_is_the_beginning_of_the_order_and_leaves_the_total_as_it_is(question, number):
    rows = rows_of(question["calls"])
    before, now = windows(question["ends"])
    whole, found = (both(rows, ["account"], "calls", now, before) for _ in range(2))

    found.top(number, "difference")

    assert found[:number] == whole[:number]
    assert found.total() == whole.total()
    assert [group["account"] for group in found[number:]] == [OTHERS] * (len(whole) > number)


@given(question=QUESTIONS)
@LAW
def test_numbers_of_calls_are_those_of_the_planted_calls(question):
    calls, by = question["calls"], list(question["by"])
    before, now = windows(question["ends"])

    found = both(rows_of(calls), by, "calls", now, before)

    expected = [counted(calls, by, **window) for window in (now, before)]
    assert {tuple(group[name] for name in by): (group["calls"], group["callsBefore"]) for group in found} == {
        key: tuple(len(each.get(key, ())) for each in expected) for key in expected[0].keys() | expected[1].keys()
    }

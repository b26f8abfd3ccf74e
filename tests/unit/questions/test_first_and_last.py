"""When groups of calls were first and last seen, which are new, and which are silent."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.questions import EventStore
from aitrail.questions.dimensions import DimensionError
from aitrail.window import Window
from tests.shared.call_rows import MINUTE, NOW, PLANTED, START, Rows, call_row, counted, rows_of

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=300)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOTHING = {"calls": 0, "errors": 0, "denied": 0}


def asked(rows, *, said=None, since=START + HOUR, until=START + 2 * HOUR, lookback="1h", **question):
    source = rows if isinstance(rows, Rows) else Rows(*rows)
    report = pytest.fail if said is None else said.append
    question = {"since": since, "until": until, "lookback": lookback, "report": report} | question
    return EventStore(source, now=lambda: NOW).first_and_last(**question)


def test_group_has_its_first_and_last_call_in_window_and_lookback_and_the_counts_of_the_window():
    rows = [
        call_row("a", START + 50 * MINUTE),
        call_row("b", START + 70 * MINUTE, outcome="denied"),
        call_row("c", START + 80 * MINUTE),
        call_row("d", START + 121 * MINUTE),
    ]

    assert asked(rows) == [
        {
            "principal": "user/alice",
            "calls": 2,
            "errors": 1,
            "denied": 1,
            "firstSeen": "2026-11-21T00:50:00Z",
            "lastSeen": "2026-11-21T01:20:00Z",
            "new": False,
            "silent": False,
        }
    ]


def seen_at(principal, *minutes):
    return [call_row(f"{principal}{each}", START + each * MINUTE, principal=principal) for each in minutes]


SEEN = [*seen_at("user/new", 90), *seen_at("user/old", 30, 70), *seen_at("user/gone", 40), *seen_at("user/long", 20)]


def test_new_groups_lack_the_lookback_and_silent_ones_the_window():
    found = {group["principal"]: group for group in asked(SEEN)}

    assert {name for name, group in found.items() if group["new"]} == {"user/new"}
    assert {name for name, group in found.items() if group["silent"]} == {"user/gone", "user/long"}
    assert {name: found["user/gone"][name] for name in NOTHING} == NOTHING


ORDERS = {
    "lastSeen": ["user/new", "user/old", "user/gone", "user/long"],
    "firstSeen": ["user/new", "user/gone", "user/old", "user/long"],
    "calls": ["user/new", "user/old", "user/gone", "user/long"],
}


@pytest.mark.parametrize(("name", "expected"), ORDERS.items(), ids=ORDERS)
def test_groups_seen_last_come_first_and_silent_ones_last_unless_another_order_is_asked_for(name, expected):
    found = asked(SEEN)

    assert [group["principal"] for group in found] == ORDERS["lastSeen"]
    assert [group["principal"] for group in found.sorted_by(name)] == expected


def test_group_without_a_name_comes_after_those_that_are_like_it():
    rows = [call_row(str(number), START + 90 * MINUTE, resource=name) for number, name in enumerate([None, "b", "a"])]

    assert [group["resource"] for group in asked(rows, by=["resource"])] == ["a", "b", None]


@pytest.mark.parametrize("kind", ["endpoint", "stream"])
def test_every_call_is_seen_also_one_that_the_endpoint_refused_and_a_stream(kind):
    refused = {"eventCategory": "NetworkActivity", "errorCode": "VpceAccessDenied", "outcome": "denied"}
    row = call_row("a", START + 90 * MINUTE, **({"usage": {"stream": "s"}} if kind == "stream" else refused))

    (found,) = asked([row])

    assert (found["calls"], found["firstSeen"], found["new"]) == (1, "2026-11-21T01:30:00Z", True)


UNKNOWN = {
    "no lookback": ({}, {"lookback": "0d"}, "there is no lookback"),
    "no start": ({}, {"since": "0001-01-01"}, "the window has no start"),
    "expired": (
        {"kept_since": START + HOUR - DAY},
        {"lookback": "2d"},
        "rows have expired: the lookback can be at most 1 day",
    ),
    "window expired": (
        {"kept_since": START + DAY},
        {"lookback": "2d"},
        "rows have expired: the lookback can be at most 0 days",
    ),
    "created in the lookback, and nothing before": (
        {"filled_since": START},
        {"lookback": "2d", "principal": "user/new"},
        "there are no calls before the window",
    ),
}


@pytest.mark.parametrize(("times", "question", "reason"), UNKNOWN.values(), ids=UNKNOWN)
def test_nothing_is_new_and_the_reason_is_said_if_nothing_is_known_of_the_time_before(times, question, reason):
    said = []

    found = asked(Rows(*SEEN, **times), said=said, **question)

    assert {group["new"] for group in found} == {None}
    assert said[-1] == found.lookback.why_not_new == f"Nothing is marked as new, as {reason}."


def test_calls_may_be_missing_from_before_the_stack_was_created_and_that_is_said():
    said = []

    found = asked(Rows(*SEEN, filled_since=START + 10 * MINUTE), said=said)

    assert [group["principal"] for group in found if group["new"]] == ["user/new"]
    assert len(said) == 1
    assert said[0].startswith("The stack was created at 2026-11-21T00:10:00Z: of the time before, only calls that were")


def test_lookback_is_read_only_if_there_is_one_and_ends_where_the_window_begins():
    some, none = Rows(), Rows()

    asked(some, lookback=timedelta(minutes=5))
    asked(none, lookback="0s", said=[])

    window = Window(since=START + HOUR, until=START + 2 * HOUR)
    assert some.asked[0] == Window(since=START + 55 * MINUTE, until=START + HOUR)
    assert window in some.asked
    assert none.asked[0] == window


def test_lookback_before_the_year_1_begins_with_it():
    said = []

    found = asked(Rows(*SEEN), lookback="999999w", said=said)

    assert {group["principal"] for group in found if group["new"]} == {"user/new"}


@pytest.mark.parametrize("by", ["day", ["principal", "hour"]], ids=str)
def test_times_are_refused_before_anything_is_read(by):
    source = Rows()

    with pytest.raises(DimensionError, match="is in one window only"):
        asked(source, by=by)

    assert source.asked == []


def test_first_call_that_a_correction_takes_out_of_a_group_is_not_its_first_one():
    corrected = {"usage": {"originalEventID": "a"}}
    rows = [
        call_row("a", START + 61 * MINUTE, outcome="denied"),
        call_row("b", START + 62 * MINUTE, **corrected),
        call_row("c", START + 63 * MINUTE, outcome="denied"),
    ]

    found = {group["outcome"]: (group["firstSeen"], group["lastSeen"]) for group in asked(rows, by=["outcome"])}

    assert found == {
        "ok": ("2026-11-21T01:01:00Z", "2026-11-21T01:01:00Z"),
        "denied": ("2026-11-21T01:03:00Z", "2026-11-21T01:03:00Z"),
    }


def test_only_the_copy_that_counts_of_a_shared_action_has_a_time_also_after_a_correction():
    shared = {"outcome": "denied", "usage": {"sharedEventID": "s"}}
    rows = [
        call_row("second-copy", START + 61 * MINUTE, **shared),
        call_row("a", START + 62 * MINUTE, outcome="denied"),
        call_row("correction", START + 63 * MINUTE, usage={"originalEventID": "a"}),
        call_row("first-copy", START + 64 * MINUTE, **shared),
        call_row("c", START + 65 * MINUTE, outcome="denied"),
    ]

    found = {group["outcome"]: (group["calls"], group["firstSeen"]) for group in asked(rows, by=["outcome"])}

    assert found["denied"] == (2, "2026-11-21T01:04:00Z")


@pytest.mark.parametrize(("by", "reads"), [("principal", 2), ("outcome", 3)])
def test_rows_are_read_again_only_if_a_correction_moved_the_first_or_last_call_of_a_group(by, reads):
    source = Rows(
        call_row("a", START + 61 * MINUTE, outcome="denied"),
        call_row("b", START + 62 * MINUTE, usage={"originalEventID": "a"}),
        call_row("c", START + 63 * MINUTE, outcome="denied"),
    )

    asked(source, by=[by], lookback="0s", said=[])

    assert len(source.asked) == reads  # once, and the hours after the window


EDGES = st.integers(0, 45).map(lambda number: START + number * 10 * MINUTE)
BY = st.sampled_from([("principal",), ("outcome",), ("account",), ("account", "outcome"), ("principal", "outcome")])


@given(
    data=st.data(),
    calls=PLANTED,
    ends=st.tuples(EDGES, EDGES, EDGES).map(sorted).filter(lambda ends: ends[1] < ends[2]),
    by=BY,
    outcome=st.sampled_from([None, "ok", "denied"]),
)
@LAW
def test_first_and_last_are_those_of_the_calls_one_by_one_in_any_order_of_rows(data, calls, ends, by, outcome):
    begin, since, until = ends
    rows = data.draw(st.permutations(rows_of(calls)))
    conditions = {} if outcome is None else {"outcome": outcome}

    question = {"since": since, "until": until, "lookback": since - begin}
    found = asked(rows, by=by, said=[], **question, **conditions)

    now, before = counted(calls, by, since, until, outcome), counted(calls, by, begin, since, outcome)
    assert {tuple(group[name] for name in by) for group in found} == now.keys() | before.keys()
    for group in found:
        key = tuple(group[name] for name in by)
        times = sorted(call.time for each in (now, before) for call in each.get(key, ()))
        outcomes = [call.true_outcome for call in now.get(key, ())]
        assert (group["firstSeen"], group["lastSeen"]) == (times[0], times[-1])
        assert group["calls"] == len(outcomes)
        assert group["denied"] == outcomes.count("denied")
        assert group["errors"] == len(outcomes) - outcomes.count("ok")
        assert group["new"] == (None if begin == since else key not in before)
        assert group["silent"] == (key not in now)
    assert len(found) == len(now.keys() | before.keys())

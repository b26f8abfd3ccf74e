"""Timelines count as `usage` does, whatever kinds of records there are."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.questions import EventStore, Order
from aitrail.questions.counting import RECORD_KINDS, record_kind
from aitrail.questions.timeline import grouped
from aitrail.window import format_time
from tests.shared.call_rows import MINUTE, START, call_row

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=400)
HOUR = timedelta(hours=1)
# A window with hours before and after it.
SINCE, UNTIL, NOW = START + 2 * HOUR, START + 4 * HOUR, START + 10 * HOUR


def row(event_id, minute=150, used=None, **changes):
    """A successful call; minutes 120 to 239 are in the window."""
    more = {"resource": "lexicon/a", "sourceIPAddress": "192.0.2.1", "usage": used or {}}
    found = call_row(event_id, START + minute * MINUTE, **more | changes)
    return {name: value for name, value in found.items() if value is not None}


REFUSED = {"eventCategory": "NetworkActivity", "errorCode": "VpceAccessDenied", "outcome": "denied"}
KINDS = {
    "a call": (row("a"), None),
    "a call that failed": (row("a", outcome="denied", errorCode="VpceAccessDenied"), None),
    "a correction": (row("a", used={"originalEventID": "b"}), "correction"),
    "a correction of a stream's end": (row("a", used={"originalEventID": "b", "streamEnd": True}), "correction"),
    "the begin of a stream": (row("a", used={"stream": "s"}), None),
    "the end of a stream": (row("a", used={"stream": "s", "streamEnd": True}), "stream-end"),
    "a copy": (row("a", used={"sharedEventID": "x"}, eventCategory="NetworkActivity"), "endpoint-copy"),
    "a refusal": (row("a", used={"sharedEventID": "x"}, **REFUSED), "endpoint-refusal"),
    "one of several accounts": (row("a", used={"sharedEventID": "x"}), "shared"),
    "odd values": (row("a", used={"originalEventID": 7, "sharedEventID": None, "streamEnd": "true"}), None),
    "no usage": (row("a", usage=None), None),
}


@pytest.mark.parametrize(("given", "kind"), KINDS.values(), ids=KINDS)
def test_kind_of_a_record_is_told_by_its_row(given, kind):
    assert record_kind(given) == kind
    assert {kind for _, kind in KINDS.values()} == {None, *RECORD_KINDS}


class Rows:
    """A source of rows, which it gives in the order in which it has them if any will do."""

    by_day = False

    def __init__(self, *rows):
        self._rows = rows

    def rows(self, wanted, window, *, order=Order.NEWEST_FIRST, limit=None):
        first, last = window.bounds
        matches = wanted.matcher()
        found = [each for each in self._rows if first <= each["eventTime"] <= last and matches(each)]
        if order is not Order.ANY:
            found.sort(key=lambda each: (each["eventTime"], each["eventID"]), reverse=order is Order.NEWEST_FIRST)
        return iter(found[:limit])

    def whole(self, rows):
        by_id = {each["eventID"]: each for each in self._rows}
        return (by_id.get(each["eventID"], each) for each in rows)


WINDOW = {"since": SINCE, "until": UNTIL}


def store(*rows):
    return EventStore(Rows(*rows), now=lambda: NOW)


def who(*rows, **conditions):
    return store(*rows).who("*", **WINDOW, **conditions)


ONE_CALL = {
    "and its correction": [row("a"), row("b", 160, {"originalEventID": "a"})],
    "and its correction after the window": [row("a"), row("b", 250, {"originalEventID": "a"})],
    "of two accounts": [row(name, used={"sharedEventID": "x"}, recipientAccountId=name) for name in "ab"],
    "and what the endpoint saw": [row("a"), row("b", eventCategory="NetworkActivity")],
    "and the end of its stream": [row("a", used={"stream": "s"}), row("b", used={"stream": "s", "streamEnd": True})],
    "that the endpoint refused": [row("a", **REFUSED)],
    "that a correction alone tells of": [row("b", used={"originalEventID": "gone"})],
}


@pytest.mark.parametrize("rows", ONE_CALL.values(), ids=ONE_CALL)
def test_timeline_shows_every_record_of_a_call_and_counts_it_once(rows):
    (group,) = grouped(timeline := who(*rows))

    shown = [each for each in rows if each["eventTime"] < format_time(UNTIL)]
    assert (group["calls"], group["records"]) == (1, len(shown))
    assert (timeline.summary.calls, timeline.summary.records) == (1, len(shown))
    assert {each["eventID"]: each.get("recordType") for each in timeline} == {
        each["eventID"]: record_kind(each) for each in shown
    }


def test_correction_of_a_call_before_the_window_is_shown_and_left_to_the_window_of_the_call():
    (group,) = grouped(timeline := who(row("a", 119), row("b", 121, {"originalEventID": "a"})))

    assert (group["calls"], group["records"], timeline.summary.calls) == (0, 1, 0)


def test_call_whose_correction_after_the_window_meets_the_conditions_counts_though_no_record_is_shown():
    rows = [row("a", 125, outcome="denied"), row("b", 250, {"originalEventID": "a"}, operation="GetLexicon")]

    (group,) = grouped(timeline := who(*rows, outcome="ok"))

    assert list(timeline) == []
    assert (group["calls"], group["records"], group["operations"]) == (1, 0, 1)
    assert (group["firstSeen"], timeline.summary.last_seen) == ("2026-11-21T02:05:00Z", "2026-11-21T02:05:00Z")


def test_call_counts_where_its_correction_says_and_its_first_record_stays_visible():
    groups = grouped(who(row("a"), row("b", 160, {"originalEventID": "a"}, principal="user/bob")))

    assert {each["principal"]: (each["calls"], each["records"]) for each in groups} == {
        "user/alice": (0, 1),
        "user/bob": (1, 1),
    }


EVERYONE = [row("a", resource=None, principal="role/busy"), row("b"), row("c", principal=None)]


@pytest.mark.parametrize(
    ("subject", "numbers"),
    [("*", "cba"), ("*/*", "cb"), (["*", "lexicon/b"], "cba"), (["*", "!lexicon/a"], "a"), ("!lexicon/a", "a")],
    ids=str,
)
def test_star_stands_for_calls_with_any_resource_and_with_none(subject, numbers):
    assert [each["eventID"] for each in store(*EVERYONE).who(subject, **WINDOW)] == list(numbers)


@pytest.mark.parametrize(("subject", "numbers"), [("*", "cba"), ("*/*", "ba"), (["*", "!role/*"], "cb")], ids=str)
def test_star_stands_for_calls_by_anyone_and_by_nobody(subject, numbers):
    assert [each["eventID"] for each in store(*EVERYONE).what(subject, **WINDOW)] == list(numbers)


@pytest.mark.parametrize(("value", "numbers"), [("*", "cb"), ("*/*", "cb"), ("!*", "a")])
def test_star_as_a_condition_is_a_pattern_of_what_has_a_value(value, numbers):
    assert [each["eventID"] for each in store(*EVERYONE).events(resource=value, **WINDOW)] == list(numbers)


# Law: timelines count as `usage`, for records of every shape.
def one_of(*values):
    return st.sampled_from(values)


NAMES = "abcdef"
USED = st.fixed_dictionaries(
    {},
    optional={
        "originalEventID": one_of(*NAMES, "gone"),
        "sharedEventID": one_of("x", "y"),
        "stream": one_of("s", "t"),
        "streamEnd": st.just(value=True),
    },
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "principal": one_of("user/bob", None),
        "resource": one_of("lexicon/b", None),
        "outcome": one_of("denied", "throttled"),
        "recipientAccountId": one_of("444455556666"),
        "eventCategory": one_of("NetworkActivity", "Data"),
        "sourceIPAddress": one_of("192.0.2.2", None, 7),
    },
)
SHAPES = st.lists(st.tuples(st.integers(0, 480), USED, CHANGES | st.just(REFUSED)), max_size=len(NAMES))
CONDITIONS = one_of(
    *({}, {}, {"outcome": "denied"}, {"outcome": "!denied"}, {"account": "444455556666"}, {"source_ip": "192.0.2.2"}),
    *({"principal": "user/alice"}, {"resource": "lexicon/a"}, {"event_category": "NetworkActivity"}),
)


@pytest.mark.parametrize(("question", "by"), [("who", "principal"), ("what", "resource")])
@given(data=st.data(), shapes=SHAPES, conditions=CONDITIONS)
@LAW
def test_timeline_counts_as_usage_does(question, by, data, shapes, conditions):
    rows = [row(name, minute, used, **more) for name, (minute, used, more) in zip(NAMES, shapes, strict=False)]
    asked = store(*data.draw(st.permutations(rows)))
    subject = conditions.get({"who": "resource", "what": "principal"}[question], "*")
    others = {name: value for name, value in conditions.items() if value != subject}

    timeline = getattr(asked, question)(subject, **WINDOW, **others)
    groups = grouped(timeline)
    usage = asked.usage(by=[by], report=len, **WINDOW, **conditions)

    def counts(groups):
        return {each.get(by): (each["calls"], each["errors"], each["denied"]) for each in groups if each["calls"]}

    assert counts(groups) == counts(usage)
    total = usage.total()
    assert (timeline.summary.calls, timeline.summary.errors) == (total["calls"], total["errors"])
    shown = [{name: value for name, value in each.items() if name not in ("new", "recordType")} for each in timeline]
    assert shown == list(asked.events(**WINDOW, **conditions))
    assert timeline.summary.records == sum(each["records"] for each in groups) == len(shown)

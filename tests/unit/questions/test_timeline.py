from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from aitrail.moments import MomentError
from aitrail.questions import ConditionError, EventStore, Filter, Order
from aitrail.questions.timeline import DONE_TO, TOUCHED_BY, Summary, Timeline, grouped
from aitrail.window import BEGINNING, Window

LAW = settings(derandomize=True, database=None, deadline=None)
DAY = timedelta(days=1)
BEGIN = datetime(2026, 3, 10, tzinfo=UTC)
WINDOW = Window(since=BEGIN, until=BEGIN + 4 * DAY)


class Rows:
    """A source of these rows; `asked` has the window and order of every question."""

    by_day = True

    def __init__(self, *rows):
        self.sorted = sorted(rows, key=lambda row: (row["eventTime"], row["eventID"]))
        self.asked = []

    def rows(self, wanted, window, *, order=Order.NEWEST_FIRST, limit=None):
        assert limit is None
        self.asked.append((window, order))
        first, last = window.bounds
        found = [row for row in self.sorted if first <= row["eventTime"] <= last and wanted.matcher()(row)]
        # ANY differs from both other orders.
        return iter(found[1::2] + found[::2] if order is Order.ANY else found[::-1])


def row(day, number=0, **changes):
    """A row on a day of March 2026; days before the tenth are before the window."""
    found = {
        "eventID": f"{day}-{number}",
        "eventTime": f"2026-03-{day:02}T00:00:{number:02}Z",
        "outcome": "ok",
        "operation": "GetLexicon",
        "principal": "user/alice",
        "resource": "lexicon/stations",
        "sourceIPAddress": "192.0.2.1",
    } | changes
    return {name: value for name, value in found.items() if value is not None}


def timeline(*rows, baseline=7 * DAY, window=WINDOW, columns=TOUCHED_BY, wanted=None):
    return Timeline(Rows(*rows), wanted or Filter(), window, baseline=baseline, columns=columns, now=window.until)


def marks(timeline):
    return [row["new"] for row in timeline]


def test_rows_are_those_of_the_window_newest_first_with_what_is_new_in_them():
    old, first, last = row(5), row(10), row(11, principal="user/eve")

    found = list(timeline(old, first, last, row(14)))

    assert found == [last | {"new": ["principal"]}, first | {"new": []}]


NEW = {
    "nothing": ({}, []),
    "every column": (
        {"principal": "root", "sourceIPAddress": "192.0.2.9", "operation": "PutLexicon"},
        ["principal", "sourceIPAddress", "operation"],
    ),
    "another resource, which is not asked about": ({"resource": "lexicon/other"}, []),
    "absent value": ({"principal": None}, []),
    "null": ({"sourceIPAddress": None}, []),
    "what is no text": ({"sourceIPAddress": ["192.0.2.9"]}, []),
}


@pytest.mark.parametrize(("changes", "expected"), NEW.values(), ids=NEW)
def test_new_is_a_value_that_the_baseline_does_not_have(changes, expected):
    assert marks(timeline(row(5), row(10, **changes))) == [expected]


def test_new_value_is_new_in_every_row_of_the_window():
    assert marks(timeline(row(5), row(10, operation="PutLexicon"), row(11, operation="PutLexicon"))) == [
        ["operation"],
        ["operation"],
    ]


def test_what_a_principal_did_has_resources_that_are_new():
    assert marks(timeline(row(5), row(10, resource="lexicon/b", principal="root"), columns=DONE_TO)) == [["resource"]]


BASELINES = {
    "of no length": (timedelta(0), WINDOW, None),
    "before which nothing was recorded": (DAY, Window(since=BEGINNING, until=WINDOW.until), None),
    "before a window that begins before the beginning": (
        DAY,
        Window(since=BEGINNING - DAY, until=WINDOW.until),
        None,
    ),
    "of more years than there are": (timedelta(days=7_000_000), WINDOW, Window(since=BEGINNING, until=BEGIN)),
    "usual": (2 * DAY, WINDOW, Window(since=BEGIN - 2 * DAY, until=BEGIN)),
}


@pytest.mark.parametrize(("baseline", "window", "expected"), BASELINES.values(), ids=BASELINES)
def test_baseline_ends_where_the_window_begins_and_is_read_first(baseline, window, expected):
    source = Rows(row(10))

    found = Timeline(source, Filter(), window, baseline=baseline, columns=TOUCHED_BY, now=window.until)

    assert marks(found) == [[]]
    assert source.asked == ([(expected, Order.ANY)] if expected else []) + [(window, Order.NEWEST_FIRST)]
    assert found.summary.baseline_records == (0 if expected else None)


def test_nothing_is_new_where_nothing_is_known_from_before():
    found = timeline(row(1), row(10), baseline=2 * DAY)

    assert marks(found) == [[]]
    assert found.summary.baseline_records == 0
    assert not any(found.summary.new.values())


def test_conditions_hold_for_the_baseline_too():
    wanted = Filter.of(outcome="denied")

    found = timeline(row(5), row(6, outcome="denied", operation="A"), row(10, outcome="denied"), wanted=wanted)

    assert marks(found) == [["operation"]]


def test_summary_counts_the_window_and_has_first_and_last_of_both():
    rows = [row(5), row(10, 0), row(10, 1, outcome="denied", principal="root"), row(10, 2, principal=None)]
    found = timeline(*rows)

    list(found)

    assert found.summary == Summary(
        calls=3,
        errors=1,
        records=3,
        distinct={"principal": 2, "sourceIPAddress": 1, "operation": 1},
        new={"principal": ("root",), "sourceIPAddress": (), "operation": ()},
        first_seen="2026-03-05T00:00:00Z",
        last_seen="2026-03-10T00:00:02Z",
        baseline_records=1,
    )


def test_empty_timeline_says_when_the_last_call_was_before():
    found = timeline(row(5), row(6))

    assert list(found) == []
    assert (found.summary.calls, found.summary.last_seen) == (0, "2026-03-06T00:00:00Z")


def test_summary_is_refused_until_everything_is_read():
    found = timeline(row(10), row(11))
    next(iter(found))

    with pytest.raises(RuntimeError, match="read to its end"):
        _ = found.summary


def test_timeline_may_be_read_again():
    found = timeline(row(5), row(10, principal="root"))

    assert list(found) == list(found) != []


def test_groups_are_counted_that_of_the_newest_call_first():
    rows = [
        row(5, resource="lexicon/a"),
        row(10, resource="lexicon/a"),
        row(11, resource="lexicon/b", outcome="throttled"),
        row(12, resource=None, operation="DescribeVoices"),
        row(13, resource="lexicon/a", outcome="denied", operation="PutLexicon", sourceIPAddress="192.0.2.2"),
    ]

    found = grouped(timeline(*rows, columns=DONE_TO))

    def group(first, last, *counts, new=False):
        names = "calls", "errors", "denied", "records", "operations", "sourceAddresses"
        counted = dict(zip(names, (*counts[:3], counts[0], *counts[3:]), strict=True))
        times = {"firstSeen": f"2026-03-{first}T00:00:00Z", "lastSeen": f"2026-03-{last}T00:00:00Z"}
        return counted | times | {"new": new}

    assert found == [
        {"resource": "lexicon/a"} | group(10, 13, 2, 1, 1, 2, 2),
        group(12, 12, 1, 0, 0, 1, 1),
        {"resource": "lexicon/b"} | group(11, 11, 1, 1, 0, 1, 1, new=True),
    ]


VALUES = st.sampled_from([None, "a", "b", "c"])
OUTCOMES = st.sampled_from(["ok", "denied", "server-error"])
ANYTHING = st.lists(
    st.builds(
        dict, day=st.integers(1, 14), principal=VALUES, sourceIPAddress=VALUES, operation=VALUES, outcome=OUTCOMES
    ),
    max_size=12,
)


@LAW
@given(rows=ANYTHING, days=st.integers(0, 9))
def test_timeline_is_what_comparing_every_row_with_every_other_says(rows, days):
    rows = [row(number=number, **each) for number, each in enumerate(rows)]
    found = timeline(*rows, baseline=days * DAY)

    shown = list(found)

    before = [each for each in rows if 10 - days <= int(each["eventTime"][8:10]) < 10]
    within = [each for each in rows if 10 <= int(each["eventTime"][8:10]) < 14]

    def is_new(name, value):
        return value is not None and bool(before) and all(each.get(name) != value for each in before)

    assert {each["eventID"]: each["new"] for each in shown} == {
        each["eventID"]: [name for name in TOUCHED_BY if is_new(name, each.get(name))] for each in within
    }
    times = [each["eventTime"] for each in before + within]
    new = {name: {each[name] for each in within if is_new(name, each.get(name))} for name in TOUCHED_BY}
    assert {name: set(values) for name, values in found.summary.new.items()} == new
    assert replace(found.summary, new={}) == Summary(
        calls=len(within),
        errors=sum(each["outcome"] != "ok" for each in within),
        records=len(within),
        distinct={name: len({each[name] for each in within if name in each}) for name in TOUCHED_BY},
        new={},
        first_seen=min(times, default=None),
        last_seen=max(times, default=None),
        baseline_records=len(before) if days else None,
    )


@LAW
@given(rows=ANYTHING)
def test_groups_are_what_counting_each_by_itself_says(rows):
    rows = [row(number=number, **each) for number, each in enumerate(rows)]

    found = grouped(timeline(*rows))

    within = [each for each in rows if 10 <= int(each["eventTime"][8:10]) < 14]
    assert {each.get("principal") for each in found} == {each.get("principal") for each in within}
    assert [each["lastSeen"] for each in found] == sorted((each["lastSeen"] for each in found), reverse=True)
    for group in found:
        own = [each for each in within if each.get("principal") == group.get("principal")]
        times = [each["eventTime"] for each in own]
        assert (group["firstSeen"], group["lastSeen"]) == (min(times), max(times))
        assert (group["calls"], group["denied"]) == (len(own), sum(each["outcome"] == "denied" for each in own))
        assert group["errors"] == sum(each["outcome"] != "ok" for each in own)
        assert group["operations"] == len({each["operation"] for each in own if "operation" in each})
        assert group["sourceAddresses"] == len({each["sourceIPAddress"] for each in own if "sourceIPAddress" in each})


QUESTIONS = {
    "who": (
        lambda store, **more: store.who("lexicon/stations", **more),
        {"10-0": ["principal"], "11-0": ["principal"]},
    ),
    "what": (lambda store, **more: store.what(["user/alice", "root"], **more), {"10-0": [], "12-0": ["resource"]}),
}


@pytest.mark.parametrize(("ask", "expected"), QUESTIONS.values(), ids=QUESTIONS)
def test_store_asks_for_a_timeline(ask, expected):
    rows = row(5), row(10, principal="root"), row(11, principal="user/bob"), row(12, resource="lexicon/b")
    store = EventStore(Rows(*rows, row(12, 1, outcome="denied")), now=lambda: BEGIN + 3 * DAY)

    found = {row["eventID"]: row["new"] for row in ask(store, since="3d", baseline="5d", outcome="ok")}

    assert found == expected


@pytest.mark.parametrize(("ask", "_"), QUESTIONS.values(), ids=QUESTIONS)
def test_store_refuses_at_once_what_makes_no_sense(ask, _):
    source = Rows()
    store = EventStore(source, now=lambda: BEGIN)

    with pytest.raises(ConditionError):
        ask(store, service="rekognition")
    with pytest.raises(MomentError):
        ask(store, baseline="a while")
    with pytest.raises(MomentError):
        ask(store, since="now")

    assert source.asked == []

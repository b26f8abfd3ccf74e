"""Several sources as one: each call once, in one order, whole from its own source, and no error without a name."""

from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail import EventStore
from aitrail.questions import CombinedRows, ConditionError, Filter, Order
from aitrail.window import Window, event_time

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
HOUR = Window(since=NOON, until=NOON + timedelta(hours=1))


def row(number, *, second=None, **changes):
    time = event_time(NOON + timedelta(seconds=number if second is None else second))
    return {
        "eventID": f"{number * 53 % 101:08x}",
        "eventTime": time,
        "eventDay": time[:10],
        "service": "polly",
        "outcome": "ok",
    } | changes


class Memory:
    """A source of rows in memory.

    `asked` has the eventIDs whose whole rows were asked for, `taken` counts rows, `limits` are those of questions.
    """

    by_day, complete = True, True

    def __init__(self, name, *rows, error=None):
        self.address, self._rows, self._error = name, rows, error
        self.taken, self.asked, self.limits = 0, [], []

    def _check(self):
        if self._error:
            raise self._error

    def rows(self, wanted, window, *, order=Order.NEWEST_FIRST, limit=None):
        self._check()
        self.limits.append(limit)
        first, last = window.bounds
        matches = wanted.matcher()
        found = [each for each in self._rows if first <= each["eventTime"] <= last and matches(each)]
        found.sort(key=lambda each: (each["eventTime"], each["eventID"]), reverse=order is Order.NEWEST_FIRST)
        for each in found[:limit]:
            self.taken += 1
            yield dict(each)

    def whole(self, rows):
        self._check()
        by_id = {each["eventID"]: each for each in self._rows}
        for each in rows:
            self.asked.append(each["eventID"])
            own = by_id.get(each["eventID"])
            yield own | {"userAgent": self.address} if own else each

    def row(self, event_id):
        self._check()
        return next((each for each in self._rows if each["eventID"] == event_id), None)

    def effort(self):
        return f"{self.taken} rows."


def numbers(rows):
    return [each["eventID"] for each in rows]


HELD = st.lists(st.sets(st.integers(0, 40)), min_size=1, max_size=4)


@settings(derandomize=True, database=None, deadline=None)
@given(held=HELD, order=st.sampled_from(Order), limit=st.none() | st.integers(0, 50))
def test_rows_are_those_of_all_sources_each_once_and_of_the_first_that_has_it(held, order, limit):
    sources = [Memory(f"s{at}", *(row(each, second=each // 3, of=at) for each in own)) for at, own in enumerate(held)]

    found = list(CombinedRows(sources).rows(Filter(), HOUR, order=order, limit=limit))

    first = {each: min(at for at, own in enumerate(held) if each in own) for each in set().union(*held)}
    everything = [row(each, second=each // 3, of=at) for each, at in first.items()]
    everything.sort(key=lambda each: (each["eventTime"], each["eventID"]), reverse=order is not Order.OLDEST_FIRST)
    assert found == everything[:limit]


def test_row_that_does_not_meet_the_filter_hides_none_that_does():
    sources = [Memory("a", row(1)), Memory("b", row(1, outcome="denied"))]

    (found,) = CombinedRows(sources).rows(Filter(outcome=("denied",)), HOUR)

    assert found["outcome"] == "denied"


def test_row_whose_time_was_changed_hides_no_other():
    sources = [Memory("a", row(1)), Memory("b", row(1, second=7))]

    found = list(CombinedRows(sources).rows(Filter(), HOUR))

    assert numbers(found) == [row(1)["eventID"]] * 2
    assert [each["userAgent"] for each in CombinedRows(sources).whole(found)] == ["b", "a"]


def test_whole_rows_are_read_once_each_from_its_own_source():
    sources = [Memory(name, *(row(each) for each in own)) for name, own in (("a", range(60)), ("b", range(40, 90)))]
    combined = CombinedRows(sources)

    found = list(combined.whole(combined.rows(Filter(), HOUR, order=Order.OLDEST_FIRST)))

    assert [each["userAgent"] for each in found] == ["a"] * 60 + ["b"] * 30
    assert sorted(chain(*(source.asked for source in sources))) == sorted(row(each)["eventID"] for each in range(90))


def test_row_without_a_source_is_looked_for_in_all_until_one_has_it():
    sources = [Memory("a", row(1)), Memory("b", row(1), row(2)), Memory("c", row(2))]
    wanted = [{"eventID": row(each)["eventID"]} for each in (2, 1, 3)]

    found = list(CombinedRows(sources).whole(wanted))

    assert [each.get("userAgent") for each in found] == ["b", "a", None]
    assert found[2] is wanted[2]
    assert [len(source.asked) for source in sources] == [3, 2, 1]


def test_first_row_does_not_wait_for_the_last():
    sources = [Memory(name, *map(row, range(100))) for name in "ab"]

    next(CombinedRows(sources).rows(Filter(), HOUR))

    assert max(source.taken for source in sources) <= 2


def test_limit_is_that_of_each_source():
    sources = [Memory(name, *map(row, range(100))) for name in "ab"]

    found = list(CombinedRows(sources).rows(Filter(), HOUR, limit=5))

    assert len(found) == 5
    assert [source.limits for source in sources] == [[5], [5]]


QUESTIONS = {
    "rows": lambda source: list(source.rows(Filter(), HOUR)),
    "whole": lambda source: list(source.whole([{"eventID": "x"}])),
    "row": lambda source: source.row("x"),
    "newest": lambda source: source.newest_of_each(Filter(), HOUR),
}


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize("names", [(), ("first", "second")], ids=["addresses", "names"])
def test_error_of_one_source_ends_the_question_and_names_the_source(ask, names):
    error = PermissionError("no")

    with pytest.raises(PermissionError) as raised:
        ask(CombinedRows([Memory("a", row(1)), Memory("b", error=error)], names=names))

    assert raised.value is error
    assert error.__notes__ == [(names or ("a", "b"))[1]]


def test_combination_of_combinations_is_one_of_all_sources():
    a, b, c = (Memory(name, row(number)) for number, name in enumerate("abc"))
    combined = CombinedRows([CombinedRows([a, b], names=["A", "B"]), c])

    found = list(combined.whole(combined.rows(Filter(), HOUR)))

    assert [each["userAgent"] for each in found] == ["c", "b", "a"]
    assert combined.effort() == "1 rows for A; 1 rows for B; 1 rows for c"
    assert [len(source.asked) for source in (a, b, c)] == [1, 1, 1]


def test_address_is_that_of_all_in_any_order():
    a, b, c = map(Memory, "abc")

    addresses = {CombinedRows(each).address for each in ([a, b], [b, a], [b, CombinedRows([a])])}

    assert len(addresses) == 1
    assert len(addresses | {CombinedRows(each).address for each in ([a], [a, c], [a, b, c])}) == 4


@pytest.mark.parametrize("name", ["complete", "by_day"])
def test_one_source_may_decide_for_all(name):
    a, b = Memory("a"), Memory("b")
    setattr(b, name, False)

    assert getattr(CombinedRows([a, b]), name) is (name == "by_day")
    assert getattr(CombinedRows([b, b]), name) is False


def test_nothing_cannot_be_combined():
    with pytest.raises(ConditionError, match="at least one"):
        EventStore.combined()


def test_stores_answer_together():
    stores = [EventStore(Memory("a", row(1), row(2))), EventStore(Memory("b", row(2), row(3)))]

    together = EventStore.combined(*stores)

    window = {"since": HOUR.since, "until": HOUR.until}
    assert [each["userAgent"] for each in together.events(**window)] == ["b", "a", "a"]
    assert together.usage(by=["service"], **window)[0]["calls"] == 3
    assert together.event(row(3)["eventID"]) == row(3)


def test_following_tells_which_source_cannot_be_read_at_the_moment():
    told, trouble = [], Memory("b", error=TimeoutError("slow"))
    store = EventStore(
        CombinedRows([Memory("a", row(1)), trouble]),
        now=lambda: NOON + timedelta(minutes=1),
        sleep=lambda _: setattr(trouble, "_error", None),
    )

    first = next(store.follow(whole=False, report=told.append, is_temporary=lambda _: True))

    assert numbers(first) == [row(1)["eventID"]]
    assert told == ["Cannot read rows at the moment; trying again. b: slow", "Reading rows works again."]

import math
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice, repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.clock import Clock
from aitrail.moments import MomentError
from aitrail.questions import ConditionError, EventStore, Filter, Order
from aitrail.questions.following import Following
from aitrail.window import event_time

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=300)
START = datetime(2026, 3, 14, 12, tzinfo=UTC)


class Throttled(Exception):
    """A temporary error."""


class Enough(Exception):
    """Ends the endless iteration."""


def at(seconds):
    return START + timedelta(seconds=seconds)


NOTHING_ELSE = Filter()


class World:
    """A clock that advances only while sleeping, and a source of rows that appear over time.

    `arrivals` are pairs of the second of a call and the second in which its row appears. `troubles` has the failure of
    each poll: "" for none, "rows" for reading narrow rows, "whole" for reading whole rows.
    """

    def __init__(self, arrivals=(), *, troubles=(), pauses=None):
        self.clock = 0.0
        self.arrivals = dict(enumerate(arrivals))
        self.troubles = iter(troubles)
        self.pauses = None if pauses is None else iter(pauses)
        self.user_agents = {}
        self.slept, self.told, self.windows, self.made_whole, self.answered = [], [], [], [], []

    def now(self):
        return at(self.clock)

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.clock += seconds if self.pauses is None else next(self.pauses, math.inf)
        if math.isinf(self.clock):
            raise Enough

    def rows(self, wanted, window, *, order, limit=None):
        assert (wanted, order, limit) == (Filter(), Order.OLDEST_FIRST, None)
        self.windows.append(window)
        self.trouble = next(self.troubles, "")
        first, last = window.bounds
        for number, (called, appears) in sorted(self.arrivals.items(), key=lambda each: (each[1][0], each[0])):
            if appears <= self.clock and first <= event_time(at(called)) <= last:
                yield {"eventID": number, "eventTime": event_time(at(called))}
        self._fail("rows")

    def whole(self, rows):
        for row in rows:
            yield row | {"whole": True, "userAgent": self.user_agents.get(row["eventID"], "java")}
            self.made_whole.append(row["eventID"])
        self._fail("whole")

    def _fail(self, trouble):
        if self.trouble == trouble:
            raise Throttled("slow down")

    def following(self, *, lookback=60, interval=5, whole=False, wanted=NOTHING_ELSE):
        return Following(
            source=self,
            wanted=wanted,
            lookback=timedelta(seconds=lookback),
            interval=timedelta(seconds=interval),
            whole=whole,
            report=self.told.append,
            is_temporary=lambda error: isinstance(error, Throttled),
            clock=Clock(now=self.now, sleep=self.sleep),
        )


def polls_of(following):
    """The rows of each poll, until Enough is raised."""
    with suppress(Enough):
        yield from following


def given_by(following):
    """The numbers of the rows of each poll."""
    return [[row["eventID"] for row in rows] for rows in polls_of(following)]


AGES = st.one_of(st.integers(0, 60), st.integers(0, 300))
ARRIVALS = st.lists(st.tuples(st.integers(-300, 600), AGES).map(lambda pair: (pair[0] - pair[1], pair[0])), max_size=25)
TROUBLES = st.lists(st.sampled_from(["", "", "rows", "whole"]), max_size=30)
RHYTHM = st.lists(st.one_of(st.floats(0.001, 20), st.floats(0.001, 200)), max_size=30)


@LAW
@given(arrivals=ARRIVALS, troubles=TROUBLES, rhythm=RHYTHM, whole=st.booleans())
def test_whatever_appears_within_its_lookback_is_given_once_in_any_rhythm_and_through_any_trouble(
    arrivals, troubles, rhythm, whole
):
    lookback = 60
    world = World(arrivals, troubles=troubles, pauses=rhythm)
    following = world.following(lookback=lookback, whole=whole)
    given_rows, last_answer, remembered = [], -math.inf, []

    for rows in polls_of(following):
        given_rows += [row["eventID"] for row in rows]
        last_answer = world.clock
        remembered.append((last_answer, set(given_rows), set(following.seen)))

    assert len(given_rows) == len(set(given_rows))
    expected = {
        number
        for number, (called, appears) in world.arrivals.items()
        if appears <= last_answer and called >= max(appears, 0) - lookback
    }
    appeared = {number for number, (_, appears) in world.arrivals.items() if appears <= last_answer}
    assert expected <= set(given_rows) <= appeared
    for answer, so_far, seen in remembered:
        assert seen == {number for number in so_far if at(world.arrivals[number][0]) >= at(answer - 2 * lookback)}


@LAW
@given(arrivals=ARRIVALS, pause=st.integers(1, 20))
def test_rows_of_a_poll_are_oldest_first(arrivals, pause):
    world = World(arrivals, pauses=[pause] * 5)

    polls = given_by(world.following())

    assert len(polls) == 6
    for numbers in polls:
        times = [world.arrivals[number][0] for number in numbers]
        assert times == sorted(times)


def test_window_reaches_from_the_lookback_before_the_last_answer_to_a_minute_ahead():
    world = World(troubles=["", "rows", "", ""], pauses=[5, 10, 5])

    given_by(world.following(lookback=60))

    spans = [(window.since, window.until) for window in world.windows]
    assert spans == [(at(-60), at(60)), (at(-60), at(65)), (at(-60), at(75)), (at(-45), at(80))]


def test_lookback_of_more_years_than_there_are_begins_at_the_beginning():
    world = World([(-9, -5)], pauses=[])

    assert given_by(world.following(lookback=10**12)) == [[0]]


def test_clock_that_is_set_back_gives_nothing_again():
    world = World([(-58, -50), (-57, -50)], pauses=[10, -10, 1])

    assert given_by(world.following(lookback=60)) == [[0, 1], [], [], []]


def test_clock_that_was_ahead_loses_nothing_when_it_is_set_back_and_that_is_told_once():
    day = 24 * 3600
    world = World([(0, 6), (8, 12), (14, 20)], pauses=[10 - day, 5, 5])
    world.clock = day

    assert given_by(world.following(lookback=60)) == [[], [0], [1], [2]]
    assert world.told == ["The clock was set back: showing calls since 2026-03-14T11:59:10Z."]


def test_only_new_rows_are_made_whole_and_only_if_wanted():
    arrivals = [(-9, -5), (1, 2)]
    whole, narrow = World(arrivals, pauses=[5, 5]), World(arrivals, pauses=[5, 5])

    polls = list(islice(whole.following(whole=True), 3))
    given_by(narrow.following(whole=False))

    assert [[row["whole"] for row in rows] for rows in polls] == [[True], [True], []]
    assert whole.made_whole == [0, 1]
    assert narrow.made_whole == []


@pytest.mark.parametrize("whole", [False, True], ids=["narrow", "whole"])
def test_whole_rows_that_a_filter_needs_are_read_once_and_not_at_every_poll(whole):
    world = World([(0, 0), (1, 1), (2, 2), (4, 4)])
    world.user_agents = {0: "python", 2: "python"}
    following = world.following(whole=whole, wanted=Filter(user_agent=("*python",)))

    polls = list(islice(following, 4))

    assert [[row["eventID"] for row in rows] for rows in polls] == [[0], [2], [], []]
    assert world.made_whole == [0, 1, 2, 3]
    assert {"whole" in row for rows in polls for row in rows} == {whole}


def test_trouble_is_told_once_waited_out_ever_longer_and_its_end_is_told():
    world = World(troubles=[*repeat("rows", 5), "", "rows", ""])

    polls = list(islice(world.following(interval=5), 3))

    assert polls == [[], [], []]
    assert world.slept == [10, 20, 40, 60, 60, 5, 10, 5]
    assert world.told == [
        *("Cannot read rows at the moment; trying again. slow down", "Reading rows works again."),
        *("Cannot read rows at the moment; trying again. slow down", "Reading rows works again."),
    ]


def test_trouble_never_shortens_the_interval():
    world = World(troubles=["rows", "rows", ""])

    next(iter(world.following(interval=90)))

    assert world.slept == [90, 90]
    assert len(world.told) == 2


def test_other_errors_end_it():
    world = World()
    world.rows = lambda *_, **__: 1 / 0

    with pytest.raises(ZeroDivisionError):
        next(iter(world.following()))

    assert world.told == []


def test_store_follows_with_its_own_clock():
    world = World([(-59, -1), (-61, -1), (3, 4)])
    store = EventStore(world, now=world.now, sleep=world.sleep)

    polls = list(islice(store.follow(lookback="1m", interval=timedelta(seconds=5)), 2))

    assert [[row["eventID"] for row in rows] for rows in polls] == [[0], [2]]
    assert polls[0][0]["whole"]
    assert world.slept == [5]


def test_store_lets_errors_through_unless_told_otherwise():
    world = World(troubles=["rows"])

    with pytest.raises(Throttled):
        next(EventStore(world, now=world.now, sleep=world.sleep).follow())


def test_store_refuses_at_once_what_makes_no_sense():
    world = World()
    store = EventStore(world, now=world.now, sleep=world.sleep)

    with pytest.raises(ConditionError):
        store.follow(service="rekognition")
    with pytest.raises(MomentError):
        store.follow(lookback="long")

    assert world.windows == []

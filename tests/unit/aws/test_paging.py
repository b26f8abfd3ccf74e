import threading
from concurrent.futures import Future
from functools import partial
from heapq import merge
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.aws import Page, in_order, in_turn, interleaved, merged, unordered
from tests.shared.immediate_paging import at_once

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=150)
WORKERS = st.integers(1, 4)


class Queries:
    """Groups of queries, each a list of pages of numbers; records the requested pages, and how many at a time."""

    def __init__(self, layout):
        self.layout = layout
        self.asked, self.running, self.most_running = [], 0, 0
        self.lock = threading.Lock()

    @property
    def groups(self):
        return [[self.fetch(group, query) for query in range(len(pages))] for group, pages in enumerate(self.layout)]

    @property
    def fetches(self):
        return list(chain.from_iterable(self.groups))

    @property
    def pages(self):
        """Group, query and number of each page."""
        return [
            (group, query, number)
            for group, queries in enumerate(self.layout)
            for query, pages in enumerate(queries)
            for number in range(len(pages))
        ]

    @property
    def items(self):
        return [item for group in self.layout for query in group for page in query for item in page]

    def fetch(self, group, query):
        def fetch(key):
            number = key or 0
            with self.lock:
                self.asked.append((group, query, number))
                self.running += 1
                self.most_running = max(self.most_running, self.running)
            self.work((group, query, number))
            with self.lock:
                self.running -= 1
            pages = self.layout[group][query]
            found = [{"key": item, "of": (group, query, number)} for item in pages[number]]
            return Page(found, number + 1 if number + 1 < len(pages) else None)

        return fetch

    def work(self, page):
        """Called during each fetch."""


@st.composite
def layouts(draw, *, descending):
    """Groups of queries, whose items are in order and divided into pages anywhere; pages may be empty."""

    def query():
        items = sorted(draw(st.lists(st.integers(0, 20), max_size=8)), reverse=descending)
        cuts = sorted(draw(st.lists(st.integers(0, len(items)), max_size=4)))
        return [items[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(items)], strict=True)]

    sizes = draw(st.lists(st.integers(0, 4), max_size=5))
    return [[query() for _ in range(size)] for size in sizes]


def by_key(item):
    return item["key"]


def keys(items):
    return [item["key"] for item in items]


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("dynamodb")]


@LAW
@given(
    case=st.booleans().flatmap(lambda descending: st.tuples(layouts(descending=descending), st.just(descending))),
    read_on=st.booleans(),
    workers=WORKERS,
)
def test_merged_gives_all_items_group_after_group_in_order_and_asks_for_each_page_once(case, read_on, workers):
    layout, descending = case
    queries = Queries(layout)

    found = merged(queries.groups, key=by_key, descending=descending, read_on=read_on, workers=workers)

    assert keys(found) == [
        item for group in layout for item in merge(*map(chain.from_iterable, group), reverse=descending)
    ]
    assert sorted(queries.asked) == queries.pages
    assert queries.most_running <= workers


@LAW
@given(layout=layouts(descending=False), workers=WORKERS)
def test_unordered_gives_all_items_and_asks_for_each_page_once(layout, workers):
    queries = Queries(layout)

    found = unordered(queries.fetches, workers=workers)

    assert sorted(keys(found)) == sorted(queries.items)
    assert sorted(queries.asked) == queries.pages
    assert queries.most_running <= workers


@LAW
@given(numbers=st.lists(st.integers()), workers=WORKERS)
def test_in_order_gives_what_tasks_return_in_their_order(numbers, workers):
    ran = []

    found = list(
        in_order(((lambda number=number: ran.append(number) or number) for number in numbers), workers=workers)
    )

    assert found == numbers
    assert sorted(ran) == sorted(numbers)


FULL = st.lists(st.lists(st.lists(st.just([1, 1]), min_size=1, max_size=4), min_size=1, max_size=4), max_size=6)


@LAW
@given(layout=FULL, workers=WORKERS)
def test_merged_holds_no_more_pages_than_it_has_workers_and_twice_those_of_a_group(layout, workers):
    with at_once():
        queries = Queries(layout)
        left = dict.fromkeys(queries.pages, 2)
        most = workers + 2 * max(map(len, layout), default=0)

        for item in merged(queries.groups, key=by_key, descending=False, workers=workers):
            left[item["of"]] -= 1

            assert sum(left[page] > 0 for page in queries.asked) <= most


@LAW
@given(queries_in_a_group=st.integers(1, 5), workers=WORKERS)
def test_merged_asks_for_fewer_first_pages_ahead_than_it_has_workers(queries_in_a_group, workers):
    queries = Queries([[[[1, 1], [1]]] * queries_in_a_group] * 6)

    with at_once():
        for item in merged(queries.groups, key=by_key, descending=False, workers=workers):
            assert sum(group > item["of"][0] for group, _, _ in queries.asked) < workers


@LAW
@given(layout=FULL, workers=WORKERS)
def test_unordered_holds_no_more_pages_than_it_has_workers_and_the_one_consumed(layout, workers):
    with at_once():
        queries = Queries(layout)
        left = dict.fromkeys(queries.pages, 2)

        for item in unordered(queries.fetches, workers=workers):
            left[item["of"]] -= 1

            assert sum(left[page] > 0 for page in queries.asked) <= workers + 1


@pytest.mark.parametrize("workers", [1, 3])
def test_in_order_runs_no_more_tasks_ahead_than_it_has_workers(monkeypatch, workers):
    monkeypatch.setattr(Future, "done", lambda _: False)
    ran = []
    tasks = ((lambda number=number: ran.append(number) or number) for number in range(10))

    with at_once():
        ahead = [len(ran) - number for number in in_order(tasks, workers=workers)]

    assert max(ahead) == workers
    assert len(ran) == 10


@LAW
@given(
    weights=st.lists(st.integers(0, 9), max_size=30), workers=WORKERS, heaviest=st.integers(0, 20), slow=st.booleans()
)
def test_in_order_has_no_more_weight_ahead_than_it_may(weights, workers, heaviest, slow):
    ran = []
    tasks = [partial(ran.append, number) for number in range(len(weights))]
    with pytest.MonkeyPatch.context() as patch, at_once():
        if slow:
            patch.setattr(Future, "done", lambda _: False)
        for number, _ in enumerate(
            in_order(tasks, workers=workers, weight=lambda task: weights[tasks.index(task)], heaviest=heaviest)
        ):
            ahead = [weights[each] for each in ran if each > number]

            assert len(ahead) < workers
            assert sum(ahead) + weights[number] <= heaviest or not ahead

    assert ran == list(range(len(weights)))


def test_pages_are_let_go_as_they_are_consumed():
    class Items(list):
        """A page whose instances can be counted."""

        alive = 0

        def __init__(self, *items):
            super().__init__(items)
            Items.alive += 1

        def __del__(self):
            Items.alive -= 1

    def fetch(key):
        number = key or 0
        return Page(Items({"key": number}, {"key": number}), number + 1 if number < 20 else None)

    with at_once():
        alive = [Items.alive for _ in unordered([fetch] * 10, workers=3)]
        alive_merged = [Items.alive for _ in merged([[fetch] * 2] * 5, key=by_key, descending=False, workers=3)]

    assert max(alive) <= 4
    assert max(alive_merged) <= 3 + 2 * 2
    assert Items.alive == 0


@pytest.mark.parametrize("read_on", [True, False])
def test_next_page_is_asked_for_when_the_first_item_is_consumed_or_only_when_it_is_needed(read_on):
    queries = Queries([[[[1, 2, 3], [4]]]])

    with at_once():
        found = merged(queries.groups, key=by_key, descending=False, read_on=read_on)
        asked = [len(queries.asked) for _ in found]

    assert asked == ([1, 2, 2, 2] if read_on else [1, 1, 1, 2])


def read_merged(queries, workers):
    return merged(queries.groups, key=by_key, descending=False, workers=workers)


def read_unordered(queries, workers):
    return unordered(queries.fetches, workers=workers)


def read_in_order(queries, workers):
    tasks = (lambda fetch=fetch: fetch(None) for fetch in queries.fetches)
    return chain.from_iterable(page.items for page in in_order(tasks, workers=workers))


READERS = pytest.mark.parametrize("read", [read_merged, read_unordered, read_in_order])
MANY = [[[[1, 2]] * 20] for _ in range(20)]


@READERS
def test_pages_are_fetched_side_by_side(read):
    queries, meeting = Queries([[[[1]]]] * 12), threading.Barrier(4, timeout=10)
    queries.work = lambda _: meeting.wait()

    found = keys(read(queries, 4))

    assert found == [1] * 12
    assert queries.most_running == 4


@READERS
def test_reading_that_is_broken_off_asks_for_no_more_and_leaves_no_threads(read):
    queries = Queries(MANY)
    found = read(queries, 3)
    next(found)

    del found

    assert threads() == []
    assert len(queries.asked) <= 3 + 1


@READERS
def test_nothing_is_asked_before_the_first_item_is(read):
    queries = Queries(MANY)

    found = read(queries, 3)

    assert queries.asked == []
    assert threads() == []
    assert next(found)["key"] == 1


@READERS
def test_exception_of_a_fetch_reaches_the_consumer_and_leaves_no_threads(read):
    queries = Queries([[[[1, 2]]]] * 5)

    def fail(page):
        if page == (2, 0, 0):
            raise LookupError("no such table")

    queries.work = fail

    with pytest.raises(LookupError, match="no such table"):
        list(read(queries, 3))

    assert threads() == []


def test_whoever_interrupts_does_not_wait_for_what_is_being_fetched():
    queries, answer = Queries([[[[1]]], [[[2]]]]), threading.Event()
    queries.work = lambda page: page == (0, 0, 0) or answer.wait(10)
    found = merged(queries.groups, key=by_key, descending=False)
    next(found)

    with pytest.raises(KeyboardInterrupt):
        found.throw(KeyboardInterrupt())

    assert not answer.is_set()
    left = threads()
    answer.set()
    assert left
    for thread in left:
        thread.join(10)
    assert threads() == []


def test_exception_of_a_later_page_comes_after_the_items_before_it():
    queries = Queries([[[[1], [2], [3]]]])

    def fail(page):
        if page == (0, 0, 2):
            raise LookupError("gone")

    queries.work = fail
    found = merged(queries.groups, key=by_key, descending=False)

    assert [next(found)["key"], next(found)["key"]] == [1, 2]
    with pytest.raises(LookupError, match="gone"):
        next(found)


def test_exception_of_what_gives_the_tasks_reaches_the_consumer_and_leaves_no_threads():
    def tasks():
        yield lambda: 1
        raise LookupError("no more tasks")

    with pytest.raises(LookupError, match="no more tasks"):
        list(in_order(tasks()))

    assert threads() == []


def expected_interleaving(streams, size, workers):
    """Chunks of the open streams in turn; a chunk that is shorter than `size` is the last of its stream."""
    waiting, found = [list(stream) for stream in streams], []
    opened, waiting = waiting[:workers], waiting[workers:]
    while opened:
        stream = opened.pop(0)
        chunk, rest = stream[:size], stream[size:]
        found += chunk
        if len(chunk) == size:
            opened.append(rest)
        elif waiting:
            opened.append(waiting.pop(0))
    return found


STREAMS = st.lists(st.integers(0, 9), max_size=6).map(
    lambda sizes: [[(stream, number) for number in range(size)] for stream, size in enumerate(sizes)]
)


@LAW
@given(STREAMS, st.integers(1, 4), WORKERS)
def test_streams_are_read_some_of_each_in_turn(streams, size, workers):
    found = list(interleaved(map(iter, streams), size=size, workers=workers))

    assert found == expected_interleaving(streams, size, workers)


def test_streams_are_read_side_by_side_and_each_by_one_thread_at_a_time():
    together, reading = threading.Barrier(3, timeout=30), set()

    def stream(number):
        for item in range(4):
            assert number not in reading
            reading.add(number)
            together.wait()
            reading.remove(number)
            yield number, item

    found = list(interleaved(map(stream, range(3)), size=2, workers=3))

    assert sorted(found) == [(number, item) for number in range(3) for item in range(4)]


def test_error_of_a_stream_is_raised():
    def broken():
        yield 1
        raise OSError("lost")

    with pytest.raises(OSError, match="lost"):
        list(interleaved([iter([0]), broken()], size=2))


@LAW
@given(STREAMS, st.integers(1, 4))
def test_groups_take_turns_and_few_have_begun(groups, at_once):
    begun, ended, most = set(), set(), 0

    def watched(number, group):
        nonlocal most
        begun.add(number)
        most = max(most, len(begun - ended))
        yield from group
        ended.add(number)

    found = list(in_turn((watched(number, group) for number, group in enumerate(groups)), at_once=at_once))

    assert sorted(found) == sorted(chain.from_iterable(groups))
    assert [[item for item in found if item[0] == number] for number in range(len(groups))] == groups
    assert most <= at_once


def test_every_group_has_its_turn_before_one_has_a_second():
    assert list(in_turn(["abc", "d", "ef", "gh"], at_once=3)) == list("adebfcgh")

"""Deliveries are fetched ahead in order, within bounds, and each once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.deliveries import Delivery
from aitrail.ingest.prefetch import FILES_AHEAD, Prefetch

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=50)


class Fetched:
    def __init__(self, delivery):
        self.delivery = delivery
        self.closed = threading.Event()

    def close(self):
        self.closed.set()


class Source:
    """Fetches deliveries and records them; a delivery with the key `bad` cannot be fetched."""

    def __init__(self):
        self.fetched = []
        self._lock = threading.Lock()

    def __call__(self, delivery):
        found = Fetched(delivery)
        with self._lock:
            self.fetched.append(found)
        if delivery.key.startswith("bad"):
            raise LookupError(delivery.key)
        return found


def delivery(key, etag=None):
    return Delivery(bucket="logs", key=key, etag=etag)


@contextmanager
def ahead(source, deliveries, **options):
    found = Prefetch(source, deliveries, pool=ThreadPoolExecutor(options.get("files", FILES_AHEAD)), **options)
    try:
        yield found
    finally:
        found.close()


def settled(found):
    """Waits for pending fetches."""
    found._pool.shutdown(wait=True)


@LAW
@given(keys=st.lists(st.sampled_from(["a", "b", "c", "bad", "d", "e", "f", "g"]), max_size=12), files=st.integers(1, 5))
def test_everything_is_given_to_whom_it_belongs_and_fetched_once(keys, files):
    source, deliveries = Source(), [delivery(key, etag=str(number)) for number, key in enumerate(keys)]

    with ahead(source, deliveries, files=files) as found:
        for each in deliveries:
            if each.key == "bad":
                with pytest.raises(LookupError):
                    found.take(each)
            else:
                assert found.take(each).delivery == each

    assert sorted(fetched.delivery.etag for fetched in source.fetched) == sorted(each.etag for each in deliveries)


def test_no_more_than_the_bound_is_fetched_ahead():
    source, deliveries = Source(), [delivery(str(number)) for number in range(20)]

    with ahead(source, deliveries) as found:
        first = found.take(deliveries[0])
        settled(found)

        assert first.delivery == deliveries[0]
        assert len(source.fetched) <= 1 + FILES_AHEAD


def test_an_object_that_comes_twice_is_fetched_again_only_in_its_turn():
    source = Source()
    first, second = delivery("a", etag="1"), delivery("a", etag="2")

    with ahead(source, [first, second]) as found:
        found.take(first)
        settled(found)
        before = [fetched.delivery for fetched in source.fetched]
        found.take(second)

    assert before == [first]
    assert [fetched.delivery for fetched in source.fetched] == [first, second]


def test_what_nobody_took_is_let_go():
    source, deliveries = Source(), [delivery("a"), delivery("bad"), delivery("b")]

    with ahead(source, deliveries) as found:
        pass

    settled(found)
    assert all(fetched.closed.wait(10) for fetched in source.fetched if fetched.delivery.key != "bad")


def test_a_delivery_that_was_not_announced_is_fetched_when_it_is_taken():
    source = Source()

    with ahead(source, []) as found:
        assert found.take(delivery("a")).delivery == delivery("a")


def test_what_busy_threads_have_not_begun_is_fetched_by_whom_takes_it():
    source, hangs = Source(), threading.Event()
    pool = ThreadPoolExecutor(1)
    pool.submit(hangs.wait, 60)

    found = Prefetch(source, [delivery("a"), delivery("b")], pool=pool)
    taken = [found.take(delivery(key)).delivery.key for key in "ab"]
    found.close()
    hangs.set()
    pool.shutdown(wait=True)

    assert taken == [fetched.delivery.key for fetched in source.fetched] == ["a", "b"]


def test_batches_share_the_threads_and_what_one_left_is_not_fetched_in_the_next():
    source, goes_on = Source(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(goes_on.wait, 60)
        Prefetch(source, [delivery("a"), delivery("b")], pool=pool).close()
        found = Prefetch(source, [delivery("c")], pool=pool)
        goes_on.set()

        assert found.take(delivery("c")).delivery == delivery("c")

    assert [fetched.delivery.key for fetched in source.fetched] == ["c"]

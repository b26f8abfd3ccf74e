"""Fetches pages of many queries in parallel, in memory bounded by the page size."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from heapq import merge
from itertools import chain, islice
from sys import maxsize
from typing import Any, NamedTuple, TypeVar

# DynamoDB responds within milliseconds: more threads would wait for the interpreter, not for the network.
WORKERS = 8

_T = TypeVar("_T")
_Item = dict[str, Any]


class Page(NamedTuple):
    """The items of a page, and the key for fetching the next page; None on the last page."""

    items: list[_Item]
    next_key: Any


# Called with None for the first page.
Fetch = Callable[[Any], Page]


@contextmanager
def _workers(number: int) -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(number, thread_name_prefix="dynamodb")
    wait_for_all = True
    try:
        yield pool
    except KeyboardInterrupt:
        # A request may take as long as the client's timeouts, and a user who interrupts should not wait for that.
        wait_for_all = False
        raise
    finally:
        pool.shutdown(wait=wait_for_all, cancel_futures=True)


def merged(
    groups: Iterable[Sequence[Fetch]],
    *,
    key: Callable[[_Item], Any],
    descending: bool,
    read_on: bool = True,
    workers: int = WORKERS,
) -> Iterator[_Item]:
    """The items of all queries, one group after the other; within a group, they are merged by `key`.

    Every query must return its items in the order of `key`. First pages are fetched in advance, for at most `workers`
    queries. With `read_on`, the next page is fetched while the current one is consumed.
    """
    waiting, started = iter(groups), deque[list[_Pages]]()
    with _workers(workers) as pool:
        while True:
            while sum(map(len, started)) < workers and (group := next(waiting, None)) is not None:
                started.append([_Pages(pool, fetch, read_on=read_on) for fetch in group])
            if not started:
                return
            yield from merge(*started.popleft(), key=key, reverse=descending)


class _Pages:
    """The items of one query, whose first page is requested immediately."""

    def __init__(self, pool: ThreadPoolExecutor, fetch: Fetch, *, read_on: bool) -> None:
        self._pool, self._fetch, self._read_on = pool, fetch, read_on
        self._coming: Future[Page] | None = pool.submit(fetch, None)

    def __iter__(self) -> Iterator[_Item]:
        while self._coming:
            page, self._coming = self._coming.result(), None
            items = iter(page.items)
            # Fetch the next page only after the first item: a caller who needs no more should not pay for more.
            yield from islice(items, 1)
            if self._read_on:
                self._ask(page.next_key)
            yield from items
            if not self._coming:
                self._ask(page.next_key)

    def _ask(self, key: Any) -> None:  # noqa: ANN401 (a key of DynamoDB's)
        self._coming = None if key is None else self._pool.submit(self._fetch, key)


def unordered(queries: Iterable[Fetch], *, workers: int = WORKERS) -> Iterator[_Item]:
    """The items of all queries as their pages arrive; at most `workers` pages are fetched ahead."""
    waiting = iter(queries)
    with _workers(workers) as pool:
        running = {pool.submit(fetch, None): fetch for fetch in islice(waiting, workers)}
        while running:
            # One at a time: a set of finished futures would keep all of their pages in memory.
            done = wait(running, return_when=FIRST_COMPLETED).done.pop()
            fetch, page = running.pop(done), done.result()
            if page.next_key is not None:
                running[pool.submit(fetch, page.next_key)] = fetch
            else:
                running |= {pool.submit(fetch, None): fetch for fetch in islice(waiting, 1)}
            yield from page.items


def in_order(
    tasks: Iterable[Callable[[], _T]],
    *,
    workers: int = WORKERS,
    weight: Callable[[Any], int] = lambda _task: 0,
    heaviest: int = maxsize,
) -> Iterator[_T]:
    """The results of the tasks, in order; at most `workers` tasks are running or waiting to be consumed.

    Nor are there several of them whose weights add up to more than `heaviest`.
    """
    running, weights = deque[Future[_T]](), deque[int]()
    with _workers(workers) as pool:
        for task in chain(tasks, [None]):
            own = weight(task) if task else 0
            while running and (task is None or own + sum(weights) > heaviest):
                weights.popleft()
                yield running.popleft().result()
            if task:
                weights.append(own)
                running.append(pool.submit(task))
            while running and (len(running) == workers or running[0].done()):
                weights.popleft()
                yield running.popleft().result()


def interleaved(streams: Iterable[Iterator[_T]], *, size: int, workers: int = WORKERS) -> Iterator[_T]:
    """The items of all streams, `size` from each in turn; `workers` streams are open, with their next items prefetched.

    When a stream ends, the next one is opened. Each stream is read by one thread at a time.
    """
    waiting, running = iter(streams), deque[tuple[Iterator[_T], Future[list[_T]]]]()
    with _workers(workers) as pool:

        def read_on(stream: Iterator[_T]) -> None:
            running.append((stream, pool.submit(lambda: list(islice(stream, size)))))

        while True:
            for stream in islice(waiting, workers - len(running)):
                read_on(stream)
            if not running:
                return
            stream, coming = running.popleft()
            found = coming.result()
            if len(found) == size:
                read_on(stream)
            yield from found


def in_turn(groups: Iterable[Iterable[_T]], *, at_once: int) -> Iterator[_T]:
    """One item of each group in turn; at most `at_once` groups are open at a time."""
    waiting, begun = iter(groups), deque[Iterator[_T]]()
    while True:
        begun.extend(map(iter, islice(waiting, at_once - len(begun))))
        if not begun:
            return
        group = begun.popleft()
        for item in islice(group, 1):
            begun.append(group)
            yield item

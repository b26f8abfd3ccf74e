"""Fetches the next deliveries of a batch while one is processed, because waiting for S3 takes time but no CPU."""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from aitrail.deliveries import Delivery

# The number of files being fetched or waiting to be processed. CloudTrail's have at most a few MB when compressed.
FILES_AHEAD = 4


class Closable(Protocol):
    """Something fetched that must be closed."""

    def close(self) -> None:
        """Releases its resources."""
        ...


_T = TypeVar("_T", bound=Closable)


class Prefetch(Generic[_T]):
    """Fetches the next of several deliveries, in the order in which they will be processed.

    If the batch announces an object twice, the second delivery is not fetched ahead, because it depends on the first.
    """

    def __init__(
        self, fetch: Callable[[Delivery], _T], deliveries: Iterable[Delivery], *, files: int = FILES_AHEAD
    ) -> None:
        first = {(delivery.bucket, delivery.key): delivery for delivery in reversed(tuple(deliveries))}
        self._fetch = fetch
        self._waiting = deque(reversed(first.values()))
        self._fetched: dict[Delivery, Future[_T]] = {}
        self._files = files
        self._pool = ThreadPoolExecutor(files, thread_name_prefix="ahead")
        self._go_on()

    def take(self, delivery: Delivery) -> _T:
        """The result of fetching a delivery, which is fetched now if necessary; raises the error of fetching."""
        found = self._fetched.pop(delivery, None)
        if found is None:
            with suppress(ValueError):
                self._waiting.remove(delivery)
            return self._fetch(delivery)
        self._go_on()
        return found.result()

    def close(self) -> None:
        """Stops fetching, and closes all results that were not taken."""
        self._waiting.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)
        for found in self._fetched.values():
            found.add_done_callback(_close)

    def _go_on(self) -> None:
        while self._waiting and len(self._fetched) < self._files:
            delivery = self._waiting.popleft()
            self._fetched[delivery] = self._pool.submit(self._fetch, delivery)


def _close(found: "Future[_T]") -> None:
    if not found.cancelled() and found.exception() is None:
        found.result().close()

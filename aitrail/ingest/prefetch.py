"""Fetches the next deliveries of a batch while one is processed, because waiting for S3 takes time but no CPU."""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import Generic, Protocol, TypeVar

from aitrail.deliveries import Delivery

# The number of files being fetched or waiting to be processed. CloudTrail's have at most a few MB when compressed.
FILES_AHEAD = 4


@cache
def threads_ahead() -> Executor:
    """The threads of this process that fetch ahead: new ones for each batch take a tenth of the time of a file."""
    return ThreadPoolExecutor(FILES_AHEAD, thread_name_prefix="ahead")


class Closable(Protocol):
    """Something fetched that must be closed."""

    def close(self) -> None:
        """Releases its resources."""
        ...


_T = TypeVar("_T", bound=Closable)


class Prefetch(Generic[_T]):
    """Fetches the next of several deliveries, in the order in which they will be processed.

    If the batch announces an object twice, the second delivery is not fetched ahead, because it depends on the first.
    The threads of `pool` fetch. They may still be busy with an earlier batch: what they have not begun when it is
    taken is fetched by the thread that takes it.
    """

    def __init__(
        self,
        fetch: Callable[[Delivery], _T],
        deliveries: Iterable[Delivery],
        *,
        pool: Executor,
        files: int = FILES_AHEAD,
    ) -> None:
        first = {(delivery.bucket, delivery.key): delivery for delivery in reversed(tuple(deliveries))}
        self._fetch = fetch
        self._waiting = deque(reversed(first.values()))
        self._fetched: dict[Delivery, Future[_T]] = {}
        self._files = files
        self._pool = pool
        self._go_on()

    def take(self, delivery: Delivery) -> _T:
        """The result of fetching a delivery, which is fetched now if necessary; raises the error of fetching."""
        found = self._fetched.pop(delivery, None)
        if found is None:
            with suppress(ValueError):
                self._waiting.remove(delivery)
            return self._fetch(delivery)
        is_late = found.cancel()
        self._go_on()
        return self._fetch(delivery) if is_late else found.result()

    def close(self) -> None:
        """Stops fetching, and closes all results that were not taken."""
        self._waiting.clear()
        for found in self._fetched.values():
            if not found.cancel():
                found.add_done_callback(_close)

    def _go_on(self) -> None:
        while self._waiting and len(self._fetched) < self._files:
            delivery = self._waiting.popleft()
            self._fetched[delivery] = self._pool.submit(self._fetch, delivery)


def _close(found: "Future[_T]") -> None:
    if found.exception() is None:
        found.result().close()

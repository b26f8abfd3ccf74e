"""Fetch what the next deliveries of a batch need while one of them is worked on: waiting for S3 costs time, not CPU."""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from aitrail.deliveries import Delivery

# Files that are fetched or wait to be worked on. CloudTrail's have a few MB at most when compressed.
FILES_AHEAD = 4


class Closable(Protocol):
    """What is fetched: nothing of it is needed any more after `close`."""

    def close(self) -> None:
        """Let go of what it holds."""
        ...


_T = TypeVar("_T", bound=Closable)


class Ahead(Generic[_T]):
    """Deliveries in the order in which they will be worked on, the next ones being fetched.

    A delivery whose object stands in the batch before is not fetched ahead: what becomes of the first decides about it.
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
        """What was fetched of a delivery, or is fetched now; raises what fetching raised."""
        found = self._fetched.pop(delivery, None)
        if found is None:
            with suppress(ValueError):
                self._waiting.remove(delivery)
            return self._fetch(delivery)
        self._go_on()
        return found.result()

    def close(self) -> None:
        """Fetch no more, and let go of what nobody took."""
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

"""Retries of requests to AWS, with pauses between them."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TypeVar

from aitrail.aws.temporary import is_temporary
from aitrail.clock import Clock

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 10.0
_TRIES = 10
_T = TypeVar("_T")


def pauses(clock: Clock) -> Iterator[float]:
    """The seconds to wait before each retry: full jitter with a bound that doubles."""
    bound = _FIRST_PAUSE
    while True:
        yield clock.random() * bound
        bound = min(2 * bound, _LONGEST_PAUSE)


def patiently(ask: Callable[[], _T], clock: Clock) -> _T:
    """The result of `ask`, retried after temporary errors. Raises the tenth temporary error, and any other at once."""
    for pause in islice(pauses(clock), _TRIES - 1):
        try:
            return ask()
        except Exception as error:
            if not is_temporary(error):
                raise
        clock.sleep(pause)
    return ask()

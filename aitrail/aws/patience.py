"""How long to wait before AWS is asked once more."""

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
    """Seconds to wait before each further try: full jitter below a doubling bound."""
    bound = _FIRST_PAUSE
    while True:
        yield clock.random() * bound
        bound = min(2 * bound, _LONGEST_PAUSE)


def patiently(ask: Callable[[], _T], clock: Clock) -> _T:
    """What AWS answers, asked again after an error that passes by itself. Raises the last of ten, and all others."""
    for pause in islice(pauses(clock), _TRIES - 1):
        try:
            return ask()
        except Exception as error:
            if not is_temporary(error):
                raise
        clock.sleep(pause)
    return ask()

"""Divides the function's time among the messages of a batch, so that a slow one does not use up the others' time.

A message that runs out of its share fails alone. When SQS delivers it again, it is the last one of its batch and has
all the time that is left, so that a large log file is read to its end although it is never alone in a batch.
"""

from collections.abc import Callable, Sequence

# The largest batch of the event sources.
_BATCH = 10


class TimeShares:
    """The shares of the messages of one batch, which are taken in the order of processing.

    `receives` says how often each message has been received, and ascends. `time_left` returns the seconds that are
    left for the batch. While a message waits that was received before, the others have a tenth of the time, which is
    their share in the largest batch; otherwise, all messages that are left have the same share.
    """

    def __init__(self, receives: Sequence[int], time_left: Callable[[], float]) -> None:
        self._time_left = time_left
        self._left = len(receives)
        self._most = time_left() / _BATCH if receives and receives[-1] > 1 else time_left()

    def take(self) -> Callable[[], float]:
        """The time left for the next message: a function that returns seconds."""
        now = self._time_left()
        share = now if self._left <= 1 else min(now / self._left, self._most)
        self._left -= 1
        return lambda: self._time_left() - (now - share)

"""What is found in a local file, in parts that processes can send and that the cache keeps."""

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from aitrail.questions.subtotals import Subtotal

# The rows of a part, so that none is large, and of what a process sends at a time.
MOST_ROWS: Final = 100


class Part(NamedTuple):
    """A part of what a file has: rows, and what there is to report and to count. Can be pickled.

    A cache may keep it if `is_complete`: the rows of a file are whole, or packed. `subtotal` is that of the rows.
    """

    rows: list[Any]
    reports: list[str]
    counts: dict[str, int]  # pickled in a tenth of the time of a Counter
    unknown_sources: dict[str, int]
    is_complete: bool = True
    subtotal: "Subtotal | None" = None

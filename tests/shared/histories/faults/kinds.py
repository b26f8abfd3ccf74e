"""The kinds of faults, each of which can be run alone.

A fault is a function of a world and a random generator: it takes a random target, changes the world, and notes what it
does.
"""

from tests.shared.histories.faults.digests import (
    digest_forged,
    digest_late,
    digest_lost,
    digest_moved,
    digest_replaced,
    paused,
    stopped,
)
from tests.shared.histories.faults.honest import crash, disorder, nothing, recompressed
from tests.shared.histories.faults.log_files import boundary, crashed, deleted, dropped, lost, overwritten, truncated
from tests.shared.histories.faults.rows import (
    row_added,
    row_changed,
    row_deleted,
    row_odd,
    row_relocated,
    row_retimed,
    row_swapped,
)
from tests.shared.histories.faults.strangers import (
    forged_elsewhen,
    forged_elsewhere,
    forged_file,
    message_invented,
    message_of_nothing,
)
from tests.shared.histories.layout import Shape
from tests.shared.histories.world import DAY, HOUR

_PAUSES = (4, 10, 16, 25, 45, 92)

KINDS = {
    fault.__name__.replace("_", "-"): fault
    for fault in (
        *(nothing, crash, disorder, recompressed),
        *(lost, dropped, deleted, overwritten, crashed, truncated, boundary),
        *(digest_lost, digest_late, digest_replaced, digest_forged, digest_moved, paused, stopped),
        *(forged_file, forged_elsewhen, forged_elsewhere),
        *(row_deleted, row_changed, row_relocated, row_retimed, row_added, row_swapped, row_odd),
        *(message_of_nothing, message_invented),
    )
} | {"trails": nothing, "expiry": nothing, "ledger-expiry": nothing}
HONEST = ("nothing", "crash", "disorder", "recompressed", "trails", "expiry", "ledger-expiry")
# How often a kind is chosen, compared with 1, in histories of several faults.
WEIGHTS = {"nothing": 6}


def shape_of(kinds, random):
    """The shape of a world in which these kinds of faults can happen."""
    days = random.choice((1, 1, 2)) * DAY if "expiry" in kinds else None
    ledger = random.choice((1, 2, 4)) * DAY if "ledger-expiry" in kinds else None
    pause = random.choice(_PAUSES) * DAY if random.random() < 0.7 else random.randint(1, 80) * HOUR
    return Shape(
        hours=random.choice((30, 40, 60)) if days or ledger else None,
        places=1 if days or ledger else None,
        trails=2 if "trails" in kinds else 1 if days or ledger else None,
        pause=pause if "paused" in kinds else None,
        row_retention=days,
        ledger_retention=ledger,
    )

"""Operations for when something is missing or wrong: backfill, retry, wait, accept, repair.

In: the bucket, the ledger, the queues, and a verdict; out: messages to the queues, acceptances, and repaired rows. Only
repair reads log files.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.repair.accepting import Accepting, accepted
    from aitrail.repair.announced import NOT_READ, Announced, Became
    from aitrail.repair.backfill import REASONS, Backfill, Count, Found
    from aitrail.repair.repairing import Plan, Repair, replaced
    from aitrail.repair.retrying import RETRIED_PROBLEMS, DeadLetters, MoveRunningError, announced_again
    from aitrail.repair.waiting import Waiting
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        accepting=("Accepting", "accepted"),
        announced=("Announced", "Became", "NOT_READ"),
        backfill=("Backfill", "Count", "Found", "REASONS"),
        repairing=("Plan", "Repair", "replaced"),
        retrying=("DeadLetters", "MoveRunningError", "RETRIED_PROBLEMS", "announced_again"),
        waiting=("Waiting",),
    )

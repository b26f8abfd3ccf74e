"""Talking to AWS, whatever it is about: pages fetched in parallel, retries, the deployed stack.

In: clients and tasks; out: answers. It knows nothing of log files, rows or people.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.aws.deployment import Deployment, StackNotFoundError
    from aitrail.aws.operations import known_operations
    from aitrail.aws.paging import WORKERS, Fetch, Page, in_order, in_turn, interleaved, merged, unordered
    from aitrail.aws.patience import patiently, pauses
    from aitrail.aws.temporary import THROTTLING, is_temporary

__all__, __getattr__ = exports(
    __name__,
    deployment=("Deployment", "StackNotFoundError"),
    operations=("known_operations",),
    paging=("Fetch", "Page", "WORKERS", "in_order", "in_turn", "interleaved", "merged", "unordered"),
    patience=("patiently", "pauses"),
    temporary=("THROTTLING", "is_temporary"),
)

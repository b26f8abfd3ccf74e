"""Imports CloudTrail's Event history, to have rows for the time before the first log file.

In: a window and Regions; out: rows, rejects, and progress in the ledger. It reads no log file.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.history.event_history import REACH, EventHistory, HistoryRefusedError, within_reach
    from aitrail.history.history_import import HistoryImport, RegionImport
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        event_history=("EventHistory", "HistoryRefusedError", "REACH", "within_reach"),
        history_import=("HistoryImport", "RegionImport"),
    )

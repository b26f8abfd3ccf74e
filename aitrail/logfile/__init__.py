"""Selects the wanted records of a log file, in bounded memory: the hot path.

In: bytes and the wanted event sources; out: records. It knows nothing about AWS, rows or tables. Pure.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.logfile.inflate import DamagedGzip, inflated
    from aitrail.logfile.selection import LogFile, UnreadableLogFile, wanted_records
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        inflate=("DamagedGzip", "inflated"),
        selection=("LogFile", "UnreadableLogFile", "wanted_records"),
    )

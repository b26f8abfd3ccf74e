"""Selects the wanted records of a log file, in bounded memory: the hot path.

In: bytes and the wanted event sources; out: records. It knows nothing about AWS, rows or tables. Pure.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.logfile.concatenated import Document, documents
    from aitrail.logfile.inflate import DamagedGzip, Stream, inflated
    from aitrail.logfile.selection import EndsAt, LogFile, UnreadableLogFile, ends_alone, wanted_records
    from aitrail.logfile.small_files import SmallFiles
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        concatenated=("Document", "documents"),
        inflate=("DamagedGzip", "Stream", "inflated"),
        selection=("EndsAt", "LogFile", "UnreadableLogFile", "ends_alone", "wanted_records"),
        small_files=("SmallFiles",),
    )

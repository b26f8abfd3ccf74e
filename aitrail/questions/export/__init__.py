"""Writes rows to files for DuckDB, Athena and spreadsheets: one file for each service and day.

In: a source of rows and a folder; out: files, and notes on which are complete. It knows nothing about tables.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.questions.export.exporting import Export, Exported
    from aitrail.questions.export.files import Progress
    from aitrail.questions.export.folder import ExportError, OtherExportError
    from aitrail.questions.export.formats import FORMATS, OCSF, SCHEMAS, MissingPyarrowError
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        exporting=("Export", "Exported"),
        files=("Progress",),
        folder=("ExportError", "OtherExportError"),
        formats=("FORMATS", "MissingPyarrowError", "OCSF", "SCHEMAS"),
    )

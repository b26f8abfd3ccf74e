"""Writes rows to files for DuckDB, Athena and spreadsheets: one file for each service and day.

In: a source of rows and a folder; out: files, and notes on which are complete. The files are a source of rows again.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.questions.export.exported_rows import ExportedRows, exported_in
    from aitrail.questions.export.exporting import Export, Exported
    from aitrail.questions.export.files import Progress
    from aitrail.questions.export.folder import ExportError, OtherExportError
    from aitrail.questions.export.formats import FORMATS, INSTALL_PYARROW, OCSF, SCHEMAS, MissingPyarrowError
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        exported_rows=("ExportedRows", "exported_in"),
        exporting=("Export", "Exported"),
        files=("Progress",),
        folder=("ExportError", "OtherExportError"),
        formats=("FORMATS", "INSTALL_PYARROW", "MissingPyarrowError", "OCSF", "SCHEMAS"),
    )

"""Rows as files for DuckDB, Athena and spreadsheets: one file for each service and day."""

from aitrail.export.exporting import Export, Exported
from aitrail.export.files import Progress
from aitrail.export.folder import ExportError, OtherExportError
from aitrail.export.formats import FORMATS, MissingPyarrowError

__all__ = ["FORMATS", "Export", "ExportError", "Exported", "MissingPyarrowError", "OtherExportError", "Progress"]

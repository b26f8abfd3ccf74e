"""Prints results: formats, tables, groups of names and values, progress.

In: rows and values; out: text that cannot control a terminal. It knows nothing about AWS or the meaning of rows.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.cli.output.fitting import Priorities
    from aitrail.cli.output.formats import Writer
    from aitrail.cli.output.groups import Group, Steps, leaves, text_of
    from aitrail.cli.output.live_line import end_progress_line, progress_line
    from aitrail.cli.output.output import FORMATS, ROW_COLUMNS, Output, narrate
    from aitrail.cli.output.progress_bar import progress, rate_of
    from aitrail.cli.output.sparklines import BLOCKS, averages, bars, columns, sparkline
    from aitrail.cli.output.table import Cell, lengths, widths
    from aitrail.cli.output.times import shown_time, titled
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        fitting=("Priorities",),
        formats=("Writer",),
        groups=("Group", "Steps", "leaves", "text_of"),
        output=("FORMATS", "Output", "ROW_COLUMNS", "narrate"),
        progress_bar=("progress", "rate_of"),
        live_line=("end_progress_line", "progress_line"),
        sparklines=("BLOCKS", "averages", "bars", "columns", "sparkline"),
        table=("Cell", "lengths", "widths"),
        times=("shown_time", "titled"),
    )

"""The output of single commands, where it is more than a table of rows.

In: reports from the packages below; out: rows, groups and lines for `output`. It makes no decisions.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.cli.views.archived import narrate_archived
    from aitrail.cli.views.backfill import narrate_counts, write_counts
    from aitrail.cli.views.became import show_what_became
    from aitrail.cli.views.billed import show_billed
    from aitrail.cli.views.candidates import MOST_CANDIDATES, narrate_candidates, narrate_no_event
    from aitrail.cli.views.comparison import show_comparison
    from aitrail.cli.views.event_history import import_progress, show_imported, show_left
    from aitrail.cli.views.first_and_last import show_first_and_last
    from aitrail.cli.views.measured import refuse_with, show_measured
    from aitrail.cli.views.original import show_original
    from aitrail.cli.views.plot import NO_START, Plot, refuse_with_plot
    from aitrail.cli.views.record_kinds import Kinds, judged, marked, with_record
    from aitrail.cli.views.repair import deletion_lines, plan_lines, save_rows
    from aitrail.cli.views.status import status_groups
    from aitrail.cli.views.timeline import show_timeline
    from aitrail.cli.views.usage_list import usage_groups
    from aitrail.cli.views.usage_table import Finished, cross_table, simple_table
    from aitrail.cli.views.verdict import verdict_lines, verdict_remarks, verdict_report
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        archived=("narrate_archived",),
        became=("show_what_became",),
        billed=("show_billed",),
        backfill=("narrate_counts", "write_counts"),
        comparison=("show_comparison",),
        candidates=("MOST_CANDIDATES", "narrate_candidates", "narrate_no_event"),
        event_history=("import_progress", "show_imported", "show_left"),
        first_and_last=("show_first_and_last",),
        measured=("refuse_with", "show_measured"),
        original=("show_original",),
        plot=("NO_START", "Plot", "refuse_with_plot"),
        record_kinds=("Kinds", "judged", "marked", "with_record"),
        repair=("deletion_lines", "plan_lines", "save_rows"),
        status=("status_groups",),
        timeline=("show_timeline",),
        usage_list=("usage_groups",),
        usage_table=("Finished", "cross_table", "simple_table"),
        verdict=("verdict_lines", "verdict_remarks", "verdict_report"),
    )

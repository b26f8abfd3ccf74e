"""Questions about calls, answered from the events table or from log files.

In: conditions and a window, as people write them; out: rows, sums, timelines, files. It writes to no table.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.questions.amounts import CHARACTERS, COST, MEASURES, Amounts, characters_of, measures_of
    from aitrail.questions.billing import NO_AMOUNT, CallAmount, amount_of_call, billed_calls
    from aitrail.questions.combined_rows import CombinedRows, RowOf
    from aitrail.questions.compared_windows import PREVIOUS, ComparedWindows
    from aitrail.questions.comparison import DIFFERENCE, Comparison
    from aitrail.questions.conditions import (
        ALL_COLUMNS,
        COLUMNS,
        NAMED,
        USAGE_MEMBERS,
        WIDE_COLUMNS,
        Conditions,
        checked,
    )
    from aitrail.questions.corrections import Corrections
    from aitrail.questions.counted_rows import CountedRows
    from aitrail.questions.counting import ENDPOINT_REFUSAL, RECORD_KINDS, Count, Reading, record_kind
    from aitrail.questions.dimensions import DIMENSIONS, TIMES, DimensionError, group_order, key_function
    from aitrail.questions.filters import Filter
    from aitrail.questions.first_and_last import COUNTS, SEEN, FirstAndLast, Lookback
    from aitrail.questions.following import LONGEST_INTERVAL
    from aitrail.questions.log_file_rows import LogFileRows
    from aitrail.questions.naming import NOTHING_NAMED, Naming
    from aitrail.questions.networks import Network
    from aitrail.questions.original import (
        NoOriginalError,
        differing,
        differing_attributes,
        differing_fields,
        original_of,
    )
    from aitrail.questions.paths import EXPORT_NOTES, STDIN, is_export, is_stdin
    from aitrail.questions.periods import periods_between
    from aitrail.questions.reach import lacking
    from aitrail.questions.resources import further_resources
    from aitrail.questions.scan_cache import NAMES, Contents, ScanCache, contents, scan_cache_in
    from aitrail.questions.scanning import NoPathError, Scan
    from aitrail.questions.selecting import selected, whole_rows
    from aitrail.questions.source import BeyondSourceError, Order, Row, RowSource, answerable, reach_of
    from aitrail.questions.spellings import (
        EVENT_CATEGORIES,
        EXCLUDES,
        ConditionError,
        excluded_of,
        is_pattern,
        lacks_kind,
        nearest,
        or_valid,
        wanted_of,
    )
    from aitrail.questions.store import SHORTEST_BEGINNING, EventStore
    from aitrail.questions.table_rows import TableRows
    from aitrail.questions.tally import Key, Tally
    from aitrail.questions.teams import PlacedResource, Team
    from aitrail.questions.timeline import ANYTHING, PLACES, TOUCHED_BY, Summary, Timeline, grouped
    from aitrail.questions.usage import OTHERS, Usage, notes_on_amounts
    from aitrail.questions.usage_members import usage_member
    from aitrail.questions.usage_spellings import ENGINES, usage_fields
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        amounts=("Amounts", "CHARACTERS", "COST", "MEASURES", "characters_of", "measures_of"),
        billing=("CallAmount", "NO_AMOUNT", "amount_of_call", "billed_calls"),
        compared_windows=("ComparedWindows", "PREVIOUS"),
        comparison=("Comparison", "DIFFERENCE"),
        combined_rows=("CombinedRows", "RowOf"),
        conditions=("ALL_COLUMNS", "COLUMNS", "Conditions", "NAMED", "USAGE_MEMBERS", "WIDE_COLUMNS", "checked"),
        corrections=("Corrections",),
        counted_rows=("CountedRows",),
        counting=("Count", "ENDPOINT_REFUSAL", "RECORD_KINDS", "Reading", "record_kind"),
        dimensions=("DIMENSIONS", "DimensionError", "TIMES", "group_order", "key_function"),
        filters=("Filter",),
        first_and_last=("COUNTS", "FirstAndLast", "Lookback", "SEEN"),
        following=("LONGEST_INTERVAL",),
        log_file_rows=("LogFileRows",),
        naming=("NOTHING_NAMED", "Naming"),
        networks=("Network",),
        original=("NoOriginalError", "differing", "differing_attributes", "differing_fields", "original_of"),
        paths=("EXPORT_NOTES", "STDIN", "is_export", "is_stdin"),
        periods=("periods_between",),
        reach=("lacking",),
        resources=("further_resources",),
        scan_cache=("Contents", "NAMES", "ScanCache", "contents", "scan_cache_in"),
        scanning=("NoPathError", "Scan"),
        selecting=("selected", "whole_rows"),
        source=("BeyondSourceError", "Order", "Row", "RowSource", "answerable", "reach_of"),
        spellings=(
            *("ConditionError", "EVENT_CATEGORIES", "EXCLUDES", "excluded_of", "is_pattern", "lacks_kind", "nearest"),
            *("or_valid", "wanted_of"),
        ),
        store=("EventStore", "SHORTEST_BEGINNING"),
        table_rows=("TableRows",),
        tally=("Key", "Tally"),
        teams=("PlacedResource", "Team"),
        timeline=("ANYTHING", "PLACES", "Summary", "TOUCHED_BY", "Timeline", "grouped"),
        usage=("OTHERS", "Usage", "notes_on_amounts"),
        usage_members=("usage_member",),
        usage_spellings=("ENGINES", "usage_fields"),
    )

"""Questions about calls, answered from the events table or from log files.

In: conditions and a window, as people write them; out: rows, sums, timelines, files. It writes to no table.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.questions.conditions import ALL_COLUMNS, COLUMNS, USAGE_MEMBERS, WIDE_COLUMNS, Conditions, checked
    from aitrail.questions.filters import Filter
    from aitrail.questions.following import LONGEST_INTERVAL
    from aitrail.questions.log_file_rows import LogFileRows
    from aitrail.questions.original import (
        NoOriginalError,
        differing,
        differing_attributes,
        differing_fields,
        original_of,
    )
    from aitrail.questions.paths import STDIN
    from aitrail.questions.scanning import Scan
    from aitrail.questions.selecting import selected, whole_rows
    from aitrail.questions.source import Order, Row, RowSource
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
    from aitrail.questions.store import EventStore
    from aitrail.questions.table_rows import TableRows
    from aitrail.questions.timeline import Summary, Timeline, grouped
    from aitrail.questions.usage import DIMENSIONS, MEASURES, NETWORK_ACTIVITY, TIMES, characters_of, group_order
    from aitrail.questions.usage_spellings import API_VERSIONS, ENGINES, usage_fields
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        conditions=("ALL_COLUMNS", "COLUMNS", "Conditions", "USAGE_MEMBERS", "WIDE_COLUMNS", "checked"),
        filters=("Filter",),
        following=("LONGEST_INTERVAL",),
        log_file_rows=("LogFileRows",),
        original=("NoOriginalError", "differing", "differing_attributes", "differing_fields", "original_of"),
        paths=("STDIN",),
        scanning=("Scan",),
        selecting=("selected", "whole_rows"),
        source=("Order", "Row", "RowSource"),
        spellings=(
            *("ConditionError", "EVENT_CATEGORIES", "EXCLUDES", "excluded_of", "is_pattern", "lacks_kind", "nearest"),
            *("or_valid", "wanted_of"),
        ),
        store=("EventStore",),
        table_rows=("TableRows",),
        timeline=("Summary", "Timeline", "grouped"),
        usage=("DIMENSIONS", "MEASURES", "NETWORK_ACTIVITY", "TIMES", "characters_of", "group_order"),
        usage_spellings=("API_VERSIONS", "ENGINES", "usage_fields"),
    )

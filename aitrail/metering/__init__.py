"""What is billed, told by rows, CloudWatch's metrics and prices: resources that exist, amounts by caller, differences.

In: rows, metrics, list prices; out: resources that are billed, amounts that were measured or shared, differences.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.metering.cloudwatch import CloudWatch
    from aitrail.metering.life_cycles import billed_kinds
    from aitrail.metering.measured import Group, Part, Question, measured_amounts
    from aitrail.metering.metrics import KEPT, PERIOD, Metrics, MetricsError, Place, amounts
    from aitrail.metering.reconciliation import (
        AGREE,
        METRICS_MISSING,
        NOT_COMPARABLE,
        ROWS_MISSING,
        Comparison,
        Reconciliation,
    )
    from aitrail.metering.running import Found, Running, idle_resources, record_of, running_resources, with_requests
    from aitrail.metering.sharing import largest_remainder
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        life_cycles=("billed_kinds",),
        cloudwatch=("CloudWatch",),
        measured=("Group", "Part", "Question", "measured_amounts"),
        metrics=("KEPT", "Metrics", "MetricsError", "PERIOD", "Place", "amounts"),
        reconciliation=("AGREE", "Comparison", "METRICS_MISSING", "NOT_COMPARABLE", "ROWS_MISSING", "Reconciliation"),
        running=("Found", "Running", "idle_resources", "record_of", "running_resources", "with_requests"),
        sharing=("largest_remainder",),
    )

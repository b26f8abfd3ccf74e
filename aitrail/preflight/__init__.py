"""Looks at an account before a deployment: what would make it fail, what it costs, what is worth knowing.

In: what is to be deployed, and clients; out: findings with remedies. It changes nothing.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.preflight.finding import Finding, Severity
    from aitrail.preflight.looking import look
    from aitrail.preflight.plan import USUAL_QUALIFIER, Plan
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        finding=("Finding", "Severity"),
        looking=("look",),
        plan=("Plan", "USUAL_QUALIFIER"),
    )

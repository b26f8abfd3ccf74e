"""Summarizes queues, ledger and digests, and reports what needs attention.

In: a window, and the state of the deployment's parts; out: a status with its findings. It changes nothing.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.status.arrivals import ATTRIBUTES, Arrivals, Origin
    from aitrail.status.chains import Chain, chains_of, unproven_files, without_digests
    from aitrail.status.facts import Status
    from aitrail.status.findings import Finding, needing_attention, worth_knowing
    from aitrail.status.looking import Look
    from aitrail.status.problems import Problem
    from aitrail.status.queues import Queue, Queues
    from aitrail.status.report import DIGEST_STATUSES, FILE_STATUSES, report_of
    from aitrail.status.sqs import queue_of
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        arrivals=("ATTRIBUTES", "Arrivals", "Origin"),
        chains=("Chain", "chains_of", "unproven_files", "without_digests"),
        facts=("Status",),
        findings=("Finding", "needing_attention", "worth_knowing"),
        looking=("Look",),
        problems=("Problem",),
        queues=("Queue", "Queues"),
        report=("DIGEST_STATUSES", "FILE_STATUSES", "report_of"),
        sqs=("queue_of",),
    )

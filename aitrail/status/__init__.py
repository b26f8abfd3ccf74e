"""Whether all is well: queues, ledger and digests summed up, and what needs a person."""

from aitrail.keys import Origins
from aitrail.status.arrivals import Arrivals, Origin
from aitrail.status.chains import Chain
from aitrail.status.facts import Status
from aitrail.status.findings import Finding, needing_a_person, worth_knowing
from aitrail.status.looking import Look
from aitrail.status.problems import Problem
from aitrail.status.queues import Queue, Queues
from aitrail.status.report import report_of

__all__ = [
    "Arrivals",
    "Chain",
    "Finding",
    "Look",
    "Origin",
    "Origins",
    "Problem",
    "Queue",
    "Queues",
    "Status",
    "needing_a_person",
    "report_of",
    "worth_knowing",
]

"""Plans of faults, and the resulting faults of log files."""

from random import Random

from soak.faults import LONG, SHORT, Plan
from soak.requests import Request

NAMES = [f"s3://b/{number}" for number in range(2000)]


def planned(seed=1, names=NAMES, likelihoods=None):
    plan = Plan()
    plan.add(names, likelihoods or {**SHORT, **LONG}, Random(seed))
    return plan


def met(plan, names=NAMES):
    """The faults of every log file if each of its requests is repeated until it succeeds."""
    found = {}
    for name in names:
        for operation in ("GetItem", "GetObject", "BatchWriteItem", "UpdateItem"):
            while fault := plan.next(Request(operation=operation, log_file=name)):
                found.setdefault(name, []).append(fault)
    return found

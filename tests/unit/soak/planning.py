"""Plans of faults, and the faults that their log files meet."""

from random import Random

from soak.faults import LONG, SHORT, Plan
from soak.requests import Request

NAMES = [f"s3://b/{number}" for number in range(2000)]


def planned(seed=1, names=NAMES, likelihoods=None):
    plan = Plan()
    plan.add(names, likelihoods or {**SHORT, **LONG}, Random(seed))
    return plan


def met(plan, names=NAMES):
    """The faults that every log file meets when each of its requests is made until it goes well."""
    found = {}
    for name in names:
        for operation in ("GetItem", "GetObject", "BatchWriteItem", "UpdateItem"):
            while fault := plan.next(Request(operation=operation, log_file=name)):
                found.setdefault(name, []).append(fault)
    return found

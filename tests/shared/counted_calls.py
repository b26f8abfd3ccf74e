"""Counts calls from what was planted: an oracle for usage, which reads neither rows nor records.

Run it by hand with `python -m tests.shared.counted_calls --records 50000 --seed 1`.
"""

import argparse
import sys
import tempfile
from collections import Counter, defaultdict
from datetime import timedelta
from decimal import Decimal
from random import Random

from aitrail.questions import EventStore
from tests.shared.planted_calls import ACCOUNTS, BEGIN, DAYS, Planting
from tests.shared.usage_prices import prices_of_polly

_ENGINES = {"standard": Decimal(4), "neural": Decimal(16), "long-form": Decimal(100)}
_OF_REGIONS = {"us-east-1": {"neural": Decimal("19.2")}}
PRICES = prices_of_polly(_ENGINES, _OF_REGIONS)
_MEASURES = ("calls", "errors", "denied", "characters", "streamSeconds", "unmeasured")


def expected(calls, by, *, since, until, conditions):
    """The measures of each group, counted one call at a time: group -> measures, and those of all of them."""
    groups, total = defaultdict(Counter), Counter()
    for call in calls:
        if not since <= call.at < until:
            continue
        keys = [()]
        counted = True
        for name, wanted in conditions.items():
            counted = counted and any(wanted(value) for value in call.values(name))
        accounts = [account for account in call.accounts if conditions.get("account", lambda _: True)(account)]
        if not counted:
            continue
        for name in by:
            values = accounts if name == "account" else call.values(name)
            keys = [(*key, value) for key in keys for value in values]
        for key in keys:
            _count(groups[key], call)
        _count(total, call)
    return dict(groups), total


def _count(counter, call):
    amount = call.amount
    counter["calls"] += 1
    counter["errors"] += amount.outcome != "ok"
    counter["denied"] += amount.outcome == "denied"
    counter["characters"] += amount.characters or 0
    counter["streamSeconds"] += amount.seconds or 0
    counter["unmeasured"] += amount.characters is None or amount.seconds is None
    engine = call.facts.get("engine") or "standard"
    by_region = _OF_REGIONS.get(call.facts["region"], {})
    price = by_region.get(engine, _ENGINES.get(engine))
    if price is not None:
        counter["cost"] += price * (amount.characters or 0)
        counter["atLeast"] |= amount.characters is None


def found(store, by, *, since, until, **conditions):
    """What `usage` answers, in the form of `expected`."""
    groups = store.usage(by=by, since=since, until=until, prices=PRICES, report=lambda _: None, **conditions)

    def of(group):
        counter = Counter({name: group[name] for name in _MEASURES})
        counter["cost"] = (group["cost"] or 0) * 10**6
        counter["atLeast"] = group["costIsAtLeast"]
        return counter

    return {tuple(group[name] for name in by): of(group) for group in groups}, of(groups.total())


def _is(wanted):
    return lambda value: value == wanted


def _is_not(excluded):
    return lambda value: value != excluded


END = BEGIN + timedelta(days=DAYS + 1)
# What is asked: groups, conditions of the store, and the same conditions for the oracle.
QUESTIONS = [
    *((by, {}, {}) for by in ((), ("service",), ("principal", "outcome"), ("account",), ("account", "service"))),
    *((by, {}, {}) for by in (("day",), ("hour",), ("month", "engine"), ("region", "user-agent"), ("error-code",))),
    *((by, {}, {}) for by in (("voice", "engine"), ("language",), ("mfa", "credentials"), ("api-version",))),
    (("resource",), {}, {}),
    (("operation",), {"service": "polly"}, {"service": _is("polly")}),
    (("principal",), {"outcome": "denied"}, {"outcome": _is("denied")}),
    (("principal",), {"outcome": "!ok"}, {"outcome": _is_not("ok")}),
    (("engine",), {"engine": "!neural"}, {"engine": _is_not("neural")}),
    (("operation",), {"account": ACCOUNTS[1]}, {"account": _is(ACCOUNTS[1])}),
    (("day",), {"principal": "user/alice"}, {"principal": _is("user/alice")}),
    (("operation",), {"operation": "Start*"}, {"operation": lambda value: value.startswith("Start")}),
    (("operation",), {"error_code": "VpceAccessDenied"}, {"error-code": _is("VpceAccessDenied")}),
]


def windows(random, number):
    """The whole time, and some windows that begin and end anywhere."""
    yield BEGIN, END
    for _ in range(number):
        first, last = sorted(random.sample(range(DAYS * 86400), 2))
        yield BEGIN + timedelta(seconds=first), BEGIN + timedelta(seconds=last)


def differences(planting, store, asked=QUESTIONS, number_of_windows=2):
    """The questions that are answered differently than what was planted."""
    for by, conditions, tests in asked:
        for since, until in windows(planting.random, number_of_windows):
            right = expected(planting.calls, by, since=since, until=until, conditions=tests)
            answer = found(store, by, since=since, until=until, **conditions)
            if answer != right:
                wrong = {key for key in right[0].keys() | answer[0] if right[0].get(key) != answer[0].get(key)}
                wrong = wrong or {"total"}
                yield (
                    by,
                    conditions,
                    since,
                    until,
                    {key: (right[0].get(key, right[1]), answer[0].get(key, answer[1])) for key in wrong},
                )


def main():
    """Plants calls, asks, and shows every difference; exits with 1 if there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    planting = Planting(Random(given.seed)).plant(given.records)
    with tempfile.TemporaryDirectory() as folder:
        planting.write(folder)
        store = EventStore.read(folder, timezone="Europe/Berlin")
        wrong = list(differences(planting, store))
    for each in wrong:
        sys.stdout.write(f"{each}\n")
    asked = len(QUESTIONS) * 3
    sys.stdout.write(
        f"{len(planting.calls):,} calls in {len(planting.records):,} records: {len(wrong)} of {asked} wrong\n"
    )
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())

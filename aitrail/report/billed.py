"""Resources that are billed whether or not anybody calls them, as a report shows them. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from typing import Any

from aitrail.calendars import local_time
from aitrail.costs import Prices
from aitrail.metering import Found, Running, record_of, running_resources
from aitrail.questions import EventStore
from aitrail.report.question import Question
from aitrail.window import Window, format_time, parse_time

# Creations are rare: of a table, they are looked for in a year. Of log files, only those that are read anyway are.
_CREATED_WITHIN = timedelta(days=365)
# What tells resources apart. Other conditions of a report are about calls.
_KEPT = ("service", "account", "region", "resource")
_TIMES = ("createdTime", "changedTime", "lastCallTime")
_NAMES = ("resource", "account", "region", "createdBy", "changedBy", "lastCaller")
_MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """What is billed at the end of a window that begins at the eventTime `since`."""

    found: Found
    since: str
    prices: Prices

    @property
    def idle(self) -> list[Running]:
        """The resources that no recorded call of the window used."""
        return [each for each in self.found.resources if each.is_idle(self.since)]


def billed_of(question: Question, store: EventStore, conditions: Mapping[str, Any]) -> Billed:
    """What is billed, of the services, accounts, Regions and resources of the conditions.

    Raises the errors of the store.
    """
    reach = question.reach
    since = question.before().since
    if question.source.by_day:
        since = min(since, reach.until - _CREATED_WITHIN)
    prices = question.prices or Prices.read()
    kept = {name: conditions[name] for name in _KEPT if conditions.get(name)}
    found = running_resources(store, Window(since=since, until=reach.until), prices, **kept)
    return Billed(found=found, since=format_time(reach.since), prices=prices)


def document_of_billed(billed: Billed, zone: tzinfo, shown: Callable[[str], str]) -> dict[str, Any]:
    """As JSON: the first row that was read, whether rows tell who uses resources, and the resources."""
    found = billed.found

    def resource(each: Running) -> dict[str, Any]:
        cost = each.cost_of_a_day
        record = record_of(each, billed.prices) | {
            "costPerDay": None if cost is None else float(cost),
            "idle": each.is_idle(billed.since) if each.cycle.used_by else None,
        }
        times = {name: local_time(parse_time(record[name]), zone) if record[name] else None for name in _TIMES}
        names = {name: shown(record[name]) if record[name] else None for name in _NAMES}
        return record | times | names

    return {
        "since": local_time(parse_time(found.first), zone) if found.first else None,
        "usesAreRecorded": found.uses_are_recorded,
        "count": len(found.resources),
        "resources": [resource(each) for each in found.resources[:_MOST]],
    }

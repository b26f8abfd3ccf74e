"""What is billed without being called: resources that exist, what they cost a day, and who uses them. Pure.

A resource exists from the call that creates it until the call that deletes it. One that was created before the rows
begin is found if any row names it; of others, rows cannot tell.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from aitrail.costs import Price, Prices
from aitrail.metering.life_cycles import LifeCycle, billed_kinds
from aitrail.metering.metrics import Asked, Measure, Metrics, Place, amounts
from aitrail.metering.places import read_all, values_of
from aitrail.questions import ENDPOINT_REFUSAL, Corrections, EventStore, Row, record_kind
from aitrail.window import Window, format_time

COLUMNS = (
    *("eventTime", "eventID", "service", "operation", "outcome", "principal", "resource", "awsRegion"),
    *("recipientAccountId", "eventCategory", "errorCode", "usage"),
)
_HOURS_OF_A_DAY = 24
_DECIMALS = 4


class _Place(NamedTuple):
    account: str
    region: str
    resource: str


class _Event(NamedTuple):
    """A call that may have changed the state of a resource."""

    time: str
    event_id: str
    operation: str
    principal: str | None
    usage: Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class _Seen:
    """What rows tell of a resource: changes of its state by eventID, whether others name it, and who used it last."""

    cycle: LifeCycle
    events: dict[str, _Event] = field(default_factory=dict)
    exists: bool = False
    calls: int = 0
    last: str = ""
    last_caller: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A resource that is billed at the end of a window.

    `created` is None if it is older than the rows. `quantity` is what is billed for every hour; `is_least` says that
    rows do not tell it, and it is at least that. `last_call` is the eventTime of the last call that used it, None if
    there is none; `calls` are all of them in the window, however they ended. `is_certain` is False if no row tells
    whether what is billed is turned on. `requests` are those that CloudWatch has counted, None if it was not asked or
    cannot tell.
    """

    cycle: LifeCycle
    account: str
    region: str
    resource: str
    created: str | None
    created_by: str | None
    changed: str | None
    changed_by: str | None
    quantity: int | None
    is_least: bool
    calls: int
    last_call: str | None
    last_caller: str | None
    price: Price | None
    is_certain: bool = True
    requests: int | None = None

    @property
    def cost_of_a_day(self) -> Decimal | None:
        """What it costs a day at the least, at list prices; None if there is no price."""
        if self.price is None or self.quantity is None:
            return None
        return self.price.of(Decimal(self.quantity * _HOURS_OF_A_DAY))

    def is_idle(self, since: str) -> bool:
        """Whether nothing of that time or later uses it, and CloudWatch has counted nothing, if it was asked.

        False if rows cannot tell who uses this kind of resource.
        """
        return bool(self.cycle.used_by) and (self.last_call or "") < since and not self.requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The resources, most expensive first, and what else the rows tell.

    `first` is the eventTime of the first row that was read, None without any. `uses_are_recorded` says whether any row
    is a call that uses a resource; if not, CloudTrail may not record these calls.
    """

    resources: list[Running]
    first: str | None
    uses_are_recorded: bool


def running_resources(store: EventStore, window: Window, prices: Prices, **conditions: Any) -> Found:  # noqa: ANN401 (Conditions)
    """What is billed at the end of the window, by the rows of the window; `conditions` are those of `store.events`.

    Raises the errors of `store.events`.
    """
    cycles = {(cycle.service, cycle.kind): cycle for cycle in billed_kinds()}
    conditions = {"service": tuple({cycle.service for cycle in cycles.values()}), **conditions}
    rows = store.events(since=window.since, until=window.until, columns=COLUMNS, **conditions)
    seen: dict[_Place, _Seen] = {}
    corrections, first, uses = Corrections(), None, False
    for row in rows:
        first = min(first or row["eventTime"], row["eventTime"])
        if not corrections.take(row):
            uses |= _add(seen, row, cycles)
    bounds = window.bounds
    for old, new, _ in corrections.resolved(
        lambda ids: store.source.whole({"eventID": each} for each in ids), lambda time: bounds[0] <= time <= bounds[1]
    ):
        if old is not None:
            _take_away(seen, old, cycles)
        uses |= _add(seen, new, cycles)
    found = (_running(place, each, prices) for place, each in seen.items())
    return Found(resources=sorted(filter(None, found), key=_order), first=first, uses_are_recorded=uses)


def _order(each: Running) -> tuple[Decimal, str, str, str]:
    return -(each.cost_of_a_day or Decimal(0)), each.resource, each.account, each.region


def idle_resources(found: Iterable[Running], window: Window, span: timedelta) -> Iterator[Running]:
    """Those that nobody has used in the last `span` of the window."""
    since = format_time(window.until - min(span, window.until - window.since))
    return (each for each in found if each.is_idle(since))


def record_of(each: Running, prices: Prices) -> dict[str, Any]:
    """A resource by the names of its columns; its cost is a Decimal in the currency of the prices."""
    cost = each.cost_of_a_day
    return {
        "resource": each.resource,
        "account": each.account,
        "region": each.region,
        "costPerDay": None if cost is None else round(cost, _DECIMALS),
        "costPerDayIsAtLeast": each.is_least,
        "currency": prices.currency,
        "priceDate": each.price.date if each.price else None,
        "quantity": each.quantity,
        "quantityName": each.cycle.quantity or None,
        "createdTime": each.created,
        "createdBy": each.created_by,
        "changedTime": each.changed,
        "changedBy": each.changed_by,
        "calls": each.calls if each.cycle.used_by else None,
        "requests": each.requests,
        "lastCallTime": each.last_call,
        "lastCaller": each.last_caller,
        "billed": True if each.is_certain else None,
        "bills": each.cycle.bills,
    }


def with_requests(
    found: Sequence[Running], metrics: Metrics, window: Window, report: Callable[[str], None]
) -> list[Running]:
    """The resources with the requests that CloudWatch has counted in a window of whole hours.

    It has no points of hours without requests: a resource without any has 0 where metrics can be read. Places where
    they cannot are reported. Raises MetricsError if none can, and the errors of reaching AWS.
    """
    named: defaultdict[Place, defaultdict[Measure, set[tuple[str, ...]]]] = defaultdict(lambda: defaultdict(set))
    of_series: dict[tuple[Place, Measure, tuple[str, ...]], int] = {}
    for number, each in enumerate(found):
        place, call = Place(each.account, each.region), _call(each)
        for measure in amounts():
            values = values_of(measure, call) if measure.service == each.cycle.service else None
            if values is not None:
                named[place][measure].add(values)
                of_series[place, measure, values] = number
    asked = {place: [Asked(each, frozenset(values)) for each, values in of.items()] for place, of in named.items()}
    series, refused = read_all(metrics, asked, window, report)
    requests: dict[int, int] = {number: 0 for (place, _, _), number in of_series.items() if place not in refused}
    for place, one in series:
        if (of := of_series.get((place, one.measure, one.values))) is not None:
            requests[of] += round(sum(total for total, _ in one.hours().values()))
    return [replace(each, requests=requests.get(number)) for number, each in enumerate(found)]


def _call(each: Running) -> dict[str, str | None]:
    """The dimensions of calls that use a resource."""
    return {
        "service": each.cycle.service,
        "account": each.account,
        "region": each.region,
        "resource": each.resource,
        "operation": None,
    }


def _place(row: Row) -> _Place:
    account, region, resource = (str(row.get(name)) for name in ("recipientAccountId", "awsRegion", "resource"))
    # The version of a solution is solution/NAME/VERSION.
    return _Place(account, region, "/".join(resource.split("/")[:2]))


def _cycle(place: _Place, row: Row, cycles: Mapping[tuple[str, str], LifeCycle]) -> LifeCycle | None:
    """That of the kind of resource that a row is about; None if it is not billed, or the row is a copy."""
    if record_kind(row) in ("endpoint-copy", ENDPOINT_REFUSAL):
        return None
    return cycles.get((str(row.get("service")), place.resource.partition("/")[0]))


def _add(seen: dict[_Place, _Seen], row: Row, cycles: Mapping[tuple[str, str], LifeCycle]) -> bool:
    """Adds a row; returns whether it is a call that uses a resource."""
    place = _place(row)
    cycle = _cycle(place, row, cycles)
    if cycle is None:
        return False
    own, operation = seen.setdefault(place, _Seen(cycle=cycle)), str(row.get("operation"))
    is_use = operation in cycle.used_by
    if is_use:
        own.calls += 1
        if row["eventTime"] >= own.last:
            own.last, own.last_caller = row["eventTime"], row.get("principal")
    if row.get("outcome") != "ok":
        return is_use
    if operation in cycle.operations:
        usage = row.get("usage")
        event = _Event(row["eventTime"], row["eventID"], operation, row.get("principal"), usage or {})
        own.events[row["eventID"]] = event
    else:
        own.exists = True
    return is_use


def _take_away(seen: dict[_Place, _Seen], row: Row, cycles: Mapping[tuple[str, str], LifeCycle]) -> None:
    """Takes away a row that was added; the one that corrects it has its time, and takes its place as the last call."""
    place = _place(row)
    cycle, own = _cycle(place, row, cycles), seen.get(place)
    if cycle and own:
        own.events.pop(row["eventID"], None)
        own.calls -= str(row.get("operation")) in cycle.used_by


def _running(place: _Place, seen: _Seen, prices: Prices) -> Running | None:
    cycle = seen.cycle
    state = _State.after(sorted(seen.events.values()), cycle, exists=seen.exists)
    if not state.is_billed:
        return None
    return Running(
        cycle=cycle,
        **place._asdict(),
        created=state.created.time if state.created else None,
        created_by=state.created.principal if state.created else None,
        changed=state.changed.time if state.changed else None,
        changed_by=state.changed.principal if state.changed else None,
        quantity=state.quantity if state.quantity is not None else cycle.least or None,
        is_least=state.quantity is None and state.created is None and cycle.least > 0,
        calls=seen.calls,
        last_call=seen.last or None,
        last_caller=seen.last_caller,
        price=prices.of_usage(cycle.service, cycle.usage_type, place.region) if cycle.usage_type else None,
        is_certain=state.is_certain,
    )


@dataclass(slots=True, kw_only=True)
class _State:
    """The state of a resource after its events: `condition` is the last value of `only_if`."""

    cycle: LifeCycle
    exists: bool
    stopped: bool = False
    created: _Event | None = None
    changed: _Event | None = None
    quantity: int | None = None
    condition: bool | None = None

    @classmethod
    def after(cls, events: Sequence[_Event], cycle: LifeCycle, *, exists: bool) -> "_State":
        """The state after all events, in their order; without any, that of a resource that was seen to exist."""
        state = cls(cycle=cycle, exists=exists)
        for event in events:
            if event.operation == cycle.creates:
                state = cls(cycle=cycle, exists=True, created=event)
            state.exists = event.operation != cycle.deletes
            state.stopped = event.operation == cycle.stops or (state.stopped and event.operation != cycle.starts)
            if event.operation in (cycle.changes, cycle.stops, cycle.starts):
                state.changed = event
            value = event.usage.get(cycle.quantity)
            state.quantity = int(value) if isinstance(value, int | Decimal) else state.quantity
            condition = event.usage.get(cycle.only_if)
            state.condition = condition if isinstance(condition, bool) else state.condition
        return state

    @property
    def is_certain(self) -> bool:
        """Whether the condition is known: of new resources, `otherwise` is what it is if no row says it."""
        return self.condition is not None or self.created is not None or not self.cycle.only_if

    @property
    def is_billed(self) -> bool:
        is_on = self.cycle.otherwise if self.condition is None else self.condition
        return self.exists and not self.stopped and is_on

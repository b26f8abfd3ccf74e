"""The tables of docs/scale.md: arithmetic, and results of the simulation."""

from collections.abc import Callable, Iterator, Sequence
from heapq import merge
from random import Random

from demo.queueing.simulation import PERIOD, Outcome, Pipeline, live, old, simulate

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
# The assumptions of the tables, as stated in docs/scale.md.
ROWS_PER_FILE = 2
SOURCES_PER_ACCOUNT = 4
UNITS_PER_ROW, LEDGER_UNITS_PER_FILE = 5.3, 4
TABLE_QUOTA = 40_000
# The default of the setting aitrail:backfillConcurrency.
BACKFILL_FUNCTIONS = 5
_BIG = 5000

_Rows = Iterator[Sequence[object]]


def _random() -> Random:
    return Random(1)  # noqa: S311 (a simulation, the same each time)


def _rate(accounts: int) -> float:
    return SOURCES_PER_ACCOUNT * accounts / PERIOD


def _sizes() -> _Rows:
    yield (
        *("accounts", "log files/s", "log files per month", "rows per month", "busy functions"),
        "write units/s, both tables",
    )
    for accounts in (1, 50, _BIG):
        rate = _rate(accounts)
        month, units = rate * _DAY * 365 / 12, ROWS_PER_FILE * UNITS_PER_ROW + LEDGER_UNITS_PER_FILE
        busy = rate / Pipeline(functions=1).rate
        yield (
            f"{accounts:,}",
            *(f"{rate:.3f}", f"{month:,.0f}", f"{ROWS_PER_FILE * month:,.0f}", f"{busy:.3f}", f"{rate * units:.1f}"),
        )


def _years() -> _Rows:
    yield "5,000 accounts", "one year", "ten years"
    years = (_rate(_BIG) * _DAY * 365, _rate(_BIG) * _DAY * 3650)
    rows_per_day = TABLE_QUOTA / UNITS_PER_ROW * _DAY
    for name, of_files in (
        ("log files, GET requests, queue messages", lambda files: f"{files / 1e9:.1f} billion"),
        ("rows", lambda files: f"{files * ROWS_PER_FILE / 1e9:.1f} billion"),
        ("write units of rows", lambda files: f"{files * ROWS_PER_FILE * UNITS_PER_ROW / 1e9:.0f} billion"),
        ("write units of the ledger", lambda files: f"{files * LEDGER_UNITS_PER_FILE / 1e9:.0f} billion"),
        ("function hours", lambda files: f"{files / Pipeline(functions=1).rate / _HOUR:,.0f}"),
        ("days with 100 functions", lambda files: f"{files / Pipeline(functions=100).rate / _DAY:.0f}"),
        ("days with 1,000 functions", lambda files: f"{files / Pipeline(functions=1000).rate / _DAY:.0f}"),
        ("minimum days, by the quota of the table", lambda files: f"{files * ROWS_PER_FILE / rows_per_day:.0f}"),
    ):
        yield name, *map(of_files, years)


def _steady() -> _Rows:
    yield "accounts", "arrivals", "functions", "busy", "p50", "p99"
    for accounts, functions in ((1, 2), (50, 2), (50, 10), (_BIG, 10), (_BIG, 20), (_BIG, 50)):
        for spread, name in ((PERIOD, "even"), (_MINUTE, "in one minute out of five")):
            seconds = PERIOD if accounts == _BIG else 10 * _HOUR
            outcome = simulate(
                live(accounts, seconds, _random(), spread=spread), Pipeline(functions=functions), _random()
            )
            busy = outcome.busy / functions / max(seconds, outcome.ended)
            yield f"{accounts:,}", name, functions, f"{busy:.1%}", *_delays(outcome)


def _delays(outcome: Outcome) -> tuple[str, str]:
    return f"{outcome.delay(0.5):.2f} s", f"{outcome.delay(0.99):.2f} s"


def _recovery() -> _Rows:
    yield "accounts", "functions", "stopped for", "backlog", "cleared after", "formula"
    for accounts, functions, still in ((50, 2, 360), (50, 10, 360), (_BIG, 10, 6), (_BIG, 20, 6), (_BIG, 50, 6)):
        pipeline = Pipeline(functions=functions, opens=still * _MINUTE)
        load = _rate(accounts) / pipeline.rate
        formula = still * load / (1 - load)
        deliveries = live(accounts, (still + 1.3 * formula) * _MINUTE + PERIOD, _random())
        backlog = sum(delivery.arrived < pipeline.opens for delivery in deliveries)
        gone = simulate(deliveries, pipeline, _random()).caught_up(1.5) - pipeline.opens
        yield (
            f"{accounts:,}",
            *(functions, f"{still} min", f"{backlog:,}", f"{gone / _MINUTE:.1f} min", f"{formula:.1f} min"),
        )


def _outage() -> _Rows:
    yield "down for", "deliveries in that time", "failed attempts", "dead letters", "last row after the end"
    for minutes in (5, 7, 10, 15, 30, 60):
        begin, end = _HOUR, _HOUR + minutes * _MINUTE

        def is_down(now: float, *, begin: float = begin, end: float = end) -> bool:
            return begin <= now < end

        deliveries = live(50, end + _HOUR, _random())
        outcome = simulate(deliveries, Pipeline(is_down=is_down), _random())
        hit = sum(begin <= delivery.arrived < end for delivery in deliveries)
        last = max(at for delivery, at in outcome.done if delivery.arrived < end) - end
        dead = f"{len(outcome.dead) / hit:.0%}"
        yield f"{minutes} min", f"{hit:,}", f"{outcome.failed_tries:,}", dead, f"{last / _MINUTE:.1f} min"


def _beside() -> _Rows:
    yield "30,000 old log files alongside 50 accounts", "p50 of live", "p99 of live", "old ones done after"
    files = old(30, 1000, rows=ROWS_PER_FILE, interleaved=True)
    fresh = live(50, _HOUR, _random())
    shared = simulate(list(merge(fresh, files)), Pipeline(), _random())
    capped = simulate(files, Pipeline(functions=BACKFILL_FUNCTIONS), _random())
    alone = simulate(fresh, Pipeline(), _random())
    for name, now, then in (
        ("one shared queue, 10 functions", shared, shared),
        (f"separate queues: {BACKFILL_FUNCTIONS} functions, 10 for live ones", alone, capped),
    ):
        last = max(at for delivery, at in then.done if not delivery.is_live)
        yield name, *_delays(now), f"{last / _MINUTE:.1f} min"


def _days() -> _Rows:
    yield "functions", "rows per file", "order", "rows/s", "failed attempts", "dead letters"
    for functions, rows, files in ((10, 2, 1000), (10, 200, 1000), (100, 20, 3000), (100, 400, 3000)):
        for interleaved, name in ((False, "day by day"), (True, "ten days interleaved")):
            work = old(10, files, rows=rows, interleaved=interleaved)
            outcome = simulate(work, Pipeline(functions=functions), _random())
            speed = len(outcome.done) * rows / max(at for _, at in outcome.done)
            yield functions, f"{rows:,}", name, f"{speed:,.0f}", f"{outcome.failed_tries:,}", f"{len(outcome.dead):,}"


TABLES: dict[str, Callable[[], _Rows]] = {
    "Three sizes": _sizes,
    "Old log files of an organization": _years,
    "Steady load": _steady,
    "After the function was stopped": _recovery,
    "After an outage": _outage,
    "Old log files alongside live deliveries": _beside,
    "The service-day wall": _days,
}


def table(name: str) -> str:
    """A table of TABLES in Markdown, with a newline at its end."""
    heading, *rows = ([str(cell) for cell in row] for row in TABLES[name]())
    lines = [heading, ["---"] * len(heading), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)

"""The status for people: first what needs an operator, then the numbers under headings."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from aitrail.cells import counted
from aitrail.cli.output import Group
from aitrail.status import (
    DIGEST_STATUSES,
    FILE_STATUSES,
    Chain,
    Finding,
    Queue,
    Status,
    needing_attention,
    worth_knowing,
)
from aitrail.window import event_time

# A large organization has thousands of accounts; json shows them all.
_MOST_LINES = 20
_Fields = list[tuple[str, str]]


def status_groups(status: Status) -> Iterator[Group]:
    """The whole status in groups, the most important first."""
    findings, arrivals = needing_attention(status), status.arrivals
    if findings:
        yield Group("Needs attention", _findings(findings))
    else:
        yield Group("Everything is in order.", lines=[event_time(status.now)])
    yield Group("Worth knowing", _findings(worth_knowing(status)))
    yield Group("Queues", _queues(status))
    window = f"{arrivals.window} (UTC)"
    yield Group(f"Log files delivered {window}", [*_counts(arrivals.files, FILE_STATUSES), *_lags(status)])
    yield Group("Records of these log files", _counts(arrivals.records, tuple(arrivals.records)))
    yield Group(f"Digests delivered {window}", _counts(arrivals.digests, DIGEST_STATUSES))
    problems = _problems(status)
    yield Group("Problems of any age", problems, lines=() if problems else ("none",))
    newest = sorted(status.newest, key=lambda each: each.delivered_at)
    yield Group(
        "Newest log file of each account and Region (UTC)",
        _some([(" ".join(each.origin), f"{event_time(each.delivered_at)}, {_ago(each.lag)}") for each in newest]),
    )
    chains = sorted(status.chains, key=lambda chain: chain.newest)
    yield Group(
        "Newest digest of each account, Region and trail (UTC)",
        _some([(" ".join((*chain.origin, chain.trail)), _chain(chain)) for chain in chains]),
    )


def _findings(findings: Sequence[Finding]) -> _Fields:
    fields: _Fields = []
    for each in findings:
        fields.append((str(each), f"{each.what} {each.what_to_do}"))
        fields += [("", example) for example in each.examples]
    return fields


def _queues(status: Status) -> _Fields:
    queues = status.queues
    named = {"deliveries": queues.deliveries, "backfill": queues.backfill}
    return [
        *((name, _queue(queue)) for name, queue in named.items()),
        ("dead letters", f"{queues.dead_letters.messages:,}"),
    ]


def _queue(queue: Queue) -> str:
    numbers = f"{queue.waiting:,} waiting, {queue.in_flight:,} in flight, {queue.delayed:,} delayed"
    if not queue.messages:
        return numbers
    return f"{numbers}, age of the oldest {'unknown' if queue.oldest is None else _length(queue.oldest)}"


def _counts(counts: Mapping[str, int], names: Sequence[str]) -> _Fields:
    return [(name, f"{counts[name]:,}") for name in names if counts.get(name)]


def _lags(status: Status) -> _Fields:
    if status.lags is None:
        return []
    median, longest = map(_length, status.lags)
    return [("from delivery to entry", f"median {median}, maximum {longest}")]


def _problems(status: Status) -> _Fields:
    found = {name: str(problem) for name, problem in status.problems.items() if problem.count}
    if status.rejected_records.count:
        found["records rejected"] = str(status.rejected_records)
    return list(found.items())


def _chain(chain: Chain) -> str:
    remarks = [f"until {event_time(chain.newest)}", _ago(chain.age)]
    if chain.is_overdue:
        remarks.append("overdue")
    if chain.gaps:
        remarks.append(counted(len(chain.gaps), "gap"))
    if chain.unverified:
        remarks.append(f"{_length(chain.unverified)} not verified")
    return ", ".join(remarks)


def _some(fields: _Fields) -> _Fields:
    rest = len(fields) - _MOST_LINES
    return fields if rest <= 0 else [*fields[:_MOST_LINES], ("…", f"and {rest:,} more: -o json lists all")]


def _ago(span: timedelta) -> str:
    return f"{_length(span)} ago"


def _length(span: timedelta) -> str:
    """The approximate length of a span, in the largest unit of which there are at least two."""
    for name, unit in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        if span >= 2 * unit:
            return counted(span // unit, name)
    return counted(span // timedelta(seconds=1), "second")

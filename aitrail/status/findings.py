"""The findings of a status: those that need an operator, and those worth knowing, each with what to do. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aitrail.ledger import NO_DIGESTS
from aitrail.status.chains import Chain
from aitrail.status.facts import Status
from aitrail.status.problems import NEEDS_ATTENTION, WORTH_KNOWING
from aitrail.window import event_time

# The threshold of the alarm Backlog.
_LONGEST_WAIT = timedelta(hours=1)
# Digests arrive every hour, and log files in every account with any activity.
_LONGEST_SILENCE = timedelta(days=1)
_EXAMPLES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A finding that applies to `count` things, or to more than that if `is_more`; `examples` names some of them."""

    finding: str
    count: int
    what: str
    what_to_do: str
    is_more: bool = False
    examples: tuple[str, ...] = ()

    @classmethod
    def naming(cls, names: Sequence[str], *, finding: str, what: str, what_to_do: str) -> "Finding":
        """A finding that applies to each of these names; the first few are its examples."""
        return cls(
            finding=finding, count=len(names), what=what, what_to_do=what_to_do, examples=tuple(names[:_EXAMPLES])
        )

    def __str__(self) -> str:
        return f"{self.finding} ({self.count:,}{'+' if self.is_more else ''})"


def needing_attention(status: Status) -> list[Finding]:
    """The problems that need an operator, most urgent first; empty if all is well."""
    return [*_of_queues(status), *_of_problems(status, NEEDS_ATTENTION), *_of_awaited(status), *_of_digests(status)]


def worth_knowing(status: Status) -> list[Finding]:
    """The facts that are worth knowing but do not need an operator."""
    return [*_of_problems(status, WORTH_KNOWING), *_of_proof(status), *_of_rows(status), *_of_silence(status)]


def _of_queues(status: Status) -> Iterator[Finding]:
    deliveries, dead_letters = status.queues.deliveries, status.queues.dead_letters
    if dead_letters.messages:
        yield Finding(
            finding="dead-letters",
            count=dead_letters.messages,
            what="Messages failed five times.",
            what_to_do="The function's log names the cause, often a missing permission. Fix it, then run `aitrail "
            "retry`, within 14 days of the first announcement: the time in the source queue counts.",
        )
    # The metric covers the last minutes, in which the queue may have become empty.
    if deliveries.messages and deliveries.oldest is not None and deliveries.oldest > _LONGEST_WAIT:
        yield Finding(
            finding="backlog",
            count=deliveries.messages,
            what=f"The oldest delivery has waited for {_hours(deliveries.oldest)} hours.",
            what_to_do="Check the function's errors; raise aitrail:maximumConcurrency if there are none.",
        )


def _of_problems(status: Status, meanings: Mapping[str, tuple[str, str]]) -> Iterator[Finding]:
    for name, (what, what_to_do) in meanings.items():
        # A more severe problem of the same file would hide its rejects.
        problem = status.rejected_records if name == "rejects" else status.problems[name]
        if problem.count:
            yield Finding(
                finding=name,
                count=problem.count,
                is_more=problem.is_more,
                what=what,
                what_to_do=what_to_do,
                examples=tuple(map(_example, problem.examples)),
            )


def _example(entry: Mapping[str, Any]) -> str:
    reason = entry.get("reason") or entry.get("broken")
    return f"{entry['logFile']}: {reason}" if reason else entry["logFile"]


def _of_awaited(status: Status) -> Iterator[Finding]:
    awaited = status.problems["awaited"]
    if awaited.overdue:
        yield Finding(
            finding="not-delivered",
            count=awaited.overdue,
            what="Deliveries that a digest lists have not arrived within 12 hours.",
            what_to_do="Check whether they are in the bucket; `aitrail verify --announce` queues them at once.",
        )


def _of_digests(status: Status) -> Iterator[Finding]:
    if overdue := [f"{_named(chain)}: the newest until {event_time(chain.newest)}" for chain in status.overdue()]:
        yield Finding.naming(
            overdue,
            finding="digests-overdue",
            what="Trails have written no digest for more than three hours.",
            what_to_do="Is the trail stopped, or its log file validation turned off? Start it again.",
        )
    if spans := [f"{_named(chain)}: {_span(gap)}" for chain in status.with_gaps() for gap in chain.gaps]:
        yield Finding.naming(
            spans,
            finding="gap",
            what="Digests are missing, although later ones have arrived: nothing proves the deliveries of that time.",
            what_to_do="Queue the files of these days (`aitrail backfill`), then run `aitrail verify`.",
        )
    if status.silent is not None and status.silent > _LONGEST_SILENCE:
        yield Finding(
            finding="nothing-delivered",
            count=1,
            what=f"Nothing has been delivered for {_hours(status.silent)} hours.",
            what_to_do="Check whether the trail is logging and may write to the log bucket (`aws cloudtrail "
            "get-trail-status`), and whether the bucket still sends its event notifications.",
        )
    if status.arrivals.are_none and not status.arrivals.origins.are_all:
        yield Finding(
            finding="nothing-delivered",
            count=1,
            what="The ledger has no delivery of these accounts and Regions in the window.",
            what_to_do="Check --account, --in-region and --since. A digest arrives every hour for each Region that a "
            "trail records.",
        )


def _of_proof(status: Status) -> Iterator[Finding]:
    # Once the ledger has an entry for it, an account and Region needs attention.
    if (origins := status.without_digests) and not status.problems[NO_DIGESTS].count:
        yield Finding.naming(
            [" ".join(origin) for origin in origins],
            finding=NO_DIGESTS,
            what="Accounts and Regions have log files, but no digest: nothing proves that these files are complete.",
            what_to_do="Turn on log file validation for their trail. The first digest arrives after an hour or two.",
        )
    if open_chains := [chain for chain in status.chains if chain.unverified]:
        yield Finding.naming(
            [f"{_named(chain)}: {_hours(chain.unverified)} hours" for chain in open_chains],
            finding="unverified-hours",
            what="Trails, by account and Region, have hours of the window that no verified digest covers: "
            f"{_hours(sum((chain.unverified for chain in open_chains), timedelta(0)))} hours in total.",
            what_to_do="`aitrail verify` lists the hours.",
        )
    if status.unproven_files:
        yield Finding(
            finding="unproven-files",
            count=status.unproven_files,
            what="No digest lists these log files of the window, although all digests of their hour have arrived.",
            what_to_do="They become unlisted unless a later digest lists them; `aitrail verify` checks now.",
        )


def _of_rows(status: Status) -> Iterator[Finding]:
    if status.imported_rows:
        yield Finding(
            finding="imported-rows",
            count=status.imported_rows,
            what="Rows were imported from CloudTrail's Event history, and no log file has replaced them.",
            what_to_do="They stay until a log file with the same events is ingested: its rows replace them.",
        )
    if status.arrivals.outdated:
        since = event_time(status.arrivals.window.since)
        yield Finding(
            finding="outdated",
            count=status.arrivals.outdated,
            what="Log files of the window were ingested with another aitrail version, other service files or another "
            "`aitrail:redact` than this command's.",
            what_to_do=f"`aitrail backfill --since {since}` queues them: the deployed version ingests them again.",
        )


def _of_silence(status: Status) -> Iterator[Finding]:
    if status.queues.ages_refused:
        yield Finding(
            finding="age-unknown",
            count=1,
            what="The age of the oldest messages is unknown.",
            what_to_do="Allow cloudwatch:GetMetricData on all resources.",
        )
    if status.arrivals.are_none and status.arrivals.origins.are_all and status.silent is None:
        yield Finding(
            finding="no-deliveries",
            count=1,
            what="The ledger has no delivery in the window.",
            what_to_do="CloudTrail delivers log files 5 to 15 minutes after a call, and the first digests after an "
            "hour or two. Check --since, --account and --in-region, and whether a trail delivers to the log bucket.",
        )


def _named(chain: Chain) -> str:
    return " ".join((*chain.origin, chain.trail))


def _span(gap: tuple[Any, Any]) -> str:
    return " to ".join(map(event_time, gap))


def _hours(span: timedelta) -> str:
    return f"{span / timedelta(hours=1):,.1f}".removesuffix(".0")

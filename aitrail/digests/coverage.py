"""The time that digests cover. If a moment is closed, a file that no digest lists is not CloudTrail's. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

from aitrail.deliveries import is_backfill, log_key_of
from aitrail.ledger import ACCEPTED, DIGEST
from aitrail.window import parse_time

# The minute in a log file's name is when it was written, the hour of a digest is when it was delivered.
MARGIN = _AN_HOUR = timedelta(hours=1)
# CloudTrail writes a digest every hour, and may take up to an hour to do so.
OVERDUE = timedelta(hours=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The time that one digest covers, and its chain; there is one chain for each account, Region and trail.

    `signed` says whether CloudTrail signed the digest, `verified` whether its content can also be trusted now, and
    `invalid` whether CloudTrail did not sign it.
    """

    log_file: str
    chain: str
    start: datetime
    end: datetime
    verified: bool
    signed: bool = False
    begins: bool = False
    accepted: bool = False
    invalid: bool = False

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Self | None:
        """The span of a ledger entry; None if it is not a digest, or has not been read.

        The content of a digest without CloudTrail's signature is not trusted: its span is the hour before the time in
        its name. The same applies to a missing digest if that has been accepted. Backfill digests have no span: they
        list files that the digests of their hour did not, and do not make up a chain.
        """
        name, status = entry["logFile"], entry.get("status")
        key = log_key_of(name)
        if entry["entry"] != DIGEST or key is None or is_backfill(name):
            return None
        if status == "verified":
            start, end = parse_time(entry["digestStart"]), parse_time(entry["digestEnd"])
        elif key.delivered_at and (status in ("invalid", "unverifiable") or entry.get("problem") == ACCEPTED):
            end = parse_time(key.delivered_at)
            start = end - _AN_HOUR
        else:
            return None
        return cls(
            log_file=name,
            chain=chain_of(name),
            start=start,
            end=end,
            verified=status == "verified" and _is_sound(entry),
            signed=status == "verified",
            begins=status == "verified" and "follows" not in entry,
            accepted=entry.get("problem") == ACCEPTED,
            invalid=status == "invalid",
        )


def _is_sound(entry: Mapping[str, Any]) -> bool:
    """Whether the content of a signed digest can be trusted: it is not tampered.

    A break in the chain does not affect the digest that restarts it: it lists all of its own hour. Accepting a tampered
    digest does not make it sound.
    """
    accepted = {each["problem"] for each in entry.get("accepted", ()) if "takenBackAt" not in each}
    return entry.get("problem") in (None, "broken") or (entry["problem"] == ACCEPTED and "tampered" not in accepted)


def chain_of(log_file: str) -> str:
    """The chain of a digest with that name: the name without its dates."""
    folder, _, name = log_file.rpartition("/")
    return f"{folder[: -len('/YYYY/MM/DD')]}/{name[: name.rindex('_20')] if '_20' in name else name}"


def digest_of(chain: str, delivered_at: str) -> str:
    """The name of the digest of a chain with that time (YYYY-MM-DDTHH:MM:SSZ) in its name."""
    folder, _, name = chain.rpartition("/")
    compact = delivered_at.replace("-", "").replace(":", "")
    return f"{folder}/{delivered_at[: len('YYYY-MM-DD')].replace('-', '/')}/{name}_{compact}.json.gz"


def trail_of(chain: str) -> str:
    """The name of the trail whose digests form that chain."""
    _account, _kind, _region, rest = chain.rpartition("/")[2].split("_", 3)
    return rest.rpartition("_")[0]  # the trail's home Region follows it


def joined_spans(spans: Iterable[Span], span: Span) -> list[Span]:
    """Adds a span to the spans of a chain, in chronological order, and merges spans that touch.

    A few spans thus describe many digests. Verified and unverified digests are kept apart.
    """
    apart, one = list[Span](), span
    for each in spans:
        if each.verified == one.verified and each.start <= one.end and one.start <= each.end:
            one = replace(one, start=min(each.start, one.start), end=max(each.end, one.end))
        else:
            apart.append(each)
    return sorted([*apart, one], key=lambda span: span.start)


def chains_of(spans: Iterable[Span]) -> dict[str, list[Span]]:
    """The spans by chain, in chronological order."""
    chains: defaultdict[str, list[Span]] = defaultdict(list)
    for span in spans:
        chains[span.chain].append(span)
    return {chain: sorted(found, key=lambda span: span.start) for chain, found in chains.items()}


def gaps(spans: Iterable[Span], since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The times between `since` and `until` that no verified digest of the chain covers."""
    covered = since
    for span in sorted(spans, key=lambda span: span.start):
        if not span.verified or span.end <= covered:
            continue
        if span.start >= until:
            break
        if span.start > covered:
            yield covered, span.start
        covered = span.end
    if covered < until:
        yield covered, until


def is_closed(when: datetime, spans: Iterable[Span]) -> bool:
    """Whether every chain that covers the time around a moment is complete for that time.

    `spans` are all spans of the account and Region.
    """
    first, last = when - MARGIN, when + MARGIN
    # A chain without any verified digest is ignored and delays nothing, because anyone could start one.
    chains = [
        found
        for found in chains_of(spans).values()
        if any(span.verified for span in found) and any(span.start < last and first < span.end for span in found)
    ]
    # A chain does not cover the time before its first digest.
    begun = [(found, found[0].start if found[0].begins else first) for found in chains]
    speaking = [(found, max(first, begin)) for found, begin in begun if begin <= when]
    return bool(speaking) and not any(True for found, begin in speaking for _ in gaps(found, begin, last))


def is_covered(when: datetime, spans: Iterable[Span]) -> bool:
    """Whether any of these digests, verified or not, covers the time around a moment."""
    return any(span.start < when + MARGIN and when - MARGIN < span.end for span in spans)

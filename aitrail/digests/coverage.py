"""What digests cover: whether a moment is closed, so that what no digest lists is not CloudTrail's. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

from aitrail.deliveries import log_key_of
from aitrail.ledger import ACCEPTED, DIGEST
from aitrail.window import parse_time

# The minute in a log file's name is that of its writing, the hour of a digest that of the delivery.
MARGIN = _AN_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The time that one digest covers, and the chain it belongs to: one for each account, Region and trail."""

    log_file: str
    chain: str
    start: datetime
    end: datetime
    verified: bool
    begins: bool = False
    accepted: bool = False

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Self | None:
        """The span of a ledger entry; None for what is no digest, or has not been read.

        Of a digest that CloudTrail has not signed, nothing is believed: its span is the hour before the time in its
        name. So is that of one which is not there, if somebody has accepted that. Backfill digests have none: they list
        what the digests of their hour did not, and form no hours.
        """
        name, status = entry["logFile"], entry.get("status")
        key = log_key_of(name)
        if entry["entry"] != DIGEST or key is None or name.endswith("_backfill.json.gz"):
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
            begins=status == "verified" and "follows" not in entry,
            accepted=entry.get("problem") == ACCEPTED,
        )


def _is_sound(entry: Mapping[str, Any]) -> bool:
    """Whether a signed digest says what CloudTrail said: it has no problem, or was accepted as no more than broken.

    That a chain was broken takes nothing from the digest that begins it anew; accepting makes no tampered one sound.
    """
    accepted = {each["problem"] for each in entry.get("accepted", ()) if "takenBackAt" not in each}
    return entry.get("problem") is None or (entry["problem"] == ACCEPTED and "tampered" not in accepted)


def chain_of(log_file: str) -> str:
    """The chain that a digest of that name belongs to: all of the name but its dates."""
    folder, _, name = log_file.rpartition("/")
    return f"{folder[: -len('/YYYY/MM/DD')]}/{name[: name.rindex('_20')] if '_20' in name else name}"


def trail_of(chain: str) -> str:
    """The name of the trail whose digests are of that chain."""
    _account, _kind, _region, rest = chain.rpartition("/")[2].split("_", 3)
    return rest.rpartition("_")[0]  # behind it stands the trail's home region


def joined_spans(spans: Iterable[Span], span: Span) -> list[Span]:
    """The spans of a chain, and one more, in the order of time; what touches becomes one span.

    So few spans say what many digests cover, apart for those that are verified and for those that are not.
    """
    apart, one = list[Span](), span
    for each in spans:
        if each.verified == one.verified and each.start <= one.end and one.start <= each.end:
            one = replace(one, start=min(each.start, one.start), end=max(each.end, one.end))
        else:
            apart.append(each)
    return sorted([*apart, one], key=lambda span: span.start)


def chains_of(spans: Iterable[Span]) -> dict[str, list[Span]]:
    """The spans by chain, in the order of time."""
    chains: defaultdict[str, list[Span]] = defaultdict(list)
    for span in spans:
        chains[span.chain].append(span)
    return {chain: sorted(found, key=lambda span: span.start) for chain, found in chains.items()}


def gaps(spans: Iterable[Span], since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The times between `since` and `until` that no verified digest of a chain covers."""
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
    """Whether every chain that speaks of the time around a moment has said all that it will say of it.

    `spans` are those of the account and Region.
    """
    first, last = when - MARGIN, when + MARGIN
    # A chain of which nothing is signed says nothing, and holds nothing up: anybody could begin one.
    chains = [
        found
        for found in chains_of(spans).values()
        if any(span.verified for span in found) and any(span.start < last and first < span.end for span in found)
    ]
    # What was before its first digest no chain speaks of.
    begun = [(found, found[0].start if found[0].begins else first) for found in chains]
    speaking = [(found, max(first, begin)) for found, begin in begun if begin <= when]
    return bool(speaking) and not any(True for found, begin in speaking for _ in gaps(found, begin, last))


def is_covered(when: datetime, spans: Iterable[Span]) -> bool:
    """Whether any digest speaks of the time around a moment, verified or not."""
    return any(span.start < when + MARGIN and when - MARGIN < span.end for span in spans)

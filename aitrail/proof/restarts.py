"""The time between the first digest of an account and Region and the last beginning of a chain. Pure.

Nothing in a window shows that a chain which ended long before began anew long after: the ledger keeps both.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from aitrail.deliveries import LogKey, log_key_of
from aitrail.digests import Span, digest_of, gaps
from aitrail.window import parse_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """An account and Region, by their folder of digests, and the time between `first` and `last` as above."""

    folder: str
    first: datetime
    last: datetime

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        """What a ledger item of this kind says (see `aitrail.digests.chain`)."""
        return cls(folder=item["logFile"], first=parse_time(item["first"]), last=parse_time(item["last"]))

    def gaps(self, spans: Iterable[Span], since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
        """The part of this time between `since` and `until` that none of the spans covers, verified or not."""
        covering = [replace(span, verified=True) for span in spans]
        return list(gaps(covering, max(self.first, since), min(self.last, until)))


def key_of(item: Mapping[str, Any]) -> LogKey | None:
    """The key of a digest of this account and Region."""
    name, chain = next(iter(item["chains"].items()))
    return log_key_of(digest_of(f"{item['logFile']}{name}", chain["first"]))

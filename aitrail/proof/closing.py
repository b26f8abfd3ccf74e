"""How far the chains of digests have closed the time, so that no later digest can list more files of it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from aitrail.digests import MARGIN, OVERDUE, Span, gaps, joined_spans
from aitrail.window import LATEST


@dataclass(slots=True, kw_only=True)
class Closing:
    """The digests of the last hours before `now`, which are added in any order.

    A chain that is overdue closes nothing, but delays nothing either: the hours that it lacks are gaps.
    """

    now: datetime
    _recent: dict[str, list[Span]] = field(default_factory=dict)

    def add(self, span: Span) -> None:
        """Adds the span of a digest."""
        if span.end >= self.now - OVERDUE and (span.verified or span.accepted):
            self._recent[span.chain] = joined_spans(self._recent.get(span.chain, ()), span)

    def end_of(self, chain: str) -> datetime | None:
        """The time up to which digests of the chain have arrived; None if it is overdue."""
        spans = self._recent.get(chain)
        return _end(spans, self.now - OVERDUE) if spans else None

    @property
    def until(self) -> datetime:
        """The time up to which every chain that is not overdue has closed.

        Without any such chain, it is the time that a chain which is not overdue would at least have closed.
        """
        ends = (_end(spans, self.now - OVERDUE) for spans in self._recent.values())
        return min(ends, default=self.earliest + MARGIN) - MARGIN

    @property
    def earliest(self) -> datetime:
        """The earliest possible value of `until`."""
        return self.now - OVERDUE - MARGIN


def _end(spans: Iterable[Span], since: datetime) -> datetime:
    """The end of what the spans cover without a gap from `since` on, or else of the last span."""
    found = [replace(span, verified=True) for span in spans]
    end, _ = next(gaps(found, since, LATEST))
    return end if end > since else max(span.end for span in found)

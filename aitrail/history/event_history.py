"""Reads CloudTrail's Event history: the events of one account and Region in the last 90 days, without log files.

It contains only management events. Source: AWS CloudTrail API reference, LookupEvents.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import structs

from aitrail.aws import patiently
from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.dynamodb import items
from aitrail.errors import AitrailError
from aitrail.rows import IMPORTED, Redaction, Reject, RejectedRecord, made_row_of, redacted
from aitrail.services import Registry
from aitrail.window import Window

if TYPE_CHECKING:
    from types_boto3_cloudtrail import CloudTrailClient
    from types_boto3_cloudtrail.type_defs import LookupEventsResponseTypeDef

# Event history covers 90 days.
REACH = timedelta(days=90)
# Events appear some minutes after their calls, in no order: for more recent times, they may be incomplete.
SETTLED = timedelta(hours=1)

# CloudTrail allows two requests per second for one account and Region, from all callers together.
_INTERVAL = 0.5
_MOST_EVENTS = 50
_SHORT_HASH = 12
_MAX_KEY = 64


class HistoryRefusedError(AitrailError):
    """CloudTrail refuses access to the Event history of a Region."""


# One event as LookupEvents returns it: CloudTrailEvent contains its record as JSON.
Event = Mapping[str, Any]


class EventHistory:
    """The Event history of one Region, for use by one thread; `client` is CloudTrail's client for the Region.

    Requests start at least half a second apart, including retries after throttling. The client therefore should not
    retry.
    """

    def __init__(
        self,
        client: "CloudTrailClient",
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._client = client
        self._clock = clock
        self._next = clock.seconds()

    def pages(self, event_source: str, window: Window) -> Iterator[Sequence[Event]]:
        """The events of one source, newest first, in pages of up to 50 events, which may be empty.

        Raises HistoryRefusedError.
        """
        # StartTime and EndTime are both inclusive.
        first, last = map(datetime.fromisoformat, window.bounds)
        question: dict[str, Any] = {
            "LookupAttributes": [{"AttributeKey": "EventSource", "AttributeValue": event_source}],
            "StartTime": first,
            "EndTime": last,
            "MaxResults": _MOST_EVENTS,
        }
        while True:
            try:
                answer = patiently(partial(self._ask, question), self._clock)
            except (BotoCoreError, ClientError) as error:
                raise HistoryRefusedError(str(error)) from error
            yield answer["Events"]
            if not (token := answer.get("NextToken")):
                return
            question["NextToken"] = token

    def _ask(self, question: dict[str, Any]) -> "LookupEventsResponseTypeDef":
        if (wait := self._next - self._clock.seconds()) > 0:
            self._clock.sleep(wait)
        self._next = self._clock.seconds() + _INTERVAL
        return self._client.lookup_events(**question)


def within_reach(window: Window, now: datetime) -> Window:
    """The part of the window that Event history still covers, in whole seconds; it may be empty."""
    first, last = map(datetime.fromisoformat, window.bounds)
    return Window(since=max(first, now - REACH), until=min(last + timedelta(seconds=1), now))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Rows and rejects made from events, in the same way as from records in log files.

    With a `retention`, rows carry expiresAt; with a `redaction`, rows and rejects are redacted. `counts` has all
    `events`, and the number that are `unwanted` (of no service) or `expired` at `now`.
    """

    registry: Registry
    retention: timedelta | None
    now: datetime
    redaction: Redaction | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    rejects: list[RejectedRecord] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, event: Event) -> None:
        """Adds an event as a row or a reject, or only counts it."""
        self.counts["events"] += 1
        record = _record(event)
        if record is None:
            known = {"eventSource": event.get("EventSource"), "eventName": event.get("EventName")}
            text = event.get("CloudTrailEvent")
            # No values can be found in it, so it is redacted as a whole.
            text = {"CloudTrailEvent": text if self.redaction is None else self.redaction.mark(text)}
            self._reject(known | text, "CloudTrailEvent is not a JSON object", event.get("EventId"))
        elif not self._is_wanted(record):
            self.counts["unwanted"] += 1
        else:
            self._add(record)

    def _is_wanted(self, record: dict[str, Any]) -> bool:
        source = record.get("eventSource")
        return isinstance(source, str) and source.lower() in self.registry.sources

    def _add(self, record: dict[str, Any]) -> None:
        try:
            kept, hidden = redacted(record, self.redaction)
            row = made_row_of(
                kept, provenance=IMPORTED, registry=self.registry, retention=self.retention, redacted=hidden
            ).row
        except Reject as reject:
            self._reject(record, reject.reason, record.get("eventID"))
            return
        if row.get("expiresAt", inf) <= self.now.timestamp():
            self.counts["expired"] += 1
        else:
            self.rows.append(row)

    def _reject(self, record: dict[str, Any], reason: str, event_id: object) -> None:
        is_key = isinstance(event_id, str) and 0 < len(event_id) <= _MAX_KEY and items.is_unicode(event_id)
        rejected = RejectedRecord.of(record, key=str(event_id), reason=reason, redaction=self.redaction)
        # The key is used in the ledger: without an eventID, the hash of the kept record replaces it.
        digest = hashlib.sha256(items.json_text(rejected.kept).encode()).hexdigest()
        self.rejects.append(rejected if is_key else structs.replace(rejected, key=digest[:_SHORT_HASH]))


def _record(event: Event) -> dict[str, Any] | None:
    """The record of an event; None if its text is not a JSON object."""
    try:
        record = json.loads(event["CloudTrailEvent"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None

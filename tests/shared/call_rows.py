"""Rows of calls as CloudTrail may record them: corrected, for several accounts, as streams; and a source of such."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from aitrail.window import format_time

START = datetime(2026, 11, 21, tzinfo=UTC)
NOW = START + timedelta(days=2)
MINUTE = timedelta(minutes=1)


def call_row(event_id, at=START, **changes):
    """A successful call of Polly at a time."""
    time = format_time(at)
    return {
        "eventID": event_id,
        "eventTime": time,
        "eventDay": time[:10],
        "service": "polly",
        "operation": "SynthesizeSpeech",
        "outcome": "ok",
        "principal": "user/alice",
        "awsRegion": "eu-central-1",
        "recipientAccountId": "111122223333",
        "usage": {"requestCharacters": 10, "engine": "neural"},
    } | changes


class Rows:
    """A source of rows, which keeps its windows in `asked`."""

    by_day = False

    def __init__(self, *rows, kept_since=None, filled_since=None):
        self._rows = rows
        self.kept_since, self.filled_since = kept_since, filled_since
        self.asked = []

    def rows(self, wanted, window, **_):
        self.asked.append(window)
        first, last = window.bounds
        matches = wanted.matcher()
        return (each for each in self._rows if first <= each["eventTime"] <= last and matches(each))

    def whole(self, rows):
        by_id = {each["eventID"]: each for each in self._rows}
        return (by_id.get(each["eventID"], each) for each in rows)


@dataclass(frozen=True)
class PlantedCall:
    """A call that begins some minutes after START, with the outcome that its record tells, and those of corrections.

    `corrections` are minutes after the call, and outcomes. It has a record for each of its accounts, or is a stream.
    """

    minute: int
    principal: str
    outcome: str
    corrections: tuple
    accounts: tuple
    is_stream: bool

    @property
    def time(self):
        return format_time(START + self.minute * MINUTE)

    @property
    def true_outcome(self):
        """The outcome of the newest correction."""
        newest = max(((delay, place) for place, (delay, _) in enumerate(self.corrections)), default=None)
        return self.outcome if newest is None else self.corrections[newest[1]][1]

    def rows(self, number):
        at, used = START + self.minute * MINUTE, {"requestCharacters": 10}
        if len(self.accounts) > 1:
            used["sharedEventID"] = f"shared-{number}"
        if self.is_stream:
            used["stream"] = f"stream-{number}"
        for account in self.accounts:
            name, of = f"{number}-{account}", {"principal": self.principal, "recipientAccountId": account}
            yield call_row(name, at, outcome=self.outcome, usage=used, **of)
            for place, (delay, outcome) in enumerate(self.corrections):
                more = used | {"originalEventID": name}
                yield call_row(f"{name}-{place}", at + delay * MINUTE, outcome=outcome, usage=more, **of)


OUTCOMES = st.sampled_from(["ok", "denied", "throttled"])
PLANTED = st.lists(
    st.builds(
        PlantedCall,
        minute=st.integers(0, 40).map(lambda number: number * 10),  # some at the same time
        principal=st.sampled_from(["user/a", "user/b", "user/c"]),
        outcome=OUTCOMES,
        corrections=st.lists(st.tuples(st.integers(0, 100), OUTCOMES), max_size=2).map(tuple),
        accounts=st.sampled_from([("1" * 12,), ("2" * 12,), ("1" * 12, "2" * 12)]),
        is_stream=st.booleans(),
    ),
    max_size=10,
)


def rows_of(calls):
    return [row for number, call in enumerate(calls) for row in call.rows(number)]


def counted(calls, by, since, until, outcome=None):
    """Values of dimensions -> the calls of a window that count there, one after the other."""
    found = {}
    for call in calls:
        if not since <= START + call.minute * MINUTE < until or outcome not in (None, call.true_outcome):
            continue
        values = {"principal": call.principal, "outcome": call.true_outcome}
        keys = {tuple((values | {"account": account})[name] for name in by) for account in call.accounts}
        for key in keys:
            found.setdefault(key, []).append(call)
    return found

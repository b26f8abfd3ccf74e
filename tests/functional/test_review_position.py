"""A review that is cut off goes on where it was, in its next message or in the next hour."""

import json
from datetime import timedelta
from itertools import chain, count, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.ledger import entry_kind
from tests.functional.conftest import BUCKET
from tests.shared.fuzzing import law

HOURLY = json.dumps({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
LONG_AGO = "2026-03-01T00:00:00Z"
POSITION = ("review", "position")
numbers = count()


@pytest.fixture
def reviewed(pipeline, monkeypatch):
    monkeypatch.setattr("aitrail.ingest.review._AT_ONCE", 1)
    return Reviewed(pipeline)


def name_of(problem, number):
    """The name of a digest, of an account of its own, or of a log file."""
    account = f"{number:012}" if problem == "unverifiable" else "111122223333"
    kind, rest = "CloudTrail", f"eu-west-1_20260301T0000Z_{number:06}"
    if problem == "unverifiable":
        kind, rest = "CloudTrail-Digest", "eu-west-1_audit_eu-west-1_20260301T000000Z"
    return f"s3://{BUCKET}/AWSLogs/{account}/{kind}/eu-west-1/2026/03/01/{account}_{kind}_{rest}.json.gz"


class Reviewed:
    """Entries with problems that a review follows up on, and the messages of the review, each with `steps`."""

    def __init__(self, pipeline):
        self.pipeline = pipeline

    def add(self, problems):
        facts = {"awaited": {"expectedSha256": "a", "listedAt": LONG_AGO}, "unverifiable": {"status": "unverifiable"}}
        facts["unproven"] = {"status": "ingested", "doubt": "unproven", "storedAt": LONG_AGO, "deliveredAt": LONG_AGO}
        names = [name_of(problem, next(numbers)) for problem in problems]
        for name, problem in zip(names, problems, strict=True):
            kind = entry_kind(name)
            self.pipeline.ledger.note(name, kind, problem=problem, ingestedAt=LONG_AGO, **facts[problem])
        return names

    def entry(self, name):
        return self.pipeline.ledger.entry(name, entry_kind(name))

    def message(self, body, steps=100):
        """Processes a message with time for this number of steps; returns the request for the rest, if there is one."""
        times = chain([100.0] * steps, repeat(0.0))
        self.pipeline.ingestion.ingest_message(
            body, is_backfill=True, time_left=lambda: next(times), report=lambda _: None
        )
        return next((found for found in self._sent() if "review" in json.loads(found)), None)

    def _sent(self):
        sqs, url = self.pipeline.sqs, self.pipeline.backfill_url
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                yield message["Body"]


def hour(reviewed, hops):
    """Runs the review of an hour; `hops` has the steps of each message, and the message after them is lost."""
    reviewed.pipeline.clock.now += timedelta(hours=1)
    body = HOURLY
    for steps in hops:
        if body:
            body = reviewed.message(body, steps)


@law(20, costs=20, shrinks=False)
@given(
    problems=st.lists(st.sampled_from(["awaited", "unverifiable", "unproven"]), min_size=1, max_size=8),
    hours=st.lists(st.lists(st.sampled_from([1, 1, 2]), min_size=1, max_size=2), min_size=24, max_size=24),
)
def test_review_that_is_cut_off_anywhere_reaches_every_entry(reviewed, problems, hours):
    reviewed.pipeline.trust()
    names = reviewed.add(problems)

    for hops in hours:  # one step an hour is enough
        hour(reviewed, hops)

    entries = [reviewed.entry(name) for name in names]
    is_done = {"unproven": lambda entry: "doubt" not in entry}
    tried = [is_done.get(problem, lambda entry: entry.get("announcements", 0) > 0) for problem in problems]
    assert [reached(entry) for reached, entry in zip(tried, entries, strict=True)] == [True] * len(names)
    for name in names:  # the next example does not see them
        reviewed.pipeline.ledger.note(name, entry_kind(name), problem=None)
    hour(reviewed, [100])


def test_review_of_the_next_hour_goes_on_where_the_last_one_was_cut_off_and_then_begins_anew(reviewed, wire):
    names = reviewed.add(["awaited"] * 4)
    seen = []

    for steps in (2, 1, 9, 9):
        wire.calls.clear()
        hour(reviewed, [steps])
        seen.append([each["Key"]["logFile"]["S"] for each in wire.requests("UpdateItem")])

    assert seen == [[*names[:2], "review"], [names[2], "review"], [names[3], "review"], []]


def test_review_that_ends_in_its_time_writes_no_position(reviewed, wire):
    reviewed.add(["awaited"] * 3)
    wire.calls.clear()

    assert reviewed.message(HOURLY) is None

    calls = [each for each in wire.operations() if each not in ("ReceiveMessage", "DeleteMessage")]
    assert calls == ["GetItem", "Query", *["SendMessageBatch", "UpdateItem"] * 3, "Query", "Query"]
    assert reviewed.pipeline.ledger.entry(*POSITION) is None


def test_position_of_a_review_is_in_no_index_and_of_no_length_once_it_has_ended(reviewed):
    reviewed.add(["awaited"] * 3)

    rest = reviewed.message(HOURLY, 1)
    position = reviewed.pipeline.ledger.entry(*POSITION)
    reviewed.message(rest)

    assert position.keys() == {"logFile", "entry", "reviewing", "after"}
    assert reviewed.pipeline.ledger.entry(*POSITION).keys() == {"logFile", "entry"}

"""Every fault in every call: messages are retried, and the tables end up as if nothing had happened."""

import gzip
import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from itertools import cycle, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.functional.faults import ANSWER_LOST, GRAVE, PASSING, RECEIVES, THROTTLED, Account, AtOnce
from tests.shared.fuzzing import law
from tests.shared.signed_digests import at, digest

# Powertools warns about missing metrics after a killed process.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

BUCKET = "example-trail-logs"
FOLDER = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/111122223333_CloudTrail_eu-west-1_20260314T0925Z_"
HOURLY = json.dumps({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
UNKNOWN = "what is this"
SHARED = {"00000002-0000-4000-8000-000000000000"}


# Files of another Region, without digests.
ELSEWHERE = {"b", "one", "two"}


def key(name):
    folder = FOLDER.replace("eu-west-1", "us-east-1") if name in ELSEWHERE else FOLDER
    return f"{folder}{name}.json.gz"


def named(*names):
    """CloudTrail's own message."""
    return json.dumps({"s3Bucket": BUCKET, "s3ObjectKey": [key(name) for name in names]})


def nothing(_body, _receives):
    return []


def first_time(plans, body, receives):
    """The faults planned for a message when it is received for the first time."""
    return plans.get(body, []) if receives == 1 else []


def every_other(fault):
    """The fault in the first attempt of each call; the second attempt succeeds."""
    turns = cycle([True, False])

    def happens(process, request, operation, carry_out):
        return fault.happens(process, request, operation, carry_out) if next(turns) else carry_out()

    return replace(fault, happens=happens, tries=1000)


def different(found, expected):
    """Rows and entries that differ from the expected ones."""
    return {
        name: (found.get(name), expected.get(name))
        for name in found.keys() | expected.keys()
        if found.get(name) != expected.get(name)
    }


@dataclass
class Phase:
    """Messages that arrive at a given time, and the calls that each causes without faults.

    `afterwards` are messages after all others, without faults. `copies` are the tables after some messages, `found` is
    the content of the tables in the end.
    """

    when: object
    bodies: list
    afterwards: list = field(default_factory=list)
    calls: dict = field(default_factory=dict)
    copies: dict = field(default_factory=dict)
    found: dict = field(default_factory=dict)


class Work:
    """A bucket with all kinds of deliveries, the messages about them, and the resulting tables without faults."""

    def __init__(self, account, packed, record):
        self.account = account
        contents = {
            "a": [record(1), record(2), record(2), record(3, eventTime="?"), record(4, eventSource="s3"), record(5)],
            "b": [record(2), record(6)],
            "unreadable": [record(11)],
            "gone": [record(12)],
            "unlisted": [record(7)],
            "one": [record(8)],
            "two": [record(9), record(13, eventTime="?")],
            "later": [record(10)],
        }
        plain = {name: json.dumps({"Records": records}).encode() for name, records in contents.items()}
        bodies = {
            name: account.put(key(name), packed(*records)[: -5 if name == "unreadable" else None])
            for name, records in contents.items()
        }
        account.delete(key("gone"))
        listed = [(key(name), plain[name]) for name in ("a", "later")]
        signed = digest(at("11:00"), [*listed, (key("awaited"), "a" * 64)], bucket=BUCKET, start=at("08:00"))
        told = [bodies[name] for name in ("a", "b", "unreadable", "gone", "unlisted")]
        others = [named("one", "two"), named("a"), UNKNOWN, json.dumps({"Event": "s3:TestEvent"})]
        self.phases = [
            Phase(at("09:30"), [*told, *others]),
            Phase(at("11:10"), [account.put(signed.key, signed.body, Metadata=signed.metadata), bodies["later"]]),
            Phase(at("18:00"), [HOURLY], afterwards=[HOURLY]),
        ]

    def run(self):
        """Processes everything once without faults, and records the calls and results."""
        for phase in self.phases:
            phase.copies[frozenset()] = self.account.copy()
            self.account.drained(phase.when, phase.bodies, most=1)
            phase.calls, phase.found = self.account.calls, self.account.found(SHARED)
        return self.phases

    def again(self, phase, bodies, faults=nothing, *, done=(), most=1):
        """Processes messages of a phase again; returns the dead letters and the differences in the tables."""
        self.account.restore(self._after(phase, done))
        dead = self.account.drained(phase.when, bodies, faults, most=most)
        if phase.afterwards:
            self.account.drained(phase.when + timedelta(hours=1), phase.afterwards, most=most)
        return dead, different(self.account.found(SHARED), phase.found)

    def struck(self, fault):
        """Repeats each phase for every call of its messages, with the fault in that call of each message.

        Messages with fewer calls are processed before. Yields the results of `again`.
        """
        for phase in self.phases:
            for number in range(max(map(len, phase.calls.values()))):
                hit = {body for body, calls in phase.calls.items() if any(map(fault.concerns, calls[number:][:1]))}
                rest = [body for body in phase.bodies if body in hit or body == HOURLY]
                done = [body for body in phase.bodies if body not in rest]
                plan = partial(first_time, {body: [(number, fault)] for body in hit})
                if hit:
                    yield self.again(phase, rest, plan, done=done)

    def _after(self, phase, bodies):
        """The tables after these messages."""
        copy = phase.copies.get(frozenset(bodies))
        if copy is None:
            self.account.restore(phase.copies[frozenset()])
            self.account.drained(phase.when, bodies, most=1)
            copy = phase.copies[frozenset(bodies)] = self.account.copy()
        return copy


@pytest.fixture
def account(pipeline, monkeypatch, moto):
    # More batches than one.
    monkeypatch.setattr("aitrail.dynamodb.batches.BATCH_SIZE", 2)
    account = Account(pipeline, monkeypatch, moto[1])
    yield account
    assert account.refused == []


@pytest.fixture
def one_by_one(monkeypatch):
    """Makes every process execute its calls in a fixed order."""
    monkeypatch.setattr("aitrail.ingest.ingestion.threads_ahead", AtOnce)
    monkeypatch.setattr("aitrail.aws.paging.ThreadPoolExecutor", AtOnce)


@pytest.fixture(scope="module")
def done():
    """The phases of the work after a run without faults, which is slow."""
    return []


@pytest.fixture
def work(account, one_by_one, packed, record, done):  # noqa: ARG001
    work = Work(account, packed, record)
    if not done:
        done += work.run()
    work.phases = done
    return work


def test_tables_without_a_fault_are_as_the_files_are(work):
    found = work.phases[-1].found

    ids = {event_id for event_id in found if " " not in event_id}
    entries = {name.partition("Z_")[2]: entry for name, entry in found.items() if "Z_" in name}
    said = {
        name: (entry.get("status"), entry.get("problem"), entry.get("verifiedBy") is not None)
        for name, entry in entries.items()
    }
    names = ("records", "wanted", "written", "rejected", "expired", "duplicatesInFile")
    counts = {name: tuple(entry[count] for count in names) for name, entry in entries.items() if "records" in entry}
    assert ids == {f"{number:08x}-0000-4000-8000-000000000000" for number in (1, 2, 5, 6, 7, 8, 9, 10)}
    assert said == {
        "a.json.gz file": ("ingested", "rejects", True),
        "a.json.gz reject#3": ("rejected", "reject", False),
        "b.json.gz file": ("ingested", None, False),
        "unreadable.json.gz file": ("unreadable", "unreadable", False),
        "gone.json.gz file": ("missing", "missing", False),
        "unlisted.json.gz file": ("ingested", "unlisted", False),
        "one.json.gz file": ("ingested", None, False),
        "two.json.gz file": ("ingested", "rejects", False),
        "two.json.gz reject#1": ("rejected", "reject", False),
        "later.json.gz file": ("ingested", None, True),
        "awaited.json.gz file": ("missing", "missing", False),
    }
    assert counts == {
        "a.json.gz file": (6, 5, 3, 1, 0, 1),
        "b.json.gz file": (2, 2, 2, 0, 0, 0),
        "unlisted.json.gz file": (1, 1, 1, 0, 0, 0),
        "one.json.gz file": (1, 1, 1, 0, 0, 0),
        "two.json.gz file": (2, 2, 1, 1, 0, 0),
        "later.json.gz file": (1, 1, 1, 0, 0, 0),
    }
    (digest_entry,) = (entry for name, entry in found.items() if name.endswith(" digest"))
    assert (digest_entry["status"], digest_entry.get("problem")) == ("verified", None)


@pytest.mark.slow
@pytest.mark.parametrize("fault", GRAVE, ids=lambda fault: fault.name)
def test_fault_at_any_call_leaves_no_trace_once_its_message_has_come_again(work, fault, record_property):
    for dead, differences in work.struck(fault):
        assert differences == {}
        assert dead in ([], [UNKNOWN])

    assert work.account.hits
    record_property("faults", work.account.hits.total())


@pytest.mark.parametrize("fault", PASSING, ids=lambda fault: fault.name)
def test_fault_at_every_call_that_passes_at_the_second_try_fails_no_message(work, fault, record_property):
    for phase in work.phases:
        dead, differences = work.again(phase, phase.bodies, lambda _body, _receives: [(0, every_other(fault))], most=10)

        assert differences == {}
        assert dead == [body for body in phase.bodies if body == UNKNOWN]
    assert work.account.hits
    record_property("faults", work.account.hits.total())


@pytest.mark.parametrize(
    ("fault", "operation"),
    [
        *((THROTTLED, operation) for operation in ("GetItem", "GetObject", "BatchWriteItem", "UpdateItem", "Query")),
        *((ANSWER_LOST, operation) for operation in ("BatchWriteItem", "UpdateItem")),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_fault_that_does_not_end_makes_dead_letters_and_what_they_ask_is_done_when_they_are_sent_again(
    work, fault, operation, record_property
):
    for_ever = replace(fault, operations=(operation,), tries=1000)

    for phase in work.phases:
        concerned = {body for body, calls in phase.calls.items() if operation in calls}
        if HOURLY in concerned:
            concerned &= {*phase.bodies}  # the review fails before it announces anything
        dead, _ = work.again(replace(phase, afterwards=[]), phase.bodies, lambda _body, _receives: [(0, for_ever)])
        work.account.drained(phase.when + timedelta(hours=1), [body for body in dead if body != UNKNOWN])

        assert different(work.account.found(SHARED), phase.found) == {}
        assert set(dead) <= {*phase.bodies, *phase.calls}
        assert fault is ANSWER_LOST or concerned <= set(dead)
    record_property("faults", work.account.hits.total())


@pytest.mark.parametrize("most", [1, 10])
def test_messages_that_come_twice_and_in_another_order_change_nothing(work, most):
    for phase in work.phases:
        dead, differences = work.again(phase, [*reversed(phase.bodies), *phase.bodies], most=most)

        assert differences == {}
        assert dead == [body for body in phase.bodies if body == UNKNOWN] * 2


FILES = st.fixed_dictionaries(
    {
        # Some records are in several files, some are twice in one file, and some become rejects.
        "records": st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=12),
        "is_damaged": st.sampled_from([False, False, False, True]),
        "is_gone": st.sampled_from([False, False, False, True]),
        "listed": st.sampled_from(["as it is", "as it is", "otherwise", "not"]),
    }
)
RUNS = st.fixed_dictionaries(
    {
        "files": st.lists(FILES, min_size=2, max_size=6),
        "order": st.randoms(use_true_random=False),
        "twice": st.integers(0, 2),
        "most": st.sampled_from([1, 3, 10, 10]),
        # Each fault may fail a message once; the fifth attempt has to succeed.
        "faults": st.lists(
            st.tuples(st.integers(0, 25), st.sampled_from([*GRAVE, *PASSING])), min_size=1, max_size=RECEIVES - 1
        ),
    }
)


def put(account, number, file, body):
    """Puts a drawn file into the bucket; returns its message, and its item for a digest."""
    message = account.put(key(number), body[: -5 if file["is_damaged"] else None])
    if file["is_gone"]:
        account.delete(key(number))
    sha256 = hashlib.sha256(gzip.decompress(body)).hexdigest() if file["listed"] == "as it is" else "b" * 64
    return message, [(key(number), sha256)] if file["listed"] != "not" else []


@pytest.mark.slow
@law(8, costs=100, shrinks=False)
@given(run=RUNS)
def test_any_faults_at_any_calls_leave_no_trace_of_any_deliveries(account, packed, record, record_property, run):
    """Uses the function's threads, whose order differs from run to run."""
    empty, before = account.copy(), account.hits.total()
    holders = [
        [record(at, **({"eventTime": "?"} if is_bad else {})) for at, is_bad in file["records"]]
        for file in run["files"]
    ]
    files = [put(account, number, file, packed(*holders[number])) for number, file in enumerate(run["files"])]
    signed = digest(at("10:00"), [each for _, listed in files for each in listed], bucket=BUCKET)
    bodies = [message for message, _ in files]
    bodies += [account.put(signed.key, signed.body, Metadata=signed.metadata), named(*range(len(files)))]
    bodies += run["order"].choices(bodies, k=run["twice"])
    times = Counter(event_id for records in holders for event_id in {record["eventID"] for record in records})
    shared = {event_id for event_id, files in times.items() if files > 1}
    account.drained(at("09:00"), bodies)
    expected = account.found(shared)
    account.restore(empty)
    run["order"].shuffle(bodies)
    planned = iter(run["faults"])

    # Each fault may hide messages for half an hour; after two hours, files that no digest lists would be in doubt.
    dead = account.drained(at("09:00"), bodies, lambda _body, _receives: islice(planned, 1), most=run["most"])

    assert different(account.found(shared), expected) == {}
    assert dead == []
    account.restore(empty)
    record_property("faults", account.hits.total() - before)

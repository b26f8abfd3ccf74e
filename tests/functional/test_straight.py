"""`usage` straight from log files gives what it gives from rows that are kept, and tells the same of the files."""

import json
import os
import pickle
import sqlite3
from datetime import timedelta, tzinfo
from random import Random
from threading import Thread
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.costs import Prices
from aitrail.questions import DIMENSIONS, NAMED, EventStore, LogFileRows, Scan, ScanCache, log_file_rows, shares
from aitrail.questions.counting import Count
from aitrail.questions.log_file_rows import NoRoomError
from aitrail.questions.seen_ids import SeenIds
from aitrail.window import EARLIEST, LATEST, event_time
from tests.shared.fuzzing import law
from tests.shared.hostile_records import changed
from tests.shared.named_folders import FIRST

BY = sorted({*DIMENSIONS} - {*NAMED})
CONDITIONS = [
    {},
    {"service": "polly"},
    {"principal": "role/*"},
    {"principal": "!role/announcer-service"},
    {"resource": "lexicon/stations"},
    {"resource": "*"},
    {"outcome": ["denied", "throttled"]},
    {"mfa": False, "read_only": True},
    {"language": "en-GB"},
    {"label": "outputFormat=mp3"},
    {"user_agent": "Boto3*"},
    {"error_code": "*"},
    {"source_ip": "192.0.2.0/24"},
    {"event_category": "NetworkActivity"},
]


def event_id(number):
    return f"{number:08x}-0000-4000-8000-000000000000"


def stream(verb, session):
    """What the records of a stream have."""
    name, source = f"{verb}StreamTranscription", "transcribestreaming.amazonaws.com"
    return {"eventSource": source, "eventName": name, "responseElements": {"sessionId": session}, "errorCode": ""}


def random_record(random, *, is_strange):
    """A record, of which others may have the eventID, of a few days."""
    record = changed(random.choice(["denied", "lex-by-sso", "personalize", "polly-by-role", "transcribe"]))
    record["eventID"] = event_id(random.randrange(10_000) if not is_strange else random.randrange(30))
    record["eventTime"] = event_time(FIRST + timedelta(minutes=random.randrange(-3000, 3000)))
    match random.randrange(14):
        case 0:
            record["eventSource"] = random.choice(["s3.amazonaws.com", "polly-v2.amazonaws.com", None])
        case 1 if is_strange:
            record["eventTime"] = "yesterday"
        case 2 if is_strange:
            record["addendum"] = {"reason": "UPDATED_DATA", "originalEventID": event_id(random.randrange(30))}
        case 3:
            record["sharedEventID"] = f"shared-{random.randrange(4)}"
            record["recipientAccountId"] = f"{random.randrange(3):012}"
        case 4 | 5:
            record |= stream(random.choice(["Start", "End"]), f"{random.randrange(4)}")
        case 6:
            record["eventCategory"] = "NetworkActivity"
        case 7:
            record["userAgent"] = random.choice(["\ud800", "é" * 50, "x" * 9000])
    return record


def write_random_folder(folder, random):
    """Log files that name their day, with records that are delivered again, corrected, shared and damaged."""
    is_strange, written = random.randrange(2), []
    for number in range(random.randrange(1, 12)):
        records = [random_record(random, is_strange=is_strange) for _ in range(random.randrange(30))]
        records += random.sample(written, min(len(written), random.randrange(3)))
        written += records
        content = json.dumps({"Records": records}).encode()
        if is_strange and not random.randrange(6):
            content = content[: random.randrange(len(content))]
        (folder / f"{number}.json").write_bytes(content)


def told(folder, question, *, once, cache=None, jobs=1):
    """The answer and all that is told beside it."""
    reports, notes = [], []
    scan = Scan([str(folder)], report=reports.append, jobs=jobs, alone=0, cache=cache)
    source = LogFileRows(scan, report=reports.append)
    store = EventStore(source, now=lambda: FIRST + timedelta(days=1))
    found = store.usage(once=once, report=notes.append, **question)
    counts = {name: count for name, count in scan.counts.items() if count and name != "bytes"}
    return list(found), found.total(), notes, sorted(reports), counts, [*scan.remarks(at_length=True)], scan.left_out


questions = st.fixed_dictionaries(
    {
        "by": st.lists(st.sampled_from(BY), min_size=1, max_size=2, unique=True),
        "since": st.sampled_from([EARLIEST, FIRST, FIRST - timedelta(hours=20)]),
        "until": st.sampled_from([LATEST, FIRST + timedelta(hours=20)]),
        "prices": st.sampled_from([None, Prices.read()]),
    }
)


def assert_straight_is_kept(tmp_path_factory, seed, question, *, jobs):
    """Asserts that a random folder gives the answer of kept rows: without a cache, and twice with one."""
    folder = tmp_path_factory.mktemp("logs")
    write_random_folder(folder, Random(seed))

    kept = told(folder, question, once=False)

    assert told(folder, question, once=True, jobs=jobs) == kept
    for _ in range(2):
        cache = ScanCache(tmp_path_factory.getbasetemp() / f"cache-{jobs}-{seed}", fingerprint="1", now=lambda: 2**62)
        assert told(folder, question, once=True, jobs=jobs, cache=lambda cache=cache: cache) == kept


@law(150, costs=10)
@given(st.integers(0, 2**32), questions, st.sampled_from(CONDITIONS))
def test_straight_sums_are_those_of_kept_rows(tmp_path_factory, seed, question, conditions):
    assert_straight_is_kept(tmp_path_factory, seed, question | conditions, jobs=1)


@pytest.mark.slow
@law(4, costs=1000, shrinks=False)
@given(st.integers(0, 2**32), questions)
def test_straight_sums_of_several_processes_are_those_of_one(tmp_path_factory, seed, question):
    folder = tmp_path_factory.mktemp("logs")
    write_random_folder(folder, Random(seed))

    assert told(folder, question, once=True, jobs=3) == told(folder, question, once=False)


class SharesHere:
    """Reads as other processes do, in this one."""

    def __init__(self, read, _number, *, path_of):
        self._read, self._path_of = pickle.dumps(read), path_of

    def parts(self, tasks):
        read = pickle.loads(self._read)  # noqa: S301 (our own)
        for task in tasks:
            path = self._path_of(task)
            parts = [None] if path is None else pickle.loads(pickle.dumps(list(read(path))))  # noqa: S301
            yield from ((task, part) for part in parts)


@pytest.fixture
def shares_here(monkeypatch):
    monkeypatch.setattr(shares, "Shares", SharesHere)


@pytest.mark.usefixtures("shares_here")
@law(150, costs=10)
@given(st.integers(0, 2**32), questions, st.sampled_from(CONDITIONS))
def test_subtotals_of_log_files_are_the_sums_of_their_rows(tmp_path_factory, seed, question, conditions):
    assert_straight_is_kept(tmp_path_factory, seed, question | conditions, jobs=2)


def write_calls(folder, *numbers):
    """A log file with calls of these numbers, a minute after each other."""
    calls = [
        {"eventID": event_id(number), "eventTime": event_time(FIRST + timedelta(minutes=number))} for number in numbers
    ]
    records = [changed("polly-by-role", call) for call in calls]
    (folder / f"{numbers[0]}.json").write_text(json.dumps({"Records": records}))


@pytest.mark.usefixtures("shares_here")
def test_other_processes_send_subtotals_instead_of_rows(tmp_path, monkeypatch):
    for number in range(0, 90, 30):
        write_calls(tmp_path, *range(number, number + 30))
    rows = []
    monkeypatch.setattr(Count, "add", lambda _, row: rows.append(row))

    found = store_of(tmp_path, jobs=2, alone=0).usage(once=True, by=["principal"], **ALL)

    # The first file is read before there are other processes.
    assert (len(rows), found[0]["calls"]) == (30, 60)


class HalfPastUTC(tzinfo):
    """A time zone of a program, which cannot be sent to other processes."""

    def __reduce__(self):
        raise TypeError

    def utcoffset(self, _):
        return timedelta(minutes=30)

    def dst(self, _):
        return timedelta()


@pytest.mark.usefixtures("shares_here")
@pytest.mark.parametrize("zone", ["Europe/Berlin", HalfPastUTC()], ids=["sent", "not sent"])
@pytest.mark.parametrize("by", ["hour", "service"])
def test_subtotals_are_by_the_times_of_the_time_zone(tmp_path, zone, by):
    for number in range(0, 120, 30):
        write_calls(tmp_path, *range(number, number + 30))

    def found(**options):
        source = LogFileRows(Scan([str(tmp_path)], report=pytest.fail, alone=0, **options))
        return list(EventStore(source, timezone=zone).usage(by=[by], once=True, **ALL))

    assert found(jobs=2) == found(jobs=1)


def store_of(*paths, **options):
    return EventStore(LogFileRows(Scan(map(str, paths), report=pytest.fail, **options)), now=lambda: FIRST)


@pytest.fixture
def logs(tmp_path):
    """A folder with two log files of two records each, one of which is in both."""
    for name, numbers in (("a.json", (1, 2)), ("b.json", (2, 3))):
        records = [changed("polly-by-role", {"eventID": event_id(number)}) for number in numbers]
        (tmp_path / name).write_text(json.dumps({"Records": records}))
    return tmp_path


ALL = {"since": EARLIEST, "until": LATEST}


def test_rows_are_neither_kept_nor_read_twice(logs, monkeypatch):
    monkeypatch.setattr(LogFileRows, "rows", lambda *_: pytest.fail("rows are kept"))

    assert store_of(logs).usage(once=True, **ALL)[0]["calls"] == 3


@pytest.mark.parametrize(("minutes", "seconds", "unmeasured"), [(90, 5400, 0), (250, 0, 1)])
def test_streams_end_within_hours_after_the_window(tmp_path, minutes, seconds, unmeasured):
    times = {"Start": FIRST - timedelta(minutes=1), "End": FIRST + timedelta(minutes=minutes - 1)}
    records = [
        changed("transcribe", {**stream(verb, "s"), "eventTime": event_time(time), "eventID": event_id(number)})
        for number, (verb, time) in enumerate(times.items())
    ]
    (tmp_path / "a.json").write_text(json.dumps({"Records": records}))
    scan = Scan([str(tmp_path)], report=pytest.fail)
    store = EventStore(LogFileRows(scan), now=lambda: FIRST + timedelta(days=1))

    (found,) = store.usage(once=True, since=EARLIEST, until=FIRST, report=lambda _: None)

    assert (found["calls"], found["streamSeconds"], found["unmeasured"]) == (1, seconds, unmeasured)


def test_a_question_that_needs_whole_rows_keeps_them(logs):
    question = ALL | {"user_agent": "*Botocore*"}

    assert list(store_of(logs).usage(once=True, **question)) == list(store_of(logs).usage(**question))


def test_after_a_straight_answer_the_log_files_are_read_again(logs):
    store = store_of(logs)
    first = [store.usage(once=True, **ALL) for _ in range(2)]
    (logs / "c.json").write_text(json.dumps({"Records": [changed("transcribe")]}))

    assert [usage[0]["calls"] for usage in first] == [3, 3]
    assert {event["eventID"] for event in store.events(**ALL)} == {event_id(number) for number in (1, 2, 3)}
    assert store.source.scan.counts["again"] == 1


def test_what_can_be_read_only_once_is_kept(logs):
    pipe = logs / "pipe"
    os.mkfifo(pipe)
    content = (logs / "a.json").read_bytes()
    Thread(target=pipe.write_bytes, args=[content]).start()

    assert store_of(logs / "b.json", pipe).usage(once=True, **ALL)[0]["calls"] == 3


def test_an_answer_that_is_given_up_leaves_nothing_in_the_cache_twice(logs, tmp_path_factory):
    addendum = {"reason": "UPDATED_DATA", "originalEventID": event_id(1)}
    calls = [changed("polly-by-role", {"eventID": event_id(number)}) for number in range(10, 40)]
    correction = calls[0] | {"eventID": event_id(9), "addendum": addendum}
    (logs / "b.json").write_text(json.dumps({"Records": [*calls, correction]}))
    cache = ScanCache(tmp_path_factory.mktemp("cache"), fingerprint="1", now=lambda: 2**62)

    first, second = (told(logs, ALL, once=True, cache=lambda: cache) for _ in range(2))

    assert second == first == told(logs, ALL, once=False)


def test_ids_that_find_no_room_are_an_error_for_people(logs, monkeypatch):
    full = Mock(add=Mock(side_effect=sqlite3.OperationalError("database or disk is full")))
    monkeypatch.setattr(log_file_rows, "SeenIds", lambda: full)

    with pytest.raises(NoRoomError, match="SQLITE_TMPDIR"):
        store_of(logs).usage(once=True, **ALL)


@pytest.mark.parametrize("most", [3, 100])
def test_ids_are_added_at_once_if_all_of_them_are_new(most):
    seen, memory, outcomes = SeenIds(most=most), {}, []
    random = Random(8)

    for _ in range(500):
        keys = [event_id(random.randrange(300)) for _ in range(random.randrange(4))]
        contents = [random.randrange(9) for _ in keys]
        is_new = len({*keys}) == len(keys) and memory.keys().isdisjoint(keys)
        assert seen.add_all(keys, contents) == is_new
        if is_new:
            memory |= dict(zip(keys, contents, strict=True))
        outcomes.append(is_new)
        some = event_id(random.randrange(300))
        assert seen.add(some, 7) == memory.get(some)
        memory.setdefault(some, 7)

    assert {*outcomes} == {True, False}


def test_ids_beyond_those_in_memory_are_known_too():
    seen, memory = SeenIds(most=3), {}
    random = Random(7)

    for _ in range(500):
        key, content = event_id(random.randrange(60)), random.randrange(-(2**63), 2**63)
        assert seen.add(key, content) == memory.get(key)
        memory.setdefault(key, content)

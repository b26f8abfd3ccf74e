"""Any number of processes gives the same answers in the same order."""

import gzip
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from random import Random
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.questions import EventStore, LogFileRows, Scan
from aitrail.questions import shares as shares_module
from aitrail.questions.shares import ReadingEndedError, Shares
from tests.shared import readings
from tests.shared.folders import put
from tests.shared.fuzzing import law

ROOT = Path(__file__).parents[2]
TEXTS = ("\ud800", "\u202e", "polly.amazonaws.com", '"},{"eventVersion":', "é" * 50, "a\nb", "")


def random_record(random, records):
    """A record, of which others may have the eventID: wanted or not, hostile, to be rejected, or a correction."""
    record = dict(random.choice(list(records.values())))
    record["eventID"] = f"{random.randrange(40):08x}-0000-4000-8000-000000000000"
    record["userAgent"] = random.choice(TEXTS)
    match random.randrange(8):
        case 0:
            record["eventSource"] = random.choice(["s3.amazonaws.com", "polly-v2.amazonaws.com", None, 7])
        case 1:
            record["eventTime"] = random.choice(["yesterday", None])
        case 2:
            record["requestParameters"] = {"n": random.choice([10**30, 1.0, float("nan"), [[[[]]]]])}
        case 3:
            first = f"{random.randrange(40):08x}-0000-4000-8000-000000000000"
            record["addendum"] = {"reason": "UPDATED_DATA", "originalEventID": first}
    return record


def random_file(random, records):
    content = json.dumps({"Records": [random_record(random, records) for _ in range(random.randrange(9))]}).encode()
    match random.randrange(12):
        case 0:
            content = content[: random.randrange(len(content))]
        case 1:
            content = b"[]"
    packed = gzip.compress(content) if random.randrange(4) else content
    return packed[: random.randrange(len(packed) + 1)] if not random.randrange(12) else packed


def write_random_folder(folder, random, records):
    for number in range(random.randrange(1, 60)):
        path = (
            folder / random.choice(["a", "b/c", "d", "."]) / f"{number}{random.choice(['.json', '.json.gz', '.txt'])}"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        match random.randrange(15):
            case 0:
                path.symlink_to(random.choice(["nowhere", ".", "../a", "../a/1.json"]))
            case 1:
                os.mkfifo(path)
            case _:
                path.write_bytes(random_file(random, records))


def answers(paths, jobs):
    """All that a scan of the paths, and questions about them, tell."""
    reports = []
    scan = Scan(paths, report=reports.append, jobs=jobs, alone=0)
    rows = [json.dumps(row) for row in scan.rows()]
    told = [scan.counts, scan.unknown_sources, scan.left_out, list(scan.remarks(at_length=True)), list(reports)]

    source = LogFileRows(Scan(paths, report=reports.append, jobs=jobs, alone=0), report=reports.append)
    store = EventStore(source)
    usage = store.usage(by=["principal", "outcome"], since="2013-01-01", report=reports.append)
    events = [json.dumps(row) for row in store.events(since="2013-01-01")]
    return rows, told, list(usage), events, reports, source.scan.counts


@pytest.mark.slow
@law(4, costs=1000, shrinks=False)
@given(st.integers(0, 2**32))
def test_any_number_of_processes_gives_the_same_answers(tmp_path_factory, records, seed):
    folder = tmp_path_factory.mktemp("logs")
    write_random_folder(folder, Random(seed), records)

    assert answers([str(folder)], 3) == answers([str(folder)], 1)


def test_what_only_this_process_can_read_is_read_in_its_place(tmp_path, record, packed):
    for number, name in enumerate(["a/1.json", "c/1.json", "c/2.json"]):
        put(tmp_path, name)
        (tmp_path / name).write_bytes(packed(record(number)))
    os.mkfifo(tmp_path / "b")
    (tmp_path / "d").symlink_to("elsewhere")
    (tmp_path / "elsewhere").write_bytes(packed(record(3)))
    Thread(target=(tmp_path / "b").write_bytes, args=[packed(record(9))]).start()
    paths = [str(tmp_path / name) for name in ("a", "b", "c", "d")]

    rows = list(Scan(paths, report=pytest.fail, jobs=2, alone=0).rows())

    assert [os.path.relpath(row["logFile"], tmp_path) for row in rows] == ["a/1.json", "b", "c/1.json", "c/2.json", "d"]


def test_what_is_found_ahead_of_its_turn_may_wait_in_the_processes(monkeypatch):
    monkeypatch.setattr(shares_module, "_MOST_BYTES_AHEAD", 0)
    monkeypatch.setattr(shares_module, "_MOST_FILES", 2)
    paths = [str(number) for number in range(50)]

    found = [(task, part.rows) for task, part in Shares(readings.failing, 3, path_of=str).parts(paths)]

    assert found == [(path, [path]) for path in paths]
    assert multiprocessing.active_children() == []


def test_process_that_dies_is_an_error_that_names_the_file(monkeypatch):
    monkeypatch.setattr(shares_module, "_MOST_FILES", 3)

    with pytest.raises(ReadingEndedError, match=r"^b/dying: .* unexpectedly \(exit code -9\)"):
        list(Shares(readings.dying, 2, path_of=str).parts(["a", "b/1", "b/2", "b/3", "b/dying", "c"]))

    assert multiprocessing.active_children() == []


def test_error_of_reading_comes_after_what_was_found_before_it():
    found = []

    with pytest.raises(ValueError, match="failing"):
        found += (task for task, _ in Shares(readings.failing, 2, path_of=str).parts(["a", "failing", "b"]))

    assert found == ["a", "failing"]


def test_processes_end_when_no_more_is_asked_for():
    parts = Shares(readings.waiting, 2, path_of=str).parts(["a", "last"])
    next(parts)

    parts.close()

    assert multiprocessing.active_children() == []


@pytest.fixture
def program():
    """A program with a process that reads for minutes; returns both, and ends them."""
    command = [sys.executable, "-m", "tests.shared.readings", "a", "last"]
    program = subprocess.Popen(  # noqa: S603 - our own interpreter
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    with program:
        yield program, int(program.stdout.readline())
        program.kill()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "killed"])
def test_processes_end_with_the_one_that_started_them(program, end):
    program, child = program

    if end == signal.SIGINT:
        os.killpg(program.pid, end)  # a terminal sends it to all of them
    else:
        program.kill()
    traces = program.stderr.read()  # until all processes have ended

    assert traces.count("Traceback") == (end == signal.SIGINT)  # only that of the program
    assert not is_running(child)


def test_ctrl_c_does_not_reach_the_processes(program):
    program, child = program

    os.kill(child, signal.SIGINT)

    assert is_running(child, seconds=2)
    assert program.poll() is None


def is_running(pid, seconds=20):
    until = time.monotonic() + seconds
    with suppress(ProcessLookupError):
        while time.monotonic() < until:
            os.kill(pid, 0)
            time.sleep(0.05)
        return True
    return False


@pytest.mark.parametrize(("seconds", "alone"), [(0.06, 1), (0.04, 2), (0.02, 15), (0.001, 30)])
def test_other_processes_help_as_soon_as_much_seems_to_be_left(tmp_path, monkeypatch, seconds, alone):
    for number in range(30):
        put(tmp_path, f"{number:02}.json")
    left = []
    monkeypatch.setattr(Shares, "parts", lambda _self, tasks: [(task, None) for task in left.extend(tasks) or left])
    # Each file takes so many seconds: with 0.04, the others seem to take 1.12 s after two; with 0.02, 0.56 s.
    clock = iter(number * seconds for number in range(100))
    monkeypatch.setattr("aitrail.questions.scanning.time.process_time", lambda: next(clock))

    scan = Scan([str(tmp_path)], report=lambda _: None, jobs=2, counts_first=True)

    assert list(scan.rows()) == []
    assert scan.counts["unreadable"] == 30
    assert 30 - len(left) == alone

"""What was found in log files before is used while it is true, and whatever is wrong with the cache is no error."""

import gzip
import json
import os
import random
import shutil
import sqlite3
import threading
import time
from contextlib import closing
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aitrail.questions import EventStore, Filter, LogFileRows, Order, Scan, ScanCache, contents, scanning
from aitrail.questions.packed_rows import packed as packed_row
from aitrail.questions.parts import Part
from aitrail.window import Window
from tests.shared.folders import locked
from tests.shared.named_folders import FIRST
from tests.shared.row_source_contract import numbered, record_of_call

HOUR = 3600 * 10**9
NAME = "log-files.sqlite"
ALWAYS = Window(since=FIRST - timedelta(days=365), until=FIRST + timedelta(days=365))
LAW = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def later():
    """A clock for which every file has been as it is for an hour."""
    return time.time_ns() + HOUR


class Reading:
    """Reads log files with a cache; `opened` has the names of those that were opened."""

    def __init__(self, monkeypatch, folder):
        self.folder, self.opened = folder, []
        opened = scanning._opened

        def noted(path):
            self.opened.append(Path(path).name)
            return opened(path)

        monkeypatch.setattr("aitrail.questions.scanning._opened", noted)

    def cache(self, **options):
        return ScanCache(**{"folder": self.folder, "fingerprint": "1", "now": later} | options)

    def scan(self, *paths, cache=None, **options):
        reports = []
        scan = Scan(map(str, paths), report=reports.append, cache=cache or self.cache, **options)
        scan.reports = reports
        return scan

    def rows(self, *paths, **options):
        """All rows, and what there is to report; and the files that had to be opened."""
        self.opened.clear()
        scan = self.scan(*paths, **options)
        rows = answer(scan)
        return rows, sorted(self.opened)


def answer(scan):
    source = LogFileRows(scan)
    rows = list(source.whole(source.rows(Filter(), ALWAYS, order=Order.OLDEST_FIRST)))
    return rows, scan.reports, scan.summary(), dict(scan.unknown_sources)


@pytest.fixture
def reading(monkeypatch, tmp_path):
    return Reading(monkeypatch, tmp_path / "cache" / "aitrail")


@pytest.fixture
def logs(tmp_path):
    """A folder with three log files of one record each."""
    folder = tmp_path / "logs"
    folder.mkdir()
    for name, record in zip("abc", numbered(3), strict=True):
        (folder / f"{name}.json.gz").write_bytes(packed(record))
    return folder


def packed(*records):
    return gzip.compress(json.dumps({"Records": records}).encode(), mtime=0)


def test_unchanged_files_are_not_opened_again_and_only_new_ones_are_read(reading, logs):
    first, opened_first = reading.rows(logs)
    again, opened_again = reading.rows(logs)
    (logs / "d.json").write_bytes(packed(*numbered(9)[5:7]))
    more, opened_more = reading.rows(logs)

    assert (opened_first, opened_again, opened_more) == (["a.json.gz", "b.json.gz", "c.json.gz"], [], ["d.json"])
    assert again == first
    assert len(more[0]) == len(first[0]) + 2


def _in_place(file):
    status = file.stat()
    content = bytearray(file.read_bytes())
    content[4:8] = b"\x01\x02\x03\x04"  # the time in the head of gzip
    with file.open("r+b") as stream:
        stream.write(content)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def _replaced(file):
    other = file.with_name("other")
    other.write_bytes(file.read_bytes())
    shutil.copystat(file, other)
    other.replace(file)


CHANGES = {
    "content": lambda file: file.write_bytes(packed(*numbered(9)[4:6])),
    "in place, of the same size and at the same time": _in_place,
    "replaced by another file": _replaced,
    "only touched": os.utime,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_file_that_has_changed_is_read_again(reading, logs, change):
    reading.rows(logs)

    change(logs / "b.json.gz")
    (found, _, _, _), opened = reading.rows(logs)

    assert opened == ["b.json.gz"]
    assert found == answer(_plain(logs))[0]


def _plain(*paths):
    reports = []
    scan = Scan(map(str, paths), report=reports.append)
    scan.reports = reports
    return scan


def test_another_version_of_rows_is_not_taken_for_this_one(reading, logs):
    reading.rows(logs)

    _, opened = reading.rows(logs, cache=lambda: reading.cache(fingerprint="2"))

    assert len(opened) == 3


def test_file_that_may_still_change_in_the_same_moment_is_not_kept(reading, logs):
    for _ in range(2):
        _, opened = reading.rows(logs, cache=lambda: reading.cache(now=time.time_ns))

        assert len(opened) == 3


def test_file_that_could_change_without_another_state_before_it_was_read_is_not_kept(reading, logs):
    """Reading may take longer than such a change stays possible."""
    now = [time.time_ns()]
    rows = reading.scan(logs, cache=lambda: reading.cache(now=lambda: now[0])).rows_as(packed_row)
    next(rows)
    now[0] += HOUR
    list(rows)

    _, opened = reading.rows(logs)

    assert len(opened) == 3


def test_file_that_changes_while_it_is_read_is_not_kept(reading, logs):
    rows = reading.scan(logs).rows_as(packed_row)
    next(rows)
    (logs / "a.json.gz").write_bytes(packed(*numbered(5)[3:]))
    list(rows)

    _, opened = reading.rows(logs)

    assert opened == ["a.json.gz"]


def test_unreadable_file_is_read_again(reading, logs):
    (logs / "b.json.gz").write_bytes(b"\x1f\x8b nothing")
    first, _ = reading.rows(logs)
    again, opened = reading.rows(logs)

    assert opened == ["b.json.gz"]
    assert again == first
    assert "1 unreadable" in again[2]


def test_rejects_duplicates_and_lookalikes_are_told_again(reading, logs):
    record = numbered(1)[0]
    rejected = [record | {"eventID": f"{at:08x}-2222-4000-8000-000000000000", "eventTime": "?"} for at in range(3)]
    lookalike = record | {"eventSource": "polly-runtime.amazonaws.com"}
    (logs / "d.json").write_bytes(packed(record, record, *rejected, lookalike))

    first, _ = reading.rows(logs)
    again, opened = reading.rows(logs)

    assert opened == []
    assert again == first == answer(_plain(logs))
    assert len(again[1]) == 3
    assert again[3] == {"polly-runtime.amazonaws.com": 1}


def test_names_that_are_no_unicode_are_told_again(reading, logs):
    lookalike = numbered(1)[0] | {"eventSource": "polly-\ud800.amazonaws.com"}
    (logs / "d.json").write_bytes(packed(lookalike))

    first, _ = reading.rows(logs)
    again, opened = reading.rows(logs)

    assert opened == ["d.json"]
    assert again == first == answer(_plain(logs))
    assert again[3] == {"polly-\ud800.amazonaws.com": 1}


def test_same_file_by_another_name_has_that_name_in_its_rows(reading, logs, monkeypatch):
    reading.rows(logs)
    monkeypatch.chdir(logs)

    (rows, _, _, _), _ = reading.rows("a.json.gz")

    assert [row["logFile"] for row in rows] == ["a.json.gz"]


def test_links_standard_input_and_devices_are_not_kept(reading, logs):
    (logs / "link.json").symlink_to(logs.parent / "elsewhere.json")
    (logs.parent / "elsewhere.json").write_bytes(packed(*numbered(9)[7:8]))

    reading.rows(logs)
    _, opened = reading.rows(logs)

    assert opened == ["link.json"]


def test_only_the_user_may_read_the_cache(reading, logs):
    usual = os.umask(0)
    try:
        reading.rows(logs)
    finally:
        os.umask(usual)

    assert reading.folder.stat().st_mode & 0o777 == 0o700
    assert [file.stat().st_mode & 0o777 for file in reading.folder.iterdir()] == [0o600]


def test_what_others_could_write_is_not_believed(reading, logs):
    reading.rows(logs)
    reading.folder.chmod(0o777)
    (reading.folder / NAME).chmod(0o666)

    _, opened = reading.rows(logs)

    assert len(opened) == 3
    assert reading.folder.stat().st_mode & 0o777 == 0o700
    assert (reading.folder / NAME).stat().st_mode & 0o777 == 0o600


def _forged(reading, folder, log_file):
    """A cache that says of one log file, in its present state, that nothing is in it."""
    cache = reading.cache(folder=folder)
    cache.note(str(log_file), cache.state_of(log_file), Part([], ["forged"], {"files": 1}, {}))
    cache.finish()
    cache.flush()
    cache.close()
    return folder / NAME


def _put_journal(forged, target):
    """Puts a journal there from which SQLite would restore what is forged."""
    with closing(sqlite3.connect(forged, isolation_level=None)) as database:
        database.execute("PRAGMA synchronous = OFF")
        database.execute("BEGIN")
        database.execute("DELETE FROM files")
        database.execute("DROP TABLE files")
        shutil.copy(f"{forged}-journal", target)


def _put_wal(forged, target):
    """Puts a write-ahead log there with what is forged."""
    copy = shutil.copy(target / NAME, forged.parent / "copy")
    with closing(sqlite3.connect(copy, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = wal")
        database.execute("ATTACH ? AS forged", (str(forged),))
        database.execute("REPLACE INTO files SELECT * FROM forged.files")
        shutil.copy(f"{copy}-wal", target / f"{NAME}-wal")


@pytest.mark.parametrize("put", [_put_journal, _put_wal])
def test_journal_that_others_could_put_there_is_not_believed(reading, logs, tmp_path, put):
    first, _ = reading.rows(logs)
    put(_forged(reading, tmp_path / "forged", logs / "a.json.gz"), reading.folder)
    reading.folder.chmod(0o777)

    again, opened = reading.rows(logs)

    assert len(opened) == 3
    assert again == first


def _damaged(file):
    content = bytearray(file.read_bytes())
    for at in random.Random(1).sample(range(len(content)), len(content) // 20):
        content[at] ^= 0xFF
    file.write_bytes(content)


def _changed_row(file):
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE files SET content = CAST(replace(CAST(content AS TEXT), 'polly', 'milly') AS BLOB)")


def _changed_to_text(file):
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE files SET content = CAST(content AS TEXT), day = 'x'")


def _with_trigger(file):
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TRIGGER other AFTER INSERT ON files BEGIN DELETE FROM files; END")


def _of_another_program(file):
    file.unlink()
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE files (path)")


WRONG = {
    "text": lambda file: file.write_text("nothing of this kind"),
    "cut": lambda file: os.truncate(file, 5000),
    "damaged": _damaged,
    "changed": _changed_row,
    "changed to text": _changed_to_text,
    "with a trigger": _with_trigger,
    "of another program": _of_another_program,
    "empty": lambda file: os.truncate(file, 0),
}


@pytest.mark.parametrize("harm", WRONG.values(), ids=WRONG)
def test_damaged_or_foreign_file_is_thrown_away_and_not_believed(reading, logs, harm):
    expected, _ = reading.rows(logs)
    harm(reading.folder / NAME)

    found, _ = reading.rows(logs)
    reading.rows(logs)
    again, opened = reading.rows(logs)

    assert found == again == expected
    assert opened == []  # a new file has been begun


@pytest.mark.parametrize("trouble", ["link", "folder", "locked", "file in its place", "read-only"])
def test_cache_that_cannot_be_used_is_no_error(reading, logs, tmp_path, trouble):
    expected = answer(_plain(logs))
    file = reading.folder / NAME
    if trouble == "file in its place":
        (tmp_path / "cache").write_text("a file")
    else:
        reading.folder.mkdir(parents=True)
    if trouble == "link":
        (tmp_path / "precious").write_text("precious")
        file.symlink_to(tmp_path / "precious")
    elif trouble == "folder":
        file.mkdir()
    elif trouble == "locked":
        locked(reading.folder)
    elif trouble == "read-only":
        reading.rows(logs)
        file.chmod(0o400)

    found, _ = reading.rows(logs)

    assert found == expected
    if trouble == "link":
        assert (tmp_path / "precious").read_text() == "precious"


def test_nothing_is_lost_if_another_process_holds_the_file(reading, logs):
    reading.rows(logs)
    (logs / "d.json").write_bytes(packed(*numbered(9)[5:7]))
    with closing(sqlite3.connect(reading.folder / NAME, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        found, _ = reading.rows(logs)
        other.execute("ROLLBACK")

    assert found == answer(_plain(logs))


def test_several_at_once_share_the_cache(reading, logs):
    for number in range(60):
        (logs / f"{number}.json").write_bytes(packed(*numbered(100)[number : number + 1]))
    expected, found = answer(_plain(logs)), []

    def ask():
        found.extend(answer(reading.scan(logs)) for _ in range(3))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [expected] * 12
    assert contents(reading.folder).files == 63


def test_what_was_not_used_for_the_longest_time_makes_room(reading, logs):

    def on_day(day, **options):
        return lambda: reading.cache(now=lambda: later() + day * 24 * HOUR, **options)

    for name, day in {"a": 0, "b": 1, "c": 3}.items():
        reading.rows(logs / f"{name}.json.gz", cache=on_day(day))
    reading.rows(logs / "a.json.gz", cache=on_day(2))
    size = sum(row[0] for row in sqlite3.connect(reading.folder / NAME).execute("SELECT size FROM files"))

    (logs / "d.json.gz").write_bytes(packed(*numbered(9)[4:5]))
    reading.rows(logs / "d.json.gz", cache=on_day(4, most=size))

    found = {name: reading.rows(logs / f"{name}.json.gz")[1] for name in "abcd"}
    opened = [name for names in found.values() for name in names]
    assert opened == ["b.json.gz"]


def test_what_has_no_room_today_is_read_again_and_not_exchanged(reading, logs):
    reading.rows(logs / "a.json.gz")
    small = {"most": 2500}  # a little more than one of the files takes

    first, _ = reading.rows(logs, cache=lambda: reading.cache(**small))
    again, opened = reading.rows(logs, cache=lambda: reading.cache(**small))

    assert again == first
    assert "a.json.gz" not in opened


def test_rows_of_a_file_that_would_fill_memory_are_not_kept(reading, logs, monkeypatch):
    monkeypatch.setattr("aitrail.questions.scan_cache._MOST_BYTES_OF_A_FILE", 20_000)
    (logs / "d.json").write_bytes(packed(*numbered(300)))

    first, _ = reading.rows(logs)
    again, opened = reading.rows(logs)

    assert opened == ["d.json"]
    assert again == first == answer(_plain(logs))


def test_processes_that_read_fill_the_cache_as_well(reading, logs):
    for number in range(40):
        (logs / f"{number}.json").write_bytes(packed(*numbered(100)[number : number + 1]))
    expected = answer(_plain(logs))

    first, _ = reading.rows(logs, jobs=2, alone=0)
    again, opened = reading.rows(logs, jobs=2, alone=0)

    assert first == again == expected
    assert opened == []
    assert contents(reading.folder).files == 43


OPERATIONS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from("abcdef"), st.integers(0, 5)),
    st.tuples(st.sampled_from(["remove", "touch", "damage", "move"]), st.sampled_from("abcdef"), st.integers(0, 5)),
    st.tuples(st.just("ask"), st.sampled_from(["rows", "usage", "who"]), st.integers(0, 5)),
)
_numbers = count()


def _change(folder, what, name, number):
    file = folder / f"{name}.json"
    if what == "write":
        records = numbered(12)[number : 2 * number]
        late = [record_of_call(("polly", "ListLexicons", None), eventID="x", eventTime="?")] if number == 4 else []
        file.write_bytes(packed(*records, *late))
    elif file.exists() and what == "remove":
        file.unlink()
    elif file.exists() and what == "touch":
        os.utime(file)
    elif file.exists() and what == "damage":
        os.truncate(file, file.stat().st_size // 2)
    elif file.exists() and what == "move":
        file.rename(folder / f"{'abcdef'[number]}.json")


def _asked(scan, how):
    store = EventStore(LogFileRows(scan), now=lambda: ALWAYS.until)
    question = {"since": ALWAYS.since, "until": ALWAYS.until}
    if how == "rows":
        return list(store.events(**question)), scan.reports, scan.summary()
    if how == "usage":
        return list(store.usage(by=["principal", "day"], report=str, **question)), scan.reports, scan.summary()
    return list(store.who("*", **question)), scan.reports, scan.summary()


@pytest.mark.slow
@LAW
@given(operations=st.lists(OPERATIONS, min_size=3, max_size=25))
def test_answers_are_the_same_without_the_cache_whatever_changes_between_questions(reading, tmp_path, operations):
    folder = tmp_path / str(next(_numbers))
    folder.mkdir()
    for what, name, number in [*operations, ("ask", "rows", 0), ("ask", "usage", 0)]:
        if what == "ask":
            assert _asked(reading.scan(folder), name) == _asked(_plain(folder), name)
        else:
            _change(folder, what, name, number)

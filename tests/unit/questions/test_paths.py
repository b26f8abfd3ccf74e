"""The log files that paths name, among all files that may be in a folder."""

import contextlib
import os
import sys
from collections import Counter
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.deliveries import Kind, kind_of
from aitrail.questions.paths import ENDINGS, log_files
from tests.shared.folders import locked, put
from tests.shared.fuzzing import law

DAY = "2026/03/14"
NAME = "111122223333_{}_eu-west-1_20260314T0925Z_Zr5tYh2kQw8eLp0N.json.gz"
ACCOUNT = "AWSLogs/111122223333"


@pytest.fixture
def found(tmp_path):
    """The findings for these paths: log files, counts of files left out, and unreadable files, as texts."""

    def found(*paths):
        left_out, unreadable = Counter(), []
        files = log_files(
            map(str, paths), left_out=left_out, unreadable=lambda path, error: unreadable.append((path, error.strerror))
        )
        return [os.path.relpath(path, tmp_path) for path in files], dict(left_out), unreadable

    return found


def test_folder_gives_its_log_files_at_any_depth_in_the_order_of_names(found, tmp_path):
    put(tmp_path, "b/2.json", "b/10.json.gz", "c.json", "a/z/y/x.json", "a.json", "b/1/1.json", "B.json")

    files, left_out, unreadable = found(tmp_path)

    assert files == ["B.json", "a/z/y/x.json", "a.json", "b/1/1.json", "b/10.json.gz", "b/2.json", "c.json"]
    assert (left_out, unreadable) == ({}, [])


def test_folder_may_be_deeper_than_the_stack_of_the_interpreter(found, tmp_path):
    deep = tmp_path
    for _ in range(400):
        deep /= "d"
        deep.mkdir()
    put(deep, "a.json")
    usual = sys.getrecursionlimit()

    sys.setrecursionlimit(300)
    try:
        files, _, unreadable = found(tmp_path)
    finally:
        sys.setrecursionlimit(usual)

    assert (files, unreadable) == ([str((deep / "a.json").relative_to(tmp_path))], [])


BESIDE = {
    "digest": (f"{ACCOUNT}/CloudTrail-Digest/eu-west-1/{DAY}/{NAME.format('CloudTrail-Digest')}", "digest"),
    "digest, decompressed": (f"{ACCOUNT}/CloudTrail-Digest/eu-west-1/{DAY}/digest.json", "digest"),
    "digest, copied without the account": ("CloudTrail-Digest/eu-west-1/2026/digest.json.gz", "digest"),
    "digest, copied without folders": (NAME.format("CloudTrail-Digest"), "digest"),
    "insight": (f"{ACCOUNT}/CloudTrail-Insight/eu-west-1/{DAY}/{NAME.format('CloudTrail-Insight')}", "insight"),
    "insight, copied without folders": (NAME.format("CloudTrail-Insight"), "insight"),
    "aggregated": (f"{ACCOUNT}/CloudTrail-Aggregated/eu-west-1/{DAY}/a.json.gz", "aggregated"),
    "aggregated, copied without the account": ("logs/CloudTrail-Aggregated/a.json.gz", "aggregated"),
    "config": (f"{ACCOUNT}/Config/eu-west-1/2026/3/14/ConfigHistory/a.json.gz", "config"),
}


@pytest.mark.parametrize(("name", "kind"), BESIDE.values(), ids=BESIDE)
def test_objects_that_hold_no_log_are_left_out_and_counted_by_kind(found, tmp_path, name, kind):
    put(tmp_path, name)

    assert found(tmp_path) == ([], {kind: 1}, [])
    assert found(tmp_path / name) == ([], {kind: 1}, [])


LOG_FILES = {
    "log file": f"{ACCOUNT}/CloudTrail/eu-west-1/{DAY}/{NAME.format('CloudTrail')}",
    "network activity": f"{ACCOUNT}/CloudTrail-NetworkActivity/eu-west-1/{DAY}/{NAME.format('CloudTrail')}",
    "copied without the account": f"CloudTrail/eu-west-1/{DAY}/{NAME.format('CloudTrail')}",
    "copied without folders": NAME.format("CloudTrail"),
    "below a folder that names another kind": f"CloudTrail-Digest/{ACCOUNT}/CloudTrail/eu-west-1/{DAY}/"
    + NAME.format("CloudTrail"),
    "decompressed": f"{ACCOUNT}/CloudTrail/eu-west-1/{DAY}/{NAME.format('CloudTrail').removesuffix('.gz')}",
}


@pytest.mark.parametrize("name", LOG_FILES.values(), ids=LOG_FILES)
def test_log_files_are_known_wherever_they_lie(found, tmp_path, name):
    put(tmp_path, name)

    assert found(tmp_path) == ([name], {}, [])
    assert found(tmp_path / name) == ([name], {}, [])


def test_kind_is_known_from_the_whole_path_however_it_is_named(found, tmp_path, monkeypatch):
    folder = tmp_path / ACCOUNT / "CloudTrail-Digest" / "eu-west-1" / DAY
    put(folder, "digest.json")
    monkeypatch.chdir(folder)

    assert found(".", "digest.json") == ([], {"digest": 1, "repeated": 1}, [])


def test_other_files_are_read_only_if_they_are_named(found, tmp_path):
    put(tmp_path, "README.md", "log.gz", "log.jsonl", "log.json.bak")

    assert found(tmp_path) == ([], {"other": 4}, [])
    assert found(tmp_path / "log.gz", tmp_path / "README.md") == (["log.gz", "README.md"], {}, [])


def test_only_a_dash_that_is_named_is_standard_input(found, tmp_path, monkeypatch):
    put(tmp_path, "-", "-.json")
    monkeypatch.chdir(tmp_path)

    assert found(".", "-") == (["-.json", "-"], {"other": 1}, [])


def test_every_file_is_given_once_however_often_it_is_named_or_symbolically_linked(found, tmp_path):
    put(tmp_path, "a/1.json", "b/2.json")
    (tmp_path / "a" / "soft.json").symlink_to("../b/2.json")

    files, left_out, unreadable = found(tmp_path / "b/2.json", tmp_path / "a", tmp_path, tmp_path / "b" / "2.json")

    assert files == ["b/2.json", "a/1.json"]
    assert (left_out, unreadable) == ({"repeated": 3}, [])


def test_copies_of_a_file_are_files_of_their_own(found, tmp_path):
    put(tmp_path, "a.json")
    (tmp_path / "b.json").hardlink_to(tmp_path / "a.json")

    assert found(tmp_path) == (["a.json", "b.json"], {}, [])


def test_links_are_followed_and_loops_end(found, tmp_path):
    put(tmp_path / "elsewhere", "a.json")
    logs = tmp_path / "logs"
    put(logs, "b/b.json")
    (logs / "link").symlink_to(tmp_path / "elsewhere")
    (logs / "b" / "loop").symlink_to(logs)
    (tmp_path / "elsewhere" / "self").symlink_to(".")
    (tmp_path / "entry").symlink_to("logs")

    files, left_out, unreadable = found(tmp_path / "entry")

    assert files == ["entry/b/b.json", "entry/link/a.json"]
    assert (left_out, unreadable) == ({"repeated": 2}, [])


def test_folder_that_cannot_be_listed_is_reported(found, tmp_path):
    put(tmp_path, "a/a.json", "b/b.json")
    locked(tmp_path / "a")

    result = found(tmp_path)

    (tmp_path / "a").chmod(0o700)
    assert result == (["b/b.json"], {}, [(str(tmp_path / "a"), "Permission denied")])


def _entries_as_pathlib_finds_them(paths, left_out, unreadable):
    """The slow twin: every path is looked at, and resolved."""
    pending = [(path, True) for path in reversed(tuple(dict.fromkeys(paths)))]
    seen = set()
    while pending:
        path, is_named = pending.pop()
        try:
            status = Path(path).stat()
            inside = sorted(Path(path).iterdir(), reverse=True) if S_ISDIR(status.st_mode) else []
        except OSError as error:
            unreadable(path, error)
            continue
        real = Path(path).resolve()
        if real in seen:
            left_out["repeated"] += 1
        elif S_ISDIR(status.st_mode):
            pending += [(str(child), False) for child in inside]
        elif is_named or S_ISREG(status.st_mode):
            kind = kind_of(Path(path).absolute().as_posix())
            if kind.ingested or (kind is Kind.OTHER and (is_named or path.endswith(ENDINGS))):
                yield path
            else:
                left_out[kind] += 1
        else:
            left_out[Kind.OTHER] += 1
        seen.add(real)


NAMES = st.sampled_from(["a", "b", "c.json", "d.json.gz", "e.txt", "-", "\udcff.json"])
PLACES = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
ENTRIES = st.tuples(PLACES, st.sampled_from(["file", "file", "pipe", "folder", "link", "link"]), PLACES)
NAMED = st.lists(
    st.one_of(PLACES.filter("-".__ne__), st.sampled_from([".", "./", "a/..", ".//a", "missing"])),
    min_size=1,
    max_size=3,
)


@law(300)
@given(st.lists(ENTRIES, max_size=12), NAMED, st.booleans())
def test_files_are_those_that_pathlib_finds(entries, named, is_absolute):
    with TemporaryDirectory() as folder, contextlib.chdir(folder):
        for place, kind, target in entries:
            with contextlib.suppress(OSError):
                _make(Path(place), kind, target)
        paths = [f"{folder}/{path}" for path in named] if is_absolute else named

        found, expected = (_findings(way, paths) for way in (_log_files, _entries_as_pathlib_finds_them))

    assert found == expected


def _make(path, kind, target):
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "file":
        path.touch()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(os.path.relpath(target, path.parent))


def _log_files(paths, left_out, unreadable):
    return log_files(paths, left_out=left_out, unreadable=unreadable)


def _findings(way, paths):
    left_out, unreadable = Counter(), []
    found = list(way(paths, left_out, lambda path, error: unreadable.append((path, error.errno))))
    return found, left_out, unreadable

"""The log files that paths name, among all files that may be in a folder."""

import os
import sys
from collections import Counter

import pytest

from aitrail.questions.paths import log_files
from tests.shared.folders import locked, put

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

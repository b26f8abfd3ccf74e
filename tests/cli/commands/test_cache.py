"""`aitrail cache`, and the option that does without it."""

import json
import os
import time
from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "aitrail"


def listed(aitrail):
    ended = aitrail("cache", "-o", "json")
    return json.loads(ended.stdout), ended.stderr


def test_nothing_is_kept_at_first(aitrail, folder):
    assert listed(aitrail) == ([], f"Nothing is kept in {folder}.\n")
    assert not folder.exists()


def test_what_is_kept_is_shown_and_cleared(aitrail, folder, log_file, record):
    path = log_file("a.json.gz", record(1))
    past = time.time_ns() - 3600 * 10**9
    os.utime(path, ns=(past, past))
    first = aitrail("events", "--from", path)
    (folder / "principals-0123456789abcdef.json").write_text("[]")
    (folder / "mine.txt").write_text("of the user")

    files, _ = listed(aitrail)
    cleared = aitrail("cache", "--clear")

    assert first.exit_code == cleared.exit_code == 0
    assert [(Path(each["file"]).name, each["bytes"] > 0) for each in files] == [
        ("log-files.sqlite", True),
        ("principals-0123456789abcdef.json", True),
    ]
    assert files[1]["holds"] == "principals for completion"
    assert cleared.stderr == f"{sum(each['bytes'] for each in files):,} bytes removed from {folder}.\n"
    assert [file.name for file in folder.iterdir()] == ["mine.txt"]


def test_without_the_cache_nothing_is_written(aitrail, folder, log_file, record):
    path = log_file("a.json.gz", record(1))

    shown = aitrail("events", "--from", path, "--no-cache")
    kept = aitrail("events", "--from", path)

    assert shown.stdout == kept.stdout != ""
    assert [file.name for file in folder.iterdir()] == ["log-files.sqlite"]
    assert listed(aitrail)[0][0]["holds"] == "rows of 0 log files"  # it is too new to be kept


def test_nothing_is_kept_of_standard_input(aitrail, folder, record):
    ended = aitrail("events", "--from", "-", "-o", "jsonl", input=json.dumps({"Records": [record(1)]}))

    assert ended.stdout.count("\n") == 1
    assert not folder.exists()

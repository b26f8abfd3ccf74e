"""The principals that completion offers: read in the background, kept privately, and never in the way."""

import json
import os
import stat
from datetime import datetime, timedelta
from pathlib import Path

import boto3
import pytest

from aitrail.cli.options import cache_folder, seen_principals
from aitrail.cli.options.offering import OFFERS
from aitrail.cli.options.seen_principals import SeenPrincipals, main, remember
from aitrail.dynamodb.tables import EVENTS
from aitrail.ingest import EventsTable
from aitrail.services import load
from tests.shared.deployed_tables import create_table

SETTINGS = {"stack": ["aitrail"], "profile": None, "region": ["eu-west-1"], "endpoint_url": None}


@pytest.fixture
def seen(tmp_path):
    """Those of the stack, and the list of what has been started."""
    started = []
    return SeenPrincipals(SETTINGS, tmp_path / "cache", start=started.append), started


def test_principals_of_the_table_are_known_the_next_time(seen, recorded, records):
    found, started = seen
    rows = recorded(*records.values())
    newest = datetime.fromisoformat(max(row["eventTime"] for row in rows))

    assert found.known() == []
    main(*started, now=lambda: newest + timedelta(hours=1))

    expected = {
        row["principal"] for row in rows if newest - datetime.fromisoformat(row["eventTime"]) < timedelta(days=6)
    }
    assert found.known() == sorted(expected) != []
    assert len(started) == 1


def test_principals_of_several_tables_are_known_together(tmp_path, recorded, record, stacks):
    (row,) = recorded(record())
    client = boto3.client("dynamodb")
    create_table(client, "audit-Events", EVENTS)
    stacks["audit"] = {"EventsTableName": "audit-Events"}
    other = row | {"eventID": "other", "principal": "role/auditor"}
    EventsTable(client, "audit-Events").write([other], time_left=lambda: 60.0)
    started = []
    found = SeenPrincipals(SETTINGS | {"stack": ["aitrail", "audit"]}, tmp_path / "cache", start=started.append)
    found.known()

    main(*started, now=lambda: datetime.fromisoformat(row["eventTime"]) + timedelta(hours=1))

    assert found.known() == ["role/auditor", row["principal"]]


def test_file_is_readable_only_for_its_user(tmp_path):
    file = tmp_path / "cache" / "principals.json"

    remember(file, ["user/alice", "role/a", "user/alice"])

    assert json.loads(file.read_text()) == ["role/a", "user/alice"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent)] == [0o600, 0o700]
    assert [path.name for path in file.parent.iterdir()] == ["principals.json"]


def test_principals_are_read_again_only_after_a_while(seen):
    found, started = seen
    remember(found.file, ["user/alice"])

    assert (found.known(), started) == (["user/alice"], [])
    os.utime(found.file, (0, 0))
    assert (found.known(), len(started)) == (["user/alice"], 1)


def test_a_table_that_cannot_be_reached_is_not_asked_at_every_tab(seen, stacks):
    found, started = seen
    stacks.refusal = ("AccessDenied", "no")
    found.known()

    with pytest.raises(Exception, match=r"."):
        main(*started)

    assert (found.known(), len(started)) == ([], 1)


def test_each_deployment_has_a_file_of_its_own(tmp_path, monkeypatch):
    def file(**changes):
        return SeenPrincipals(SETTINGS | changes, tmp_path, start=pytest.fail).file

    files = {
        file(),
        file(stack=["other"]),
        file(region=["us-east-1"]),
        file(stack=["aitrail", "other"]),
        file(profile="work"),
    }
    monkeypatch.setenv("AWS_PROFILE", "work")

    assert len(files | {file()}) == 6


HOSTILE = ["$(reboot)", "user/a b", "user/\x1b[2J", "user/`x`", "user/a\nb", "x" * 201]


def test_names_that_a_shell_may_take_for_something_else_are_never_offered(seen):
    found, _ = seen
    found.file.parent.mkdir()
    found.file.write_text(json.dumps([*HOSTILE, "sso/bob@example.com"]))

    assert found.known() == ["sso/bob@example.com"]


@pytest.mark.parametrize("content", [b"", b"{", b"7", b"[7]", b"\xff", b"[" * 100_000])
def test_a_file_that_is_damaged_offers_nothing_and_costs_no_other_offer(monkeypatch, tmp_path, content):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(seen_principals, "_start", lambda _: None)
    file = SeenPrincipals.of({}, load()).file
    file.parent.mkdir()
    file.write_bytes(content)

    class Context:
        params, meta = {}, {}

    assert "user/" in OFFERS["--principal"](Context, None, "us")


def test_an_offer_that_fails_is_empty(monkeypatch):
    def failing(*_):
        raise OSError("no such thing")

    monkeypatch.setattr("aitrail.aws.operations.find_spec", failing)

    assert OFFERS["--operation"](None, None, "") == OFFERS["--region"](None, None, "") == []


@pytest.mark.parametrize(("platform", "folder"), [("linux", ".cache"), ("darwin", "Library/Caches")])
def test_folder_is_the_platforms(monkeypatch, tmp_path, platform, folder):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr("sys.platform", platform)

    assert cache_folder() == tmp_path / folder / "aitrail"


def test_relative_folder_is_ignored(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "evidence")
    monkeypatch.setattr("sys.platform", "linux")

    assert cache_folder() == tmp_path / ".cache/aitrail"


def test_question_needs_no_home_folder(monkeypatch, aitrail, record, log_file):
    path = log_file("logs/a.json", record(1))
    expected = aitrail("usage", "--from", path, "--no-cache").stdout
    monkeypatch.delenv("XDG_CACHE_HOME")

    def unknown(_):
        raise RuntimeError("Could not determine home directory")

    for home in (unknown, lambda path: Path(*path.parts[1:])):
        monkeypatch.setattr("pathlib.Path.expanduser", home)

        assert aitrail("usage", "--from", path).stdout == expected
        cleared = aitrail("cache", "--clear")
        assert cleared.exit_code == 1
        assert "There is no folder in which anything is kept: " in cleared.stderr

"""`aitrail export`: its files, messages and exit codes."""

import json
import os
import pty
import re
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from aitrail.questions import EventStore, LogFileRows, Order
from aitrail.questions.export import FORMATS


@pytest.fixture
def logs(tmp_path, log_file, record):
    """A folder of log files with three calls on 2026-03-14 and the day before."""
    log_file("logs/one.json.gz", record(1), record(2, eventTime="2026-03-13T08:00:00Z"))
    log_file("logs/two.json", record(3))
    return tmp_path / "logs"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob("service=*/*/*"))


@pytest.mark.parametrize("format_", FORMATS)
def test_calls_of_log_files_are_exported(aitrail, logs, out, format_):
    ended = aitrail("export", out, "--from", logs, "--format", format_)

    assert (ended.exit_code, ended.stdout, ended.stderr) == (0, "", f"2 files written to {out} with 3 rows.\n")
    assert names(out) == [f"service=polly/eventDay=2026-03-{day}/events.{format_}" for day in (13, 14)]


def test_default_format_is_parquet_with_narrow_rows(aitrail, logs, out):
    aitrail("export", out, "--from", logs)

    table = pq.read_table(out / "service=polly/eventDay=2026-03-14/events.parquet", partitioning=None)
    assert table["eventID"].to_pylist() == [f"0000000{number}-0000-4000-8000-000000000000" for number in (1, 3)]
    assert "userAgent" not in table.column_names


def test_calls_of_the_table_are_exported_as_whole_rows(aitrail, recorded, record, out):
    yesterday = datetime.now(UTC).replace(hour=0, minute=0, second=0) - timedelta(days=1)
    moments = [(yesterday + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%SZ") for number in range(3)]
    rows = recorded(*(record(number, eventTime=moment) for number, moment in enumerate(moments)))

    ended = aitrail("export", out, "--format", "jsonl", "--whole")

    assert (ended.exit_code, ended.stderr) == (0, f"1 file written to {out} with 3 rows.\n")
    (name,) = names(out)
    assert name == f"service=polly/eventDay={yesterday.date()}/events.jsonl"
    lines = [json.loads(line) for line in (out / name).read_text().splitlines()]
    derived = {"characters": 18422, "amount": 18422, "unit": "characters", "source": "measured", "cost": 1.8422}
    assert lines == [row | derived for row in rows]


def test_filter_and_window_choose_what_is_exported(aitrail, logs, out):
    options = ("--service", "polly", "--since", "2026-03-14", "--until", "2026-03-14T00:00:02", "--format", "jsonl")

    ended = aitrail("export", out, "--from", logs, *options)

    assert ended.stderr == f"1 file written to {out} with 1 row.\n"
    assert names(out) == ["service=polly/eventDay=2026-03-14/events.jsonl"]


def test_costs_are_those_of_usage_and_files_and_notes_say_of_which_date(aitrail, logs, out):
    usual = json.loads(aitrail("usage", "--from", logs, "--cost", "-o", "json").stdout)
    aitrail("export", out, "--from", logs)

    (first, *_) = [json.loads(line) for line in (out / "_aitrail_export.notes").read_text().splitlines()]
    costs = [cost for path in out.glob("*/*/*") for cost in pq.read_table(path)["cost"].to_pylist()]
    assert sum(costs) == Decimal(str(sum(group["cost"] for group in usual))) == Decimal("5.5266")
    assert first["prices"] == "USD; lex unknown; personalize unknown; polly 2026-11; transcribe 2026-09-22"
    assert {pq.read_schema(path).metadata[b"aitrail.prices"].decode() for path in out.glob("*/*/*")} == {
        first["prices"]
    }


def test_prices_of_a_file_are_used(aitrail, logs, out, tmp_path):
    own = tmp_path / "prices.toml"
    own.write_text(
        'currency = "EUR"\ndate = "2027-01"\nregion = "eu-west-1"\nsource = "a contract"\n[usage.eu-west-1.polly]\n'
        'SynthesizeSpeechLongForm-Characters = { price = 1, per = 18422, unit = "Characters" }\n'
    )

    aitrail("export", out, "--from", logs, "--prices", own)

    costs = [cost for path in out.glob("*/*/*") for cost in pq.read_table(path)["cost"].to_pylist()]
    assert costs == [1, 1, 1]
    assert '"prices":"EUR; polly 2027-01"' in (out / "_aitrail_export.notes").read_text()


def test_events_of_ocsf_are_exported_as_lines(aitrail, logs, out):
    ended = aitrail("export", out, "--from", logs, "--schema", "ocsf", "--format", "jsonl")

    lines = [json.loads(line) for path in out.glob("*/*/*") for line in path.read_text().splitlines()]
    assert ended.stderr == f"2 files written to {out} with 3 rows.\n"
    assert {(event["class_uid"], event["type_uid"], event["unmapped"]["cost"]) for event in lines} == {
        (6003, 600301, 1.8422)
    }


@pytest.mark.parametrize("option", [["--whole"], ["--format", "csv"]], ids=" ".join)
def test_options_that_events_cannot_have_are_refused(aitrail, logs, out, option):
    ended = aitrail("export", out, "--from", logs, "--schema", "ocsf", *option)

    assert ended.exit_code == 2
    assert f"Error: {' '.join(option)} " in ended.stderr
    assert not out.exists()


def test_second_run_skips_what_is_complete(aitrail, logs, log_file, record, out):
    log_file("logs/three.json", record(4, eventTime="2026-03-15T00:00:00Z"))
    aitrail("export", out, "--from", logs, "--service", "polly")

    ended = aitrail("export", out, "--from", logs, "--service", "polly")

    assert ended.stderr == f"2 files written to {out} with 3 rows, 1 service-day skipped as complete.\n"


def test_force_exports_everything_again(aitrail, logs, out):
    window = ("--since", "2026-03-13", "--until", "2026-03-14", "--service", "polly")
    aitrail("export", out, "--from", logs, *window)

    ended = aitrail("export", out, "--from", logs, *window, "--force")

    assert ended.stderr == f"1 file written to {out} with 1 row.\n"


def test_another_export_into_the_same_folder_is_refused(aitrail, logs, out):
    aitrail("export", out, "--from", logs)

    ended = aitrail("export", out, "--from", logs, "--format", "csv")

    assert ended.exit_code == 2
    assert (
        f"Error: {out} holds parquet files of indexed columns of {logs}. This export would write csv files"
        in ended.stderr
    )
    assert "Choose another folder, or give --force" in ended.stderr


def test_folder_of_log_files_is_no_folder_to_export_to(aitrail, logs):
    ended = aitrail("export", logs, "--from", logs)

    assert ended.exit_code == 2
    assert f"{logs} contains files that are not part of an export" in ended.stderr


def test_nothing_to_export_is_told(aitrail, logs, out):
    ended = aitrail("export", out, "--from", logs, "--service", "lex")

    assert ended.exit_code == 0
    assert ended.stderr.startswith("No events with service lex ")
    assert names(out) == []


@pytest.fixture
def broken(log_file, record):
    """A broken log file in the same folder, and its intended content."""
    log_file("logs/much-later.json", record(5, eventTime="2026-03-20T00:00:00Z"))
    path = log_file("logs/three.json.gz", record(4))
    sound = path.read_bytes()
    path.write_bytes(sound[:-9])
    return path, sound


def test_unreadable_log_file_completes_nothing_until_it_can_be_read(aitrail, logs, out, broken):
    path, sound = broken
    command = ("export", out, "--from", logs, "--service", "polly", "--format", "jsonl")

    first = aitrail(*command)
    path.write_bytes(sound)
    second = aitrail(*command)

    assert first.exit_code == 4
    told = first.stderr.splitlines()
    assert told[0].startswith(f"{path}: unreadable: ")
    assert told[1:3] == [
        f"3 files written to {out} with 4 rows.",
        "Some log files could not be read: this export does not count as complete. Run the same command again.",
    ]
    assert "1 unreadable" in told[3]
    assert (second.exit_code, second.stderr) == (0, f"3 files written to {out} with 5 rows.\n")


def test_log_files_none_of_which_can_be_read_need_a_person(aitrail, log_file, out):
    log_file("logs/one.json.gz").write_bytes(b"x")

    ended = aitrail("export", out, "--from", out.parent / "logs")

    assert ended.exit_code == 4
    assert "No events " in ended.stderr
    assert "Some log files could not be read: this export does not count as complete" in ended.stderr


def test_file_that_would_have_fewer_rows_is_kept_unless_forced(aitrail, logs, out):
    command = ("export", out, "--from", logs, "--format", "jsonl", "--since", "2026-03-14")
    aitrail(*command)
    (logs / "two.json").unlink()

    kept = aitrail(*command)
    lines = (out / "service=polly/eventDay=2026-03-14/events.jsonl").read_text().splitlines()
    forced = aitrail(*command, "--force")

    assert kept.exit_code == 4
    assert kept.stderr == (
        f"0 files written to {out} with 0 rows, 1 file kept with more rows than now (--force replaces them).\n"
    )
    assert len(lines) == 2
    assert (forced.exit_code, forced.stderr) == (0, f"1 file written to {out} with 1 row.\n")


def test_log_files_of_another_folder_are_another_export(aitrail, logs, out, monkeypatch):
    monkeypatch.chdir(logs.parent)
    first = aitrail("export", out, "--from", "logs")
    (logs / "logs").mkdir()
    monkeypatch.chdir(logs)

    second = aitrail("export", out, "--from", "logs")

    assert (first.exit_code, second.exit_code) == (0, 2)
    assert (
        f"indexed columns of {logs}. This export would write parquet files of indexed columns of {logs}/logs."
        in second.stderr
    )


def test_python_goes_on_where_the_command_ended(aitrail, logs, log_file, record, out):
    log_file("logs/three.json", record(4, eventTime="2026-03-20T00:00:00Z"))
    aitrail("export", out, "--from", logs, "--service", "polly")

    exported = EventStore.read(logs).export(out, since="2026-03-13", until="2026-03-15", service="polly")

    assert (exported.complete, exported.files) == (2, 0)


def test_path_that_is_no_unicode_is_exported(aitrail, logs, out):
    odd = os.fsdecode(os.fsencode(logs) + b"\xff")
    logs.rename(odd)

    ended = aitrail("export", out, "--from", odd)

    assert (ended.exit_code, ended.stderr) == (0, f"2 files written to {out} with 3 rows.\n")


def test_file_in_the_place_of_the_folder_ends_with_an_error(aitrail, logs):
    ended = aitrail("export", logs / "two.json", "--from", logs)

    assert (ended.exit_code, ended.stderr) == (1, f"Error: {logs / 'two.json'} is a file: name a folder.\n")


def test_missing_pyarrow_ends_the_command_before_anything_is_read(aitrail, tmp_path, log_file, out, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    log_file("logs/unreadable.json.gz").write_bytes(b"x")

    ended = aitrail("export", out, "--from", tmp_path / "logs")

    assert ended.exit_code == 1
    assert ended.stderr.startswith("Error: Parquet files need pyarrow: install it (")
    assert ended.stderr.endswith("or choose --format csv or jsonl.\n")


def test_interrupted_command_leaves_no_partial_file_and_goes_on_later(aitrail, logs, out, monkeypatch):
    rows = LogFileRows.rows

    def interrupted(self, *question, order=Order.NEWEST_FIRST, **options):
        for count, row in enumerate(rows(self, *question, order=order, **options)):
            if order is Order.OLDEST_FIRST and count == 2:
                raise KeyboardInterrupt
            yield row

    with monkeypatch.context() as patched:
        patched.setattr(LogFileRows, "rows", interrupted)
        ended = aitrail("export", out, "--from", logs)

    assert ended.exit_code == 130
    assert names(out) == ["service=polly/eventDay=2026-03-13/events.parquet"]

    aitrail("export", out, "--from", logs)

    assert names(out) == [f"service=polly/eventDay=2026-03-{day}/events.parquet" for day in (13, 14)]


def test_progress_is_shown_on_a_terminal_only(program, logs, out):
    terminal, stderr = pty.openpty()
    process = program("export", out, "--from", logs, stderr=stderr, env=os.environ | {"TERM": "xterm"})
    os.close(stderr)
    shown = b""
    with (
        suppress(OSError),
        os.fdopen(terminal, "rb", buffering=0) as stream,
    ):  # raised by a terminal that no process uses
        while more := stream.read(10_000):
            shown += more
    stdout, _ = process.communicate(timeout=60)
    _, piped = program("export", out, "--from", logs, "--force").communicate(timeout=60)

    assert stdout == b""
    assert re.search(r"[a-z]+ [-0-9]+: \d+ row", shown.decode())
    assert "2 files written to" in shown.decode()
    assert piped.decode() == f"2 files written to {out} with 3 rows.\n"

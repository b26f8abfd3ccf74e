"""`aitrail report`: the file it writes, its JSON, its messages and exit codes."""

import json
import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import boto3
import pytest

from aitrail.dynamodb import to_item
from tests.shared.ledger_entries import digest_entry, file_entry
from tests.shared.metered_month import OWN, SPOKEN, CountedMetrics

NOW = datetime(2026, 3, 15, tzinfo=UTC)
DAY = ("--since", "2026-03-14", "--until", "2026-03-15")


@pytest.fixture
def aitrail(aitrail, tmp_path, monkeypatch):
    """The command at a fixed time, in a folder of its own."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return partial(aitrail, now=lambda: NOW)


@pytest.fixture
def logs(tmp_path, log_file, record):
    log_file("logs/one.json.gz", record(1), record(2), record(3, eventTime="2026-03-13T08:00:00Z"))
    return tmp_path / "logs"


def data_of(path):
    return json.loads(re.search(r'id="data">(.*?)</script>', path.read_text(), re.DOTALL)[1])


def test_the_page_is_written_and_says_what_made_it(aitrail, logs, tmp_path):
    ended = aitrail("report", "--from", logs, *DAY, "-o", tmp_path / "a.html", "--service", "polly")

    size = (tmp_path / "a.html").stat().st_size
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert ended.stderr == f"{tmp_path}/a.html has been written: 2 records, {size:,} bytes.\n"
    data = data_of(tmp_path / "a.html")
    assert data["command"] == f"aitrail report --from {logs} {' '.join(DAY)} -o {tmp_path}/a.html --service polly"
    assert (data["conditions"], data["eventOptions"]) == ({"service": ["polly"]}, f"--from {logs}")
    assert data["before"] == {
        "since": "2026-03-13T00:00:00Z",
        "until": "2026-03-14T00:00:00Z",
        "relation": "the day before",
    }
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a.html"]


def test_the_command_of_an_event_shows_it(aitrail, logs, record):
    aitrail("report", "--from", logs, *DAY, "-o", "a.html")

    options = data_of_here("a.html")["eventOptions"].split()
    ended = aitrail("event", record(1)["eventID"], *options, "-o", "json")

    assert record(1)["eventID"] in ended.stdout
    assert ended.exit_code == 0


def data_of_here(name):
    return data_of(Path(name))


def test_json_has_the_numbers_of_usage(aitrail, logs):
    ended = aitrail("report", "--from", logs, *DAY, "--json")

    found = json.loads(ended.stdout)
    usage = json.loads(aitrail("usage", "--from", logs, *DAY, "-o", "json").stdout)
    place = 1 + len(found["dimensions"]) + found["columns"].index("calls")
    assert sum(cell[place] for cell in found["cells"]) == usage[0]["calls"] == 2
    assert os.listdir() == []  # noqa: PTH208 (the current folder)


def test_a_window_without_calls_gives_a_page_that_says_so(aitrail, logs):
    ended = aitrail("report", "--from", logs, "--since", "2026-03-14T12:00")

    assert ended.exit_code == 0
    assert "No calls from 2026-03-14T12:00:00Z" in ended.stderr
    assert data_of_here("report.html")["records"] == 0


def test_an_existing_file_is_replaced_only_with_force(aitrail, logs):
    first = aitrail("report", "--from", logs, *DAY)
    again = aitrail("report", "--from", logs, *DAY)
    forced = aitrail("report", "--from", logs, *DAY, "--force")

    assert (first.exit_code, again.exit_code, forced.exit_code) == (0, 2, 0)
    assert "report.html exists: give another name (-o), or --force to replace it." in again.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "missing/a.html"], "missing is not a folder: create it, or give another name (-o)."),
        (["--json", "--open"], "--json writes no page: leave out -o, --force and --open."),
        (["--json", "-o", "a.html"], "--json writes no page: leave out -o, --force and --open."),
        (["-o", "."], "File '.' is a directory."),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_read(aitrail, logs, monkeypatch, arguments, message):
    monkeypatch.setattr("aitrail.report.report_of", None)

    ended = aitrail("report", "--from", logs, *arguments)

    assert ended.exit_code == 2
    assert message in ended.stderr


def test_a_folder_without_permission_is_refused(aitrail, logs, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)

    ended = aitrail("report", "--from", logs)

    assert (ended.exit_code, ended.stderr.splitlines()[-1]) == (
        2,
        "Error: . cannot be written to: give another name (-o).",
    )


def test_open_shows_the_page_in_a_browser(aitrail, logs, tmp_path, monkeypatch):
    launched = []
    monkeypatch.setattr("click.launch", launched.append)

    aitrail("report", "--from", logs, *DAY, "--open")

    assert launched == [(tmp_path / "work/report.html").as_uri()]


def test_files_that_cannot_be_read_are_noted_in_the_page(aitrail, logs):
    (logs / "broken.json").write_text("{")

    ended = aitrail("report", "--from", logs, *DAY)

    assert (ended.exit_code, "unreadable" in ended.stderr) == (0, True)
    assert "Some log files could not be read: calls may be missing." in data_of_here("report.html")["notes"]


@pytest.fixture
def entries(ledger, recorded, record):  # noqa: ARG001 (the table of the ledger)
    """A stack with a call, whose log file a digest has verified."""
    recorded(record(1))
    client = boto3.client("dynamodb")
    for entry in (file_entry("09:05", verifiedBy="s3://b/digest", written=1), digest_entry("10:00")):
        client.put_item(TableName="example-Files", Item=to_item(entry))


@pytest.mark.usefixtures("entries")
def test_the_page_of_a_stack_has_a_proof(aitrail):
    ended = aitrail("report", *DAY)

    assert ended.exit_code == 0, ended.stderr
    proof = data_of_here("report.html")["proof"]["stacks"]["aitrail in eu-west-1"]
    assert {name: proof[name] for name in ("delivered", "ingested", "verified", "rows", "digests")} == {
        "delivered": 1,
        "ingested": 1,
        "verified": 1,
        "rows": 1,
        "digests": 1,
    }


def test_without_proof_no_ledger_is_read(aitrail, recorded, record, stacks):
    recorded(record(1))

    ended = aitrail("report", *DAY, "--without-proof", "--json")

    assert ended.exit_code == 0
    assert json.loads(ended.stdout)["proof"] is None
    assert set(stacks.calls) == {"Query"}


@pytest.mark.usefixtures("entries")
def test_a_reader_without_permission_for_the_ledger_gets_a_page_that_proves_nothing(aitrail, stacks, monkeypatch):
    monkeypatch.setattr("aitrail.report.proof_of", lambda *_: boto3.client("dynamodb").list_tables())
    stacks.refusals["ListTables"] = ("AccessDeniedException", "no")

    ended = aitrail("report", *DAY)

    assert ended.exit_code == 0
    assert "The page does not say whether its numbers are complete: the stack aitrail in eu-west-1: " in ended.stderr
    assert data_of_here("report.html")["proof"]["stacks"] == {
        "aitrail in eu-west-1": {"unknown": "The ledger could not be read: there is no permission for it."}
    }


@pytest.fixture
def spoken(record, log_file, monkeypatch):
    """Two calls of Polly without characters, and what CloudWatch counts."""
    call = replace(SPOKEN, amount=2_000, at=datetime(2026, 3, 14, 9, tzinfo=UTC))
    monkeypatch.setattr("aitrail.cli.options.metrics.metrics_of", lambda _: CountedMetrics([call, call]))
    at = {"eventName": "SynthesizeSpeech", "eventTime": "2026-03-14T09:00:00Z", "awsRegion": "eu-central-1"}
    more = {"recipientAccountId": OWN, "requestParameters": {"engine": "neural"}, "responseElements": None}
    return log_file("metered/a.json", *(record(number, **at, **more) for number in range(2)))


def test_metrics_are_joined_to_the_calls_of_a_report(aitrail, spoken):
    ended = aitrail("report", "--json", "--metrics", "--from", spoken)

    found = json.loads(ended.stdout)
    assert ended.exit_code == 0
    place = 1 + len(found["dimensions"]) + found["columns"].index("charactersShared")
    assert sum(cell[place] for cell in found["cells"]) == 4_000
    assert list(found["metered"]["rules"]) == ["characters"]


def test_conditions_that_metrics_do_not_have_are_refused_with_metrics(aitrail, spoken, tmp_path):
    ended = aitrail("report", "--metrics", "--principal", "user/alice", "--from", spoken, "-o", tmp_path / "r.html")

    assert ended.exit_code == 2
    assert (
        "--metrics divides totals among all calls: leave out the condition on principal, and filter the page"
        in ended.stderr
    )

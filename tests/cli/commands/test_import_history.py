"""`aitrail import-history` with moto's DynamoDB and an Event history for each Region."""

import io
import json
import os
import pty
import re
import sys
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError

from aitrail.cli.views import import_progress
from aitrail.dynamodb.tables import FILES
from aitrail.questions import TableRows
from tests.shared.deployed_tables import create_table
from tests.shared.event_histories import History

REFUSED = {
    "Error": {"Code": "AccessDeniedException", "Message": "cloudtrail:LookupEvents is denied by a policy"},
    "ResponseMetadata": {"HTTPStatusCode": 400},
}
IDENTITY = (
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account>"
    "</GetCallerIdentityResult></GetCallerIdentityResponse>"
)


class Cloud:
    """The account 111122223333 with an Event history in each of its Regions; `keys` has the callers' access keys."""

    def __init__(self):
        self.histories = {"eu-west-1": History(), "us-east-1": History()}
        self.keys = {}

    def caller(self, request):
        self._note("GetCallerIdentity", request)
        return IDENTITY

    def regions(self, request):
        self._note("DescribeRegions", request)
        items = "".join(f"<item><regionName>{name}</regionName></item>" for name in self.histories)
        return f"<DescribeRegionsResponse><regionInfo>{items}</regionInfo></DescribeRegionsResponse>"

    def lookup(self, request):
        self._note("LookupEvents", request)
        region = urlsplit(request.url).netloc.split(".")[1]
        question = json.loads(request.body)
        moments = {name: datetime.fromtimestamp(question[name], UTC) for name in ("StartTime", "EndTime")}
        answer = self.histories[region].lookup_events(**question | moments)
        answer["Events"] = [event | {"EventTime": event["EventTime"].timestamp()} for event in answer["Events"]]
        return json.dumps(answer)

    def _note(self, operation, request):
        self.keys[operation] = request.headers["Authorization"].decode().partition("Credential=")[2].split("/")[0]


@pytest.fixture
def rows(table, stacks):  # noqa: ARG001 (the stack and its credentials)
    """Returns the rows of the stack's events table; the stack also has a ledger."""
    client = boto3.client("dynamodb")
    create_table(client, "example-Files", FILES)
    stacks["aitrail"] |= {"FilesTableName": "example-Files", "RowRetentionDays": "none"}
    return TableRows(client, "example-Events")


@pytest.fixture
def cloud(rows, stacks):  # noqa: ARG001 (the tables)
    cloud = Cloud()
    stacks.answers |= {
        "GetCallerIdentity": cloud.caller,
        "DescribeRegions": cloud.regions,
        "LookupEvents": cloud.lookup,
    }
    return cloud


@pytest.fixture
def member(monkeypatch, tmp_path):
    """A profile named `member` for another account."""
    (tmp_path / "credentials").write_text("[member]\naws_access_key_id = AKIAMEMBER\naws_secret_access_key = example\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.fixture
def import_history(aitrail):
    """Runs the command without waiting."""
    return lambda *arguments: aitrail("import-history", *arguments, sleep=lambda _: None)


@pytest.fixture
def call(record):
    """Makes a record of a call some hours ago."""

    def call(number, *, hours=2.0, **changes):
        moment = datetime.now(UTC) - timedelta(hours=hours)
        return record(number, eventTime=moment.strftime("%Y-%m-%dT%H:%M:%SZ"), **changes)

    return call


def refuse(_question):
    raise ClientError(REFUSED, "LookupEvents")


def summary(region, **counts):
    zeros = dict.fromkeys(("events", "written", "alreadyThere", "rejected", "expired", "unwanted"), 0)
    return {"region": region, **zeros, **counts}


def test_all_enabled_regions_of_the_account_are_imported(import_history, cloud, rows, call):
    cloud.histories["eu-west-1"] = History(call(1), call(2, hours=89 * 24))
    cloud.histories["us-east-1"] = History(call(3), call(4))
    cloud.histories["us-east-1"].events[1]["CloudTrailEvent"] = "{"

    ended = import_history("-o", "json")

    assert ended.exit_code == 0
    assert json.loads(ended.stdout) == [
        summary("eu-west-1", events=2, written=2),
        summary("us-east-1", events=2, written=1, rejected=1),
    ]
    first, second = ended.stderr.splitlines()
    assert re.fullmatch(
        r"Importing the Event history of account 111122223333 from \S+Z until \S+Z from 2 Regions into the stack "
        r"aitrail in eu-west-1\.",
        first,
    )
    assert second == "1 record could not become rows: `aitrail rejects` lists them."
    assert rows.imported_rows() == 3


def test_rejects_of_event_history_are_listed_without_a_position(aitrail, import_history, cloud, call):
    cloud.histories["eu-west-1"] = History(call(7))
    cloud.histories["eu-west-1"].events[0]["CloudTrailEvent"] = "{"
    import_history()

    shown = aitrail("rejects", "-o", "csv").stdout.splitlines()
    (whole,) = map(json.loads, aitrail("rejects", "-o", "jsonl").stdout.splitlines())

    origin = "event-history://111122223333/eu-west-1"
    assert shown[1:] == [
        f"CloudTrailEvent is not a JSON object,polly.amazonaws.com,StartSpeechSynthesisTask,,{origin}",
    ]
    assert whole["entry"] == f"reject#{call(7)['eventID']}"
    assert json.loads(whole["record"])["CloudTrailEvent"] == "{"


def test_line_for_each_region_has_a_total_in_tables_alone(import_history, cloud, call):
    cloud.histories["eu-west-1"] = History(call(1))

    shown = import_history("-o", "table").stdout.splitlines()
    lines = import_history("-o", "csv").stdout.splitlines()

    assert [line.split() for line in shown] == [
        ["region", "events", "written", "alreadyThere", "rejected", "expired"],
        ["eu-west-1", "1", "1", "0", "0", "0"],
        ["us-east-1", "0", "0", "0", "0", "0"],
        ["total", "1", "1", "0", "0", "0"],
    ]
    assert lines == [
        "region,events,written,alreadyThere,rejected,expired,unwanted,problem",
        "eu-west-1,0,0,0,0,0,0,",
        "us-east-1,0,0,0,0,0,0,",
    ]


def test_named_regions_are_asked_each_once_and_no_list_of_them(import_history, cloud, stacks, call):
    cloud.histories["eu-north-1"] = History(call(1))

    ended = import_history("--in-region", "eu-north-1", "--in-region", "eu-north-1", "-o", "json")

    assert [row["region"] for row in json.loads(ended.stdout)] == ["eu-north-1"]
    assert "DescribeRegions" not in stacks.calls


def test_window_is_what_is_asked_for(import_history, cloud):
    import_history("--in-region", "eu-west-1", "--since", "2d", "--until", "1d")

    ((start, end),) = {(asked["StartTime"], asked["EndTime"]) for asked in cloud.histories["eu-west-1"].asked}
    assert end - start == timedelta(days=1, seconds=-1)


def test_what_is_older_than_ninety_days_is_told_not_to_be_there(import_history, cloud):
    ended = import_history("--in-region", "eu-west-1", "--since", "400d")

    assert re.match(
        r"CloudTrail's Event history reaches back 90 days, to \S+Z: older events are not available\.\n", ended.stderr
    )
    ((start, end),) = {(asked["StartTime"], asked["EndTime"]) for asked in cloud.histories["eu-west-1"].asked}
    assert end - start == timedelta(days=90, seconds=-1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--since", "200d", "--until", "100d"], "reaches back 90 days"),
        (["--since", "1d", "--until", "2d"], "The window is empty"),
    ],
    ids=["too old", "empty"],
)
def test_window_without_anything_is_wrong_and_nothing_is_asked(import_history, cloud, stacks, arguments, message):
    ended = import_history(*arguments)

    assert (ended.exit_code, ended.stdout, stacks.calls.count("LookupEvents")) == (2, "", 0)
    assert message in ended.stderr
    assert cloud.keys == {}


@pytest.mark.usefixtures("member")
def test_history_of_another_account_goes_into_the_same_table(import_history, cloud, rows, call):
    cloud.histories["us-east-1"] = History(call(1))

    import_history("--history-profile", "member")

    assert cloud.keys == dict.fromkeys(("GetCallerIdentity", "DescribeRegions", "LookupEvents"), "AKIAMEMBER")
    assert rows.imported_rows() == 1


def test_rows_expire_as_the_deployment_says(import_history, cloud, rows, stacks, call):
    stacks["aitrail"]["RowRetentionDays"] = "30"
    cloud.histories["eu-west-1"] = History(call(1), call(2, hours=31 * 24))

    ended = import_history("-o", "json")

    assert json.loads(ended.stdout)[0] == summary("eu-west-1", events=2, written=1, expired=1)
    called = datetime.fromisoformat(call(1)["eventTime"])
    assert abs(rows.row(call(1)["eventID"])["expiresAt"] - (called + timedelta(days=30)).timestamp()) < 60


def test_region_that_refuses_is_named_and_the_exit_code_is_4(import_history, cloud, rows, call):
    cloud.histories |= {
        "af-south-1": History(meanwhile=refuse),
        "eu-west-1": History(call(1)),
        "us-east-1": History(meanwhile=refuse),
    }

    ended = import_history("-o", "json")

    assert ended.exit_code == 4
    assert [row.get("problem", "")[-45:] for row in json.loads(ended.stdout)] == [
        "cloudtrail:LookupEvents is denied by a policy",
        "",
        "cloudtrail:LookupEvents is denied by a policy",
    ]
    _, named, advice = ended.stderr.splitlines()
    assert named.startswith("af-south-1, us-east-1: An error occurred (AccessDeniedException) ")
    assert "docs/operations.md (Permissions)" in named
    assert advice == "2 Regions could not be imported completely: run the same command to continue there."
    assert rows.imported_rows() == 1


def test_exit_code_is_3_where_no_region_can_be_asked(import_history, cloud):
    cloud.histories = {"eu-west-1": History(meanwhile=refuse)}

    ended = import_history("-o", "json")

    assert ended.exit_code == 3
    assert ended.stderr.endswith(
        "Error: No Region could be imported completely. After you have fixed that, run the same command to continue.\n"
    )


@pytest.mark.parametrize("operation", ["PutItem", "UpdateItem"])
def test_refusal_of_the_tables_ends_with_3_and_what_is_needed(import_history, cloud, stacks, call, operation):
    cloud.histories["eu-west-1"] = History(call(1))
    stacks.refusals[operation] = ("AccessDeniedException", "no")

    ended = import_history()

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert "docs/operations.md (Permissions)" in ended.stderr


@pytest.mark.usefixtures("cloud")
def test_account_that_does_not_tell_its_regions_is_helped_by_naming_them(import_history, stacks):
    def refuse(_request):
        raise ClientError({"Error": {"Code": "UnauthorizedOperation", "Message": "no"}}, "DescribeRegions")

    stacks.answers["DescribeRegions"] = refuse

    ended = import_history()

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert "Name Regions with --in-region, or allow ec2:DescribeRegions" in ended.stderr


def test_ctrl_c_ends_with_130_and_the_same_command_goes_on(import_history, cloud, rows, call):
    def interrupt(question):
        if "NextToken" in question:
            raise KeyboardInterrupt

    calls = [call(number, hours=2 + number) for number in range(6)]
    cloud.histories = {"eu-west-1": History(*calls, page=4, meanwhile=interrupt)}
    stopped = import_history()
    written = rows.imported_rows()
    cloud.histories = {"eu-west-1": History(*calls)}

    ended = import_history("-o", "json")

    assert (stopped.exit_code, stopped.stdout, written) == (130, "", 4)
    assert stopped.stderr.endswith("Stopped. Run the same command to continue.\n")
    assert json.loads(ended.stdout)[-1] == summary("eu-west-1", events=3, written=2, alreadyThere=1)
    assert rows.imported_rows() == 6


def test_nothing_found_and_nothing_asked_are_told_apart(import_history, cloud):
    window = ("--since", "2026-01-01", "--until", (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%d"))

    first, again, forced = (import_history(*window, *more).stderr for more in ((), (), ("--force",)))

    assert first.endswith("\nThe history has no events of the recorded services.\n")
    assert again.endswith("\nAll of this has been imported before: --force imports it again.\n")
    assert forced.endswith("\nThe history has no events of the recorded services.\n")
    assert len(cloud.histories["eu-west-1"].asked) == 2 * 18


def test_dry_run_shows_what_is_left_and_asks_and_writes_nothing(import_history, cloud, rows, stacks, call):
    cloud.histories = {"eu-north-1": History(call(1)), "us-east-1": History(call(2))}
    three, two, one = ((datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%d") for days in (3, 2, 1))
    window = ("--since", three, "--until", one)
    imported = ("--in-region", "eu-north-1", "--since", two, "--until", one)
    import_history(*imported)
    stacks.calls.clear()

    ended = import_history(*window, "--dry-run")
    nothing = import_history(*imported, "--dry-run")

    found = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(row["region"], row["eventSources"]) for row in found] == [("eu-north-1", 18), ("us-east-1", 18)]
    midnight = "T00:00:00Z"
    assert [(row["since"], row["until"]) for row in found] == [
        (f"{three}{midnight}", f"{two}{midnight}"),
        (f"{three}{midnight}", f"{one}{midnight}"),
    ]
    assert ended.stderr.startswith("This would import the Event history of account 111122223333 from ")
    assert (nothing.exit_code, nothing.stdout, rows.imported_rows()) == (0, "", 0)
    assert nothing.stderr.endswith("\nAll of this has been imported before: --force imports it again.\n")
    assert not {"LookupEvents", "PutItem", "UpdateItem", "BatchWriteItem"} & set(stacks.calls)


def test_progress_is_shown_on_a_terminal_only(monkeypatch):
    terminal, other = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with os.fdopen(other, "w") as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)

        with import_progress(36) as report:
            report(1200, 0)
            report(0, 36)

    with os.fdopen(terminal, "rb", buffering=0) as stream:
        shown = b"".join(iter(lambda: _read(stream), b"")).decode()
    piped = io.StringIO()
    monkeypatch.setattr(sys, "stderr", piped)
    with import_progress(36) as report:
        report(1200, 36)

    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)
    assert re.search(r"1,200 events, [0-9,]+/s, event sources of Regions", plain)
    assert piped.getvalue() == ""


def _read(terminal):
    try:
        return terminal.read(10_000)
    except OSError:  # on Linux, once the other side is closed
        return b""


def test_imported_row_has_no_log_file_to_read_again(aitrail, import_history, cloud, call):
    cloud.histories["eu-west-1"] = History(call(7))
    import_history()

    source = aitrail("event", call(7)["eventID"], "--source")
    shown = aitrail("event", call(7)["eventID"], "-o", "table")
    listed = aitrail("events", "--columns", "eventID,logFile,importedFrom", "-o", "csv")

    assert (source.exit_code, source.stdout) == (4, "")
    assert source.stderr == (
        "This row has no log file: it was imported from CloudTrail's Event history, and no log file has delivered "
        "the event since. --raw shows the record.\n"
    )
    assert re.search(r"^  importedFrom +event-history$", shown.stdout, re.MULTILINE)
    assert listed.stdout.splitlines()[1:] == [f"{call(7)['eventID']},,event-history"]


def test_imported_rows_are_redacted_with_the_key_of_the_stack(import_history, cloud, rows, call, redaction):
    lex = {"eventSource": "lex.amazonaws.com", "requestParameters": {"botId": "BOT", "text": "Ada Lovelace"}}
    cloud.histories["eu-west-1"] = History(call(1, **lex))

    assert import_history().exit_code == 0

    (row,) = rows.whole([{"eventID": "00000001-0000-4000-8000-000000000000"}])
    assert row["requestParameters"]["text"] == redaction.mark("Ada Lovelace")


@pytest.mark.usefixtures("redaction")
def test_without_the_key_nothing_that_has_to_be_redacted_is_imported(import_history, cloud, rows, call, stacks):
    lex = {"eventSource": "lex.amazonaws.com", "requestParameters": {"botId": "BOT", "text": "Ada Lovelace"}}
    cloud.histories["eu-west-1"] = History(call(1, **lex))
    stacks.refusals["GetSecretValue"] = ("AccessDeniedException", "no")

    ended = import_history()

    assert ended.exit_code == 3
    assert "secretsmanager:GetSecretValue" in ended.stderr
    assert rows.imported_rows() == 0

"""`aitrail retry` with moto's SQS and DynamoDB."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.shared.deployed_stack import BUCKET, key

STACK = "the stack aitrail in eu-west-1"
NOTHING = f"No file is unreadable, missing, invalid or unverifiable in {STACK}."


def name(number, **where):
    return f"s3://{BUCKET}/{key(number, **where)}"


@pytest.fixture
def dead_letter(deployed, stacks):
    """Puts a dead letter that announces a log file; SQS does not support moving it."""
    stacks.refusals["StartMessageMoveTask"] = ("InvalidAction", "The action StartMessageMoveTask is not valid.")

    def dead_letter(number):
        body = json.dumps({"s3Bucket": BUCKET, "s3ObjectKey": [key(number)]})
        deployed.sqs.send_message(QueueUrl=deployed.letters, MessageBody=body)

    return dead_letter


@pytest.mark.usefixtures("deployed")
def test_nothing_to_retry_is_fine_and_told(aitrail):
    ended = aitrail("retry", "-o", "table")

    assert (ended.exit_code, ended.stdout) == (0, "")
    assert ended.stderr == f"No dead letters.\n{NOTHING}\n"


def test_what_failed_is_announced_again_by_force_with_its_reason(aitrail, deployed):
    deployed.record(key(1), "unreadable", reason="no gzip")
    deployed.record(key(2), "missing", reason="NoSuchKey")
    deployed.record(key(3))

    ended = aitrail("retry", "-o", "csv")

    assert (ended.exit_code, ended.stdout.splitlines()) == (
        0,
        ["problem,reason,logFile", f"unreadable,no gzip,{name(1)}", f"missing,NoSuchKey,{name(2)}"],
    )
    assert ended.stderr == "No dead letters.\n2 files queued (1 unreadable, 1 missing).\n"
    assert deployed.bodies() == [{"s3Bucket": BUCKET, "s3ObjectKey": [key(1), key(2)], "force": True}]


def test_dead_letters_go_back(aitrail, deployed, dead_letter):
    dead_letter(1)
    dead_letter(2)

    ended = aitrail("retry")

    assert ended.stderr == f"2 dead letters moved back to the queues.\n{NOTHING}\n"
    assert (deployed.announced(), deployed.announced(deployed.letters)) == ([key(1), key(2)], [])


def test_sqs_moves_dead_letters_by_itself_where_it_can(aitrail, deployed, dead_letter, stacks):
    dead_letter(1)
    del stacks.refusals["StartMessageMoveTask"]
    stacks.answers["StartMessageMoveTask"] = lambda _request: '{"TaskHandle": "x"}'

    ended = aitrail("retry")

    assert ended.stderr == (f"SQS is moving about 1 dead letter back to the queues.\n{NOTHING}\n")
    assert deployed.announced() == []


def test_task_that_runs_already_holds_up_nothing_else(aitrail, deployed, dead_letter, stacks):
    dead_letter(1)
    deployed.record(key(2), "unreadable")
    stacks.refusals["StartMessageMoveTask"] = ("InvalidParameterValue", "There is already a task running.")

    ended = aitrail("retry")

    assert ended.exit_code == 0
    assert ended.stderr == (
        "SQS is already moving the dead letters (There is already a task running.). Wait until it is done: `aitrail "
        "retry --dry-run` shows how many are left.\n"
        "1 file queued (1 unreadable).\n"
    )
    assert deployed.announced() == [key(2)]


def test_dry_run_leaves_everything_as_it_is(aitrail, deployed, dead_letter, stacks):
    dead_letter(1)
    dead_letter(2)
    deployed.record(key(2), "unreadable", reason="no gzip")
    stacks.calls.clear()

    ended = aitrail("retry", "--dry-run")

    assert [json.loads(line) for line in ended.stdout.splitlines()] == [
        {"problem": "dead letter", "reason": None, "logFile": name(1)},
        {"problem": "dead letter", "reason": None, "logFile": name(2)},
        {"problem": "unreadable", "reason": "no gzip", "logFile": name(2)},
    ]
    assert ended.stderr == (
        "2 dead letters would be moved back to the queues.\n1 file would be queued (1 unreadable).\n"
    )
    assert set(stacks.calls) == {"GetQueueAttributes", "ReceiveMessage", "Query"}
    assert deployed.announced(deployed.letters) == [key(1), key(2)]


def test_dead_letters_that_announce_nothing_are_shown_with_the_reason(aitrail, deployed):
    for body in ("{}", '{"source": "aws.events", "detail-type": "Scheduled Event"}'):
        deployed.sqs.send_message(QueueUrl=deployed.letters, MessageBody=body)

    shown = [json.loads(line) for line in aitrail("retry", "--dry-run").stdout.splitlines()]

    assert [(row["problem"], row["reason"][:40], row["logFile"]) for row in shown] == [
        ("dead letter", "This message is not a notification of a ", None),
        ("dead letter", "it announces no log file", None),
    ]


def test_ten_of_many_dead_letters_are_looked_at(aitrail, dead_letter):
    for number in range(12):
        dead_letter(number)

    ended = aitrail("retry", "--dry-run", "-o", "csv")

    assert len(ended.stdout.splitlines()) == 11
    assert ended.stderr.startswith("12 dead letters would be moved back to the queues.\n")


def test_archived_files_are_counted_with_what_restores_them(aitrail, deployed):
    deployed.record(key(1), "archived")

    ended = aitrail("retry")

    assert ended.stderr.splitlines()[2] == (
        "1 file archived: S3 cannot return them before they are restored. Restore what you need (`aws s3api "
        "restore-object --bucket example-trail-logs --key KEY --restore-request Days=7`). The function then reads "
        "it automatically."
    )
    assert deployed.announced() == []


def test_named_files_are_announced_each_once_and_nothing_else(aitrail, deployed, dead_letter):
    dead_letter(5)
    deployed.record(key(1), "unreadable")
    deployed.put(key(2), key(3))

    ended = aitrail("retry", name(3), name(2), name(3))

    assert [json.loads(line)["logFile"] for line in ended.stdout.splitlines()] == [name(3), name(2)]
    assert ended.stderr == "2 files queued (2 named).\n"
    assert deployed.bodies() == [{"s3Bucket": BUCKET, "s3ObjectKey": [key(3), key(2)], "force": True}]


def test_nothing_is_announced_where_one_does_not_exist(aitrail, deployed):
    deployed.put(key(1))

    ended = aitrail("retry", name(1), name(2))

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert f"'{name(2)}' does not exist: `aws s3 ls` lists the objects in the bucket." in ended.stderr
    assert deployed.announced() == []


def test_refusal_of_the_bucket_says_where_permissions_are_listed(aitrail, deployed, stacks):
    def refuse(_request):
        raise ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadObject")

    stacks.answers["HeadObject"] = refuse

    ended = aitrail("retry", name(1))

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert "docs/operations.md (Permissions)" in ended.stderr
    assert deployed.announced() == []


class Function:
    """Called instead of sleeping: the function reads what is announced, with this status."""

    def __init__(self, deployed, status):
        self.deployed, self.status = deployed, status

    def __call__(self, _seconds):
        for each in self.deployed.announced():
            self.deployed.record(each, self.status, ingested_at="2026-11-21T08:00:00Z")


@pytest.mark.parametrize(("status", "exit_code"), {"ingested": 0, "unreadable": 4}.items())
def test_wait_shows_what_became_of_what_is_announced(aitrail, deployed, status, exit_code):
    deployed.record(key(1), "unreadable", reason="no gzip")

    ended = aitrail("retry", "--wait", "-o", "csv", sleep=Function(deployed, status))

    about = {"ingested": "ingested,1,,", "unreadable": f"unreadable,1,,{name(1)}"}[status]
    assert (ended.exit_code, ended.stdout.splitlines()) == (exit_code, ["status,files,reason,logFile", about])
    assert ended.stderr == f"No dead letters.\n1 file queued (1 unreadable).\nOf 1 file queued: 1 {status}.\n"


def test_wait_knows_when_named_files_were_read_before(aitrail, deployed):
    deployed.put(key(1), key(2))
    deployed.record(key(1))

    ended = aitrail("retry", name(1), name(2), "--wait", sleep=lambda _seconds: deployed.announced())

    assert ended.exit_code == 4
    assert [json.loads(line)["reason"] for line in ended.stdout.splitlines()] == [
        "the ledger has no new entry since 2026-11-20T08:00:00Z",
        "the ledger has no new entry",
    ]


def test_log_file_is_seen_on_a_terminal_of_80_columns(aitrail, deployed, monkeypatch):
    deployed.record(key(1), "unreadable", reason="no gzip")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)

    ended = aitrail("retry", "--no-color", "-o", "table")

    assert ended.stdout.splitlines() == ["problem     reason", "unreadable  no gzip", f"    logFile  {name(1)}"]


@pytest.mark.usefixtures("deployed")
def test_verbose_tells_what_asking_took(aitrail):
    assert aitrail("retry", "-v").stderr.splitlines()[-1].startswith("Reading the ledger took 5 requests, ")


WRONG = {
    "no name": (key(1), f"'{key(1)}' does not name a log file: give s3://BUCKET/KEY."),
    "elsewhere": (f"s3://other/{key(1)}", f"is not in the log bucket of {STACK}, which is {BUCKET}."),
    "other prefix": (
        name(1, prefix="old/"),
        "has a prefix that the stack does not accept: the function reads keys that begin with",
    ),
    "no log file": (f"s3://{BUCKET}/AWSLogs/x.txt", "is not named like a log file or digest of CloudTrail"),
}


@pytest.mark.parametrize(("file", "message"), WRONG.values(), ids=WRONG)
def test_file_that_cannot_be_read_is_a_wrong_command_line(aitrail, deployed, file, message):
    ended = aitrail("retry", name(1), file)

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert message in ended.stderr
    assert deployed.announced() == []


def test_file_of_an_account_that_the_stack_does_not_read_is_refused(aitrail, deployed, stacks):
    stacks["aitrail"]["Accounts"] = "444455556666"
    deployed.put(key(1))

    ended = aitrail("retry", name(1))

    assert ended.exit_code == 2
    assert "or an account that the stack does not accept" in ended.stderr
    assert "in the folders of 444455556666" in ended.stderr.replace("\n", " ")
    assert deployed.announced() == []


@pytest.mark.usefixtures("deployed")
def test_refusal_says_where_permissions_are_listed(aitrail, stacks):
    stacks.refusals["GetQueueAttributes"] = ("AccessDenied", "not authorized to perform: sqs:getqueueattributes")

    ended = aitrail("retry")

    assert ended.exit_code == 3
    assert "docs/operations.md" in ended.stderr


@pytest.mark.usefixtures("deployed")
def test_table_of_problems_steers_no_terminal(aitrail, deployed):
    deployed.record(key(1), "unreadable", reason="\x1b[2J")

    ended = aitrail("retry", "-o", "table")

    assert "\\x1b[2J" in ended.stdout
    assert "\x1b" not in ended.stdout

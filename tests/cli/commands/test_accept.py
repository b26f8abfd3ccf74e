"""`aitrail accept` with moto's DynamoDB and STS."""

import json

import pytest

from aitrail.ledger import FileEntry
from aitrail.rows import RejectedRecord
from tests.shared.deployed_stack import BUCKET, key

STACK = "the stack aitrail in eu-west-1"
FILE, OTHER = f"s3://{BUCKET}/{key(1)}", f"s3://{BUCKET}/{key(2)}"
NO_FILE = "event-history://111122223333/eu-west-1"
SOMEBODY = "arn:aws:sts::123456789012:user/moto"


@pytest.fixture
def unreadable(deployed):
    """Records in the ledger that log files could not be read."""

    def unreadable(*numbers):
        for number in numbers:
            deployed.record(key(number), "unreadable", reason="no gzip")

    return unreadable


def problems(ledger, name=FILE):
    return ledger.entry(name, consistent=True).get("problem")


@pytest.mark.usefixtures("deployed")
def test_nothing_accepted_is_fine_and_told(aitrail):
    ended = aitrail("accept", "-o", "table")

    assert (ended.exit_code, ended.stdout, ended.stderr) == (0, "", f"There are no accepted problems in {STACK}.\n")


def test_accepted_problem_is_shown_with_who_and_why_and_status_is_content(aitrail, unreadable, ledger):
    unreadable(1, 2)

    ended = aitrail("accept", FILE, OTHER, "--reason", "written by a test, ticket 4711")

    assert (ended.exit_code, ended.stdout) == (0, "")
    assert ended.stderr == f"Accepted: unreadable, {FILE}.\nAccepted: unreadable, {OTHER}.\n"
    assert problems(ledger) == "accepted"
    shown = [json.loads(line) for line in aitrail("accept", "-o", "jsonl").stdout.splitlines()]
    assert [each.pop("at")[:3] for each in shown] == ["202", "202"]
    assert shown == [
        {"logFile": name, "problem": "unreadable", "by": SOMEBODY, "reason": "written by a test, ticket 4711"}
        for name in (FILE, OTHER)
    ]


def test_digest_can_be_accepted(aitrail, deployed):
    name = f"s3://{BUCKET}/AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/03/14/111122223333_CloudTrail-Digest_eu-west-1_audit_eu-west-1_20260314T100000Z.json.gz"
    deployed.ledger.record(FileEntry(log_file=name, status="invalid", reason="no signature"), "digest")

    ended = aitrail("accept", name, "--reason", "why")

    assert (ended.exit_code, ended.stderr) == (0, f"Accepted: invalid, {name}.\n")
    assert deployed.ledger.entry(name, "digest")["problem"] == "accepted"


def test_rejects_are_accepted_with_their_file(aitrail, deployed, record, ledger):
    deployed.record(key(1), rejected=2)
    rejects = [RejectedRecord.of(record(number), key=number, reason="no time") for number in (1, 2)]
    write = {"expires_at": None, "time_left": lambda: 60.0}
    ledger.rejects.record(FILE, rejects, **write)

    aitrail("accept", FILE, "--reason", "why")

    assert aitrail("rejects", "-o", "jsonl").stdout == ""
    found = json.loads(aitrail("accept", "-o", "json").stdout)
    assert [(each["problem"], each.get("recordIndex")) for each in found] == [
        ("rejects", None),
        ("reject", 1),
        ("reject", 2),
    ]

    ledger.rejects.record(FILE, rejects[:1], **write)  # as reprocessing the file does
    assert aitrail("accept", FILE, "--reason", "still").exit_code == 0
    assert aitrail("rejects", "-o", "jsonl").stdout == ""


@pytest.mark.usefixtures("deployed")
def test_rejects_of_event_history_stand_in_no_file_and_can_be_accepted(aitrail, ledger, record):
    rejects = [RejectedRecord.of(record(1), key="an-event-id", reason="no time")]
    ledger.rejects.record(NO_FILE, rejects, expires_at=None, time_left=lambda: 60.0)

    assert aitrail("accept", NO_FILE, "--reason", "why").stderr == f"Accepted: rejects, {NO_FILE}.\n"
    assert aitrail("rejects", "-o", "jsonl").stdout == ""


def test_file_with_several_problems_shows_the_next(aitrail, deployed):
    deployed.record(key(1), sha256="a" * 64)
    deployed.record(key(1), sha256="b" * 64, rejected=1)

    ended = aitrail("accept", FILE, "--reason", "why")

    assert ended.stderr == f"Accepted: replaced, {FILE}; it has another problem: rejects.\n"


def test_taken_back_it_is_a_problem_again(aitrail, unreadable, ledger):
    unreadable(1)
    aitrail("accept", FILE, "--reason", "why")

    ended = aitrail("accept", "--take-back", FILE)

    assert (ended.exit_code, ended.stderr) == (0, "Acceptance withdrawn for 1 file.\n")
    assert problems(ledger) == "unreadable"
    (kept,) = ledger.entry(FILE)["accepted"]
    assert (kept["reason"], kept["takenBackBy"]) == ("why", SOMEBODY)
    shown = [json.loads(line) for line in aitrail("accept", "-o", "jsonl").stdout.splitlines()]
    assert [each["takenBackAt"] for each in shown] == [kept["takenBackAt"]]
    again = aitrail("accept", "--take-back", FILE)
    assert (again.exit_code, again.stderr) == (1, f"Error: {FILE} has no accepted problem.\n")


def test_nothing_is_accepted_unless_all_can_be(aitrail, unreadable, ledger):
    unreadable(1)

    ended = aitrail("accept", FILE, OTHER, "--reason", "why")

    assert ended.exit_code == 1
    assert ended.stderr == f"Error: {OTHER} has no problem in the ledger: there is nothing to accept.\n"
    assert problems(ledger) == "unreadable"


def test_what_the_function_decides_is_not_accepted(aitrail, deployed, ledger):
    deployed.record(key(1))
    ledger.doubt(FILE, "unproven")

    ended = aitrail("accept", FILE, "--reason", "why")

    assert ended.exit_code == 1
    assert ended.stderr.startswith(f"Error: {FILE} is unproven: the function decides on it automatically")


def test_accepted_once_is_enough(aitrail, unreadable, ledger):
    unreadable(1)
    aitrail("accept", FILE, "--reason", "why")

    ended = aitrail("accept", FILE, "--reason", "why")

    assert (ended.exit_code, ended.stderr) == (1, f"Error: {FILE} has already been accepted.\n")
    assert len(ledger.entry(FILE)["accepted"]) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--reason", "why"), "Name the log files or digests"),
        (("--take-back",), "Name the log files or digests"),
        ((FILE,), "Give either --reason"),
        ((FILE, "--reason", "why", "--take-back"), "Give either --reason"),
        ((FILE, "--reason", "  "), "--reason is empty"),
    ],
)
@pytest.mark.usefixtures("deployed")
def test_half_a_command_is_refused(aitrail, arguments, message):
    ended = aitrail("accept", *arguments)

    assert ended.exit_code == 2
    assert message in ended.stderr


def test_reasons_do_not_steer_the_terminal(aitrail, unreadable):
    unreadable(1)
    aitrail("accept", FILE, "--reason", "\x1b[2Jwhy")

    assert "\x1b" not in aitrail("accept", "-o", "table").stdout


def test_account_and_region_is_accepted_by_its_digest_folder_and_taken_back(aitrail, deployed, ledger):  # noqa: ARG001
    folder = f"s3://{BUCKET}/AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/"
    ledger.record_no_digests(folder, "no-digests", FILE, "2026-03-14T09:00:00Z")
    before = aitrail("status").exit_code

    accepted = aitrail("accept", folder, "--reason", "no validation there")
    after = aitrail("accept", folder, "--reason", "again")
    back = aitrail("accept", "--take-back", folder)

    assert (before, accepted.stderr) == (4, f"Accepted: no-digests, {folder}.\n")
    assert "already been accepted" in after.stderr
    assert (back.exit_code, ledger.entry(folder, "no-digests")["problem"]) == (0, "no-digests")

"""`aitrail status` with moto's DynamoDB, SQS and CloudWatch."""

import json
import re
import shlex
from datetime import timedelta
from functools import partial

import boto3
import pytest

from aitrail.dynamodb import to_item
from aitrail.dynamodb.tables import FILES
from aitrail.ledger import PROBLEMS
from aitrail.rows import recorded_with
from aitrail.services import load
from demo.documentation import PROJECT
from tests.shared.deployed_tables import create_table
from tests.shared.ledger_entries import digest_entry, file_entry, log_file
from tests.shared.signed_digests import at

QUEUES = {"DeliveriesQueueUrl": "deliveries", "BackfillQueueUrl": "backfill", "DeadLetterQueueUrl": "dead-letters"}
HEALTHY = """\
Everything is in order.
  2026-03-14T10:30:00Z

Queues
  deliveries    0 waiting, 0 in flight, 0 delayed
  backfill      0 waiting, 0 in flight, 0 delayed
  dead letters  0

Log files delivered from 2026-03-13T10:30:00Z until 2026-03-14T10:30:00Z (UTC)
  ingested                2
  from delivery to entry  median 2 minutes, maximum 3 minutes

Records of these log files
  records           10
  wanted            8
  written           4
  expired           2
  duplicatesInFile  2

Digests delivered from 2026-03-13T10:30:00Z until 2026-03-14T10:30:00Z (UTC)
  verified  3

Problems of any age
  none

Newest log file of each account and Region (UTC)
  111122223333 eu-west-1  2026-03-14T10:05:00Z, 25 minutes ago

Newest digest of each account, Region and trail (UTC)
  111122223333 eu-west-1 audit  until 2026-03-14T10:00:00Z, 30 minutes ago
"""


@pytest.fixture
def aitrail(aitrail):
    """The command with its clock at 10:30."""
    return partial(aitrail, now=lambda: at("10:30"))


@pytest.fixture
def deployed(table, stacks):  # noqa: ARG001 (the stack and its credentials)
    """Creates the rest of the stack; returns a function that puts entries into the ledger."""
    dynamodb, sqs = boto3.client("dynamodb"), boto3.client("sqs")
    create_table(dynamodb, "example-Files", FILES)
    stacks["aitrail"]["FilesTableName"] = "example-Files"
    for output, name in QUEUES.items():
        stacks["aitrail"][output] = sqs.create_queue(QueueName=name)["QueueUrl"]

    def put(*entries):
        for entry in entries:
            dynamodb.put_item(TableName="example-Files", Item=to_item(entry))
        stacks.calls.clear()

    return put


@pytest.fixture
def healthy(deployed):
    current = {"recordedWith": recorded_with(load())}
    proved = {"verifiedBy": "s3://b/k"} | current
    deployed(
        file_entry("08:35", **proved),
        file_entry("10:05", lag=timedelta(minutes=3), **current),
        *(digest_entry(end) for end in ("08:00", "09:00", "10:00")),
    )
    return deployed


def send(stacks, queue, count=1):
    for number in range(count):
        boto3.client("sqs").send_message(QueueUrl=stacks["aitrail"][queue], MessageBody=f"{number}")


@pytest.mark.usefixtures("healthy")
def test_all_that_is_well_is_shown_in_groups(aitrail):
    ended = aitrail("status")

    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.stdout == HEALTHY


def test_what_needs_a_person_stands_first_and_says_what_to_do(aitrail, healthy, stacks):
    send(stacks, "DeadLetterQueueUrl", 3)
    name = log_file("08:40")
    healthy(file_entry("08:40", status="archived", problem="archived", reason="InvalidObjectState", ingestedAt=None))

    ended = aitrail("status")

    assert ended.exit_code == 4
    assert ended.stdout.startswith(
        "Needs attention\n"
        "  dead-letters (3)  Messages failed five times. The function's log names the cause, often a missing "
        "permission. Fix it, then run `aitrail retry`, within 14 days of the first announcement: the time in "
        "the source queue counts.\n"
        "  archived (1)      Objects are in an archive storage class and cannot be read. Restore them (`aws s3api "
        "restore-object --bucket BUCKET --key KEY --restore-request Days=7`): they are then ingested "
        "automatically.\n"
        f"                    {name}: InvalidObjectState\n"
        "\n"
        "Queues\n"
    )


def test_json_is_one_object_for_monitoring(aitrail, healthy, stacks):
    send(stacks, "DeadLetterQueueUrl")
    healthy()

    ended = aitrail("status", "-o", "json")

    shown = json.loads(ended.stdout)
    assert (ended.exit_code, ended.stderr, shown["healthy"]) == (4, "", False)
    assert [(each["finding"], each["count"]) for each in shown["findings"]] == [("dead-letters", 1)]
    assert shown["queues"]["deadLetters"] == {"waiting": 1, "inFlight": 0, "delayed": 0, "oldestSeconds": None}
    assert (shown["since"], shown["until"]) == ("2026-03-13T10:30:00Z", "2026-03-14T10:30:00Z")


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize(
    ("query", "found"), [("healthy", "true\n"), ("files.ingested", "2\n"), ("findings[].finding", "[]\n")]
)
def test_query_is_asked_of_the_object(aitrail, query, found):
    assert aitrail("status", "--query", query).stdout == found


def test_documentation_shows_what_is_printed(aitrail, healthy):
    page = (PROJECT / "docs/operations.md").read_text()
    command = re.search(r"^    aitrail (status --query .*)\n\n```json\n", page, re.MULTILINE)
    healthy(file_entry("08:40", status="archived", problem="archived", reason="InvalidObjectState", ingestedAt=None))

    found = aitrail(*shlex.split(command[1])).stdout

    assert page[command.end() :].startswith(f"{found}```\n")


@pytest.mark.usefixtures("deployed")
def test_nothing_delivered_yet_is_fine_and_says_what_to_expect(aitrail):
    ended = aitrail("status")

    assert ended.exit_code == 0
    assert ended.stdout.startswith(
        "Everything is in order.\n"
        "  2026-03-14T10:30:00Z\n"
        "\n"
        "Worth knowing\n"
        "  no-deliveries (1)  The ledger has no delivery in the window. CloudTrail delivers log files 5 to 15 "
        "minutes after a call, and the first digests after an hour or two. Check --since, --account and "
        "--in-region, and whether a trail delivers to the log bucket.\n"
        "\n"
        "Queues\n"
    )


def test_account_and_region_narrow_what_is_counted(aitrail, deployed):
    other, far = {"account": "444455556666"}, {"region": "us-east-1"}
    deployed(
        *(file_entry("08:35", **origin) for origin in ({}, other, far)),
        *(file_entry("08:40", **origin, status="missing", problem="missing") for origin in (other, far)),
        *(digest_entry("10:00", **origin) for origin in ({}, other, far)),
    )

    shown = json.loads(aitrail("status", "-o", "json", "--account", "444455556666").stdout)

    assert shown["files"] == {"ingested": 1, "missing": 1, "unreadable": 0, "archived": 0, "awaited": 0}
    assert shown["problems"]["missing"] == {"count": 1, "more": False}
    assert [each["account"] for each in shown["newestDeliveries"]] == ["444455556666"]
    assert [(each["account"], each["region"]) for each in shown["digestChains"]] == [("444455556666", "eu-west-1")]
    both = json.loads(aitrail("status", "-o", "json", "--in-region", "us-east-1", "--in-region", "eu-west-1").stdout)
    assert both["files"]["ingested"] == 3


@pytest.mark.usefixtures("healthy")
def test_window_is_one_of_delivery(aitrail):
    ended = aitrail("status", "-o", "json", "--since", "2026-03-14T08:00", "--until", "2026-03-14T09:00:00")

    shown = json.loads(ended.stdout)
    assert (shown["since"], shown["until"]) == ("2026-03-14T08:00:00Z", "2026-03-14T09:00:00Z")
    assert (shown["files"]["ingested"], shown["digests"]["verified"]) == (1, 1)
    assert shown["newestDeliveries"][0]["lagSeconds"] == 25 * 60


@pytest.mark.usefixtures("healthy")
def test_window_without_any_time_is_wrong(aitrail):
    ended = aitrail("status", "--since", "1h", "--until", "2h")

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "The window is empty" in ended.stderr


@pytest.mark.usefixtures("healthy")
def test_age_that_nobody_may_ask_for_is_unknown_and_the_rest_is_there(aitrail, stacks):
    stacks.refusals["GetMetricData"] = ("AccessDeniedException", "not authorized to perform: cloudwatch:GetMetricData")

    ended = aitrail("status", "-o", "json")

    shown = json.loads(ended.stdout)
    assert ended.exit_code == 0
    assert [(each["finding"], each["whatToDo"]) for each in shown["notes"]] == [
        ("age-unknown", "Allow cloudwatch:GetMetricData on all resources.")
    ]
    assert shown["queues"]["deliveries"]["oldestSeconds"] is None


def test_age_of_the_oldest_message_is_shown_where_there_is_one(aitrail, healthy, stacks):
    send(stacks, "DeliveriesQueueUrl", 2)
    send(stacks, "BackfillQueueUrl")
    boto3.client("cloudwatch").put_metric_data(
        Namespace="AWS/SQS",
        MetricData=[
            {
                "MetricName": "ApproximateAgeOfOldestMessage",
                "Dimensions": [{"Name": "QueueName", "Value": "deliveries"}],
                "Value": 8000,
                "Timestamp": at("10:27"),
            }
        ],
    )
    healthy()

    ended = aitrail("status")

    assert ended.exit_code == 4
    assert ended.stdout.startswith("Needs attention\n  backlog (2)  The oldest delivery has waited for 2.2 hours. ")
    assert "  deliveries    2 waiting, 0 in flight, 0 delayed, age of the oldest 2 hours\n" in ended.stdout
    assert "  backfill      1 waiting, 0 in flight, 0 delayed, age of the oldest unknown\n" in ended.stdout


@pytest.mark.usefixtures("healthy")
def test_other_refusals_are_those_of_aws(aitrail, stacks):
    stacks.refusals["GetQueueAttributes"] = ("AccessDenied", "not authorized to perform: sqs:GetQueueAttributes")

    ended = aitrail("status")

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert ended.stderr.endswith("docs/operations.md (Permissions) lists what each command needs.\n")


@pytest.mark.usefixtures("healthy")
def test_queue_that_is_gone_is_said(aitrail, stacks):
    stacks["aitrail"]["BackfillQueueUrl"] += "-gone"

    ended = aitrail("status")

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert ended.stderr.endswith(
        "The stack's outputs name this queue, but it no longer exists: was it deleted by hand? Redeploy the stack.\n"
    )


@pytest.mark.usefixtures("healthy")
def test_verbose_tells_what_reading_took(aitrail):
    ended = aitrail("status", "-v")

    # Requests for two days, every problem, and the rejects.
    assert ended.stderr.startswith(f"Reading took {2 + len(PROBLEMS) + 1} requests, ")


def test_names_do_not_steer_the_terminal(aitrail, deployed):
    name = log_file("08:40").replace("_a.json", "_\x1b[2J.json")
    deployed(file_entry("08:40") | {"logFile": name, "problem": "unreadable", "reason": "bad \x1b[31m"})

    shown = aitrail("status").stdout

    assert "\x1b" not in shown
    assert "_\\x1b[2J.json.gz: bad \\x1b[31m" in shown


def test_long_lists_are_cut_for_people_alone(aitrail, deployed):
    deployed(*(file_entry("10:05", account=f"1111222{number:05}") for number in range(25)))

    shown, whole = aitrail("status").stdout, json.loads(aitrail("status", "-o", "json").stdout)

    assert shown.count("2026-03-14T10:05:00Z, 25 minutes ago") == 20
    assert "and 5 more: -o json lists all" in shown
    assert len(whole["newestDeliveries"]) == 25


@pytest.mark.usefixtures("healthy", "redaction")
def test_files_from_before_redaction_are_outdated(aitrail, stacks):
    ended = aitrail("status", "--query", "outdatedFiles")

    assert (ended.exit_code, ended.stdout) == (0, "2\n")
    assert "GetSecretValue" not in stacks.calls

"""`aitrail preflight` shows what it finds, the most severe first, and exits with 4 if something would fail."""

import json

import boto3
import pytest

BUCKET = "central-logs"
OUTPUTS = {
    "EventsTableName": "example-Events",
    "FilesTableName": "example-Files",
    "BackfillQueueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/aitrail-Backfill-1",
    "DeadLetterQueueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/aitrail-DeadLetters-1",
    "FunctionLogGroupName": "aitrail-Logs-1",
    "LogBucketName": BUCKET,
    "LogBucketAccount": "none",
    "AnnouncedBy": "s3",
    "EventBusArn": "none",
    "LogKeyArns": "none",
    "FunctionRoleArn": "arn:aws:iam::123456789012:role/aitrail-IngestRole-1",
    "DeliveriesQueueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/aitrail-DeliveriesQueue-1",
    "KeyPrefixes": "none",
}
OURS = "arn:aws:sqs:eu-west-1:123456789012:aitrail-DeliveriesQueue-1"
THEIRS = "arn:aws:sqs:eu-west-1:123456789012:siem"


@pytest.fixture
def s3(ledger):  # noqa: ARG001 (moto, and the tables of the stack)
    """S3 with the bucket of others."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return s3


@pytest.fixture
def found(aitrail):
    """Runs the command; returns its exit code, and its findings as (severity, finding)."""

    def found(*arguments):
        ended = aitrail("preflight", "-o", "json", *arguments)
        return ended.exit_code, [(each["severity"], each["finding"]) for each in json.loads(ended.stdout)]

    return found


def notify(s3, arn):
    configuration = {"QueueConfigurations": [{"Id": "1", "QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=configuration)


def test_conflict_comes_first_and_exits_with_4(s3, found):
    notify(s3, THEIRS)

    code, findings = found("--log-bucket", BUCKET)

    assert code == 4
    assert findings[0] == ("conflict", "notifications-overlap")
    assert ("advice", "not-versioned") in findings


def test_what_could_not_be_checked_is_counted_and_no_conflict(s3, found, aitrail):
    assert s3

    code, findings = found("--log-bucket", BUCKET)

    assert code == 0
    assert ("unknown", "concurrency-unknown") in findings
    ended = aitrail("preflight", "--log-bucket", BUCKET)
    assert "0 conflicts; 1 check could not be made." in ended.stderr


def test_without_options_the_deployed_stack_is_looked_at(s3, stacks, found):
    stacks["aitrail"] = OUTPUTS
    notify(s3, OURS)

    code, findings = found()

    assert code == 0
    assert ("advice", "no-trail-delivers") in findings

    notify(s3, THEIRS)
    assert found()[0] == 4


@pytest.mark.usefixtures("s3")
def test_before_the_first_deployment_the_defaults_are_looked_at(stacks, aitrail):
    del stacks["aitrail"]

    ended = aitrail("preflight", "-o", "json")

    assert ended.exit_code == 0
    assert "What a stack has by default is looked at, because there is no stack 'aitrail'" in ended.stderr
    assert "no-other-trail" in [each["finding"] for each in json.loads(ended.stdout)]


@pytest.mark.usefixtures("s3")
def test_bucket_that_is_not_there_is_a_conflict(found):
    code, findings = found("--log-bucket", "nowhere")

    assert (code, findings[0]) == (4, ("conflict", "bucket-missing"))


@pytest.mark.parametrize("option", ["--log-bucket-account=444455556666", "--announced-by=eventbridge"])
def test_options_about_a_bucket_need_one(aitrail, option):
    ended = aitrail("preflight", option)

    assert ended.exit_code == 2
    assert "give it as well" in ended.stderr


@pytest.mark.parametrize(
    "option",
    [
        "--log-bucket=Bad Name",
        "--log-bucket-account=12",
        "--announced-by=evenbridge",
        "--key-prefix=trails",
        "--log-key-arn=arn:aws:kms:eu-west-1:111122223333:alias/logs",
        "--log-bucket=a..b",
        "--log-bucket=192.0.2.1",
        "--events-table=a",
        "--files-table=a/b",
        "--tables-kms-key=stack",
    ],
)
def test_option_with_a_value_that_no_setting_has_is_refused(aitrail, option):
    ended = aitrail("preflight", "--log-bucket=central-logs", option)

    assert ended.exit_code == 2
    assert " is not " in ended.stderr


@pytest.mark.usefixtures("s3")
def test_tables_to_adopt_are_told_with_the_commands_that_correct_them(found, aitrail):
    code, findings = found("--events-table", "example-Files", "--files-table", "example-Files")

    ended = aitrail("preflight", "-o", "json", "--files-table", "example-Files")
    [recovery] = [each for each in json.loads(ended.stdout) if each["finding"] == "table-recovery"]
    assert (code, ended.exit_code) == (4, 0)
    assert ("conflict", "table-key") in findings
    assert "`aws dynamodb update-continuous-backups --table-name example-Files" in recovery["whatToDo"]


@pytest.mark.usefixtures("s3")
def test_tables_of_the_deployed_stack_are_looked_at(stacks, found):
    stacks["aitrail"] = OUTPUTS

    assert ("advice", "table-recovery") in found()[1]

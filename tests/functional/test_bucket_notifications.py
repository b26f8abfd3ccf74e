"""A stack adds its notifications to a bucket that others use, and takes them away, and theirs stay as they are."""

import io
import json
import random
from types import SimpleNamespace

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from lambdas.notifications import handler

BUCKET = "central-logs"
OTHERS = {
    "QueueConfigurations": [
        {"Id": "siem", "QueueArn": "arn:aws:sqs:eu-west-1:111122223333:siem", "Events": ["s3:ObjectCreated:*"]}
    ],
    "TopicConfigurations": [
        {
            "Id": "arn:aws:cloudformation:eu-west-1:111122223333:stack/other/1-1234",
            "TopicArn": "arn:aws:sns:eu-west-1:111122223333:archive",
            "Events": ["s3:ObjectRemoved:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "reports/"}]}},
        }
    ],
    "EventBridgeConfiguration": {},
}


@pytest.fixture
def s3():
    with mock_aws():
        client = boto3.client("s3", "eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing")  # noqa: S106
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield client


def notifications(s3):
    found = s3.get_bucket_notification_configuration(Bucket=BUCKET)
    return {
        kind: sorted(each, key=lambda one: one["Id"]) if isinstance(each, list) else each
        for kind, each in found.items()
        if kind != "ResponseMetadata" and each != []
    }


def queue(name, prefix=""):
    return {
        "QueueArn": f"arn:aws:sqs:eu-west-1:111122223333:{name}",
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": f"{prefix}AWSLogs/"}]}},
    }


def event(kind, *queues, stack="aitrail/aaaa", bucket=BUCKET):
    return {
        "RequestType": kind,
        "StackId": f"arn:aws:cloudformation:eu-west-1:111122223333:stack/{stack}",
        "RequestId": "1",
        "LogicalResourceId": "Notifications",
        "ResponseURL": "https://example.com/answer",
        **({} if kind == "Create" else {"PhysicalResourceId": BUCKET}),
        "ResourceProperties": {"Bucket": bucket, "Queues": list(queues)},
    }


def change(s3, *arguments, **others):
    handler.change(s3, event(*arguments, **others), lambda _: None)


def without_ids(found):
    return [{key: value for key, value in each.items() if key != "Id"} for each in found]


@pytest.mark.parametrize("seed", range(10))
def test_what_others_have_stays_whatever_stacks_do(s3, seed):
    some = random.Random(seed)
    s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=OTHERS)
    before = notifications(s3)
    stacks = {}

    for _ in range(20):
        stack = some.choice(["aitrail/aaaa", "aitrail/bbbb", "other/aaab"])
        wanted = [
            queue(f"{stack[:-4]}{number}".replace("/", "-"), f"{number}/") for number in range(some.randint(1, 3))
        ]
        if some.random() < 0.3:
            change(s3, "Delete", stack=stack)
            stacks.pop(stack, None)
        else:
            change(s3, "Update" if stack in stacks else "Create", *wanted, stack=stack)
            stacks[stack] = wanted
        found = notifications(s3)
        own = [each for each in found["QueueConfigurations"] if each["Id"].startswith("aitrail/")]
        assert found | {"QueueConfigurations": [e for e in found["QueueConfigurations"] if e not in own]} == before
        expected = [each for each in stacks.values() for each in each]
        assert sorted(map(json.dumps, without_ids(own))) == sorted(map(json.dumps, expected))


def test_what_is_there_already_is_not_written_again(s3, monkeypatch):
    change(s3, "Create", queue("aitrail"))
    monkeypatch.setattr(s3, "put_bucket_notification_configuration", lambda **_: pytest.fail("written again"))

    change(s3, "Update", queue("aitrail"))


def test_notification_of_the_stack_that_somebody_edited_is_repaired(s3):
    change(s3, "Create", queue("aitrail"))
    [edited] = notifications(s3)["QueueConfigurations"]
    edited["Events"] = ["s3:ObjectRemoved:*"]
    s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [edited]})

    change(s3, "Update", queue("aitrail"))

    assert without_ids(notifications(s3)["QueueConfigurations"]) == [queue("aitrail")]


def test_change_of_somebody_else_in_the_same_moment_is_noticed(s3):
    waits = []

    def sleep(seconds):
        if not waits:
            s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=OTHERS)
        waits.append(seconds)

    handler.change(s3, event("Create", queue("aitrail")), sleep)

    assert {each["QueueArn"].rpartition(":")[2] for each in notifications(s3)["QueueConfigurations"]} == {
        "siem",
        "aitrail",
    }


def test_bucket_that_others_change_all_the_time_is_an_error(s3):
    def sleep(_):
        s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=OTHERS)

    with pytest.raises(RuntimeError, match="somebody else changed them during each"):
        handler.change(s3, event("Create", queue("aitrail")), sleep)


def test_bucket_that_is_gone_has_no_notifications_to_remove(s3):
    change(s3, "Delete", queue("aitrail"), bucket="deleted")

    with pytest.raises(s3.exceptions.NoSuchBucket):
        change(s3, "Create", queue("aitrail"), bucket="deleted")


def refusing(s3, monkeypatch, code, times):
    """Lets S3 refuse so many changes; returns the arguments of all."""
    usual, calls = s3.put_bucket_notification_configuration, []

    def put(**arguments):
        calls.append(arguments)
        if len(calls) <= times:
            raise ClientError({"Error": {"Code": code, "Message": code}}, "PutBucketNotificationConfiguration")
        return usual(**{name: each for name, each in arguments.items() if name != "SkipDestinationValidation"})

    monkeypatch.setattr(s3, "put_bucket_notification_configuration", put)
    return calls


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidArgument", "OperationAborted"])
def test_what_may_pass_is_tried_again_for_a_minute(s3, monkeypatch, code):
    refusing(s3, monkeypatch, code, times=8)

    change(s3, "Create", queue("aitrail"))

    assert without_ids(notifications(s3)["QueueConfigurations"]) == [queue("aitrail")]


@pytest.mark.parametrize(("code", "times"), [("AccessDenied", 99), ("MalformedXML", 1)])
def test_what_does_not_pass_is_an_error(s3, monkeypatch, code, times):
    refusing(s3, monkeypatch, code, times)

    with pytest.raises(ClientError, match=code):
        change(s3, "Create", queue("aitrail"))


def test_destinations_of_others_are_no_reason_not_to_remove_the_stacks_notifications(s3, monkeypatch):
    change(s3, "Create", queue("aitrail"))
    calls = refusing(s3, monkeypatch, "", times=0)

    change(s3, "Delete", queue("aitrail"))

    assert [each["SkipDestinationValidation"] for each in calls] == [True]


def test_answer_with_what_was_before_does_not_end_a_removal(s3, monkeypatch):
    change(s3, "Create", queue("aitrail"))
    usual, answers = s3.get_bucket_notification_configuration, [{}]
    monkeypatch.setattr(
        s3, "get_bucket_notification_configuration", lambda **some: answers.pop() if answers else usual(**some)
    )

    change(s3, "Delete", queue("aitrail"))

    assert "QueueConfigurations" not in notifications(s3)


def test_another_bucket_is_refused_and_the_way_back_is_not(s3):
    with pytest.raises(RuntimeError, match="chosen at the first deployment"):
        change(s3, "Update", queue("aitrail"), bucket="other")

    change(s3, "Update", queue("aitrail"))
    assert without_ids(notifications(s3)["QueueConfigurations"]) == [queue("aitrail")]


@pytest.fixture
def answers(monkeypatch):
    """What CloudFormation is answered."""
    answers = []

    def urlopen(request, timeout):
        assert timeout
        answers.append((request.get_method(), request.full_url, json.loads(request.data)))
        return io.BytesIO()

    monkeypatch.setattr(handler.urllib.request, "urlopen", urlopen)
    return answers


def test_cloudformation_is_answered(s3, answers, monkeypatch):
    monkeypatch.setattr(handler, "boto3", SimpleNamespace(client=lambda _: s3))
    monkeypatch.setattr(handler, "SECONDS", 0)

    handler.handler(event("Create", queue("aitrail")), None)
    handler.handler(event("Create", queue("aitrail"), bucket="missing"), None)
    handler.handler(event("Delete", queue("aitrail")), None)

    expected = {"StackId": event("Create")["StackId"], "RequestId": "1", "LogicalResourceId": "Notifications"}
    assert [(method, url) for method, url, _ in answers] == [("PUT", "https://example.com/answer")] * 3
    assert answers[0][2] == expected | {"Status": "SUCCESS", "Reason": "", "PhysicalResourceId": BUCKET}
    assert answers[1][2]["Status"] == "FAILED"
    assert answers[1][2]["PhysicalResourceId"] == "missing"
    assert "missing could not be changed" in answers[1][2]["Reason"]
    assert "NoSuchBucket" in answers[1][2]["Reason"]
    assert answers[2][2] == expected | {"Status": "SUCCESS", "Reason": "", "PhysicalResourceId": BUCKET}

"""What the CDK's handler of bucket notifications asks of S3: there is no moment without notifications."""

import io
import json
import sys
import urllib.request
from types import SimpleNamespace

import pytest

PREFIXES = {"aitrail:keyPrefixes": "team/,old/logs/"}
STACK = "arn:aws:cloudformation:eu-west-1:111122223333:stack/aitrail/1"


@pytest.fixture
def update(default, monkeypatch):
    """Runs the handler's code, as the template has it; returns its requests of S3 and its answer to CloudFormation."""
    requests, answers = [], []

    class S3:
        def __getattr__(self, operation):
            return lambda **parameters: requests.append((operation, parameters))

    def answer(request):
        answers.append(json.loads(request.data))
        return io.BytesIO()

    monkeypatch.setitem(sys.modules, "boto3", SimpleNamespace(client=lambda _: S3()))
    monkeypatch.setattr(urllib.request, "urlopen", answer)
    (code,) = (
        function["Code"]["ZipFile"]
        for function in default.of_type("AWS::Lambda::Function").values()
        if "ZipFile" in function["Code"]
    )
    defined = {}
    exec(code, defined)  # noqa: S102 (the code of the template)

    def update(request_type, new, old=None):
        event = {
            "RequestType": request_type,
            "ResourceProperties": new,
            "StackId": STACK,
            "RequestId": "1",
            "LogicalResourceId": "LogsBucketNotifications",
            "ResponseURL": "https://cloudformation.example/answer",
        }
        if old:
            event |= {"OldResourceProperties": old, "PhysicalResourceId": "LogsBucketNotifications"}
        defined["handler"](event, SimpleNamespace(log_stream_name="log"))
        return requests, answers

    return update


def notifications(template):
    """The properties of the custom resource, with booleans as CloudFormation sends them to a handler: as text."""
    (found,) = template.of_type("Custom::S3BucketNotifications").values()
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in found.items()}


@pytest.mark.parametrize("is_added", [True, False], ids=["added", "taken away"])
def test_prefixes_change_with_one_request_that_replaces_all_notifications_at_once(
    default, synthesize, update, is_added
):
    without, with_prefixes = notifications(default), notifications(synthesize(PREFIXES))
    old, new = (without, with_prefixes) if is_added else (with_prefixes, without)

    requests, answers = update("Update", new, old)

    assert requests == [
        (
            "put_bucket_notification_configuration",
            {
                "Bucket": "<LogsBucket>",
                "NotificationConfiguration": new["NotificationConfiguration"],
                "SkipDestinationValidation": False,
            },
        )
    ]
    assert len(new["NotificationConfiguration"]["QueueConfigurations"]) == (9 if is_added else 3)
    assert [each["Status"] for each in answers] == ["SUCCESS"]


def test_update_keeps_the_physical_id_so_that_nothing_is_deleted_after_it(default, synthesize, update):
    (_, (created,)) = update("Create", notifications(default))
    assert created["PhysicalResourceId"] == "LogsBucketNotifications"

    (_, (_, updated)) = update("Update", notifications(synthesize(PREFIXES)), notifications(default))

    assert updated["PhysicalResourceId"] == created["PhysicalResourceId"]


def test_deletion_takes_all_notifications_away_so_the_logical_id_must_stay(default, update):
    ((request,), _) = update("Delete", notifications(default), notifications(default))

    assert request[1]["NotificationConfiguration"] == {}

"""Log files of an existing bucket become rows, however they are announced, and its other notifications stay."""

import gzip
import json

import pytest

from demo import deployment
from demo.environments import ACCOUNT, REGION
from demo.local_aws import local_aws
from demo.pipeline import Pipeline

BUCKET = "central-logs"
KEY = "AWSLogs/111122223333/CloudTrail/eu-central-1/2026/11/20/111122223333_CloudTrail_eu-central-1_20261120T0805Z_"
OF_OTHERS = {"Id": "siem", "QueueArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:siem", "Events": ["s3:ObjectRemoved:*"]}


@pytest.fixture(scope="module")
def aws():
    """A local AWS with a bucket whose notifications others use."""
    with local_aws() as aws:
        deployment.bootstrap(aws)
        aws.client("sqs").create_queue(QueueName="siem")
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        _notify(s3, QueueConfigurations=[OF_OTHERS])
        yield aws


def _notify(s3, **configuration):
    s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=configuration)


def _deploy(aws, name, **context):
    settings = {"aitrail:stackName": name, "aitrail:logBucket": BUCKET, "aitrail:trail": "none", **context}
    assembly = deployment.synthesize(aws, context=deployment.LOCAL_CONTEXT | settings)
    return Pipeline(aws, deployment.deploy(aws, assembly))


def _is_read(pipeline, name):
    record = {
        "eventVersion": "1.11",
        "eventTime": "2026-11-20T08:00:00Z",
        "eventSource": "polly.amazonaws.com",
        "eventName": "ListLexicons",
        "eventID": f"00000000-0000-4000-8000-{len(name):012}",
    }
    put = pipeline.put(f"{KEY}{name:x<16}.json.gz", gzip.compress(json.dumps({"Records": [record]}).encode()))
    pipeline.wait_for({put})
    return pipeline.ledger()[put]["written"] == 1


def _queues(aws):
    found = aws.client("s3").get_bucket_notification_configuration(Bucket=BUCKET)
    return found.get("QueueConfigurations", [])


def test_notifications_of_s3_are_added_and_taken_away(aws):
    pipeline = _deploy(aws, "by-s3")

    assert _is_read(pipeline, "bys3")
    assert OF_OTHERS in _queues(aws)
    assert [each["Filter"]["Key"]["FilterRules"][0]["Value"] for each in _queues(aws) if each != OF_OTHERS] == [
        "AWSLogs/"
    ]

    cloudformation = aws.client("cloudformation")
    cloudformation.delete_stack(StackName="by-s3")
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName="by-s3", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    assert _queues(aws) == [OF_OTHERS]


def test_events_of_eventbridge_are_taken(aws):
    _notify(aws.client("s3"), QueueConfigurations=[OF_OTHERS], EventBridgeConfiguration={})

    pipeline = _deploy(aws, "by-eventbridge", **{"aitrail:announcedBy": "eventbridge"})

    assert _is_read(pipeline, "byeventbridge")
    assert _queues(aws) == [OF_OTHERS]


def test_messages_of_a_topic_are_taken(aws):
    topic = aws.client("sns").create_topic(Name="log-files")["TopicArn"]
    created = {"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}
    _notify(aws.client("s3"), QueueConfigurations=[OF_OTHERS], TopicConfigurations=[created])

    pipeline = _deploy(aws, "by-topic", **{"aitrail:announcedBy": topic})

    assert _is_read(pipeline, "bytopic")
    assert _queues(aws) == [OF_OTHERS]

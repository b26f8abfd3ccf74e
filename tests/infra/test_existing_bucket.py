"""A bucket that the stack does not own is read and announced, and nothing else in it is changed."""

import json

import pytest

from aitrail.aws import ExistingKeys, Place, Source
from infra import quotas
from infra.settings import InvalidSettingsError, Settings
from tests.infra.test_permissions import allowed_by

BUCKET = "central-logs"
OWNER = "444455556666"
TOPIC = "arn:aws:sns:eu-west-1:444455556666:cloudtrail"
ARN = f"arn:<AWS::Partition>:s3:::{BUCKET}"
QUEUE = "<DeliveriesQueue.Arn>"
SOURCES = {
    "s3": {},
    "eventbridge": {"aitrail:announcedBy": "eventbridge"},
    "topic": {"aitrail:announcedBy": TOPIC},
    "s3 of another account": {"aitrail:logBucketAccount": OWNER},
    "eventbridge of another account": {"aitrail:announcedBy": "eventbridge", "aitrail:logBucketAccount": OWNER},
    "topic of another account": {"aitrail:announcedBy": TOPIC, "aitrail:logBucketAccount": OWNER},
}
PREFIXES = {"aitrail:keyPrefixes": "team/,odd*/logs/"}


@pytest.fixture(scope="session")
def of_source(synthesize):
    """The template of each source, with key prefixes."""
    templates = {}

    def of_source(name):
        if name not in templates:
            templates[name] = synthesize({"aitrail:logBucket": BUCKET, **PREFIXES, **SOURCES[name]})
        return templates[name]

    return of_source


def senders(template):
    """Who may send to the queue of deliveries, for which resource, under which other conditions."""
    [policy] = [
        each for each in template.of_type("AWS::SQS::QueuePolicy").values() if each["Queues"] == ["<DeliveriesQueue>"]
    ]
    return [
        (each["Principal"]["Service"], each["Condition"])
        for each in policy["PolicyDocument"]["Statement"]
        if each["Effect"] == "Allow"
    ]


@pytest.mark.parametrize("source", SOURCES)
def test_the_stack_has_no_bucket_and_no_trail_and_reads_the_existing_one(of_source, source):
    template = of_source(source)

    assert not template.of_type("AWS::S3::Bucket")
    assert not template.of_type("AWS::S3::BucketPolicy")
    assert not template.of_type("AWS::CloudTrail::Trail")
    allowed = allowed_by(template.properties("IngestRoleDefaultPolicy"))
    assert (["s3:ListBucket"], ARN) in allowed
    assert (["s3:GetObject", "s3:GetObjectVersion"], f"{ARN}/*") in allowed
    assert template.properties("IngestFunction")["Environment"]["Variables"]["LOG_BUCKET"] == BUCKET
    assert template.parts["Outputs"]["LogBucketName"]["Value"] == BUCKET


@pytest.mark.parametrize(
    ("source", "sender"),
    [
        ("s3", ("s3.amazonaws.com", ARN, {"aws:SourceAccount": "<AWS::AccountId>"})),
        ("s3 of another account", ("s3.amazonaws.com", ARN, {"aws:SourceAccount": OWNER})),
        ("topic", ("sns.amazonaws.com", TOPIC, None)),
        ("topic of another account", ("sns.amazonaws.com", TOPIC, None)),
    ],
)
def test_the_queue_takes_messages_from_the_source_alone(of_source, source, sender):
    service, arn, account = sender

    expected = {"ArnEquals": {"aws:SourceArn": arn}} | ({"StringEquals": account} if account else {})
    assert senders(of_source(source)) == [(service, expected)]


@pytest.mark.parametrize("source", ["eventbridge", "eventbridge of another account"])
def test_the_queue_takes_events_of_the_rule_alone(of_source, source):
    [(service, conditions)] = senders(of_source(source))

    assert service == "events.amazonaws.com"
    assert conditions["ArnEquals"] == {"aws:SourceArn": "<ExistingEvents.Arn>"}


def test_notifications_are_added_for_each_prefix_once_s3_may_send(of_source):
    template = of_source("s3")
    notifications = template.resources["ExistingNotifications"]

    assert notifications["Properties"]["Bucket"] == BUCKET
    assert [each["Filter"]["Key"]["FilterRules"] for each in notifications["Properties"]["Queues"]] == [
        [{"Name": "prefix", "Value": f"{prefix}AWSLogs/"}, {"Name": "suffix", "Value": ".json.gz"}]
        for prefix in ("", "team/", "odd*/logs/")
    ]
    assert {each["QueueArn"] for each in notifications["Properties"]["Queues"]} == {QUEUE}
    assert {event for each in notifications["Properties"]["Queues"] for event in each["Events"]} == {
        "s3:ObjectCreated:*",
        "s3:ObjectRestore:Completed",
        "s3:ObjectRemoved:*",
    }
    assert {"DeliveriesQueuePolicy", "ExistingAnnouncerRoleDefaultPolicy"} <= set(notifications["DependsOn"])
    assert allowed_by(template.properties("ExistingAnnouncerRoleDefaultPolicy")) == [
        (["s3:GetBucketNotification", "s3:PutBucketNotification"], ARN)
    ]


@pytest.mark.parametrize("source", [each for each in SOURCES if each != "s3"])
def test_nothing_may_change_the_notifications_of_other_buckets(of_source, source):
    assert "PutBucketNotification" not in of_source(source).text
    assert not of_source(source).of_type("Custom::BucketNotifications")


@pytest.mark.parametrize(
    ("source", "account", "bus"),
    [
        ("eventbridge", "<AWS::AccountId>", None),
        ("eventbridge of another account", OWNER, "<ExistingBus>"),
    ],
)
def test_the_rule_takes_events_of_log_files_of_this_bucket_and_account(of_source, source, account, bus):
    rule = of_source(source).properties("ExistingEvents")

    assert rule.get("EventBusName") == bus
    assert rule["EventPattern"] == {
        "account": [account],
        "source": ["aws.s3"],
        "detail-type": ["Object Created", "Object Restore Completed", "Object Deleted"],
        "detail": {
            "bucket": {"name": [BUCKET]},
            "object": {
                "key": [
                    {"wildcard": "AWSLogs/*.json.gz"},
                    {"wildcard": "team/AWSLogs/*.json.gz"},
                    {"wildcard": "odd\\*/logs/AWSLogs/*.json.gz"},
                ]
            },
        },
    }


def test_only_events_of_s3_of_the_owner_may_be_put_on_the_bus(of_source):
    template = of_source("eventbridge of another account")

    assert template.properties("ExistingBus")["Name"] == "aitrail-log-files"
    assert template.properties("ExistingBusPolicy")["Statement"] == {
        "Sid": "LogFiles",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:<AWS::Partition>:iam::{OWNER}:root"},
        "Action": "events:PutEvents",
        "Resource": "<ExistingBus.Arn>",
        "Condition": {"StringEquals": {"events:source": "aws.s3"}},
    }
    assert template.parts["Outputs"]["EventBusArn"]["Value"] == "<ExistingBus.Arn>"


@pytest.mark.parametrize("source", ["topic", "topic of another account"])
def test_the_queue_subscribes_to_the_topic(of_source, source):
    assert of_source(source).properties("ExistingSubscription") == {
        "Protocol": "sqs",
        "TopicArn": TOPIC,
        "Endpoint": QUEUE,
        "Region": "eu-west-1",
        "RawMessageDelivery": True,
    }


def test_an_adopted_bucket_can_have_the_trail_of_the_stack(synthesize):
    template = synthesize({"aitrail:logBucket": BUCKET, "aitrail:trail": "true"})

    [trail] = template.of_type("AWS::CloudTrail::Trail").values()
    assert trail["S3BucketName"] == BUCKET
    assert "AlarmsNoDigests" in template.resources


def test_the_text_of_the_function_is_no_longer_than_one_that_the_cdk_deploys(of_source, default):
    code = of_source("s3").properties("ExistingAnnouncer")["Code"]["ZipFile"]
    (of_cdk,) = [
        each["Code"]["ZipFile"]
        for each in default.of_type("AWS::Lambda::Function").values()
        if "ZipFile" in each["Code"]
    ]

    assert len(code) < len(of_cdk)


PLACE = Place(partition="aws", region="eu-west-1", account="111122223333", suffix="amazonaws.com")


def of_owner(**others):
    return Source(
        bucket=BUCKET,
        owner=OWNER,
        prefixes=("", "team/", "odd*/logs/"),
        role_arn="arn:aws:iam::111122223333:role/r",
        queue_arn="arn:aws:sqs:eu-west-1:111122223333:q",
        bus_arn="arn:aws:events:eu-west-1:111122223333:event-bus/b",
        keys=ExistingKeys(place=PLACE),
        **others,
    )


def test_the_owner_of_a_bucket_announces_what_the_stack_announces_itself(of_source):
    documents = {each.name: each.content for each in of_owner(announced_by="s3").documents()}
    queues = of_source("s3").resources["ExistingNotifications"]["Properties"]["Queues"]

    assert [{**each, "Id": "", "QueueArn": ""} for each in documents["notifications"]["QueueConfigurations"]] == [
        {**each, "Id": "", "QueueArn": ""} for each in queues
    ]


def test_the_owner_of_a_bucket_sends_the_events_that_the_stack_takes(of_source):
    documents = {each.name: each.content for each in of_owner(announced_by="eventbridge").documents()}
    sent = documents["template"]["Resources"]["Rule"]["Properties"]["EventPattern"]
    taken = of_source("eventbridge of another account").properties("ExistingEvents")["EventPattern"]

    assert sent | {"account": [OWNER]} == taken


@pytest.mark.parametrize(
    ("source", "name"),
    [("s3", "ExistingNotifications"), ("eventbridge", "ExistingEvents"), ("topic", "ExistingSubscription")],
)
def test_log_files_are_announced_once_the_function_accepts_them(of_source, source, name):
    assert "IngestFunction" in of_source(source).resources[name]["DependsOn"]


MANY = ",".join(f"organization/unit-{number:02}/" for number in range(40))


@pytest.mark.parametrize("announced_by", ["s3", TOPIC])
def test_an_existing_bucket_has_one_notification_for_each_prefix_or_none(announced_by):
    Settings.of({"aitrail:logBucket": BUCKET, "aitrail:announcedBy": announced_by, "aitrail:keyPrefixes": MANY})


def test_a_pattern_that_eventbridge_refuses_is_named_with_its_size(synthesize):
    context = {"aitrail:logBucket": BUCKET, "aitrail:announcedBy": "eventbridge", "aitrail:keyPrefixes": MANY}

    with pytest.raises(InvalidSettingsError, match=r"pattern of events would have up to \d,\d{3} bytes, .* 2,048"):
        synthesize(context)


def test_the_pattern_is_not_larger_than_it_is_counted(of_source):
    template = of_source("eventbridge of another account")
    pattern = template.properties("ExistingEvents")["EventPattern"]
    keys = pattern["detail"]["object"].pop("key")

    assert keys
    assert len(json.dumps(pattern, separators=(",", ":"))) + 63 - len(BUCKET) <= quotas._OTHER_PATTERN_BYTES

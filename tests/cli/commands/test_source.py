"""`aitrail source` prints what the owner of an existing bucket has to set up, and nothing that is not needed."""

import json

import pytest

OUTPUTS = {
    "EventsTableName": "events",
    "LogBucketName": "central-logs",
    "LogBucketAccount": "444455556666",
    "AnnouncedBy": "s3",
    "EventBusArn": "none",
    "FunctionRoleArn": "arn:aws:iam::111122223333:role/aitrail-IngestRole-1",
    "DeliveriesQueueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/aitrail-Queue-1",
    "KeyPrefixes": "team/,odd*/",
}
QUEUE = "arn:aws:sqs:eu-west-1:111122223333:aitrail-Queue-1"
BUS = "arn:aws:events:eu-west-1:111122223333:event-bus/aitrail-log-files"
TOPIC = "arn:aws:sns:eu-west-1:444455556666:log-files"
OWN_TOPIC = "arn:aws:sns:eu-west-1:111122223333:log-files"
EVENTS = {"AnnouncedBy": "eventbridge", "EventBusArn": BUS}
OWN = {"LogBucketAccount": "none"}
NEEDED = {
    "s3 of another account": ({}, ["bucket-policy", "key-policy", "notifications"]),
    "s3": (OWN, ["key-policy"]),
    "eventbridge of another account": (EVENTS, ["bucket-policy", "key-policy", "template"]),
    "eventbridge": (OWN | {"AnnouncedBy": "eventbridge"}, ["key-policy"]),
    "topic of another account": ({"AnnouncedBy": TOPIC}, ["bucket-policy", "key-policy", "topic-policy"]),
    "own bucket, topic of another account": (OWN | {"AnnouncedBy": TOPIC}, ["key-policy", "topic-policy"]),
    "own bucket and topic": (OWN | {"AnnouncedBy": OWN_TOPIC}, ["key-policy"]),
}


@pytest.fixture
def printed(aitrail, stacks, credentials):  # noqa: ARG001 (the client needs them)
    """The document that the command prints for a stack with these outputs."""

    def printed(name, **changes):
        stacks["aitrail"] = OUTPUTS | changes
        ended = aitrail("source", name)
        assert ended.exit_code == 0, ended.stderr
        return json.loads(ended.stdout)

    return printed


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize(("changes", "documents"), NEEDED.values(), ids=NEEDED)
def test_documents_that_are_needed_are_listed(aitrail, stacks, changes, documents):
    stacks["aitrail"] = OUTPUTS | changes

    ended = aitrail("source", "-o", "jsonl")

    assert [json.loads(line)["document"] for line in ended.stdout.splitlines()] == documents


@pytest.mark.usefixtures("credentials")
def test_source_is_told(aitrail, stacks):
    stacks["aitrail"] = OUTPUTS

    told = aitrail("source").stderr

    assert told == ("the stack aitrail in eu-west-1 reads central-logs of account 444455556666, announced by s3.\n")


@pytest.mark.usefixtures("credentials")
def test_document_that_is_not_needed_is_refused_with_those_that_are(aitrail, stacks):
    stacks["aitrail"] = OUTPUTS

    ended = aitrail("source", "template")

    assert ended.exit_code == 2
    assert "needed are bucket-policy, key-policy, notifications." in ended.stderr


@pytest.mark.usefixtures("credentials")
def test_stack_of_an_earlier_version_is_told_to_be_deployed_again(aitrail, stacks):
    stacks["aitrail"] = {name: value for name, value in OUTPUTS.items() if name != "FunctionRoleArn"}

    ended = aitrail("source")

    assert ended.exit_code == 3
    assert "an earlier version of aitrail deployed it" in ended.stderr


def test_bucket_policy_lets_the_function_read_log_files_alone(printed):
    listing, reading = printed("bucket-policy")["Statement"]

    role = {"AWS": "arn:aws:iam::111122223333:role/aitrail-IngestRole-1"}
    assert listing == {
        "Sid": "AitrailLists",
        "Effect": "Allow",
        "Principal": role,
        "Action": "s3:ListBucket",
        "Resource": "arn:aws:s3:::central-logs",
    }
    assert reading == {
        "Sid": "AitrailReads",
        "Effect": "Allow",
        "Principal": role,
        "Action": ["s3:GetObject", "s3:GetObjectVersion"],
        "Resource": [f"arn:aws:s3:::central-logs/{prefix}AWSLogs/*" for prefix in ("", "team/", "odd*/")],
    }


def test_key_policy_lets_the_function_decrypt_through_s3_alone(printed):
    [statement] = printed("key-policy")["Statement"]

    assert statement["Action"] == "kms:Decrypt"
    assert statement["Condition"] == {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}


def test_key_policy_names_the_service_as_china_does(printed):
    role = "arn:aws-cn:iam::111122223333:role/aitrail-IngestRole-1"

    [statement] = printed("key-policy", FunctionRoleArn=role)["Statement"]

    assert statement["Condition"] == {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com.cn"}}
    assert statement["Principal"] == {"AWS": role}


def test_topic_policy_lets_the_stack_subscribe_its_queue_alone(printed):
    statement, looking = printed("topic-policy", AnnouncedBy=TOPIC)["Statement"]

    assert (looking["Action"], looking["Resource"]) == ("sns:GetTopicAttributes", TOPIC)
    assert statement["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    assert statement["Resource"] == TOPIC
    assert statement["Condition"] == {"StringEquals": {"sns:Protocol": "sqs", "sns:Endpoint": QUEUE}}


def test_notifications_cover_each_prefix(printed):
    found = printed("notifications")["QueueConfigurations"]

    assert {each["QueueArn"] for each in found} == {QUEUE}
    assert [each["Filter"]["Key"]["FilterRules"][0]["Value"] for each in found] == [
        "AWSLogs/",
        "team/AWSLogs/",
        "odd*/AWSLogs/",
    ]
    assert len({each["Id"] for each in found}) == 3


def test_template_sends_events_of_log_files_to_the_bus_of_the_stack(printed):
    resources = printed("template", **EVENTS)["Resources"]

    [target] = resources["Rule"]["Properties"]["Targets"]
    assert target["Arn"] == BUS
    [policy] = resources["Role"]["Properties"]["Policies"]
    assert policy["PolicyDocument"]["Statement"] == [{"Effect": "Allow", "Action": "events:PutEvents", "Resource": BUS}]


@pytest.mark.usefixtures("credentials")
def test_topic_can_be_prepared_before_the_stack_is_deployed_with_it(aitrail, stacks):
    stacks["aitrail"] = OUTPUTS

    ended = aitrail("source", "topic-policy", "--topic", TOPIC)

    assert json.loads(ended.stdout)["Statement"][0]["Resource"] == TOPIC

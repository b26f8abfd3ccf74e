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
    "FilesTableName": "files",
    "FunctionLogGroupName": "aitrail-IngestLogs-1",
    "DeliveriesQueueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/aitrail-Queue-1",
    "BackfillQueueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/aitrail-Backfill-1",
    "DeadLetterQueueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/aitrail-DeadLetters-1",
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

    assert told == (
        "Log files of the stack aitrail in eu-west-1 come from central-logs of account 444455556666, announced by s3.\n"
    )


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


def test_key_policy_lets_the_function_decrypt_what_is_in_the_bucket_through_s3_alone(printed):
    [statement] = printed("key-policy")["Statement"]

    assert statement["Action"] == "kms:Decrypt"
    assert statement["Condition"] == {
        "StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"},
        "StringLike": {
            "kms:EncryptionContext:aws:s3:arn": ["arn:aws:s3:::central-logs", "arn:aws:s3:::central-logs/*"]
        },
    }


CREATED = "arn:aws:kms:eu-west-1:111122223333:key/created"
EXISTING = "arn:aws:kms:eu-west-1:444455556666:key/existing"
TRAIL = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/aitrail-trail"
OTHER_TRAIL = "arn:aws:cloudtrail:eu-west-1:444455556666:trail/audit"
ROLE = {"AWS": "arn:aws:iam::111122223333:role/aitrail-IngestRole-1"}
OF_PARTS = {
    "bucket": (
        OWN | {"BucketKmsKeyArn": EXISTING, "TrailArn": TRAIL},
        ["TrailEncryption", "TrailUse"],
    ),
    "bucket of other trails": (
        OWN | {"BucketKmsKeyArn": EXISTING, "TrailArns": f"{OTHER_TRAIL},{OTHER_TRAIL}-2"},
        ["OtherTrailsEncryption", "OtherTrailsUse"],
    ),
    "queues": (OWN | {"QueuesKmsKeyArn": EXISTING}, ["EventBridgeSends", "S3Sends", "AitrailUsesQueues"]),
    "queues of a topic": (
        {"QueuesKmsKeyArn": EXISTING, "AnnouncedBy": TOPIC},
        ["EventBridgeSends", "TopicSends", "AitrailUsesQueues"],
    ),
    "tables": ({"TablesKmsKeyArn": EXISTING}, ["AitrailUsesTables"]),
    "log group": ({"LogGroupKmsKeyArn": EXISTING}, ["LogGroupIsEncrypted"]),
}


@pytest.mark.parametrize(("changes", "sids"), OF_PARTS.values(), ids=OF_PARTS)
def test_key_policy_has_what_an_existing_key_needs_for_its_part(printed, changes, sids):
    of_log_files, *statements = printed("key-policy", **changes)["Statement"]

    assert of_log_files["Sid"] == "AitrailDecrypts"
    assert [each["Sid"] for each in statements] == sids
    assert {each["Resource"] for each in statements} == {EXISTING}
    assert all(each["Condition"] for each in statements)


def test_key_policy_has_nothing_for_a_key_that_the_stack_has_created(printed):
    names = ("KmsKeyArn", "BucketKmsKeyArn", "QueuesKmsKeyArn", "TablesKmsKeyArn", "LogGroupKmsKeyArn")

    statements = printed("key-policy", **OWN, **dict.fromkeys(names, CREATED), TrailArn=TRAIL)["Statement"]

    assert [each["Sid"] for each in statements] == ["AitrailDecrypts"]


def test_existing_key_lets_the_function_use_its_queues_and_tables_alone(printed):
    changes = {"KmsKeyArn": CREATED, "QueuesKmsKeyArn": EXISTING, "TablesKmsKeyArn": EXISTING}

    *_, queues, tables = printed("key-policy", **changes)["Statement"]

    assert (queues["Principal"], tables["Principal"]) == (ROLE, ROLE)
    assert queues["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert queues["Condition"]["StringEquals"] == {
        "kms:ViaService": "sqs.eu-west-1.amazonaws.com",
        "kms:EncryptionContext:aws:sqs:arn": [
            QUEUE,
            QUEUE.replace("Queue", "Backfill"),
            QUEUE.replace("Queue-", "DeadLetters-"),
        ],
    }
    assert tables["Action"] == "kms:Decrypt"
    assert tables["Condition"]["StringEquals"] == {
        "kms:ViaService": "dynamodb.eu-west-1.amazonaws.com",
        "kms:EncryptionContext:aws:dynamodb:tableName": ["events", "files"],
        "kms:EncryptionContext:aws:dynamodb:subscriberId": "111122223333",
    }


def test_key_of_queues_lets_s3_send_for_the_owner_of_the_bucket(printed):
    sent_by = {each["Sid"]: each["Condition"] for each in printed("key-policy", QueuesKmsKeyArn=EXISTING)["Statement"]}

    assert sent_by["S3Sends"] == {"StringEquals": {"aws:SourceAccount": "444455556666"}}


def test_list_of_documents_says_which_statements_belong_to_which_key(aitrail, stacks, credentials):  # noqa: ARG001
    stacks["aitrail"] = OUTPUTS | OWN | {"TablesKmsKeyArn": EXISTING}

    [listed] = [json.loads(line) for line in aitrail("source", "-o", "jsonl").stdout.splitlines()]

    assert listed["purpose"].endswith("Add the other statements to the policies of the keys that they name")


def test_key_policy_names_the_service_as_china_does(printed):
    role = "arn:aws-cn:iam::111122223333:role/aitrail-IngestRole-1"

    [statement] = printed("key-policy", FunctionRoleArn=role)["Statement"]

    assert statement["Condition"]["StringEquals"] == {"kms:ViaService": "s3.eu-west-1.amazonaws.com.cn"}
    assert statement["Condition"]["StringLike"]["kms:EncryptionContext:aws:s3:arn"][0] == "arn:aws-cn:s3:::central-logs"
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


def test_role_of_the_template_is_for_rules_of_its_own_account(printed):
    role = printed("template", **EVENTS)["Resources"]["Role"]["Properties"]

    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "events.amazonaws.com"}
    assert trust["Condition"] == {"StringEqualsIfExists": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


@pytest.mark.usefixtures("credentials")
def test_topic_can_be_prepared_before_the_stack_is_deployed_with_it(aitrail, stacks):
    stacks["aitrail"] = OUTPUTS

    ended = aitrail("source", "topic-policy", "--topic", TOPIC)

    assert json.loads(ended.stdout)["Statement"][0]["Resource"] == TOPIC

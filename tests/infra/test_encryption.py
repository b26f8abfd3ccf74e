"""Customer-managed keys: what they encrypt, who may use them, and that nothing is replaced because of them."""

import json
from functools import partial

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from infra.settings import InvalidSettingsError
from tests.shared.template_checks import lint_findings

OTHER_TRAIL = "arn:aws:cloudtrail:eu-west-1:444455556666:trail/audit"
TOPIC = "arn:aws:sns:eu-west-1:444455556666:cloudtrail"
CREATED = "<KeysKey.Arn>"
HERE = "<AWS::Region>:<AWS::AccountId>"
TRAIL = f"arn:<AWS::Partition>:cloudtrail:{HERE}:trail/aitrail-trail"
QUEUES = ["<DeliveriesQueue.Arn>", "<DeliveriesBackfill.Arn>", "<DeliveriesDeadLetters.Arn>"]
PARTS = ("bucketKmsKey", "queuesKmsKey", "tablesKmsKey", "logGroupKmsKey")
EXISTING = {
    name: f"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-{number:012}"
    for number, name in enumerate(PARTS)
}
SOURCES = {
    "own bucket": {},
    "own bucket, other trail": {"trailArns": OTHER_TRAIL},
    "s3": {"logBucket": "central-logs"},
    "s3 of another account": {"logBucket": "central-logs", "logBucketAccount": "444455556666"},
    "eventbridge": {"logBucket": "central-logs", "announcedBy": "eventbridge"},
    "topic": {"logBucket": "central-logs", "announcedBy": TOPIC},
}


@pytest.fixture(scope="session")
def encrypted(synthesize):
    """The template of a stack with these settings, by default with a key for everything that it creates."""
    templates = {}

    def encrypted(**settings):
        settings = settings or {"kmsKey": "stack"}
        name = json.dumps(settings, sort_keys=True)
        if name not in templates:
            templates[name] = synthesize({f"aitrail:{key}": value for key, value in settings.items()})
        return templates[name]

    return encrypted


def keys_of(template):
    """The key of each encrypted part of a template."""
    found = {}
    for name, each in template.of_type("AWS::S3::Bucket").items():
        [rule] = each["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        found[name] = rule["ServerSideEncryptionByDefault"].get("KMSMasterKeyID")
    for name, each in template.of_type("AWS::CloudTrail::Trail").items():
        found[name] = each.get("KMSKeyId")
    for name, each in template.of_type("AWS::SQS::Queue").items():
        found[name] = each.get("KmsMasterKeyId")
    for name, each in template.of_type("AWS::DynamoDB::GlobalTable").items():
        [replica] = each["Replicas"]
        found[name] = replica.get("SSESpecification", {}).get("KMSMasterKeyId")
    for name, each in template.of_type("AWS::Logs::LogGroup").items():
        found[name] = each.get("KmsKeyId")
    return found


BUCKET = ("LogsBucket", "Trail")
REST = ("DeliveriesDeadLetters", "DeliveriesQueue", "DeliveriesBackfill", "EventsTable", "FilesTable", "IngestLogs")


def test_by_default_there_is_no_key_and_nothing_names_one(default):
    assert set(keys_of(default)) == {*BUCKET, *REST}
    assert set(keys_of(default).values()) == {None}
    assert not default.of_type("AWS::KMS::Key")
    assert "kms:" not in default.text
    assert "KmsKey" not in json.dumps(default.parts["Outputs"])


def test_key_of_the_stack_encrypts_everything(encrypted):
    assert keys_of(encrypted()) == dict.fromkeys((*BUCKET, *REST), CREATED)


def test_each_part_can_have_an_existing_key_and_the_stack_then_creates_none(encrypted):
    template = encrypted(**EXISTING)

    assert not template.of_type("AWS::KMS::Key")
    assert keys_of(template) == {
        **dict.fromkeys(BUCKET, EXISTING["bucketKmsKey"]),
        **dict.fromkeys(REST[:3], EXISTING["queuesKmsKey"]),
        **dict.fromkeys(REST[3:5], EXISTING["tablesKmsKey"]),
        "IngestLogs": EXISTING["logGroupKmsKey"],
    }


def test_key_of_a_part_has_precedence_over_the_key_of_everything(encrypted):
    template = encrypted(kmsKey=EXISTING["tablesKmsKey"], queuesKmsKey="stack")

    assert keys_of(template) == dict.fromkeys((*BUCKET, *REST), EXISTING["tablesKmsKey"]) | dict.fromkeys(
        REST[:3], CREATED
    )


def test_existing_bucket_keeps_its_encryption(encrypted):
    template = encrypted(kmsKey="stack", logBucket="kept-logs", trail="true")

    assert keys_of(template) == {"Trail": None} | dict.fromkeys(REST, CREATED)
    assert "TrailEncryption" not in template.text
    assert "s3:arn" not in template.text


def test_objects_share_a_key_of_the_bucket_and_messages_a_data_key(encrypted):
    [rule] = encrypted().properties("LogsBucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {
        "BucketKeyEnabled": True,
        "ServerSideEncryptionByDefault": {"KMSMasterKeyID": CREATED, "SSEAlgorithm": "aws:kms"},
    }
    for queue in encrypted().of_type("AWS::SQS::Queue").values():
        assert queue["KmsDataKeyReusePeriodSeconds"] == 3600
        assert "SqsManagedSseEnabled" not in queue
    for table in encrypted().of_type("AWS::DynamoDB::GlobalTable").values():
        assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}


KEPT, DELETED = ("RetainExceptOnCreate", "Retain"), ("Delete", "Delete")


@pytest.mark.parametrize(
    ("settings", "policies"),
    [
        ({"kmsKey": "stack"}, KEPT),
        ({"kmsKey": "stack", "deletionProtection": "false"}, KEPT),
        ({"tablesKmsKey": "stack"}, KEPT),
        ({"tablesKmsKey": "stack", "deletionProtection": "false"}, DELETED),
        ({"queuesKmsKey": "stack", "logGroupKmsKey": "stack"}, DELETED),
    ],
    ids=str,
)
def test_key_outlives_the_stack_if_what_it_encrypts_does(encrypted, settings, policies):
    key = encrypted(**settings).resources["KeysKey"]

    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == policies
    assert key["Properties"]["EnableKeyRotation"] is True
    assert key["Properties"]["PendingWindowInDays"] == 30


def lets(sid, service, actions, condition):
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": actions,
        "Resource": "*",
        "Condition": condition,
    }


ACCOUNT = {
    "Sid": "AccountAdministers",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:<AWS::Partition>:iam::<AWS::AccountId>:root"},
    "Action": "kms:*",
    "Resource": "*",
}
lets_cloudtrail = partial(lets, service="cloudtrail.amazonaws.com")
lets_send = partial(lets, actions=["kms:GenerateDataKey*", "kms:Decrypt"])


def of_trails(name, arn):
    source = {"StringEquals": {"aws:SourceArn": arn}}
    context = {"StringEqualsIfExists": {"kms:EncryptionContext:aws:cloudtrail:arn": arn}}
    return [
        lets_cloudtrail(f"{name}Encryption", actions="kms:GenerateDataKey*", condition=source | context),
        lets_cloudtrail(f"{name}Use", actions=["kms:DescribeKey", "kms:Decrypt"], condition=source),
    ]


OWN_TRAIL, OTHER_TRAILS = of_trails("Trail", TRAIL), of_trails("OtherTrails", OTHER_TRAIL)
EVENTBRIDGE = lets_send(
    "EventBridgeSends",
    "events.amazonaws.com",
    condition={
        "StringEqualsIfExists": {"aws:SourceAccount": "<AWS::AccountId>"},
        "ArnLike": {"kms:EncryptionContext:aws:sqs:arn": f"arn:<AWS::Partition>:sqs:{HERE}:*"},
    },
)
LOG_GROUP = lets(
    "LogGroupIsEncrypted",
    "logs.<AWS::Region>.<AWS::URLSuffix>",
    ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
    {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:<AWS::Partition>:logs:{HERE}:log-group:aitrail-*"}},
)


def of_s3(account):
    return lets_send("S3Sends", "s3.amazonaws.com", condition={"StringEquals": {"aws:SourceAccount": account}})


OF_TOPIC = lets_send("TopicSends", "sns.amazonaws.com", condition={"ArnEquals": {"aws:SourceArn": TOPIC}})
USERS = {
    "own bucket": [*OWN_TRAIL, EVENTBRIDGE, of_s3("<AWS::AccountId>")],
    "own bucket, other trail": [*OWN_TRAIL, *OTHER_TRAILS, EVENTBRIDGE, of_s3("<AWS::AccountId>")],
    "s3": [EVENTBRIDGE, of_s3("<AWS::AccountId>")],
    "s3 of another account": [EVENTBRIDGE, of_s3("444455556666")],
    "eventbridge": [EVENTBRIDGE],
    "topic": [EVENTBRIDGE, OF_TOPIC],
}


@pytest.mark.parametrize("source", SOURCES)
def test_policy_of_the_created_key_names_who_may_use_it_and_nobody_else(encrypted, source):
    policy = encrypted(kmsKey="stack", **SOURCES[source]).properties("KeysKey")["KeyPolicy"]

    assert policy["Statement"] == [ACCOUNT, *USERS[source], LOG_GROUP]


@pytest.mark.parametrize(
    ("part", "users"),
    [
        ("bucketKmsKey", OWN_TRAIL),
        ("queuesKmsKey", [EVENTBRIDGE, of_s3("<AWS::AccountId>")]),
        ("tablesKmsKey", []),
        ("logGroupKmsKey", [LOG_GROUP]),
    ],
)
def test_key_of_one_part_has_the_statements_of_that_part(encrypted, part, users):
    policy = encrypted(**{part: "stack"}).properties("KeysKey")["KeyPolicy"]

    assert policy["Statement"] == [ACCOUNT, *users]


def through(service, **context):
    context = {f"kms:EncryptionContext:aws:{name.replace('_', ':')}": value for name, value in context.items()}
    return {"kms:ViaService": f"{service}.<AWS::Region>.<AWS::URLSuffix>"} | context


OF_BUCKET = {
    "StringEquals": through("s3"),
    "StringLike": {"kms:EncryptionContext:aws:s3:arn": ["<LogsBucket.Arn>", "<LogsBucket.Arn>/*"]},
}
OF_QUEUES = {"StringEquals": through("sqs", sqs_arn=QUEUES)}
OF_TABLES = {
    "StringEquals": through(
        "dynamodb", dynamodb_tableName=["<EventsTable>", "<FilesTable>"], dynamodb_subscriberId="<AWS::AccountId>"
    )
}


def uses_of_keys(template):
    """What the roles of the stack may do with keys, as (actions, key, condition)."""
    return [
        (each["Action"], each["Resource"], each["Condition"])
        for policy in template.of_type("AWS::IAM::Policy").values()
        for each in policy["PolicyDocument"]["Statement"]
        if "kms:" in json.dumps(each["Action"])
    ]


def test_function_uses_a_key_only_through_the_services_for_what_is_the_stacks(encrypted):
    assert uses_of_keys(encrypted(**EXISTING)) == [
        ("kms:Decrypt", EXISTING["bucketKmsKey"], OF_BUCKET),
        (["kms:Decrypt", "kms:GenerateDataKey"], EXISTING["queuesKmsKey"], OF_QUEUES),
        ("kms:Decrypt", EXISTING["tablesKmsKey"], OF_TABLES),
    ]
    assert uses_of_keys(encrypted()) == [
        ("kms:Decrypt", CREATED, OF_BUCKET),
        (["kms:Decrypt", "kms:GenerateDataKey"], CREATED, OF_QUEUES),
        ("kms:Decrypt", CREATED, OF_TABLES),
    ]


def test_outputs_name_the_keys_and_the_trails_that_use_them(encrypted):
    outputs = {
        name: each["Value"]
        for name, each in encrypted(kmsKey="stack", trailArns=OTHER_TRAIL).parts["Outputs"].items()
        if name.endswith(("KmsKeyArn", "TrailArn", "TrailArns"))
    }
    names = ("KmsKeyArn", "BucketKmsKeyArn", "QueuesKmsKeyArn", "TablesKmsKeyArn", "LogGroupKmsKeyArn")

    assert outputs == dict.fromkeys(names, CREATED) | {"TrailArn": TRAIL, "TrailArns": OTHER_TRAIL}
    assert "KmsKeyArn" not in encrypted(**EXISTING).parts["Outputs"]


def test_turning_encryption_on_replaces_nothing(default, encrypted):
    before, after = (json.loads(each.text)["Resources"] for each in (default, encrypted()))

    assert before.keys() < after.keys()
    for name, old in before.items():
        changed = {
            key
            for key in old.get("Properties", {}).keys() | after[name].get("Properties", {}).keys()
            if old["Properties"].get(key) != after[name]["Properties"].get(key)
        }
        assert not changed & replacing(old["Type"])
        assert (old.get("DeletionPolicy"), old.get("DependsOn")) == (
            after[name].get("DeletionPolicy"),
            after[name].get("DependsOn"),
        )


def replacing(kind):
    """The properties whose change makes CloudFormation replace a resource of this type, or may do so."""
    if not kind.startswith("AWS::"):
        return set()
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("eu-central-1", kind).schema
    pointers = [*schema.get("createOnlyProperties", ()), *schema.get("conditionalCreateOnlyProperties", ())]
    return {each.split("/")[2] for each in pointers}


def test_schemas_name_what_is_replaced():
    assert {"TableName", "KeySchema"} <= replacing("AWS::DynamoDB::GlobalTable")
    for kind, name in (("S3::Bucket", "BucketName"), ("SQS::Queue", "QueueName"), ("Logs::LogGroup", "LogGroupName")):
        assert name in replacing(f"AWS::{kind}")


def test_cfn_lint_finds_nothing(encrypted):
    assert lint_findings(encrypted(kmsKey="stack", trailArns=OTHER_TRAIL).text) == []


def test_policy_of_a_key_can_name_as_many_trails_as_the_policy_of_the_bucket(synthesize):
    trails = [f"arn:aws:cloudtrail:eu-west-1:{each:012}:trail/{'x' * 60}" for each in range(90)]
    settings = {"aitrail:kmsKey": "stack"}
    with pytest.raises(InvalidSettingsError, match="The log bucket's policy"):
        synthesize(settings | {"aitrail:trailArns": ",".join(trails)})

    template = synthesize(settings | {"aitrail:trailArns": ",".join(trails[:80])})

    most = 32 * 1024
    assert len(json.dumps(template.properties("KeysKey")["KeyPolicy"], separators=(",", ":"))) < most * 0.95

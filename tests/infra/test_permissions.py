"""Least privilege: every statement of every role and resource policy, compared as a whole."""

import json
from fnmatch import fnmatchcase
from itertools import chain

import pytest

FUNCTION_STATEMENTS = [
    (["cloudtrail:ListPublicKeys"], "*"),
    (["dynamodb:BatchWriteItem"], "<EventsTable.Arn>"),
    (
        ["dynamodb:BatchWriteItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"],
        "<FilesTable.Arn>",
    ),
    (["dynamodb:Query"], "<FilesTable.Arn>/index/by-day"),
    (["dynamodb:Query"], "<FilesTable.Arn>/index/by-problem"),
    (["logs:CreateLogStream", "logs:PutLogEvents"], "<IngestLogs.Arn>"),
    (["s3:GetObject", "s3:GetObjectVersion"], "<LogsBucket.Arn>/*"),
    (["s3:ListBucket"], "<LogsBucket.Arn>"),
    *(
        (["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"], queue)
        for queue in ("<DeliveriesBackfill.Arn>", "<DeliveriesQueue.Arn>")
    ),
    (["sqs:SendMessage"], "<DeliveriesBackfill.Arn>"),
]
TRACE_STATEMENT = (["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*")
HERE = "<AWS::Region>.<AWS::URLSuffix>"
OF_BUCKET = {
    "StringEquals": {"kms:ViaService": f"s3.{HERE}"},
    "StringLike": {"kms:EncryptionContext:aws:s3:arn": ["<LogsBucket.Arn>", "<LogsBucket.Arn>/*"]},
}
OF_QUEUES = {
    "StringEquals": {
        "kms:ViaService": f"sqs.{HERE}",
        "kms:EncryptionContext:aws:sqs:arn": [
            "<DeliveriesQueue.Arn>",
            "<DeliveriesBackfill.Arn>",
            "<DeliveriesDeadLetters.Arn>",
        ],
    }
}
OF_TABLES = {
    "StringEquals": {
        "kms:ViaService": f"dynamodb.{HERE}",
        "kms:EncryptionContext:aws:dynamodb:tableName": ["<EventsTable>", "<FilesTable>"],
        "kms:EncryptionContext:aws:dynamodb:subscriberId": "<AWS::AccountId>",
    }
}
KEY_STATEMENTS = [
    (
        ["kms:Decrypt"],
        ["arn:aws:kms:eu-west-1:111122223333:key/aaaa", "arn:aws:kms:eu-west-1:444455556666:key/mrk-bbbb"],
        OF_BUCKET,
    ),
    (["kms:Decrypt"], "arn:aws:kms:eu-west-1:444455556666:key/mrk-cccc", OF_BUCKET),
    (["kms:Decrypt", "kms:GenerateDataKey"], "arn:aws:kms:eu-west-1:111122223333:key/dddd", OF_QUEUES),
    (["kms:Decrypt"], "<KeysKey.Arn>", OF_TABLES),
]
READ_KEY_STATEMENT = (["secretsmanager:GetSecretValue"], "<RedactionSecret.Id>")
TRAIL_ARN = "arn:<AWS::Partition>:cloudtrail:<AWS::Region>:<AWS::AccountId>:trail/aitrail-trail"
AUDIT_ARN = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit"
ORGANIZATION_ARN = "arn:aws:cloudtrail:us-east-1:444455556666:trail/organization"


def lets_deliver(trail_arn, keys):
    return [
        {
            "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": "s3:GetBucketAcl",
            "Resource": "<LogsBucket.Arn>",
            "Condition": {"StringEquals": {"aws:SourceArn": trail_arn}},
        },
        {
            "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"<LogsBucket.Arn>/{keys}",
            "Condition": {
                "StringEquals": {"aws:SourceArn": trail_arn, "s3:x-amz-acl": "bucket-owner-full-control"},
            },
        },
    ]


OWN = lets_deliver(TRAIL_ARN, "AWSLogs/<AWS::AccountId>/*")
AUDIT = lets_deliver(AUDIT_ARN, "AWSLogs/*")
ORGANIZATION = lets_deliver(ORGANIZATION_ARN, "AWSLogs/*")
BOTH = lets_deliver([AUDIT_ARN, ORGANIZATION_ARN], "AWSLogs/*")


def denies_without_tls(service, *resources):
    return {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": f"{service}:*",
        "Resource": list(resources) if len(resources) > 1 else resources[0],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def denies_changes(*keys, but=None):
    exempt = {"ArnNotEquals": {"aws:PrincipalArn": but}} if but else {}
    logs = [f"<LogsBucket.Arn>/{each}" for each in keys]
    deletions = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ReplicateDelete", "s3:BypassGovernanceRetention"]
    return [
        {
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": ["s3:PutObject", "s3:ReplicateObject"],
            "Resource": logs if len(logs) > 1 else logs[0],
            "Condition": {"StringNotEquals": {"aws:PrincipalServiceName": "cloudtrail.amazonaws.com"}} | exempt,
        },
        {
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": deletions,
            "Resource": "<LogsBucket.Arn>/*",
        }
        | ({"Condition": exempt} if exempt else {}),
    ]


def allowed_by(policy):
    """What a policy allows on which resources, and, where there is one, under which condition."""
    statements = policy["PolicyDocument"]["Statement"]
    assert all(set(each) - {"Condition"} == {"Action", "Effect", "Resource"} for each in statements)
    assert all(each["Effect"] == "Allow" for each in statements)
    return in_order(
        (sorted(as_list(each["Action"])), each["Resource"], *([each["Condition"]] if "Condition" in each else []))
        for each in statements
    )


def in_order(allowed):
    return sorted(allowed, key=json.dumps)


def statements_of(properties):
    return properties["PolicyDocument"]["Statement"]


def test_the_function_may_do_this_and_nothing_else(default):
    policy = default.properties("IngestRoleDefaultPolicy")

    assert policy["Roles"] == ["<IngestRole>"]
    assert allowed_by(policy) == in_order([*FUNCTION_STATEMENTS, TRACE_STATEMENT])


def test_the_function_may_use_the_keys_of_the_settings_alone(chosen):
    policy = chosen.properties("IngestRoleDefaultPolicy")

    assert allowed_by(policy) == in_order([*FUNCTION_STATEMENTS, *KEY_STATEMENTS, READ_KEY_STATEMENT])


def test_the_announcer_may_set_the_notifications_of_this_bucket_alone(default):
    policy = default.properties("LogsAnnouncerRoleDefaultPolicy")

    assert allowed_by(policy) == [(["s3:PutBucketNotification"], "<LogsBucket.Arn>")]


def test_there_are_two_roles_for_lambda_without_managed_or_inline_policies(default):
    roles = default.of_type("AWS::IAM::Role")

    assert sorted(roles) == ["IngestRole", "LogsAnnouncerRole"]
    for role in roles.values():
        assert list(role) == ["AssumeRolePolicyDocument"]
        assert [each["Principal"] for each in role["AssumeRolePolicyDocument"]["Statement"]] == [
            {"Service": "lambda.amazonaws.com"}
        ]


def test_no_other_policies_exist(default):
    assert sorted(default.of_type("AWS::IAM::Policy")) == ["IngestRoleDefaultPolicy", "LogsAnnouncerRoleDefaultPolicy"]
    assert not default.of_type("AWS::IAM::ManagedPolicy")


def test_the_log_bucket_takes_objects_from_this_trail_and_nothing_without_tls(default):
    statements = statements_of(default.properties("LogsBucketPolicy"))

    assert statements == [
        denies_without_tls("s3", "<LogsBucket.Arn>", "<LogsBucket.Arn>/*"),
        *denies_changes("AWSLogs/*"),
        *OWN,
    ]


def test_prefixes_are_guarded_and_a_role_is_exempt_when_the_settings_say_so(chosen):
    statements = statements_of(chosen.properties("LogsBucketPolicy"))

    guarded = ("AWSLogs/*", "team/AWSLogs/*", "old/logs/AWSLogs/*")
    assert statements[1:3] == denies_changes(*guarded, but=BREAK_GLASS)


BREAK_GLASS = "arn:aws:iam::111122223333:role/on-call/break-glass"
CLOUDTRAIL = {"aws:PrincipalServiceName": "cloudtrail.amazonaws.com"}
OTHER_SERVICE = {"aws:PrincipalServiceName": "config.amazonaws.com"}
ADMINISTRATOR = {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/administrator"}
ROOT = {"aws:PrincipalArn": "arn:aws:iam::111122223333:root"}
ON_CALL = {"aws:PrincipalArn": BREAK_GLASS}
NOBODY = {}
LOG = "team/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/x.json.gz"
# IAM: a negated condition on a key that a request does not have is met.
MATCHES = {
    "StringNotEquals": lambda value, expected: value != expected,
    "ArnNotEquals": lambda value, expected: value is None or not fnmatchcase(value, expected),
    "Bool": lambda value, expected: value == expected,
}


def is_denied(statements, action, key, request):
    """Whether a statement denies a request with these condition keys, as IAM evaluates it."""
    request = {"aws:SecureTransport": "true", **request}
    return any(
        fnmatchcase(action, pattern)
        and fnmatchcase(f"<LogsBucket.Arn>/{key}", resource)
        and all(
            MATCHES[operator](request.get(name), expected)
            for operator, compared in each.get("Condition", {}).items()
            for name, expected in compared.items()
        )
        for each in statements
        if each["Effect"] == "Deny"
        for pattern in as_list(each["Action"])
        for resource in as_list(each["Resource"])
    )


def as_list(value):
    return [value] if isinstance(value, str) else value


DELETIONS = ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention", "s3:ReplicateDelete")


REQUESTS = {
    "CloudTrail": CLOUDTRAIL,
    "another service": OTHER_SERVICE,
    "an administrator": ADMINISTRATOR,
    "root": ROOT,
    "break-glass": ON_CALL,
    "anonymous": NOBODY,
}


@pytest.mark.parametrize("action", ["s3:PutObject", "s3:ReplicateObject"])
def test_only_cloudtrail_and_the_break_glass_role_write_log_files(default, chosen, action):
    with_role, without = (statements_of(each.properties("LogsBucketPolicy")) for each in (chosen, default))
    key = LOG.removeprefix("team/")

    assert writers(with_role, action, LOG) == {"CloudTrail", "break-glass"}
    assert writers(without, action, key) == {"CloudTrail"}


@pytest.mark.parametrize("action", DELETIONS)
def test_nobody_but_the_break_glass_role_deletes(default, chosen, action):
    with_role, without = (statements_of(each.properties("LogsBucketPolicy")) for each in (chosen, default))

    assert writers(with_role, action, LOG) == {"break-glass"}
    assert writers(without, action, LOG) == set()


def writers(statements, action, key):
    return {name for name, request in REQUESTS.items() if not is_denied(statements, action, key, request)}


@pytest.mark.parametrize("action", ["s3:GetObject", "s3:PutLifecycleConfiguration", "s3:PutBucketPolicy"])
def test_reading_and_deploying_are_not_denied(chosen, action):
    assert not is_denied(statements_of(chosen.properties("LogsBucketPolicy")), action, LOG, ADMINISTRATOR)


@pytest.mark.parametrize(
    ("trail", "trail_arns", "expected"),
    [
        (False, [], []),
        (False, [AUDIT_ARN], AUDIT),
        (False, [AUDIT_ARN, ORGANIZATION_ARN], BOTH),
        (True, [ORGANIZATION_ARN], [*ORGANIZATION, *OWN]),
        (True, [AUDIT_ARN, ORGANIZATION_ARN], [*BOTH, *OWN]),
    ],
    ids=["none", "one", "two", "its own and one", "its own and two"],
)
def test_the_log_bucket_takes_objects_from_the_trails_of_the_settings_alone(synthesize, trail, trail_arns, expected):
    template = synthesize({"aitrail:trail": trail, "aitrail:trailArns": trail_arns})

    assert statements_of(template.properties("LogsBucketPolicy")) == [
        denies_without_tls("s3", "<LogsBucket.Arn>", "<LogsBucket.Arn>/*"),
        *denies_changes("AWSLogs/*"),
        *expected,
    ]


def test_the_deliveries_queue_takes_messages_from_the_log_bucket_alone(default):
    statements = statements_of(default.properties("DeliveriesQueuePolicy"))

    assert statements == [
        denies_without_tls("sqs", "<DeliveriesQueue.Arn>"),
        {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": "<DeliveriesQueue.Arn>",
            "Condition": {
                "ArnEquals": {"aws:SourceArn": "<LogsBucket.Arn>"},
                "StringEquals": {"aws:SourceAccount": "<AWS::AccountId>"},
            },
        },
    ]


def test_the_backfill_queue_takes_messages_from_the_hourly_rule_alone(default):
    statements = statements_of(default.properties("DeliveriesBackfillPolicy"))

    assert statements == [
        denies_without_tls("sqs", "<DeliveriesBackfill.Arn>"),
        {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": "<DeliveriesBackfill.Arn>",
            "Condition": {
                "ArnEquals": {"aws:SourceArn": "<DeliveriesHourly.Arn>"},
                "StringEqualsIfExists": {"aws:SourceAccount": "<AWS::AccountId>"},
            },
        },
    ]


def test_every_service_that_may_send_or_write_is_named_with_its_source(default, chosen):
    for template in (default, chosen):
        policies = [template.of_type(f"AWS::{kind}Policy").values() for kind in ("SQS::Queue", "S3::Bucket")]
        for statement in (each for policy in chain(*policies) for each in statements_of(policy)):
            if statement["Effect"] == "Allow":
                assert "aws:SourceArn" in json.dumps(statement["Condition"])
                is_queue = statement["Action"] == "sqs:SendMessage"
                assert ("aws:SourceAccount" in json.dumps(statement["Condition"])) is is_queue


@pytest.mark.parametrize("queue", ["DeliveriesQueue", "DeliveriesBackfill", "DeliveriesDeadLetters"])
def test_a_queue_refuses_requests_without_tls(default, queue):
    assert denies_without_tls("sqs", f"<{queue}.Arn>") in statements_of(default.properties(f"{queue}Policy"))

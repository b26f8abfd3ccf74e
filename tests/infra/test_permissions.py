"""Least privilege: every statement of every role and resource policy, compared as a whole."""

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
    (["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*"),
]
DECRYPT_STATEMENTS = [
    (["kms:Decrypt"], "arn:aws:kms:eu-west-1:111122223333:key/aaaa"),
    (["kms:Decrypt"], "arn:aws:kms:eu-west-1:444455556666:key/mrk-bbbb"),
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


def denies_without_tls(service, *resources):
    return {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": f"{service}:*",
        "Resource": list(resources) if len(resources) > 1 else resources[0],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def allowed_by(policy):
    statements = policy["PolicyDocument"]["Statement"]
    assert all(set(each) == {"Action", "Effect", "Resource"} and each["Effect"] == "Allow" for each in statements)
    as_list = [[each["Action"]] if isinstance(each["Action"], str) else each["Action"] for each in statements]
    return sorted((sorted(actions), each["Resource"]) for actions, each in zip(as_list, statements, strict=True))


def statements_of(properties):
    return properties["PolicyDocument"]["Statement"]


def test_the_function_may_do_this_and_nothing_else(default):
    policy = default.properties("IngestRoleDefaultPolicy")

    assert policy["Roles"] == ["<IngestRole>"]
    assert allowed_by(policy) == FUNCTION_STATEMENTS


def test_the_function_may_use_the_keys_of_the_settings_alone(chosen):
    policy = chosen.properties("IngestRoleDefaultPolicy")

    assert allowed_by(policy) == sorted([*FUNCTION_STATEMENTS, *DECRYPT_STATEMENTS, READ_KEY_STATEMENT])


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
        *OWN,
    ]


@pytest.mark.parametrize(
    ("trail", "trail_arns", "expected"),
    [
        (False, [], []),
        (False, [AUDIT_ARN], AUDIT),
        (False, [AUDIT_ARN, ORGANIZATION_ARN], [*AUDIT, *ORGANIZATION]),
        (True, [ORGANIZATION_ARN], [*ORGANIZATION, *OWN]),
        (True, [AUDIT_ARN, ORGANIZATION_ARN], [*AUDIT, *ORGANIZATION, *OWN]),
    ],
    ids=["none", "one", "two", "its own and one", "its own and two"],
)
def test_the_log_bucket_takes_objects_from_the_trails_of_the_settings_alone(synthesize, trail, trail_arns, expected):
    template = synthesize({"aitrail:trail": trail, "aitrail:trailArns": trail_arns})

    assert statements_of(template.properties("LogsBucketPolicy")) == [
        denies_without_tls("s3", "<LogsBucket.Arn>", "<LogsBucket.Arn>/*"),
        *expected,
    ]


def test_the_deliveries_queue_takes_messages_from_the_log_bucket_alone(default):
    statements = statements_of(default.properties("DeliveriesQueuePolicy"))

    assert statements == [
        denies_without_tls("sqs", "<DeliveriesQueue.Arn>"),
        {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": ["sqs:SendMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"],
            "Resource": "<DeliveriesQueue.Arn>",
            "Condition": {"ArnLike": {"aws:SourceArn": "<LogsBucket.Arn>"}},
        },
    ]


@pytest.mark.parametrize("queue", ["DeliveriesQueue", "DeliveriesBackfill", "DeliveriesDeadLetters"])
def test_a_queue_refuses_requests_without_tls(default, queue):
    assert denies_without_tls("sqs", f"<{queue}.Arn>") in statements_of(default.properties(f"{queue}Policy"))

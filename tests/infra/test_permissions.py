"""Least privilege: every statement of every role and resource policy, compared as a whole."""

import json
from fnmatch import fnmatchcase
from itertools import chain

import botocore.loaders
import pytest

from infra.quotas import MANAGED_POLICY_CHARACTERS, longest_policy
from infra.settings import InvalidSettingsError, Settings

FUNCTION_STATEMENTS = [
    (["cloudtrail:ListPublicKeys"], "*"),
    (["dynamodb:BatchWriteItem"], "<EventsTable.Arn>"),
    (
        [f"dynamodb:{each}" for each in ("BatchGetItem", "BatchWriteItem", "GetItem", "Query", "UpdateItem")],
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
    (["kms:Decrypt"], "arn:aws:kms:eu-west-1:444455556666:key/mrk-1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c", OF_BUCKET),
    (
        ["kms:Decrypt", "kms:GenerateDataKey"],
        "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-dddddddddddd",
        OF_QUEUES,
    ),
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


def denies_changes(*keys, but=None, replicated_by=None):
    exempt = {"ArnNotEquals": {"aws:PrincipalArn": but}} if but else {}
    replicating = {"ArnNotLike": {"aws:PrincipalArn": replicated_by}} if replicated_by else {}
    logs = [f"<LogsBucket.Arn>/{each}" for each in keys]
    deletions = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ReplicateDelete", "s3:BypassGovernanceRetention"]
    return [
        {
            "Sid": "OnlyCloudTrailWritesLogs",
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": ["s3:PutObject", "s3:ReplicateObject"],
            "Resource": logs if len(logs) > 1 else logs[0],
            "Condition": {"StringNotEquals": {"aws:PrincipalServiceName": "cloudtrail.amazonaws.com"}}
            | exempt
            | replicating,
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
    return sorted(allowed, key=lambda each: (each[0], str(each[1:])))


def statements_of(properties):
    return properties["PolicyDocument"]["Statement"]


def test_the_function_may_do_this_and_nothing_else(default):
    policy = default.properties("IngestRoleDefaultPolicy")

    assert policy["Roles"] == ["<IngestRole>"]
    assert allowed_by(policy) == for_stack("aitrail", [*FUNCTION_STATEMENTS, TRACE_STATEMENT])


def test_the_function_may_use_the_keys_of_the_settings_alone(chosen):
    policy = chosen.properties("IngestRoleDefaultPolicy")

    assert allowed_by(policy) == for_stack("aitrail", [*FUNCTION_STATEMENTS, *KEY_STATEMENTS, READ_KEY_STATEMENT])


def test_the_announcer_may_set_the_notifications_of_this_bucket_alone(default):
    policy = default.properties("LogsAnnouncerRoleDefaultPolicy")

    assert allowed_by(policy) == [(["s3:PutBucketNotification"], "<LogsBucket.Arn>")]


STACK_ARN = "arn:<AWS::Partition>:cloudformation:<AWS::Region>:<AWS::AccountId>:stack/{}/*"
READER_STATEMENTS = [
    (["cloudformation:DescribeStacks"], STACK_ARN),
    (["dynamodb:BatchGetItem", "dynamodb:GetItem"], "<EventsTable.Arn>"),
    (["dynamodb:Query"], [f"<EventsTable.Arn>/index/by-{name}" for name in ("principal", "resource", "service")]),
]
OPERATOR_STATEMENTS = [
    *READER_STATEMENTS[:2],
    (["cloudtrail:ListPublicKeys", "cloudwatch:GetMetricData"], "*"),
    (["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"], "<FilesTable.Arn>"),
    (
        ["dynamodb:Query"],
        [
            *(f"<EventsTable.Arn>/index/by-{name}" for name in ("import", "principal", "resource", "service")),
            *(f"<FilesTable.Arn>/index/by-{name}" for name in ("day", "problem")),
        ],
    ),
    (["s3:GetObject", "s3:GetObjectVersion"], "<LogsBucket.Arn>/*"),
    (["s3:ListBucket"], "<LogsBucket.Arn>"),
    (
        ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:StartMessageMoveTask"],
        "<DeliveriesDeadLetters.Arn>",
    ),
    (["sqs:GetQueueAttributes", "sqs:SendMessage"], ["<DeliveriesBackfill.Arn>", "<DeliveriesQueue.Arn>"]),
]
OF_PEOPLE = {"PeopleReader": READER_STATEMENTS, "PeopleOperator": OPERATOR_STATEMENTS}
# With the keys of the settings.
OF_TABLES_KEY = (["kms:Decrypt"], "<KeysKey.Arn>", {"StringEquals": {"kms:ViaService": f"dynamodb.{HERE}"}})
MORE_OF_CHOSEN = {
    "PeopleReader": [OF_TABLES_KEY],
    "PeopleOperator": [
        KEY_STATEMENTS[0][:2],
        *(
            (actions, key, {"StringEquals": {"kms:ViaService": f"{service}.{HERE}"}})
            for service, (actions, key, _) in zip(("s3", "sqs"), KEY_STATEMENTS[1:3], strict=True)
        ),
        OF_TABLES_KEY,
        READ_KEY_STATEMENT,
    ],
}


def for_stack(name, statements):
    named = [
        (actions, STACK_ARN.format(name) if on == STACK_ARN else on, *condition)
        for actions, on, *condition in statements
    ]
    return in_order(named)


@pytest.mark.parametrize("policy", OF_PEOPLE)
def test_people_may_do_this_and_nothing_else(default, chosen, policy):
    of_default, of_chosen = (template.properties(policy) for template in (default, chosen))

    assert allowed_by(of_default) == for_stack("aitrail", OF_PEOPLE[policy])
    assert allowed_by(of_chosen) == for_stack("speech-record", [*OF_PEOPLE[policy], *MORE_OF_CHOSEN[policy]])
    for properties in (of_default, of_chosen):
        assert sorted(properties) == ["Description", "Path", "PolicyDocument"], "no name, and nobody has it"


def place_with_the_longest_names():
    """The partition, Region and suffix of domains of AWS with the longest ARNs, as botocore knows them."""
    loader = botocore.loaders.create_loader().load_data("partitions")["partitions"]
    return max(
        (
            (each["id"], region, each["outputs"]["dnsSuffix"])
            for each in loader
            for region in each["regions"]
            if not region.endswith("-global")
        ),
        key=lambda place: len(place[0]) + len(place[1]),
    )


def with_longest_names(template, policy):
    """The text of a policy in the deployed stack, with names as CloudFormation makes them, as long as they may be."""
    stack, random = "s" * 100, "1ABCDEFGHIJKL"
    partition, region, suffix = place_with_the_longest_names()
    of_account = f"{region}:111122223333"
    resources = json.loads(template.text)["Resources"]

    def arn(logical_id):
        name = f"{stack}-{logical_id}-{random}"
        return {
            "AWS::DynamoDB::GlobalTable": f"arn:{partition}:dynamodb:{of_account}:table/{name[:255]}",
            "AWS::SQS::Queue": f"arn:{partition}:sqs:{of_account}:{'q' * 80}",
            "AWS::S3::Bucket": f"arn:{partition}:s3:::{'b' * 63}",
            "AWS::KMS::Key": f"arn:{partition}:kms:{of_account}:key/{'k' * 36}",
            "AWS::SecretsManager::Secret": f"arn:{partition}:secretsmanager:{of_account}:secret:{logical_id}-{random}",
        }[resources[logical_id]["Type"]]

    pseudo = {
        "AWS::Partition": partition,
        "AWS::Region": region,
        "AWS::URLSuffix": suffix,
        "AWS::AccountId": "111122223333",
    }

    def filled(value):
        match value:
            case {"Ref": str(name)}:
                return pseudo.get(name) or arn(name)
            case {"Fn::GetAtt": [name, "Arn" | "Id"]}:
                return arn(name)
            case {"Fn::Join": [separator, parts]}:
                return separator.join(map(filled, parts))
            case dict():
                return {name: filled(each) for name, each in value.items()}
            case list():
                return [filled(each) for each in value]
        return value

    logical_id = next(each for each in resources if each.startswith(policy))
    document = filled(resources[logical_id]["Properties"]["PolicyDocument"])
    return json.dumps(document, separators=(",", ":")).replace(":stack/aitrail/", f":stack/{stack}/")


def keys_of_place(number):
    partition, region, _ = place_with_the_longest_names()
    return [f"arn:{partition}:kms:{region}:111122223333:key/{each:036}" for each in range(number)]


@pytest.mark.parametrize("number", [0, 15])
def test_longest_policy_fits_into_a_managed_policy_of_iam(synthesize, number):
    context = {"aitrail:stackName": "aitrail", "aitrail:redact": True, "aitrail:kmsKey": "stack"}
    context["aitrail:logKeyArns"] = keys = keys_of_place(number)

    text = with_longest_names(synthesize(context), "PeopleOperator")

    estimated = longest_policy(Settings(stack_name="s" * 100, redact=True, kms_key="stack", log_key_arns=tuple(keys)))
    assert len(text) <= estimated <= len(text) + 200
    assert estimated <= MANAGED_POLICY_CHARACTERS


def test_policy_that_iam_would_refuse_is_refused_and_says_why(synthesize):
    with pytest.raises(
        InvalidSettingsError, match=r"policy of operators would have up to .* aitrail:logKeyArns has 60"
    ):
        synthesize({"aitrail:logKeyArns": keys_of_place(60)})


TRUSTING = ["111122223333", "o-a1b2c3d4e5"]


@pytest.fixture(scope="module")
def for_readers(synthesize):
    """The template with readers in other accounts."""
    return synthesize({"aitrail:readerAccounts": TRUSTING})


def test_role_for_readers_of_other_accounts_has_their_policy_alone(for_readers):
    role = for_readers.properties("PeopleReaderRole")

    assert sorted(role) == ["AssumeRolePolicyDocument", "Description", "ManagedPolicyArns"]
    assert role["ManagedPolicyArns"] == ["<PeopleReader>"]
    assert role["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {key: TRUSTING},
                "StringNotEquals": {"aws:PrincipalAccount": "<AWS::AccountId>"},
            },
        }
        for key in ("aws:PrincipalAccount", "aws:PrincipalOrgID")
    ]


@pytest.mark.parametrize(
    ("request_", "may"),
    [
        ({"aws:PrincipalAccount": "111122223333"}, True),
        ({"aws:PrincipalAccount": "111122223333", "aws:PrincipalOrgID": "o-z9y8x7w6v5"}, True),
        ({"aws:PrincipalAccount": "999900001111", "aws:PrincipalOrgID": "o-a1b2c3d4e5"}, True),
        ({"aws:PrincipalAccount": "999900001111"}, False),
        ({"aws:PrincipalAccount": "999900001111", "aws:PrincipalOrgID": "o-z9y8x7w6v5"}, False),
        ({"aws:PrincipalAccount": "<AWS::AccountId>", "aws:PrincipalOrgID": "o-a1b2c3d4e5"}, False),
        ({}, False),
    ],
)
def test_users_of_the_named_accounts_and_organizations_assume_the_role_and_no_others(for_readers, request_, may):
    statements = for_readers.properties("PeopleReaderRole")["AssumeRolePolicyDocument"]["Statement"]

    allowed = [
        all(
            (request_.get(name) in as_list(expected)) is (operator == "StringEquals")
            for operator, compared in statement["Condition"].items()
            for name, expected in compared.items()
        )
        for statement in statements
    ]
    assert any(allowed) is may


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
    assert sorted(default.of_type("AWS::IAM::ManagedPolicy")) == sorted(OF_PEOPLE)


def test_the_log_bucket_takes_objects_from_this_trail_and_nothing_without_tls(default):
    statements = statements_of(default.properties("LogsBucketPolicy"))

    assert statements == [
        denies_without_tls("s3", "<LogsBucket.Arn>", "<LogsBucket.Arn>/*"),
        *denies_changes("AWSLogs/*"),
        *OWN,
    ]


def test_prefixes_are_guarded_and_roles_are_exempt_when_the_settings_say_so(chosen):
    statements = statements_of(chosen.properties("LogsBucketPolicy"))

    assert statements[1:3] == denies_changes(*GUARDED, but=BREAK_GLASS, replicated_by=REPLICATION)


def test_replicas_are_taken_below_the_prefixes_from_the_role_of_the_settings_alone(default, chosen, synthesize):
    alone = {"aitrail:trail": False, "aitrail:replicationRoleArn": REPLICATION}
    without, among_others, by_itself = (
        statements_of(each.properties("LogsBucketPolicy")) for each in (default, chosen, synthesize(alone))
    )

    assert "Replicat" not in json.dumps([each for each in without if each["Effect"] == "Allow"])
    assert among_others[3:5] == takes_replicas(*GUARDED)
    assert by_itself[1:] == [*denies_changes("AWSLogs/*", replicated_by=REPLICATION), *takes_replicas("AWSLogs/*")]


def takes_replicas(*keys):
    logs = [f"<LogsBucket.Arn>/{each}" for each in keys]
    return [
        {
            "Effect": "Allow",
            "Principal": {"AWS": REPLICATION},
            "Action": ["s3:ReplicateObject", "s3:ReplicateTags"],
            "Resource": logs if len(logs) > 1 else logs[0],
        },
        {
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "s3:PutObject",
            "Resource": "<LogsBucket.Arn>/*",
            "Condition": {"ArnEquals": {"aws:PrincipalArn": REPLICATION}},
        },
    ]


GUARDED = ("AWSLogs/*", "team/AWSLogs/*", "old/logs/AWSLogs/*")
REPLICATION = "arn:aws:iam::444455556666:role/service-role/replicate-logs"
BREAK_GLASS = "arn:aws:iam::111122223333:role/on-call/break-glass"
CLOUDTRAIL = {"aws:PrincipalServiceName": "cloudtrail.amazonaws.com"}
OTHER_SERVICE = {"aws:PrincipalServiceName": "config.amazonaws.com"}
ADMINISTRATOR = {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/administrator"}
ROOT = {"aws:PrincipalArn": "arn:aws:iam::111122223333:root"}
ON_CALL = {"aws:PrincipalArn": BREAK_GLASS}
REPLICATING = {"aws:PrincipalArn": REPLICATION}
NOBODY = {}
LOG = "team/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/x.json.gz"
# IAM: a negated condition on a key that a request does not have is met.
MATCHES = {
    "StringNotEquals": lambda value, expected: value != expected,
    "ArnNotEquals": lambda value, expected: value is None or not fnmatchcase(value, expected),
    "ArnNotLike": lambda value, expected: value is None or not fnmatchcase(value, expected),
    "ArnEquals": lambda value, expected: value is not None and fnmatchcase(value, expected),
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
    "replication": REPLICATING,
    "anonymous": NOBODY,
}


@pytest.mark.parametrize(("action", "replicates"), [("s3:PutObject", set()), ("s3:ReplicateObject", {"replication"})])
def test_only_cloudtrail_and_the_roles_of_the_settings_write_log_files(default, chosen, synthesize, action, replicates):
    with_roles, without = (statements_of(each.properties("LogsBucketPolicy")) for each in (chosen, default))
    replicated = statements_of(synthesize({"aitrail:replicationRoleArn": REPLICATION}).properties("LogsBucketPolicy"))
    key = LOG.removeprefix("team/")

    assert writers(with_roles, action, LOG) == {"CloudTrail", "break-glass"} | replicates
    assert writers(replicated, action, key) == {"CloudTrail"} | replicates
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
            if statement["Effect"] == "Allow" and "Service" in statement["Principal"]:
                assert "aws:SourceArn" in json.dumps(statement["Condition"])
                is_queue = statement["Action"] == "sqs:SendMessage"
                assert ("aws:SourceAccount" in json.dumps(statement["Condition"])) is is_queue


@pytest.mark.parametrize("queue", ["DeliveriesQueue", "DeliveriesBackfill", "DeliveriesDeadLetters"])
def test_a_queue_refuses_requests_without_tls(default, queue):
    assert denies_without_tls("sqs", f"<{queue}.Arn>") in statements_of(default.properties(f"{queue}Policy"))

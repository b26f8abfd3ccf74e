"""Least privilege, proved: without any one of the permissions in the stack's policies, something fails.

The local AWS enforces policies of roles and queues. What it cannot prove is in `UNPROVED`, with AWS's word for it.
"""

import json

import pytest

from tests.shared.deployed_permissions import DeployedPolicies, Permission, allowing
from tests.shared.function_log import written_by_function
from tests.shared.permission_scenarios import HOURLY, Scenarios

FUNCTION, ANNOUNCER = "<IngestRole>", "<LogsAnnouncerRole>"
LAMBDA, S3, EVENTS, CLOUDTRAIL = (f"{name}.amazonaws.com" for name in ("lambda", "s3", "events", "cloudtrail"))
BUCKET, EVENTS_TABLE, FILES = "<LogsBucket.Arn>", "<EventsTable.Arn>", "<FilesTable.Arn>"
LIVE, BACKFILL = "<DeliveriesQueue.Arn>", "<DeliveriesBackfill.Arn>"

PROOFS = {
    Permission(FUNCTION, "s3:GetObject", f"{BUCKET}/*"): Scenarios.ingest,
    Permission(FUNCTION, "s3:GetObjectVersion", f"{BUCKET}/*"): Scenarios.read_overwritten_version,
    Permission(FUNCTION, "dynamodb:BatchWriteItem", EVENTS_TABLE): Scenarios.ingest,
    Permission(FUNCTION, "dynamodb:GetItem", FILES): Scenarios.ingest,
    Permission(FUNCTION, "dynamodb:BatchGetItem", FILES): Scenarios.decide,
    Permission(FUNCTION, "dynamodb:UpdateItem", FILES): Scenarios.ingest,
    Permission(FUNCTION, "dynamodb:BatchWriteItem", FILES): Scenarios.reject,
    Permission(FUNCTION, "dynamodb:Query", FILES): Scenarios.read_again,
    Permission(FUNCTION, "dynamodb:Query", f"{FILES}/index/by-day"): Scenarios.ingest,
    Permission(FUNCTION, "dynamodb:Query", f"{FILES}/index/by-problem"): Scenarios.announce_again,
    Permission(FUNCTION, "sqs:SendMessage", BACKFILL): Scenarios.announce_again,
    Permission(FUNCTION, "sqs:ChangeMessageVisibility", LIVE): Scenarios.fail_live,
    Permission(FUNCTION, "sqs:ChangeMessageVisibility", BACKFILL): Scenarios.fail_backfill,
    Permission(FUNCTION, "cloudtrail:ListPublicKeys", "*"): Scenarios.ask_for_public_keys,
    Permission(FUNCTION, "secretsmanager:GetSecretValue", "<RedactionSecret.Id>"): Scenarios.redact,
    Permission(ANNOUNCER, "s3:PutBucketNotification", BUCKET): Scenarios.set_notifications,
    Permission(S3, "sqs:SendMessage", LIVE): Scenarios.accept_notifications,
}
# What is said of a missing permission, where that does not name it.
DENIALS = {
    Permission(S3, "sqs:SendMessage", LIVE): "Unable to validate the following destination configurations",
    Permission(FUNCTION, "sqs:SendMessage", BACKFILL): "is not authorized to perform: sqs:SendMessageBatch ",
}

DOCS = "https://docs.aws.amazon.com"
POLLED = (
    "Lambda reads and deletes the messages with the function's role; the local AWS does so without it.",
    f"{DOCS}/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-lambda-function-trigger.html",
)
LOGGED = (
    "Lambda writes the function's log with its role; the local AWS does so without it.",
    f"{DOCS}/lambda/latest/dg/monitoring-cloudwatchlogs.html",
)
TRACED = (
    "Lambda sends traces with the function's role; the local AWS has no traces.",
    f"{DOCS}/lambda/latest/dg/services-xray.html",
)
ASSUMED = (
    "Lambda assumes the role; the local AWS runs functions without asking the trust policy.",
    f"{DOCS}/lambda/latest/dg/lambda-intro-execution-role.html",
)
DELIVERED = (
    "CloudTrail checks the policy, and delivers, when a trail names the bucket; the local AWS delivers nothing.",
    f"{DOCS}/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html",
)
UNPROVED = {
    **{
        Permission(FUNCTION, f"sqs:{action}", queue): POLLED
        for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
        for queue in (LIVE, BACKFILL)
    },
    **{
        Permission(FUNCTION, f"logs:{each}", "<IngestLogs.Arn>"): LOGGED for each in ("CreateLogStream", "PutLogEvents")
    },
    **{Permission(FUNCTION, f"xray:{each}", "*"): TRACED for each in ("PutTraceSegments", "PutTelemetryRecords")},
    **{Permission(LAMBDA, "sts:AssumeRole", role): ASSUMED for role in (FUNCTION, ANNOUNCER)},
    Permission(FUNCTION, "s3:ListBucket", BUCKET): (
        "Without it, S3 answers 403 instead of 404 for an object that is gone; the local AWS always answers 404.",
        f"{DOCS}/AmazonS3/latest/API/API_GetObject.html",
    ),
    Permission(FUNCTION, "kms:Decrypt", "arn:aws:kms:eu-central-1:111122223333:key/aaaa"): (
        "S3 decrypts an object with its reader's permission; the local AWS encrypts nothing.",
        f"{DOCS}/AmazonS3/latest/userguide/UsingKMSEncryption.html",
    ),
    Permission(EVENTS, "sqs:SendMessage", BACKFILL): (
        "EventBridge sends to the queue if the queue's policy lets it; the local AWS does not ask the policy.",
        f"{DOCS}/eventbridge/latest/userguide/eb-use-resource-based.html",
    ),
    Permission(CLOUDTRAIL, "s3:GetBucketAcl", BUCKET): DELIVERED,
    Permission(CLOUDTRAIL, "s3:PutObject", f"{BUCKET}/AWSLogs/*"): DELIVERED,
    Permission(CLOUDTRAIL, "s3:PutObject", f"{BUCKET}/team/AWSLogs/*"): DELIVERED,
}


@pytest.fixture(scope="module")
def policies(other):
    """The policies of the stack that has the most permissions."""
    return DeployedPolicies(other.aws, other.outputs["StackName"])


@pytest.fixture
def scenarios(other, policies):
    scenarios = Scenarios(other, policies)
    yield scenarios
    scenarios.purge()


@pytest.mark.parametrize(
    ("permission", "scenario"), [pytest.param(*each, id=" ".join(each[0])) for each in PROOFS.items()]
)
def test_without_the_permission_its_work_fails_and_with_it_succeeds(policies, scenarios, permission, scenario):
    with policies.without(permission):
        denied = scenario(scenarios)
    scenarios.purge()
    granted = scenario(scenarios)

    assert DENIALS.get(permission, f"is not authorized to perform: {permission.action} ") in (denied or "it was done")
    assert granted is None


@pytest.mark.late
def test_nothing_that_the_function_does_with_all_its_permissions_is_denied(pipeline, eventually):
    """That is all that other tests have made it do, and a review of what they have left open."""
    pipeline.send(json.dumps(HOURLY))
    eventually(lambda: any('"message":"reviewed"' in line for line in written_by_function(pipeline)))

    assert not [line for line in written_by_function(pipeline) if "is not authorized to perform" in line]


def test_every_permission_has_a_proof_or_a_reason_why_it_has_none(policies):
    assert policies.permissions == PROOFS.keys() | UNPROVED.keys()


def test_no_permission_has_both_a_proof_and_a_reason_why_it_has_none():
    assert not PROOFS.keys() & UNPROVED.keys()


def test_a_reason_says_what_the_local_aws_does_instead_and_names_a_page_of_aws():
    for reason, page in UNPROVED.values():
        assert "; the local AWS " in reason
        assert page.startswith("https://docs.aws.amazon.com/")


def test_nothing_but_these_policies_allows_anything(policies):
    # Policies of readers and operators, who are people: test_command_permissions.py proves them.
    others = [each for each in policies.resources.values() if each["Type"] != "AWS::IAM::ManagedPolicy"]
    found = list(allowing(others))

    assert sorted(map(json.dumps, found)) == sorted(map(json.dumps, policies.statements))
    assert not [each for each in policies.resources.values() if each["Type"] == "AWS::Lambda::Permission"]
    assert not [each for each in policies.resources.values() if "ManagedPolicyArns" in each.get("Properties", {})]

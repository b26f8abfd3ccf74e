"""A log file becomes a row in a stack that encrypts everything with a key of its own.

The local AWS encrypts nothing: it asks neither the policy of a key nor the role of the function whether somebody may
use a key, and leaves out the encryption of buckets and tables in a template. That the policies suffice, only AWS shows.
"""

import gzip
import json

import pytest

from demo import deployment
from demo.environments import ACCOUNT
from demo.local_aws import local_aws
from demo.pipeline import Pipeline

KEY = "AWSLogs/111122223333/CloudTrail/eu-central-1/2026/11/20/111122223333_CloudTrail_eu-central-1_20261120T0805Z_"
RECORD = {
    "eventVersion": "1.11",
    "eventTime": "2026-11-20T08:00:00Z",
    "eventSource": "polly.amazonaws.com",
    "eventName": "ListLexicons",
    "eventID": "00000000-0000-4000-8000-000000000001",
}


@pytest.fixture(scope="module")
def encrypted():
    """The deployment, which enforces IAM policies."""
    with local_aws(auth=True) as aws:
        settings = {"aitrail:stackName": "encrypted", "aitrail:kmsKey": "stack"}
        assembly = deployment.synthesize(aws, context=deployment.LOCAL_CONTEXT | settings)
        deployment.bootstrap(aws)
        yield Pipeline(aws, deployment.deploy(aws, assembly))


def test_log_file_becomes_a_row(encrypted):
    put = encrypted.put(f"{KEY}0000000000000001.json.gz", gzip.compress(json.dumps({"Records": [RECORD]}).encode()))

    encrypted.wait_for({put})

    assert encrypted.ledger()[put]["written"] == 1


def test_queues_and_log_have_the_key_of_the_stack(encrypted):
    outputs, sqs, logs = encrypted.outputs, encrypted.aws.client("sqs"), encrypted.aws.client("logs")

    for name in ("DeliveriesQueueUrl", "BackfillQueueUrl", "DeadLetterQueueUrl"):
        found = sqs.get_queue_attributes(QueueUrl=outputs[name], AttributeNames=["All"])["Attributes"]
        assert (found["KmsMasterKeyId"], found["KmsDataKeyReusePeriodSeconds"]) == (outputs["KmsKeyArn"], "3600")
    [group] = logs.describe_log_groups(logGroupNamePrefix=outputs["FunctionLogGroupName"])["logGroups"]
    assert group["kmsKeyId"] == outputs["KmsKeyArn"]


def test_key_has_its_policy_and_is_rotated(encrypted):
    kms, key = encrypted.aws.client("kms"), encrypted.outputs["KmsKeyArn"]

    statements = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])["Statement"]

    assert [each["Sid"] for each in statements] == [
        "AccountAdministers",
        "EventBridgeSends",
        "S3Sends",
        "LogGroupIsEncrypted",
    ]
    assert statements[0]["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert statements[2]["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]


@pytest.mark.late
def test_key_outlives_the_stack_as_the_bucket_does(encrypted):
    cloudformation, kms = encrypted.aws.client("cloudformation"), encrypted.aws.client("kms")

    cloudformation.delete_stack(StackName="encrypted")
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName="encrypted", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )

    assert kms.describe_key(KeyId=encrypted.outputs["KmsKeyArn"])["KeyMetadata"]["KeyState"] == "Enabled"

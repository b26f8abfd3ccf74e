"""A package is deployed without the CDK and without its bootstrap, and then works as any other stack."""

import gzip
import json
import sys

import pytest

from demo.environments import REGION
from demo.local_aws import PROJECT, local_aws
from demo.pipeline import Pipeline
from demo.processes import run

STACK = "speech-record"
# The local AWS has no trails, and its function runs on this machine.
SETTINGS = ["-c", "aitrail:platform=host", "-c", "aitrail:deletionProtection=false", "-c", "aitrail:trail=false"]
KEY = "AWSLogs/111122223333/CloudTrail/eu-central-1/2026/11/20/111122223333_CloudTrail_eu-central-1_20261120T0805Z_"
RECORD = {
    "eventVersion": "1.11",
    "eventTime": "2026-11-20T08:00:00Z",
    "eventSource": "polly.amazonaws.com",
    "eventName": "ListLexicons",
    "eventID": "00000000-0000-4000-8000-000000000001",
}
STATEFUL = {"AWS::DynamoDB::GlobalTable", "AWS::S3::Bucket", "AWS::SQS::Queue"}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    """The local AWS and the template with which the stack is deployed."""
    folder = tmp_path_factory.mktemp("package")
    with local_aws() as aws:
        command = [sys.executable, "-m", "infra.package", "--folder", str(folder), *SETTINGS]
        run(command, environment=aws.environment, timeout=240, folder=PROJECT)
        [code], [template] = folder.glob("*.zip"), folder.glob("*.template.json")
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.upload_file(str(code), "code", f"aitrail/{code.name}")
        text = _with_numbers(template.read_text())
        _deploy(aws, "create", text)
        yield aws, text


def _with_numbers(text):
    """The template with the default of each number in its place: the local AWS leaves numbers of parameters as texts.

    CloudFormation converts them.
    """
    for name, parameter in json.loads(text)["Parameters"].items():
        if name in ("MaximumConcurrency", "BackfillConcurrency", "MemoryMegabytes"):
            text = text.replace(json.dumps({"Ref": name}, separators=(",", ":")), parameter["Default"])
    return text


def _deploy(aws, operation, template, **parameters):
    # Too large for a request: `aws cloudformation deploy` uploads it, too.
    aws.client("s3").put_object(Bucket="code", Key="template.json", Body=template.encode())
    values = {"CodeBucket": "code", "CodePrefix": "aitrail/", **parameters}
    cloudformation = aws.client("cloudformation")
    getattr(cloudformation, f"{operation}_stack")(
        StackName=STACK,
        TemplateURL=f"{aws.endpoint}/code/template.json",
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
    )
    waiter = cloudformation.get_waiter(f"stack_{operation}_complete")
    waiter.wait(StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def _stateful(aws):
    resources = aws.client("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]
    return {each["PhysicalResourceId"] for each in resources if each["ResourceType"] in STATEFUL}


def _pipeline(aws):
    [stack] = aws.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return Pipeline(aws, {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]})


def _deliver(pipeline, number):
    body = gzip.compress(json.dumps({"Records": [RECORD | {"eventID": RECORD["eventID"][:-1] + str(number)}]}).encode())
    name = pipeline.put(f"{KEY}package{number:09}.json.gz", body)
    pipeline.wait_for({name})
    return pipeline.ledger()[name]


def test_packaged_stack_reads_log_files_and_keeps_its_tables_when_parameters_change(deployed):
    aws, template = deployed
    pipeline = _pipeline(aws)
    before = _stateful(aws)

    assert _deliver(pipeline, 1)["written"] == 1
    assert pipeline.outputs["RowRetentionDays"] == "none"
    assert "expiresAt" not in pipeline.rows()[0]

    _deploy(aws, "update", template, RowRetentionDays="3650", LogLevel="DEBUG", Accounts="111122223333,o-a1b2c3d4e5")
    pipeline = _pipeline(aws)

    assert _stateful(aws) == before
    assert len(before) == 6
    assert pipeline.outputs["RowRetentionDays"] == "3650"
    assert pipeline.outputs["Accounts"] == "111122223333,o-a1b2c3d4e5"
    assert _deliver(pipeline, 2)["written"] == 1
    assert sorted("expiresAt" in row for row in pipeline.rows()) == [False, True]

"""A deployed stack records a service of a folder outside the project, and commands with that folder tell of it.

The local AWS enforces IAM policies and uses TLS.
"""

import gzip
import json
import shutil
import subprocess

import pytest

from demo import deployment
from demo.environments import ACCOUNT, REGION
from demo.local_aws import PROJECT, local_aws
from demo.pipeline import Pipeline

KEY = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/11/20/{ACCOUNT}_CloudTrail_{REGION}_20261120T0805Z_0000000000000001"
WINDOW = ("--since", "2026-11-20", "--until", "2026-11-21")
MODEL = f"arn:aws:bedrock:{REGION}::foundation-model/amazon.nova-lite-v1:0"
RECORD = {
    "eventVersion": "1.11",
    "eventTime": "2026-11-20T08:00:00Z",
    "eventSource": "bedrock.amazonaws.com",
    "eventName": "Converse",
    "eventID": "00000000-0000-4000-8000-000000000001",
    "awsRegion": REGION,
    "recipientAccountId": ACCOUNT,
    "requestParameters": {"modelId": MODEL},
    "additionalEventData": {"inputTokens": 944, "outputTokens": 126},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("outside") / "our services"
    folder.mkdir()
    shutil.copy(PROJECT / "contrib/services/bedrock.toml", folder)
    return folder


@pytest.fixture(scope="module")
def pipeline(folder):
    """The deployment, which has read a log file with a call of Bedrock."""
    with local_aws(auth=True) as aws:
        settings = {"aitrail:stackName": "own-services", "aitrail:serviceFiles": str(folder)}
        deployment.bootstrap(aws)
        assembly = deployment.synthesize(aws, context=deployment.LOCAL_CONTEXT | settings)
        pipeline = Pipeline(aws, deployment.deploy(aws, assembly))
        pipeline.wait_for({pipeline.put(f"{KEY}.json.gz", gzip.compress(json.dumps({"Records": [RECORD]}).encode()))})
        yield pipeline


def test_call_of_the_service_becomes_a_row(pipeline):
    [row] = pipeline.rows()

    assert (row["service"], row["resource"]) == ("bedrock", "model/amazon.nova-lite-v1:0")


def test_question_with_the_folder_adds_up_what_its_file_declares(pipeline, folder):
    asked = pipeline.aitrail("usage", *WINDOW, "--by", "resource", "--service-files", str(folder), "-o", "json")

    [group] = json.loads(asked)
    assert (group["resource"], group["inputTokens"], group["outputTokens"]) == ("model/amazon.nova-lite-v1:0", 944, 126)


def test_command_without_the_folder_says_that_the_stack_has_others(pipeline):
    command = pipeline.aitrail_command("usage", *WINDOW, "--by", "service")

    ended = subprocess.run(  # noqa: S603 (of this project)
        command, check=False, env=pipeline.aws.environment, capture_output=True, text=True, timeout=120
    )

    assert (ended.returncode, "service files" in ended.stderr) == (0, True), ended.stderr

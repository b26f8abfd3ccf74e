"""Two stacks with different settings in one account and Region know nothing of each other."""

import gzip
import json
import sys
from itertools import count
from typing import NamedTuple

import pytest

from demo.local_aws import PROJECT
from demo.processes import run
from tests.shared.function_log import written_by_function

WINDOW = ("--since", "2026-11-18", "--until", "2026-11-19")
FOLDER = "AWSLogs/111122223333/CloudTrail/eu-central-1/2026/11/18/111122223333_CloudTrail_eu-central-1_20261118T"
numbers = count(1)


@pytest.fixture
def both(pipeline, other):
    return {each.outputs["StackName"]: each for each in (pipeline, other)}


class Put(NamedTuple):
    """A file with one call, in the bucket of a stack."""

    event_id: str
    log_file: str


@pytest.fixture
def put(eventually):
    """Puts files with the same key and different calls into the buckets of stacks; returns them by stack when read."""

    def put(stacks):
        number = next(numbers)
        key = f"{FOLDER}1205Z_e2eTwoStacks{number:04}.json.gz"
        event_ids = {stack: f"00000000-0000-4000-b000-{number:06}{at:06}" for at, stack in enumerate(stacks)}
        files = {
            stack: Put(event_id, stacks[stack].put(key, _content(event_id))) for stack, event_id in event_ids.items()
        }
        eventually(lambda: all(files[stack].log_file in pipeline.ledger() for stack, pipeline in stacks.items()))
        return files

    return put


def _content(event_id):
    call = {
        "eventVersion": "1.11",
        "eventTime": "2026-11-18T12:00:00Z",
        "eventSource": "polly.amazonaws.com",
        "eventName": "SynthesizeSpeech",
        "requestParameters": {"text": "hello", "voiceId": "Ivy"},
        "eventID": event_id,
    }
    return gzip.compress(json.dumps({"Records": [call]}).encode())


def _resources(pipeline):
    pages = pipeline.aws.client("cloudformation").get_paginator("list_stack_resources")
    found = pages.paginate(StackName=pipeline.outputs["StackName"])
    return [each for page in found for each in page["StackResourceSummaries"]]


def _names(pipeline):
    """The physical names of all resources; of queues without their address, which AWS generates."""
    # A custom resource has no name in the account: it stands for the notifications of its bucket.
    named = (each for each in _resources(pipeline) if not each["ResourceType"].startswith("Custom::"))
    return {each["PhysicalResourceId"].removeprefix(f"{pipeline.aws.endpoint}/111122223333/") for each in named}


def test_no_physical_name_is_shared(both):
    one, another = map(_names, both.values())

    assert min(len(one), len(another)) > 25
    assert not one & another


def test_a_log_file_becomes_rows_of_its_own_stack_alone(both, put):
    files = put(both)

    rows = {stack: {row["eventID"] for row in pipeline.rows()} for stack, pipeline in both.items()}
    assert _of(files, rows) == {stack: {file.event_id} for stack, file in files.items()}


def _of(files, event_ids):
    """Those of the event ids, by stack, that are of these files, whichever stack's."""
    all_ids = {file.event_id for file in files.values()}
    return {stack: all_ids & set(found) for stack, found in event_ids.items()}


def test_each_stack_follows_its_own_settings(both, put):
    files = put(both)

    [plain], [redacted] = (
        [row["requestParameters"]["text"] for row in pipeline.rows() if row["eventID"] == files[stack].event_id]
        for stack, pipeline in both.items()
    )
    assert plain == "hello"
    assert redacted.startswith("hmac:")


def test_a_command_reads_the_rows_of_the_stack_that_it_names(both, put):
    files = put(both)

    listed = {
        stack: json.loads(pipeline.aitrail("events", *WINDOW, "--all", "-o", "json", "--query", "[].eventID"))
        for stack, pipeline in both.items()
    }

    assert _of(files, listed) == {stack: {file.event_id} for stack, file in files.items()}


def test_a_command_has_files_of_the_stack_that_it_names_read_again_and_no_others(both, put, eventually):
    files = put(both)

    def readings():
        lines = {stack: written_by_function(pipeline) for stack, pipeline in both.items()}
        return {
            stack: sum(file.log_file in line and '"message":"ingested"' in line for line in lines[stack])
            for stack, file in files.items()
        }

    eventually(lambda: readings() == {"aitrail": 1, "speech-record": 1})

    both["speech-record"].aitrail("backfill", *WINDOW, "--force")

    eventually(lambda: readings()["speech-record"] == 2)
    assert readings()["aitrail"] == 1


def test_every_metric_names_the_stack_of_its_function(both, put, eventually):
    put(both)

    for stack, pipeline in both.items():
        assert {each["service"] for each in eventually(lambda: _emitted(pipeline))} == {stack}  # noqa: B023


def _emitted(pipeline):
    """The metrics that the function of a stack has written to its log, in CloudWatch's embedded metric format."""
    found = [json.loads(line) for line in written_by_function(pipeline) if line.startswith('{"_aws"')]
    assert all(each["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]] for each in found)
    return found


def test_every_alarm_watches_its_own_stack(both):
    alarms = both["aitrail"].aws.client("cloudwatch").describe_alarms()["MetricAlarms"]

    for stack, pipeline in both.items():
        names = _names(pipeline)
        own = [alarm for alarm in alarms if alarm["AlarmName"] in names]
        watched = {each["Value"] for alarm in own for each in alarm["Dimensions"]}
        assert len(own) == len(alarms) / 2
        assert stack in watched
        assert watched <= {stack} | names


@pytest.mark.late
def test_a_stack_works_on_when_the_other_one_is_destroyed(pipeline, other, both, put):
    put(both)
    destroy = [sys.executable, "-m", "infra.deploy", "destroy", "-c", "aitrail:stackName=speech-record", "--yes"]
    lost, kept = _names(other), _names(pipeline)

    told = run(destroy, environment=pipeline.aws.environment, timeout=120, folder=PROJECT)

    assert told.splitlines()[-1].startswith("Deleted.")
    client = pipeline.aws.client
    tables = client("dynamodb").get_paginator("list_tables").paginate()
    left = {name for page in tables for name in page["TableNames"]}
    left |= {function["FunctionName"] for function in client("lambda").list_functions()["Functions"]}
    left |= {url.rpartition("/")[2] for url in client("sqs").list_queues()["QueueUrls"]}
    assert not left & lost
    assert len(left & kept) == 7
    assert client("s3").list_objects_v2(Bucket=other.outputs["LogBucketName"])["KeyCount"] > 0
    [file] = put({"aitrail": pipeline}).values()
    assert file.event_id in pipeline.aitrail("events", *WINDOW, "--all")

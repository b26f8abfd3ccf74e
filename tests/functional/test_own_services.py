"""Services of one's own: the function, the command line and a backfill read records with the same service files."""

import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import boto3
import pytest

from aitrail.deliveries import Announcer, DayFolders
from aitrail.repair import Backfill
from aitrail.rows import recorded_with
from aitrail.services import load, registry
from aitrail.window import Window
from tests.functional.invoking import forget, imported, invoke, set_environment
from tests.functional.test_handler import Function, key
from tests.shared.signed_digests import at

ROOT = Path(__file__).parents[2]
BEDROCK = ROOT / "contrib/services/bedrock.toml"
BUCKET = "example-trail-logs"
MODEL = "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0"
CALLS = {
    "InvokeModel": {"requestParameters": {"modelId": MODEL}},
    "Converse": {
        "requestParameters": {"modelId": "eu.amazon.nova-pro-v1:0", "inferenceConfig": {"maxTokens": 512}},
        "additionalEventData": {"inputTokens": 944, "outputTokens": 126, "inferenceRegion": "eu-north-1"},
    },
    "ConverseStream": {
        "requestParameters": {"modelId": "amazon.nova-pro-v1:0"},
        "errorCode": "AccessDeniedException",
        "errorMessage": "User is not authorized to perform: bedrock:InvokeModelWithResponseStream",
    },
    "CreateAgent": {
        "requestParameters": {"agentName": "helper", "foundationModel": MODEL},
        "responseElements": {"agent": {"agentId": "AGENT12345"}},
    },
    "InvokeAgent": {
        "requestParameters": {"agentId": "AGENT12345", "agentAliasId": "ALIAS12345", "sessionId": "s-1"},
        "managementEvent": False,
        "eventCategory": "Data",
    },
    # What a record says may be anything.
    "CountTokens": {"requestParameters": {"modelId": ["x", {"y": 1}]}, "additionalEventData": {"inputTokens": "many"}},
    "ApplyGuardrail": {"requestParameters": "none", "additionalEventData": [7], "userAgent": "\x1b[2J"},
}
EXPECTED = {
    "InvokeModel": ("model/amazon.nova-lite-v1:0", {}),
    "Converse": (
        "model/eu.amazon.nova-pro-v1:0",
        {"inputTokenCount": 944, "outputTokenCount": 126, "maxTokens": 512, "inferenceRegion": "eu-north-1"},
    ),
    "ConverseStream": ("model/amazon.nova-pro-v1:0", {}),
    "CreateAgent": ("agent/AGENT12345", {"resources": ["model/amazon.nova-lite-v1:0"]}),
    "InvokeAgent": ("agent/AGENT12345", {}),
    "CountTokens": ("model/x", {}),
    "ApplyGuardrail": (None, {}),
}


def bedrock_records(record):
    return [
        record(number, eventSource="bedrock.amazonaws.com", eventName=name)
        | {"requestParameters": None, "responseElements": None}
        | fields
        for number, (name, fields) in enumerate(CALLS.items(), 1)
    ]


@pytest.fixture
def folder(tmp_path):
    """A folder of service files outside the project."""
    (tmp_path / "our services").mkdir()
    shutil.copy(BEDROCK, tmp_path / "our services")
    return tmp_path / "our services"


@pytest.fixture
def deploy(pipeline, client, monkeypatch, tmp_path):
    """Starts the function with the code of a deployment: its own service files are beside those of aitrail."""
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="deliveries", Attributes={"VisibilityTimeout": "1800"})["QueueUrl"]
    set_environment(monkeypatch, pipeline, url)

    def deploy(folder=None):
        code = tmp_path / f"code{folder is None}"
        shutil.copytree(Path(registry.__file__).parent, code, ignore=shutil.ignore_patterns("*.py"))
        if folder:
            shutil.copytree(folder, code, dirs_exist_ok=True)
        with monkeypatch.context() as patch:
            patch.setattr("aitrail.services.registry._FOLDER", code)
            registry._own.cache_clear()
            handler = imported(monkeypatch, boto3.DEFAULT_SESSION._session)
        registry._own.cache_clear()
        return Function(pipeline, sqs, url, handler)

    yield deploy
    forget()
    registry._own.cache_clear()


def scanned(path, folder=None):
    """The rows that `aitrail scan` shows, in a process of its own and far away from the project's folder."""
    command = [sys.executable, "-m", "aitrail.cli", "scan", str(path), "-o", "jsonl"]
    options = ["--service-files", str(folder)] if folder else []
    ended = subprocess.run(  # noqa: S603 (our own interpreter and program)
        [*command, *options],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        cwd=path.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return [json.loads(line) for line in ended.stdout.splitlines()]


def of_records(rows):
    """Rows without the place of the log file, sorted, as JSON has them."""
    plain = [json.loads(json.dumps(row, default=str)) for row in rows]
    return sorted(({**row, "logFile": ""} for row in plain), key=lambda row: row["eventID"])


def test_the_function_and_scan_make_the_same_rows_with_a_folder_outside_the_project(
    deploy, folder, packed, record, tmp_path
):
    content = packed(record(0), *bedrock_records(record))
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/1.json.gz").write_bytes(content)
    function = deploy(folder)

    function.send(function.pipeline.announce(function.pipeline.deliver(content, key(1))))
    failed = function.drain()

    rows = function.pipeline.rows().values()
    assert failed == []
    assert of_records(rows) == of_records(scanned(tmp_path / "logs/1.json.gz", folder))
    assert len(rows) == 1 + len(CALLS)
    found = {row["operation"]: row for row in rows if row["service"] == "bedrock"}
    assert {name: (row.get("resource"), usage_of(row)) for name, row in found.items()} == EXPECTED


def usage_of(row):
    return {name: value for name, value in row.get("usage", {}).items() if name != "agent"}


def test_a_backfill_reads_again_what_was_read_without_the_service_and_is_then_done(deploy, folder, packed, record):
    before = deploy()
    pipeline = before.pipeline
    before.send(pipeline.announce(pipeline.deliver(packed(record(0), *bedrock_records(record)), key(1))))
    assert before.drain() == []
    assert {row["service"] for row in pipeline.rows().values()} == {"polly"}

    after = deploy(folder)
    own = recorded_with(load(folder))
    queued = backfill(pipeline, own)
    read_again(after)

    assert queued == {"outdated": 1}
    assert sum(row["service"] == "bedrock" for row in pipeline.rows().values()) == len(CALLS)
    assert pipeline.files()["file"]["recordedWith"] == own
    assert backfill(pipeline, own) == {"done": 1}
    # A command without the folder would find it outdated, so it tells of that.
    assert backfill(pipeline, recorded_with(load()), announcer=False) == {"outdated": 1}


def backfill(pipeline, version, *, announcer=True):
    """Queues what is outdated with this version; returns the number of files by reason."""
    window = Window(since=at("00:00") - timedelta(days=3650), until=at("00:00") + timedelta(days=3650))
    folders = DayFolders(s3=pipeline.s3, bucket=BUCKET)
    days = folders.of(window)
    work = Backfill(folders=folders, days=days, reader=pipeline.reader, window=window, recorded_with=version)
    queue = Announcer(lambda: pipeline.sqs, pipeline.backfill_url, BUCKET, clock=pipeline.clock.given)
    for _ in work.announced(queue if announcer else None):
        pass
    return {reason: count.files for reason, count in work.counts.items()}


def read_again(function):
    """Has the function read what is in the backfill queue."""
    url = function.pipeline.backfill_url
    messages = function.sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    assert invoke(function.handler, messages, queue=url.rpartition("/")[2]) == []
    for message in messages:
        function.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def test_a_folder_changes_no_row_of_other_services(folder, packed, record, tmp_path):
    (tmp_path / "1.json.gz").write_bytes(packed(record(0), *bedrock_records(record)))

    (without,) = scanned(tmp_path / "1.json.gz")
    with_folder = scanned(tmp_path / "1.json.gz", folder)

    assert without in with_folder
    assert [row["service"] for row in with_folder] == ["polly"] + ["bedrock"] * len(CALLS)

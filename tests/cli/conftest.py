"""Runs the command line, in this process and as a separate program, and makes log files for it."""

import gzip
import json
import os
import pty
import subprocess
import sys
import termios
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import boto3
import botocore.handlers
import pytest
from botocore.awsrequest import AWSResponse
from click.testing import CliRunner
from moto import mock_aws
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

from aitrail.cli.group import cli
from aitrail.clock import Clock
from aitrail.dynamodb.tables import EVENTS, FILES
from aitrail.ingest import EventsTable
from aitrail.ledger import Ledger
from aitrail.rows import Redaction, row_of
from aitrail.services import load
from tests.shared.deployed_stack import Deployed
from tests.shared.deployed_tables import create_table
from tests.shared.quick_moto import quicken

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "aitrail.cli")
OF_THE_CALLER = (
    "AITRAIL_CONFIG",
    "AITRAIL_TIMEZONE",
    "AITRAIL_STACK",
    "AITRAIL_REGION",
    "AITRAIL_PROFILE",
    "AITRAIL_SERVICE_FILES",
    "AITRAIL_OUTPUT",
    "AITRAIL_JOBS",
    "TZ",
    "NO_COLOR",
    "FORCE_COLOR",
    "TERM",
    "COLUMNS",
    "PYTHONIOENCODING",
    "PYTHONUNBUFFERED",
)


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """Removes AWS settings and settings of the terminal that runs the tests."""
    for name in tuple(os.environ):
        if name.startswith("AWS_") or name in OF_THE_CALLER:
            monkeypatch.delenv(name)
    monkeypatch.setenv("AITRAIL_JOBS", "1")  # what tests replace would not be replaced in other processes
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-such-file"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-such-file"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "no-such-folder"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "no-such-folder"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def aitrail():
    """Runs `aitrail ARGUMENTS` in this process, without a terminal; returns exit_code, stdout, stderr.

    `sleep` and `now` replace sleeping and the current time.
    """

    def aitrail(*arguments, sleep=None, now=None, **options):
        parts = {"sleep": sleep, "now": now}
        options["obj"] = Clock(**{name: part for name, part in parts.items() if part})
        runner = CliRunner(catch_exceptions=False)
        return runner.invoke(cli, list(map(str, arguments)), prog_name="aitrail", **options)

    return aitrail


@pytest.fixture
def program():
    """Starts the program; its standard streams are pipes of bytes."""
    with ExitStack() as stack:

        def program(*arguments, command=PROGRAM, **options):
            command = [*command, *map(str, arguments)]
            pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
            process = subprocess.Popen(command, **pipes | options)  # noqa: S603 - our own interpreter and program
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield program


@pytest.fixture
def on_terminal(program):
    """Runs `aitrail ARGUMENTS` on a terminal of a given width; returns the output, and stderr, which is no terminal."""

    def on_terminal(*arguments, columns=80, **environment):
        terminal, stdout = pty.openpty()
        termios.tcsetwinsize(stdout, (24, columns))
        process = program(*arguments, stdout=stdout, env=os.environ | {"TERM": "xterm"} | environment)
        os.close(stdout)
        with os.fdopen(terminal, "rb", buffering=0) as stream:
            shown = b"".join(iter(lambda: _read(stream), b""))
        _, stderr = process.communicate(timeout=60)
        return shown.decode().replace("\r\n", "\n"), stderr.decode()

    return on_terminal


def _read(terminal):
    try:
        return terminal.read(10_000)
    except OSError:  # on Linux, this means that the other end is closed
        return b""


@pytest.fixture
def record(records):
    """Makes records of Polly; `number` makes them distinct, and is the number of seconds in their times."""

    def record(number=0, **changes):
        time = f"2026-03-14T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z"
        event_id = f"{number:08x}-0000-4000-8000-000000000000"
        return records["polly-by-user"] | {"eventID": event_id, "eventTime": time} | changes

    return record


@pytest.fixture
def log_file(tmp_path):
    """Writes a log file with these records under tmp_path, creating its folders."""

    def log_file(name, *records):
        path = tmp_path / name
        content = json.dumps({"Records": records}).encode()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
        return path

    return log_file


class Stacks(dict):
    """Name of a stack -> outputs: CloudFormation for describing stacks, since moto's needs many more packages.

    `asked` has the host, the stack, and the key and Region of the signature of every request. `refusal` is the (code,
    message) of an error to return, or an exception to raise. `calls` has the names of all requests to other services,
    which moto handles; `refusals` maps such names to (code, message), `answers` to functions that return a response.
    `created` is the time of their creation, and `arn` their ARN with the name left out.
    """

    def __init__(self):
        super().__init__()
        self.created = None
        self.arn = "arn:aws:cloudformation:eu-west-1:111122223333:stack/{name}/0a1b2c3d"
        self.asked = []
        self.refusal = None
        self.calls = []
        self.refusals = {}
        self.answers = {}

    def send(self, request, event_name, **_):
        if event_name != "before-send.cloudformation.DescribeStacks":
            return self._send_elsewhere(request, event_name)
        (stack,) = parse_qs(request.body)["StackName"]
        _, _, signature = request.headers["Authorization"].decode().partition("Credential=")
        key, _, region, *_ = signature.split("/")
        self.asked.append((urlsplit(request.url).netloc, stack, key, region))
        status, text = self._answer(stack)
        return AWSResponse(request.url, status, {}, MockRawResponse(text.encode()))

    def _send_elsewhere(self, request, event_name):
        operation = event_name.rpartition(".")[2]
        self.calls.append(operation)
        if operation in self.answers:
            text = self.answers[operation](request)
            return AWSResponse(request.url, 200, {}, MockRawResponse(text.encode()))
        if operation not in self.refusals:
            return botocore_stubber(event_name, request)
        code, message = self.refusals[operation]
        return AWSResponse(
            request.url, 400, {}, MockRawResponse(json.dumps({"__type": code, "message": message}).encode())
        )

    def _answer(self, stack):
        if isinstance(self.refusal, Exception):
            raise self.refusal
        if self.refusal or stack not in self:
            code, message = self.refusal or ("ValidationError", f"Stack with id {stack} does not exist")
            return 400, f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        outputs = "".join(
            f"<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>"
            for key, value in self[stack].items()
        )
        created = f"<CreationTime>{self.created}</CreationTime>" if self.created else ""
        described = f"<StackId>{self.arn.format(name=stack)}</StackId>"
        described += f"<StackName>{stack}</StackName>{created}<StackStatus>CREATE_COMPLETE</StackStatus>"
        described += f"<Outputs>{outputs}</Outputs>"
        result = f"<DescribeStacksResult><Stacks><member>{described}</member></Stacks></DescribeStacksResult>"
        return 200, f"<DescribeStacksResponse>{result}</DescribeStacksResponse>"


@pytest.fixture
def stacks(monkeypatch):
    """CloudFormation without any stack, for clients created from now on."""
    stacks = Stacks()
    # Replaces moto's handler, which would act on every request.
    others = [handler for handler in botocore.handlers.BUILTIN_HANDLERS if handler[1] is not botocore_stubber]
    monkeypatch.setattr("botocore.handlers.BUILTIN_HANDLERS", [*others, ("before-send", stacks.send)])
    return stacks


@pytest.fixture
def credentials(monkeypatch, descriptions):
    """Fake credentials, and a Region."""
    monkeypatch.setattr("botocore.session.create_loader", lambda *_: descriptions)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


@pytest.fixture
def table(credentials, stacks, monkeypatch):  # noqa: ARG001 (the client needs them)
    """The events table of the stack `aitrail`."""
    with mock_aws():
        quicken(monkeypatch)
        dynamodb = boto3.client("dynamodb")
        create_table(dynamodb, "example-Events", EVENTS)
        stacks["aitrail"] = {"EventsTableName": "example-Events"}
        yield EventsTable(dynamodb, "example-Events")


@pytest.fixture
def ledger(table, stacks):  # noqa: ARG001 (the stack and its credentials)
    """The ledger of the stack `aitrail`."""
    client = boto3.client("dynamodb")
    create_table(client, "example-Files", FILES)
    stacks["aitrail"]["FilesTableName"] = "example-Files"
    return Ledger(client, "example-Files")


@pytest.fixture
def deployed(ledger, stacks):
    """The stack `aitrail` with its bucket, queues and ledger."""
    deployed = Deployed(ledger)
    stacks["aitrail"] |= deployed.outputs
    stacks.calls.clear()
    return deployed


@pytest.fixture
def redaction(table, stacks):  # noqa: ARG001 (the stack and its credentials)
    """Makes the stack `aitrail` redact, with a secret as its key; returns the redaction."""
    arn = boto3.client("secretsmanager").create_secret(Name="key", SecretString="the key")["ARN"]
    stacks["aitrail"]["RedactionKeyArn"] = arn
    stacks.calls.clear()
    return Redaction(load(), key_name=arn, key=lambda: b"the key")


@pytest.fixture
def recorded(table, stacks):
    """Puts records into the table and returns their rows; clears the recorded calls afterwards."""

    def recorded(*records):
        rows = [row_of(record, log_file="s3://b/k", record_index=index) for index, record in enumerate(records)]
        table.write(rows, time_left=lambda: 60.0)
        stacks.calls.clear()
        return rows

    return recorded

"""`make demo KEEP=1`: how to ask the local AWS, and when it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from demo.keeping import how_to_ask

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "AWS_REGION": "eu-central-1", "PATH": "/bin"}
PIPELINE = SimpleNamespace(
    aws=SimpleNamespace(environment=ENVIRONMENT), aitrail_command=lambda *words: ["aitrail", *words, "--stack", "s t"]
)
KEEPING = """
from types import SimpleNamespace
from demo.keeping import keep
from demo.narration import stop_when_told
stop_when_told()
keep(SimpleNamespace(aws=SimpleNamespace(environment={}), aitrail_command=lambda *words: ["aitrail", *words]), [])
print("removed")
"""


def test_what_is_to_be_run_reaches_the_local_aws_and_no_other(monkeypatch):
    for name in tuple(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_PROFILE", "work")
    monkeypatch.setenv("AWS_REGION", "us-east-1")

    lines = how_to_ask(PIPELINE, ["--since", "2026-11-01"])

    assert lines == [
        "unset AWS_PROFILE",
        "export AWS_ENDPOINT_URL=http://127.0.0.1:4566",
        "export AWS_REGION=eu-central-1",
        "aitrail usage --by principal --since 2026-11-01 --stack 's t'",
        "aitrail status --stack 's t'",
    ]


def test_the_local_aws_is_kept_until_ctrl_c_and_then_removed_without_an_error():
    process = subprocess.Popen(  # noqa: S603 (written here)
        [sys.executable, "-c", KEEPING], cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ
    )
    told = iter(process.stdout.readline, "    aitrail status\n")
    assert "The local AWS runs until you press Ctrl-C." in "".join(told)

    process.send_signal(signal.SIGINT)

    rest, _ = process.communicate(timeout=30)
    assert (process.returncode, rest.splitlines()[-1]) == (0, "removed")

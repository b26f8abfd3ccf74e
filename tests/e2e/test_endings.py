"""However the demo ends, it leaves no process and no folder behind."""
# ruff: noqa: S603, S607 - the commands are written in this file

import errno
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]
HOLDER = """
import time
from demo.local_aws import local_aws
with local_aws() as aws:
    print(aws.endpoint, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def start(tmp_path):
    """Starts Python with its temporary files in tmp_path; returns the process, whose output is a pipe."""
    started = []

    def start(*arguments):
        environment = {**os.environ, "TMPDIR": str(tmp_path)}
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def processes():
    """Id of every process -> parent and state. Small Linux images have no `ps`, and macOS has no /proc."""
    if not Path("/proc/self/stat").exists():
        listed = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True
        ).stdout
        return {int(pid): (int(parent), state[0]) for pid, parent, state in map(str.split, listed.splitlines())}
    found = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            state, parent, *_ = file.read_text().rpartition(")")[2].split()
            found[int(file.parent.name)] = (int(parent), state)
    return found


def descendants(process, known=None):
    known = processes() if known is None else known
    children = [pid for pid, (parent, _) in known.items() if parent == process]
    return children + [each for child in children for each in descendants(child, known)]


def are_gone(pids):
    """Whether all processes have ended; a zombie counts as ended, because its parent may never reap it."""
    known = processes()
    return all(known[pid][1] == "Z" for pid in pids if pid in known)


def refuses(host, port):
    with socket.socket() as client:
        return client.connect_ex((host, port)) == errno.ECONNREFUSED


def read_until(process, text):
    told = ""
    while text not in told:
        character = process.stdout.read(1)
        assert character, f"it ended after {told!r}"
        told += character


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_demo_that_is_interrupted_leaves_nothing_behind(start, tmp_path, eventually, number):
    demo = start("-m", "demo")
    read_until(demo, "(cdk synth) ...")
    running = eventually(lambda: found if len(found := descendants(demo.pid)) > 1 else None)

    demo.send_signal(number)
    read_until(demo, "Stopping")
    demo.send_signal(signal.SIGINT)

    assert demo.wait(60) == 128 + number
    assert eventually(lambda: are_gone(running))
    assert list(tmp_path.glob("aitrail-local-aws-*")) == []


def test_local_aws_ends_with_a_parent_that_is_killed(start, tmp_path, eventually):
    holder = start("-c", HOLDER)
    endpoint = urlsplit(holder.stdout.readline())
    [server] = descendants(holder.pid)

    holder.kill()

    assert eventually(lambda: are_gone([server]))
    assert eventually(lambda: refuses(endpoint.hostname, endpoint.port))
    assert list(tmp_path.glob("aitrail-local-aws-*")) == []


def test_demo_with_a_folder_that_does_not_exist_starts_nothing(start, tmp_path):
    demo = start("-m", "demo", "--logs", str(tmp_path / "nowhere"))

    output, _ = demo.communicate(timeout=30)

    assert (demo.returncode, output) == (1, "")

import fcntl
import os
import sys
import time

import pytest

from demo.processes import CommandFailedError, run

HOLD = "import fcntl, time; f = open('lock', 'w'); fcntl.flock(f, fcntl.LOCK_EX); open('held', 'w'); time.sleep(600)"
START = f"""
import os, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {HOLD!r}], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
while not os.path.exists("held"):
    time.sleep(0.01)
"""


@pytest.fixture
def python(tmp_path, monkeypatch):
    # Without a parent that reaps it, as in many containers, an ended process stays in the process table: do not wait.
    monkeypatch.setattr("demo.processes._GRACE_SECONDS", 0.5)

    def python(code, *, timeout=30.0):
        return run([sys.executable, "-c", code], environment=os.environ, timeout=timeout, folder=tmp_path)

    return python


@pytest.fixture
def is_gone(tmp_path):
    """Whether the process with the lock has ended, or ends soon."""

    def is_gone():
        deadline = time.monotonic() + 10
        with (tmp_path / "lock").open() as file:
            while time.monotonic() < deadline:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    time.sleep(0.05)
                else:
                    return True
        return False

    return is_gone


def test_output_is_returned(python):
    assert python("print('fine')") == "fine\n"


def test_command_does_not_wait_for_input(python):
    assert python("import sys; print(repr(sys.stdin.read()))") == "''\n"


def test_failure_tells_the_exit_code_and_the_last_lines(python):
    code = "import sys; [print(n, file=sys.stderr) for n in range(100)]; sys.exit(7)"

    with pytest.raises(CommandFailedError, match=r"exit code 7") as failed:
        python(code)

    assert str(failed.value).splitlines()[1:] == [f"  {number}" for number in range(75, 100)]


@pytest.mark.slow
def test_command_that_takes_too_long_is_ended_with_what_it_started(python, is_gone):
    with pytest.raises(CommandFailedError, match="took longer than 3 s"):
        python(START + "time.sleep(600)", timeout=3.0)

    assert is_gone()


def test_what_a_command_leaves_running_is_ended(python, is_gone):
    python(START)

    assert is_gone()

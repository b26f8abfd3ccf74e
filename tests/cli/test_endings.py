"""The program's behavior when it is interrupted or its output is closed."""

import json
import os
import signal
import sys
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

from aitrail.errors import AitrailError

# Far more than fits into a pipe, so that the program is still writing when the reader has gone.
MANY = 1500


@pytest.fixture
def calls(log_file, record):
    return log_file("a.json", *map(record, range(MANY)))


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("command", [["scan"], ["events", "--all", "--from"]], ids=["scan", "events"])
@pytest.mark.parametrize("output", ["jsonl", "json", "csv", "table"])
def test_reader_that_has_seen_enough_ends_the_program_quietly(program, calls, command, output, unbuffered):
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    process = program(*command, calls, "-o", output, env=environment)

    process.stdout.readline()
    process.stdout.close()

    assert process.stderr.read() == b""
    assert process.wait(60) == 141


def test_reader_that_left_before_the_first_row_ends_the_program_quietly(program, record):
    process = program("scan", "-")

    process.stdout.close()
    process.stdin.write(json.dumps({"Records": [record()]}).encode())
    process.stdin.close()

    assert process.stderr.read() == b""
    assert process.wait(60) == 141


@pytest.mark.parametrize("command", [["scan"], ["events", "--all", "--from"]], ids=["scan", "events"])
def test_reader_of_everything_gets_everything(program, calls, command):
    process = program(*command, calls)

    stdout, stderr = process.communicate(timeout=60)

    assert (process.returncode, stdout.count(b"\n"), stderr) == (0, MANY, b"")


@pytest.fixture
def silent_table():
    """An endpoint that describes the stack but never responds to a query, and an Event that is set by a query."""
    asked, over = Event(), Event()
    output = "<member><OutputKey>EventsTableName</OutputKey><OutputValue>Events</OutputValue></member>"
    stack = f"<StackName>aitrail</StackName><StackStatus>CREATE_COMPLETE</StackStatus><Outputs>{output}</Outputs>"
    result = f"<DescribeStacksResult><Stacks><member>{stack}</member></Stacks></DescribeStacksResult>"
    answer = f"<DescribeStacksResponse>{result}</DescribeStacksResponse>".encode()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            if "X-Amz-Target" in self.headers:  # DynamoDB's
                asked.set()
                over.wait(60)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        over.set()
        server.shutdown()


@pytest.mark.usefixtures("credentials")
def test_ctrl_c_does_not_wait_for_an_answer_of_aws(program, silent_table):
    endpoint, asked = silent_table
    process = program("events", "--endpoint-url", endpoint)
    assert asked.wait(60)

    process.send_signal(signal.SIGINT)

    assert process.wait(10) == 130  # the client would give up only after 20 s
    assert process.stdout.read() == process.stderr.read() == b""


def test_ctrl_c_ends_the_program_quietly(program, log_file):
    unreadable = log_file("a.json")
    unreadable.write_text("{}")
    process = program("scan", unreadable, "-")
    process.stderr.readline()  # the next path is standard input, which stays open

    process.send_signal(signal.SIGINT)

    assert process.wait(60) == 130
    assert process.stdout.read() == process.stderr.read() == b""


# Runs the program, and sends Ctrl-C when it imports, compiles or opens something for the nth time.
INTERRUPTED = """
import os, signal, sys
from aitrail.cli.main import main
left = int(sys.argv.pop(1))
def count(event, _):
    global left
    left -= event in ("import", "compile", "exec", "open")
    if left == 0:
        left = -1
        os.kill(os.getpid(), signal.SIGINT)
sys.addaudithook(count)
main()
"""
COMPLETING = {"_AITRAIL_COMPLETE": "bash_complete"}
EARLY = {
    "help": (["--help"], {}),
    "completion of commands": ([], COMPLETING | {"COMP_WORDS": "aitrail sc", "COMP_CWORD": "1"}),
    "completion of options": ([], COMPLETING | {"COMP_WORDS": "aitrail events --ser", "COMP_CWORD": "2"}),
    "log files": (["usage", "--by", "principal", "--from", "."], {}),
}


@pytest.mark.slow
@pytest.mark.parametrize("moment", [1, 2, 3, 10, 50, 150, 250, 350, 450, 550, 700, 850, 1000, 1500])
@pytest.mark.parametrize(("arguments", "environment"), EARLY.values(), ids=EARLY)
def test_ctrl_c_ends_the_program_quietly_at_any_moment(program, calls, arguments, environment, moment):
    options = {"command": (sys.executable, "-c", INTERRUPTED), "cwd": calls.parent, "env": os.environ | environment}
    process = program(moment, *arguments, **options)

    _, stderr = process.communicate(timeout=60)

    assert (process.returncode, stderr) in [(130, b""), *([(0, b"")] if moment > 200 else [])]


def test_ctrl_c_after_the_end_is_quiet_as_well(program):
    late = "import atexit, os; atexit.register(os.kill, os.getpid(), 2); from aitrail.cli.main import main; main()"
    process = program("--version", command=(sys.executable, "-c", late))

    stdout, stderr = process.communicate(timeout=60)

    assert (process.returncode, stdout.split(b",")[0], stderr) == (130, b"aitrail", b"")


# Sends Ctrl-C when Python collects garbage while the command runs, where an exception is only reported.
COLLECTING = """
import gc, os, signal
from aitrail.cli.main import main
def interrupt(*_):
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        os.kill(os.getpid(), signal.SIGINT)
gc.callbacks.append(interrupt)
main()
"""


def test_ctrl_c_is_not_lost_where_python_cannot_raise(program, calls):
    process = program("scan", calls, command=(sys.executable, "-c", COLLECTING))

    _, stderr = process.communicate(timeout=60)

    assert (process.returncode, stderr) == (130, b"")


def test_program_that_ignores_ctrl_c_goes_on(program, calls):
    ignoring = "import os, signal; signal.signal(2, signal.SIG_IGN); from aitrail.cli.main import main; "
    process = program("scan", calls, command=(sys.executable, "-c", f"{ignoring} os.kill(os.getpid(), 2); main()"))

    stdout, _ = process.communicate(timeout=60)

    assert (process.returncode, stdout.count(b"\n")) == (0, MANY)


FULL = {
    "at the end": ["events", "--limit", "1", "--from"],
    "in between": ["events", "--all", "--from"],
    "of a query": ["events", "--query", "length(@)", "--from"],
    "scan": ["scan"],
}


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
@pytest.mark.parametrize("arguments", FULL.values(), ids=FULL)
def test_full_disk_is_an_error_for_people(program, calls, arguments):
    with Path("/dev/full").open("wb") as full:
        process = program(*arguments, calls, stdout=full)

    _, stderr = process.communicate(timeout=60)

    assert (process.returncode, stderr) == (1, b"Error: [Errno 28] No space left on device\n")


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["events", "--help"]], ids=" ".join)
def test_help_for_a_full_disk_is_an_error_for_people(program, arguments):
    with Path("/dev/full").open("wb") as full:
        process = program(*arguments, stdout=full)

    _, stderr = process.communicate(timeout=60)

    assert (process.returncode, stderr) == (1, b"Error: [Errno 28] No space left on device\n")


@pytest.mark.parametrize("arguments", [["--help"], ["usage", "--from"]], ids=["help", "usage"])
def test_closed_output_is_an_error_for_people(program, calls, arguments):
    process = program(*arguments, *[calls] * (len(arguments) - 1), stdout=None, preexec_fn=partial(os.close, 1))

    _, stderr = process.communicate(timeout=60)

    assert (process.returncode, stderr) == (1, b"Error: standard output is closed.\n")


READING = [["scan", "-"], ["scan", ".", "-"], ["events", "--from", "-"], ["usage", "--from", ".", "-"]]


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_closed_input_is_an_error_of_usage(program, arguments):
    process = program(*arguments, preexec_fn=partial(os.close, 0))

    stdout, stderr = process.communicate(timeout=60)

    assert (process.returncode, stdout) == (2, b"")
    assert stderr.splitlines()[-1].endswith(b"standard input is closed.")
    assert b"Traceback" not in stderr


def close_all():
    os.closerange(0, 3)


COMMANDS = [[], ["--help"], ["completion", "bash"], ["scan", "-"], ["events", "--from", "-"], ["status"], ["no-such"]]


@pytest.mark.parametrize("close", [partial(os.close, 0), partial(os.close, 1), partial(os.close, 2), close_all])
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_closed_streams_give_no_traceback(program, arguments, close):
    process = program(*arguments, preexec_fn=close)

    _, stderr = process.communicate(timeout=60)

    assert process.returncode in (0, 1, 2, 3)
    assert b"Traceback" not in stderr


NARRATED = {
    "nothing found": (["events", "--service", "lex", "--from"], 0),
    "wrong": (["events", "--service", "poly", "--from"], 2),
    "not found": (["event", "no-such-id", "--from"], 1),
}


@pytest.mark.parametrize(("arguments", "exit_code"), NARRATED.values(), ids=NARRATED)
def test_closed_stderr_changes_no_exit_code(program, calls, arguments, exit_code):
    process = program(*arguments, calls, stderr=None, preexec_fn=partial(os.close, 2))

    stdout, _ = process.communicate(timeout=60)

    assert (process.returncode, stdout) == (exit_code, b"")


def test_help_is_shown_in_any_encoding(program):
    process = program("events", "--help", env=os.environ | {"PYTHONIOENCODING": "latin-1"})

    stdout, stderr = process.communicate(timeout=60)

    assert (process.returncode, stderr) == (0, b"")
    assert b"lexicon/NAME \\u2026" in stdout


STEERING = "\x1b]0;pwned\x07\u202e"
STEERED = {
    "command": [STEERING],
    "option": ["events", f"--{STEERING}"],
    "option of all": [f"--{STEERING}"],
    "argument": ["who", STEERING],
    "value": ["events", "--service", STEERING],
    "choice": ["events", "-o", STEERING],
    "path": ["events", "--from", STEERING],
    "time": ["events", "--since", STEERING],
    "profile": ["events", "--profile", STEERING, "--region", "eu-west-1"],
}


@pytest.mark.parametrize("arguments", STEERED.values(), ids=STEERED)
def test_message_steers_no_terminal(aitrail, arguments):
    ended = aitrail(*arguments)

    assert ended.exit_code in (2, 3)
    assert "\\x1b" in ended.stderr
    assert ended.stderr.replace("\n", "").isprintable()


def test_text_of_aws_steers_no_terminal(aitrail, stacks, recorded):
    recorded()
    stacks.refusals["Query"] = ("ValidationException", STEERING)

    ended = aitrail("events")

    assert ended.exit_code == 3
    assert "\\x1b]0;pwned\\x07\\u202e" in ended.stderr
    assert ended.stderr.replace("\n", "").isprintable()


def test_defect_that_was_noticed_is_an_error_for_people(aitrail, log_file, monkeypatch):
    def reconcile(*_):
        raise AitrailError("the counts disagree")

    monkeypatch.setattr("aitrail.rows.reading.Reading.reconcile", reconcile)

    ended = aitrail("scan", log_file("a.json"))

    assert (ended.exit_code, ended.stderr) == (1, "Error: the counts disagree\n")


def test_module_is_the_program(program):
    process = program("--version")

    stdout, _ = process.communicate(timeout=60)

    assert (process.returncode, stdout.split(b",")[0]) == (0, b"aitrail")

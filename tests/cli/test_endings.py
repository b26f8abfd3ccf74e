"""How the program ends when somebody or something ends it."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from aitrail.errors import AitrailError

# Far more than a pipe holds: the program still writes when its reader has gone.
MANY = 1500


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("output", ["jsonl", "json", "csv", "table"])
def test_reader_that_has_seen_enough_ends_the_program_quietly(program, record, log_file, output, unbuffered):
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    process = program("scan", log_file("a.json", *map(record, range(MANY))), "-o", output, env=environment)

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


def test_reader_of_everything_gets_everything(program, record, log_file):
    process = program("scan", log_file("a.json", *map(record, range(MANY))))

    stdout, stderr = process.communicate(timeout=60)

    assert (process.returncode, stdout.count(b"\n"), stderr) == (0, MANY, b"")


def test_ctrl_c_ends_the_program_quietly(program, log_file):
    unreadable = log_file("a.json")
    unreadable.write_text("{}")
    process = program("scan", unreadable, "-")
    process.stderr.readline()  # what is next is standard input, which stays open

    process.send_signal(signal.SIGINT)

    assert process.wait(60) == 130
    assert process.stdout.read() == process.stderr.read() == b""


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
@pytest.mark.parametrize("rows", [1, MANY], ids=["at the end", "in between"])
def test_full_disk_is_an_error_for_people(program, record, log_file, rows):
    with Path("/dev/full").open("wb") as full:
        process = program("scan", log_file("a.json", *map(record, range(rows))), stdout=full)

    _, stderr = process.communicate(timeout=60)

    assert (process.returncode, stderr) == (1, b"Error: [Errno 28] No space left on device\n")


def test_defect_that_was_noticed_is_an_error_for_people(aitrail, log_file, monkeypatch):
    def reconcile(*_):
        raise AitrailError("the counts disagree")

    monkeypatch.setattr("aitrail.reading.Reading.reconcile", reconcile)

    ended = aitrail("scan", log_file("a.json"))

    assert (ended.exit_code, ended.stderr) == (1, "Error: the counts disagree\n")


def test_module_is_the_program(program):
    process = program("--version")

    stdout, _ = process.communicate(timeout=60)

    assert (process.returncode, stdout.split(b",")[0]) == (0, b"aitrail")

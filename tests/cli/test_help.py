import json
import os
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from aitrail import __version__
from aitrail.cli.main import cli, main
from aitrail.cli.output import FORMATS
from aitrail.errors import AitrailError

COMMANDS = {"events": "List calls, newest first.", "scan": "Show the rows that log files hold, without any AWS."}
HELP = {"aitrail": ["--help"], "aitrail, short option": ["-h"], "events": ["events", "-h"], "scan": ["scan", "--help"]}

# Runs the program and tells, in place of its output, which modules it has imported when it ends.
WITNESS = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
sys.argv[0] = "aitrail"
from aitrail.cli.main import main
main()
"""


@pytest.mark.parametrize("arguments", HELP.values(), ids=HELP)
def test_help_waits_for_neither_boto3_nor_rich(arguments):
    command = [sys.executable, "-c", WITNESS, *arguments]

    ended = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own interpreter

    assert ended.stdout.startswith("Usage: aitrail")
    imported = {name.partition(".")[0] for name in json.loads(ended.stderr)}
    assert "click" in imported
    assert not imported & {"boto3", "botocore", "rich"}


def test_help_shows_every_command_in_a_line(aitrail):
    ended = aitrail("--help")

    assert ended.exit_code == 0
    _, _, listed = ended.stdout.partition("Commands:\n")
    assert {line.split()[0]: line.split(maxsplit=1)[1] for line in listed.splitlines()} == COMMANDS


def test_help_explains_the_exit_codes(aitrail):
    ended = aitrail("--help")

    _, _, explained = ended.stdout.partition("Exit codes:\n")
    assert [line.split()[0] for line in explained.splitlines()[:5]] == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples_of_the_command(aitrail, command):
    ended = aitrail(command, "--help")

    assert ended.exit_code == 0
    assert "Examples:\n" in ended.stdout
    assert f"aitrail {command} " in ended.stdout.partition("Examples:\n")[2]


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("arguments", HELP.values(), ids=HELP)
def test_help_keeps_to_the_width_of_the_terminal_except_in_examples(aitrail, arguments, width):
    ended = aitrail(*arguments, terminal_width=width)

    examples = [line for line in ended.stdout.splitlines() if line.startswith("    ") and "aitrail " in line]
    assert [line for line in ended.stdout.splitlines() if len(line) > width and line not in examples] == []


def test_options_have_the_names_that_people_know():
    options = {
        name: {text for option in cli.get_command(None, name).params for text in option.opts} for name in COMMANDS
    }

    formats = {"-o", "--output", "--no-color"}
    assert options["events"] == formats | {
        *("--service", "--since", "--until", "--limit"),
        *("--stack", "--profile", "--region", "--endpoint-url"),
    }
    assert options["scan"] == formats | {"paths", "--strict"}
    assert FORMATS == ("table", "json", "jsonl", "csv")


def test_version_is_that_of_the_package(aitrail):
    assert aitrail("--version").stdout == f"aitrail, version {__version__}\n"


WRONG = {
    "unknown command": (["evnts"], "No such command 'evnts'."),
    "unknown option": (["scan", "--recursive", "."], "No such option '--recursive'"),
    "no path": (["scan"], "Missing argument 'PATH...'."),
    "path that is not there": (["scan", "no/such/folder"], "'no/such/folder' does not exist."),
    "unknown format": (["scan", ".", "-o", "xml"], "'xml' is not one of 'table', 'json', 'jsonl', 'csv'."),
    "unknown service": (
        ["events", "--service", "rekognition"],
        "Invalid value for '--service': 'rekognition' is not one of 'lex', 'personalize', 'polly', 'transcribe'.",
    ),
    "no number": (["events", "--limit", "many"], "Invalid value for '--limit': 'many' is not a valid integer range."),
    "limit of nothing": (["events", "--limit", "0"], "Invalid value for '--limit': 0 is not in the range x>=1."),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_wrong_command_line_ends_with_2_and_says_what_is_valid(aitrail, arguments, message):
    ended = aitrail(*arguments)

    assert ended.exit_code == 2
    assert ended.stdout == ""
    assert message in ended.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["scan", "."]], ids=["help", "command"])
def test_wrong_service_file_is_an_error_for_people(aitrail, monkeypatch, arguments):
    def import_module(name):
        raise AitrailError(f"bedrock.toml is wrong ({name})")

    monkeypatch.setattr("aitrail.cli.main.import_module", import_module)

    ended = aitrail(*arguments)

    assert ended.exit_code == 1
    assert ended.stderr.startswith("Error: bedrock.toml is wrong (aitrail.cli.")


def test_entry_point_of_the_package_is_the_program():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]

    entry = EntryPoint("aitrail", project["scripts"]["aitrail"], "console_scripts")

    assert entry.load() is main
    assert project["version"] == __version__


def test_completion_offers_commands(program):
    asked = {"_AITRAIL_COMPLETE": "bash_complete", "COMP_WORDS": "aitrail sc", "COMP_CWORD": "1"}
    process = program(env=os.environ | asked)

    stdout, _ = process.communicate(timeout=60)

    assert stdout == b"plain,scan\n"

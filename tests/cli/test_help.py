import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import click
import pytest

from aitrail import __version__
from aitrail.cli import group
from aitrail.cli.group import cli
from aitrail.cli.main import main
from aitrail.cli.output import FORMATS
from aitrail.errors import AitrailError

WHEN = "When (in UTC or --timezone)"
SECTIONS = {heading: list(commands) for heading, commands in group.SECTIONS.items()}
COMMANDS = [command for commands in SECTIONS.values() for command in commands]
HELP = {"aitrail": ["--help"], "aitrail, short option": ["-h"]} | {name: [name, "--help"] for name in COMMANDS}

# Runs the program and prints the modules that it has imported to stderr when it ends.
WITNESS = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
sys.argv[0] = "aitrail"
from aitrail.cli.main import main
main()
"""


def imported(*arguments):
    """The packages that `aitrail ARGUMENTS` imports."""
    return {name.partition(".")[0] for name in modules(*arguments)}


def modules(*arguments):
    """The modules that `aitrail ARGUMENTS` imports."""
    command = [sys.executable, "-c", WITNESS, *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own interpreter
    assert ended.stdout
    return set(json.loads(ended.stderr.splitlines()[-1]))


@pytest.mark.parametrize("arguments", HELP.values(), ids=HELP)
def test_help_waits_for_nothing_that_takes_long_to_import(arguments):
    found = imported(*arguments)

    assert "click" in found
    assert not found & {"boto3", "botocore", "rich", "sqlite3", "pyarrow", "jmespath"}


def test_questions_about_log_files_need_no_boto3(log_file, record):
    found = imported("events", "--from", log_file("a.json", record()), "-o", "table")

    assert "sqlite3" in found
    assert not found & {"boto3", "botocore", "urllib3"}


def sections(text):
    """Heading -> the lines below it in the output of --help, without continuation lines."""
    found = {}
    for line in text.splitlines():
        if line.endswith(":") and not line.startswith(" "):
            lines = found.setdefault(line.removesuffix(":"), [])
        elif found and line.startswith("  ") and not line.startswith("   "):
            lines.append(line.strip())
    return found


def test_help_shows_every_command_in_a_line_below_its_heading(aitrail):
    ended = aitrail("--help")

    assert ended.exit_code == 0
    found = sections(ended.stdout)
    listed = {heading: found[heading] for heading in SECTIONS}
    assert {heading: [line.split()[0] for line in lines] for heading, lines in listed.items()} == SECTIONS
    texts = [line.partition(" ")[2].strip() for lines in listed.values() for line in lines]
    assert [text for text in texts if not text.endswith(".") or text.endswith("...")] == []


@pytest.mark.parametrize("arguments", HELP.values(), ids=HELP)
def test_help_breaks_no_word_at_its_hyphen(aitrail, arguments):
    lines = aitrail(*arguments).stdout.splitlines()

    assert [line for line in lines if re.search(r"\w-$", line)] == []


def test_help_has_the_hyphens_that_a_keyboard_writes(aitrail):
    text = aitrail("retry", "--help").stdout

    assert "--dry-run" in text
    assert "\N{NON-BREAKING HYPHEN}" not in text


def test_help_of_all_says_what_the_help_of_each_begins_with():
    listed = {name: text for commands in group.SECTIONS.values() for name, text in commands.items()}

    assert listed == {name: cli.get_command(None, name).help.partition("\n")[0] for name in COMMANDS}


def test_help_of_all_imports_no_command():
    found = modules("--help")

    assert not {name for name in found if name.startswith("aitrail.cli.commands.")}


def test_every_command_has_a_module_of_its_name_and_a_line_in_the_list():
    folder = Path(group.__file__).parent / "commands"

    assert sorted(path.stem for path in folder.glob("[!_]*.py")) == sorted(name.replace("-", "_") for name in COMMANDS)


HEADINGS = {
    "events": ["Which calls (repeat for more values; !VALUE excludes)", WHEN, "Where", "How many", "Output"],
    "scan": ["Where", "Output"],
}


@pytest.mark.parametrize(("command", "headings"), HEADINGS.items(), ids=HEADINGS)
def test_options_stand_below_headings(aitrail, command, headings):
    found = sections(aitrail(command, "--help").stdout)

    assert list(found) == [*headings, "Options"]
    assert found["Options"][-1].startswith("-h, --help ")
    assert all(line.startswith("-") for lines in found.values() for line in lines)


ASKING = ("events", "usage", "who", "what", "export")


@pytest.mark.parametrize("command", ASKING)
def test_questions_have_common_options_below_common_headings(aitrail, command):
    found = sections(aitrail(command, "--help").stdout)

    where = [line.split()[0].removesuffix(",") for line in found["Where"]]
    of_log_files = ["--from", "--strict", "--read-all", "--jobs", "--no-cache"]
    of_stacks = ["--stack", "--profile", "--region", "--endpoint-url"]
    assert where == [*of_log_files, *of_stacks, "--service-files", "-v"]
    assert [line.split()[0] for line in found[WHEN]] == ["--since", "--until", "--during", "--timezone"]


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

    # Examples are indented by four spaces, options by two, and continuation lines of options by more.
    others = [line for line in ended.stdout.splitlines() if not re.match(r" {4}\S", line)]
    assert [line for line in others if len(line) > width] == []


def test_options_have_the_names_that_people_know():
    options = {
        name: {text for option in cli.get_command(None, name).params for text in option.opts} for name in COMMANDS
    }

    output = {"-o", "--output", "--query", "--wide", "--long", "--no-color"}
    assert options["events"] == output | {
        *("--service", "--operation", "--principal", "--principal-account", "--resource", "--account"),
        *("--in-region", "--outcome", "--errors"),
        *("--credentials", "--source-ip", "--access-key", "--read-only", "--write-only", "--event-category"),
        *("--since", "--until", "--during", "--timezone", "--limit", "--all", "--reverse", "--columns"),
        *("--error-code", "--session", "--called-by", "--user-agent", "--engine", "--voice", "--language"),
        *("--api-version", "--label", "--team", "--network", "--mfa"),
        *("--since", "--until", "--limit", "--all", "--reverse", "--columns"),
        *("--from", "more", "--strict", "--read-all", "--jobs", "--no-cache", "--stack", "--profile"),
        *("--region", "--endpoint-url"),
        *("--service-files", "-v", "--verbose"),
    }
    assert options["scan"] == output | {
        *("paths", "--strict", "--jobs", "--timezone", "--profile", "--region", "--endpoint-url", "--service-files")
    }
    assert FORMATS == ("table", "json", "jsonl", "csv")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_with_a_command_is_the_help_of_that_command(aitrail, name):
    assert aitrail("help", name).stdout == aitrail(name, "--help").stdout


@pytest.mark.parametrize("words", [["help"], ["help", "help"], ["help", "--help"]], ids=" ".join)
def test_help_without_a_command_is_the_help_of_all(aitrail, words):
    ended = aitrail(*words)

    assert (ended.exit_code, ended.stdout) == (0, aitrail("--help").stdout)


CHOICES = {
    (command, parameter.name): parameter.type
    for command in COMMANDS
    for parameter in cli.get_command(None, command).params
    if isinstance(parameter.type, click.Choice)
}


@pytest.mark.parametrize("choice", CHOICES.values(), ids=map("-".join, CHOICES))
def test_a_mistyped_value_of_an_option_with_few_values_is_answered_with_the_closest(choice):
    for value in choice.choices:
        with pytest.raises(click.BadParameter) as refused:
            choice.convert(f"{value}x", None, None)

        assert refused.value.message.endswith(f" Did you mean {value!r}?")


def test_version_is_that_of_the_package(aitrail):
    assert aitrail("--version").stdout == f"aitrail, version {__version__}\n"


WRONG = {
    "unknown command": (["evnts"], "No such command 'evnts'. (Did you mean one of: 'event', 'events'?)"),
    "command like no other": (["frobnicate"], "No such command 'frobnicate'.\n"),
    "mistyped option": (
        ["events", "--sinse", "7d"],
        "No such option '--sinse'. (Did you mean one of: '--engine', '--since', '--wide'?)",
    ),
    "unknown option": (["scan", "--recursive", "."], "No such option '--recursive'"),
    "no path": (["scan"], "Missing argument 'PATH...'."),
    "path that is not there": (["scan", "no/such/folder"], "'no/such/folder' does not exist."),
    "mistyped dimension": (["usage", "--by", "princpal"], "Did you mean 'principal'?"),
    "help for an unknown command": (["help", "evnts"], "No such command 'evnts'. (Did you mean one of: 'event', "),
    "unknown format": (["scan", ".", "-o", "xml"], "'xml' is not one of 'table', 'json', 'jsonl', 'csv'."),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_wrong_command_line_ends_with_2_and_says_what_is_valid(aitrail, arguments, message):
    ended = aitrail(*arguments)

    assert ended.exit_code == 2
    assert ended.stdout == ""
    assert message in ended.stderr


@pytest.mark.parametrize("arguments", [["scan", "--help"], ["scan", "."]], ids=["help", "command"])
def test_wrong_service_file_is_an_error_for_people(aitrail, monkeypatch, arguments):
    def import_module(name):
        raise AitrailError(f"bedrock.toml is wrong ({name})")

    monkeypatch.setattr("aitrail.cli.group.import_module", import_module)

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

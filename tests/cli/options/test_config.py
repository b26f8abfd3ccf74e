"""The configuration file on the command line: where it is, which options it has defaults for, and what counts more."""

import json
import os

import click
import pytest

from aitrail.cli.group import SECTIONS, cli
from tests.cli.commands.test_completion import words

COMMANDS = [command for commands in SECTIONS.values() for command in commands]
NAMES = """
[teams]
voice.principals = "role/*"
owners.principals = ["user/audiobooks-batch", "root"]
[networks]
office = "203.0.113.0/24"
"""


@pytest.fixture
def config(tmp_path):
    """Writes a configuration file, and returns its path."""

    def config(text, name="config.toml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return config


@pytest.fixture
def usual(config, monkeypatch, tmp_path):
    """Writes the configuration file in the user's folder for settings."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    return lambda text: config(text, "settings/aitrail/config.toml")


@pytest.fixture
def logs(log_file, record):
    return log_file("a.json", record())


def test_file_is_in_the_usual_place_or_where_the_variable_or_the_option_says(aitrail, usual, config, logs, monkeypatch):
    def formatted(*options):
        return aitrail(*options, "events", "--from", logs, "--columns", "eventID").stdout[:7]

    assert formatted() == '{"event'
    usual("output = 'csv'")
    assert formatted() == "eventID"
    monkeypatch.setenv("AITRAIL_CONFIG", str(config("output = 'json'", "b.toml")))
    assert formatted() == '[\n{"eve'
    assert formatted("--config", config("output = 'jsonl'", "c.toml")) == '{"event'
    assert formatted("--config", os.devnull) == '{"event'


def test_file_in_the_current_folder_is_not_read(aitrail, config, logs, monkeypatch, tmp_path):
    for name in ("config.toml", "aitrail.toml", "aitrail/config.toml", ".config/aitrail/config.toml", ".aitrail.toml"):
        config("wrong", name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", ".")
    monkeypatch.setenv("HOME", ".")

    assert aitrail("events", "--from", logs).exit_code == 0


def test_named_file_that_is_not_there_is_an_error(aitrail, logs, monkeypatch):
    message = "Error: The configuration file none.toml cannot be read: No such file or directory.\n"

    assert aitrail("--config", "none.toml", "events", "--from", logs).stderr == message
    monkeypatch.setenv("AITRAIL_CONFIG", "none.toml")
    ended = aitrail("events", "--from", logs)
    assert (ended.exit_code, ended.stdout, ended.stderr) == (1, "", message)


def test_wrong_file_in_the_usual_place_is_an_error_except_for_help(aitrail, usual, logs):
    path = usual('[teams.a]\nprincipals = ["\\u001b[2J"]')

    ended = aitrail("events", "--from", logs)

    assert (ended.exit_code, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"Error: {path}: teams.a.principals[0] is '\\x1b[2J': ")
    assert aitrail("events", "--help").exit_code == aitrail("--help").exit_code == 0


def test_help_shows_the_usual_defaults(aitrail, usual):
    before = aitrail("events", "--help").stdout
    usual("timezone = 'Europe/Berlin'\nstack = 'other'")

    assert aitrail("events", "--help").stdout == before


def test_option_after_the_command_is_told_where_it_belongs(aitrail):
    ended = aitrail("usage", "--config", "x", "--by", "team")

    assert ended.exit_code == 2
    assert "Put --config before the command: aitrail --config FILE usage …" in ended.stderr


def test_zone_is_that_of_the_option_then_of_the_variable_then_of_the_file(aitrail, usual, logs, monkeypatch):
    def offset(*options):
        ended = aitrail("events", "--from", logs, "-o", "table", "--columns", "eventTime", *options)
        return ended.stdout.splitlines()[1][19:]

    assert offset() == "Z"
    usual("timezone = 'Asia/Tokyo'")
    assert offset() == "+09:00"
    monkeypatch.setenv("AITRAIL_TIMEZONE", "Asia/Kolkata")
    assert offset() == "+05:30"
    assert offset("--timezone", "UTC") == "Z"


@pytest.fixture
def asked(aitrail, stacks, credentials, monkeypatch, tmp_path):  # noqa: ARG001 (clients need them)
    """Runs `aitrail events ARGUMENTS`; returns stack, key and Region of the request for the stack."""
    (tmp_path / "aws").write_text(
        "[profile audit]\naws_access_key_id = AUDIT\naws_secret_access_key = x\nregion = us-east-2\n"
        "[profile work]\naws_access_key_id = WORK\naws_secret_access_key = x\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)

    def asked(*arguments):
        stacks.asked.clear()
        assert aitrail("events", *arguments).exit_code == 3  # there is no such stack
        ((_, *found),) = stacks.asked
        return tuple(found)

    return asked


PLACE = "stack = 'own'\nregion = 'eu-central-1'\nprofile = 'audit'"


def test_place_is_that_of_the_file(asked, usual):
    usual(PLACE)

    assert asked() == ("own", "AUDIT", "eu-central-1")
    assert asked("--stack", "a", "--region", "eu-west-3", "--profile", "work") == ("a", "WORK", "eu-west-3")
    assert asked("--profile", "work") == ("own", "WORK", "eu-central-1")


VARIABLES = {
    "AWS_REGION": ("eu-north-1", ("own", "AUDIT", "eu-north-1")),
    "AWS_DEFAULT_REGION": ("eu-north-1", ("own", "AUDIT", "eu-north-1")),
    "AWS_PROFILE": ("work", ("own", "WORK", "eu-central-1")),
    "AWS_DEFAULT_PROFILE": ("work", ("own", "WORK", "eu-central-1")),
}


@pytest.mark.parametrize("name", VARIABLES)
def test_variables_of_aws_count_more_than_the_file(asked, usual, monkeypatch, name):
    value, expected = VARIABLES[name]
    usual(PLACE)
    monkeypatch.setenv(name, value)

    assert asked() == expected


def test_credentials_in_the_environment_count_more_than_the_profile_of_the_file(asked, usual, monkeypatch):
    usual(PLACE)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")

    assert asked() == ("own", "AKIAEXAMPLE", "eu-central-1")


def test_defaults_of_the_place_are_no_options_that_log_files_refuse(aitrail, usual, logs):
    usual(PLACE)

    assert aitrail("events", "--from", logs).exit_code == aitrail("scan", logs).exit_code == 0
    assert "--stack selects the stack" in aitrail("events", "--from", logs, "--stack", "own").stderr


def test_several_stacks_are_refused_by_a_command_for_one(aitrail, usual, stacks):
    usual("stack = ['a', 'b']")

    ended = aitrail("retry")

    assert (ended.exit_code, stacks.asked) == (2, [])
    assert "`aitrail retry` acts on one stack" in ended.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_output_is_that_of_the_file_wherever_a_command_has_that_format(usual, command):
    usual("output = 'json'")
    found = cli.get_command(None, command)
    parameter = next((each for each in found.params if "--output" in each.opts), None)
    if parameter is None:
        return
    root = click.Context(cli)
    context = found.context_class(found, parent=root, info_name=command)

    default = context.lookup_default(parameter.name)

    assert default == ("json" if "json" in parameter.type.choices else None)
    assert (command == "tail") is (default is None)


def test_default_output_does_not_contradict_raw(aitrail, usual, logs, record):
    usual("output = 'json'")

    ended = aitrail("event", record()["eventID"], "--raw", "--from", logs)

    assert (ended.exit_code, json.loads(ended.stdout)) == (0, record())
    assert aitrail("event", record()["eventID"], "--raw", "-o", "json", "--from", logs).exit_code == 2


def test_calls_are_selected_and_counted_by_teams_and_networks(aitrail, usual, log_file, record):
    usual(NAMES)
    addresses = ["203.0.113.9", "198.51.100.7", "lex.amazonaws.com"]
    path = log_file("a.json", *[record(number, sourceIPAddress=each) for number, each in enumerate(addresses)])

    def found(*options):
        lines = aitrail("events", "--from", path, "--reverse", "-o", "jsonl", *options).stdout.splitlines()
        return [addresses.index(json.loads(line)["sourceIPAddress"]) for line in lines]

    assert found("--team", "Owners") == found("--team", "!voice") == found("--team", "o*") == [0, 1, 2]
    assert found("--team", "voice") == []
    assert found("--network", "office") == [0]
    assert found("--network", "!*") == found("--network", "!office") == [1, 2]
    groups = json.loads(aitrail("usage", "--from", path, "--by", "team", "--by", "network", "-o", "json").stdout)
    assert [(each["team"], each["network"], each["calls"]) for each in groups] == [
        ("owners", None, 2),
        ("owners", "office", 1),
    ]


@pytest.mark.parametrize("arguments", [["--team", "x"], ["--network", "!x"]], ids=" ".join)
def test_unknown_name_is_refused_before_anything_is_read(aitrail, usual, stacks, arguments):
    usual(NAMES)

    ended = aitrail("events", *arguments)

    assert (ended.exit_code, stacks.asked) == (2, [])
    assert f"Invalid value for '{arguments[0]}': 'x' is not a known {arguments[0][2:]}. Choose from" in ended.stderr


@pytest.mark.parametrize("command", ["events", "usage", "tail", "export"])
def test_without_names_every_question_says_how_to_give_some(aitrail, stacks, command):
    ended = aitrail(command, *(["x"] if command == "export" else []), "--team", "search")

    assert (ended.exit_code, stacks.asked) == (2, [])
    assert "No teams are defined: define them in the configuration file" in ended.stderr


def test_counting_by_names_without_any_is_refused_before_anything_is_read(aitrail, stacks):
    ended = aitrail("usage", "--by", "network")

    assert (ended.exit_code, stacks.asked) == (2, [])
    assert "No networks are defined" in ended.stderr


OFFERS = {
    "teams": ("aitrail --config {} events --team ow", "plain,owners\n"),
    "excluded teams": ("aitrail --config {} events --team !v", "plain,!voice\n"),
    "networks": ("aitrail --config {} usage --network ", "plain,office\n"),
    "wrong file": ("aitrail --config /none usage --network ", "\n"),
}


@pytest.mark.parametrize(("line", "expected"), OFFERS.values(), ids=OFFERS)
def test_offers_names(program, config, line, expected):
    asked = words(line.format(config(NAMES)))
    process = program(env=os.environ | asked | {"_AITRAIL_COMPLETE": "bash_complete"})

    assert process.communicate(timeout=60) == (expected.encode(), b"")


@pytest.mark.parametrize("command", ["events", "usage"])
def test_table_is_asked_by_the_index_of_a_team(aitrail, usual, recorded, record, command):
    usual("[teams.owners]\nprincipals = ['user/audiobooks-batch']")
    recorded(record())

    ended = aitrail(command, "-v", "--team", "owners", "--since", "2026-03-14", "--until", "2026-03-15")

    assert (ended.exit_code, len(ended.stdout.splitlines())) == (0, 1)
    assert "(index by-principal, 1 value x 1 day" in ended.stderr
    assert "by-service" not in ended.stderr

"""Variables of the environment: option before variable before default, and errors that name what was wrong."""

import json

import pytest

from aitrail.cli.group import SECTIONS, cli

COMMANDS = [cli.get_command(None, name) for commands in SECTIONS.values() for name in commands]
VARIABLES = {
    "--stack": "AITRAIL_STACK",
    "--region": "AITRAIL_REGION",
    "--profile": "AITRAIL_PROFILE",
    "--jobs": "AITRAIL_JOBS",
    "--output": "AITRAIL_OUTPUT",
    "--timezone": "AITRAIL_TIMEZONE",
    "--service-files": "AITRAIL_SERVICE_FILES",
}


def test_every_command_takes_the_same_options_from_variables_and_no_others():
    options = {(option.opts[-1], option.envvar) for command in COMMANDS for option in command.params}

    assert {name: variable for name, variable in options if variable} == VARIABLES
    assert {name for name, variable in options if not variable} & VARIABLES.keys() == set()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda each: each.name)
def test_help_names_the_variable_of_each_option(aitrail, command):
    text = " ".join(aitrail(command.name, "--help").stdout.split())

    expected = {option.envvar for option in command.params if option.envvar}
    assert {name for name in VARIABLES.values() if f"[env var: {name}" in text} == expected


def asked(stacks):
    return [(stack, key, region) for _, stack, key, region in stacks.asked]


PLACES = {
    "nothing": ({}, [], [("aitrail", "AKIAEXAMPLE", "eu-west-1")]),
    "variables": (
        {"AITRAIL_STACK": "other", "AITRAIL_REGION": "us-east-1", "AITRAIL_PROFILE": "audit"},
        [],
        [("other", "AKIAAUDIT", "us-east-1")],
    ),
    "options come first": (
        {"AITRAIL_STACK": "other", "AITRAIL_REGION": "us-east-1", "AITRAIL_PROFILE": "nobody"},
        ["--stack", "third", "--region", "eu-west-3", "--profile", "audit"],
        [("third", "AKIAAUDIT", "eu-west-3")],
    ),
    "AWS's variables come later": (
        {"AITRAIL_REGION": "us-east-1", "AWS_REGION": "eu-west-2", "AITRAIL_PROFILE": "audit", "AWS_PROFILE": "nobody"},
        [],
        [("aitrail", "AKIAAUDIT", "us-east-1")],
    ),
    "AWS's variables count": (
        {"AWS_REGION": "eu-west-2", "AWS_PROFILE": "audit"},
        [],
        [("aitrail", "AKIAAUDIT", "eu-west-2")],
    ),
    "region of the profile": ({"AITRAIL_PROFILE": "audit"}, [], [("aitrail", "AKIAAUDIT", "eu-north-1")]),
    "blank": (
        {"AITRAIL_STACK": "", "AITRAIL_REGION": " ", "AITRAIL_PROFILE": "\t", "AITRAIL_OUTPUT": ""},
        [],
        [("aitrail", "AKIAEXAMPLE", "eu-west-1")],
    ),
}


@pytest.fixture
def configured(credentials, monkeypatch, tmp_path):  # noqa: ARG001 (they come first)
    """Configures the profile `audit`; returns a function that removes what AWS's SDKs would take before variables."""
    (tmp_path / "credentials").write_text("[audit]\naws_access_key_id = AKIAAUDIT\naws_secret_access_key = example\n")
    (tmp_path / "config").write_text("[profile audit]\nregion = eu-north-1\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))

    def configured(environment):
        if environment.keys() == {"AITRAIL_PROFILE"}:
            monkeypatch.delenv("AWS_DEFAULT_REGION")
        if "AWS_PROFILE" in environment:
            monkeypatch.delenv("AWS_ACCESS_KEY_ID")
            monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        return environment

    return configured


@pytest.mark.parametrize("case", PLACES.values(), ids=PLACES)
def test_place_is_that_of_the_option_then_of_the_variable_then_of_aws(aitrail, stacks, configured, case):
    environment, arguments, expected = case

    aitrail("events", *arguments, env=configured(environment))

    assert asked(stacks) == expected


@pytest.mark.usefixtures("table")
def test_variable_may_name_several_stacks(aitrail, stacks):
    stacks["audit"] = stacks["aitrail"]

    ended = aitrail("events", env={"AITRAIL_STACK": " aitrail  audit "})

    assert [stack for stack, *_ in asked(stacks)] == ["aitrail", "audit"]
    assert " in the stacks aitrail in eu-west-1, audit in eu-west-1. " in ended.stderr


def test_variables_of_a_stack_do_not_keep_from_reading_log_files(aitrail, log_file, record):
    variables = {"AITRAIL_STACK": "a b", "AITRAIL_REGION": "us-east-1 eu-west-1", "AITRAIL_PROFILE": "nobody"}

    ended = aitrail("events", "--from", log_file("a.json", record()), env=variables)

    assert (ended.exit_code, ended.stderr, ended.stdout.count("\n")) == (0, "", 1)


WRONG = {
    "format": ("AITRAIL_OUTPUT", "xml", [], "Invalid value for 'AITRAIL_OUTPUT': 'xml' is not one of 'table', 'json'"),
    "zone": ("AITRAIL_TIMEZONE", "Berlin", [], "Invalid value for 'AITRAIL_TIMEZONE': 'Berlin' is not a time zone"),
    "option": ("AITRAIL_OUTPUT", "csv", ["-o", "xml"], "Invalid value for '-o' / '--output': 'xml' is not one of"),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_wrong_value_is_an_error_that_names_where_it_is_from(aitrail, log_file, case):
    variable, value, arguments, message = case

    ended = aitrail("events", "--from", log_file("a.json"), *arguments, env={variable: value})

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert f"Error: {message}" in ended.stderr


UNREACHABLE = {
    "stack": ({"AITRAIL_STACK": "nope"}, [], 3, " AITRAIL_STACK is set.\n"),
    "stack and Region": (
        {"AITRAIL_STACK": "nope", "AITRAIL_REGION": "eu-west-3"},
        [],
        3,
        " AITRAIL_STACK and AITRAIL_REGION are set.\n",
    ),
    "profile": ({"AITRAIL_PROFILE": "nobody"}, [], 3, " AITRAIL_PROFILE is set.\n"),
    "impossible Region": ({"AITRAIL_REGION": "eu/west"}, [], 2, " AITRAIL_REGION is set.\n"),
    "options": (
        {"AITRAIL_STACK": "nope", "AITRAIL_OUTPUT": "csv"},
        ["--stack", "neither"],
        3,
        "Check --stack, --region and --profile.\n",
    ),
}


@pytest.mark.usefixtures("credentials", "stacks")
@pytest.mark.parametrize(("environment", "arguments", "code", "end"), UNREACHABLE.values(), ids=UNREACHABLE)
def test_place_that_cannot_be_reached_names_the_variables_that_chose_it(aitrail, environment, arguments, code, end):
    ended = aitrail("events", *arguments, env=environment)

    assert (ended.exit_code, ended.stdout) == (code, "")
    assert ended.stderr.endswith(end)


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("format_", ["table", "json", "jsonl", "csv", "CSV"])
def test_format_of_the_variable_breaks_no_command(aitrail, log_file, record, format_):
    folder = log_file("logs/a.json", record()).parent
    commands = [
        ["events", "--from", folder],
        ["event", record()["eventID"], "--from", folder],
        ["event", record()["eventID"], "--raw", "--from", folder],
        ["usage", "--from", folder],
        ["scan", folder],
        ["status"],
        ["rejects"],
        ["accept"],
        ["services"],
        ["cost", "--files", "1", "--events", "1"],
        ["completion", "bash"],
        ["export", folder.parent / "out", "--from", folder],
    ]

    codes = {" ".join(map(str, each)): aitrail(*each, env={"AITRAIL_OUTPUT": format_}).exit_code for each in commands}

    assert {name: code for name, code in codes.items() if code not in (0, 4)} == {}


def test_format_that_a_command_lacks_leaves_its_default(aitrail, recorded, record):
    def interrupt(_seconds):
        raise KeyboardInterrupt

    recorded(record())
    tail = ("tail", "--lookback", "100000d")

    shown = {name: aitrail(*tail, sleep=interrupt, env={"AITRAIL_OUTPUT": name}).stdout for name in ("json", "csv")}
    refused = aitrail(*tail, "-o", "json", env={"AITRAIL_OUTPUT": "csv"})

    assert json.loads(shown["json"])["eventID"] == record()["eventID"]
    assert shown["csv"].startswith("eventTime,")
    assert refused.exit_code == 2


def test_format_of_the_option_comes_before_the_variable(aitrail, log_file, record):
    path = log_file("a.json", record())

    ended = [
        aitrail("events", "--from", path, *option, env={"AITRAIL_OUTPUT": "csv"}) for option in ([], ["-o", "json"])
    ]

    assert ended[0].stdout.startswith("eventTime,")
    assert len(json.loads(ended[1].stdout)) == 1

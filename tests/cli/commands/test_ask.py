"""`aitrail ask`: runs saved questions as if they had been entered, and lists them."""

import json
import os

import pytest

from tests.cli.commands.test_completion import words

QUESTIONS = """
output = "csv"
[questions.bots]
command = ["aitrail", "events", "--operation", "*Bot*"]
[questions.services]
description = "Calls of each service"
command = "usage --by service --from '{logs}' -o json"
[questions.repair]
command = "verify --repair --since 2026-03-14 --until 2026-03-15"
[questions.wrong]
command = "usage --bye team; echo `id` $HOME"
"""


@pytest.fixture
def logs(log_file, record):
    return log_file("two words/a.json", record(), record(1))


@pytest.fixture
def ask(aitrail, tmp_path, logs):
    """Runs `aitrail ask ARGUMENTS` with a configuration file that has QUESTIONS."""
    path = tmp_path / "config.toml"
    path.write_text(QUESTIONS.format(logs=logs))
    return lambda *arguments, **options: aitrail("--config", path, "ask", *arguments, **options)


def test_saved_command_runs_and_is_shown(ask, aitrail, logs):
    ended = ask("services")

    assert (ended.exit_code, ended.stdout) == (0, aitrail("usage", "--from", logs, "-o", "json").stdout)
    command, *rest = ended.stderr.splitlines()
    assert command == f"$ aitrail usage --by service --from '{logs}' -o json"
    assert ask("SERVICES").stdout == ended.stdout
    assert rest == aitrail("usage", "--from", logs, "-o", "json").stderr.splitlines()


def test_more_options_are_added_and_the_last_one_counts(ask):
    ended = ask("services", "--by", "operation", "-o", "jsonl", "--service", "polly")

    groups = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(each["service"], each["operation"], each["calls"]) for each in groups] == [
        ("polly", "StartSpeechSynthesisTask", 2)
    ]
    assert ended.stderr.splitlines()[0].endswith("-o json --by operation -o jsonl --service polly")


def test_help_behind_a_name_is_that_of_its_command(ask, aitrail):
    assert ask("bots", "--help").stdout == aitrail("events", "--help").stdout


def test_names_are_listed_with_what_they_mean(ask, logs):
    expected = [
        ["bots", "", "aitrail events --operation '*Bot*'"],
        ["services", "Calls of each service", f"aitrail usage --by service --from '{logs}' -o json"],
        ["repair", "", "aitrail verify --repair --since 2026-03-14 --until 2026-03-15"],
        ["wrong", "", "aitrail usage --bye 'team;' echo '`id`' '$HOME'"],
    ]

    for arguments in ([], ["--list"]):
        ended = ask(*arguments, "-o", "json")
        assert (ended.exit_code, ended.stderr) == (0, "")
        assert [
            [row[name] for name in ("name", "description", "command")] for row in json.loads(ended.stdout)
        ] == expected
    assert ask("--list").stdout.startswith("name,description,command\nbots,,")


def test_without_questions_the_list_says_where_they_would_be(aitrail, tmp_path):
    ended = aitrail("ask", "--list", "-o", "json")

    assert (ended.exit_code, json.loads(ended.stdout)) == (0, [])
    assert f"configuration file, {tmp_path}/no-such-folder/aitrail/config.toml, such as [questions." in ended.stderr
    assert "see aitrail ask." in aitrail("ask", "november").stderr


def test_unknown_name_is_refused_with_the_nearest(ask):
    ended = ask("sevices")

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "There is no question 'sevices': did you mean services? Choose from bots, services, repair" in ended.stderr


@pytest.mark.parametrize("options", [["--list"], ["-o", "json"], ["--no-color"]], ids=" ".join)
def test_options_of_the_question_belong_behind_its_name(ask, options):
    ended = ask(*options, "bots")

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "Put options of the question behind its name: aitrail ask bots …" in ended.stderr


def test_wrong_saved_command_is_an_error_of_that_command_and_no_shell_runs_it(ask):
    ended = ask("wrong")

    assert ended.exit_code == 2
    assert ended.stderr.startswith("$ aitrail usage --bye 'team;' echo '`id`' '$HOME'\nUsage: aitrail usage [OPTIONS]")
    assert "No such option '--bye'" in ended.stderr


@pytest.mark.usefixtures("stacks", "credentials")
def test_exit_code_is_that_of_the_command(ask):
    assert {name: ask(name).exit_code for name in ("bots", "services", "wrong")} == {
        "bots": 3,
        "services": 0,
        "wrong": 2,
    }


@pytest.mark.usefixtures("credentials")
def test_defaults_of_the_file_are_those_of_the_saved_command(ask, logs):
    assert ask("bots", "--from", logs).stdout.startswith("eventTime,eventDay,")


def test_offers_names(program, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(QUESTIONS)
    asked = words(f"aitrail --config {path} ask s") | {"_AITRAIL_COMPLETE": "bash_complete"}
    process = program(env=os.environ | asked)

    assert process.communicate(timeout=60) == (b"plain,services\n", b"")

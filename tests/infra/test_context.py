"""The context that is given reaches the CDK as it was given; what cdk.json has is left to the CDK to read."""

import json
import subprocess
from types import SimpleNamespace

import pytest

from infra import deploy, target
from infra.settings import Settings
from infra.target import Context, StoppedError, Target


@pytest.fixture
def ran(monkeypatch):
    """The commands that would be run."""
    commands = []

    def run(command, **_):
        commands.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr("infra.target.subprocess.run", run)
    return commands


@pytest.fixture
def to(monkeypatch):
    monkeypatch.setattr("infra.target.Assembly.read", lambda *_: None)
    return Target(session=SimpleNamespace(region_name="eu-central-1"), profile=None, account="1", caller="arn")


def contexts(command):
    return [command[place + 1] for place, each in enumerate(command) if each == "--context"]


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setattr(target, "PROJECT", tmp_path)
    return (tmp_path / "cdk.json").write_text


def test_what_the_cdk_reads_itself_is_not_given_to_it_as_text(project, to, ran):
    project(json.dumps({"context": {"cli-telemetry": False, "aitrail:trailArns": [], "aitrail:rowRetentionDays": 7}}))
    context = Context.of(["aitrail:memoryMegabytes=2048", "owner=a=b", "flag"])

    to.synthesize(context.keeping({"aitrail:logLevel": "ERROR"}), "aitrail")

    assert contexts(ran[0]) == ["aitrail:memoryMegabytes=2048", "owner=a=b", "flag=", "aitrail:logLevel=ERROR"]
    settings = Settings.of(context.all)
    assert (settings.row_retention_days, settings.memory_megabytes, settings.trail_arns) == (7, 2048, ())


def test_what_is_given_precedes_what_is_configured(project):
    project('{"context": {"aitrail:trail": false}}')

    assert Settings.of(Context.of(["aitrail:trail=true"]).all).trail is True
    assert Settings.of(Context.of([]).all).trail is False


def test_a_setting_with_two_values_is_an_error_and_the_last_does_not_win(project, capsys):
    project("{}")

    assert deploy.main(["deploy", "-c", "aitrail:trail=true", "-c", "aitrail:trail=false"]) == 1

    assert "aitrail:trail is given as true and as false." in capsys.readouterr().err
    assert Context.of(["aitrail:trail=true", "aitrail:trail=true"]).given == {"aitrail:trail": "true"}


@pytest.mark.parametrize("text", ["{", "[]", '{"context": 1}', '{"context": [1]}'])
def test_a_file_of_the_context_that_cannot_be_read_is_named(project, capsys, text):
    project(text)

    assert deploy.main(["deploy"]) == 1

    assert "cdk.json" in capsys.readouterr().err


def test_a_missing_file_is_named_and_ends_the_command(project, capsys):
    assert project
    assert deploy.main(["deploy"]) == 1

    assert "Error: " in (told := capsys.readouterr().err)
    assert "cdk.json" in told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("keys\0.json", r"has a NUL.*keys\\x00"),
        ("x" * 131_072, r"but a command line accepts 131,071: .*cdk\.json"),
        ("\ud800", r"no text for a command line: aitrail:publicKeys=\\ud800"),
    ],
    ids=["NUL", "too long", "half a character"],
)
def test_a_value_that_no_command_line_can_have_is_named(to, ran, value, told):
    with pytest.raises(StoppedError, match=told):
        to.synthesize(Context(given={"aitrail:publicKeys": value}), "aitrail")

    assert ran == []


def test_the_longest_argument_is_accepted_by_the_system():
    longest = "x" * target._LONGEST_ARGUMENT

    assert subprocess.run(["/bin/true", longest], check=False).returncode == 0  # noqa: S603 - a constant

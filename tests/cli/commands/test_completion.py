"""`aitrail completion`, and the completions that the Tab key offers."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime

import click
import pytest

from aitrail.cli.group import cli
from aitrail.cli.options.offering import OFFERS as OFFERS_OF_VALUES
from aitrail.clock import Clock
from aitrail.moments import PERIODS

SHELLS = {"bash": "complete -o nosort -F", "zsh": "#compdef aitrail\n", "fish": "complete --no-files --command aitrail"}

BASH = shutil.which("bash")
needs_bash = pytest.mark.skipif(BASH is None, reason="there is no bash here")


@pytest.mark.parametrize(("shell", "expected"), SHELLS.items(), ids=SHELLS)
def test_script_is_that_of_the_shell(aitrail, shell, expected):
    ended = aitrail("completion", shell)

    assert (ended.exit_code, ended.stderr) == (0, "")
    assert expected in ended.stdout
    assert f"_AITRAIL_COMPLETE={shell}_complete" in ended.stdout


def test_script_for_bash_needs_no_bash_here(aitrail, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    ended = aitrail("completion", "bash")

    assert (ended.exit_code, ended.stderr) == (0, "")
    assert "_aitrail_completion_setup;" in ended.stdout


def test_script_for_fish_keeps_what_follows_a_comma(aitrail):
    assert 'string split --max 1 ","' in aitrail("completion", "fish").stdout


def test_unknown_shell_is_a_usage_error(aitrail):
    ended = aitrail("completion", "tcsh")

    assert ended.exit_code == 2
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'." in ended.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_help_says_where_the_script_belongs(aitrail, shell):
    assert f"aitrail completion {shell}" in aitrail("completion", "--help").stdout


OFFERS = {
    "services": ("aitrail events --service p", {"polly", "personalize"}),
    "options": ("aitrail events --acc", {"--access-key", "--account"}),
    "commands": ("aitrail even", {"event", "events"}),
    "shells": ("aitrail completion ", {"bash", "zsh", "fish"}),
    "formats": ("aitrail services -o js", {"json", "jsonl"}),
    "options of event": ("aitrail event ID --r", {"--raw", "--region", "--read-all"}),
    "operations": ("aitrail events --operation synth", {"SynthesizeSpeech"}),
    "Regions that were called": ("aitrail events --in-region eu-c", {"eu-central-1", "eu-central-2"}),
    "Regions of stacks": ("aitrail status --region eu-c", {"eu-central-1", "eu-central-2"}),
    "kinds of resources": ("aitrail who lexi", {"lexicon/"}),
    "kinds of resources of a filter": ("aitrail events --resource lexi", {"lexicon/"}),
    "kinds of principals": ("aitrail what us", {"user/"}),
    "kinds of principals of a filter": ("aitrail events --from . --principal ro", {"role/", "root"}),
    "dimensions": ("aitrail usage --by princ", {"principal", "principal-account"}),
    "commands after help": ("aitrail help even", {"event", "events"}),
    "first column": ("aitrail events --columns eventT", {"eventTime", "eventType"}),
    "words for periods, and no dates": ("aitrail events --during ", set(PERIODS)),
    "periods": ("aitrail events --during last-", {"last-week", "last-month", "last-year"}),
    "periods to compare with": ("aitrail usage --compare pre", {"previous"}),
    "moments": ("aitrail events --since no", {"now"}),
    "time zones": ("aitrail events --timezone europe/ber", {"Europe/Berlin"}),
    "further column": ("aitrail events --columns service,eventT", {"service,eventTime", "service,eventType"}),
}


def words(line):
    return {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}


@pytest.mark.parametrize(("line", "expected"), OFFERS.values(), ids=OFFERS)
def test_offers_what_may_follow(program, line, expected):
    process = program(env=os.environ | words(line) | {"_AITRAIL_COMPLETE": "bash_complete"})

    stdout, stderr = process.communicate(timeout=60)

    assert (set(stdout.decode().split()), stderr) == ({f"plain,{each}" for each in expected}, b"")


DATED = {
    "202": ["2026", "2025"],
    "2026-0": ["2026-03", "2026-02", "2026-01", "2026-03-01"],
    "2026-W": ["2026-W09", "2026-W08", "2026-W07", "2026-W06", "2026-W05", "2026-W04", "2026-W03", "2026-W02"],
    "2026-02-2": ["2026-02-28", "2026-02-27", "2026-02-26", "2026-02-25", "2026-02-24", "2026-02-23"],
    "2024": [],
}


@pytest.mark.parametrize("option", ["--during", "--since", "--until"])
@pytest.mark.parametrize(("begun", "expected"), DATED.items())
def test_offers_the_latest_periods_once_one_is_begun(option, begun, expected):
    context = click.Context(cli, obj=Clock(now=lambda: datetime(2026, 3, 1, 0, 30, tzinfo=UTC)))

    offered = OFFERS_OF_VALUES[option](context, None, begun)

    assert offered[: len(expected)] == expected
    assert bool(offered) == bool(expected)


def test_offers_profiles(program, tmp_path):
    (tmp_path / "config").write_text("[profile work]\n[profile home]\n")
    named = {"AWS_CONFIG_FILE": str(tmp_path / "config")}
    line = words("aitrail events --profile w")
    process = program(env=os.environ | named | line | {"_AITRAIL_COMPLETE": "bash_complete"})

    assert process.communicate(timeout=60) == (b"plain,work\n", b"")


def test_offers_import_no_sdk(program):
    asked = "import sys; from aitrail.cli.options.offering import OFFERS; [offer(None, None, 'x') for name, offer in "
    asked += "OFFERS.items() if name != '--principal']; print('botocore' in sys.modules)"
    process = program(command=(sys.executable, "-c", asked))

    assert process.communicate(timeout=60) == (b"False\n", b"")


@needs_bash
def test_script_is_valid_bash(aitrail):
    script = aitrail("completion", "bash").stdout

    ended = subprocess.run([BASH, "-n"], input=script, capture_output=True, text=True, check=False)  # noqa: S603 (bash)

    assert (ended.returncode, ended.stderr) == (0, "")


@needs_bash
def test_script_makes_bash_offer_what_the_program_offers(aitrail, tmp_path):
    command = tmp_path / "aitrail"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m aitrail.cli "$@"\n')
    command.chmod(0o755)
    pressed = (
        "COMP_WORDS=(aitrail events --columns service,eventT); COMP_CWORD=3; _aitrail_completion aitrail; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}

    ended = subprocess.run(  # noqa: S603 (bash)
        [BASH, "--norc", "-c", aitrail("completion", "bash").stdout + pressed],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )

    assert ended.stdout.split() == ["service,eventTime", "service,eventType"]

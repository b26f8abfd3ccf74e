"""`aitrail completion`, and the completions that the Tab key offers."""

import os
import shutil
import subprocess
import sys

import pytest

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
    "options of event": ("aitrail event ID --r", {"--raw", "--region"}),
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

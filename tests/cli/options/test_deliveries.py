"""--since, --until, --account and --in-region work in the same way in all commands about deliveries."""

import json
from datetime import UTC, datetime

import pytest

NOW = datetime(2026, 3, 14, 10, 30, tzinfo=UTC)
COMMANDS = ("status", "verify", "backfill")
WRONG = {
    "no account": (["--account", "prod"], "'prod' is not a valid account: it should look like 111122223333."),
    "no Region": (["--in-region", "Ireland"], "'Ireland' is not a valid Region: it should look like eu-central-1."),
    "accounts in one": (
        ["--account", "111122223333,444455556666"],
        "For several values, repeat the option: --account 111122223333 --account 444455556666.",
    ),
    "before everything": (["--since", "0001-01-01", "--until", "0001-01-03"], "CloudTrail has recorded nothing before"),
    "after everything": (["--since", "9999-12-30", "--until", "9999-12-31"], "9999-12-30T00:00:00Z is in the future."),
    "empty": (["--since", "1h", "--until", "2h"], "The window is empty"),
    "no time": (["--since", "tomorrow"], "'tomorrow' is not a time"),
    "excluded": (["--account", "!111122223333"], "deliveries cannot be excluded: give those that you want."),
}


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(("options", "message"), WRONG.values(), ids=WRONG)
def test_what_nothing_can_be_delivered_of_is_a_wrong_command_line(aitrail, stacks, command, options, message):
    ended = aitrail(command, *(("--since", "1d") if "--since" not in options else ()), *options)

    assert (ended.exit_code, ended.stdout, stacks.calls) == (2, "", [])
    assert message in ended.stderr.replace("\n", " ")


@pytest.mark.slow
@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("command", COMMANDS)
def test_window_may_begin_before_everything_and_end_after_it(aitrail, command):
    ended = aitrail(command, "--since", "0001-01-01", "--until", "9999-12-31T23:59:59.9")

    # Without deliveries, nothing needs an operator, but nothing is proved either.
    assert ended.exit_code == (4 if command == "verify" else 0)


@pytest.mark.usefixtures("deployed")
def test_region_of_an_import_is_checked_as_well(aitrail, stacks):
    ended = aitrail("import-history", "--in-region", "eu-west-1,us-east-1")

    assert (ended.exit_code, ended.stdout, stacks.calls) == (2, "", [])
    assert "repeat the option: --in-region eu-west-1 --in-region us-east-1." in ended.stderr


@pytest.fixture
def two(deployed, stacks):
    """A second stack, `audit`, which has another dead-letter queue, with one message in it."""
    letters = deployed.sqs.create_queue(QueueName="letters-of-audit")["QueueUrl"]
    deployed.sqs.send_message(QueueUrl=letters, MessageBody="{}")
    stacks["audit"] = stacks["aitrail"] | {"DeadLetterQueueUrl": letters}
    return ("--stack", "aitrail", "--stack", "audit")


def test_status_of_several_stacks_is_that_of_each_below_its_name(aitrail, two):
    names = ("aitrail", "audit")
    alone = [aitrail("status", "--stack", name, now=lambda: NOW) for name in names]

    ended = aitrail("status", *two, now=lambda: NOW)

    assert [each.exit_code for each in (*alone, ended)] == [0, 4, 4]
    parts = (f"Stack {name} in eu-west-1:\n{each.stdout}" for name, each in zip(names, alone, strict=True))
    assert ended.stdout == "\n".join(parts)


def test_exit_code_is_the_highest_of_all_stacks_in_any_order(aitrail, two):
    orders = [two, (*two[2:], *two[:2])]

    assert [aitrail("status", *order).exit_code for order in orders] == [4, 4]
    assert aitrail("status", "--stack", "aitrail").exit_code == 0


@pytest.mark.parametrize("command", ["status", "verify"])
def test_reports_for_programs_name_their_stacks(aitrail, two, command):
    alone = aitrail(command, "-o", "json", now=lambda: NOW)
    ended = aitrail(command, *two, "-o", "json", now=lambda: NOW)

    first, end = json.JSONDecoder().raw_decode(ended.stdout)
    second = json.loads(ended.stdout[end:])
    places = [{"stack": name, "region": "eu-west-1"} for name in ("aitrail", "audit")]
    assert [{name: each[name] for name in ("stack", "region")} for each in (first, second)] == places
    assert places[0] | json.loads(alone.stdout) == first
    assert "stack" not in json.loads(alone.stdout)
    assert ended.stderr.startswith("Stack aitrail in eu-west-1:\n")


def test_stack_that_cannot_be_reached_ends_the_report_and_is_named(aitrail, two):
    ended = aitrail("status", *two, "--stack", "nope")

    assert ended.exit_code == 3
    assert ended.stderr.startswith("Error: the stack nope in eu-west-1: there is no stack 'nope' in eu-west-1")


@pytest.mark.parametrize("option", ["--repair", "--announce"])
def test_what_changes_a_stack_is_refused_for_several(aitrail, two, stacks, option):
    stacks.calls.clear()

    ended = aitrail("verify", *two, option)

    assert (ended.exit_code, stacks.calls) == (2, [])
    assert "--repair and --announce act on one stack: give one --stack and one --region." in ended.stderr

"""--since, --until, --account and --in-region work in the same way in all commands about deliveries."""

import pytest

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

"""`aitrail backfill` with moto's S3, SQS and DynamoDB."""

import json

import pytest

from aitrail.costs import Prices, cost_of_reading, readable, total
from aitrail.rows import recorded_with
from aitrail.services import load
from tests.shared.deployed_stack import BUCKET, key

PRICES = Prices.read()


def as_json(ended):
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_what_the_ledger_lacks_is_announced_and_counted(aitrail, deployed):
    deployed.put(*map(key, range(25)))
    deployed.record(key(0))
    deployed.record(key(1), "unreadable", reason="no gzip")

    ended = aitrail("backfill", "--since", "2026-03-14", "-o", "csv")

    assert (ended.exit_code, ended.stdout.splitlines()) == (
        0,
        ["reason,files,bytes,announced", "new,23,161,23", "unreadable,1,7,1", "done,1,7,0"],
    )
    assert ended.stderr == (
        "24 files of 25 queued: the function ingests them from the backfill queue.\n"
        "Run the same command with --dry-run later to see what is left.\n"
    )
    assert deployed.announced() == sorted(key(number) for number in range(1, 25))


def test_dry_run_announces_nothing_and_estimates_what_reading_costs(aitrail, deployed, stacks):
    deployed.put(*map(key, range(25)))
    deployed.record(key(0))
    stacks.calls.clear()

    ended = aitrail("backfill", "--since", "2026-03-14", "--dry-run")

    cost = round(float(total(cost_of_reading(24, 24 * 7, PRICES))), 6)
    assert as_json(ended) == [
        {"reason": "new", "files": 24, "bytes": 168, "announced": 24, "cost": cost},
        {"reason": "done", "files": 1, "bytes": 7, "announced": 0, "cost": 0},
    ]
    assert 0.00005 < cost < 0.001
    assert ended.stderr == (
        "24 files of 25 would be queued. Costs are in USD, without writing rows, which costs 3.33 per million. "
        f"{PRICES}: check them.\n"
    )
    assert "SendMessageBatch" not in stacks.calls


def test_table_of_a_dry_run_shows_costs_without_exponents(aitrail, deployed):
    deployed.put(key(0), key(1))
    deployed.record(key(0))

    ended = aitrail("backfill", "--since", "2026-03-14", "--dry-run", "-o", "table")

    cost = readable(total(cost_of_reading(1, 7, PRICES)))
    assert f"{cost}".startswith("0.00000")
    assert ended.stdout.splitlines() == [
        "reason  files  bytes  announced      cost",
        f"new         1      7          1  {cost}",
        "done        1      7          0      0.00",
        f"total       2     14          1  {cost}",
    ]


def test_result_of_a_dry_run_may_be_queried(aitrail, deployed):
    deployed.put(key(0))

    ended = aitrail("backfill", "--since", "2026-03-14", "--dry-run", "--query", "[].announced", "-o", "table")

    assert ended.stdout == "value\n    1\n"


def test_window_accounts_and_regions_narrow_it(aitrail, deployed):
    wanted = key(10, account="444455556666", region="us-east-1")
    others = [key(10), key(10, account="444455556666"), key(10, region="us-east-1"), key(day="13"), key(day="15")]
    early_and_late = [key(number, account="444455556666", region="us-east-1") for number in (4, 30)]
    deployed.put(wanted, *others, *early_and_late)

    where = ("--account", "444455556666", "--in-region", "us-east-1")
    ended = aitrail("backfill", "--since", "2026-03-14T00:05", "--until", "2026-03-14T00:30", *where)

    assert as_json(ended) == [{"reason": "new", "files": 1, "bytes": 7, "announced": 1}]
    assert deployed.announced() == [wanted]


def test_force_announces_what_is_read(aitrail, deployed):
    deployed.put(key())
    deployed.record(key())

    ended = aitrail("backfill", "--since", "2026-03-14", "--force")

    assert as_json(ended)[0] == {"reason": "done", "files": 1, "bytes": 7, "announced": 1}
    assert deployed.announced() == [key()]


def test_archived_files_are_told_with_what_restores_them(aitrail, deployed):
    deployed.put(key(0), key(1), StorageClass="DEEP_ARCHIVE")

    ended = aitrail("backfill", "--since", "2026-03-14")

    assert as_json(ended)[0] == {"reason": "archived", "files": 2, "bytes": 14, "announced": 0}
    assert ended.stderr == (
        "Nothing to queue: 2 files delivered from 2026-03-14T00:00:00Z until "
        f"{ended.stderr.partition('until ')[2][:20]} (UTC), all ingested or archived.\n"
        "2 files archived: S3 cannot return them before they are restored. Restore what you need (`aws s3api "
        "restore-object --bucket example-trail-logs --key KEY --restore-request Days=7`). The function then reads "
        "it automatically.\n"
    )


@pytest.mark.usefixtures("deployed")
def test_empty_bucket_is_fine_and_told(aitrail, stacks):
    stacks["aitrail"]["KeyPrefixes"] = "trails/"

    ended = aitrail("backfill", "--since", "2026-03-14", "--until", "2026-03-15", "-o", "table")

    assert (ended.exit_code, ended.stdout) == (0, "")
    assert ended.stderr == (
        "No log files were delivered from 2026-03-14T00:00:00Z until 2026-03-15T00:00:00Z (UTC) to "
        "s3://example-trail-logs/AWSLogs/. Check the window (--since, --until), --account, --in-region and --prefix "
        "(the stack also accepts 'trails/').\n"
    )


@pytest.mark.usefixtures("deployed")
def test_empty_bucket_is_an_empty_list_to_programs(aitrail):
    assert aitrail("backfill", "--since", "2026-03-14", "-o", "json").stdout == "[]\n"


@pytest.mark.parametrize("given", ["trails", "trails/"])
def test_prefix_of_the_stack_may_stand_before_the_keys(aitrail, deployed, stacks, given):
    stacks["aitrail"]["KeyPrefixes"] = "old/,trails/"
    deployed.put(key(1), key(2, prefix="trails/"), key(3, prefix="old/"))

    aitrail("backfill", "--since", "2026-03-14", "--prefix", given)

    assert deployed.announced() == [key(2, prefix="trails/")]


def test_accounts_that_the_stack_does_not_read_are_left_out(aitrail, deployed, stacks):
    stacks["aitrail"]["Accounts"] = "111122223333,o-a1b2c3d4e5"
    others = [key(number).replace("111122223333", "444455556666") for number in (2, 3)]
    inside = others[1].replace("AWSLogs/", "AWSLogs/o-a1b2c3d4e5/")
    deployed.put(key(1), others[0], inside)

    aitrail("backfill", "--since", "2026-03-14")
    empty = aitrail("backfill", "--since", "2026-03-14", "--account", "999999999999")

    assert deployed.announced() == [key(1), inside]
    assert empty.stderr.endswith("--prefix (the stack accepts only accounts of 111122223333, o-a1b2c3d4e5).\n")


WRONG = {
    "no begin": (["backfill"], "Give the start of the window: --since 90d,"),
    "empty window": (["backfill", "--since", "1d", "--until", "2d"], "The window is empty"),
    "both": (["backfill", "--since", "1d", "--dry-run", "--wait"], "--dry-run queues nothing that --wait could"),
    "timeout of nothing": (
        ["backfill", "--since", "1d", "--timeout", "1h"],
        "--timeout limits how long --wait waits",
    ),
    "unknown prefix": (
        ["backfill", "--since", "1d", "--prefix", "old"],
        "The stack does not accept --prefix 'old': the function reads keys that begin with AWSLogs/ and refuses",
    ),
}


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_wrong_command_line_says_what_is_right(aitrail, arguments, message):
    ended = aitrail(*arguments)

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert message in ended.stderr.replace("\n", " ")


class Function:
    """Called instead of sleeping: the function reads what is announced, with `outcome` by key, or does nothing."""

    def __init__(self, deployed, outcome):
        self.deployed, self.outcome = deployed, outcome

    def __call__(self, _seconds):
        for each in self.deployed.announced():
            status, attributes = self.outcome(each)
            if status:
                self.deployed.record(each, status, ingested_at="2026-11-21T08:00:00Z", **attributes)


def test_wait_shows_what_became_of_all(aitrail, deployed):
    deployed.put(*map(key, range(5)))
    deployed.record(key(4), "unreadable", reason="no gzip")
    outcomes = {key(2): ("unreadable", {"reason": "no gzip"}), key(3): (None, {}), key(4): (None, {})}
    function = Function(deployed, lambda each: outcomes.get(each, ("ingested", {})))

    ended = aitrail("backfill", "--since", "2026-03-14", "--wait", sleep=function)

    assert ended.exit_code == 4
    assert as_json(ended) == [
        {"status": "unreadable", "files": 1, "reason": "no gzip", "logFile": f"s3://{BUCKET}/{key(2)}"},
        {
            "status": "not read",
            "files": 1,
            "reason": "the ledger has no new entry",
            "logFile": f"s3://{BUCKET}/{key(3)}",
        },
        {
            "status": "not read",
            "files": 1,
            "reason": "the ledger has no new entry since 2026-11-20T08:00:00Z",
            "logFile": f"s3://{BUCKET}/{key(4)}",
        },
        {"status": "ingested", "files": 2},
    ]
    assert ended.stderr.partition("\n")[2] == (
        "Of 5 files queued: 2 ingested, 1 unreadable, 2 not read.\n"
        "A file that is not read has failed five times and is among the dead letters (see the function's log for "
        "the cause, then run `aitrail retry`), or is still being processed.\n"
    )


def test_wait_is_fine_when_all_is_read(aitrail, deployed):
    deployed.put(key())

    ended = aitrail(
        "backfill", "--since", "2026-03-14", "--wait", "-o", "csv", sleep=Function(deployed, lambda _: ("ingested", {}))
    )

    assert (ended.exit_code, ended.stdout.splitlines()) == (0, ["status,files,reason,logFile", "ingested,1,,"])
    assert ended.stderr.splitlines()[-1] == "Of 1 file queued: 1 ingested."


def test_nothing_is_waited_for_where_nothing_is_announced(aitrail, deployed, stacks):
    deployed.put(key())
    deployed.record(key())
    stacks.calls.clear()

    ended = aitrail("backfill", "--since", "2026-03-14", "--wait", sleep=None)

    assert (ended.exit_code, ended.stdout) == (0, "")
    assert "GetQueueAttributes" not in stacks.calls


def test_who_interrupts_is_told_how_to_go_on(aitrail, deployed):
    deployed.put(key())

    def interrupt(_seconds):
        raise KeyboardInterrupt

    ended = aitrail("backfill", "--since", "2026-03-14", "--wait", sleep=interrupt)

    assert (ended.exit_code, ended.stdout) == (130, "")
    assert ended.stderr.splitlines()[-1] == (
        "Interrupted. Queued files stay queued, and the function ingests them. Run the same command "
        "to continue: it skips ingested files."
    )
    assert deployed.announced() == [key()]


INTERRUPTED = {
    ("--force", "--wait"): (
        "Interrupted. Queued files stay queued, and the function ingests them. The same command "
        "queues everything again; without --force, it skips ingested files."
    ),
    ("--dry-run",): "Interrupted. Nothing was queued.",
}


@pytest.mark.parametrize(("options", "told"), INTERRUPTED.items(), ids=" ".join)
def test_who_interrupts_is_told_what_is_true_of_the_command(aitrail, deployed, stacks, options, told):
    deployed.put(key())

    def interrupt(_request):
        raise KeyboardInterrupt

    stacks.answers["BatchGetItem" if "--wait" in options else "ListObjectsV2"] = interrupt

    ended = aitrail("backfill", "--since", "2026-03-14", *options, sleep=lambda _seconds: None)

    assert (ended.exit_code, ended.stderr.splitlines()[-1]) == (130, told)


def test_waiting_ends_though_a_message_of_somebody_else_stays(aitrail, deployed):
    deployed.put(key())
    function = Function(deployed, lambda _: ("ingested", {}))

    def sleep(seconds):
        function(seconds)
        deployed.sqs.send_message(QueueUrl=deployed.queue, MessageBody="{}")

    ended = aitrail("backfill", "--since", "2026-03-14", "--wait", "--timeout", "1h", sleep=sleep)

    assert (ended.exit_code, as_json(ended)) == (0, [{"status": "ingested", "files": 1}])


def test_when_the_time_is_up_it_is_shown_what_became_until_now(aitrail, deployed):
    deployed.put(key(0), key(1))

    ended = aitrail("backfill", "--since", "2026-03-14", "--wait", "--timeout", "0s")

    assert ended.exit_code == 4
    assert [(row["status"], row["logFile"][-28:]) for row in as_json(ended)] == [
        ("not read", key(number)[-28:]) for number in range(2)
    ]
    assert ended.stderr.splitlines()[-1] == "Timeout: a file that is not read is still being processed, or has failed."


def test_verbose_tells_what_asking_took(aitrail, deployed):
    deployed.put(key())

    ended = aitrail("backfill", "--since", "2026-03-14", "-v")

    assert ended.stderr.splitlines()[-1].startswith("Reading the ledger took 1 requests, ")


def test_names_of_objects_steer_no_terminal(aitrail, deployed):
    name = key().replace(".json.gz", "\x1b[2J.json.gz")
    deployed.put(name)

    ended = aitrail("backfill", "--since", "2026-03-14", "--wait", "-o", "csv", sleep=lambda _: deployed.announced())

    assert ended.exit_code == 4
    assert "\\x1b[2J" in ended.stdout
    assert "\x1b" not in ended.stdout


def test_files_from_before_redaction_are_outdated_and_those_after_it_are_done(aitrail, deployed, redaction, stacks):
    deployed.put(key(0), key(1))
    deployed.record(key(0))
    deployed.record(key(1), recorded_with=recorded_with(load(), redaction))

    ended = aitrail("backfill", "--since", "2026-03-14", "-o", "csv")

    assert ended.stdout.splitlines()[1:] == ["outdated,1,7,1", "done,1,7,0"]
    assert deployed.announced() == [key(0)]
    assert "GetSecretValue" not in stacks.calls

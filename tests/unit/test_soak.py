"""What `make soak` makes, expects, lets fail and measures; nothing here deploys or listens."""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from itertools import islice
from random import Random
from unittest.mock import Mock

import pytest

from aitrail.digests.digest import check_signature, read_digest
from demo.local_aws import PROJECT
from soak import phases, workers
from soak.__main__ import scale_of
from soak.expected import Expected
from soak.faults import LONG, SHORT, Fault, Likelihood, Plan
from soak.figures import Sample, distribution, growth, percentile, thinned
from soak.fuzz import fuzz_files
from soak.log_files import digests, hours_before, log_files, within
from soak.requests import LISTING, Request, request_of
from soak.run import Run
from tests import signed_digests

NOW = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
HOURS = hours_before(NOW)
BUCKET = "example-trail-logs"


def made(count, seed=1):
    random = Random(seed)
    return list(islice(log_files(partial(within, HOURS, random), random), count))


@pytest.fixture(scope="module")
def files():
    return made(100)


@pytest.fixture
def expected(files):
    expected = Expected(bucket=BUCKET)
    for file in files:
        expected.add(file)
    for digest in digests(files, BUCKET, HOURS):
        expected.add_digest(digest)
    return expected


def rows_as_expected(expected):
    """Rows as a scan gives them."""
    origins = {event_id: min(origins) for event_id, origins in expected.origins.items()}
    return [
        {**json.loads(text), "logFile": origins[event_id][0], "recordIndex": origins[event_id][1]}
        for event_id, text in expected.rows.items()
    ]


def entries_as_expected(expected):
    return [{"logFile": name, "entry": entry, **said} for (name, entry), said in expected.entries.items()]


def test_the_same_seed_makes_the_same_log_files_and_another_seed_others():
    first, again, other = made(3), made(3), made(3, seed=2)

    assert first == again
    assert not {file.key for file in first} & {file.key for file in other}
    assert not {file.sha256 for file in first} & {file.sha256 for file in other}


def test_a_hundred_log_files_hold_everything_that_is_special(files, expected):
    counts = Counter()
    for said in expected.entries.values():
        counts.update({name: value for name, value in said.items() if isinstance(value, int)})
        counts[said["status"]] += 1

    assert counts["unreadable"] == 1
    assert counts["rejected"] == 2 + 2  # two entries of log files that have one each, and these two
    assert counts["duplicatesInFile"] == 3
    assert sum(len(origins) == 2 for origins in expected.origins.values()) > 5
    assert sum(file.is_announced_twice for file in files) == 6
    assert max(len(file.records) for file in files if file.is_sound) >= 300
    assert 0 < len(expected.rows) < expected.records / 3


def test_digests_are_signed_and_list_every_log_file_once(files):
    made = digests(files, BUCKET, HOURS)

    assert sorted(key for digest in made for key in digest.lists) == sorted(file.key for file in files)
    for each in made:
        digest = read_digest(BytesIO(each.body), bucket=BUCKET, key=each.key)
        check_signature(
            digest,
            signature=each.metadata["signature"],
            algorithm=each.metadata["signature-algorithm"],
            public_key=signed_digests.public_key(),
        )
        assert {listed.key for listed in digest.log_files} == set(each.lists)


def test_tables_that_hold_what_they_have_to_do_not_differ(expected):
    found = list(expected.differences(rows_as_expected(expected), entries_as_expected(expected)))

    assert found == []


def without_one(found):
    return found[1:]


def one_twice(found):
    return [*found, found[0]]


def one_too_many(found):
    return [*found, {**found[0], "eventID": "another"}]


def changed(name, value):
    def change(found):
        return [{**found[0], name: value}, *found[1:]]

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (without_one, "is missing"),
        (one_twice, "is there twice"),
        (one_too_many, "should not be there"),
        (changed("service", "s3"), "and should be"),
        (changed("temporaryCredentials", 1), "and should be"),
        (changed("new", None), "and should be"),
        (changed("recordIndex", 999), "as its origin"),
        (changed("logFile", "s3://example-trail-logs/other"), "as its origin"),
    ],
)
def test_a_row_that_is_not_as_it_has_to_be_is_told(expected, change, told):
    rows = change(rows_as_expected(expected))

    (found,) = expected.differences(rows, entries_as_expected(expected))

    assert told in found


def test_either_log_file_may_be_the_origin_of_an_event_that_came_in_two(expected):
    rows = rows_as_expected(expected)
    for row in rows:
        row["logFile"], row["recordIndex"] = max(expected.origins[row["eventID"]])

    assert list(expected.differences(rows, entries_as_expected(expected))) == []


@pytest.mark.parametrize(
    ("entry", "change", "told"),
    [
        ("file", None, "is missing"),
        ("reject", None, "is missing"),
        ("digest", None, "is missing"),
        ("file", {"entry": "digest"}, "should not be there"),
        ("file", {"problem": "unproven"}, "and should say {'problem': None}"),
        ("file", {"verifiedBy": None}, "and should say {'verifiedBy'"),
        ("file", {"sha256": "0" * 64}, "and should say {'sha256'"),
        ("digest", {"status": "unverifiable"}, "and should say {'status': 'verified'}"),
        ("reject", {"record": "{}"}, "and should say {'record'"),
        ("file", {"records": 0}, "and should say {'records'"),
        ("file", {"rejected": 1}, "do not add up"),
    ],
)
def test_a_ledger_entry_that_is_not_as_it_has_to_be_is_told(expected, entry, change, told):
    entries = entries_as_expected(expected)
    index = next(index for index, each in enumerate(entries) if each["entry"].startswith(entry))
    entries[index : index + 1] = [{**entries[index], **change}] if change else []

    found = list(expected.differences(rows_as_expected(expected), entries))

    assert told in " ".join(found)


def test_values_have_the_share_of_others_below_them_that_a_percentile_says():
    values = [float(value) for value in range(1, 101)]
    random.shuffle(values)

    assert [percentile(values, share) for share in (0.5, 0.9, 0.99, 1.0, 0.0)] == [50, 90, 99, 100, 1]
    assert percentile([7.0], 0.5) == 7
    assert distribution(values) == "p50 50.00 s, p90 90.00 s, p99 99.00 s, max 100.00 s"


def test_growth_is_the_slope_of_the_second_half_in_bytes_a_minute():
    warming_up = [Sample(second, 10_000 * second) for second in range(30)]
    flat = [Sample(second, 300_000) for second in range(30, 60)]
    leaking = [Sample(second, 300_000 + 100 * (second - 30)) for second in range(30, 60)]

    assert growth([*warming_up, *flat]) == pytest.approx(0)
    assert growth([*warming_up, *leaking]) == pytest.approx(6000)
    assert growth([]) == growth([Sample(0, 5)]) == 0


def test_thinned_samples_are_few_and_end_with_the_last():
    samples = [Sample(second, second) for second in range(57)]

    few = thinned(samples, 10)

    assert len(few) == 10
    assert few[-1] == samples[-1]
    assert thinned(samples[:3], 10) == samples[:3]


@pytest.mark.parametrize(
    ("memory", "told", "is_flat"),
    [
        ({1: [Sample(second, 60_000_000) for second in range(100)]}, "flat", True),
        ({1: [Sample(second, 60_000_000 + 1_000_000 * second) for second in range(100)]}, "NOT FLAT", False),
        ({1: [Sample(second, 60_000_000 + 30_000 * second) for second in range(200)]}, "NOT FLAT", False),
        ({1: [Sample(second, 60_000_000 + 15_000 * second) for second in range(200)]}, "flat", True),
        ({1: [Sample(second, 60_000_000 + 800_000 * (second > 15)) for second in range(21)]}, "flat", True),
        ({1: [Sample(second, 60_000_000 - 1_000_000 * second) for second in range(50)]}, "flat", True),
        ({}, "its memory cannot be judged", False),
    ],
    ids=["flat", "growing", "growing slowly", "within the limit", "one step", "shrinking", "nobody there"],
)
def test_memory_is_flat_unless_it_grows_or_nobody_was_there(capsys, memory, told, is_flat):
    verdict = phases.judge(memory)

    assert verdict is is_flat
    assert told in capsys.readouterr().out


def test_a_process_that_came_or_went_meanwhile_does_not_decide(capsys):
    grown = [Sample(second, 1_000_000 * second) for second in range(60, 100)]
    ended = [Sample(second, 1_000_000 * second) for second in range(80)]

    verdict = phases.judge({1: [Sample(second, 60) for second in range(100)], 2: grown, 3: ended})

    assert verdict is True
    assert "process 1:" in (told := capsys.readouterr().out)
    assert "process 2:" not in told
    assert "process 3:" not in told


@pytest.fixture
def queue():
    """The dead-letter queue: what it hands out once, and what it was asked to show again."""
    sqs = Mock()
    bodies = ["first", "second"]
    pages = [[{"Body": body, "ReceiptHandle": body} for body in bodies]]
    sqs.receive_message.side_effect = lambda **_: {"Messages": pages.pop()} if pages else {}
    return sqs


def run_with(queue, *, sent, survivors=0):
    plan = planned(names=NAMES[:1], likelihoods={Fault.CUT: Likelihood(1, ("GetObject",), 1)})
    pipeline = Mock(outputs={"DeadLetterQueueUrl": "url"})
    pipeline.rows.return_value, pipeline.entries.return_value = [], []
    pipeline.aws.client.return_value = queue
    proxy = Mock(plan=plan, survivors=survivors)
    return Run(pipeline=pipeline, proxy=proxy, expected=Expected(bucket=BUCKET), random=Random(1), sent=sent)


def test_dead_letters_are_those_that_were_sent_and_stay_in_their_queue(queue):
    run = run_with(queue, sent=["first", "second"])
    met(run.proxy.plan)

    found = list(run.differences())

    assert found == []
    shown = [call.kwargs["ReceiptHandle"] for call in queue.change_message_visibility.call_args_list]
    assert shown == ["first", "second"]


def test_other_dead_letters_and_faults_that_did_not_happen_are_differences(queue):
    found = list(run_with(queue, sent=["first"], survivors=2).differences())

    assert found == [
        "the dead letters are ['first', 'second'], but should be only ['first']",
        f"contents of objects cut short: planned faults did not happen, for ['{NAMES[0]}']",
        "function killed: 2 times there was no process to kill",
    ]


class Headers(dict):
    def get(self, name):
        return super().get(name)


def of_dynamodb(operation):
    return Headers({"X-Amz-Target": f"DynamoDB_20120810.{operation}"})


FILE_KEY = {"logFile": {"S": "s3://b/k"}, "entry": {"S": "file"}}
DIGEST_KEY = {"logFile": {"S": "s3://b/k"}, "entry": {"S": "digest"}}
STATUS = {"ExpressionAttributeValues": {":status": {"S": "ingested"}}}


@pytest.mark.parametrize(
    ("method", "path", "operation", "parameters", "expected"),
    [
        ("GET", "/b/a%20b/k?versionId=1", None, None, Request(operation="GetObject", log_file="s3://b/a b/k")),
        ("POST", "/", "GetItem", {"Key": FILE_KEY}, Request(operation="GetItem", log_file="s3://b/k")),
        (
            "POST",
            "/",
            "UpdateItem",
            {"Key": FILE_KEY, **STATUS},
            Request(operation="UpdateItem", log_file="s3://b/k", is_outcome=True),
        ),
        ("POST", "/", "UpdateItem", {"Key": FILE_KEY}, Request(operation=LISTING, log_file="s3://b/k")),
        (
            "POST",
            "/",
            "UpdateItem",
            {"Key": DIGEST_KEY, **STATUS},
            Request(operation="UpdateItem", log_file="s3://b/k"),
        ),
        (
            "POST",
            "/",
            "BatchWriteItem",
            {"RequestItems": {"t": [{"PutRequest": {"Item": FILE_KEY}}, {"PutRequest": {"Item": DIGEST_KEY}}]}},
            Request(operation="BatchWriteItem", log_file="s3://b/k"),
        ),
        (
            "POST",
            "/",
            "BatchWriteItem",
            {"RequestItems": {"t": [{"DeleteRequest": {"Key": FILE_KEY}}]}},
            Request(operation="BatchWriteItem", log_file="s3://b/k"),
        ),
        ("POST", "/", "Query", {"TableName": "t"}, Request(operation="Query")),
    ],
)
def test_a_request_is_known_by_its_operation_and_its_log_file(method, path, operation, parameters, expected):
    headers = of_dynamodb(operation) if operation else Headers()

    found = request_of(method, path, headers, json.dumps(parameters).encode())

    assert found == expected


NAMES = [f"s3://b/{number}" for number in range(2000)]


def planned(seed=1, names=NAMES, likelihoods=None):
    plan = Plan()
    plan.add(names, likelihoods or {**SHORT, **LONG}, Random(seed))
    return plan


def met(plan, names=NAMES):
    """The faults that every log file meets when each of its requests is made until it goes well."""
    found = {}
    for name in names:
        for operation in ("GetItem", "GetObject", "BatchWriteItem", "UpdateItem"):
            while fault := plan.next(Request(operation=operation, log_file=name)):
                found.setdefault(name, []).append(fault)
    return found


def test_the_seed_alone_decides_which_requests_fail():
    forward, backward, other = met(planned()), met(planned(), NAMES[::-1]), met(planned(seed=2))

    assert forward == backward
    assert forward != other


def test_every_fault_is_met_by_its_share_of_log_files_and_none_of_them_meets_two():
    found = met(planned())

    assert all(len(set(faults)) == 1 for faults in found.values())
    shares = {fault: each.per_thousand * 2 for fault, each in {**SHORT, **LONG}.items()}
    assert Counter(faults[0] for faults in found.values()) == shares
    assert max(map(len, found.values())) == 5


def test_of_few_log_files_one_meets_each_fault():
    found = met(planned(names=NAMES[:20]))

    assert sorted(faults[0] for faults in found.values()) == sorted(Fault)


def test_what_has_not_happened_is_told():
    plan = planned(names=NAMES[:1], likelihoods={Fault.CUT: Likelihood(1, ("GetObject",), 1)})
    before = plan.left()

    met(plan)

    assert before == {Fault.CUT: [NAMES[0]]}
    assert plan.left() == {}
    assert plan.injected == {Fault.CUT: 1}


def test_requests_about_no_log_file_go_well():
    assert planned().next(Request(operation="Query")) is None


def test_processes_of_a_function_are_found_by_name_and_those_that_do_not_speak_are_not_killed():
    def started(function):
        code = "import sys; print(flush=True); sys.stdin.read()"
        command = [sys.executable, "-c", code, f"/tmp/ministack-lambda-{function}-x/_worker.py"]  # noqa: S108
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603

    with started("Ingest") as own, started("Other") as other:
        try:
            own.stdout.readline(), other.stdout.readline()

            (found,) = workers.workers(os.getpid(), "Ingest")
            killed = workers.kill(os.getpid(), "Ingest", port=1)

            assert found.pid == own.pid
            assert found.resident > 1_000_000
            assert (killed, own.poll()) == (False, None)
        finally:
            own.kill()
            other.kill()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], (5000, 180, 5000)),
        (["--quick"], (200, 20, 500)),
        (["--quick", "--files", "50"], (50, 20, 500)),
        (["--files=1", "--minutes=0.5", "--examples=0"], (1, 30, 0)),
    ],
)
def test_arguments_say_how_much_is_tried(arguments, expected):
    assert scale_of(arguments)[:3] == expected


@pytest.mark.parametrize(
    "arguments", [["--files=0"], ["--files=x"], ["--minutes=0"], ["--minutes=121"], ["--minutes=x"], ["--hours=1"]]
)
def test_arguments_that_make_no_sense_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as raised:
        scale_of(arguments)

    assert raised.value.code == 2
    assert arguments[0].partition("=")[0] in capsys.readouterr().err


def test_laws_of_notifications_keys_log_files_rows_and_digests_are_found():
    names = ("notifications", "keys", "logfile_fuzz", "round_trip", "digest")

    assert {f"tests/unit/test_{name}.py" for name in names} <= set(fuzz_files())
    assert all((PROJECT / name).is_file() for name in fuzz_files())


def test_log_files_of_a_load_are_not_late_when_they_come():
    delivered = [file.delivered for file in made(100)]

    assert min(delivered) > NOW - timedelta(hours=3)
    assert max(delivered) < NOW

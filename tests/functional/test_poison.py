"""Hostile deliveries: each ends as documented, in bounded memory, without delaying other deliveries for long."""

import json
import os
import sys
import traceback
from urllib.parse import quote_plus

import pytest

from bench.measuring import child
from tests.functional.faults import Account
from tests.functional.poison import BUCKET, LISTS, LOG_KEY, MB

FOLDER = LOG_KEY.removesuffix("a.json.gz")
ODD = {
    "unicode": "prüfung-日本-😀",
    "percent": "50%25%2F%zz",
    "plus and space": "a+b c",
    "control characters": "\x01\x1f\x7f\t",
    "newline": "a\r\nb",
    "quotes": "\"'`\\",
    "dots": "..",
    "XML": "<&>",
    "separators": "?a=b&c#d;e,f",
    "NUL": "\0",
}


@pytest.fixture
def account(pipeline, monkeypatch, moto):
    return Account(pipeline, monkeypatch, moto[1])


def poisoned(name, moments=1_000_000, limit=0):
    """The outcome of the delivery in a separate process, which has CloudTrail's public key, and a limit in MB."""
    command = ("-m", "tests.functional.poison", "ingest", name, str(moments), str(limit))
    return child(*command, environment=os.environ).said


# MB in addition to a process that has read one small file, which has about 70. The function has 1,024 MB, of which four
# files fetched ahead take 32, and the interpreter with all imports about 100. Together, nothing takes more than 512 MB.
STREAMED = 64  # the target of bench for large files: pieces of 128 KB, regardless of the size
HELD = 192  # rows of 32 MB, one more in the form of typed attributes, and JSON in flight
ONE_VALUE = 64 + 60 * 4  # a value has up to 4 MB, and Python needs up to 60 bytes per byte
MOST = 512 - 70 - 4 * 8
DIGEST = 4 * 16 + 64  # twice the content of at most 16 MB, and two texts for each listed name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "status", "reason", "most"),
    [
        ("zeros", "unreadable", "The content is not a JSON object", STREAMED),
        ("members", "ingested", "", STREAMED),
        ("unwanted records", "ingested", "", STREAMED),
        ("wanted records", "ingested", "", HELD),
        ("one record again and again", "ingested", "", HELD),
        ("records of 380 KB", "ingested", "", HELD),
        ("rows of quotes", "ingested", "", HELD),
        ("rejects", "ingested", "", STREAMED),
        ("rejects of 380 KB", "ingested", "", HELD),
        *((f"lists of {name}", "ingested", "", HELD) for name in LISTS),
        ("nested lists", "unreadable", "A value nests too deeply", STREAMED),
        ("nested objects", "unreadable", "A value nests too deeply", STREAMED),
        ("string of 1 GB", "unreadable", "A value is longer than the limit of 4,194,304 bytes", STREAMED),
        ("number of 1 GB", "unreadable", "A value cannot be read: Exceeds the limit (4300 digits)", STREAMED),
        ("record of 4 MB", "unreadable", "A value is longer than the limit of 4,194,304 bytes", STREAMED),
        ("record of many objects", "ingested", "", ONE_VALUE),
        ("record of nested lists", "ingested", "", ONE_VALUE),
        ("record of many objects outside of ASCII", "ingested", "", ONE_VALUE),
        ("digest of 65 MB", "digest invalid", "the content is larger than 16,777,216 bytes", DIGEST),
        ("digest that nests", "digest invalid", "the content is not a digest", DIGEST),
        ("digest that lists 40,000 files without a signature", "digest invalid", "the object has no", DIGEST),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_poison_ends_as_documented_in_bounded_memory(name, status, reason, most):
    found = poisoned(name)

    assert (found["statuses"], found["error"]) == ([status], None)
    assert found["reasons"][0].startswith(reason)
    assert bool(found["reasons"][0]) == bool(reason)
    assert found["peak"] < min(most, MOST) * MB


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit the address space")
@pytest.mark.parametrize("name", ["record of many objects", "record of nested lists", "wanted records"])
def test_worst_files_are_ingested_with_the_least_memory_that_the_function_may_have(name):
    found = poisoned(name, limit=512)

    assert (found["statuses"], found["error"]) == (["ingested"], None)


@pytest.mark.slow
def test_digest_that_lists_40_000_files_comes_again_when_the_time_is_up():
    found = poisoned("digest that lists 40,000 files", moments=100)

    assert (found["statuses"], found["error"]) == ([], ["OutOfTimeError"])
    assert found["peak"] < DIGEST * MB


def envelopes(key):
    """Name of an envelope -> the key in this notation, for all envelopes that the queue may contain."""
    s3 = {"eventSource": "aws:s3", "eventVersion": "2.1", "eventName": "ObjectCreated:Put"}
    of_s3 = {"Records": [s3 | {"s3": {"bucket": {"name": BUCKET}, "object": {"key": quote_plus(key)}}}]}
    detail = {"bucket": {"name": BUCKET}, "object": {"key": key}}
    plain = {
        "S3": of_s3,
        "EventBridge": {"source": "aws.s3", "detail-type": "Object Created", "detail": detail},
        "CloudTrail": {"s3Bucket": BUCKET, "s3ObjectKey": [key]},
    }
    texts = {name: json.dumps(body) for name, body in plain.items()}
    wrapped = {f"{name} in SNS": json.dumps({"Type": "Notification", "Message": text}) for name, text in texts.items()}
    return texts | wrapped


LONGEST = "x" * (1024 - len(f"s3://{BUCKET}/{FOLDER}.json.gz"))


@pytest.mark.parametrize("odd", [*ODD.values(), LONGEST], ids=[*ODD, "long"])
def test_key_of_odd_characters_is_read_through_every_envelope_and_stands_in_the_ledger(pipeline, packed, record, odd):
    key = f"{FOLDER}{odd}.json.gz"
    pipeline.deliver(packed(record(1)), key)

    statuses = {name: pipeline.process(body)[0][0] for name, body in envelopes(key).items()}

    assert [*statuses.values()] == ["ingested", *["skipped"] * 5]
    (entry,) = pipeline.files().values()
    assert entry["logFile"] == f"s3://{BUCKET}/{key}"


FORGED = {
    "other bucket": LOG_KEY,
    "other prefix": f"elsewhere/{LOG_KEY}",
    "prefix that begins alike": f"AWSLogs{LOG_KEY}",
    "name that the ledger cannot hold": f"{FOLDER}{LONGEST}x.json.gz",
}


@pytest.mark.parametrize("forgery", FORGED)
def test_delivery_from_elsewhere_is_refused_counted_and_acknowledged_and_nothing_is_read(account, forgery, capsys):
    bodies = [*envelopes(FORGED[forgery]).values()]
    if forgery == "other bucket":
        bodies = [body.replace(BUCKET, "another-bucket") for body in bodies]

    dead = account.drained(account.clock.now, bodies)

    assert (dead, account.calls) == ([], {body: [] for body in bodies})
    (metrics,) = [line for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert json.loads(metrics)["RefusedDeliveries"] == [1.0] * len(bodies)


def test_message_of_thousands_of_keys_is_done_bit_by_bit_as_the_time_suffices(pipeline, packed, record):
    keys = [f"{FOLDER}{number}.json.gz" for number in range(6000)]
    for number in (0, 1, 2, 5999):
        pipeline.deliver(packed(record(number)), keys[number])
    body = json.dumps({"s3Bucket": BUCKET, "s3ObjectKey": keys})
    pipeline.clock.left = 3

    def time_left():
        pipeline.clock.left -= 0.25
        return pipeline.clock.left

    with pytest.raises(ExceptionGroup) as raised:
        pipeline.ingestion.ingest_message(body, time_left=time_left, report=lambda _: None)

    assert 5990 < len(raised.value.exceptions) < 6000
    assert pipeline.numbers() == [0, 1, 2]
    # CloudWatch cuts an event at 1 MB, and formatting a larger one would take too much time.
    assert len("".join(traceback.format_exception(raised.value))) < 100_000


def test_message_of_thousands_of_keys_that_are_no_logs_asks_nothing_of_anybody(pipeline, wire):
    body = json.dumps({"s3Bucket": BUCKET, "s3ObjectKey": [f"AWSLogs/{number}" for number in range(20_000)]})
    wire.calls.clear()

    reports = pipeline.process(body)

    assert reports == [("other", {"OtherObjects": 1})] * 20_000
    assert wire.calls == []

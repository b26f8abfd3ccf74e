"""What somebody has accepted hides nothing else, and nothing later, from the proof."""

import gzip
import json
from collections import Counter

import pytest

from aitrail.accepting import Accepting, NothingToAcceptError
from aitrail.notifications import Delivery
from tests.functional.day import BUCKET, a_day, log_key, name_of
from tests.signed_digests import at

HOURLY = json.dumps({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
ELSEWHEN = "2025-01-01T00:00:00Z"


@pytest.fixture
def day(pipeline, record):
    return a_day(pipeline, record)


@pytest.fixture
def accepting(pipeline):
    return Accepting(ledger=pipeline.ledger, by="arn:aws:iam::111122223333:user/a", at="2026-03-14T15:00:00Z")


@pytest.fixture
def accept(accepting):
    """Accepts the gravest problem of an object, which it gives."""

    def accept(key):
        problem = accepting.problem(name_of(key))
        accepting.accept(name_of(key), problem, "why")
        return problem

    return accept


def findings(day, **options):
    return Counter((each.finding, each.of) for each in day.verify(**options).findings)


def body_of(day, key):
    return day.pipeline.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()


def put(day, key, body, moment="18:00", **options):
    day.pipeline.clock.now = at(moment)
    day.pipeline.ingest(day.pipeline.deliver(body, key, **options))


def look(day, key):
    """Have an object read, whatever is there."""
    delivery = Delivery(bucket=BUCKET, key=key, force=True)
    day.pipeline.ingestion.ingest(delivery, time_left=day.pipeline.clock.time_left)


def problem(day, key, kind="file"):
    return day.pipeline.ledger.entry(name_of(key), kind, consistent=True).get("problem")


def review(day):
    for hour in range(15, 24):
        day.pipeline.clock.now = at(f"{hour}:30")
        day.pipeline.process(HOURLY)


EMPTY = log_key("1130")  # no record in it is wanted


def test_file_that_is_gone_once_more_is_named_by_a_deep_look(day, accept):
    day.close()
    body = body_of(day, EMPTY)
    day.pipeline.s3.delete_object(Bucket=BUCKET, Key=EMPTY)
    look(day, EMPTY)
    assert accept(EMPTY) == "missing"
    assert findings(day) == {}

    put(day, EMPTY, body)
    restored = findings(day, deep=True)
    day.pipeline.s3.delete_object(Bucket=BUCKET, Key=EMPTY)

    assert (restored, findings(day, deep=True)) == ({}, {("missing", name_of(EMPTY)): 1})


def test_digest_that_is_forged_once_more_is_named_by_a_deep_look(day, accept):
    day.close()
    good = day.digests[3]
    put(day, good.key, good.body, Metadata=good.metadata | {"signature": "00"})
    look(day, good.key)
    assert accept(good.key) == "invalid"
    assert findings(day) == {}

    put(day, good.key, good.body, Metadata=good.metadata)
    day.pipeline.s3.put_object(Bucket=BUCKET, Key=good.key, Body=gzip.compress(b"{}"))

    assert ("invalid", name_of(good.key)) in findings(day, deep=True)


@pytest.mark.parametrize("accepted", [True, False])
def test_file_that_nobody_lists_is_unlisted_though_its_rejects_are_accepted(day, accept, packed, record, accepted):
    forged = log_key("0935").replace("_a.", "_forged.")
    put(day, forged, packed(record(77), record(78, eventTime="nonsense")), "09:36")
    if accepted:
        assert accept(forged) == "rejects"

    day.close()
    review(day)

    assert problem(day, forged) == "unlisted"
    for deep in (False, True):
        assert ("unlisted", name_of(forged)) in findings(day, deep=deep)


def test_file_that_was_accepted_as_replaced_is_unlisted_all_the_same(day, accept, packed, record):
    forged = log_key("0935").replace("_a.", "_forged.")
    for number in (77, 78):
        put(day, forged, packed(record(number)), "09:36")
    assert accept(forged) == "replaced"

    day.close()
    review(day)

    assert problem(day, forged) == "unlisted"


def test_unlisted_file_that_was_accepted_stays_so_when_a_digest_comes_once_more(day, accept, packed, record):
    forged = log_key("0935").replace("_a.", "_forged.")
    put(day, forged, packed(record(77)), "09:36")
    day.close()
    review(day)
    assert accept(forged) == "unlisted"

    for each in day.digests:
        put(day, each.key, each.body, "23:50", Metadata=each.metadata)

    assert problem(day, forged) == "accepted"


def test_file_that_is_replaced_once_more_is_replaced_again_though_it_is_as_before(day, accept, packed, record):
    day.close()
    body = body_of(day, EMPTY)
    put(day, EMPTY, packed(record(50)), "17:00")
    put(day, EMPTY, body, "17:05")
    assert (accept(EMPTY), problem(day, EMPTY)) == ("replaced", "accepted")

    put(day, EMPTY, packed(record(51, eventTime=ELSEWHEN)), "18:00")
    put(day, EMPTY, body, "18:05")

    assert problem(day, EMPTY) == "replaced"


@pytest.mark.parametrize("between", [[], [b"garbage"]])
def test_garbage_in_between_hides_no_replacement(day, packed, record, between):
    day.close()
    body = body_of(day, EMPTY)

    for each in (*between, packed(record(51, eventTime=ELSEWHEN)), *between, body):
        put(day, EMPTY, each)

    assert problem(day, EMPTY) == "replaced"


def test_replacement_that_another_worker_reads_meanwhile_is_noted(day, packed, record, monkeypatch):
    pipeline, key = day.pipeline, log_key("1140")
    pipeline.clock.now = at("11:40")
    pipeline.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    first = pipeline.deliver(packed(record(60)), key)
    second = pipeline.deliver(packed(record(61, eventTime=ELSEWHEN)), key)
    write, others = type(pipeline.events).write, [second]

    def write_later(self, rows, **options):
        if others:
            pipeline.ingest(others.pop())
        return write(self, rows, **options)

    monkeypatch.setattr(type(pipeline.events), "write", write_later)
    pipeline.ingest(first)

    assert problem(day, key) == "replaced"


def test_other_garbage_is_not_accepted(day, accept):
    key = log_key("1150")
    put(day, key, b"garbage", "11:51")
    assert (accept(key), problem(day, key)) == ("unreadable", "unproven")

    put(day, key, b"other garbage", "11:52")

    assert problem(day, key) == "unreadable"


@pytest.mark.parametrize("folder", ["2020/01/01", "0000/00/00"])
def test_file_in_the_folder_of_another_day_than_its_name_says_is_unlisted_and_named(day, packed, record, folder):
    forged = log_key("0935").replace("_a.", "_forged.").replace("/2026/03/14/", f"/{folder}/")
    put(day, forged, packed(record(77, eventTime="2026-03-01T00:00:00Z")), "09:36")
    before = findings(day)

    day.close()
    review(day)

    assert problem(day, forged) == "unlisted"
    assert ("unproven", name_of(forged)) in before or ("no-digests", name_of("").rstrip("/")) not in before
    for deep in (False, True):
        assert findings(day, deep=deep) == {("unlisted", name_of(forged)): 1}


def test_deep_look_does_not_believe_that_a_digest_lists_a_file(day, packed, record):
    forged = log_key("0935").replace("_a.", "_forged.")
    put(day, forged, packed(record(77)), "09:36")
    day.close()
    pipeline, entry = day.pipeline, day.pipeline.ledger.entry(name_of(forged))
    lister = name_of(day.digests[2].key)
    pipeline.ledger.note(
        name_of(forged), "file", verifiedBy=lister, expectedSha256=entry["sha256"], problem=None, doubt=None
    )

    assert findings(day) == {}
    assert findings(day, deep=True) == {("unproven", name_of(forged)): 1}


def test_what_is_mended_meanwhile_is_not_accepted(day, accepting):
    day.close()
    body = body_of(day, EMPTY)
    day.pipeline.s3.delete_object(Bucket=BUCKET, Key=EMPTY)
    look(day, EMPTY)
    found = accepting.problem(name_of(EMPTY))
    put(day, EMPTY, body)

    with pytest.raises(NothingToAcceptError, match="is no longer missing, but as it should be"):
        accepting.accept(name_of(EMPTY), found, "why")


def test_accepted_digest_leaves_no_gap(day, accept):
    day.close()
    gone = day.digests[3]
    day.pipeline.s3.delete_object(Bucket=BUCKET, Key=gone.key)
    look(day, gone.key)
    before = findings(day)

    assert accept(gone.key) == "missing"

    assert {finding for finding, _ in before} == {"missing", "gap"}
    verdict = day.verify()
    assert (verdict.findings, [each.finding for each in verdict.accepted]) == ((), ["missing"])


def test_entries_that_are_gone_are_not_made_by_doubts_and_acceptances(pipeline):
    assert pipeline.ledger.doubt("s3://b/gone", "unlisted") == {}
    assert pipeline.ledger.accept("s3://b/gone", "file", lambda old: [*old, {"problem": "missing"}]) == {}
    assert pipeline.ledger.entry("s3://b/gone") is None


def test_message_that_asks_for_a_review_and_announces_is_none_of_both(pipeline):
    body = {"review": {"problem": "", "after": ""}, "s3Bucket": BUCKET, "s3ObjectKey": [EMPTY]}

    assert [status for status, _ in pipeline.process(json.dumps(body))] == ["missing"]

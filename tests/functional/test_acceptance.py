"""An accepted problem hides no other and no later problem from the proof."""

import gzip
import json
import random
from collections import Counter
from datetime import timedelta
from unittest.mock import Mock

import pytest

from aitrail.deliveries import Delivery
from aitrail.dynamodb import OutOfTimeError
from aitrail.logfile import UnreadableLogFile
from aitrail.repair import Accepting
from aitrail.repair.accepting import NothingToAcceptError
from aitrail.window import Window
from tests.functional.day import BUCKET, a_day, log_key, name_of
from tests.shared.signed_digests import at

HOURLY = json.dumps({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
ELSEWHEN = "2025-01-01T00:00:00Z"


@pytest.fixture
def day(pipeline, record):
    return a_day(pipeline, record)


@pytest.fixture
def accepting(pipeline):
    options = {"ledger": pipeline.ledger, "reader": pipeline.reader}
    return Accepting(**options, by="arn:aws:iam::111122223333:user/a", at="2026-03-14T15:00:00Z")


@pytest.fixture
def accept(accepting):
    """Accepts the most severe problem of an object, and returns it."""

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
    """Has an object read, regardless of the ledger."""
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


MISFILED = [
    ("2020/01/01", "20260314T0935Z"),
    ("0000/00/00", "20260314T0935Z"),
    ("2026/03/13", "20260314T0935Z"),
    ("0000/00/00", "x"),
    ("2026/03/99", "x"),
]


def misfiled(folder, time):
    return log_key("0935").replace("_a.", "_forged.").replace("2026/03/14", folder).replace("20260314T0935Z", time)


@pytest.fixture(params=MISFILED, ids="-".join)
def forged(request, day, wire, packed, record):
    """A file in the folder of a different day than the time in its name."""
    name = misfiled(*request.param)
    wire.stored = at("09:36")
    put(day, name, packed(record(77, eventTime="2026-03-01T00:00:00Z")), "09:36")
    return name


def of_file(day, name, **options):
    # For a name without a time, only the day of storage is known.
    window = Window(since=at("09:00" if "20260314T" in name else "00:00"), until=at("12:00"))
    return [each.finding for each in day.verify(window=window, **options).findings if each.of == name_of(name)]


@pytest.mark.parametrize("deep", [False, True])
def test_file_in_the_folder_of_another_day_is_named(day, forged, deep):
    day.close()
    review(day)

    assert of_file(day, forged, deep=deep) == ["unlisted"]


def test_file_in_the_folder_of_another_day_is_named_with_another_problem(day, forged, packed, record):
    put(day, forged, packed(record(78, eventTime="2026-03-01T00:00:00Z")), "09:37")
    day.close()
    review(day)

    assert of_file(day, forged) == ["replaced"]


def test_file_of_a_region_without_digests_is_named_for_good(day, packed, record):
    forged = misfiled("2020/01/01", "20260314T0935Z").replace("eu-west-1", "us-east-1")
    put(day, forged, packed(record(77)), "09:36")
    day.close()

    day.pipeline.clock.now = at("23:00") + timedelta(days=9)
    day.pipeline.process(HOURLY)

    assert problem(day, forged) is None
    assert {finding for finding, _ in findings(day)} == {"no-digests"}


def test_row_of_an_event_that_happened_after_its_log_file_was_delivered_is_named(day, packed, record):
    forged = log_key("0935").replace("2026", "2019")
    put(day, forged, packed(record(77, eventTime=day.pipeline.rows().popitem()[1]["eventTime"])), "09:36")
    day.close()

    for deep in (False, True):
        assert findings(day, deep=deep) == {("unproven", name_of(forged)): 1}


@pytest.fixture
def large(monkeypatch, packed, record):
    """A log file with more rows than are held in memory until it has proved sound, hardly compressible."""
    monkeypatch.setattr("aitrail.rows.reading.MAX_HELD_BYTES", 30_000)
    digits = random.Random(0)
    agents = (f"{digits.getrandbits(8000):x}" for _ in range(200))
    return packed(
        *(record(100 + index, eventTime="2026-03-01T00:00:00Z", userAgent=agent) for index, agent in enumerate(agents))
    )


def test_rows_of_a_file_that_was_cut_short_make_the_next_content_another_one(day, large):
    put(day, log_key("1140"), large[:-20], "11:41")
    assert problem(day, log_key("1140")) == "unreadable"

    day.log("1140")
    day.close()

    assert problem(day, log_key("1140")) == "replaced"


@pytest.mark.parametrize("time", ["1130", "1140"])
def test_rows_of_a_file_that_was_never_read_to_its_end_make_the_next_content_another_one(day, large, monkeypatch, time):
    pipeline, body = day.pipeline, body_of(day, EMPTY)
    write = type(pipeline.events).write

    def write_until_the_time_is_up(self, rows, **options):
        write(self, rows, **options)
        pipeline.clock.left = 0

    delivery = pipeline.deliver(large, log_key(time))
    with monkeypatch.context() as patch:
        patch.setattr(type(pipeline.events), "write", write_until_the_time_is_up)
        with pytest.raises(OutOfTimeError):
            pipeline.ingest(delivery)
    pipeline.clock.left = 270
    put(day, log_key(time), body)

    entry = pipeline.ledger.entry(name_of(log_key(time)))
    assert (entry["problem"], entry.get("unfinished")) == ("replaced", None)


def test_large_file_that_is_read_to_its_end_the_second_time_is_not_replaced(day, large, monkeypatch):
    pipeline = day.pipeline
    pipeline.clock.now = at("11:41")
    delivery = pipeline.deliver(large, log_key("1140"))
    with monkeypatch.context() as patch:
        patch.setattr(type(pipeline.events), "write", Mock(side_effect=OutOfTimeError("no time")))
        with pytest.raises(OutOfTimeError):
            pipeline.ingest(delivery)
    between = pipeline.ledger.entry(name_of(log_key("1140")))
    pipeline.ingest(delivery)

    assert between["unfinished"] == delivery.etag
    entry = pipeline.ledger.entry(name_of(log_key("1140")))
    assert (entry["status"], entry.get("replacedAt"), entry.get("unfinished")) == ("ingested", None, None)


def test_same_object_that_could_not_be_read_once_is_not_replaced(day, monkeypatch):
    day.close()
    with monkeypatch.context() as patch:
        patch.setattr("aitrail.logfile.selection.LogFile.__iter__", Mock(side_effect=UnreadableLogFile("a limit", 1)))
        look(day, EMPTY)
    between = problem(day, EMPTY)
    look(day, EMPTY)

    assert (between, problem(day, EMPTY)) == ("unreadable", None)


def test_crash_after_a_write_that_rests_on_an_old_entry_leaves_nothing_half_done(day, packed, record, monkeypatch):
    """The entry is read before the digest lists the file."""
    pipeline, key = day.pipeline, log_key("1140")
    pipeline.clock.now = at("11:41")
    body = packed(record(60))
    day.contents[key] = gzip.decompress(body)
    day.close()
    delivery = pipeline.deliver(body, key)
    ledger, entries = type(pipeline.ledger), type(pipeline.ledger._entries)
    entry, change_if = ledger.entry, entries.change_if

    def stale(self, log_file, kind="file", *, consistent=False):
        return None if log_file == name_of(key) else entry(self, log_file, kind, consistent=consistent)

    def die_after_the_first(self, *arguments):
        change_if(self, *arguments)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "entry", stale)
        patch.setattr(entries, "change_if", die_after_the_first)
        with pytest.raises(SystemExit):
            pipeline.ingest(delivery)
    pipeline.ingest(delivery)

    assert (problem(day, key), day.verify().findings) == (None, ())


def test_files_whose_digest_is_lost_and_accepted_are_told_as_accepted(day, accept):
    day.close(without=[at("11:00")])
    (gone,) = (each for each in day.digests if each.key.endswith("20260314T110000Z.json.gz"))
    look(day, gone.key)
    before = findings(day)

    assert accept(gone.key) == "missing"

    assert {finding for finding, _ in before} == {"missing", "gap", "unproven"}
    verdict = day.verify()
    assert (verdict.findings, {each.finding for each in verdict.accepted}) == ((), {"missing", "unproven"})


def test_acceptance_of_what_is_gone_ends_when_it_is_there_again(day, accept):
    day.close()
    body = body_of(day, EMPTY)
    for number in range(2):
        day.pipeline.clock.now = at(f"2{number}:00")
        day.pipeline.s3.delete_object(Bucket=BUCKET, Key=EMPTY)
        look(day, EMPTY)
        assert problem(day, EMPTY) == "missing"
        accept(EMPTY)
        put(day, EMPTY, body, f"2{number}:30")


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("body", [None, b"garbage"])
def test_rows_of_a_log_file_that_can_no_longer_be_read_are_nobody_elses(day, body, deep):
    key = log_key("1030")
    day.close()
    day.pipeline.s3.delete_object(Bucket=BUCKET, Key=key)
    if body is None:
        look(day, key)
    else:
        put(day, key, body)

    assert findings(day, deep=deep) == {("missing" if body is None else "replaced", name_of(key)): 1}


def test_same_content_stored_again_is_not_replaced(day):
    day.close()
    body = body_of(day, EMPTY)

    put(day, EMPTY, gzip.compress(gzip.decompress(body), mtime=1))

    assert (problem(day, EMPTY), findings(day)) == (None, {})


def test_other_content_that_was_archived_first_is_replaced(day, packed, record):
    day.close()
    pipeline = day.pipeline
    pipeline.ingest(pipeline.deliver(packed(record(50)), EMPTY, StorageClass="GLACIER"))
    between = pipeline.ledger.entry(name_of(EMPTY))["status"]
    pipeline.ingest(pipeline.deliver(packed(record(50)), EMPTY))

    assert between == "archived"
    assert pipeline.ledger.entry(name_of(EMPTY))["replacedAt"]


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
    assert pipeline.ledger.change_acceptances("s3://b/gone", "file", lambda old: [*old, {"problem": "missing"}]) == {}
    assert pipeline.ledger.entry("s3://b/gone") is None


def test_message_that_asks_for_a_review_and_announces_is_none_of_both(pipeline):
    body = {"review": {"problem": "", "after": ""}, "s3Bucket": BUCKET, "s3ObjectKey": [EMPTY]}

    for is_backfill in (False, True):
        ((status, _),) = pipeline.process(json.dumps(body), is_backfill=is_backfill)
        assert status == "unknown object"

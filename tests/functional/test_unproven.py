"""Log files that no digest lists, listed files that do not arrive, and the hourly review of both."""

import gzip
import json
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

import pytest

from aitrail.ledger import CHAINS
from tests.functional.day import FOLDER, log_key
from tests.shared.signed_digests import at, chain, digest

BUCKET = "example-trail-logs"
HOURLY = json.dumps({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
HOUR = timedelta(hours=1)


def hours(first, last):
    return [at(f"{hour:02}:00") for hour in range(first, last + 1)]


class Trail:
    """A pipeline and its deliveries, hour by hour."""

    def __init__(self, pipeline, wire, packed, record):
        self.pipeline, self.wire, self._packed, self._record = pipeline, wire, packed, record
        pipeline.trust()

    def log(self, time, *, read_at=None, stored_at=None, unique="a"):
        """Ingests a log file with that time in its name, by default stored and read a minute later."""
        key = log_key(time.replace(":", ""), unique)
        self.wire.stored = stored_at or at(time) + timedelta(minutes=1)
        self.pipeline.clock.now = read_at or self.wire.stored
        self.pipeline.ingest(self.pipeline.deliver(self._packed(self._record(len(self.entries()))), key))
        return key

    def digests(self, since, until, files=None, *, after=None):
        """Ingests the digests of these hours, each five minutes after its end; `files` has the listed files by time."""
        found = chain(hours(since, until), bucket=BUCKET, files=files or {}, first=after)
        for each, end in zip(found, hours(since, until), strict=True):
            self.arrive(each, end + timedelta(minutes=5))
        return found

    def arrive(self, signed, moment):
        self.pipeline.clock.now = self.wire.stored = moment
        self.pipeline.ingest(self.pipeline.deliver(signed.body, signed.key, Metadata=signed.metadata))

    def review(self, moment):
        self.pipeline.clock.now = moment
        ((status, metrics),) = self.pipeline.process(HOURLY)
        assert status == "reviewed"
        return metrics

    def entries(self):
        found = [each for each in self.pipeline._items(self.pipeline.files_name) if each["entry"] != CHAINS]
        return {each["logFile"].removeprefix(f"s3://{BUCKET}/"): each for each in found}

    def problem(self, key):
        return self.entries()[key].get("problem")

    def announced(self):
        """Receives and deletes all messages in the backfill queue; returns their bodies."""
        sqs, url = self.pipeline.sqs, self.pipeline.backfill_url
        bodies = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                bodies.append(message["Body"])
        return bodies


@pytest.fixture
def trail(pipeline, wire, packed, record):
    return Trail(pipeline, wire, packed, record)


def test_log_file_that_no_digest_of_its_hours_lists_is_unproven_and_after_six_hours_unlisted(trail):
    key = trail.log("09:30")

    trail.digests(9, 10)
    open_still = trail.problem(key)
    trail.digests(11, 16, after=chain(hours(9, 10), bucket=BUCKET)[-1])
    unproven = trail.problem(key)
    early, late = trail.review(at("15:29")), trail.review(at("15:32"))

    assert (open_still, unproven) == (None, "unproven")
    assert (early, late) == ({}, {"UnlistedFiles": 1})
    entry = trail.entries()[key]
    assert (entry["problem"], entry["doubt"], entry["status"]) == ("unlisted", "unlisted", "ingested")
    assert trail.review(at("16:32")) == {}


@pytest.mark.parametrize("time", ["09:00", "09:30", "09:59"])
@pytest.mark.parametrize("hours_later", [1, 2, 3, 4])
def test_log_file_that_is_read_after_any_digest_is_unproven_by_one_of_the_next_or_at_once(trail, time, hours_later):
    digests = chain(hours(9, 17), bucket=BUCKET)
    read_at = at("10:06") + hours_later * HOUR

    for signed, end in zip(digests, hours(9, 17), strict=True):
        trail.arrive(signed, end + timedelta(minutes=5))
        if end + timedelta(minutes=6) == read_at:
            key = trail.log(time, read_at=read_at)

    assert trail.problem(key) == "unproven"


def test_log_file_whose_hour_has_a_digest_that_is_not_verified_stays_as_it_is(trail):
    key = trail.log("09:30")
    good = chain(hours(8, 12), bucket=BUCKET)

    for number, signed in enumerate(good):
        forged = digest(at("10:00"), bucket=BUCKET, signer=1)
        trail.arrive(forged if signed.key == forged.key else signed, at("12:05") + number * timedelta(minutes=1))

    assert trail.problem(key) is None


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 0, 1, 2), (2, 3, 1, 0)])
def test_log_file_is_unproven_whenever_a_digest_around_it_turns_out_to_be_tampered(trail, order):
    key = trail.log("08:30")
    first, second, real, last = chain(hours(8, 11), bucket=BUCKET)
    twin = digest(at("10:00"), [(log_key("0930"), "a" * 64)], bucket=BUCKET, previous=second)
    assert real.key == twin.key

    for number in order:
        trail.arrive((first, second, twin, last)[number], at("11:10"))

    assert (trail.problem(twin.key), trail.problem(key)) == ("tampered", "unproven")


def test_digest_that_comes_late_closes_the_hours_around_it(trail):
    key = trail.log("09:30")
    digests = chain(hours(8, 13), bucket=BUCKET)

    for signed in (*digests[:2], *digests[3:], digests[2]):
        trail.arrive(signed, at("13:10"))

    assert trail.problem(key) == "unproven"


def test_log_file_that_a_backfill_digest_lists_after_all_is_verified(trail):
    key = trail.log("09:30")
    trail.digests(8, 16)
    trail.review(at("16:10"))
    assert trail.problem(key) == "unlisted"
    body = trail.pipeline.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    listing = digest(at("10:00"), [(key, gzip.decompress(body))], bucket=BUCKET, where={"suffix": "_backfill"})
    trail.arrive(listing, at("17:00"))

    entry = trail.entries()[key]
    assert entry.keys().isdisjoint({"problem", "doubt", "listedBy"})
    assert entry["verifiedBy"].endswith("_backfill.json.gz")


def test_log_file_of_a_past_hour_that_is_stored_now_is_unlisted_once_both_hours_are_closed(trail):
    trail.digests(1, 14)

    key = trail.log("03:30", stored_at=at("14:10"))
    at_once = trail.problem(key)
    before = trail.review(at("20:20"))
    trail.digests(15, 16, after=chain(hours(1, 14), bucket=BUCKET)[-1])
    after = trail.review(at("20:20"))

    assert at_once == "unproven"
    assert (before, after) == ({}, {"UnlistedFiles": 1})
    assert trail.problem(key) == "unlisted"


def test_log_file_that_is_read_late_and_was_listed_in_its_hour_is_verified(trail):
    content = trail._packed(trail._record(4))  # the same number as `log` uses
    trail.digests(9, 10, files={at("10:00"): [(log_key("0930"), gzip.decompress(content))]})

    key = trail.log("09:30", read_at=at("23:00"))

    assert trail.problem(key) is None
    assert "verifiedBy" in trail.entries()[key]


@pytest.mark.parametrize("name", ["20990314T0930", "00010314T0930", "20269999T9999", "evil"])
def test_log_file_whose_name_has_no_time_to_be_seen_in_is_unlisted_by_the_time_of_its_storing(trail, name):
    trail.digests(1, 10)
    key = f"{FOLDER.removesuffix('20260314T')}{name}Z_a.json.gz"
    trail.wire.stored = trail.pipeline.clock.now = at("09:31")
    trail.pipeline.ingest(trail.pipeline.deliver(trail._packed(trail._record(1)), key))

    at_once = trail.problem(key)
    trail.digests(11, 16, after=chain(hours(1, 10), bucket=BUCKET)[-1])
    trail.review(at("16:10"))

    assert at_once == "unproven"
    assert trail.problem(key) == "unlisted"


def test_digest_of_a_trail_that_signs_nothing_holds_nothing_up(trail):
    key = trail.log("09:30")
    forged = digest(at("10:00"), bucket=BUCKET, signer=1, where={"trail": "evil"})
    trail.arrive(forged, at("10:01"))

    trail.digests(8, 16)
    trail.review(at("16:10"))

    assert trail.problem(key) == "unlisted"


def test_log_file_of_the_first_hour_of_a_chain_is_unlisted_too(trail):
    key = trail.log("08:30")

    trail.digests(9, 16)
    trail.review(at("16:10"))

    assert trail.problem(key) == "unlisted"


def test_what_nobody_can_decide_is_let_go_after_a_week(trail):
    trail.digests(8, 9)
    key = trail.log("09:30", read_at=at("23:00"))

    found = [(trail.review(at("09:31") + days * 24 * HOUR), trail.problem(key)) for days in (6, 8)]

    assert found == [({}, "unproven"), ({"RegionsWithoutDigests": 1}, None)]


def test_log_file_of_a_time_without_any_digest_is_in_doubt_for_a_day(trail):
    key = trail.log("09:30", read_at=at("23:00"))

    in_doubt = trail.problem(key)
    metrics = [trail.review(at("23:01") + hours * HOUR) for hours in (6, 23, 25)]

    assert in_doubt == "unproven"
    assert metrics == [{}, {}, {"RegionsWithoutDigests": 1}]
    assert trail.problem(key) is None


def test_doubt_survives_that_a_file_is_read_again(trail):
    key = trail.log("09:30")
    trail.digests(8, 16)
    trail.review(at("16:10"))

    trail.log("09:30", read_at=at("17:00"))

    assert trail.problem(key) == "unlisted"


def test_log_file_with_rejects_can_be_unlisted_too(trail, packed, record):
    trail.wire.stored = trail.pipeline.clock.now = at("09:31")
    trail.pipeline.ingest(trail.pipeline.deliver(packed(record(1, eventTime=...)), log_key("0930")))
    assert trail.pipeline.ledger.entry(f"s3://{BUCKET}/{log_key('0930')}")["problem"] == "rejects"

    trail.digests(8, 16)
    trail.review(at("16:10"))

    assert trail.pipeline.ledger.entry(f"s3://{BUCKET}/{log_key('0930')}")["problem"] == "unlisted"


def awaiting(trail):
    return trail.digests(10, 10, files={at("10:00"): [(log_key("0930"), "a" * 64), (log_key("0940"), "b" * 64)]})


def test_listed_files_that_have_not_come_are_announced_after_six_hours_and_after_twice_as_long_each_time(trail):
    awaiting(trail)
    after = (5, 6, 7, 18, 19, 20, 43, 44)

    found = [(trail.review(at("10:06") + hours * HOUR), trail.announced()) for hours in after]

    message = json.dumps({"s3Bucket": BUCKET, "s3ObjectKey": [log_key("0930"), log_key("0940")]})
    again = ({"AnnouncedAgain": 2}, [message])
    nothing = ({}, [])
    assert found == [nothing, again, nothing, nothing, again, nothing, nothing, again]


def test_digest_whose_key_cannot_be_had_is_announced_again_and_verified_once_it_can(trail):
    pages = trail.pipeline.cloudtrail.get_paginator.return_value.paginate
    pages.return_value, keys = [{"PublicKeyList": []}], pages.return_value
    (signed,) = trail.digests(10, 10)
    before = trail.problem(signed.key)

    found = [(trail.review(at("10:06") + hours * HOUR), trail.announced()) for hours in (5, 6, 7)]
    pages.return_value = keys
    again = trail.review(at("10:06") + 30 * HOUR)
    (message,) = trail.announced()
    trail.pipeline.process(message)

    assert (before, trail.problem(signed.key)) == ("unverifiable", None)
    # In the sixth hour, CloudTrail has been asked in vain.
    assert found == [({}, []), ({}, []), ({"UnverifiableRegions": 1}, [])]
    assert (again, json.loads(message)["s3ObjectKey"]) == (
        {"UnverifiableRegions": 1, "AnnouncedAgain": 1},
        [signed.key],
    )


def test_file_that_is_announced_again_and_is_gone_is_missing_and_no_more_announced(trail):
    awaiting(trail)
    trail.review(at("16:06"))
    (message,) = trail.announced()

    statuses = [status for status, _ in trail.pipeline.process(message)]
    later = trail.review(at("23:00"))

    assert statuses == ["missing", "missing"]
    assert (trail.problem(log_key("0930")), later) == ("missing", {})
    assert trail.entries()[log_key("0930")]["listedBy"]


def test_file_that_is_announced_again_and_comes_is_no_more_awaited(trail):
    awaiting(trail)
    trail.review(at("16:06"))

    trail.log("09:30", read_at=at("16:05"))

    assert trail.problem(log_key("0930")) == "tampered"  # its hash differs


def test_review_does_a_part_at_least_and_asks_for_the_rest(trail):
    before = awaiting(trail)[-1]
    late = [trail.log("09:50", read_at=at("12:30"), stored_at=at("09:51"), unique=unique) for unique in "abc"]
    trail.digests(11, 16, after=before)
    trail.pipeline.clock.left = 0

    found = [trail.review(at("20:06"))]
    while bodies := trail.announced():
        trail.pipeline.clock.now = at("20:06")
        reviews = [body for body in bodies if "review" in body]
        found += [metrics for body in reviews for _, metrics in trail.pipeline.process(body, is_backfill=True)]

    assert [trail.problem(key) for key in late] == ["unlisted"] * 3
    assert found == [{"AnnouncedAgain": 2}, *[{"UnlistedFiles": 1}] * 3, {}]


def test_review_leaves_time_for_the_others_of_its_batch(trail):
    for unique in "abc":
        trail.log("09:30", unique=unique)
    trail.digests(8, 16)
    moments = iter([200, 150, 145, 141, 139, 138])
    trail.pipeline.clock.now = at("16:10")
    found = []

    trail.pipeline.ingestion.ingest_message(HOURLY, time_left=lambda: next(moments), report=found.append)

    assert [each.metrics for each in found] == [{"UnlistedFiles": 3}]
    (rest,) = trail.announced()
    assert json.loads(rest)["review"]["problem"] == "unproven"


def test_what_a_review_has_decided_is_counted_though_it_fails(trail):
    keys = [trail.log("09:30", unique=unique) for unique in "ab"]
    trail.digests(8, 16)
    trail.pipeline.clock.now = at("16:10")
    doubt, found = trail.pipeline.ledger.doubt, []

    def doubt_of_the_first(log_file, verdict):
        if log_file.endswith(keys[1]):
            raise OSError("no network")
        return doubt(log_file, verdict)

    with patch.object(trail.pipeline.ledger, "doubt", doubt_of_the_first), pytest.raises(OSError, match="no network"):
        trail.pipeline.ingestion.ingest_message(HOURLY, time_left=lambda: 200, report=found.append)

    assert [each.metrics for each in found] == [{"UnlistedFiles": 1}]


def test_other_bucket_is_not_announced_for(trail):
    awaiting(trail)
    review = trail.pipeline.ingestion.reviewer
    object.__setattr__(review, "bucket", "another-bucket")

    assert trail.review(at("16:06")) == {}


def test_delivery_outside_the_scope_is_refused_and_counted_and_nothing_is_read(pipeline, wire):
    outside = [
        {"s3Bucket": "another-bucket", "s3ObjectKey": [log_key("0930")]},
        {"s3Bucket": BUCKET, "s3ObjectKey": [f"other/{log_key('0930')}"]},
    ]
    wire.calls.clear()

    reports = [report for body in outside for report in pipeline.process(json.dumps(body))]

    assert reports == [("refused", {"RefusedDeliveries": 1})] * 2
    assert wire.calls == []


def test_what_is_asked_for_by_force_through_the_backfill_queue_is_read_again(pipeline, packed, record):
    delivery = pipeline.deliver(packed(record(1)))
    pipeline.ingest(delivery)
    message = {"s3Bucket": BUCKET, "s3ObjectKey": [delivery.key]}

    def statuses(**queue):
        asked = ({}, {"force": True}, {"force": 1})
        return [pipeline.process(json.dumps(message | more), **queue)[0][0] for more in asked]

    assert statuses(is_backfill=True) == ["skipped", "ingested", "skipped"]
    assert statuses() == ["skipped"] * 3


@pytest.mark.parametrize(("days", "verdict"), [(30, None), (None, "unlisted")])
def test_old_file_that_is_announced_again_after_its_entry_expired_is_not_accused(trail, days, verdict):
    """DynamoDB may delete the entry of a file some days before those of its digests."""
    key = trail.log("09:30")
    trail.digests(8, 12, {at("10:00"): [(key, trail.pipeline.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())]})
    trail.pipeline.dynamodb.delete_item(
        TableName=trail.pipeline.files_name, Key={"logFile": {"S": f"s3://{BUCKET}/{key}"}, "entry": {"S": "file"}}
    )
    later, retention = at("12:00") + timedelta(days=31), days and timedelta(days=days)
    trail.pipeline.ingestion.reviewer = replace(trail.pipeline.ingestion.reviewer, ledger_retention=retention)
    trail.wire.stored, trail.pipeline.clock.now = at("09:31"), later

    trail.pipeline.process(json.dumps({"s3Bucket": BUCKET, "s3ObjectKey": [key]}))
    trail.review(later + timedelta(days=1))

    assert trail.problem(key) == verdict

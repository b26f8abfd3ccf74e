"""Digests whose public key cannot be had: tried again ever more rarely, accepted as a whole, or given the keys."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from aitrail.digests import PublicKeys, read_keys
from aitrail.proof import rechecking
from aitrail.repair import Accepting
from aitrail.repair.accepting import NothingToAcceptError
from aitrail.window import Window
from tests.functional.day import BUCKET, a_day, log_key, name_of
from tests.shared.key_files import key_file
from tests.shared.signed_digests import ACCOUNT, at, chain, digest

HOURLY = json.dumps({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)
FOLDER = f"s3://{BUCKET}/AWSLogs/{ACCOUNT}/CloudTrail-Digest/eu-west-1/"
MORNING = Window(since=at("07:00"), until=at("13:00"))
GIVEN = read_keys(key_file("eu-west-1"))


def denied():
    answer = {"Error": {"Code": "AccessDeniedException", "Message": "denied by a policy"}}
    return ClientError(answer, "ListPublicKeys")


def deny(pipeline, error=None):
    """Has CloudTrail refuse ListPublicKeys, and the function forget the keys that it knows."""
    pipeline.cloudtrail.get_paginator.return_value.paginate.side_effect = error or denied()
    pipeline.ingestion.reviewer.public_keys._keys.clear()


def allow(pipeline):
    pipeline.cloudtrail.get_paginator.return_value.paginate.side_effect = None


def asked(pipeline):
    return pipeline.cloudtrail.get_paginator.return_value.paginate.call_count


@pytest.fixture
def day(pipeline, record):
    """A morning whose digests cannot be verified."""
    day = a_day(pipeline, record)
    day.log("0725", record(90))  # a state that no other test begins with: `Day` remembers the tables, not the keys
    deny(pipeline)
    day.close()
    return day


@pytest.fixture
def accepting(pipeline):
    options = {"ledger": pipeline.ledger, "reader": pipeline.reader}
    return Accepting(**options, by="arn:aws:iam::111122223333:user/a", at="2026-03-14T20:00:00Z")


def review(pipeline, moment):
    """Reviews, and returns the number of objects that are announced."""
    pipeline.clock.now = moment
    ((_, metrics),) = pipeline.process(HOURLY)
    return metrics.get("AnnouncedAgain", 0)


def read_announced(pipeline):
    """Reads what has been announced, as the function does."""
    while messages := pipeline.sqs.receive_message(QueueUrl=pipeline.backfill_url, MaxNumberOfMessages=10).get(
        "Messages"
    ):
        for message in messages:
            pipeline.sqs.delete_message(QueueUrl=pipeline.backfill_url, ReceiptHandle=message["ReceiptHandle"])
            pipeline.process(message["Body"], is_backfill=True)


def problems(pipeline):
    return {entry.get("problem") for entry in pipeline._items(pipeline.files_name) if entry["entry"] == "digest"}


def found(day, **options):
    return {each.finding for each in day.verify(window=MORNING, **options).findings}


def test_region_without_keys_is_asked_after_six_hours_then_daily_then_weekly_and_no_digest_is_read(day, wire):
    wire.calls.clear()
    moments = []

    for hour in range(40 * 24):
        before = asked(day.pipeline)
        assert review(day.pipeline, at("14:30") + hour * HOUR) == 0
        moments += [hour] * (asked(day.pipeline) - before)

    assert moments == [6, *(6 + 24 * number for number in range(1, 8)), *(174 + 168 * number for number in range(1, 5))]
    assert "GetObject" not in wire.operations()


def test_all_digests_of_a_region_are_read_again_once_it_returns_keys(day):
    assert review(day.pipeline, at("20:30")) == 0
    allow(day.pipeline)

    found = [review(day.pipeline, at("20:30") + hours * HOUR) for hours in (23, 24, 25)]
    read_announced(day.pipeline)

    assert found == [0, len(day.digests), 0]
    assert problems(day.pipeline) == {None}
    assert review(day.pipeline, at("20:30") + 50 * HOUR) == 0


def test_other_regions_are_reviewed_though_one_has_no_keys(day, pipeline):
    others = chain([at("12:00"), at("13:00")], bucket=BUCKET, where={"region": "us-east-1"})
    for each in others:
        day.arrive(each)
    keys = pipeline.ingestion.reviewer.public_keys
    allow(pipeline)
    keys.client = lambda region: (deny if region == "eu-west-1" else allow)(pipeline) or pipeline.cloudtrail

    assert review(pipeline, at("20:35")) == len(others)


def test_digest_of_an_unknown_key_is_announced_ever_more_rarely_by_itself(pipeline):
    pipeline.trust()
    pipeline.clock.now = at("10:05")
    signed = digest(at("10:00"), bucket=BUCKET, digestPublicKeyFingerprint="0" * 32)
    pipeline.ingest(pipeline.deliver(signed.body, signed.key, Metadata=signed.metadata))
    hours = []

    for hour in range(30 * 24):
        if review(pipeline, at("10:06") + hour * HOUR):
            hours.append(hour)
            read_announced(pipeline)

    assert len(hours) in range(9, 13)
    assert hours[0] == 6
    assert 24 <= hours[1] - hours[0] <= 30
    assert 168 <= hours[-1] - hours[-2] <= 174


def unverifiable(pipeline, moment):
    """The number of accounts and Regions that a review publishes as unverifiable, None if it publishes nothing."""
    pipeline.clock.now = moment
    ((_, metrics),) = pipeline.process(HOURLY)
    return metrics.get("UnverifiableRegions")


def test_region_needs_attention_once_it_was_asked_in_vain_and_until_it_returns_keys(day):
    before = [unverifiable(day.pipeline, at("14:30") + hours * HOUR) for hours in (0, 5, 6)]
    after = [unverifiable(day.pipeline, at("14:30") + hours * HOUR) for hours in (7, 8, 100)]
    allow(day.pipeline)
    unverifiable(day.pipeline, at("14:30") + 200 * HOUR)
    read_announced(day.pipeline)

    assert before == [None, None, None]
    assert after == [1, 1, 1]
    assert unverifiable(day.pipeline, at("14:30") + 201 * HOUR) is None


def test_digest_that_can_be_verified_when_it_is_tried_again_needs_no_attention(day):
    allow(day.pipeline)

    found = [unverifiable(day.pipeline, at("20:35"))]
    read_announced(day.pipeline)
    found += [unverifiable(day.pipeline, at("20:35") + hours * HOUR) for hours in (1, 24, 48)]

    assert found == [None] * 4


def test_digest_of_an_unknown_key_needs_attention_once_it_was_read_again(pipeline):
    pipeline.trust()
    pipeline.clock.now = at("10:05")
    signed = digest(at("10:00"), bucket=BUCKET, digestPublicKeyFingerprint="0" * 32)
    pipeline.ingest(pipeline.deliver(signed.body, signed.key, Metadata=signed.metadata))

    found = [unverifiable(pipeline, at("10:06") + hours * HOUR) for hours in (0, 5, 6)]
    pipeline.clock.now = at("10:20") + 6 * HOUR
    read_announced(pipeline)

    assert found == [None, None, None]
    assert unverifiable(pipeline, at("10:06") + 7 * HOUR) == 1


def test_accepted_region_and_forged_digests_are_not_counted_as_unverifiable(day, accepting):
    accepting.accept(FOLDER, "unverifiable", "our organization denies it, ticket 4711")
    allow(day.pipeline)
    forged = digest(at("12:00"), bucket=BUCKET, where={"region": "us-east-1"}, signer=1)
    day.arrive(forged)

    assert [unverifiable(day.pipeline, at("14:30") + hours * HOUR) for hours in (6, 7, 30)] == [None] * 3


def test_temporary_error_of_a_region_is_no_try(day):
    error = ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, "ListPublicKeys")
    deny(day.pipeline, error)
    assert review(day.pipeline, at("20:35")) == 0

    allow(day.pipeline)

    assert review(day.pipeline, at("21:35")) == len(day.digests)


def test_review_of_very_many_digests_without_keys_reads_one_entry_of_each_account_and_region(day, wire):
    review(day.pipeline, at("20:35"))
    wire.calls.clear()

    review(day.pipeline, at("21:35"))

    (first, second) = [each for each in wire.requests("Query") if "unverifiable" in str(each)]
    assert first["Limit"] == second["Limit"] == 1


def test_review_that_runs_out_of_time_goes_on_within_a_region(day, monkeypatch):
    monkeypatch.setattr("aitrail.ingest.unverifiable._AT_ONCE", 2)
    allow(day.pipeline)
    day.pipeline.clock.left = 0

    announced = [review(day.pipeline, at("20:35"))]
    day.pipeline.clock.left = 270
    read_announced(day.pipeline)

    assert announced == [2]
    assert problems(day.pipeline) <= {None, "unverifiable"}
    later = at("20:35") + 7 * HOUR
    day.pipeline.clock.now = later
    review(day.pipeline, later)
    read_announced(day.pipeline)
    assert problems(day.pipeline) == {None}


def test_accepting_a_region_accepts_its_unverifiable_digests_their_hours_and_files(day, accepting):
    assert found(day) == {"unverifiable", "gap", "unproven"}
    assert accepting.problem(FOLDER) == "unverifiable"

    accepting.accept(FOLDER, "unverifiable", "our organization denies it, ticket 4711")

    verdict = day.verify(window=MORNING)
    assert verdict.proved
    assert {each.finding for each in verdict.accepted} == {"unverifiable", "unproven"}
    assert any("ticket 4711" in each.why for each in verdict.accepted)
    with pytest.raises(NothingToAcceptError, match="already been accepted"):
        accepting.problem(FOLDER)


def test_accepted_region_needs_no_attention_later_either_and_is_not_asked_for_keys(day, accepting):
    accepting.accept(FOLDER, "unverifiable", "why")
    before = asked(day.pipeline)

    metrics = [review(day.pipeline, at("14:30") + hour * HOUR) for hour in range(0, 48, 3)]
    before_it = day.digests[-1]
    for hour in ("15:00", "16:00"):
        before_it = digest(at(hour), bucket=BUCKET, previous=before_it)
        day.pipeline.clock.now = at(hour) + HOUR / 12
        day.arrive(before_it)

    assert set(metrics) == {0}
    assert asked(day.pipeline) == before + 2  # by the new digests themselves
    assert day.pipeline.ledger.entry(FOLDER, "no-digests")["problem"] == "accepted"
    assert day.verify(window=Window(since=at("14:00"), until=at("15:00"))).proved


def test_acceptance_of_a_region_is_taken_back(day, accepting):
    accepting.accept(FOLDER, "unverifiable", "why")
    accepting.take_back(FOLDER)

    assert found(day) == {"unverifiable", "gap", "unproven"}
    assert "unverifiable" not in (day.pipeline.ledger.entry(FOLDER, "no-digests").get("problem") or "")


def test_accepted_region_hides_no_missing_and_no_forged_digest(day, accepting):
    accepting.accept(FOLDER, "unverifiable", "why")
    allow(day.pipeline)
    forged = digest(at("15:00"), bucket=BUCKET, signer=1)
    day.pipeline.clock.now = at("15:05") + HOUR
    day.arrive(forged)

    findings = {each.finding for each in day.verify(window=Window(since=at("13:00"), until=at("16:00"))).findings}

    assert findings == {"invalid", "gap"}


def test_acceptance_of_files_without_digests_accepts_no_unverifiable_digest(day, accepting, record, packed, wire):
    allow(day.pipeline)
    old = log_key("0935").replace("2026", "2019")
    wire.stored = day.pipeline.clock.now = at("15:00")
    day.pipeline.ingest(day.pipeline.deliver(packed(record(1)), old))
    for each in day.digests:
        day.arrive(each)
    review(day.pipeline, at("15:00") + 25 * HOUR)
    accepting.accept(FOLDER, accepting.problem(FOLDER), "why")

    deny(day.pipeline)
    day.pipeline.clock.now = wire.stored = datetime(2026, 3, 16, 15, 5, tzinfo=UTC)
    end = day.pipeline.clock.now.replace(minute=0)
    day.arrive(digest(end, bucket=BUCKET, digestPublicKeyFingerprint="0" * 32))

    window = Window(since=end - HOUR, until=end)
    assert "unverifiable" in {each.finding for each in day.verify(window=window, now=end + A_DAY).findings}


def with_keys(pipeline, given=GIVEN):
    keys = PublicKeys(lambda _region: pipeline.cloudtrail, clock=pipeline.clock.given, given=lambda: given)
    return {"public_keys": keys, "rechecks": True}


@pytest.mark.parametrize("deep", [False, True])
def test_verify_checks_unverifiable_digests_itself_with_keys_from_a_file(day, deep):
    verdict = day.verify(window=MORNING, deep=deep, **with_keys(day.pipeline))

    assert (verdict.findings, verdict.verified) == ((), 4)


def test_verify_with_keys_says_what_the_digests_say_when_the_function_could_have_read_them(day, packed, record):
    """The slow twin: the function itself, once it has the keys."""
    day.pipeline.clock.now = at("14:40")
    forged = log_key("0935").replace("_a.", "_forged.")
    for key, body in ((log_key("1030"), packed(record(70))), (forged, packed(record(71)))):
        day.pipeline.ingest(day.pipeline.deliver(body, key))
    checked = day.verify(window=MORNING, **with_keys(day.pipeline))

    allow(day.pipeline)
    day.pipeline.clock.now += HOUR
    for each in day.digests:
        day.arrive(each)

    read = day.verify(window=MORNING)
    assert {each.of for each in checked.findings} == {each.of for each in read.findings}
    assert (checked.verified, checked.delivered) == (read.verified, read.delivered)


def test_log_file_that_the_ledger_does_not_have_is_named_when_a_digest_is_checked_again(day):
    lost = log_key("1145")
    key = day.digests[4].key
    listing = digest(at("12:00"), [(lost, "a" * 64)], bucket=BUCKET, previous=day.digests[3])
    day.pipeline.s3.put_object(Bucket=BUCKET, Key=key, Body=listing.body, Metadata=listing.metadata)

    verdict = day.verify(window=MORNING, **with_keys(day.pipeline))

    assert ("not-ingested", name_of(lost)) in {(each.finding, each.of) for each in verdict.findings}


def test_digest_that_is_forged_or_gone_is_named_when_it_is_checked_again(day):
    gone, forged = day.digests[3].key, day.digests[4]
    day.pipeline.s3.delete_object(Bucket=BUCKET, Key=gone)
    metadata = forged.metadata | {"signature": "00"}
    day.pipeline.s3.put_object(Bucket=BUCKET, Key=forged.key, Body=forged.body, Metadata=metadata)

    verdict = day.verify(window=MORNING, **with_keys(day.pipeline))

    named = {(each.finding, each.of) for each in verdict.findings}
    assert {("missing", name_of(gone)), ("invalid", name_of(forged.key))} <= named


def test_key_of_another_region_or_time_verifies_nothing(day):
    early = read_keys(key_file("eu-west-1", until=at("05:00")))

    for given in (read_keys(key_file("us-east-1")), early):
        assert "unverifiable" in found(day, **with_keys(day.pipeline, given))


def test_without_a_file_of_keys_no_digest_is_read_by_verify(day, monkeypatch):
    monkeypatch.setattr(rechecking, "read_signed", None)

    assert "unverifiable" in found(day)


def test_function_with_keys_from_a_file_asks_no_region(pipeline, record):
    keys = PublicKeys(lambda _region: pipeline.cloudtrail, clock=pipeline.clock.given, given=lambda: GIVEN)
    object.__setattr__(pipeline.ingestion.reconciliation, "public_keys", keys)
    deny(pipeline)
    day = a_day(pipeline, record)
    day.log("0726", record(90))  # as above

    day.close()

    assert (problems(pipeline), asked(pipeline)) == ({None}, 0)

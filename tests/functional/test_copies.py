"""The log bucket holds a replicated copy: digests that name the original prove the copies, and nobody else's do."""

import gzip
import hashlib
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec import structs

from aitrail.deliveries import Scope
from aitrail.digests import PublicKeys, read_keys
from aitrail.ledger import CHAINS
from tests.functional.day import BUCKET, Day, log_key, name_of
from tests.shared.key_files import key_file
from tests.shared.signed_digests import at, chain, digest, written

ORIGINAL = "organization-trail-logs"
HOURLY = json.dumps({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
COPY = Scope(bucket=BUCKET, original=ORIGINAL)


def use(pipeline, scope):
    """Deploys the function with other settings."""
    pipeline.ingestion.scope = scope
    pipeline.ingestion.reconciliation = replace(pipeline.ingestion.reconciliation, scope=scope)


@pytest.fixture
def copied(pipeline):
    """The pipeline with a copy of another bucket, and the clock at 10:30."""
    pipeline.trust()
    pipeline.clock.now = at("10:30")
    use(pipeline, COPY)
    return pipeline


@pytest.fixture
def content(packed, record):
    """The uncompressed content of a log file with one record, made with a number, and the object's body."""

    def content(number, **changes):
        body = packed(record(number, **changes))
        return gzip.decompress(body), body

    return content


def put(pipeline, signed, key=None, **metadata):
    return pipeline.deliver(signed.body, key or signed.key, Metadata=signed.metadata | metadata)


def ledger(pipeline):
    """The entries of log files and digests, by key."""
    entries = pipeline._items(pipeline.files_name)
    return {each["logFile"].removeprefix(f"s3://{BUCKET}/"): each for each in entries if each["entry"] != CHAINS}


def problems(pipeline):
    return {key: entry["problem"] for key, entry in ledger(pipeline).items() if "problem" in entry}


def named(bucket, key, content):
    return {
        "s3Bucket": bucket,
        "s3Object": key,
        "hashValue": hashlib.sha256(content).hexdigest(),
        "hashAlgorithm": "SHA-256",
    }


def test_digests_of_the_original_prove_the_copies_and_nothing_names_the_original(copied, content):
    text, body = content(1)
    first, second = chain([at("09:00"), at("10:00")], bucket=ORIGINAL, files={at("10:00"): [(log_key("0930"), text)]})

    for delivery in (put(copied, second), copied.deliver(body, log_key("0930")), put(copied, first)):
        copied.ingest(delivery)

    found = ledger(copied)
    assert found[log_key("0930")]["verifiedBy"] == name_of(second.key)
    assert found[first.key]["verifiedBy"] == name_of(second.key)
    assert [found[each.key]["status"] for each in (first, second)] == ["verified", "verified"]
    assert problems(copied) == {}
    [row] = copied.rows().values()
    assert row["logFile"] == name_of(log_key("0930"))
    assert ORIGINAL not in json.dumps([*copied._items(copied.files_name), *copied.rows().values()])


def test_copy_whose_content_is_another_is_tampered(copied, content):
    copied.ingest(put(copied, digest(at("10:00"), [(log_key("0930"), content(1)[0])], bucket=ORIGINAL)))

    reported = copied.ingest(copied.deliver(content(2)[1], log_key("0930")))

    assert reported.metrics["TamperedFiles"] == 1
    assert problems(copied) == {log_key("0930"): "tampered"}


def test_without_the_setting_the_digest_is_invalid_and_names_the_setting_until_it_is_read_again(copied, content):
    text, body = content(1)
    signed = digest(at("10:00"), [(log_key("0930"), text)], bucket=ORIGINAL)
    copied.ingest(copied.deliver(body, log_key("0930")))
    use(copied, Scope(bucket=BUCKET))

    reported = copied.ingest(put(copied, signed))

    assert reported.metrics == {"DigestFiles": 1, "InvalidDigests": 1}
    assert reported.details["reason"] == (
        f"it was written for the bucket '{ORIGINAL}' and has been moved or copied; if the log bucket holds a "
        "replicated copy of that bucket, name it in the setting aitrail:originalBucket"
    )
    assert "verifiedBy" not in ledger(copied)[log_key("0930")]

    use(copied, COPY)
    copied.ingest(put(copied, signed))

    assert ledger(copied)[log_key("0930")]["verifiedBy"] == name_of(signed.key)
    assert problems(copied) == {}


def of_a_third_bucket(listed):
    return digest(at("10:00"), listed, bucket="another-bucket"), {}


def of_a_third_bucket_whose_name_was_changed(listed):
    signed = digest(at("10:00"), listed, bucket="another-bucket")
    return replace(signed, content=signed.content.replace(b"another-bucket", ORIGINAL.encode())), {}


def of_the_log_bucket_whose_name_was_changed(listed):
    signed = digest(at("10:00"), listed, bucket=BUCKET)
    return replace(signed, content=signed.content.replace(BUCKET.encode(), ORIGINAL.encode())), {}


def of_the_original_whose_name_was_changed(listed):
    signed = digest(at("10:00"), listed, bucket=ORIGINAL)
    return replace(signed, content=signed.content.replace(ORIGINAL.encode(), BUCKET.encode())), {}


def of_another_hour_under_this_key(listed):
    return digest(at("09:00"), listed, bucket=ORIGINAL), {"key": digest(at("10:00"), bucket=ORIGINAL).key}


def of_another_trail_under_this_key(listed):
    other = digest(at("10:00"), listed, bucket=ORIGINAL, where={"trail": "theirs"})
    return other, {"key": digest(at("10:00"), bucket=ORIGINAL).key}


def of_another_region_under_this_key(listed):
    other = digest(at("10:00"), listed, bucket=ORIGINAL, where={"region": "us-east-1"})
    return other, {"key": digest(at("10:00"), bucket=ORIGINAL).key}


def with_the_signature_of_another_bucket(listed):
    other = digest(at("10:00"), listed, bucket="another-bucket")
    return digest(at("10:00"), listed, bucket=ORIGINAL), {"signature": other.signature}


def signed_by_somebody(listed):
    return digest(at("10:00"), listed, bucket=ORIGINAL, signer=1), {}


def with_another_list(listed):
    signed = digest(at("10:00"), [], bucket=ORIGINAL)
    return replace(digest(at("10:00"), listed, bucket=ORIGINAL), signature=signed.signature), {}


FORGED = (
    *(of_a_third_bucket, of_a_third_bucket_whose_name_was_changed, of_the_log_bucket_whose_name_was_changed),
    *(of_the_original_whose_name_was_changed, of_another_hour_under_this_key, of_another_trail_under_this_key),
    *(of_another_region_under_this_key, with_the_signature_of_another_bucket, signed_by_somebody, with_another_list),
)


@pytest.mark.parametrize("forge", FORGED)
def test_forged_digest_proves_nothing_of_the_copy(copied, content, forge):
    text, body = content(1)
    copied.ingest(copied.deliver(body, log_key("0930")))
    signed, options = forge([(log_key("0930"), text)])

    reported = copied.ingest(put(copied, signed, **options))

    assert reported.metrics == {"DigestFiles": 1, "InvalidDigests": 1}
    found = ledger(copied)
    assert "verifiedBy" not in found[log_key("0930")]
    assert [each["status"] for each in found.values() if each["entry"] == "digest"] == ["invalid"]


def test_digest_that_another_account_has_signed_for_the_name_of_the_original_is_refused_by_the_accounts(copied):
    """Once the original is deleted, anyone may create a bucket of its name, and let a trail of theirs deliver to it."""
    use(copied, structs.replace(COPY, accounts=("111122223333",)))
    theirs = digest(at("10:00"), bucket=ORIGINAL, where={"account": "444455556666"})

    reported = copied.ingest(put(copied, theirs))

    assert (reported.status, ledger(copied)) == ("refused", {})


def test_message_that_names_the_original_is_refused(copied, content):
    delivery = replace(copied.deliver(content(1)[1], log_key("0930")), bucket=ORIGINAL)

    assert copied.ingest(delivery).status == "refused"


def test_log_file_that_is_not_replicated_is_awaited_announced_again_missing_and_verified_once_it_is_there(
    copied, content
):
    text, body = content(1)
    signed = digest(at("10:00"), [(log_key("0930"), text)], bucket=ORIGINAL)
    copied.ingest(put(copied, signed))
    states = [problems(copied)]

    copied.clock.now += timedelta(hours=7)
    assert copied.process(HOURLY, is_backfill=True) == [("reviewed", {"AnnouncedAgain": 1})]
    [message] = copied.sqs.receive_message(QueueUrl=copied.backfill_url)["Messages"]
    copied.process(message["Body"], is_backfill=True)
    states.append(problems(copied))
    copied.ingest(copied.deliver(body, log_key("0930")))

    assert (json.loads(message["Body"])["s3Bucket"], states) == (
        BUCKET,
        [{log_key("0930"): "awaited"}, {log_key("0930"): "missing"}],
    )
    assert ledger(copied)[log_key("0930")]["verifiedBy"] == name_of(signed.key)
    assert problems(copied) == {}


def test_trail_that_moves_from_the_original_to_the_log_bucket_continues_its_chain(copied, content):
    """The first digest in the new bucket follows one in the old bucket, and lists log files in both."""
    (old, old_body), (new, new_body) = content(1), content(2)
    first = digest(at("09:00"), bucket=ORIGINAL)
    moved = digest(
        at("10:00"),
        bucket=BUCKET,
        previous=first,
        previousDigestS3Bucket=ORIGINAL,
        logFiles=[named(ORIGINAL, log_key("0910"), old), named(BUCKET, log_key("0930"), new)],
    )
    for body, key in ((old_body, log_key("0910")), (new_body, log_key("0930"))):
        copied.ingest(copied.deliver(body, key))

    reported = [copied.ingest(put(copied, each)).metrics for each in (first, moved)]

    assert reported[1] == {"DigestFiles": 1, "VerifiedDigests": 1, "VerifiedFiles": 2}
    assert ledger(copied)[first.key]["verifiedBy"] == name_of(moved.key)
    assert problems(copied) == {}


def test_rows_of_a_replica_that_was_stored_elsewhere_long_ago_are_named(day, wire, packed, record):
    """The review does not decide about it: the entries of the digests of that time may have expired."""
    close(day)
    retention, name = timedelta(days=30), name_of(log_key("0910", "theirs").replace("2026", "2025"))
    day.pipeline.ingestion.reviewer = replace(day.pipeline.ingestion.reviewer, ledger_retention=retention)
    wire.stored = at("09:10").replace(year=2025)
    theirs = packed(record(77, eventTime="2026-03-14T11:45:00Z"))
    day.pipeline.ingest(day.pipeline.deliver(theirs, name.removeprefix(f"s3://{BUCKET}/")))
    before = problems(day.pipeline)
    day.pipeline.clock.now += timedelta(hours=7)
    day.pipeline.process(HOURLY, is_backfill=True)

    verdict = day.verify(scope=COPY, ledger_retention=retention)

    assert (list(before.values()), list(problems(day.pipeline).values())) == (["unproven"], [])
    assert [(each.finding, each.of) for each in verdict.findings] == [("unproven", name)]


HOURS = [at(f"{hour:02}:00") for hour in range(8, 15)]


@pytest.fixture
def day(copied, content):
    """A morning of two trails in one account and Region: one delivers to the original, the other to the log bucket."""
    day = Day(copied)
    day.signed = []
    for number, (bucket, trail) in enumerate(((ORIGINAL, "audit"), (BUCKET, "own"))):
        files = {}
        for hour, end in enumerate(HOURS[1:5]):
            text, body = content(10 * number + hour, eventTime=written(end - timedelta(minutes=35)))
            key = log_key(f"{end - timedelta(minutes=30):%H%M}", trail)
            files[end] = [(key, text)]
            copied.clock.now = end - timedelta(minutes=25)
            copied.ingest(copied.deliver(body, key))
        day.signed += chain(HOURS, bucket=bucket, files=files, where={"trail": trail})
    copied.clock.now = at("14:30")
    return day


def close(day):
    for signed in day.signed:
        day.arrive(signed)


@pytest.mark.parametrize("deep", [False, True])
def test_log_bucket_with_a_copy_and_deliveries_of_its_own_is_proved(day, deep):
    close(day)

    verdict = day.verify(scope=COPY, deep=deep)

    assert (verdict.findings, verdict.delivered, verdict.verified) == ((), 6, 6)
    assert problems(day.pipeline) == {}


def test_deep_proof_without_the_setting_trusts_only_the_digests_of_the_log_bucket(day):
    close(day)

    verdict = day.verify(scope=Scope(bucket=BUCKET), deep=True)

    found = {(each.finding, "_own_" in each.of or each.of.endswith("own.json.gz")) for each in verdict.findings}
    assert found == {("invalid", False), ("unproven", False)}


def test_copy_that_the_ledger_has_lost_is_named_by_its_own_name(day):
    close(day)
    key = log_key("1030", "audit")
    day.pipeline.dynamodb.delete_item(
        TableName=day.pipeline.files_name, Key={"logFile": {"S": name_of(key)}, "entry": {"S": "file"}}
    )

    verdict = day.verify(scope=COPY)

    assert [each.of for each in verdict.findings if each.finding == "not-ingested"] == [name_of(key)]


def test_unverifiable_digests_of_the_original_are_checked_with_given_keys(day):
    pages = day.pipeline.cloudtrail.get_paginator.return_value.paginate
    pages.return_value = [{"PublicKeyList": []}]
    close(day)
    keys = PublicKeys(lambda _region: day.pipeline.cloudtrail, given=lambda: read_keys(key_file("eu-west-1")))

    without, with_keys = (day.verify(scope=COPY, rechecks=rechecks, public_keys=keys) for rechecks in (False, True))

    assert {each.finding for each in without.findings} >= {"unverifiable", "gap"}
    assert (with_keys.findings, with_keys.verified) == ((), 6)

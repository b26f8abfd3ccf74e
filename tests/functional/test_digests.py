"""The effect on the ledger of a digest that arrives before or after the files that it lists."""

import gzip
from datetime import timedelta
from itertools import permutations

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aitrail.digests import public_keys
from aitrail.digests import reconciliation as reconciling
from aitrail.dynamodb import OutOfTimeError
from aitrail.ledger import ACCOUNT, CHAINS, NO_DIGESTS
from tests.functional.day import log_key, name_of
from tests.shared.signed_digests import FINGERPRINT, at, digest

BUCKET = "example-trail-logs"
HOUR = timedelta(hours=1)


@pytest.fixture
def trusted(pipeline):
    """The pipeline with the tests' public key as CloudTrail's, and the clock at 10:30."""
    pipeline.trust()
    pipeline.clock.now = at("10:30")
    return pipeline


@pytest.fixture
def content(packed, record):
    """The uncompressed content of a log file with one record, made with a number, and the object's body."""

    def content(number):
        body = packed(record(number))
        return gzip.decompress(body), body

    return content


def put(pipeline, signed):
    return pipeline.deliver(signed.body, signed.key, Metadata=signed.metadata)


def entries(pipeline):
    """The entries of log files and digests by key and kind of entry."""
    others = (ACCOUNT, CHAINS, NO_DIGESTS)
    found = [each for each in pipeline._items(pipeline.files_name) if each["entry"] not in others]
    return {(each["logFile"].removeprefix(f"s3://{BUCKET}/"), each["entry"]): each for each in found}


def problems(pipeline):
    return {key: entry["problem"] for (key, _), entry in entries(pipeline).items() if "problem" in entry}


def test_digest_becomes_an_entry_with_what_it_covers(trusted):
    first = digest(at("09:00"), bucket=BUCKET)
    second = digest(at("10:00"), bucket=BUCKET, previous=first)
    trusted.ingest(put(trusted, first))

    reported = trusted.ingest(put(trusted, second))

    assert (reported.status, reported.metrics) == ("digest verified", {"DigestFiles": 1, "VerifiedDigests": 1})
    entry = entries(trusted)[second.key, "digest"]
    assert entry == {
        "logFile": name_of(second.key),
        "entry": "digest",
        "status": "verified",
        "etag": entry["etag"],
        "bytes": len(second.content),
        "sha256": second.sha256,
        "account": "111122223333",
        "region": "eu-west-1",
        "deliveredAt": "2026-03-14T10:00:00Z",
        "deliveryDay": "2026-03-14",
        "storedAt": "2026-03-14T09:26:00Z",
        "ingestedAt": "2026-03-14T10:30:00Z",
        "digestStart": "2026-03-14T09:00:00Z",
        "digestEnd": "2026-03-14T10:00:00Z",
        "logFiles": 0,
        "listed": 0,
        "follows": "2026-03-14T09:00:00Z",
    }
    assert entries(trusted)[first.key, "digest"]["verifiedBy"] == name_of(second.key)


def test_log_file_that_came_before_its_digest_is_verified_by_one_write(trusted, content, wire):
    text, body = content(1)
    first = digest(at("09:00"), bucket=BUCKET)
    trusted.ingest(put(trusted, first))
    trusted.ingest(trusted.deliver(body, log_key("0930")))
    signed = digest(at("10:00"), [(log_key("0930"), text)], bucket=BUCKET, previous=first)
    delivery = put(trusted, signed)
    wire.calls.clear()

    reported = trusted.ingest(delivery)

    assert reported.metrics == {"DigestFiles": 1, "VerifiedDigests": 1, "VerifiedFiles": 1}
    entry = entries(trusted)[log_key("0930"), "file"]
    assert entry["verifiedBy"] == name_of(signed.key)
    assert "problem" not in entry
    # The entries of the file, of the digest, and of the digest before; and, with the first of an hour, of the account.
    assert wire.operations().count("UpdateItem") == 4


def test_log_file_that_comes_after_its_digest_is_awaited_and_then_verified(trusted, content):
    text, body = content(1)
    signed = digest(at("10:00"), [(log_key("0930"), text)], bucket=BUCKET)

    before = trusted.ingest(put(trusted, signed))
    awaited = entries(trusted)[log_key("0930"), "file"]
    after = trusted.ingest(trusted.deliver(body, log_key("0930")))

    assert before.metrics["AwaitedFiles"] == 1
    assert awaited == {
        "logFile": name_of(log_key("0930")),
        "entry": "file",
        "problem": "awaited",
        "expectedSha256": awaited["expectedSha256"],
        "listedBy": name_of(signed.key),
        "listedAt": "2026-03-14T10:30:00Z",
        "account": "111122223333",
        "region": "eu-west-1",
        "deliveredAt": "2026-03-14T09:30:00Z",
        "deliveryDay": "2026-03-14",
    }
    assert after.metrics["VerifiedFiles"] == 1
    entry = entries(trusted)[log_key("0930"), "file"]
    assert (entry["verifiedBy"], entry["sha256"]) == (name_of(signed.key), awaited["expectedSha256"])
    assert entry.keys().isdisjoint({"problem", "listedBy", "listedAt"})


@pytest.mark.parametrize("file_first", [True, False])
def test_log_file_that_is_not_as_the_digest_says_is_tampered(trusted, content, file_first):
    _, body = content(1)
    signed = digest(at("10:00"), [(log_key("0930"), content(2)[0])], bucket=BUCKET)
    deliveries = [trusted.deliver(body, log_key("0930")), put(trusted, signed)]

    reported = [trusted.ingest(delivery) for delivery in (deliveries if file_first else reversed(deliveries))]

    assert reported[1].metrics["TamperedFiles"] == 1
    entry = entries(trusted)[log_key("0930"), "file"]
    assert (entry["problem"], entry["listedBy"]) == ("tampered", name_of(signed.key))
    assert "verifiedBy" not in entry
    assert trusted.numbers() == [1]


def test_tampered_file_whose_right_content_is_back_stays_in_doubt_since_both_became_rows(trusted, content):
    text, body = content(1)
    trusted.ingest(trusted.deliver(content(2)[1], log_key("0930")))
    trusted.ingest(put(trusted, digest(at("10:00"), [(log_key("0930"), text)], bucket=BUCKET)))
    assert problems(trusted) == {log_key("0930"): "tampered"}

    reported = trusted.ingest(trusted.deliver(body, log_key("0930")))

    assert (reported.metrics["VerifiedFiles"], reported.metrics["TamperedFiles"]) == (1, 1)
    assert problems(trusted) == {log_key("0930"): "replaced"}
    assert trusted.numbers() == [1, 2]


def test_file_that_was_replaced_before_its_digest_came_is_not_forgotten(trusted, content):
    text, body = content(1)
    for each in (body, content(2)[1], body):
        trusted.ingest(trusted.deliver(each, log_key("0930")))

    trusted.ingest(put(trusted, digest(at("10:00"), [(log_key("0930"), text)], bucket=BUCKET)))

    entry = entries(trusted)[log_key("0930"), "file"]
    assert (entry["problem"], entry["replacedAt"]) == ("replaced", "2026-03-14T10:30:00Z")


def test_older_version_that_is_announced_again_does_not_hide_a_newer_one(trusted, content, wire):
    _, old = content(1)
    first = trusted.deliver(old, log_key("0930"))
    wire.stored = at("09:50")
    trusted.ingest(trusted.deliver(content(2)[1], log_key("0930")))
    wire.stored = at("09:31")
    trusted.deliver(old, log_key("0930"))

    assert trusted.ingest(first).status == "skipped"


def test_rejects_and_proof_do_not_hide_each_other(trusted, packed, record):
    body = packed(record(1), record(2, eventTime=...))
    trusted.ingest(trusted.deliver(body, log_key("0930")))
    signed = digest(at("10:00"), [(log_key("0930"), gzip.decompress(body))], bucket=BUCKET)

    reported = trusted.ingest(put(trusted, signed))

    entry = entries(trusted)[log_key("0930"), "file"]
    assert (entry["problem"], entry["verifiedBy"]) == ("rejects", name_of(signed.key))
    assert reported.metrics["VerifiedFiles"] == 1


def test_kinds_that_are_not_stored_and_other_buckets_are_listed_and_not_awaited(trusted):
    insight = "AWSLogs/111122223333/CloudTrail-Insight/eu-west-1/2026/03/14/1.json.gz"
    elsewhere = {
        "s3Bucket": "another-bucket",
        "s3Object": log_key("0930"),
        "hashValue": "a" * 64,
        "hashAlgorithm": "SHA-256",
    }
    kept = {"s3Bucket": BUCKET, "s3Object": insight, "hashValue": "a" * 64, "hashAlgorithm": "SHA-256"}
    signed = digest(at("10:00"), bucket=BUCKET, logFiles=[elsewhere, kept])

    reported = trusted.ingest(put(trusted, signed))

    assert reported.metrics == {"DigestFiles": 1, "VerifiedDigests": 1}
    assert entries(trusted).keys() == {(signed.key, "digest")}
    assert entries(trusted)[signed.key, "digest"]["logFiles"] == 2


def test_digest_without_a_signature_of_cloudtrail_proves_nothing(trusted, content):
    text, body = content(1)
    trusted.ingest(trusted.deliver(body, log_key("0930")))
    forged = digest(at("10:00"), [(log_key("0930"), text)], bucket=BUCKET, signer=1)

    reported = trusted.ingest(put(trusted, forged))

    assert reported.metrics == {"DigestFiles": 1, "InvalidDigests": 1}
    assert reported.details["reason"] == "its signature is not CloudTrail's"
    assert problems(trusted) == {forged.key: "invalid"}
    assert "verifiedBy" not in entries(trusted)[log_key("0930"), "file"]


def test_invalid_digest_is_verified_once_the_right_one_is_back(trusted):
    right, forged = (digest(at("10:00"), bucket=BUCKET, signer=signer) for signer in (0, 1))
    trusted.ingest(put(trusted, forged))

    trusted.ingest(put(trusted, right))

    assert problems(trusted) == {}
    assert "reason" not in entries(trusted)[right.key, "digest"]


def refuse(pipeline, error):
    pipeline.cloudtrail.get_paginator.return_value.paginate.side_effect = error


def client_error(code, status=400):
    answer = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "ListPublicKeys")


@pytest.mark.parametrize(
    "error",
    [
        client_error("AccessDeniedException"),
        client_error("UnrecognizedClientException"),
        EndpointConnectionError(endpoint_url="https://cloudtrail.xx-none-1.amazonaws.com"),
    ],
    ids=str,
)
def test_digest_of_a_region_that_gives_no_key_is_unverifiable_and_not_invalid(trusted, error):
    refuse(trusted, error)
    signed = digest(at("10:00"), [(log_key("0930"), "a" * 64)], bucket=BUCKET)

    reported = trusted.ingest(put(trusted, signed))

    assert reported.metrics == {"DigestFiles": 1, "UnverifiableDigests": 1}
    assert problems(trusted) == {signed.key: "unverifiable"}
    assert "CloudTrail in eu-west-1" in reported.details["reason"]


def test_digest_of_an_unknown_key_is_unverifiable(trusted):
    signed = digest(at("10:00"), bucket=BUCKET, digestPublicKeyFingerprint="0" * 32)

    reported = trusted.ingest(put(trusted, signed))

    assert "has no public key '0000" in reported.details["reason"]
    assert problems(trusted) == {signed.key: "unverifiable"}


ENDPOINT = {"endpoint_url": "https://cloudtrail.eu-west-1.amazonaws.com"}


@pytest.mark.parametrize(
    "error",
    [
        client_error("ThrottlingException"),
        client_error("InternalError", 500),
        ConnectTimeoutError(**ENDPOINT),
        ReadTimeoutError(**ENDPOINT),
        ConnectionClosedError(**ENDPOINT),
    ],
    ids=str,
)
def test_digest_whose_key_is_only_late_comes_again(trusted, error):
    refuse(trusted, error)
    delivery = put(trusted, digest(at("10:00"), bucket=BUCKET))

    with pytest.raises(type(error)):
        trusted.ingest(delivery)

    assert entries(trusted) == {}


def test_unverifiable_digest_is_verified_when_it_is_announced_again(trusted):
    refuse(trusted, client_error("AccessDeniedException"))
    delivery = put(trusted, digest(at("10:00"), bucket=BUCKET))
    trusted.ingest(delivery)
    refuse(trusted, None)
    trusted.clock.now += timedelta(minutes=6)

    trusted.ingest(delivery)

    assert problems(trusted) == {}


def test_key_is_asked_for_once_and_a_refusal_holds_for_five_minutes(trusted):
    asked = trusted.cloudtrail.get_paginator.return_value.paginate
    for end in ("09:00", "10:00"):
        trusted.ingest(put(trusted, digest(at(end), bucket=BUCKET)))
    assert asked.call_count == 1
    assert asked.call_args.kwargs == {"StartTime": at("08:00"), "EndTime": at("11:00")}

    keys = public_keys.PublicKeys(lambda _region: trusted.cloudtrail, clock=trusted.clock.given)
    refuse(trusted, client_error("AccessDeniedException"))
    for minutes in (0, 4, 2):
        trusted.clock.now += timedelta(minutes=minutes)
        with pytest.raises(public_keys.UnavailableKey, match="does not return its public keys"):
            keys.get("eu-west-1", FINGERPRINT, at("09:00"), at("10:00"))

    assert asked.call_count == 3


def test_keys_of_a_backfill_digest_are_those_of_its_generation(trusted):
    signed = digest(at("09:00"), bucket=BUCKET, where={"suffix": "_backfill"})
    metadata = signed.metadata | {"backfill-generation-timestamp": "2026-03-20T12:00:00Z"}

    reported = trusted.ingest(trusted.deliver(signed.body, signed.key, Metadata=metadata))

    assert reported.metrics == {"DigestFiles": 1, "VerifiedDigests": 1}
    asked = trusted.cloudtrail.get_paginator.return_value.paginate.call_args.kwargs
    assert (asked["StartTime"], asked["EndTime"]) == (
        at("11:00") + 6 * timedelta(days=1),
        at("15:00") + 6 * timedelta(days=1),
    )


def test_digest_that_was_copied_from_another_bucket_is_invalid(trusted):
    signed = digest(at("10:00"), bucket="another-bucket")

    reported = trusted.ingest(put(trusted, signed))

    assert "has been moved or copied" in reported.details["reason"]


def test_digest_before_that_has_not_come_is_awaited(trusted):
    first, second = (digest(at("09:00"), bucket=BUCKET), None)
    second = digest(at("10:00"), bucket=BUCKET, previous=first)

    trusted.ingest(put(trusted, second))
    awaited = entries(trusted)[first.key, "digest"]
    trusted.ingest(put(trusted, first))

    assert (awaited["problem"], awaited["listedAt"]) == ("awaited", "2026-03-14T10:30:00Z")
    assert problems(trusted) == {}
    assert entries(trusted)[first.key, "digest"]["verifiedBy"] == name_of(second.key)


@pytest.mark.parametrize("first_comes_first", [True, False])
def test_digest_that_is_not_the_one_that_the_next_follows_breaks_the_chain(trusted, first_comes_first):
    first, other = (digest(at("09:00"), files, bucket=BUCKET) for files in ([], [(log_key("0830"), "a" * 64)]))
    second = digest(at("10:00"), bucket=BUCKET, previous=first)
    deliveries = [put(trusted, other), put(trusted, second)]

    reported = [trusted.ingest(each) for each in (deliveries if first_comes_first else reversed(deliveries))]

    assert reported[1].metrics["BrokenChains"] == 1
    assert problems(trusted)[first.key] == "tampered"


def test_chain_that_begins_anew_is_broken(trusted):
    first, later = digest(at("07:00"), bucket=BUCKET), digest(at("10:00"), bucket=BUCKET)
    trusted.ingest(put(trusted, first))

    reported = trusted.ingest(put(trusted, later))

    assert reported.metrics["BrokenChains"] == 1
    assert problems(trusted) == {later.key: "broken"}
    assert entries(trusted)[later.key, "digest"]["broken"] == (
        "a new chain begins at 2026-03-14T09:00:00Z, although the trail had digests before"
    )


def test_chain_of_another_trail_or_region_begins_by_itself(trusted):
    trusted.ingest(put(trusted, digest(at("09:00"), bucket=BUCKET)))

    for where in ({"trail": "second"}, {"region": "us-east-1"}):
        trusted.ingest(put(trusted, digest(at("10:00"), bucket=BUCKET, where=where)))

    assert problems(trusted) == {}


def test_hours_between_a_digest_and_the_one_before_break_the_chain(trusted):
    first = digest(at("07:00"), bucket=BUCKET)
    second = digest(at("10:00"), bucket=BUCKET, previous=first)
    trusted.ingest(put(trusted, first))

    trusted.ingest(put(trusted, second))

    assert entries(trusted)[second.key, "digest"]["broken"] == (
        "no digest covers the time from 2026-03-14T07:00:00Z to 2026-03-14T09:00:00Z"
    )


def test_digest_that_is_gone_is_missing_and_counted_as_such(trusted):
    gone = put(trusted, digest(at("10:00"), bucket=BUCKET))
    body = trusted.announce(gone)
    trusted.delete(gone)

    assert trusted.process(body) == [("digest missing", {"DigestFiles": 1, "MissingDigests": 1})]
    assert problems(trusted) == {gone.key: "missing"}


def test_digest_that_is_done_costs_one_read_and_another_look_for_files_without_digests(trusted, wire):
    delivery = put(trusted, digest(at("10:00"), bucket=BUCKET))
    trusted.ingest(delivery)
    wire.calls.clear()

    assert trusted.ingest(delivery).status == "skipped"

    assert wire.operations() == ["GetItem", "GetItem", "Query", "Query", "Query", "GetItem"]


def test_digest_for_which_there_is_no_time_comes_again(trusted):
    delivery = put(trusted, digest(at("10:00"), [(log_key("0930"), "a" * 64)], bucket=BUCKET))
    left = iter([1, 0])

    with pytest.raises(OutOfTimeError):
        trusted.ingestion.ingest(delivery, time_left=lambda: next(left, 0))

    assert entries(trusted) == {}


def test_digest_that_lists_very_many_files_is_left_at_once_when_the_time_is_up(trusted, wire, monkeypatch):
    looked_at = []
    attributes_of_key = reconciling.attributes_of_key
    monkeypatch.setattr(reconciling, "attributes_of_key", lambda key: looked_at.append(key) or attributes_of_key(key))
    files = [(log_key("0930", number), "a" * 64) for number in range(3000)]
    delivery = put(trusted, digest(at("10:00"), files, bucket=BUCKET))
    left = iter([1, 1])
    wire.calls.clear()

    with pytest.raises(OutOfTimeError):
        trusted.ingestion.ingest(delivery, time_left=lambda: next(left, 0))

    assert wire.operations() == ["GetItem", "GetObject", "UpdateItem", "UpdateItem"]
    assert len(looked_at) <= 16


def test_entries_that_a_digest_makes_expire_like_others(trusted, monkeypatch):
    monkeypatch.setattr(
        type(trusted.ingestion.reconciliation), "expires_at", lambda _self: 1_800_000_000, raising=False
    )
    signed = digest(at("10:00"), [(log_key("0930"), "a" * 64)], bucket=BUCKET)

    trusted.ingest(put(trusted, signed))

    assert entries(trusted)[log_key("0930"), "file"]["expiresAt"] == 1_800_000_000


def settled_ledger(pipeline):
    """The content of the ledger, without the times that depend on the order.

    Whether a log file arrives before any digest depends on the order as well.
    """
    return {
        (entry["logFile"], entry["entry"]): {key: value for key, value in entry.items() if key != "ingestedAt"}
        for entry in pipeline._items(pipeline.files_name)
        if entry["entry"] != NO_DIGESTS
    }


@pytest.mark.slow
def test_any_order_of_digests_and_files_ends_in_the_same_ledger(new_pipeline, content):
    texts = {time: content(number) for number, time in enumerate(("0830", "0930"))}
    first = digest(at("09:00"), [(log_key("0830"), texts["0830"][0])], bucket=BUCKET)
    listed = [(log_key("0930"), texts["0930"][0]), (log_key("0940"), "b" * 64)]
    second = digest(at("10:00"), listed, bucket=BUCKET, previous=first)
    results = []

    for order in permutations(range(4)):
        pipeline = new_pipeline()
        pipeline.trust()
        pipeline.clock.now = at("10:30")
        deliveries = [
            put(pipeline, first),
            put(pipeline, second),
            *(pipeline.deliver(body, log_key(time)) for time, (_, body) in texts.items()),
        ]
        for number in order:
            pipeline.ingest(deliveries[number])
        results.append(settled_ledger(pipeline))

    assert all(result == results[0] for result in results)
    assert {key: entry["problem"] for (key, _), entry in results[0].items() if "problem" in entry} == {
        name_of(log_key("0940")): "awaited"
    }


@pytest.mark.slow
@settings(deadline=None, max_examples=25, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_two_workers_at_once_on_a_file_and_its_digest_agree_with_one_after_the_other(new_pipeline, content, data):
    """The digest is ingested during any call for the log file, or the log file during any call for the digest."""
    text, body = content(1)
    is_same = data.draw(st.booleans())
    signed = digest(at("10:00"), [(log_key("0930"), text if is_same else "c" * 64)], bucket=BUCKET)
    pipeline = new_pipeline()
    pipeline.trust()
    pipeline.clock.now = at("10:30")
    pair = [pipeline.deliver(body, log_key("0930")), put(pipeline, signed)]
    outer, inner = pair if data.draw(st.booleans()) else reversed(pair)
    moment = data.draw(st.integers(0, 6))
    calls = []

    def interrupt(**_):
        calls.append(None)
        if len(calls) == moment + 1:
            pipeline.ingest(inner)

    for client in (pipeline.dynamodb, pipeline.s3):
        client.meta.events.register("before-parameter-build", interrupt, unique_id=f"interrupt-{id(calls)}")
    try:
        pipeline.ingest(outer)
        pipeline.ingest(inner)
    finally:
        for client in (pipeline.dynamodb, pipeline.s3):
            client.meta.events.unregister("before-parameter-build", unique_id=f"interrupt-{id(calls)}")

    entry = entries(pipeline)[log_key("0930"), "file"]
    assert entry.get("problem") == (None if is_same else "tampered")
    assert entry.get("verifiedBy") == (name_of(signed.key) if is_same else None)


def test_digest_that_is_replaced_by_one_with_an_invented_public_key_is_invalid(pipeline):
    pipeline.trust()
    genuine, forged = (
        digest(at("09:00"), bucket=BUCKET),
        digest(at("09:00"), bucket=BUCKET, digestPublicKeyFingerprint="0" * 32),
    )
    pipeline.ingest(put(pipeline, genuine))

    outcome = pipeline.ingest(put(pipeline, forged))

    assert (outcome.status, outcome.metrics["InvalidDigests"]) == ("digest invalid", 1)
    assert pipeline.files()["digest"]["problem"] == "invalid"

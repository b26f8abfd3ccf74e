"""Messages that anyone who may send to a queue can write: they make the function look, and harm nothing."""

import json
from dataclasses import replace
from datetime import timedelta
from itertools import count
from urllib.parse import quote_plus

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from aitrail.deliveries import Delivery, UnknownNotification
from aitrail.ledger import entry_kind
from tests.functional.conftest import BUCKET, FOLDER
from tests.shared.fuzzing import law

numbers = count()
NEVER = "3HL4kqtJvjVBH40Nrjfkd3HL4kqtJvjV"


def versioned(pipeline):
    pipeline.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})


def key(name):
    return f"{FOLDER}/111122223333_CloudTrail_eu-west-1_20260314T0925Z_{name}.json.gz"


def digest_key(name):
    folder = FOLDER.replace("CloudTrail", "CloudTrail-Digest")
    return f"{folder}/111122223333_CloudTrail-Digest_eu-west-1_{name}_eu-west-1_20260314T100000Z.json.gz"


def s3_event(key, **facts):
    s3 = {"bucket": {"name": BUCKET}, "object": {"key": quote_plus(key), **facts}}
    record = {"eventSource": "aws:s3", "eventVersion": "2.1", "eventName": "ObjectCreated:Put", "s3": s3, "force": True}
    return json.dumps({"Records": [record], "force": True})


def eventbridge_event(key, **facts):
    facts = {{"versionId": "version-id", "eTag": "etag"}.get(name, name): fact for name, fact in facts.items()}
    detail = {"bucket": {"name": BUCKET}, "object": {"key": key, **facts}}
    return json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": detail, "force": True})


def own(key, **facts):
    return json.dumps({"s3Bucket": BUCKET, "s3ObjectKey": [key], **facts})


def entry(pipeline, key):
    return pipeline.ledger.entry(f"s3://{BUCKET}/{key}", entry_kind(key), consistent=True)


@pytest.mark.parametrize("version", [NEVER, "null", "no version at all"])
@pytest.mark.parametrize("is_gone", [False, True])
def test_version_that_does_not_exist_changes_nothing_about_a_file_that_is_read(
    pipeline, packed, record, version, is_gone
):
    versioned(pipeline)
    delivery = pipeline.deliver(packed(record(1)))
    pipeline.ingest(delivery)
    before = pipeline.files()
    if is_gone:
        pipeline.delete(delivery)

    report = pipeline.process(s3_event(delivery.key, versionId=version, eTag="forged"))

    assert report == [("skipped", {"SkippedFiles": 1})]
    assert pipeline.files() == before


@pytest.mark.parametrize("refusal", [None, "InvalidArgument", "MethodNotAllowed"])
def test_version_that_does_not_exist_leads_to_the_current_one(pipeline, packed, record, monkeypatch, refusal):
    versioned(pipeline)
    delivery = pipeline.deliver(packed(record(1)))
    get_object = pipeline.s3.get_object

    def refusing(**parameters):
        if refusal and parameters.get("VersionId") == NEVER:
            raise ClientError({"Error": {"Code": refusal}}, "GetObject")
        return get_object(**parameters)

    monkeypatch.setattr(pipeline.s3, "get_object", refusing)

    report = pipeline.process(s3_event(delivery.key, versionId=NEVER, eTag="forged"))

    assert [status for status, _ in report] == ["ingested"]
    assert pipeline.files()["file"]["versionId"] == delivery.version_id


@pytest.mark.parametrize("stored", [0, 1, 60])
def test_older_version_is_not_read_whatever_the_message_asks_for(pipeline, packed, record, wire, stored):
    versioned(pipeline)
    first = pipeline.deliver(packed(record(1)))
    second = pipeline.deliver(packed(record(2)))
    wire.stored += timedelta(seconds=stored)
    pipeline.ingest(second)
    before = pipeline.files()

    for body in (
        s3_event(first.key, versionId=first.version_id, eTag=first.etag, force=True),
        eventbridge_event(first.key, versionId=first.version_id, force=True),
    ):
        assert pipeline.process(body) == [("skipped", {"SkippedFiles": 1})]

    assert pipeline.files() == before


@pytest.mark.parametrize("recorded_with", [None, "0-0123456789ab"])
def test_file_that_is_archived_or_deleted_after_it_was_read_stays_read(pipeline, packed, record, recorded_with):
    body = packed(record(1))
    delivery = pipeline.deliver(body)
    pipeline.ingest(delivery)
    if recorded_with:
        pipeline.ledger.note(delivery.log_file, "file", recordedWith=recorded_with)
    before, forged = pipeline.files(), s3_event(delivery.key, eTag="forged")

    pipeline.deliver(body, StorageClass="GLACIER")
    archived = pipeline.process(forged)
    pipeline.delete(delivery)
    deleted = pipeline.process(forged)

    assert archived == deleted == [("skipped", {"SkippedFiles": 1})]
    assert pipeline.files() == before


def test_objects_that_never_were_are_counted_and_make_no_entry(pipeline):
    keys = [*(key(number) for number in range(20)), *(digest_key(number) for number in range(5))]
    body = json.dumps({"s3Bucket": BUCKET, "s3ObjectKey": keys, "force": True})

    reports = [pipeline.process(body), pipeline.process(body, is_backfill=True)]
    reports.append([pipeline.process(s3_event(each, versionId=NEVER, force=True))[0] for each in keys])

    assert reports == [[("unknown object", {"UnknownObjects": 1})] * 25] * 3
    assert pipeline.files() == {}


@pytest.mark.parametrize("make", [key, digest_key])
def test_object_that_was_deleted_before_it_was_read_is_missing(pipeline, make):
    delivery = pipeline.deliver(b"", make("a"))
    pipeline.delete(delivery)

    pipeline.process(pipeline.announce(delivery))

    assert entry(pipeline, delivery.key)["problem"] == "missing"


@pytest.mark.parametrize("earlier", [{"expectedSha256": "a" * 64}, {"status": "unreadable"}, {"status": "archived"}])
def test_object_that_the_ledger_knows_and_that_is_gone_is_missing(pipeline, earlier):
    pipeline.ledger.note(f"s3://{BUCKET}/{key('a')}", "file", **earlier)

    reports = pipeline.process(s3_event(key("a")))

    assert reports == [("missing", {"MissingFiles": 1})]
    assert entry(pipeline, key("a"))["problem"] == "missing"


def test_rest_of_a_review_is_unknown_unless_it_comes_through_the_backfill_queue(pipeline):
    body = json.dumps({"review": {"problem": "unproven", "after": ""}})

    with pytest.raises(UnknownNotification):
        pipeline.process(body)

    assert pipeline.process(body, is_backfill=True) == [("reviewed", {})]


# What a message says of an object; each number selects a version that exists.
VERSIONS = st.integers(0, 5) | st.sampled_from([None, NEVER, "null", "?"])
ETAGS = st.sampled_from([None, "its own", "another's", "forged", "forged", "forged"])
MESSAGES = st.tuples(
    st.just("message"),
    st.integers(0, 3),  # two objects, and two that never were
    VERSIONS,
    ETAGS,
    st.sampled_from([s3_event, eventbridge_event, own]),
    st.booleans(),  # force
    st.integers(1, 2),  # times
)
CHANGES = st.tuples(st.sampled_from(["put", "put", "put junk", "archive", "delete"]), st.integers(0, 1))


class Objects:
    """Two objects of a versioned bucket with their versions, and two keys that never had an object."""

    def __init__(self, pipeline, wire, packed, record):
        self.pipeline, self.wire, self.packed, self.record = pipeline, wire, packed, record
        versioned(pipeline)
        self.keys = [key(f"{next(numbers)}") for _ in range(2)] + [key(f"never{next(numbers)}"), digest_key("never")]
        self.versions = {each: [] for each in self.keys}
        self.current = dict.fromkeys(self.keys)
        for at in range(2):
            self.change("put", at)
            pipeline.process(pipeline.announce(*self.versions[self.keys[at]]))

    def change(self, what, at):
        name = self.keys[at]
        self.wire.stored += timedelta(seconds=1)
        if what == "delete":
            self.pipeline.s3.delete_object(Bucket=BUCKET, Key=name)
            self.current[name] = None
            return
        body = b"junk %d" % next(numbers) if what == "put junk" else self.packed(self.record(next(numbers)))
        options = {"StorageClass": "GLACIER"} if what == "archive" else {}
        delivery = self.pipeline.deliver(body, name, **options)
        self.versions[name].append(delivery)
        self.wire.stored_versions[delivery.version_id] = self.wire.stored
        self.current[name] = delivery.etag

    def message(self, at, version, etag, envelope, force):
        name = self.keys[at]
        versions = self.versions[name] or [Delivery(bucket=BUCKET, key=name, version_id="v", etag="e")]
        exists = isinstance(version, int)
        said = versions[version % len(versions)] if exists else replace(versions[0], version_id=version)
        etags = {None: None, "its own": said.etag, "another's": versions[0].etag, "forged": "forged"}
        facts = {"versionId": said.version_id, "eTag": etags[etag], "force": force}
        return envelope(name, **facts)

    def entries(self):
        return {each: entry(self.pipeline, each) for each in self.keys}


@law(25, costs=20, shrinks=False)
@given(steps=st.lists(MESSAGES | CHANGES, min_size=10, max_size=20))
def test_no_message_makes_an_entry_worse_or_an_entry_of_nothing(pipeline, wire, packed, record, steps):
    objects = Objects(pipeline, wire, packed, record)

    for what, *details in steps:
        if what != "message":
            objects.change(what, *details)
            continue
        *said, times = details
        body, before = objects.message(*said), objects.entries()
        pipeline.clock.now += timedelta(minutes=1)
        for _ in range(times):
            pipeline.process(body)
        for name, after in objects.entries().items():
            was = before[name] or {}
            if not objects.versions[name]:
                assert after is None
            elif was.get("status") == "ingested" and after != was:
                # Another object is there now; otherwise, nothing is even read again.
                assert after["etag"] == objects.current[name] != was["etag"]

"""An object that is deleted after it was read is noted, whatever the order of the messages, and nothing else is."""

import json
from datetime import timedelta
from itertools import permutations
from math import inf

import pytest

from aitrail.deliveries import Delivery
from aitrail.ingest.fetching import AccessRefusedError
from aitrail.ledger import FileEntry
from aitrail.window import parse_time
from tests.functional.day import BUCKET
from tests.shared.signed_digests import at, digest

NOW = "2026-03-14T09:30:00Z"
LATER = "2026-03-14T18:00:00Z"


@pytest.fixture
def versioned(pipeline):
    pipeline.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return pipeline


@pytest.fixture
def ingested(versioned, packed, record):
    """A log file that has been ingested."""
    delivery = versioned.deliver(packed(record(1)))
    versioned.ingest(delivery)
    return delivery


def delete(pipeline, delivery, **version):
    return pipeline.s3.delete_object(Bucket=BUCKET, Key=delivery.key, **version)


def removal(delivery):
    return Delivery(bucket=BUCKET, key=delivery.key, removed=True)


def entry_of(pipeline):
    return pipeline.files()["file"]


def problem(pipeline):
    return entry_of(pipeline).get("problem")


def test_ingested_file_that_is_deleted_is_removed_and_counted_once(versioned, ingested):
    before = entry_of(versioned)
    delete(versioned, ingested)

    first, second = (versioned.ingest(removal(ingested)) for _ in range(2))

    assert (first.status, first.metrics) == ("removed", {"RemovedFiles": 1})
    assert (second.status, second.metrics) == ("removed", {"SkippedFiles": 1})
    assert entry_of(versioned) == before | {"removedAt": NOW, "problem": "removed"}
    assert versioned.numbers() == [1]


def test_file_of_a_bucket_without_versions_is_removed(pipeline, packed, record):
    delivery = pipeline.deliver(packed(record(1)))
    pipeline.ingest(delivery)
    delete(pipeline, delivery)

    pipeline.ingest(removal(delivery))

    assert problem(pipeline) == "removed"


def test_digest_that_is_deleted_is_removed(versioned):
    versioned.trust()
    signed = digest(at("10:00"), bucket=BUCKET)
    delivery = versioned.deliver(signed.body, signed.key, Metadata=signed.metadata)
    versioned.ingest(delivery)
    delete(versioned, delivery)

    assert versioned.ingest(removal(delivery)).metrics == {"RemovedFiles": 1}

    assert versioned.files()["digest"]["problem"] == "removed"


def test_message_alone_changes_nothing(versioned, ingested, wire):
    before = entry_of(versioned)
    wire.calls.clear()

    result = versioned.ingest(removal(ingested))

    assert (result.status, result.metrics) == ("not removed", {"SkippedFiles": 1})
    assert wire.operations() == ["GetItem", "HeadObject"]
    assert entry_of(versioned) == before


def test_version_that_is_no_longer_the_object_may_go(versioned, packed, record):
    first = versioned.deliver(packed(record(1)))
    versioned.ingest(first)
    versioned.ingest(versioned.deliver(packed(record(1))))
    before = entry_of(versioned)
    delete(versioned, first, VersionId=first.version_id)

    assert versioned.ingest(removal(first)).status == "not removed"

    assert entry_of(versioned) == before


def test_file_behind_which_an_older_one_appears_is_removed(versioned, wire, packed, record):
    versioned.deliver(packed(record(1)))  # never announced
    wire.stored += timedelta(hours=1)
    newer = versioned.deliver(packed(record(2)))
    versioned.ingest(newer)
    delete(versioned, newer, VersionId=newer.version_id)
    wire.stored -= timedelta(hours=1)

    assert versioned.ingest(removal(newer)).status == "removed"


def test_object_that_was_never_read_is_left_to_its_digest(versioned, packed, record):
    delivery = versioned.deliver(packed(record(1)))
    delete(versioned, delivery)

    assert versioned.ingest(removal(delivery)).metrics == {"SkippedFiles": 1}

    assert versioned.files() == {}


def test_listed_object_that_was_never_read_stays_awaited(versioned, packed, record):
    delivery = versioned.deliver(packed(record(1)))
    versioned.trust()
    signed = digest(at("10:00"), bucket=BUCKET, files=[(delivery.key, b"content")])
    versioned.ingest(versioned.deliver(signed.body, signed.key, Metadata=signed.metadata))
    delete(versioned, delivery)

    versioned.ingest(removal(delivery))

    assert problem(versioned) == "awaited"


def test_object_that_is_known_to_be_missing_stays_missing(versioned, ingested):
    gone = Delivery(bucket=BUCKET, key=ingested.key.replace("0925Z", "0926Z"))
    entry = FileEntry(log_file=gone.log_file, status="missing", delivery_day="2026-03-14")
    versioned.ledger.record(entry)

    versioned.ingest(removal(gone))

    assert versioned.ledger.entry(gone.log_file)["problem"] == "missing"
    assert "removedAt" not in versioned.ledger.entry(gone.log_file)


@pytest.mark.parametrize("restored_by", ["a copy", "removing the delete marker"])
def test_file_that_is_restored_is_no_longer_removed(versioned, ingested, packed, record, restored_by):
    before = entry_of(versioned)
    marker = delete(versioned, ingested)["VersionId"]
    versioned.ingest(removal(ingested))

    if restored_by == "a copy":
        result = versioned.ingest(versioned.deliver(packed(record(1))))
    else:
        delete(versioned, ingested, VersionId=marker)
        result = versioned.ingest(removal(ingested))

    after = entry_of(versioned)
    assert result.status in ("ingested", "not removed")
    assert after | {"versionId": before["versionId"]} == before


def test_file_that_is_restored_with_other_content_is_replaced(versioned, ingested, packed, record):
    delete(versioned, ingested)
    versioned.ingest(removal(ingested))

    versioned.ingest(versioned.deliver(packed(record(2))))

    assert problem(versioned) == "replaced"
    assert "removedAt" not in entry_of(versioned)


@pytest.mark.parametrize("is_first", [True, False])
def test_file_that_is_overwritten_is_replaced_and_not_removed(versioned, ingested, packed, record, is_first):
    other = versioned.deliver(packed(record(2)))
    delete(versioned, ingested, VersionId=ingested.version_id)

    messages = [removal(ingested), other] if is_first else [other, removal(ingested)]
    metrics = [versioned.ingest(message).metrics for message in messages]

    assert problem(versioned) == "replaced"
    assert "removedAt" not in entry_of(versioned)
    assert not any("RemovedFiles" in counts for counts in metrics)


HISTORIES = {
    "removed": ["put", "delete"],
    "restored": ["put", "delete", "put"],
    "removed again": ["put", "delete", "put", "delete"],
    "unmarked": ["put", "delete", "unmark"],
    "version removed": ["put", "put", "delete first"],
}


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
def test_any_order_and_duplication_of_messages_gives_the_same_entry(new_pipeline, s3, packed, record, history):
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    messages = live(new_pipeline(), history, packed(record(1)))

    ends = set()
    for order in permutations(range(len(messages))):
        for again in (None, *(range(len(messages)) if len(messages) < 4 else ())):
            pipeline = new_pipeline()
            for number in (*order, *([] if again is None else [again])):
                pipeline.ingest(messages[number])
            entry = entry_of(pipeline)
            # Which of two equal versions was read last does not matter.
            ends.add(json.dumps({name: entry[name] for name in entry if name != "versionId"}, sort_keys=True))

    (end,) = ends
    assert json.loads(end).get("problem") == ("removed" if history[-1] == "delete" else None)


def live(pipeline, history, content):
    """Changes the bucket, and returns the messages about that."""
    messages, versions, marker = [], [], None
    for event in history:
        if event == "put":
            messages.append(pipeline.deliver(content))
            versions.append(messages[-1].version_id)
            continue
        version = {"unmark": marker, "delete first": versions[0]}.get(event)
        options = {"VersionId": version} if version else {}
        marker = delete(pipeline, messages[0], **options).get("VersionId")
        messages.append(removal(messages[0]))
    return messages


def test_crash_anywhere_while_a_removal_is_noted_is_mended_by_the_next_attempt(new_pipeline, s3, packed, record, wire):
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    ends, crashes = [], 0
    for requests in range(10):
        pipeline = new_pipeline()
        delivery = pipeline.deliver(packed(record(1)))
        pipeline.ingest(delivery)
        delete(pipeline, delivery)

        wire.fuse = requests
        try:
            pipeline.ingest(removal(delivery))
        except SystemExit:
            crashes += 1
        wire.fuse = inf
        pipeline.ingest(removal(delivery))

        entry = entry_of(pipeline)
        ends.append({name: entry[name] for name in entry if name != "versionId"})

    assert 4 <= crashes < len(ends)  # reading the entry, looking, reading it again, noting, looking again
    assert ends == [ends[0]] * len(ends)
    assert ends[0]["problem"] == "removed"


@pytest.mark.parametrize("is_there", [True, False])
def test_removal_in_the_same_batch_as_its_delivery_is_seen(versioned, packed, record, is_there):
    delivery = versioned.deliver(packed(record(1)))
    if not is_there:
        delete(versioned, delivery)
    key = delivery.key
    s3 = {"bucket": {"name": BUCKET}, "object": {"key": key}}
    removed = {"eventSource": "aws:s3", "eventVersion": "2.1", "eventName": "ObjectRemoved:Delete", "s3": s3}
    bodies = [json.dumps({"Records": [removed]}), versioned.announce(delivery)]

    for first, second in (bodies, reversed(bodies)):
        with versioned.ingestion.reading_ahead([first, second]):
            for body in (first, second):
                versioned.process(body)

    assert problem(versioned) == (None if is_there else "removed")


class Meanwhile:
    """S3 as a client sees it, with something that happens just after a look for an object."""

    def __init__(self, s3, happens, looks=1):
        self._s3, self._happens, self._looks = s3, happens, looks

    def __getattr__(self, name):
        return getattr(self._s3, name)

    def head_object(self, **place):
        try:
            return self._s3.head_object(**place)
        finally:
            self._looks -= 1
            if self._looks == 0:
                self._happens()


def test_file_that_is_restored_while_its_removal_is_noted_is_not_removed(versioned, ingested, packed, record):
    delete(versioned, ingested)

    def restored():
        # The message about it comes before the removal is noted: there is nothing to do.
        assert versioned.ingest(versioned.deliver(packed(record(1)))).status == "skipped"

    versioned.ingestion.s3 = Meanwhile(versioned.s3, restored)
    result = versioned.ingest(removal(ingested))

    assert (result.status, problem(versioned)) == ("not removed", None)


@pytest.mark.parametrize("is_replaced", [True, False])
def test_removal_that_is_noted_while_the_file_is_read_again_is_kept(versioned, ingested, monkeypatch, is_replaced):
    if is_replaced:  # a more severe problem, which stays the same
        versioned.ingest(versioned.deliver(b"other"))
    fetched = versioned.ingestion._fetcher.fetch

    def fetch(_fetcher, delivery):
        found = fetched(delivery)
        delete(versioned, ingested)
        versioned.ingest(removal(ingested))
        return found

    with monkeypatch.context() as patch:
        patch.setattr("aitrail.ingest.fetching.Fetcher.fetch", fetch)
        versioned.ingest(Delivery(bucket=BUCKET, key=ingested.key, force=True))

    assert entry_of(versioned)["removedAt"] == NOW


def test_access_that_is_denied_fails_the_message(versioned, ingested, wire):
    wire.answer("HeadObject", 403, b"")

    with pytest.raises(AccessRefusedError):
        versioned.ingest(removal(ingested))


@pytest.mark.parametrize(("days", "expected"), [(None, "removed"), (2, "removed"), (1, None)])
def test_file_that_the_lifecycle_may_have_deleted_is_not_removed(versioned, ingested, days, expected):
    versioned.ingestion.log_retention = timedelta(days=days) if days else None
    stored = parse_time(entry_of(versioned)["storedAt"])
    delete(versioned, ingested)
    versioned.clock.now = stored + timedelta(days=1)

    versioned.ingest(removal(ingested))
    versioned.ingest(ingested)  # with its version, which the lifecycle keeps for some time

    assert problem(versioned) == expected


def test_version_that_is_read_after_the_lifecycle_has_deleted_the_object_is_not_removed(versioned, packed, record):
    versioned.ingestion.log_retention = timedelta(days=1)
    delivery = versioned.deliver(packed(record(1)))
    delete(versioned, delivery)
    versioned.clock.now += timedelta(days=2)

    assert versioned.ingest(delivery).status == "ingested"

    assert "removedAt" not in entry_of(versioned)


def test_version_is_read_although_the_object_is_archived(versioned, packed, record, wire):
    delivery = versioned.deliver(packed(record(1)))
    versioned.deliver(packed(record(2)))
    wire.refuse("GetObject", 403, "InvalidObjectState", times=1)

    assert versioned.ingest(delivery).status == "ingested"

    assert problem(versioned) is None


def test_version_is_not_read_if_it_cannot_be_seen_whether_the_object_is_there(versioned, packed, record, wire):
    delivery = versioned.deliver(packed(record(1)))
    wire.refuse("GetObject", 403, "AccessDenied", times=1)

    with pytest.raises(AccessRefusedError):
        versioned.ingest(delivery)


def test_removed_object_is_not_fetched_ahead(versioned, packed, record, wire):
    delivery = versioned.deliver(packed(record(1)))
    s3 = {"bucket": {"name": BUCKET}, "object": {"key": delivery.key}}
    event = {"eventSource": "aws:s3", "eventVersion": "2.1", "eventName": "ObjectRemoved:Delete", "s3": s3}
    wire.calls.clear()

    with versioned.ingestion.reading_ahead([body := json.dumps({"Records": [event]})]):
        assert versioned.process(body) == [("not removed", {"SkippedFiles": 1})]

    assert "GetObject" not in wire.operations()


@pytest.mark.parametrize("bucket", ["example-other", BUCKET])
def test_removal_outside_the_scope_is_refused_and_of_another_kind_counted(versioned, bucket):
    result = versioned.ingest(Delivery(bucket=bucket, key="AWSLogs/other.json.gz", removed=True))

    assert result.metrics == ({"OtherObjects": 1} if bucket == BUCKET else {"RefusedDeliveries": 1})


def test_removed_file_keeps_its_proof_and_stays_small(versioned, ingested):
    versioned.trust()
    delete(versioned, ingested)
    versioned.ingest(removal(ingested))

    size = sum(len(name) + len(str(value)) for name, value in entry_of(versioned).items())

    assert size <= 1024


def test_older_time_of_a_removal_stays(versioned, ingested):
    delete(versioned, ingested)
    versioned.ingest(removal(ingested))
    versioned.clock.now = parse_time(LATER)

    versioned.ingest(removal(ingested))
    versioned.ingest(ingested)

    assert entry_of(versioned)["removedAt"] == NOW

import pytest

from aitrail.deliveries import Delivery


@pytest.mark.parametrize("names_etag", [True, False])
def test_delivery_announced_again_costs_one_read_and_writes_nothing(pipeline, packed, record, wire, names_etag):
    delivery = pipeline.deliver(packed(record(1)))
    pipeline.ingest(delivery)
    wire.calls.clear()

    again = Delivery(bucket=delivery.bucket, key=delivery.key, etag=delivery.etag if names_etag else None)
    result = pipeline.ingest(again)

    assert (result.status, result.metrics) == ("skipped", {"SkippedFiles": 1})
    assert wire.operations() == ["GetItem"]


def test_object_with_another_etag_is_read_again(pipeline, packed, record):
    pipeline.ingest(pipeline.deliver(packed(record(1))))

    result = pipeline.ingest(pipeline.deliver(packed(record(1), record(2))))

    assert result.status == "ingested"
    assert pipeline.numbers() == [1, 2]
    assert pipeline.files()["file"]["records"] == 2


@pytest.mark.parametrize(
    "earlier",
    [
        {"recordedWith": "0-0123456789ab"},
        {"status": "unreadable", "problem": "unreadable"},
        {"status": "missing", "problem": "missing"},
        {"status": "archived", "problem": "archived"},
    ],
    ids=lambda entry: entry.get("status", "older registry"),
)
def test_file_is_read_again_unless_it_was_ingested_with_this_registry(pipeline, packed, record, earlier):
    delivery = pipeline.deliver(packed(record(1)))
    pipeline.ingest(delivery)
    sound = pipeline.files()
    key = {name: {"S": sound["file"][name]} for name in ("logFile", "entry")}
    changes = {name: {"Value": {"S": value}} for name, value in earlier.items()}
    pipeline.dynamodb.update_item(TableName=pipeline.files_name, Key=key, AttributeUpdates=changes)

    result = pipeline.ingest(delivery)

    assert result.status == "ingested"
    assert pipeline.files() == sound


def test_rejects_that_a_new_reading_does_not_confirm_are_removed(pipeline, packed, record):
    bad = [record(number, eventTime="?") for number in range(4)]
    pipeline.ingest(pipeline.deliver(packed(*bad)))

    pipeline.ingest(pipeline.deliver(packed(bad[0], record(1), bad[2])))

    assert pipeline.files().keys() == {"file", "reject#0", "reject#2"}
    assert pipeline.numbers() == [1]

    pipeline.ingest(pipeline.deliver(packed(*map(record, range(4)))))

    assert pipeline.files().keys() == {"file"}
    assert pipeline.files()["file"]["problem"] == "replaced"  # CloudTrail writes no log file twice


def test_file_that_is_missing_after_it_was_ingested_keeps_its_counts(pipeline, packed, record):
    delivery = pipeline.deliver(packed(record(1)))
    pipeline.ingest(delivery)
    before = pipeline.files()["file"]
    pipeline.s3.delete_object(Bucket=delivery.bucket, Key=delivery.key)

    result = pipeline.ingest(Delivery(bucket=delivery.bucket, key=delivery.key, etag="another", force=True))

    verdict = {"status": "missing", "problem": "missing", "reason": "NoSuchKey: The specified key does not exist."}
    assert (result.status, result.metrics) == ("missing", {"MissingFiles": 1})
    assert pipeline.files()["file"] == before | verdict | {"etag": "another"}


def test_notified_version_is_the_one_that_is_read(pipeline, packed, record):
    pipeline.s3.put_bucket_versioning(Bucket="example-trail-logs", VersioningConfiguration={"Status": "Enabled"})
    first, second = pipeline.deliver(packed(record(1))), pipeline.deliver(packed(record(2)))

    pipeline.ingest(first)

    assert first.version_id != second.version_id
    assert pipeline.numbers() == [1]
    assert pipeline.files()["file"]["versionId"] == first.version_id
    assert pipeline.files()["file"]["etag"] == first.etag

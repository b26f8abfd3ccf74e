"""Files without an announcement are read after `aitrail backfill` or `aitrail retry` has announced them."""

import gzip
import json

import pytest

REGION = "ap-southeast-2"
FOLDER = f"AWSLogs/111122223333/CloudTrail/{REGION}/2026/11/19/111122223333_CloudTrail_{REGION}_20261119T"


@pytest.fixture
def unannounced(pipeline):
    """Puts a log file into the bucket without an announcement; returns its name in the ledger."""
    s3, bucket = pipeline.aws.client("s3"), {"Bucket": pipeline.outputs["LogBucketName"]}
    announcing = s3.get_bucket_notification_configuration(**bucket)
    del announcing["ResponseMetadata"]
    s3.put_bucket_notification_configuration(**bucket, NotificationConfiguration={})

    def unannounced(minute):
        return pipeline.put(f"{FOLDER}{minute}Z_e2eBackfill00000.json.gz", gzip.compress(b'{"Records": []}'))

    yield unannounced
    s3.put_bucket_notification_configuration(**bucket, NotificationConfiguration=announcing)


def test_backfill_has_a_file_read_that_the_ledger_lacks(pipeline, unannounced, eventually):
    name = unannounced("0805")
    window = ("--since", "2026-11-19T08:05", "--until", "2026-11-19T08:06")
    backfill = ("backfill", *window, "--in-region", REGION)

    first = json.loads(pipeline.aitrail(*backfill, "--query", "[].reason"))
    entry = eventually(lambda: pipeline.ledger().get(name))
    second = json.loads(pipeline.aitrail(*backfill, "--dry-run", "--query", "[].reason"))

    assert entry["status"] == "ingested"
    assert (first, second) == (["new"], ["done"])


def test_retry_has_a_file_read_that_is_named(pipeline, unannounced, eventually):
    name = unannounced("0810")

    pipeline.aitrail("retry", name)

    assert eventually(lambda: pipeline.ledger().get(name))["status"] == "ingested"

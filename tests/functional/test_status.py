"""The status of a deployment in moto, whose files and digests are ingested by the pipeline."""

import gzip
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from aitrail.aws import Deployment
from aitrail.deliveries import Origins
from aitrail.ledger import LedgerReader
from aitrail.rows import recorded_with
from aitrail.services import load
from aitrail.status import Look, Queue, needing_attention, report_of, worth_knowing
from aitrail.window import Window
from tests.functional.day import log_key
from tests.shared.deployed_tables import small_pages
from tests.shared.signed_digests import at, chain, digest

BUCKET = "example-trail-logs"


class Deployed:
    """A pipeline with all of its queues, and the tests' public key as CloudTrail's."""

    def __init__(self, pipeline, client):
        pipeline.trust()
        self.pipeline, self.sqs, self.cloudwatch = pipeline, client("sqs"), client("cloudwatch")
        self.clients = {"sqs": self.sqs, "cloudwatch": self.cloudwatch}
        self.urls = {name: self.sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("deliveries", "dead-letters")}
        outputs = {
            "EventsTableName": pipeline.events_name,
            "FilesTableName": pipeline.files_name,
            "DeliveriesQueueUrl": self.urls["deliveries"],
            "BackfillQueueUrl": pipeline.backfill_url,
            "DeadLetterQueueUrl": self.urls["dead-letters"],
        }
        self.look = Look(
            deployment=Deployment(outputs),
            reader=LedgerReader(pipeline.dynamodb, pipeline.files_name),
            rows=pipeline.source,
            client=self.clients.__getitem__,
            recorded_with=recorded_with(load()),
        )

    def ingest(self, now, body, key, **options):
        self.pipeline.clock.now = at(now)
        return self.pipeline.ingest(self.pipeline.deliver(body, key, **options))

    def digest(self, now, signed):
        return self.ingest(now, signed.body, signed.key, Metadata=signed.metadata)

    def status(self, now, since=None, **options):
        moment = at(now) if isinstance(now, str) else now
        return self.look.status(Window(since=since or moment - timedelta(days=1), until=moment), now=moment, **options)


@pytest.fixture
def deployed(pipeline, client):
    return Deployed(pipeline, client)


@pytest.fixture
def morning(deployed, packed, record):
    """Two log files and the digests of the hours from 07:00 to 10:00, ingested as they arrive."""
    first, second = (packed(record(number)) for number in (1, 2))
    listed = {at("09:00"): [(log_key("0835"), gzip.decompress(first))]}
    digests = chain([at("08:00"), at("09:00"), at("10:00")], bucket=BUCKET, files=listed)
    deployed.digest("08:20", digests[0])
    deployed.ingest("08:37", first, log_key("0835"))
    deployed.digest("09:20", digests[1])
    deployed.ingest("10:08", second, log_key("1005"))
    deployed.digest("10:20", digests[2])
    return deployed


def named(findings):
    return [(each.finding, each.count) for each in findings]


def test_nothing_is_the_matter_where_the_pipeline_has_done_its_work(morning):
    status = morning.status("10:30")

    assert (named(needing_attention(status)), named(worth_knowing(status))) == ([], [])
    report = report_of(status)
    assert (report["files"]["ingested"], report["digests"]["verified"]) == (2, 3)
    assert report["records"] == {
        "records": 2,
        "wanted": 2,
        "written": 2,
        "rejected": 0,
        "expired": 0,
        "duplicatesInFile": 0,
    }
    assert report["lag"] == {"medianSeconds": 120, "longestSeconds": 180}
    assert report["newestDeliveries"] == [
        {
            "account": "111122223333",
            "region": "eu-west-1",
            "deliveredAt": "2026-03-14T10:05:00Z",
            "lagSeconds": 25 * 60,
        }
    ]
    assert [(each["trail"], each["newestEnd"], each["gaps"]) for each in report["digestChains"]] == [
        ("audit", "2026-03-14T10:00:00Z", [])
    ]


def test_what_went_wrong_is_found(morning, packed, record):
    no_time = record(3, eventTime=...)
    archived = log_key("0950", "archived")
    morning.ingest("09:51", packed(no_time), log_key("0950"))
    morning.ingest("09:52", packed(record(4))[:-20], log_key("0950", "truncated"))
    morning.ingest("09:53", packed(record(5)), archived, StorageClass="GLACIER")

    status = morning.status("10:30")

    found = {each.finding: each for each in needing_attention(status)}
    assert named(found.values()) == [("unreadable", 1), ("archived", 1), ("rejects", 1)]
    assert found["archived"].examples[0].startswith(f"s3://{BUCKET}/{archived}: ")
    assert report_of(status)["rejectedRecords"] == {"count": 1, "more": False}


def test_file_that_does_not_come_is_awaited_and_then_needs_a_person(morning, packed, record):
    late = digest(
        at("11:00"),
        [(log_key("1030"), gzip.decompress(packed(record(6))))],
        bucket=BUCKET,
        previous=digest(at("10:00"), bucket=BUCKET),
    )
    morning.digest("11:20", late)

    soon, later = (morning.status(now, since=at("00:00")) for now in ("11:30", "23:21"))

    assert ("awaited", 1) in named(worth_knowing(soon))
    assert "not-delivered" not in dict(named(needing_attention(soon)))
    assert ("not-delivered", 1) in named(needing_attention(later))
    assert report_of(soon)["files"]["awaited"] == 1


def test_messages_of_all_queues_are_counted(morning):
    for url, number in ((morning.urls["deliveries"], 3), (morning.urls["dead-letters"], 2)):
        for _ in range(number):
            morning.sqs.send_message(QueueUrl=url, MessageBody="{}")
    morning.sqs.send_message(QueueUrl=morning.pipeline.backfill_url, MessageBody="{}", DelaySeconds=600)
    morning.sqs.receive_message(QueueUrl=morning.urls["deliveries"])

    status = morning.status("10:30")

    assert status.queues.deliveries == Queue(waiting=2, in_flight=1)
    assert status.queues.backfill == Queue(delayed=1)
    assert named(needing_attention(status)) == [("dead-letters", 2)]


def put_age(deployed, when, seconds, queue="deliveries"):
    deployed.cloudwatch.put_metric_data(
        Namespace="AWS/SQS",
        MetricData=[
            {
                "MetricName": "ApproximateAgeOfOldestMessage",
                "Dimensions": [{"Name": "QueueName", "Value": queue}],
                "Value": seconds,
                "Timestamp": when,
            }
        ],
    )


def test_age_of_the_oldest_message_is_the_greatest_of_the_last_minutes(morning):
    now = at("10:30")
    for minutes, seconds in ((2, 3000), (8, 4000), (13, 100), (20, 90000)):
        put_age(morning, now - timedelta(minutes=minutes), seconds)
    put_age(morning, now - timedelta(minutes=20), 90000, morning.pipeline.backfill_url.rpartition("/")[2])
    morning.sqs.send_message(QueueUrl=morning.urls["deliveries"], MessageBody="{}")

    status = morning.status("10:30")

    assert status.queues.deliveries.oldest == timedelta(seconds=4000)
    assert status.queues.backfill.oldest is None
    assert named(needing_attention(status)) == [("backlog", 1)]


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException"])
def test_age_that_may_not_be_asked_for_is_unknown(morning, monkeypatch, code):
    def refuse(**_):
        raise ClientError({"Error": {"Code": code, "Message": "not authorized"}}, "GetMetricData")

    monkeypatch.setattr(morning.cloudwatch, "get_metric_data", refuse)

    status = morning.status("10:30")

    assert (status.queues.deliveries.oldest, status.queues.ages_refused) == (None, True)
    assert named(worth_knowing(status)) == [("age-unknown", 1)]


def test_other_errors_of_cloudwatch_are_raised(morning, monkeypatch):
    def fail(**_):
        raise ClientError({"Error": {"Code": "InternalServiceFault", "Message": "later"}}, "GetMetricData")

    monkeypatch.setattr(morning.cloudwatch, "get_metric_data", fail)

    with pytest.raises(ClientError, match="later"):
        morning.status("10:30")


def test_silence_is_dated_by_the_newest_delivery_of_the_last_thirty_days(morning):
    thirty, more = (morning.status(datetime(2026, 4, day, 12, tzinfo=UTC)) for day in (12, 15))

    assert [name for name, _ in named(needing_attention(thirty))] == ["digests-overdue", "nothing-delivered"]
    assert thirty.silent == timedelta(days=29, hours=1, minutes=55)
    assert (named(needing_attention(more)), named(worth_knowing(more))) == ([], [("no-deliveries", 1)])


def test_days_before_the_first_of_all_are_none(deployed):
    since, until = datetime.min.replace(tzinfo=UTC), datetime(2013, 1, 1, tzinfo=UTC)

    status = deployed.look.status(Window(since=since, until=until), now=at("10:30"))

    assert status.arrivals.are_none


def test_days_before_an_empty_window_are_read_for_all_origins_alone(morning, wire):
    window_of_nobody = Origins(accounts=frozenset({"444455556666"}))
    wire.calls.clear()

    status = morning.status("10:30", origins=window_of_nobody)

    assert (named(needing_attention(status)), named(worth_knowing(status))) == ([("nothing-delivered", 1)], [])
    days = [query["ExpressionAttributeValues"][":value"]["S"] for query in wire.requests("Query")]
    assert sorted(day for day in days if day.startswith("2026")) == ["2026-03-13", "2026-03-14"]


def test_pages_of_many_days_are_all_read(morning):
    small_pages(morning.pipeline.dynamodb, 1)

    status = morning.status("10:30", since=at("10:30") - timedelta(days=9))

    assert (status.arrivals.files, status.arrivals.digests) == ({"ingested": 2}, {"verified": 3})

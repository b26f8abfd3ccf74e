"""Backfills and retries, and the function that reads the announced files, with moto's S3, SQS and DynamoDB."""

import gzip
import json
from datetime import datetime, timedelta

import pytest

from aitrail.clock import Clock
from aitrail.deliveries import Announcer, DayFolders, Delivery
from aitrail.deliveries.announcing import NotAnnouncedError
from aitrail.repair import NOT_READ, Announced, Backfill, DeadLetters, MoveRunningError, Waiting, announced_again
from aitrail.rows import recorded_with
from aitrail.services import load
from aitrail.window import BEGINNING, LATEST, Window
from tests.functional.conftest import BUCKET, KEY

ALL = Window(since=BEGINNING, until=LATEST)


def named(number, *, day="14", account="111122223333", region="eu-west-1"):
    """The key of one of many log files."""
    name = f"{account}_CloudTrail_{region}_202603{day}T{number // 60:02}{number % 60:02}Z_Zr5tYh2kQw8eLp0N.json.gz"
    return f"AWSLogs/{account}/CloudTrail/{region}/2026/03/{day}/{name}"


class Deployment:
    """The pipeline, the announcer for its backfill queue, and the function that reads the announced files."""

    def __init__(self, pipeline, packed):
        self.pipeline, self.packed = pipeline, packed
        clock = pipeline.clock.given
        self.announcer = Announcer(lambda: pipeline.sqs, pipeline.backfill_url, BUCKET, clock=clock)

    def deliver(self, key, *records, **options):
        return self.pipeline.deliver(self.packed(*records), key, **options)

    def backfill(self, window=ALL, *, force=False, **where):
        """The comparison of the bucket with the ledger."""
        folders = DayFolders(s3=self.pipeline.s3, bucket=BUCKET, **where)
        return Backfill(
            folders=folders,
            days=folders.of(window),
            reader=self.pipeline.reader,
            window=window,
            recorded_with=recorded_with(load()),
            force=force,
        )

    def announce(self, *, noted=None, **options):
        """Announces wanted files; returns the number of files by reason."""
        work = self.backfill(**options)
        for batch in work.announced(self.announcer):
            for found in batch:
                if noted and found.is_wanted:
                    noted.note(found.key, found.ingested_at)
        return {reason: count.files for reason, count in work.counts.items()}

    def function(self):
        """Has the function read the announced files; returns the bodies of the messages."""
        bodies, sqs, url = [], self.pipeline.sqs, self.pipeline.backfill_url
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                self.pipeline.process(message["Body"], is_backfill=True)
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                bodies.append(message["Body"])
        return bodies


@pytest.fixture
def deployment(pipeline, packed):
    return Deployment(pipeline, packed)


def keys_in(bodies):
    return sorted(key for body in bodies for key in json.loads(body)["s3ObjectKey"])


def test_files_from_before_the_deployment_are_read_once(deployment, pipeline, record):
    for number in range(12):
        deployment.deliver(named(number, day=str(10 + number % 3)), record(number))

    first = deployment.announce()
    bodies = deployment.function()
    second = deployment.announce()

    assert (first, second) == ({"new": 12}, {"done": 12})
    assert pipeline.numbers() == list(range(12))
    assert (len(bodies), deployment.function()) == (2, [])


def test_the_same_command_goes_on_after_an_interruption(deployment, pipeline, record, monkeypatch):
    monkeypatch.setattr("aitrail.repair.backfill._AT_ONCE", 20)
    for number in range(25):
        deployment.deliver(named(number), record(number))

    interrupted = deployment.backfill().announced(deployment.announcer)
    next(interrupted)
    interrupted.close()
    first = keys_in(deployment.function())
    counts = deployment.announce()
    second = keys_in(deployment.function())

    assert (len(first), counts) == (20, {"done": 20, "new": 5})
    assert sorted(first + second) == [named(number) for number in range(25)]
    assert pipeline.numbers() == list(range(25))


def test_a_dry_run_announces_nothing(deployment, record, wire):
    deployment.deliver(KEY, record(1))
    wire.calls.clear()
    work = deployment.backfill()

    for _ in work.announced(None):
        pass

    assert {reason: count.wanted for reason, count in work.counts.items()} == {"new": 1}
    assert set(wire.operations()) == {"ListObjectsV2", "Query"}


def test_file_that_was_replaced_is_read_anew(deployment, pipeline, record):
    pipeline.ingest(deployment.deliver(KEY, record(1)))
    deployment.deliver(KEY, record(1), record(2))

    counts = deployment.announce()

    assert counts == {"changed": 1}
    assert [json.loads(body).get("force") for body in deployment.function()] == [True]
    assert pipeline.numbers() == [1, 2]


def test_force_reads_again_what_is_read(deployment, pipeline, record):
    pipeline.ingest(deployment.deliver(KEY, record(1)))

    counts = deployment.announce(force=True)

    assert counts == {"done": 1}
    assert json.loads(deployment.function()[0]) == {"s3Bucket": BUCKET, "s3ObjectKey": [KEY], "force": True}


def test_archived_files_are_counted_alone(deployment, record):
    deployment.deliver(named(1), record(1), StorageClass="GLACIER")
    deployment.deliver(named(2), record(2), StorageClass="GLACIER_IR")

    counts = deployment.announce()

    assert counts == {"archived": 1, "new": 1}
    assert keys_in(deployment.function()) == [named(2)]


RESTORES = {
    "archived": "<IsRestoreInProgress>true</IsRestoreInProgress>",
    "new": "<RestoreExpiryDate>2026-12-21T00:00:00.000Z</RestoreExpiryDate>",
}


@pytest.mark.parametrize(("reason", "restore"), RESTORES.items(), ids=RESTORES)
def test_archived_file_is_announced_once_it_is_restored(deployment, wire, reason, restore):
    fields = f'<Key>{KEY}</Key><Size>3</Size><ETag>"a"</ETag><StorageClass>GLACIER</StorageClass>'
    listed = f"<Contents>{fields}<RestoreStatus>{restore}</RestoreStatus></Contents>"
    work = deployment.backfill()
    work.days = {"2026-03-14": ["AWSLogs/111122223333/CloudTrail/eu-west-1/"]}
    wire.answer("ListObjectsV2", 200, f"<ListBucketResult>{listed}</ListBucketResult>".encode())

    found = list(work.found())

    assert [(each.reason, each.is_wanted) for each in found] == [(reason, reason == "new")]
    assert wire.requests("ListObjectsV2")[-1]["OptionalObjectAttributes"] == ["RestoreStatus"]


def test_messages_that_sqs_does_not_take_end_it_loudly(deployment, record, wire):
    deployment.deliver(KEY, record(1))
    refused = {"Failed": [{"Id": "0", "SenderFault": False, "Code": "InternalError", "Message": "later"}]}
    wire.answer("SendMessageBatch", 200, json.dumps(refused).encode())

    with pytest.raises(NotAnnouncedError, match=r"did not accept 1 of 1 messages: later"):
        deployment.announce()


def test_message_that_sqs_takes_at_the_second_try_is_announced_once(deployment, record, wire):
    deployment.deliver(KEY, record(1))
    refused = {"Failed": [{"Id": "0", "SenderFault": False, "Code": "InternalError"}]}
    wire.answer("SendMessageBatch", 200, json.dumps(refused).encode(), times=1)

    deployment.announce()

    assert keys_in(deployment.function()) == [KEY]


class Meanwhile:
    """Replaces sleeping by one action after another; `now` is the number of seconds slept."""

    def __init__(self, *happenings):
        self.happenings, self.now = iter(happenings), 0.0

    def __call__(self, seconds):
        self.now += seconds
        next(self.happenings, lambda: None)()


@pytest.fixture
def wait(pipeline):
    """Waits for these keys during some actions; returns whether that was in time, the progress shown, and seconds."""

    def wait(*happenings, keys=(KEY,), timeout=None):
        meanwhile, shown = Meanwhile(*happenings), []
        waiting = Waiting(
            reader=pipeline.reader,
            sqs=pipeline.sqs,
            queue_url=pipeline.backfill_url,
            show=lambda read, left: shown.append((read, left)),
            clock=Clock(sleep=meanwhile, seconds=lambda: meanwhile.now),
        )
        with Announced(BUCKET) as noted:
            for key in keys:
                noted.note(key, None)
            in_time = waiting.until_read(noted, timeout)
        return in_time, shown, meanwhile.now

    return wait


@pytest.fixture
def stranger(pipeline):
    """Sends and receives a message that is not the command's."""
    queue = {"QueueUrl": pipeline.backfill_url}

    class Stranger:
        def send(self):
            pipeline.sqs.send_message(**queue, MessageBody="x")

        def take(self):
            (message,) = pipeline.sqs.receive_message(**queue)["Messages"]
            pipeline.sqs.delete_message(**queue, ReceiptHandle=message["ReceiptHandle"])

    return Stranger()


def test_waiting_ends_when_the_queue_is_empty_for_half_a_minute(wait, stranger):
    in_time, shown, seconds = wait(stranger.send, stranger.take, stranger.send, lambda: None, stranger.take)

    assert in_time
    assert [left for _, left in shown] == [1, 0, 1, 1, 0, 0, 0, 0]
    assert seconds == 80


def test_waiting_ends_when_all_is_read_whatever_others_have_in_the_queue(wait, stranger, deployment, pipeline, record):
    stranger.send()
    first, second = deployment.deliver(named(1), record(1)), deployment.deliver(named(2), record(2))

    ended = wait(
        *(lambda: pipeline.ingest(second), lambda: None, lambda: pipeline.ingest(first)), keys=(named(1), named(2))
    )

    assert ended == (True, [(1, 1), (1, 1)], 30)


def test_what_is_found_to_be_read_is_not_asked_about_again(wait, wire, stranger, deployment, record):
    pipeline = deployment.pipeline
    stranger.send()
    stuck = deployment.deliver(named(250), record(1))
    for number in range(250):
        pipeline.ledger.note(f"s3://{BUCKET}/{named(number)}", "file", status="ingested", ingestedAt="2026")
    wire.calls.clear()

    ended = wait(*[lambda: None] * 2, lambda: pipeline.ingest(stuck), keys=map(named, range(251)))

    assert ended == (True, [(250, 1), (250, 1)], 30)
    asked = [len(keys["Keys"]) for each in wire.requests("BatchGetItem") for keys in each["RequestItems"].values()]
    assert sum(asked) == 251 + 2


def test_waiting_is_over_when_the_time_is_up(wait, stranger):
    stranger.send()

    assert wait(timeout=timedelta(seconds=45)) == (False, [(0, 1)] * 5, 45)


@pytest.mark.parametrize("operation", ["GetQueueAttributes", "BatchGetItem"])
def test_waiting_outlasts_errors_that_pass(wait, wire, operation):
    wire.refuse(operation, 400, "ThrottlingException", times=4)

    assert wait() == (True, [(0, 0)] * 4, 50)


def test_waiting_ends_with_other_errors(pipeline, wait, wire):
    wire.refuse("GetQueueAttributes", 403, "AccessDeniedException")

    with pytest.raises(pipeline.sqs.exceptions.ClientError, match="AccessDeniedException"):
        wait()


@pytest.mark.parametrize(
    ("announced_at", "status"), {"11:00:01": "ingested", "11:00:05": NOT_READ, "10:59:50": NOT_READ}.items()
)
def test_reading_in_the_second_of_the_announcement_is_taken_for_the_new_one(
    pipeline, deployment, record, announced_at, status
):
    pipeline.clock.now = pipeline.clock.now.replace(hour=11, minute=0, second=0)
    pipeline.ingest(deployment.deliver(KEY, record(1)))
    before = pipeline.files()["file"]["ingestedAt"]
    with Announced(BUCKET, clock=Clock(now=lambda: datetime.fromisoformat(f"{before[:10]}T{announced_at}Z"))) as noted:
        noted.note(KEY, before)

        (became,) = noted.became(pipeline.reader)

    assert became.status == status


def test_what_became_of_each_is_known_afterwards(deployment, pipeline, record):
    for number in (1, 4):
        pipeline.ingest(pipeline.deliver(b"no log file", named(number)))
    deployment.deliver(named(2), record(2))
    deployment.deliver(named(3), record(3, eventTime=...))
    deployment.deliver(named(5), record(5))
    with Announced(BUCKET) as noted:
        deployment.announce(noted=noted)
        pipeline.delete(Delivery(bucket=BUCKET, key=named(5)))
        deployment.deliver(named(1), record(1))
        pipeline.clock.now = pipeline.clock.now.replace(hour=11)
        deployment.function()
        noted.note(named(6), None)
        noted.note(named(2), "2026-03-14T11:30:00Z")

        became = list(noted.became(pipeline.reader))

    assert [(each.log_file.partition(f"{BUCKET}/")[2], each.status, each.is_fine) for each in became] == [
        (named(1), "ingested", True),
        (named(2), "ingested", True),
        (named(3), "rejects", False),
        (named(4), "unreadable", False),
        (named(5), "missing", False),
        (named(6), NOT_READ, False),
        (named(2), NOT_READ, False),
    ]


def test_reason_of_what_was_not_read_well_is_told(deployment, pipeline):
    pipeline.deliver(gzip.compress(b'{"Records": ', mtime=0))
    with Announced(BUCKET) as noted:
        deployment.announce(noted=noted)
        deployment.function()

        (became,) = noted.became(pipeline.reader)

    assert became.status == "unreadable"
    assert became.reason == pipeline.files()["file"]["reason"]


@pytest.fixture
def letters(pipeline):
    """The dead letters of two queues; `send` adds some."""
    url = pipeline.sqs.create_queue(QueueName="dead-letters")["QueueUrl"]
    live = pipeline.sqs.create_queue(QueueName="deliveries")["QueueUrl"]
    return DeadLetters(sqs=pipeline.sqs, queue_url=url, sources=(live, pipeline.backfill_url))


def test_sqs_moves_dead_letters_by_itself(letters, wire):
    wire.answer("StartMessageMoveTask", 200, b'{"TaskHandle": "x"}')

    moved = letters.move_back()

    assert moved is None
    assert wire.requests("StartMessageMoveTask") == [{"SourceArn": "arn:aws:sqs:eu-west-1:123456789012:dead-letters"}]


def test_task_that_runs_already_is_told(letters, wire):
    wire.refuse("StartMessageMoveTask", 400, "InvalidParameterValue", "There is already a task running.")

    with pytest.raises(
        MoveRunningError, match=r"already moving the dead letters \(There is already a task running\.\)"
    ):
        letters.move_back()


def test_other_errors_of_moving_are_raised(letters, wire):
    wire.refuse("StartMessageMoveTask", 403, "AccessDeniedException", "sqs:StartMessageMoveTask")

    with pytest.raises(letters.sqs.exceptions.ClientError, match="sqs:StartMessageMoveTask"):
        letters.move_back()


@pytest.fixture
def no_move_task(wire):
    """An engine that does not support moving messages."""
    wire.refuse("StartMessageMoveTask", 400, "InvalidAction", "The action StartMessageMoveTask is not valid.")


@pytest.mark.usefixtures("no_move_task")
def test_dead_letters_are_moved_one_by_one_where_the_engine_cannot(letters, deployment, record):
    for number in range(12):
        deployment.deliver(named(number), record(number))
        body = json.dumps({"s3Bucket": BUCKET, "s3ObjectKey": [named(number)]})
        letters.sqs.send_message(QueueUrl=letters.queue_url, MessageBody=body)

    moved = letters.move_back()

    assert (moved, letters.count(), len(deployment.function())) == (12, 0, 12)
    assert deployment.pipeline.numbers() == list(range(12))


@pytest.mark.usefixtures("no_move_task")
def test_dead_letter_goes_back_to_the_queue_it_came_from(letters, pipeline, wire):
    source = "arn:aws:sqs:eu-west-1:123456789012:deliveries"
    messages = [
        {"MessageId": "1", "ReceiptHandle": "1", "Body": "live", "Attributes": {"DeadLetterQueueSourceArn": source}},
        {"MessageId": "2", "ReceiptHandle": "2", "Body": "other"},
    ]
    wire.answer("ReceiveMessage", 200, json.dumps({"Messages": messages}).encode(), times=1)
    wire.answer("DeleteMessage", 200, b"{}")
    for _ in range(2):
        pipeline.sqs.send_message(QueueUrl=letters.queue_url, MessageBody="counted")
    wire.calls.clear()

    moved = letters.move_back()

    assert moved == 2
    sent = [(request["QueueUrl"], request["MessageBody"]) for request in wire.requests("SendMessage")]
    assert sent == [(letters.sources[0], "live"), (pipeline.backfill_url, "other")]


@pytest.mark.usefixtures("no_move_task")
def test_dead_letter_that_cannot_be_sent_is_kept(letters, pipeline, wire):
    pipeline.sqs.send_message(QueueUrl=letters.queue_url, MessageBody="x")
    wire.refuse("SendMessage", 400, "InvalidMessageContents")
    wire.calls.clear()

    with pytest.raises(pipeline.sqs.exceptions.ClientError, match="InvalidMessageContents"):
        letters.move_back()

    assert "DeleteMessage" not in wire.operations()


@pytest.mark.usefixtures("no_move_task")
def test_no_more_dead_letters_are_moved_than_there_were(pipeline, wire):
    letters = DeadLetters(sqs=pipeline.sqs, queue_url=pipeline.backfill_url, sources=(pipeline.backfill_url,))
    for _ in range(3):  # each returns to this queue immediately
        pipeline.sqs.send_message(QueueUrl=letters.queue_url, MessageBody="x")
    wire.calls.clear()

    moved = letters.move_back()

    assert moved == 3
    assert wire.operations().count("SendMessage") == 3


def test_files_with_problems_are_read_again_by_force(deployment, pipeline, record, monkeypatch):
    monkeypatch.setattr("aitrail.repair.retrying._AT_ONCE", 5)
    for number in range(12):
        pipeline.ingest(pipeline.deliver(b"no log file", named(number)))
        deployment.deliver(named(number), record(number))

    entries = pipeline.reader.with_problem("unreadable")
    again = list(announced_again(deployment.announcer, entries, BUCKET))
    bodies = deployment.function()

    assert [entry["problem"] for entry in again] == ["unreadable"] * 12
    assert {json.loads(body)["force"] for body in bodies} == {True}
    assert pipeline.numbers() == list(range(12))
    assert list(pipeline.reader.with_problem("unreadable")) == []


def test_file_with_many_rejects_is_announced_once(deployment, pipeline, record):
    bad = [record(number, eventTime=...) for number in range(30)]
    pipeline.ingest(deployment.deliver(named(1), *bad))
    pipeline.ingest(deployment.deliver(named(2), *bad[:2]))

    again = list(announced_again(deployment.announcer, pipeline.reader.with_problem("reject"), BUCKET))

    assert len(again) == 2
    assert keys_in(deployment.function()) == [named(1), named(2)]


def test_what_is_not_in_the_bucket_is_not_announced(deployment):
    entries = [{"logFile": name} for name in ("event-history", f"s3://other/{KEY}", f"s3://{BUCKET}/{KEY}")]

    again = list(announced_again(deployment.announcer, entries, BUCKET))

    assert again == entries[2:]
    assert keys_in(deployment.function()) == [KEY]

import gc
import json
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta

import boto3
import pytest

from aitrail.ingest.metrics import METRICS
from tests.functional.invoking import forget, imported, invoke, set_environment
from tests.shared.key_files import key_file
from tests.shared.signed_digests import FINGERPRINT, at, digest

FOLDER = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/111122223333_CloudTrail_eu-west-1_"
PREFIX = "team a+b/50%/prüfung/"


def key(number, prefix=""):
    return f"{prefix}{FOLDER}{number}.json.gz"


@dataclass
class Function:
    """The deployed function and its queue; `seconds` returns its remaining time."""

    pipeline: object
    sqs: object
    queue_url: str
    handler: object
    seconds: object = lambda: 300

    def invoke(self, messages):
        """Invokes the function; returns the messageIds to retry."""
        return invoke(self.handler, messages, seconds=self.seconds)

    def drain(self):
        """Polls like Lambda until no message is visible; returns the bodies of failed messages."""
        failed = []
        options = {"QueueUrl": self.queue_url, "MaxNumberOfMessages": 10, "AttributeNames": ["All"]}
        while messages := self.sqs.receive_message(**options).get("Messages"):
            failures = self.invoke(messages)
            failed += [message["Body"] for message in messages if message["MessageId"] in failures]
            for message in messages:
                if message["MessageId"] not in failures:
                    self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        return failed

    def deliver(self, number, content, prefix=""):
        self.pipeline.deliver(content, key(number, prefix))

    def send(self, body):
        self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=body)

    def kept(self):
        """The number of messages left in the queue."""
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=["All"])["Attributes"]
        return sum(int(attributes[f"ApproximateNumberOfMessages{kind}"]) for kind in ("", "NotVisible", "Delayed"))


@pytest.fixture
def environment(monkeypatch, pipeline, client):
    """Sets the stack's environment variables, and creates the queue for the bucket's announcements."""
    sqs = client("sqs")
    queue_url = sqs.create_queue(QueueName="deliveries", Attributes={"VisibilityTimeout": "1800"})["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]
    target = {"QueueArn": attributes["QueueArn"], "Events": ["s3:ObjectCreated:*"]}
    pipeline.s3.put_bucket_notification_configuration(
        Bucket="example-trail-logs", NotificationConfiguration={"QueueConfigurations": [target]}
    )
    set_environment(monkeypatch, pipeline, queue_url, prefixes=f",{PREFIX}")
    return pipeline, sqs, queue_url


@pytest.fixture
def start(environment, monkeypatch):
    """Starts the function with the session whose calls the wire records."""
    yield lambda: Function(*environment, imported(monkeypatch, boto3.DEFAULT_SESSION._session))
    forget()
    gc.enable()  # a failed start leaves it disabled
    gc.unfreeze()


@pytest.fixture
def function(start):
    return start()


def test_deliveries_go_from_the_bucket_through_the_queue_into_the_tables(function, packed, record):
    for number in range(12):
        function.deliver(number, packed(record(number)), PREFIX)

    failed = function.drain()

    assert failed == []
    assert function.kept() == 0
    assert function.pipeline.numbers() == [*range(12)]
    origins = {row["logFile"] for row in function.pipeline.rows().values()}
    assert origins == {f"s3://example-trail-logs/{key(number, 'team a+b/50%/prüfung/')}" for number in range(12)}


def test_one_bad_message_fails_alone_and_stays_in_the_queue(function, packed, record):
    function.deliver(1, packed(record(1)))
    function.send("what is this")
    function.deliver(2, packed(record(2)))

    failed = function.drain()

    assert failed == ["what is this"]
    assert function.kept() == 1
    assert function.pipeline.numbers() == [1, 2]


def test_batch_of_nothing_but_bad_messages_is_answered_without_an_error(function):
    function.drain()
    function.send("one")
    function.send("two")

    assert sorted(function.drain()) == ["one", "two"]
    assert function.kept() == 2


def test_function_close_to_its_timeout_hands_back_the_rest_for_a_rerun(function, packed, record, wire):
    function.drain()
    for number in range(6):
        function.deliver(number, packed(record(number)))
    function.seconds = lambda: 300 - 90 * len(wire.requests("BatchWriteItem"))

    failed = function.drain()

    assert function.pipeline.numbers() == [0, 1, 2]  # after three, the reserve of 30 s is left
    assert len(failed) == function.kept() == 3
    assert 3 <= wire.operations().count("GetObject") <= 6  # the next files may have been fetched ahead

    function.seconds = lambda: 300
    for body in failed:
        function.send(body)

    assert function.drain() == []
    assert function.pipeline.numbers() == [*range(6)]


def test_slow_message_fails_alone_and_ends_its_work_when_it_comes_again(function, packed, record, wire):
    function.drain()
    keys = [key(number) for number in range(20)]
    for number, name in enumerate(keys):
        function.pipeline.deliver(packed(record(number)), name)
    function.drain()
    for item in function.pipeline._items(function.pipeline.files_name):
        function.pipeline.ledger.note(item["logFile"], "file", recordedWith="0-0123456789ab")
    slow = json.dumps({"s3Bucket": "example-trail-logs", "s3ObjectKey": keys})
    for number in range(30, 34):
        function.deliver(number, packed(record(number)))
    function.send(slow)
    options = {"QueueUrl": function.queue_url, "MaxNumberOfMessages": 10, "AttributeNames": ["All"]}
    messages = sorted(function.sqs.receive_message(**options)["Messages"], key=lambda each: each["Body"] != slow)
    begin = len(wire.requests("BatchWriteItem"))
    function.seconds = lambda: 300 - 10 * (len(wire.requests("BatchWriteItem")) - begin)

    failures = function.invoke(messages)

    assert failures == [messages[0]["MessageId"]]
    assert function.pipeline.numbers() == [*range(20), *range(30, 34)]
    messages[0]["Attributes"]["ApproximateReceiveCount"] = "2"
    begin = len(wire.requests("BatchWriteItem"))
    assert function.invoke(messages) == []


def test_messages_that_were_received_most_often_come_last(function, packed, record, caplog):
    function.drain()
    for number in range(4):
        function.deliver(number, packed(record(number)))
    options = {"QueueUrl": function.queue_url, "MaxNumberOfMessages": 10, "AttributeNames": ["All"]}
    messages = sorted(function.sqs.receive_message(**options)["Messages"], key=lambda each: each["Body"])
    for message, receives in zip(messages, (5, 1, 3, 1), strict=True):
        message["Attributes"]["ApproximateReceiveCount"] = str(receives)
    caplog.clear()

    assert function.invoke(messages) == []

    read = [each.logFile for each in caplog.records if each.getMessage() == "ingested"]
    announced = [next(number for number in range(4) if f"_{number}.json.gz" in message["Body"]) for message in messages]
    assert read == [f"s3://example-trail-logs/{key(announced[index])}" for index in (1, 3, 2, 0)]


def test_force_counts_only_in_the_backfill_queue(function, packed, record, caplog):
    function.deliver(1, packed(record(1)))
    function.drain()
    function.send(json.dumps({"s3Bucket": "example-trail-logs", "s3ObjectKey": [key(1)], "force": True}))
    messages = function.sqs.receive_message(QueueUrl=function.queue_url, AttributeNames=["All"])["Messages"]
    queues = ("deliveries", function.pipeline.backfill_url.rpartition("/")[2])

    failures = [invoke(function.handler, messages, queue=queue) for queue in queues]

    assert failures == [[], []]
    assert caplog.messages[-2:] == ["skipped", "ingested"]


@pytest.mark.parametrize("accounts", ["", "111122223333,o-a1b2c3d4e5", "444455556666"])
def test_deliveries_of_accounts_that_are_not_expected_are_refused(start, monkeypatch, packed, record, accounts):
    monkeypatch.setenv("ACCOUNTS", accounts)
    function = start()
    function.deliver(1, packed(record(1)))

    assert function.drain() == []

    assert bool(function.pipeline.rows()) is (accounts != "444455556666")


def test_a_delivery_without_wanted_records_takes_one_read_and_one_write_of_the_ledger_and_one_get(
    function, packed, record, wire
):
    function.drain()
    for number in range(10):
        function.deliver(number, packed(record(number, eventSource="s3.amazonaws.com")))
    before = len(wire.calls)

    function.drain()

    used = Counter(operation for operation in wire.operations()[before:] if "Message" not in operation)
    assert used == {"GetItem": 10, "GetObject": 10, "UpdateItem": 10}


def test_a_batch_gives_the_same_whether_it_is_fetched_ahead_or_not(new_pipeline, packed, record):
    contents = {
        1: packed(record(1), record(2)),
        2: b"junk",
        3: packed(record(3, eventTime="?")),
        4: packed(*[record(number) for number in range(10, 60)]),
    }
    found = []

    for is_ahead in (True, False):
        pipeline = new_pipeline()
        deliveries = [pipeline.deliver(content, key(number)) for number, content in contents.items()]
        gone = replace(deliveries[0], key=key(9), version_id=None)
        bodies = [pipeline.announce(*deliveries[:2], gone), pipeline.announce(*deliveries[2:], deliveries[0]), "junk"]
        with pipeline.ingestion.reading_ahead(bodies) if is_ahead else nullcontext():
            reports = [pipeline.process(body) for body in bodies[:2]]
        found.append((reports, pipeline.rows(), sorted(map(str, pipeline._items(pipeline.files_name)))))

    assert found[0] == found[1]
    assert [status for report in found[0][0] for status, _ in report].count("skipped") == 1


def emitted(capsys):
    """The sums of the metrics that were emitted, by their names."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    sums = Counter()
    for line in (line for line in lines if "_aws" in line):
        for description in line["_aws"]["CloudWatchMetrics"]:
            sums.update({each["Name"]: sum(line[each["Name"]]) for each in description["Metrics"]})
    return sums


THROTTLED = {
    "a request": ("GetItem", 400, "ProvisionedThroughputExceededException"),
    "the account": ("UpdateItem", 400, "RequestLimitExceeded"),
    "a batch": ("BatchWriteItem", 400, "ThrottlingException"),
}


@pytest.fixture
def waiting(start, packed, record, capsys):
    """Starts the function, for which a delivery waits."""

    def waiting():
        function = start()
        function.drain()
        function.deliver(1, packed(record(1)))
        capsys.readouterr()
        return function

    return waiting


@pytest.mark.parametrize("throttled", THROTTLED.values(), ids=THROTTLED)
def test_throttled_requests_are_counted_although_the_delivery_is_ingested(waiting, wire, capsys, throttled):
    function = waiting()
    wire.refuse(*throttled, times=1)

    assert function.drain() == []

    assert emitted(capsys)["TableThrottles"] == 1
    assert function.pipeline.numbers() == [1]


def test_items_that_dynamodb_leaves_unprocessed_are_counted_as_throttled(waiting, wire, capsys):
    function = waiting()
    item = {"PutRequest": {"Item": {"eventID": {"S": "x"}}}}
    left = {"UnprocessedItems": {function.pipeline.events_name: [item]}}
    wire.answer("BatchWriteItem", 200, json.dumps(left).encode(), times=1)

    function.drain()

    assert emitted(capsys)["TableThrottles"] == 1


@pytest.mark.parametrize("code", [None, "InternalServerError"])
def test_requests_that_are_answered_or_fail_otherwise_are_not_throttled(waiting, wire, capsys, code):
    function = waiting()
    if code:
        wire.refuse("GetItem", 500, code, times=1)

    assert function.drain() == []

    assert "TableThrottles" not in emitted(capsys)


def test_counts_of_a_batch_are_emitted_as_metrics(start, packed, record, capsys):
    function = start()
    function.drain()
    capsys.readouterr()
    noise = record(9, eventSource="s3.amazonaws.com")
    function.deliver(1, packed(record(1), record(1), record(2, eventTime="?"), noise))
    function.deliver(2, packed(record(3), record(4, eventSource="polly-v2.amazonaws.com")))
    function.deliver(3, b"junk")
    function.send("what is this")

    function.drain()

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (metrics,) = [line for line in lines if "_aws" in line]
    (description,) = metrics["_aws"]["CloudWatchMetrics"]
    emitted = {metric["Name"]: sum(metrics[metric["Name"]]) for metric in description["Metrics"]}
    assert (description["Namespace"], description["Dimensions"]) == ("aitrail", [["service"]])
    assert metrics["service"] == "aitrail"
    assert {metric["Unit"] for metric in description["Metrics"]} == {"Count"}
    assert emitted.keys() <= set(METRICS)
    assert emitted == {
        "IngestedFiles": 2,
        "UnreadableFiles": 1,
        "UnreadFiles": 1,
        "FailedMessages": 1,
        "Records": 6,
        "WantedRecords": 4,
        "RowsWritten": 2,
        "RejectedRecords": 1,
        "DuplicatesInFile": 1,
        "UnknownSources": 1,
        "NotRecorded": 1,
    }


@pytest.mark.parametrize(
    ("receives", "seconds"), [(1, (30, 60)), (2, (60, 120)), (3, (120, 240)), (4, (240, 480)), (5, (450, 900))]
)
def test_failed_message_comes_again_soon(function, wire, monkeypatch, receives, seconds):
    drawn = []
    monkeypatch.setattr("lambdas.ingest.wiring.random.randint", lambda *bounds: drawn.append(bounds) or bounds[1])
    function.drain()
    function.send("what is this")
    (message,) = function.sqs.receive_message(QueueUrl=function.queue_url, AttributeNames=["All"])["Messages"]
    message["Attributes"]["ApproximateReceiveCount"] = str(receives)

    failures = function.invoke([message])

    assert failures == [message["MessageId"]]
    request = {"QueueUrl": function.queue_url, "ReceiptHandle": message["ReceiptHandle"]}
    assert wire.requests("ChangeMessageVisibility") == [request | {"VisibilityTimeout": seconds[1]}]
    assert drawn == [seconds]


@pytest.mark.parametrize("refusal", [(403, "AccessDenied"), (400, "ReceiptHandleIsInvalid"), (503, "Unavailable")])
def test_visibility_that_cannot_be_shortened_does_no_harm(function, wire, refusal, caplog):
    wire.refuse("ChangeMessageVisibility", *refusal)
    function.send("what is this")

    assert function.drain() == ["what is this"]
    assert "the visibility timeout stays as it is" in caplog.text


PRIVATE = "only-for-the-table"


@pytest.fixture
def private(record):
    """Makes records with content that must not be logged."""
    identity = {"type": "IAMUser", "userName": PRIVATE, "accessKeyId": PRIVATE}
    fields = {"userIdentity": identity, "userAgent": PRIVATE, "requestParameters": {"text": PRIVATE}}
    return lambda number, **changes: record(number, **fields, **changes)


def test_log_tells_of_every_delivery_and_nothing_of_what_records_hold(capsys, start, packed, private):
    function = start()
    content = packed(private(1), private(2, eventTime=PRIVATE))
    function.deliver(1, content)
    function.deliver(2, content[:-4])
    function.deliver(3, b'{"Records":[{"eventSource":"polly.amazonaws.com","userAgent":"%b"' % PRIVATE.encode())

    assert function.drain() == []

    log = "".join(capsys.readouterr())
    assert PRIVATE not in log
    lines = [json.loads(line) for line in log.splitlines()]
    assert {line["logFile"]: line["message"] for line in lines if "logFile" in line} == {
        f"s3://example-trail-logs/{key(1)}": "ingested",
        f"s3://example-trail-logs/{key(2)}": "unreadable",
        f"s3://example-trail-logs/{key(3)}": "unreadable",
    }


def test_log_names_cause_and_delivery_of_a_failure_and_nothing_of_records(capsys, start, packed, private, wire):
    function = start()
    function.drain()
    wire.refuse("BatchWriteItem", 400, "ValidationException", "One or more parameter values were invalid")
    function.deliver(1, packed(private(1)))
    function.send(json.dumps({"Records": [{"private": PRIVATE}]}))

    assert len(function.drain()) == 2

    log = "".join(capsys.readouterr())
    assert PRIVATE not in log
    failures = [line for line in map(json.loads, log.splitlines()) if line.get("message") == "message failed"]
    of_delivery, of_message = (line["exception"] for line in sorted(failures, key=lambda line: line["exception_name"]))
    assert "ValidationException" in of_delivery
    assert f"s3://example-trail-logs/{key(1)}" in of_delivery
    assert "not a notification of a delivery" in of_message


def test_no_line_of_the_log_is_too_long_whatever_a_message_contains(capsys, start, packed, record, wire):
    function = start()
    sources = [f"polly-{chr(0xD800)}{number}{'x' * 240}" for number in range(1000)]
    function.deliver(1, packed(*[record(eventSource=source) for source in sources]))
    function.drain()
    function.send(json.dumps({"s3Bucket": "other", "s3ObjectKey": ["\u2028" * 40_000]}))
    wire.refuse("GetItem", 400, "ValidationException")
    keys = [f"{key(2).removesuffix('.json.gz')}{number}{'x' * 800}.json.gz" for number in range(900)]
    function.send(json.dumps({"s3Bucket": "example-trail-logs", "s3ObjectKey": keys}))
    function.drain()

    lines = "".join(capsys.readouterr()).splitlines()
    messages = {json.loads(line).get("message"): line for line in lines}
    assert {"ingested", "refused", "message failed"} <= messages.keys()
    assert max(map(len, lines)) <= 200_000
    assert json.loads(messages["ingested"])["moreUnknownSources"] == 980


def test_the_garbage_collector_is_on_once_the_function_has_started(start):
    start()

    assert gc.isenabled()
    assert gc.get_freeze_count() > 10_000


@pytest.mark.parametrize(("text", "retention"), [("", None), ("400", timedelta(days=400))], ids=str)
def test_retentions_come_from_the_environment(start, monkeypatch, text, retention):
    monkeypatch.setenv("ROW_RETENTION_DAYS", text)
    monkeypatch.setenv("LEDGER_RETENTION_DAYS", text)
    monkeypatch.setenv("LOG_RETENTION_DAYS", text)

    ingestion = start().handler.INGESTION

    assert (ingestion.row_retention, ingestion.ledger_retention, ingestion.log_retention) == (retention,) * 3


@pytest.mark.parametrize(("text", "status"), [("organization-trail-logs", "verified"), (None, "invalid")], ids=str)
def test_bucket_that_the_log_bucket_is_a_copy_of_comes_from_the_environment(start, monkeypatch, text, status):
    if text:
        monkeypatch.setenv("ORIGINAL_BUCKET", text)
    function = start()
    monkeypatch.setattr("aitrail.digests.PublicKeys.check", lambda *_: None)
    signed = digest(at("10:00"), bucket="organization-trail-logs")
    function.pipeline.deliver(signed.body, signed.key, Metadata=signed.metadata)

    assert function.drain() == []

    assert function.pipeline.files()["digest"]["status"] == status


@pytest.mark.parametrize(
    "name", ["EVENTS_TABLE", "FILES_TABLE", "LOG_BUCKET", "DELIVERIES_QUEUE_URL", "BACKFILL_QUEUE_URL"]
)
def test_variable_that_the_stack_forgot_is_named(start, monkeypatch, name):
    monkeypatch.delenv(name)

    with pytest.raises(KeyError, match=name):
        start()


def test_function_has_the_public_keys_that_are_a_part_of_its_code(function, tmp_path, monkeypatch):
    keys = function.handler.INGESTION.reconciliation.public_keys
    assert keys.given() == {}

    (tmp_path / "public-keys.json").write_bytes(key_file("eu-west-1"))
    monkeypatch.setattr("lambdas.ingest.wiring._PUBLIC_KEYS", tmp_path / "public-keys.json")

    assert keys.given().keys() == {("eu-west-1", FINGERPRINT)}
    assert function.handler.INGESTION.reviewer.public_keys is keys

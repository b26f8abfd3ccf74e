"""A deployment for commands to act on: a log file with its digest, dead letters, and what can go wrong."""

import gzip
import hashlib
import json
import ssl
import tempfile
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import Request, urlopen

from aitrail.ledger import FileEntry, Ledger
from demo.environments import ACCOUNT, REGION
from tests.shared import signed_digests
from tests.shared.billed_month import Export, Item

BILL_BUCKET = "amzn-s3-demo-bill"
GOOD, SENSITIVE = "a17a1100-0000-4000-8000-000000000000", "5ec7e700-0000-4000-8000-000000000000"
_FOLDER = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/11/20/"
_RECORD = {
    "eventVersion": "1.11",
    "eventTime": "2026-11-20T08:00:00Z",
    "eventSource": "polly.amazonaws.com",
    "eventName": "ListLexicons",
    "eventID": GOOD,
    "awsRegion": REGION,
    "recipientAccountId": ACCOUNT,
}
_CONVERSATION = {
    "eventSource": "runtime-v2-lex.amazonaws.com",
    "eventName": "RecognizeText",
    "eventID": SENSITIVE,
    "requestParameters": {"sessionId": "+1-555-0100", "text": "HIDDEN_DUE_TO_SECURITY_REASONS"},
}


class Scene:
    """A deployment with a log file of three records: one is redacted, and one cannot become a row.

    A digest lists the file, but the local AWS has no public keys of CloudTrail. From then on, only messages in the
    backfill queue reach the function, and only while it is at work. Methods that name a state bring it about, however
    often they are called.
    """

    def __init__(self, pipeline):
        self.pipeline, self.outputs = pipeline, pipeline.outputs
        self.bucket, self.events = self.outputs["LogBucketName"], self.outputs["EventsTableName"]
        self.dynamodb, self.sqs = pipeline.aws.client("dynamodb"), pipeline.aws.client("sqs")
        self.ledger = Ledger(self.dynamodb, self.outputs["FilesTableName"])
        content = json.dumps({"Records": [_RECORD, _RECORD | _CONVERSATION, _RECORD | {"eventTime": "never"}]}).encode()
        key = f"{_FOLDER}{_name('0805')}"
        self.name = pipeline.put(key, gzip.compress(content))
        pipeline.wait_for({self.name})
        where = {"bucket": self.bucket, "where": {"region": REGION}}
        digest = signed_digests.digest(datetime(2026, 11, 20, 9, tzinfo=UTC), [(key, content)], **where)
        self.digest = pipeline.put(digest.key, digest.body, digest.metadata)
        while self.digest not in pipeline.ledger():
            time.sleep(0.1)
        known = {"expectedSha256": hashlib.sha256(content).hexdigest(), "verifiedBy": self.digest}
        self.ledger.note(self.name, "file", **known)
        self.row = self.dynamodb.get_item(TableName=self.events, Key={"eventID": {"S": GOOD}})["Item"]
        self._mappings = {
            mapping["EventSourceArn"].rpartition(":")[2]: mapping["UUID"]
            for mapping in pipeline.aws.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        }
        self._is_at_work = True
        self._receive_once(self.outputs["DeliveriesQueueUrl"], self.outputs["DeadLetterQueueUrl"])

    def _receive_once(self, queue, dead_letters):
        """Leaves messages in a queue, and makes dead letters of those that are received twice, visible all the time."""
        self._set_mapping(queue, enabled=False)
        found = self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["RedrivePolicy"])["Attributes"]
        once = json.dumps(json.loads(found["RedrivePolicy"]) | {"maxReceiveCount": 1})
        self.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": once})
        self.sqs.set_queue_attributes(QueueUrl=dead_letters, Attributes={"VisibilityTimeout": "0"})

    def _set_mapping(self, queue, *, enabled):
        mapping = self._mappings[queue.rpartition("/")[2]]
        self.pipeline.aws.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=enabled)

    def everything_is_in_order(self):
        """The function is at work, and the table has the rows of the log file, and no others of it."""
        self._let_function_work(is_at_work=True)
        self.dynamodb.put_item(TableName=self.events, Item=self.row)
        self.dynamodb.delete_item(TableName=self.events, Key={"eventID": {"S": "added"}})

    def _let_function_work(self, *, is_at_work):
        if is_at_work is not self._is_at_work:
            self._set_mapping(self.outputs["BackfillQueueUrl"], enabled=is_at_work)
            self._is_at_work = is_at_work

    def function_is_idle(self):
        """The function reads nothing, while a log file is not announced, and another one is unreadable."""
        self._let_function_work(is_at_work=False)
        self.file_is_unannounced()
        self.file_is_unreadable()

    def row_is_missing(self):
        self.dynamodb.delete_item(TableName=self.events, Key={"eventID": {"S": GOOD}})

    def row_is_added(self):
        self.dynamodb.put_item(TableName=self.events, Item=self.row | {"eventID": {"S": "added"}})

    def row_is_new(self):
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        changes = {"eventID": now, "eventTime": now, "eventDay": now[:10], "logFile": "s3://b/k"}
        item = self.row | {name: {"S": value} for name, value in changes.items()}
        self.dynamodb.put_item(TableName=self.events, Item=item)

    def file_is_replaced(self):
        self.row_is_missing()
        known = {"replacedAt": "2026-11-20T08:30:00Z", "repairedAt": None, "problem": "replaced"}
        self.ledger.note(self.name, "file", **known)

    def file_is_unannounced(self):
        """A log file of another day is in the folder, and the ledger has no entry."""
        self.pipeline.put(f"{_FOLDER}{_name('0810', day='18')}", gzip.compress(b'{"Records": []}'))

    def file_is_unreadable(self):
        known = {"account": ACCOUNT, "region": REGION, "delivery_day": "2026-11-20"}
        name = f"s3://{self.bucket}/{_FOLDER}{_name('0815')}"
        self.ledger.record(FileEntry(log_file=name, status="unreadable", reason="for a test", **known))
        return name

    def digest_is_verified(self):
        self.ledger.note(self.digest, "digest", status="verified", problem=None)

    def digest_is_unverifiable(self):
        self.ledger.note(self.digest, "digest", status="unverifiable", problem="unverifiable")

    def bill_is_there(self):
        """A bucket of its own has an export of the bill."""
        s3 = self.pipeline.aws.client("s3")
        with tempfile.TemporaryDirectory() as folder:
            Export(Path(folder)).deliver([Item(since=datetime(2026, 11, 20, 8, tzinfo=UTC))])
            if BILL_BUCKET not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
                s3.create_bucket(Bucket=BILL_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
            for path in Path(folder).rglob("*.*"):
                key = f"bill/{path.relative_to(folder).as_posix()}"
                s3.put_object(Bucket=BILL_BUCKET, Key=key, Body=path.read_bytes())

    def call_is_recorded(self):
        """CloudTrail's Event history has one more call of Transcribe, from a second that is over."""
        aws = self.pipeline.aws
        configuration = json.dumps({"cloudtrail._recording_enabled": "true"}).encode()
        trusted = ssl.create_default_context(cafile=aws.environment["AWS_CA_BUNDLE"])
        request = Request(f"{aws.endpoint}/_ministack/config", data=configuration)  # noqa: S310 - of the local AWS
        with urlopen(request, context=trusted, timeout=10):  # noqa: S310 - as above
            pass
        known = self._calls()
        aws.client("transcribe").list_transcription_jobs()
        while self._calls(EndTime=datetime.now(UTC) - timedelta(seconds=1)) <= known:
            time.sleep(0.1)

    def _calls(self, **window):
        name = {"AttributeKey": "EventName", "AttributeValue": "ListTranscriptionJobs"}
        pages = self.pipeline.aws.client("cloudtrail").lookup_events(LookupAttributes=[name], **window)
        return {each["EventId"] for each in pages["Events"]}

    def letter_is_dead(self):
        """A message of the deliveries queue is among the dead letters, and a log file is unreadable."""
        queue = self.outputs["DeliveriesQueueUrl"]
        self.sqs.send_message(QueueUrl=queue, MessageBody="{}")
        while not self.pipeline.messages("DeadLetterQueueUrl"):
            self.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0)
        self.file_is_unreadable()


def _name(time_, day="20"):
    return f"{ACCOUNT}_CloudTrail_{REGION}_202611{day}T{time_}Z_{uuid.uuid4().hex[:16]}.json.gz"

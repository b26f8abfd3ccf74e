"""AWS simulated by moto, with the deployment's tables, bucket and queue, and a clock controlled by tests."""

import gzip
import json
import re
import threading
from collections import Counter
from datetime import UTC, datetime
from itertools import count
from math import inf
from unittest.mock import Mock
from urllib.parse import quote_plus

import boto3
import botocore.session
import msgspec
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from moto import mock_aws
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import DEFAULT_ACCOUNT_ID, botocore_stubber
from moto.s3.models import FakeDeleteMarker, s3_backends

from aitrail import clock
from aitrail.deliveries import Announcer, Delivery, Scope
from aitrail.digests import NoDigestsDetector, PublicKeys, Reconciliation
from aitrail.dynamodb import from_item, items, tables
from aitrail.ingest import EventsTable, Ingestion, Review
from aitrail.ledger import NO_DIGESTS, Ledger, LedgerReader
from aitrail.questions import TableRows
from aitrail.services import load
from tests.shared.deployed_tables import create_table
from tests.shared.quick_moto import quicken
from tests.shared.signed_digests import FINGERPRINT, public_key

BUCKET = "example-trail-logs"
FOLDER = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14"
KEY = f"{FOLDER}/111122223333_CloudTrail_eu-west-1_20260314T0925Z_Zr5tYh2kQw8eLp0N.json.gz"
table_numbers = count()
INDEX_KEYS = {key for table in (tables.EVENTS, tables.FILES) for index in table.indexes for key in index.keys}


class Wire:
    """Records every call of clients created after it, and responds instead of AWS if a test wants that.

    `calls` are (operation, parameters) of the caller's calls, without botocore's retries. `tries` counts the requests
    sent. `refused` has the calls that DynamoDB would refuse although moto accepts them. `processed` is the number of
    requests or keys of each batch that DynamoDB processes; it returns the others as unprocessed. `stored` is the time
    at which, according to S3, objects were put; `stored_versions` has that of single versions. `fuse` is the
    number of requests before the process suddenly ends.
    Threads may share it.
    """

    def __init__(self, events):
        self.calls = []
        self.tries = Counter()
        self.refused = []
        self.processed, self.fuse = None, inf
        self.stored, self.stored_versions = datetime(2026, 3, 14, 9, 26, tzinfo=UTC), {}
        self._answers = {}
        self._lock = threading.Lock()
        events.register("provide-client-params", self._note)
        events.register("after-call.dynamodb", self._hand_back)
        for operation in ("GetObject", "HeadObject"):
            events.register(f"after-call.s3.{operation}", self._date)
        events.register("after-call.s3.GetObject", self._mark)
        # moto would act on a request even if another handler has answered it.
        events.unregister("before-send", botocore_stubber)
        events.register("before-send", self._send)

    def operations(self):
        return [operation for operation, _ in self.calls]

    def requests(self, operation):
        return [parameters for called, parameters in self.calls if called == operation]

    def answer(self, operation, status, body, headers=None, *, times=inf):
        """Answers the next calls with `body`: bytes, an object whose read() returns them, or an exception to raise."""
        self._answers[operation] = [times, status, headers or {}, body]

    def refuse(self, operation, status, code, message="", *, times=inf):
        """Answers the next calls with an error, in S3's XML or in JSON."""
        xml = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        text = xml if operation == "GetObject" else json.dumps({"__type": code, "message": message})
        self.answer(operation, status, text.encode(), times=times)

    def _note(self, params, model, context, **_):
        # The function encodes write requests before it passes them to the client.
        sent = msgspec.json.decode(msgspec.json.encode(params)) if model.name == "BatchWriteItem" else params
        self.calls.append((model.name, dict(sent)))
        context["parameters"] = dict(sent)
        self.refused += _refusals(model.name, sent)
        if self.processed is not None and model.name in ("BatchWriteItem", "BatchGetItem"):
            ((table, batch),) = params["RequestItems"].items()
            requests = batch if model.name == "BatchWriteItem" else batch["Keys"]
            kind, wrap = ("Items", list) if batch is requests else ("Keys", lambda keys: {"Keys": keys})
            params["RequestItems"] = {table: wrap(requests[: self.processed])}
            rest = requests[self.processed :]
            context["unprocessed"] = {f"Unprocessed{kind}": {table: wrap(rest)} if rest else {}}

    def _hand_back(self, parsed, context, **_):
        parsed.update(context.get("unprocessed", {}))

    def _date(self, parsed, **_):
        if "LastModified" in parsed:
            parsed["LastModified"] = self.stored_versions.get(parsed.get("VersionId"), self.stored)

    def _mark(self, parsed, context, **_):
        """Reports a delete marker as S3 does; moto keeps it to itself."""
        named = context["parameters"]
        versions = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[named["Bucket"]].keys.getlist(named["Key"], [])
        is_deleted = bool(versions) and isinstance(versions[-1], FakeDeleteMarker)
        if is_deleted and parsed.get("Error", {}).get("Code") == "NoSuchKey":
            parsed["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"] = "true"

    def _send(self, request, event_name, **_):
        operation = event_name.rpartition(".")[2]
        with self._lock:
            self.fuse -= 1
            if self.fuse < 0:
                raise SystemExit
            self.tries[operation] += 1
            answer = self._answers.get(operation)
            is_answered = bool(answer and answer[0])
            if is_answered:
                answer[0] -= 1
        if not is_answered:
            return botocore_stubber(event_name, request)
        _, status, headers, body = answer
        if isinstance(body, Exception):
            raise body
        return AWSResponse(request.url, status, headers, MockRawResponse(body) if isinstance(body, bytes) else body)


def _refusals(operation, parameters):
    """The reasons why DynamoDB would refuse a call, by its API reference, although moto accepts it."""
    if operation == "BatchWriteItem":
        requests = [request for table in parameters["RequestItems"].values() for request in table]
        found = [request.get("DeleteRequest", {}).get("Key") or request["PutRequest"]["Item"] for request in requests]
        keys = [json.dumps([item.get("entry"), item["logFile" if "entry" in item else "eventID"]]) for item in found]
        if not 1 <= len(keys) <= 25:
            yield f"a batch of {len(keys)}"
        if len(set(keys)) < len(keys):
            yield f"twice the same key in a batch: {keys}"
        for item in found:
            yield from (f"{name} is {item[name]}" for name in INDEX_KEYS & item.keys() if not item[name].get("S"))
    if operation == "BatchGetItem":
        keys = [json.dumps(key) for table in parameters["RequestItems"].values() for key in table["Keys"]]
        if not 1 <= len(keys) <= 100 or len(set(keys)) < len(keys):
            yield f"a batch of {len(keys)} keys, {len(set(keys))} of them distinct"
    if operation == "Query":
        yield from _refusals_of_query(parameters)
    expressions = " ".join(str(value) for name, value in parameters.items() if name.endswith("Expression"))
    defined = (parameters.get(f"ExpressionAttribute{what}", {}) for what in ("Names", "Values"))
    words = set(re.split(r"[\s(),.]+", expressions))
    yield from (f"{name} is not used in {expressions}" for names in defined for name in names if name not in words)


def _refusals_of_query(parameters):
    condition, filter_ = parameters["KeyConditionExpression"], parameters.get("FilterExpression", "")
    names, values = (parameters.get(f"ExpressionAttribute{what}", {}) for what in ("Names", "Values"))
    indexes = {index.name: index for table in (tables.EVENTS, tables.FILES) for index in table.indexes}
    keys = indexes[parameters["IndexName"]].keys if "IndexName" in parameters else ()
    if max(len(condition), len(filter_)) > 4096:
        yield f"an expression of {len(filter_)} bytes"
    yield from (f"IN with too many values: {found}" for found in filter_.split("IN")[1:] if found.count(":") > 100)
    yield from (f"{name} is a key" for name in names if f"{name} " in filter_ and names[name] in keys)
    yield from (f"{name} is no placeholder" for name in (*names, *values) if not re.fullmatch("[#:][a-zA-Z0-9]+", name))
    yield from (f"{name} is empty" for name in values if name in condition and not values[name]["S"])
    if not 1 <= parameters.get("Limit", 1) < 2**31:
        yield f"Limit of {parameters['Limit']}"


class Clock:
    """A clock: `now`, and the function's remaining seconds in `left`. Time passes only in `sleep`.

    `given` is the Clock that is passed to the parts.
    """

    def __init__(self):
        self.now = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
        self.left = 270.0
        self.pauses = []
        self.given = clock.Clock(now=lambda: self.now, sleep=self.sleep, random=lambda: 0.5)

    def time_left(self):
        return self.left

    def sleep(self, seconds):
        self.pauses.append(seconds)
        self.left -= seconds


class Storage:
    """Both tables, created as by the stack, on any engine that `client` uses, with a `clock`.

    `events` writes to the events table, `source` reads from it.
    """

    def __init__(self, client):
        self.dynamodb, self.clock = client, Clock()
        prefix = f"example-{next(table_numbers)}"
        self.events_name, self.files_name = f"{prefix}-Events", f"{prefix}-Files"
        create_table(client, self.events_name, tables.EVENTS)
        create_table(client, self.files_name, tables.FILES)
        options = {"clock": self.clock.given}
        self.events = EventsTable(client, self.events_name, **options, workers=1)
        self.source = TableRows(client, self.events_name, **options)
        self.ledger = Ledger(client, self.files_name, **options)

    def write(self, *rows):
        self.events.write(rows, time_left=self.clock.time_left)

    def rows(self):
        """All rows by eventID, with values as in JSON."""
        return {row["eventID"]: row for row in self._items(self.events_name)}

    def numbers(self):
        """The numbers with which the records of all rows were made."""
        return sorted(int(event_id[:8], 16) for event_id in self.rows())

    def files(self):
        """All entries of deliveries by `entry`, for tests with one file."""
        return {entry["entry"]: entry for entry in self._items(self.files_name) if entry["entry"] != NO_DIGESTS}

    def _items(self, table):
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=table)
        return [items.plain(from_item(item)) for page in pages for item in page["Items"]]


class Pipeline(Storage):
    """The tables, the bucket in `s3`, and the ingestion of files from the bucket into the tables."""

    def __init__(self, client, s3, sqs):
        super().__init__(client)
        self.s3 = s3
        self.sqs = sqs
        self.cloudtrail = Mock(name="cloudtrail")
        self.cloudtrail.get_paginator.return_value.paginate.return_value = [{"PublicKeyList": []}]
        self.backfill_url = sqs.create_queue(QueueName=f"{self.files_name}-backfill")["QueueUrl"]
        self.reader = LedgerReader(client, self.files_name)
        parts = {"ledger": self.ledger, "reader": self.reader}
        announcer = Announcer(lambda: sqs, self.backfill_url, BUCKET, clock=self.clock.given)
        public_keys = PublicKeys(lambda _region: self.cloudtrail, clock=self.clock.given)
        self.ingestion = Ingestion(
            s3=s3,
            events=self.events,
            ledger=self.ledger,
            registry=load(),
            scope=Scope(bucket=BUCKET),
            reconciliation=Reconciliation(
                **parts,
                public_keys=public_keys,
                scope=Scope(bucket=BUCKET),
                clock=self.clock.given,
            ),
            no_digests=NoDigestsDetector(**parts, clock=self.clock.given),
            reviewer=Review(
                **parts, announcer=announcer, public_keys=public_keys, bucket=BUCKET, clock=self.clock.given
            ),
            clock=self.clock.given,
        )

    def trust(self):
        """Makes CloudTrail return the tests' public key."""
        pages = [{"PublicKeyList": [{"Fingerprint": FINGERPRINT, "Value": public_key()}]}]
        self.cloudtrail.get_paginator.return_value.paginate.return_value = pages

    def deliver(self, content, key=KEY, **options):
        """Puts a file into the bucket as CloudTrail does."""
        answer = self.s3.put_object(Bucket=BUCKET, Key=key, Body=content, **options)
        return Delivery(bucket=BUCKET, key=key, version_id=answer.get("VersionId"), etag=answer["ETag"].strip('"'))

    def delete(self, delivery):
        """Deletes an object and all of its versions; only a delete marker stays, as in a versioned bucket."""
        named = {"Bucket": delivery.bucket, "Key": delivery.key}
        self._set_versioning(delivery.bucket, "Enabled")
        self.s3.delete_object(**named)
        for version in self.s3.list_object_versions(Bucket=delivery.bucket, Prefix=delivery.key).get("Versions", []):
            self.s3.delete_object(**named, VersionId=version["VersionId"])
        self._set_versioning(delivery.bucket, "Suspended")

    def _set_versioning(self, bucket, status):
        self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})

    def announce(self, *deliveries):
        """The body of the message with which S3 announces deliveries."""

        def event(delivery):
            facts = {"key": quote_plus(delivery.key), "eTag": delivery.etag, "versionId": delivery.version_id}
            named = {name: value for name, value in facts.items() if value}
            s3 = {"bucket": {"name": delivery.bucket}, "object": named}
            return {"eventSource": "aws:s3", "eventVersion": "2.1", "eventName": "ObjectCreated:Put", "s3": s3}

        return json.dumps({"Records": [event(delivery) for delivery in deliveries]})

    def ingest(self, delivery):
        return self.ingestion.ingest(delivery, time_left=self.clock.time_left)

    def process(self, body, *, is_backfill=False):
        """Ingests a message; returns status and counts of its deliveries. An exception means that the message fails."""
        reports = []
        options = {"time_left": self.clock.time_left, "report": reports.append}
        self.ingestion.ingest_message(body, is_backfill=is_backfill, **options)
        return [(report.status, report.metrics) for report in reports]


@pytest.fixture(scope="module")
def moto(descriptions):
    """moto with fake credentials, and botocore's service models: both are slow to load."""
    with mock_aws() as moto, pytest.MonkeyPatch.context() as patch:
        quicken(patch)
        yield moto, descriptions


@pytest.fixture(autouse=True)
def wire(moto, socket_disabled, monkeypatch):  # noqa: ARG001 - no test uses the network
    mock, loader = moto
    mock.reset()
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    # The delays of botocore's retries use the real clock.
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    session = botocore.session.Session()
    session.register_component("data_loader", loader)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", boto3.Session(botocore_session=session))
    wire = Wire(boto3.DEFAULT_SESSION.events)
    yield wire
    assert wire.refused == []


@pytest.fixture
def client(wire):  # noqa: ARG001 - it records the calls of clients created after it
    """Creates clients as the function does, with four attempts."""
    return lambda service: boto3.client(service, config=Config(retries={"mode": "standard", "total_max_attempts": 4}))


@pytest.fixture
def dynamodb(client):
    return client("dynamodb")


@pytest.fixture
def s3(client):
    s3 = client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return s3


@pytest.fixture
def new_storage(dynamodb):
    return lambda: Storage(dynamodb)


@pytest.fixture
def storage(new_storage):
    return new_storage()


@pytest.fixture
def new_pipeline(dynamodb, s3, client):
    return lambda: Pipeline(dynamodb, s3, client("sqs"))


@pytest.fixture
def pipeline(new_pipeline):
    return new_pipeline()


@pytest.fixture
def record():
    """Makes a record of Polly; `number` makes it distinct, and a field with the value `...` is left out."""

    def record(number=0, **changes):
        fields = {
            "eventVersion": "1.11",
            "userIdentity": {"type": "IAMUser", "userName": "Alice", "accountId": "111122223333"},
            "eventTime": "2026-03-14T09:20:00Z",
            "eventSource": "polly.amazonaws.com",
            "eventName": "SynthesizeSpeech",
            "awsRegion": "eu-west-1",
            "sourceIPAddress": "192.0.2.41",
            "requestParameters": {"engine": "neural", "requestCharacters": 25, "speed": 1.5},
            "responseElements": None,
            "eventID": f"{number:08x}-0000-4000-8000-000000000000",
            "recipientAccountId": "111122223333",
        }
        return {name: value for name, value in (fields | changes).items() if value is not ...}

    return record


@pytest.fixture
def packed():
    """The content of a log file with these records."""
    return lambda *records: gzip.compress(json.dumps({"Records": records}).encode(), mtime=0)

"""Simulates faults of AWS in any call by the function, and its queues with their poller, by a simulated clock."""

import io
import json
import threading
from base64 import b64encode
from collections import Counter
from concurrent.futures import Future
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import count, cycle

import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, ReadTimeoutError
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.sqs.models import sqs_backends
from urllib3.exceptions import ProtocolError

from aitrail.clock import Clock
from aitrail.deliveries import Delivery
from aitrail.dynamodb import from_item
from aitrail.ledger import NO_DIGESTS
from tests.functional.conftest import Wire
from tests.functional.invoking import imported, invoke, set_environment
from tests.shared.fuzzing import IS_LONG
from tests.shared.signed_digests import FINGERPRINT, public_key

REGION = "eu-west-1"
ARN = f"arn:aws:sqs:{REGION}:{DEFAULT_ACCOUNT_ID}:"
# The function's clients make three attempts: a longer fault fails the message.
LASTING = 3
RECEIVES = 5
VISIBILITY = 1800
# Attributes that record the time of an action, not its result.
TIMES = {"ingestedAt", "doubtedAt", "announcedAt", "announcements", "listedAt"}
BUCKET = "example-trail-logs"
numbers = count()


class Killed(BaseException):
    """The process suddenly ends."""


class AtOnce:
    """A pool without threads that runs tasks when they are submitted, so that the order of calls is fixed."""

    def __init__(self, *_, **__):
        pass

    def submit(self, task, *arguments):
        future = Future()
        try:
            future.set_result(task(*arguments))
        except BaseException as error:  # noqa: BLE001 - as in a thread
            future.set_exception(error)
        return future

    def shutdown(self, **_):
        pass


class BrokenBody(io.BytesIO):
    """A body that ends early, with an error or silently."""

    def __init__(self, content, error):
        super().__init__(content)
        self.error = error

    def read(self, size=-1):
        data = super().read(size)
        if not data and self.error:
            raise self.error
        return data


@dataclass(frozen=True)
class Fault:
    """What AWS does instead of responding, for a number of successive attempts of the client.

    `happens` is called with the process, the request with its operation, and a function that carries it out.
    """

    name: str
    happens: object
    tries: int = 1
    operations: tuple = ()

    def concerns(self, operation):
        return not self.operations or operation in self.operations

    def lasting(self, tries=LASTING):
        return replace(self, name=f"{self.name} for {tries} tries", tries=tries)


def answered(request, status, content):
    text = content if isinstance(content, str) else json.dumps(content)
    return AWSResponse(request.url, status, {}, MockRawResponse(text.encode()))


def refusal(status, code, s3_status, s3_code):
    def happens(_process, request, operation, _carry_out):
        if operation == "GetObject":
            return answered(request, s3_status, f"<Error><Code>{s3_code}</Code><Message>fault</Message></Error>")
        return answered(request, status, {"__type": code, "message": "fault"})

    return happens


def no_answer(error, *, is_done):
    def happens(_process, request, _operation, carry_out):
        if is_done:
            carry_out()
        raise error(endpoint_url=request.url)

    return happens


def unprocessed(kept):
    """DynamoDB accepts the first `kept` writes of a batch, SQS as many messages; 20 seconds pass."""

    def happens(process, request, operation, carry_out):
        process.left -= 20
        content = json.loads(request.body)
        if operation == "SendMessageBatch":
            rest = content["Entries"][kept:]
            failed = [{"Id": entry["Id"], "Code": "InternalError", "SenderFault": False} for entry in rest]
            answer = {"Successful": [], "Failed": failed}
            content["Entries"] = content["Entries"][:kept]
        else:
            ((table, requests),) = content["RequestItems"].items()
            answer = {"UnprocessedItems": {table: requests[kept:]} if requests[kept:] else {}}
            content["RequestItems"] = {table: requests[:kept]}
        if kept:
            request.body = json.dumps(content).encode()
            request.headers["Content-Length"] = str(len(request.body))
            carry_out()
        return answered(request, 200, answer)

    return happens


def killed(process, _request, _operation, _carry_out):
    process.is_dead = True
    raise Killed


def killed_after(process, _request, _operation, carry_out):
    carry_out()
    process.is_dead = True
    raise Killed


def out_of_time(process, _request, _operation, carry_out):
    process.left = 0
    return carry_out()


def other_worker(process, _request, _operation, carry_out):
    """Another process, which has received the same messages, processes them between two calls of this process."""
    process.account.new_process().invoke(process.messages, process.queue)
    return carry_out()


def body_that_ends(error=None):
    def happens(process, request, _operation, carry_out):
        answer = carry_out()
        if answer.status_code != 200:
            return answer
        if error is Killed:
            process.is_dead = True
        half = answer.content[: len(answer.content) // 2]
        return AWSResponse(request.url, 200, answer.headers, BrokenBody(half, error and error()))

    return happens


def in_turn(name, faults):
    """These faults in turn, one for each attempt."""
    turns = cycle(faults)
    return Fault(name, lambda *arguments: next(turns).happens(*arguments))


BATCHES = ("BatchWriteItem", "SendMessageBatch")
THROTTLED = Fault("throttled", refusal(400, "ThrottlingException", 503, "SlowDown"))
FAILED = Fault("5xx", refusal(500, "InternalServerError", 500, "InternalError"))
RESET = Fault("connection reset", no_answer(ConnectionClosedError, is_done=False))
NO_CONNECTION = Fault("no connection", no_answer(ConnectTimeoutError, is_done=False))
ANSWER_LOST = Fault("answer lost", no_answer(ReadTimeoutError, is_done=True))
NOTHING_TAKEN = Fault("nothing of a batch taken", unprocessed(0), operations=BATCHES)
PART_TAKEN = Fault("part of a batch taken", unprocessed(1), operations=BATCHES)
BODY_ENDS = Fault("body ends early", body_that_ends(), operations=("GetObject",))
BODY_BREAKS = Fault(
    "body breaks off", body_that_ends(lambda: ProtocolError("connection broken")), operations=("GetObject",)
)
KILLED_IN_BODY = Fault("killed while reading", body_that_ends(Killed), operations=("GetObject",))
KILLED = Fault("killed before a call", killed)
KILLED_AFTER = Fault("killed after a call", killed_after)
OUT_OF_TIME = Fault("out of time", out_of_time)
OTHER_WORKER = Fault("other worker in between", other_worker)

# The client recovers from these faults.
PASSING = (THROTTLED, FAILED, RESET, NO_CONNECTION, ANSWER_LOST, NOTHING_TAKEN, PART_TAKEN)
REFUSALS = (THROTTLED, FAILED, RESET, NO_CONNECTION)
# These faults fail the message, or end or disturb the process. All attempts of a call are refused, with each refusal in
# turn; a long run has each of them in every call.
GRAVE = (
    in_turn("refused", REFUSALS).lasting(),
    *(fault.lasting() for fault in (REFUSALS if IS_LONG else ())),
    ANSWER_LOST.lasting(),
    NOTHING_TAKEN.lasting(15),
    PART_TAKEN.lasting(15),
    BODY_ENDS,
    BODY_BREAKS,
    KILLED_IN_BODY,
    KILLED,
    KILLED_AFTER,
    OUT_OF_TIME,
    OTHER_WORKER,
)


def once(create):
    """Caches clients, which are slow to create and keep no state that the next process should not see."""
    made = {}

    def create_client(service, *, region_name, config):
        if (service, region_name) not in made:
            made[service, region_name] = create(service, region_name=region_name, config=config)
        return made[service, region_name]

    return create_client


class Process(Wire):
    """One process of the function, with planned faults by the number of the request since the invocation."""

    def __init__(self, account, monkeypatch, loader):
        session = botocore.session.Session()
        session.register_component("data_loader", loader)
        super().__init__(session.get_component("event_emitter"))
        key = {"Fingerprint": FINGERPRINT, "Value": b64encode(public_key()).decode()}
        self.answer("ListPublicKeys", 200, json.dumps({"PublicKeyList": [key]}).encode())
        self.account = account
        self._counting = threading.Lock()
        session.create_client = once(session.create_client)
        # No waiting between attempts.
        clock = Clock(now=lambda: account.clock.now, sleep=lambda _: None, random=lambda: 0.0)
        self._import = lambda: imported(monkeypatch, session, clock)
        self.restart()

    def restart(self):
        """Restarts the process, as with a cold start."""
        self.is_dead = False
        self._handler = self._import()

    def invoke(self, messages, queue, faults=()):
        """Returns the messageIds to retry, or None if the process dies; `faults` are pairs of a number and a fault."""
        self.messages, self.queue, self.left, self.sent = messages, queue, 300, 0
        self._plan = {number + further: fault for number, fault in faults for further in range(fault.tries)}
        try:
            return invoke(self._handler, messages, queue=queue, seconds=lambda: self.left)
        except Killed:
            return None

    def _send(self, request, event_name, **_):
        with self._counting:
            number, self.sent = self.sent, self.sent + 1
        if self.is_dead:
            raise Killed
        operation = event_name.rpartition(".")[2]
        carry_out = partial(super()._send, request, event_name)
        fault = self._plan.get(number)
        if fault is None or not fault.concerns(operation):
            return carry_out()
        self.account.hits[fault.name, operation] += 1
        return fault.happens(self, request, operation, carry_out)


class Account:
    """The stack's tables and queues in an account, and a simulated Lambda poller; SQS uses the pipeline's clock."""

    def __init__(self, pipeline, monkeypatch, loader):
        self.pipeline, self.clock = pipeline, pipeline.clock
        self.new_process = partial(Process, self, monkeypatch, loader)
        monkeypatch.setattr("moto.sqs.models.unix_time", lambda: self.clock.now.timestamp())  # noqa: PLW0108
        monkeypatch.setattr("moto.sqs.models.unix_time_millis", lambda: self.clock.now.timestamp() * 1000)
        dead, deliveries, backfill = (f"{name}-{next(numbers)}" for name in ("dead", "deliveries", "backfill"))
        redrive = {"deadLetterTargetArn": ARN + dead, "maxReceiveCount": RECEIVES}
        options = {"VisibilityTimeout": str(VISIBILITY), "RedrivePolicy": json.dumps(redrive)}
        pipeline.sqs.create_queue(QueueName=dead)
        urls = [pipeline.sqs.create_queue(QueueName=name, Attributes=options) for name in (deliveries, backfill)]
        pipeline.backfill_url = urls[1]["QueueUrl"]
        set_environment(monkeypatch, pipeline, urls[0]["QueueUrl"])
        self._sqs, self._names, self._dead = sqs_backends[DEFAULT_ACCOUNT_ID][REGION], (deliveries, backfill), dead
        target = {"QueueArn": ARN + deliveries, "Events": ["s3:ObjectCreated:*"]}
        pipeline.s3.put_bucket_notification_configuration(
            Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [target]}
        )
        self._take(deliveries)  # S3's test event
        self.hits = Counter()
        self.refused = []
        self._process = self.new_process()

    def put(self, key, content, **options):
        """Puts an object into the bucket; returns the message with which S3 announces it."""
        self.pipeline.s3.put_object(Bucket=BUCKET, Key=key, Body=content, **options)
        return self._take(self._names[0])[-1]

    def delete(self, key):
        """Deletes an object; a delete marker stays."""
        self.pipeline.delete(Delivery(bucket=BUCKET, key=key))

    def drained(self, when, bodies, faults=lambda _body, _receives: (), *, most=10):
        """Sends these messages at `when`, and polls like Lambda until none is left; returns the dead letters.

        The function starts cold. `faults` returns the faults for the invocation in which a message is received for the
        n-th time. `calls` has the calls of the invocation in which a message is received for the first time.
        """
        self.clock.now, self.calls = when, {}
        self._process.restart()
        for body in bodies:
            self._sqs.send_message(self._names[0], body)
        while True:
            name, messages = self._receive(most)
            if messages:
                self._work(name, messages, faults)
            elif not self._wait():
                self.refused += self._process.refused
                return self._take(self._dead)

    def _receive(self, most):
        for name in self._names:
            if found := self._sqs.receive_message(name, most, 0, VISIBILITY):
                return name, [
                    {
                        "MessageId": message.id,
                        "ReceiptHandle": message.receipt_handle,
                        "Body": message.body,
                        "Attributes": {"ApproximateReceiveCount": str(message.approximate_receive_count)},
                    }
                    for message in found
                ]
        return "", []

    def _work(self, name, messages, faults):
        received = [(message["Body"], int(message["Attributes"]["ApproximateReceiveCount"])) for message in messages]
        before = len(self._process.calls)
        again = self._process.invoke(messages, name, [planned for each in received for planned in faults(*each)])
        self.calls = {body: self._process.operations()[before:] for body, _ in received} | self.calls
        if again is None:
            self._process.restart()
            return
        for message in messages:
            if message["MessageId"] not in again:
                self._sqs.delete_message(name, message["ReceiptHandle"])

    def _wait(self):
        """Advances the time until a message is visible; returns False if there is none."""
        hidden = [message.visible_at for name in self._names for message in self._sqs.queues[name]._messages]
        if hidden:
            self.clock.now = datetime.fromtimestamp(min(hidden) / 1000 + 1, UTC)
        return bool(hidden)

    def _take(self, name):
        """Receives and deletes all messages in a queue; returns their bodies."""
        queue = self._sqs.queues[name]
        bodies = [message.body for message in queue._messages]
        queue._messages.clear()
        return bodies

    @property
    def _tables(self):
        found = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables
        return [found[name] for name in (self.pipeline.events_name, self.pipeline.files_name)]

    def copy(self):
        """A copy of both tables, for `restore`."""
        return deepcopy([table.items for table in self._tables])

    def restore(self, copy):
        for table, found in zip(self._tables, copy, strict=True):
            table.items = deepcopy(found)

    def found(self, shared=()):
        """The content of both tables, without times and writers: rows by eventID, entries by log file and entry.

        The entries of accounts and Regions are left out: whether log files wait for the first digest, and which came
        first, depends on the order. A row with its eventID in `shared`, which are in several files, may come from any
        of these files.
        """
        rows, entries = ([plain(item) for item in table.all_items()] for table in self._tables)
        for row in rows:
            if row["eventID"] in shared:
                del row["logFile"], row["recordIndex"]
        # What a review that was cut off leaves: an item without a position.
        entries = [entry for entry in entries if entry != {"logFile": "review", "entry": "position"}]
        for entry in entries:
            for name in TIMES & entry.keys():
                del entry[name]
        return {row["eventID"]: row for row in rows} | {
            f"{entry['logFile'].rpartition('/')[2]} {entry['entry']}": entry
            for entry in entries
            if entry["entry"] != NO_DIGESTS
        }


def plain(item):
    return from_item(item.to_json()["Attributes"])

"""The proxy forwards requests and injects faults as planned; on loopback, with a stub for AWS that records requests."""

import base64
import json
import threading
from contextlib import contextmanager
from http.client import HTTPConnection, IncompleteRead, RemoteDisconnected
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from soak.faults import Fault
from soak.proxy import Proxy, public_key

CONTENT = b'{"Item":{}}'
ITEMS = [{"PutRequest": {"Item": {"logFile": {"S": "s3://b/k"}, "number": {"N": str(number)}}}} for number in range(3)]
KEY = {"logFile": {"S": "s3://b/k"}, "entry": {"S": "file"}}
OUTCOME = {"Key": KEY, "ExpressionAttributeValues": {":status": {"S": "ingested"}}}


class Aws(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, self.headers.get("X-Amz-Target"), body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.send_header("x-amzn-RequestId", "1")
        self.end_headers()
        self.wfile.write(CONTENT)

    do_GET = do_POST  # noqa: N815 - http.server's name

    def log_message(self, *_):
        pass


class Next:
    """A plan with faults for the next requests."""

    def __init__(self):
        self.faults = []

    def next(self, _request):
        return self.faults.pop(0) if self.faults else None


@contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def aws():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Aws)
    server.daemon_threads = True
    server.asked, server.status = [], 200
    with serving(server):
        yield server


@pytest.fixture
def killed():
    return []


@pytest.fixture
def proxy(aws, killed):
    def kill(port):
        killed.append(port)
        return len(killed) == 1

    endpoint = f"http://127.0.0.1:{aws.server_port}"
    proxy = Proxy(endpoint, Next(), kill=kill, public_keys=[public_key("abc", b"key")], clock=lambda: 7.0)
    with proxy.serving():
        yield proxy


@pytest.fixture
def connection(proxy):
    connection = HTTPConnection("127.0.0.1", proxy.server_port, timeout=10)
    yield connection
    connection.close()


@pytest.fixture
def call(connection):
    """Sends a request to DynamoDB or another JSON service; returns status and content of the response."""

    def call(operation, parameters, service="DynamoDB_20120810"):
        headers = {"X-Amz-Target": f"{service}.{operation}"}
        connection.request("POST", "/", json.dumps(parameters), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    return call


def test_requests_and_answers_pass_unchanged_on_one_connection(aws, connection):
    for _ in range(3):
        connection.request("GET", "/b/k?versionId=1")
        answer = connection.getresponse()

        assert (answer.status, answer.getheader("x-amzn-RequestId"), answer.read()) == (200, "1", CONTENT)
    assert aws.asked == [("GET", "/b/k?versionId=1", None, b"")] * 3


def test_throttled_and_failed_requests_do_not_reach_dynamodb(aws, proxy, call):
    proxy.plan.faults = [Fault.THROTTLED, Fault.SERVER_ERROR]

    (throttled, why), (failed, _) = call("GetItem", {"Key": KEY}), call("GetItem", {"Key": KEY})

    assert (throttled, failed, aws.asked) == (400, 500, [])
    assert why["__type"].endswith("#ProvisionedThroughputExceededException")


def test_s3_fails_in_its_own_words(aws, proxy, connection):
    proxy.plan.faults = [Fault.SERVER_ERROR]

    connection.request("GET", "/b/k")
    answer = connection.getresponse()

    assert (answer.status, aws.asked) == (503, [])
    assert b"<Code>SlowDown</Code>" in answer.read()


def test_half_of_a_batch_is_written_and_the_rest_comes_back(aws, proxy, call):
    proxy.plan.faults = [Fault.UNPROCESSED]

    answer = call("BatchWriteItem", {"RequestItems": {"table": ITEMS}})

    ((*_, body),) = aws.asked
    assert json.loads(body) == {"RequestItems": {"table": ITEMS[:1]}}
    assert answer == (200, {"UnprocessedItems": {"table": ITEMS[1:]}})


def test_of_one_item_none_is_written(aws, proxy, call):
    proxy.plan.faults = [Fault.UNPROCESSED]

    answer = call("BatchWriteItem", {"RequestItems": {"table": ITEMS[:1]}})

    assert (answer, aws.asked) == ((200, {"UnprocessedItems": {"table": ITEMS[:1]}}), [])


def test_a_batch_that_aws_refuses_is_refused(aws, proxy, call):
    aws.status = 400
    proxy.plan.faults = [Fault.UNPROCESSED]

    status, _ = call("BatchWriteItem", {"RequestItems": {"table": ITEMS}})

    assert status == 400


@pytest.mark.parametrize(("fault", "reached"), [(Fault.REFUSED, 0), (Fault.LOST, 1), (Fault.CRASH, 1)])
def test_connections_close_without_an_answer(aws, proxy, call, fault, reached):
    proxy.plan.faults = [fault]

    with pytest.raises((RemoteDisconnected, ConnectionResetError)):
        call("UpdateItem", OUTCOME)

    assert len(aws.asked) == reached
    assert proxy.outcomes == ({"s3://b/k": 7.0} if reached else {})


def test_the_process_that_asked_is_killed_and_one_that_is_not_found_is_counted(proxy, call, connection, killed):
    proxy.plan.faults = [Fault.CRASH, Fault.CRASH]
    ports = []

    for _ in range(2):
        connection.connect()
        ports.append(connection.sock.getsockname()[1])
        with pytest.raises((RemoteDisconnected, ConnectionResetError)):
            call("UpdateItem", OUTCOME)

    assert killed == ports
    assert proxy.survivors == 1


def test_contents_are_cut_short(proxy, connection):
    proxy.plan.faults = [Fault.CUT]

    connection.request("GET", "/b/k")
    answer = connection.getresponse()

    with pytest.raises(IncompleteRead) as raised:
        answer.read()
    assert 0 < len(raised.value.partial) < len(CONTENT)


def test_a_timeout_says_nothing_and_lets_nothing_through(aws, proxy, call, connection):
    proxy.plan.faults = [Fault.TIMEOUT]
    connection.timeout = 0.1

    with pytest.raises(TimeoutError):
        call("UpdateItem", OUTCOME)

    assert aws.asked == []


def test_the_outcome_of_a_log_file_is_noted_once_the_ledger_has_it(aws, proxy, call):
    aws.status = 400
    call("UpdateItem", OUTCOME)
    before = dict(proxy.outcomes)
    aws.status = 200

    call("UpdateItem", OUTCOME)

    assert (before, proxy.outcomes) == ({}, {"s3://b/k": 7.0})


def test_the_public_keys_are_the_proxys_own(aws, call):
    answer = call("ListPublicKeys", {}, "CloudTrail_20131101")

    key = {"Fingerprint": "abc", "Value": base64.b64encode(b"key").decode()}
    assert (answer, aws.asked) == ((200, {"PublicKeyList": [key]}), [])


@pytest.mark.parametrize(("asked", "sent"), [(30, 1), (60, 1), (61, 2), (900, 15)])
def test_messages_stay_away_seconds_for_minutes(aws, call, asked, sent):
    call("ChangeMessageVisibility", {"QueueUrl": "q", "VisibilityTimeout": asked}, "AmazonSQS")

    ((*_, body),) = aws.asked
    assert json.loads(body) == {"QueueUrl": "q", "VisibilityTimeout": sent}

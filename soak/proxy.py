"""A proxy on loopback between the function and the local AWS that makes requests fail as planned.

In addition, it does three things. It returns the public key for the digests' signatures, because the local AWS has
none. It shortens the time until a failed message is retried, from minutes to seconds. It records the time when the
ledger has the outcome of a log file.
"""

import base64
import json
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from demo.environments import ADDRESS
from soak.faults import Fault, Plan
from soak.requests import Request, request_of

_UPSTREAM_SECONDS: Final = 60.0
_SHUTDOWN_POLL: Final = 0.05
# Longer than the function waits for a response.
_TIMEOUT_SECONDS: Final = 30.0
_SECONDS_OF_A_MINUTE: Final = 60
_BAD_REQUEST, _OK, _SERVER_ERROR, _UNAVAILABLE = 400, 200, 500, 503
_NOT_PASSED_ON: Final = frozenset({"connection", "content-length", "date", "server", "transfer-encoding"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response from AWS, or a substitute."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Proxy(ThreadingHTTPServer):
    """The proxy; `aws` is the endpoint that it forwards to, `public_keys` the list for ListPublicKeys.

    `kill` ends the process of the function that uses a port; a process that it does not find is a survivor. `outcomes`
    maps log files to the time when the ledger first had their outcome.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self,
        aws: str,
        plan: Plan,
        *,
        kill: Callable[[int], bool],
        public_keys: list[dict[str, Any]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__((ADDRESS, 0), _Exchange)
        self.aws = urlsplit(aws)
        self.plan = plan
        self.kill = kill
        self.public_keys = public_keys
        self.clock = clock
        self.outcomes: dict[str, float] = {}
        self.survivors = 0

    @property
    def endpoint(self) -> str:
        """The URL for the function."""
        return f"http://{ADDRESS}:{self.server_port}"

    @contextmanager
    def serving(self) -> Iterator["Proxy"]:
        """Serves requests during the block."""
        thread = threading.Thread(target=self.serve_forever, args=(_SHUTDOWN_POLL,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()
            thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 (socketserver's signature)
        """Ignores broken connections, which are intended."""


class _Exchange(BaseHTTPRequestHandler):
    """One connection of the function."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Proxy

    def setup(self) -> None:
        super().setup()
        self._upstream = HTTPConnection(self.server.aws.hostname or "", self.server.aws.port, timeout=_UPSTREAM_SECONDS)

    def finish(self) -> None:
        self._upstream.close()
        super().finish()

    def log_message(self, *_: object) -> None:
        """Logs nothing, because there are thousands of requests."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = request_of(self.command, self.path, self.headers, body)
        if fault := self.server.plan.next(request):
            self._FAULTS[fault](self, request, body)
        elif own := self._OWN.get(request.operation):
            self._answer(own(self, request, body))
        else:
            self._answer(self._passed_on(request, body))

    do_GET = do_HEAD = do_POST = do_PUT = _serve  # noqa: N815 (http.server's names)

    def _passed_on(self, request: Request, body: bytes) -> Answer:
        """The response of the local AWS. It closes idle connections; a second attempt opens a new one."""
        try:
            answer = self._asked(body)
        except (HTTPException, ConnectionError):
            self._upstream.close()
            answer = self._asked(body)
        if request.is_outcome and request.log_file and answer.status == _OK:
            self.server.outcomes.setdefault(request.log_file, self.server.clock())
        return answer

    def _asked(self, body: bytes) -> Answer:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _NOT_PASSED_ON}
        self._upstream.request(self.command, self.path, body, headers)
        answer = self._upstream.getresponse()
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in _NOT_PASSED_ON}
        return Answer(status=answer.status, headers=kept, content=answer.read())

    def _answer(self, answer: Answer, *, cut: int = 0) -> None:
        """Sends a response without its last `cut` bytes, although its length includes them."""
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content[: len(answer.content) - cut])

    def _throttle(self, _request: Request, _body: bytes) -> None:
        name = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"
        self._answer(_json({"__type": name, "message": "The request rate is too high."}, status=_BAD_REQUEST))

    def _fail(self, request: Request, _body: bytes) -> None:
        if request.operation.endswith("Object"):
            text = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
            self._answer(Answer(status=_UNAVAILABLE, headers={"Content-Type": "application/xml"}, content=text))
        else:
            name = "com.amazonaws.dynamodb.v20120810#InternalServerError"
            self._answer(_json({"__type": name, "message": "Internal error."}, status=_SERVER_ERROR))

    def _leave_half(self, request: Request, body: bytes) -> None:
        """Forwards the first half of the items to DynamoDB, and returns the others as unprocessed."""
        parameters = json.loads(body)
        ((table, requests),) = parameters["RequestItems"].items()
        half = len(requests) // 2
        answer = _json({"UnprocessedItems": {table: requests[half:]}})
        if half:
            written = self._passed_on(
                request, json.dumps({**parameters, "RequestItems": {table: requests[:half]}}).encode()
            )
            answer = answer if written.status == _OK else written
        self._answer(answer)

    def _close(self, _request: Request, _body: bytes) -> None:
        self.close_connection = True

    def _lose(self, request: Request, body: bytes) -> None:
        self._passed_on(request, body)
        self.close_connection = True

    def _cut(self, request: Request, body: bytes) -> None:
        answer = self._passed_on(request, body)
        self._answer(answer, cut=len(answer.content) // 2 + 1)
        self.close_connection = True

    def _wait(self, _request: Request, _body: bytes) -> None:
        """Sends nothing until the function's client times out and closes the connection."""
        self.connection.settimeout(_TIMEOUT_SECONDS)
        with suppress(OSError):
            self.connection.recv(1)
        self.close_connection = True

    def _crash(self, request: Request, body: bytes) -> None:
        self._passed_on(request, body)
        self.server.survivors += not self.server.kill(self.client_address[1])
        self.close_connection = True

    def _list_public_keys(self, _request: Request, _body: bytes) -> Answer:
        return _json({"PublicKeyList": self.server.public_keys})

    def _change_visibility(self, request: Request, body: bytes) -> Answer:
        parameters = json.loads(body)
        seconds = math.ceil(parameters["VisibilityTimeout"] / _SECONDS_OF_A_MINUTE)
        return self._passed_on(request, json.dumps({**parameters, "VisibilityTimeout": seconds}).encode())

    _FAULTS: ClassVar = {
        Fault.THROTTLED: _throttle,
        Fault.UNPROCESSED: _leave_half,
        Fault.SERVER_ERROR: _fail,
        Fault.REFUSED: _close,
        Fault.LOST: _lose,
        Fault.CUT: _cut,
        Fault.TIMEOUT: _wait,
        Fault.CRASH: _crash,
    }
    _OWN: ClassVar = {"ListPublicKeys": _list_public_keys, "ChangeMessageVisibility": _change_visibility}


def _json(content: dict[str, Any], *, status: int = _OK) -> Answer:
    headers = {"Content-Type": "application/x-amz-json-1.0"}
    return Answer(status=status, headers=headers, content=json.dumps(content).encode())


def public_key(fingerprint: str, key: bytes) -> dict[str, Any]:
    """A key as ListPublicKeys returns it; `key` is in DER, PKCS #1."""
    return {"Fingerprint": fingerprint, "Value": base64.b64encode(key).decode()}

"""The ingest function, wired as in a deployment, with a stub for AWS within the process."""

import importlib
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Final
from unittest.mock import patch

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.httpsession import URLLib3Session

from aitrail.ingest import Ingestion

WIRING: Final = "lambdas.ingest.wiring"
ENVIRONMENT: Final = {
    "EVENTS_TABLE": "events",
    "FILES_TABLE": "files",
    "LOG_BUCKET": "example-trail-logs",
    "DELIVERIES_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/deliveries",
    "BACKFILL_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/backfill",
    "POWERTOOLS_SERVICE_NAME": "aitrail",
    "POWERTOOLS_METRICS_NAMESPACE": "aitrail",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLEKEY000000",
    "AWS_SECRET_ACCESS_KEY": "no-secret",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


_ANSWERS = {
    "BatchWriteItem": b'{"UnprocessedItems":{}}',
    "Query": b'{"Items":[]}',
    "UpdateItem": b'{"Attributes":{"status":{"S":"ingested"}}}',
}


class _Body(BytesIO):
    def stream(self) -> Iterator[bytes]:
        yield self.read()


class Aws:
    """A stub for AWS: DynamoDB accepts everything and contains nothing, S3 has `log_file` under every key.

    `requests` counts requests by operation of DynamoDB and method of S3. `latency` is the time of a response in
    seconds.
    """

    def __init__(self, log_file: bytes = b"", *, latency: float = 0.0) -> None:
        self.requests: Counter[str] = Counter()
        self._log_file = log_file
        self._latency = latency

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """The response to a request, which is not sent."""
        target = request.headers.get("X-Amz-Target") or f"S3.{request.method}"
        operation = (target if isinstance(target, str) else target.decode()).rpartition(".")[2]
        self.requests[operation] += 1
        if self._latency:
            time.sleep(self._latency)
        body = self._log_file if operation == "GET" else _ANSWERS.get(operation, b"{}")
        headers = HTTPHeaders()
        headers["Last-Modified"] = "Sat, 21 Nov 2026 09:06:00 GMT"
        headers["ETag"] = '"5d41402abc4b2a76b9719d911017c592"'
        headers["Content-Length"] = str(len(body))
        return AWSResponse(request.url, 200, headers, _Body(body))


@contextmanager
def deployed(aws: Aws) -> Iterator[Ingestion]:
    """A context with the function's ingestion, created by its wiring from the environment."""
    # Only the method that would open a connection is replaced, for every client that the wiring creates.
    with (
        patch.dict(os.environ, ENVIRONMENT),
        patch.object(URLLib3Session, "send", lambda _, request: aws.send(request)),
    ):
        sys.modules.pop(WIRING, None)
        try:
            yield importlib.import_module(WIRING).INGESTION
        finally:
            sys.modules.pop(WIRING, None)

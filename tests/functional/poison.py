"""Measures the cost of a bad or hostile delivery: `python -m tests.functional.poison ingest NAME`.

The function is wired as in a deployment, in a separate process with a stub for AWS.
"""

import gzip
import json
import resource
import struct
import subprocess
import sys
import time
import zlib
from base64 import b64encode
from functools import partial
from io import BytesIO
from itertools import count

from bench.function import Aws, deployed
from bench.measuring import peak_bytes
from tests.shared.signed_digests import FINGERPRINT, at, digest, key_of, public_key

BUCKET = "example-trail-logs"
FOLDER = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/111122223333_CloudTrail_eu-west-1_20260314T0925Z_"
LOG_KEY = f"{FOLDER}a.json.gz"
MB = 1 << 20
# The shortest possible name of CloudTrail's.
LISTED = {
    "s3Bucket": BUCKET,
    "s3Object": "AWSLogs/111122223333/CloudTrail/a/2026/03/14/111122223333_CloudTrail_%07d.json.gz",
    "hashValue": "a" * 64,
    "hashAlgorithm": "SHA-256",
}


def packed(*pieces):
    """One gzip stream of (bytes, times) pairs, at the best level; repeated bytes are compressed once."""
    parts, crc, size = [b"\x1f\x8b\x08" + bytes(7)], 0, 0
    for data, times in pieces:
        packer = zlib.compressobj(9, wbits=-15)
        parts.append((packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)) * times)
        for _ in range(times):
            crc = zlib.crc32(data, crc)
        size += len(data) * times
    end = zlib.compressobj(9, wbits=-15).flush()
    return b"".join([*parts, end, struct.pack("<II", crc, size % (1 << 32))])


def record(start, filler, times, end):
    """A log file with one wanted record."""
    opening = b'{"Records":[{"eventSource":"polly.amazonaws.com","eventTime":"2026-03-14T09:20:00Z","x":'
    return packed((opening + start, 1), (filler, times), (end + b"}]}", 1))


def records(number, size, source="polly"):
    """A log file with many small, distinct records; their text repeats, so that it compresses well."""
    packer = zlib.compressobj(9, wbits=31)
    filler = "x" * size
    texts = (
        f'{{"eventVersion":"1","eventTime":"2026-03-14T09:20:00Z","eventSource":"{source}.amazonaws.com",'
        f'"eventID":"{at_:08x}-0000-4000-8000-000000000000","awsRegion":"{filler}"}}{"," if at_ + 1 < number else ""}'
        for at_ in range(number)
    )
    parts = [packer.compress(b'{"Records":[')]
    parts += [packer.compress(text.encode()) for text in texts]
    return b"".join([*parts, packer.compress(b"]}"), packer.flush()])


def many_values(number, value, times, *, before=b""):
    """A log file with wanted records, each of which has `before` and a list of the same value many times."""
    opening = b'{"eventVersion":"1","eventTime":"2026-03-14T09:20:00Z","eventSource":"polly.amazonaws.com","eventID":'
    filler = (value + b",") * 1000
    parts = [(b'{"Records":[{}', 1)]
    for each in range(number):
        identity = b'"%08x-0000-4000-8000-000000000000","requestParameters":{%b"x":[' % (each, before)
        parts += [(b"," + opening + identity, 1), (filler, times // 1000), (value + b"]}}", 1)]
    return packed(*parts, (b"]}", 1))


def listing(number, **changes):
    """A signed digest that lists many files."""
    files = [LISTED | {"s3Object": LISTED["s3Object"] % each} for each in range(number)]
    signed = digest(at("10:00"), bucket=BUCKET, logFiles=files, **changes)
    return gzip.compress(signed.content, 1), signed.metadata


LOG_FILES = {
    "zeros": lambda: packed((bytes(MB), 1000)),
    "members": lambda: packed((b'{"Records":[', 1)) + packed((b" " * MB, 1)) * 300 + packed((b"]}", 1)),
    "unwanted records": lambda: packed(
        (b'{"Records":[{}', 1), (b',{"eventVersion":"1","eventSource":"s3.amazonaws.com"}' * 10000, 600), (b"]}", 1)
    ),
    "wanted records": lambda: records(20_000, 600),
    "one record again and again": lambda: packed(
        (b'{"Records":[{}', 1), (b',{"eventVersion":"1","eventSource":"polly.amazonaws.com"}' * 1000, 20), (b"]}", 1)
    ),
    "nested lists": lambda: record(b"", b"[" * MB, 1, b"]" * MB),
    "nested objects": lambda: record(b"", b'{"a":' * MB, 1, b"1" + b"}" * MB),
    "string of 1 GB": lambda: record(b'"', b"a" * MB, 1000, b'"'),
    "number of 1 GB": lambda: record(b"", b"1" * MB, 1000, b""),
    "record of 4 MB": lambda: record(b'"', b"a" * MB, 4, b'"'),
    "record of many objects": lambda: record(b"[0", b',{"":0}' * (MB // 7), 3, b"]"),
    "record of many objects outside of ASCII": lambda: record(b"[0", ',{"ä":0}'.encode() * (MB // 9), 3, b"]"),
    "rows of quotes": lambda: many_values(60, b"1", 1000, before=b'"quotes":"' + rb"\"" * 380_000 + b'",'),
    "rejects": lambda: packed(
        (b'{"Records":[{}', 1), (b',{"eventVersion":"1","eventSource":"polly.amazonaws.com"}' * 1000, 100), (b"]}", 1)
    ),
    "rejects of 380 KB": lambda: packed(
        (b'{"Records":[{}', 1),
        (b',{"eventSource":"polly.amazonaws.com","x":"%b"}' % (rb"\"" * 190_000), 200),
        (b"]}", 1),
    ),
    "record of nested lists": lambda: record(b"[0", (b",%b%b" % (b"[" * 500, b"]" * 500)) * (MB // 1001), 3, b"]"),
    "records of 380 KB": lambda: packed(
        (b'{"Records":[{}', 1),
        (b',{"eventSource":"polly.amazonaws.com","eventTime":"2026-03-14T09:20:00Z","x":"%b"}' % (b"a" * 380_000), 200),
        (b"]}", 1),
    ),
}
# 8 records, each about as large as a row can be by DynamoDB's count: 400 KB.
LISTS = {
    "nulls": (b"null", 200_000),
    "digits": (b"1", 130_000),
    "numbers": (b"12345", 80_000),
    "letters": (b'"a"', 200_000),
    "empty texts": (b'""', 400_000),
    "short texts": (b'"abc"', 100_000),
    "short texts outside of ASCII": ('"äb"'.encode(), 100_000),
    "empty lists": (b"[]", 100_000),
    "empty maps": (b"{}", 100_000),
    "small maps": (b'{"a":""}', 66_000),
    "nested lists": (b"[" * 25 + b"]" * 25, 4_000),
    "nested maps": (b'{"a":' * 25 + b'""' + b"}" * 25, 3_000),
    "values stored as JSON": (b"1.0,[" + b"[" * 40 + b"]" * 41, 2_000),
    "quotes": (rb'"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\""', 22_000),
    "control characters": (b'"' + rb"\u0001" * 16 + b'"', 22_000),
    "characters outside of ASCII": (f'"{"😀" * 16}"'.encode(), 6_000),
}
LOG_FILES |= {f"lists of {name}": partial(many_values, 8, *values) for name, values in LISTS.items()}
DIGESTS = {
    "digest of 65 MB": lambda: (packed((b'{"a":"', 1), (b"a" * MB, 65), (b'"}', 1)), {}),
    "digest that nests": lambda: (packed((b'{"logFiles":', 1), (b"[" * MB, 1)), {}),
    "digest that lists 40,000 files": lambda: listing(40_000),
    "digest that lists 40,000 files without a signature": lambda: (listing(40_000)[0], {}),
}


class Keys(BytesIO):
    """A response body as in moto, which is not imported because that would take longer than the measurement."""

    def stream(self):
        yield self.read()


class Poisoned(Aws):
    """Returns one object with metadata under every key, and CloudTrail's public key; stores no batch the first time."""

    def __init__(self, content, metadata, keys):
        super().__init__(content)
        self._metadata, self._keys = metadata, keys
        self._batches = set()

    def send(self, request):
        answer = super().send(request)
        for name, value in self._metadata.items():
            answer.headers[f"x-amz-meta-{name}"] = value
        if b"ListPublicKeys" in request.headers.get("X-Amz-Target", b""):
            answer.raw = Keys(json.dumps(self._keys).encode())
        if b"BatchWriteItem" in request.headers.get("X-Amz-Target", b"") and hash(request.body) not in self._batches:
            self._batches.add(hash(request.body))
            answer.raw = Keys(request.body.replace(b"RequestItems", b"UnprocessedItems", 1))
        return answer


def ingest(key, content, metadata, keys, time_left):
    """Ingests the object; returns its outcome, the additional memory in bytes, and CPU seconds."""
    reports = []
    with deployed(Aws(gzip.compress(b'{"Records":[]}'))) as ingestion:
        message = json.dumps({"s3Bucket": BUCKET, "s3ObjectKey": [LOG_KEY]})
        ingestion.ingest_message(message, time_left=time_left, report=lambda _: None)
    before, begin = peak_bytes(), time.process_time()
    error = None
    with deployed(Poisoned(content, metadata, keys)) as ingestion:
        message = json.dumps({"s3Bucket": BUCKET, "s3ObjectKey": [key]})
        with ingestion.reading_ahead([message]):
            try:
                ingestion.ingest_message(message, time_left=time_left, report=reports.append)
            except ExceptionGroup as group:
                error = [type(each).__name__ for each in group.exceptions]
    return {
        "statuses": [report.status for report in reports],
        "reasons": [report.details.get("reason", "")[:80] for report in reports],
        "error": error,
        "peak": peak_bytes() - before,
        "all": peak_bytes(),
        "seconds": time.process_time() - begin,
        "compressed": len(content),
    }


def main(task, name, moments="1000000", limit="0"):
    """Makes an object, or ingests it; the time is up after `moments` checks of the clock.

    With a `limit`, the process may not have more memory, in MB, of any kind.

    The object is made in another process, so that this process's memory does not include that.
    """
    if task == "make":
        content, metadata = DIGESTS[name]() if name in DIGESTS else (LOG_FILES[name](), {})
        key = {"Fingerprint": FINGERPRINT, "Value": b64encode(public_key()).decode()}
        sys.stdout.buffer.write(json.dumps([metadata, {"PublicKeyList": [key]}]).encode() + b"\n" + content)
        return
    command = [sys.executable, "-m", "tests.functional.poison", "make", name]
    about, _, content = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.partition(b"\n")  # noqa: S603 - this module
    key = key_of(at("10:00")) if name in DIGESTS else LOG_KEY
    if limit != "0":
        resource.setrlimit(resource.RLIMIT_AS, (int(limit) * MB,) * 2)
    left = count(int(moments), -1)
    sys.stdout.write(json.dumps(ingest(key, content, *json.loads(about), lambda: next(left))))


if __name__ == "__main__":
    main(*sys.argv[1:])

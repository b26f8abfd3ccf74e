"""S3 with the content of objects in memory, and with connections that break off."""

import threading
from collections import Counter

from botocore.exceptions import ClientError

NONE = (None, None)


class Body:
    """A body that ends after `upto` bytes, with an error or silently."""

    def __init__(self, content, fault, note):
        upto, self._error = fault
        self._rest, self._note = content[:upto], note

    def read(self, size):
        if not self._rest and self._error:
            raise self._error
        part, self._rest = self._rest[:size], self._rest[size:]
        self._note(len(part))
        return part

    def close(self):
        pass


class ObjectsInS3:
    """The client for these objects, by key.

    The bodies end as `faults` say, one after the other: after a number of bytes, with an error or silently. `calls` are
    the parameters of all requests; `read` counts bytes by key; `held` is the number of bytes that have been read and
    not been released, `most` the largest number of them so far.
    """

    def __init__(self, objects, faults=()):
        self.objects, self.faults = dict(objects), iter(faults)
        self.calls, self.read, self.held, self.most = [], Counter(), 0, 0
        self.before = lambda _key: None
        self._lock = threading.Lock()

    def get_object(self, *, Bucket, Key, IfMatch=None, Range=None):  # noqa: N803 - S3's names
        with self._lock:
            self.calls.append((Bucket, Key, Range))
            fault = next(self.faults, NONE)
        self.before(Key)
        if isinstance(fault, Exception):
            raise fault
        content, etag = self.objects[Key], f'"{hash(self.objects[Key])}"'
        if IfMatch not in (None, etag):
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "GetObject")
        begin = int(Range.removeprefix("bytes=").removesuffix("-")) if Range else 0
        answer = {"ETag": etag, "ContentLength": len(content) - begin, "Metadata": {"signature": "abc"}}
        if Range:
            answer["ContentRange"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        return answer | {"Body": Body(content[begin:], fault, lambda count: self._note(Key, count))}

    def _note(self, key, count):
        with self._lock:
            self.read[key] += count
            self.held += count
            self.most = max(self.most, self.held)

    def release(self, count):
        with self._lock:
            self.held -= count

"""The content of objects in S3: read on where a connection broke off, and in bounded memory when read ahead."""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from botocore.exceptions import ClientError, FlexibleChecksumError, IncompleteReadError

from aitrail.aws import code_of, in_order, is_temporary, pauses
from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.deliveries.bucket import Listed, UnavailableError, bucket_and_key

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# CloudTrail's log files have at most a few MB; a larger object is read in parts when it is its turn.
MAX_BYTES_AHEAD = 8 * 1024 * 1024
# A request for a log file waits much longer than it takes to read one (`make bench` measures it). More requests would
# not help, because reading is then what takes the time.
OBJECTS_AHEAD = 32
# Of all of them together.
_BYTES_AHEAD = 64 * 1024 * 1024
_PART_BYTES = 256 * 1024
# In succession, without a byte in between.
_TRIES = 4
_UNAVAILABLE = {
    "NoSuchKey": "it is gone",
    "NoSuchVersion": "its version is gone",
    "NoSuchBucket": "its bucket is gone",
    "InvalidObjectState": "it is archived: restore it (`aws s3api restore-object`), and try again",
    "PreconditionFailed": "it was overwritten while it was read: try again",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """An object (s3://bucket/key), its metadata and length in bytes, and its content as stored or why it has none."""

    name: str
    metadata: dict[str, str] = field(default_factory=dict)
    length: int = 0
    stream: BinaryIO | UnavailableError

    def open(self) -> BinaryIO:
        """The stream of the content, which can be read once. Raises UnavailableError, as reading it may do."""
        if isinstance(self.stream, UnavailableError):
            raise self.stream
        return self.stream


def content_of(s3: "S3Client", name: str, *, version_id: str | None = None, clock: Clock = SYSTEM_CLOCK) -> Content:
    """The content of an object (s3://bucket/key), which is read in parts; without `version_id`, the current one.

    Raises those of botocore's errors that would affect other objects as well, as reading it may do.
    """
    bucket, key = bucket_and_key(name)
    version: Any = {} if version_id is None else {"VersionId": version_id}
    try:
        body = _Body(partial(s3.get_object, Bucket=bucket, Key=key, **version), clock)
    except UnavailableError as error:
        return Content(name=name, stream=error)
    stream = io.BufferedReader(body, _PART_BYTES)
    return Content(name=name, metadata=body.metadata, length=body.length, stream=stream)


def contents_ahead(s3: "S3Client", objects: Iterable[Listed], *, clock: Clock = SYSTEM_CLOCK) -> Iterator[Content]:
    """The contents of the objects, in order; the next ones are requested and, unless they are large, read meanwhile.

    Raises those of botocore's errors that would affect other objects as well, as reading contents may do.
    """
    tasks = (
        partial(content_ahead, s3, each.name, most=each.size if each.size <= MAX_BYTES_AHEAD else 0, clock=clock)
        for each in objects
    )
    return in_order(tasks, workers=OBJECTS_AHEAD, weight=lambda task: int(task.keywords["most"]), heaviest=_BYTES_AHEAD)


def content_ahead(s3: "S3Client", name: str, *, most: int = MAX_BYTES_AHEAD, clock: Clock = SYSTEM_CLOCK) -> Content:
    """Does the same as `content_of`, and also reads the content into memory if it has at most `most` bytes."""
    content = content_of(s3, name, clock=clock)
    if content.length > most:
        return content
    try:
        with content.open() as stream:
            return replace(content, stream=_in_memory(stream))
    except UnavailableError as error:
        return replace(content, stream=error)


def _in_memory(stream: BinaryIO) -> io.BytesIO:
    """The rest of the stream; joining its parts would take twice the memory."""
    whole = io.BytesIO()
    while part := stream.read(_PART_BYTES):
        whole.write(part)
    whole.seek(0)
    return whole


class _Body(io.RawIOBase):
    """The body of an object. Where the connection breaks off, the rest of the same object is requested.

    `get` is the client's get_object for this object. Raises UnavailableError, and those of botocore's errors that would
    affect other objects as well.
    """

    def __init__(self, get: Callable[..., Any], clock: Clock) -> None:
        self._get, self._clock, self._position = get, clock, 0
        self._stream: Any = None  # also if the request fails: it is closed when it is deleted
        answer = self._ask()
        self._etag: str = answer["ETag"]
        self.length: int = answer["ContentLength"]
        self.metadata: dict[str, str] = answer.get("Metadata", {})
        self._stream = answer["Body"]

    def readable(self) -> bool:
        """See RawIOBase."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 (a writable buffer)
        """See RawIOBase; at the end, all bytes have arrived."""
        for pause in islice(pauses(self._clock), _TRIES):
            try:
                part = self._next(min(len(buffer), _PART_BYTES))
            except FlexibleChecksumError as error:
                raise UnavailableError("it was damaged while it was read: try again") from error
            except Exception as error:
                if not is_temporary(error):
                    raise
                if self._position == self.length:
                    return 0
                trouble = error
            else:
                buffer[: len(part)] = part
                self._position += len(part)
                return len(part)
            self._hang_up()
            self._clock.sleep(pause)
        where = f"byte {self._position:,} of {self.length:,}"
        raise UnavailableError(
            f"the connection broke off {_TRIES} times at {where} ({trouble}): try again"
        ) from trouble

    def _next(self, size: int) -> bytes:
        if self._stream is None:
            self._stream = self._rest()
        part: bytes = self._stream.read(size)
        position = self._position + len(part)
        if position > self.length or (not part and position < self.length):
            raise IncompleteReadError(actual_bytes=position, expected_bytes=self.length)
        return part

    def _rest(self) -> Any:  # noqa: ANN401 (botocore's stream)
        answer = self._ask(IfMatch=self._etag, Range=f"bytes={self._position}-")
        if not answer.get("ContentRange", "").startswith(f"bytes {self._position}-"):
            raise UnavailableError("the connection broke off, and S3 does not return the rest: try again")
        return answer["Body"]

    def _ask(self, **parameters: str) -> Any:  # noqa: ANN401 (S3's answer)
        try:
            return self._get(**parameters)
        except ClientError as error:
            reason = _UNAVAILABLE.get(code_of(error))
            if reason is None:
                raise
            raise UnavailableError(reason) from error

    def _hang_up(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def close(self) -> None:
        """See RawIOBase."""
        if not self.closed:
            self._hang_up()
        super().close()

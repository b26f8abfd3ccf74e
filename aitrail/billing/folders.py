"""Where the files of an export are: a local folder, a prefix in S3, or one file of either."""

import io
import os
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Protocol

from aitrail.aws import code_of, patiently
from aitrail.billing.formats import BillError
from aitrail.clock import Clock
from aitrail.deliveries import S3, bucket_and_key

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# What is requested at the least: csv is read in small steps.
_PART_BYTES = 2**20
_DENIED = ("AccessDenied", "403")


class BillDeniedError(BillError):
    """S3 denies access to a bill; the message names the permissions."""


class Stored(NamedTuple):
    """The size of a file in bytes, and when it was last modified, in seconds since 1970."""

    size: int
    modified: float


class Folder(Protocol):
    """The files of an export by their names relative to it. Its text names it."""

    @property
    def is_one_file(self) -> bool:
        """Whether it is one file, and not a folder."""
        ...

    def files(self) -> Mapping[str, Stored]:
        """All files. Raises BillError, OSError, and botocore's errors."""
        ...

    def open(self, name: str) -> BinaryIO:
        """The content of a file, in which one can seek. Raises BillError, OSError, and botocore's errors."""
        ...


def folder_at(path: str, s3: "Callable[[], S3Client]", clock: Clock) -> Folder:
    """The folder, or the one file, at a path or s3:// URL. `s3` returns a client."""
    return BucketFolder(path, s3(), clock) if path.startswith(S3) else LocalFolder(path)


class LocalFolder:
    """A folder, or one file, of this computer."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def __str__(self) -> str:
        return str(self._path)

    @property
    def is_one_file(self) -> bool:
        """See Folder."""
        return not self._path.is_dir()

    def files(self) -> Mapping[str, Stored]:
        """See Folder."""
        paths = [self._path] if self.is_one_file else sorted(_files_below(self._path))
        root = self._root
        return {path.relative_to(root).as_posix(): _stored(path.stat()) for path in paths}

    @property
    def _root(self) -> Path:
        return self._path.parent if self.is_one_file else self._path

    def open(self, name: str) -> BinaryIO:
        """See Folder."""
        return (self._root / name).open("rb")


def _files_below(folder: Path) -> Iterator[Path]:
    """Raises OSError for a folder that cannot be listed: a part of a bill is none."""

    def fail(error: OSError) -> None:
        raise error

    for place, _, names in os.walk(folder, onerror=fail):
        yield from (path for path in (Path(place, name) for name in names) if path.is_file())


def _stored(status: os.stat_result) -> Stored:
    return Stored(status.st_size, status.st_mtime)


class BucketFolder:
    """The objects under a prefix, or one object."""

    def __init__(self, url: str, s3: "S3Client", clock: Clock) -> None:
        self._url, self._s3, self._clock = url, s3, clock
        self._bucket, self._prefix = bucket_and_key(url)

    def __str__(self) -> str:
        return self._url

    @cached_property
    def _listing(self) -> dict[str, Stored]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
        entries = _allowed(lambda: [entry for page in pages for entry in page.get("Contents", [])], self._url)
        return {each["Key"]: Stored(each["Size"], each["LastModified"].timestamp()) for each in entries}

    @property
    def is_one_file(self) -> bool:
        """See Folder."""
        return not self._prefix.endswith("/") and self._prefix in self._listing

    @property
    def _root(self) -> str:
        """What all keys begin with."""
        if self.is_one_file:
            return self._prefix[: self._prefix.rfind("/") + 1]
        return f"{self._prefix.rstrip('/')}/" if self._prefix else ""

    def files(self) -> Mapping[str, Stored]:
        """See Folder."""
        if self.is_one_file:
            return {self._prefix[len(self._root) :]: self._listing[self._prefix]}
        root = self._root
        return {key[len(root) :]: stored for key, stored in self._listing.items() if key.startswith(root)}

    def open(self, name: str) -> BinaryIO:
        """See Folder."""
        return io.BufferedReader(_Object(self._s3, self._bucket, self._root + name, self._clock), _PART_BYTES)


class _Object(io.RawIOBase):
    """An object of which only the parts that are read are requested, all of the same version."""

    def __init__(self, s3: "S3Client", bucket: str, key: str, clock: Clock) -> None:
        self._s3, self._clock, self._position = s3, clock, 0
        self._where: Any = {"Bucket": bucket, "Key": key}
        self._url = f"{S3}{bucket}/{key}"
        head = _allowed(lambda: s3.head_object(**self._where), self._url)
        self._length: int = head["ContentLength"]
        self._where["IfMatch"] = head["ETag"]

    def readable(self) -> bool:
        """See RawIOBase."""
        return True

    def seekable(self) -> bool:
        """See RawIOBase."""
        return True

    def tell(self) -> int:
        """See RawIOBase."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """See RawIOBase."""
        self._position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._length}[whence]
        return self._position

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 (a writable buffer)
        """See RawIOBase; one request for all that is wanted."""
        size = min(len(buffer), self._length - self._position)
        if size <= 0:
            return 0
        part = patiently(lambda: self._part(size), self._clock)
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)

    def _part(self, size: int) -> bytes:
        asked = f"bytes={self._position}-{self._position + size - 1}"
        answer = _allowed(lambda: self._s3.get_object(Range=asked, **self._where), self._url)
        content: bytes = answer["Body"].read()
        if len(content) != size:  # an answer without content would look like the end of the object
            raise BillError(f"S3 sent {len(content):,} bytes of {self._url} instead of {size:,}: try again.")
        return content


def _allowed(ask: Callable[[], Any], what: str) -> Any:  # noqa: ANN401 (S3's answer)
    """The answer of S3. Raises BillDeniedError, which names the permissions, and botocore's errors."""
    try:
        return ask()
    except Exception as error:
        code = code_of(error)
        if code in _DENIED:
            raise BillDeniedError(
                f"S3 denies access to {what}. Reading a bill takes s3:ListBucket on its bucket, s3:GetObject on its "
                "objects and, if they are encrypted with a key of your own, kms:Decrypt: `aitrail permissions 'usage "
                "--bill s3://BUCKET/PREFIX'` prints the policy."
            ) from error
        if code in ("PreconditionFailed", "412"):
            raise BillError(
                f"{what} was overwritten while it was read, as AWS renews the export: try again."
            ) from error
        raise

"""s3://bucket/prefix -> the log files under it."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from aitrail.aws import code_of
from aitrail.deliveries.keys import Kind, kind_of
from aitrail.errors import AitrailError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

S3 = "s3://"


class Listed(NamedTuple):
    """An object as a listing has it: s3://bucket/key, and its size in bytes."""

    name: str
    size: int


class BadUrlError(AitrailError):
    """A URL that is not s3://bucket or s3://bucket/prefix."""


class UnavailableError(AitrailError):
    """An object that is listed but cannot be read."""


def bucket_and_key(url: str) -> tuple[str, str]:
    """The bucket, and the key or prefix, which may be empty. Raises BadUrlError."""
    bucket, _, key = url.removeprefix(S3).partition("/")
    if not url.startswith(S3) or not bucket:
        raise BadUrlError(f"{url!r} does not name a bucket: give s3://BUCKET or s3://BUCKET/PREFIX.")
    return bucket, key


def log_objects(s3: "S3Client", url: str, *, left_out: Counter[str]) -> Iterator[Listed]:
    """The log files under a prefix, in the order of keys.

    Other objects are counted in `left_out` by kind. If `url` is the full key of an object, that object is included even
    if its name is not CloudTrail's. Raises BadUrlError and botocore's errors.
    """
    bucket, prefix = bucket_and_key(url)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            key = entry["Key"]
            kind = kind_of(key)
            if kind.ingested or (key == prefix and kind is Kind.OTHER):
                yield Listed(f"{S3}{bucket}/{key}", entry["Size"])
            else:
                left_out[kind] += 1


def is_there(s3: "S3Client", name: str) -> bool:
    """Whether an object (s3://bucket/key) exists. Raises BadUrlError and botocore's errors."""
    bucket, key = bucket_and_key(name)
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except s3.exceptions.ClientError as error:
        if code_of(error) != "404":  # the HTTP status, because the response has no body
            raise
        return False
    return True


def versions_of(s3: "S3Client", name: str) -> Iterator[str]:
    """The ids of all versions of an object (s3://bucket/key), newest first; "null" in a bucket without versioning.

    Raises BadUrlError and botocore's errors.
    """
    bucket, key = bucket_and_key(name)
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key):
        for version in page.get("Versions", []):
            if version["Key"] == key:
                yield version["VersionId"]

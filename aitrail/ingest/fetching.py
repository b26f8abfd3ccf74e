"""Fetches a delivery's ledger entry and, unless the delivery is already ingested, its object from S3."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from aitrail.deliveries import Delivery
from aitrail.digests import LATE
from aitrail.errors import AitrailError
from aitrail.ledger import Ledger, entry_kind, fields_of_key
from aitrail.window import format_time, parse_time

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_NOT_THERE = {"404", "NoSuchKey", "NoSuchVersion"}
_GONE = _NOT_THERE | {"NoSuchBucket", "MethodNotAllowed"}
# What S3 answers for a version that does not exist; InvalidArgument if no version could have that name.
_NO_SUCH_VERSION = _NOT_THERE | {"MethodNotAllowed", "InvalidArgument"}
_READ = {"ingested", "verified"}
_ARCHIVED = "InvalidObjectState"
_REFUSED = {"403", "AccessDenied", "AllAccessDisabled"}
# For each file that waits: four files take no more memory than the rows of one large file.
_MAX_BYTES_AHEAD = 8 * 1024 * 1024


class AccessRefusedError(AitrailError):
    """S3 or KMS does not let the function read an object."""


@dataclass(slots=True, kw_only=True)
class Fetched:
    """A delivery's ledger entry, and S3's response unless the delivery is already ingested.

    `is_done` if the entry is of the same content, so that there is nothing to read. `is_removed` if S3 still has the
    announced version, but the object has been deleted since.
    """

    earlier: dict[str, Any] | None
    is_done: bool = False
    is_removed: bool = False
    error: ClientError | None = None
    etag: str | None = None
    version_id: str | None = None
    stored_at: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    body: Any = None  # a stream of bytes
    length: int = 0

    @property
    def was_read_before(self) -> bool:
        """Whether the ledger has the object as read."""
        return self.earlier is not None and self.earlier.get("status") in _READ

    @property
    def changes_nothing(self) -> bool:
        """Whether the ledger knows better: it has a newer version, or read the object that is now gone or archived."""
        is_same = self.etag is None or self.etag == (self.earlier or {}).get("etag")
        is_unavailable = self.error is not None and _code(self.error) in {*_GONE, _ARCHIVED}
        return self.is_older or (is_unavailable and self.was_read_before and is_same)

    @property
    def is_unknown(self) -> bool:
        """Whether nothing but the announcement says that the object was ever there.

        A deleted object of a versioned bucket leaves a delete marker, which S3 reports.
        """
        if self.earlier is not None or self.error is None or _code(self.error) not in _NOT_THERE:
            return False
        headers = self.error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        return headers.get("x-amz-delete-marker") != "true"

    @property
    def is_older(self) -> bool:
        """Whether this is a different version of the object, stored before the version in the ledger."""
        earlier = self.earlier or {}
        is_another = self.etag is not None and self.etag != earlier.get("etag", self.etag)
        return is_another and self.stored_at is not None and self.stored_at < earlier.get("storedAt", "")

    def close(self) -> None:
        """Releases the connection."""
        if self.body is not None:
            self.body.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetcher:
    """Reads the ledger and, unless `is_done` says that the delivery needs no reading, requests the object from S3.

    `is_done` takes an entry and the announced ETag, None if it is not known.
    """

    s3: "S3Client"
    ledger: Ledger
    is_done: Callable[[dict[str, Any], str | None], bool]

    def fetch(self, delivery: Delivery) -> Fetched:
        """Requests a delivery unless it is done. Raises DynamoDB's errors; S3's are in the result."""
        earlier = self.ledger.entry(delivery.log_file, entry_kind(delivery.key))
        fetched = Fetched(earlier=earlier)
        fetched.is_done = self._is_done(fetched, delivery, delivery.etag)
        if not fetched.is_done:
            # A message may name any version. Once an object has been read, only its current version counts.
            version_id = None if fetched.was_read_before and not delivery.force else delivery.version_id
            fetched = self._requested(fetched, delivery, version_id)
            fetched.is_done = fetched.etag is not None and self._is_done(fetched, delivery, fetched.etag)
        return fetched

    def fetch_ahead(self, delivery: Delivery) -> Fetched:
        """Does the same as `fetch`, and also reads the content of a file that is not large."""
        fetched = self.fetch(delivery)
        if fetched.body is not None and not fetched.is_done and fetched.length <= _MAX_BYTES_AHEAD:
            with closing(fetched.body) as body:
                fetched.body = BytesIO(body.read())
        return fetched

    def _is_done(self, fetched: Fetched, delivery: Delivery, etag: str | None) -> bool:
        return not delivery.force and fetched.earlier is not None and self.is_done(fetched.earlier, etag)

    def _requested(self, fetched: Fetched, delivery: Delivery, version_id: str | None) -> Fetched:
        """The object as it is now, or the given version if there is such a version.

        The object is requested in any case: only so one request shows whether it was deleted.
        """
        current = self._answer(fetched, delivery)
        code = _code(current.error) if current.error else None
        if version_id is None or current.version_id == version_id or code not in {None, *_GONE, _ARCHIVED}:
            return current
        version = self._answer(fetched, delivery, VersionId=version_id)
        if version.error and _code(version.error) in _NO_SUCH_VERSION:
            return current
        current.close()
        version.is_removed = code in _GONE
        return version

    def _answer(self, fetched: Fetched, delivery: Delivery, **version: str) -> Fetched:
        """S3's response about an object or a version of it."""
        found = Fetched(earlier=fetched.earlier)
        named: Any = {"Bucket": delivery.bucket, "Key": delivery.key, **version}
        answer: Any
        try:
            answer = self.s3.get_object(**named)
            found.body, found.length = answer["Body"], answer["ContentLength"]
        except ClientError as error:
            found.error = error
            if _code(error) != _ARCHIVED:
                return found
            answer = self.s3.head_object(**named)  # says which object that is
        found.etag, found.version_id = answer["ETag"].strip('"'), answer.get("VersionId")
        if stored := answer.get("LastModified"):
            found.stored_at = format_time(stored)
        found.metadata = answer.get("Metadata", {})
        return found


def _code(error: ClientError) -> str:
    return error.response["Error"]["Code"]


def known_fields(
    delivery: Delivery,
    fetched: Fetched,
    *,
    now: datetime,
    retention: timedelta | None,
    log_retention: timedelta | None = None,
) -> dict[str, Any]:
    """The fields of an entry that are known without the content. Raises AccessRefusedError and S3's errors."""
    is_removed = fetched.is_removed and not may_have_expired(fetched.stored_at, log_retention, now)
    known: dict[str, Any] = {
        "log_file": delivery.log_file,
        "status": "ingested",
        "etag": fetched.etag or delivery.etag,
        "version_id": fetched.version_id if fetched.etag else delivery.version_id,
        "stored_at": fetched.stored_at,
        "ingested_at": format_time(now),
        "removed_at": (fetched.earlier or {}).get("removedAt", format_time(now)) if is_removed else None,
        "expires_at": expiry(now, retention),
    }
    known |= fields_of_key(delivery.key)
    # If the name has no valid time, or one that is still to come, the time of storage determines the day.
    stored_at = fetched.stored_at or (fetched.earlier or {}).get("storedAt") or format_time(now)
    named = known.get("delivered_at")
    if named is None or parse_time(named) - parse_time(stored_at) > LATE:
        known["delivery_day"] = stored_at[: len("YYYY-MM-DD")]
    return known | (why_unavailable(known["log_file"], fetched.error) if fetched.error else {})


def expiry(now: datetime, retention: timedelta | None) -> int | None:
    """The time when an entry created now expires, in epoch seconds; None without a retention."""
    return None if retention is None else int((now + retention).timestamp())


def may_have_expired(stored_at: str | None, log_retention: timedelta | None, now: datetime) -> bool:
    """Whether an object was stored so long ago that the lifecycle may have deleted it."""
    return stored_at is not None and log_retention is not None and parse_time(stored_at) + log_retention <= now


def why_unavailable(log_file: str, error: ClientError) -> dict[str, str]:
    """Status and reason of an object that is missing or archived. Raises AccessRefusedError, or any other error."""
    code, message = _code(error), error.response["Error"].get("Message", "")
    if code in _GONE:
        return {"status": "missing", "reason": f"{code}: {message}"}
    if code == _ARCHIVED:
        reason = "the object is archived: restore it; it is then ingested automatically"
        return {"status": "archived", "reason": reason}
    if code in _REFUSED or code.startswith("KMS."):
        raise AccessRefusedError(
            f"S3 denied access to {log_file} ({code}: {message}). The function's role needs s3:GetObject "
            "and s3:GetObjectVersion on the log files and s3:ListBucket on the bucket; files encrypted with a KMS "
            "key also need kms:Decrypt, which the setting aitrail:logKeyArns grants."
        ) from error
    raise error

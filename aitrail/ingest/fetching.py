"""Fetches a delivery's ledger entry and, unless the delivery is already ingested, its object from S3."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from aitrail.deliveries import Delivery
from aitrail.digests import LATE
from aitrail.errors import AitrailError
from aitrail.ledger import Ledger, entry_kind, fields_of_key
from aitrail.window import format_time, parse_time

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_GONE = {"404", "NoSuchKey", "NoSuchVersion", "NoSuchBucket", "MethodNotAllowed"}
_REFUSED = {"403", "AccessDenied", "AllAccessDisabled"}
# For each file that waits: four files take no more memory than the rows of one large file.
_MAX_BYTES_AHEAD = 8 * 1024 * 1024


class AccessRefusedError(AitrailError):
    """S3 or KMS does not let the function read an object."""


@dataclass(slots=True, kw_only=True)
class Fetched:
    """A delivery's ledger entry, and S3's response unless the delivery is already ingested."""

    earlier: dict[str, Any] | None
    is_done: bool = False
    error: ClientError | None = None
    etag: str | None = None
    version_id: str | None = None
    stored_at: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    body: Any = None  # a stream of bytes
    length: int = 0

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
    """Reads the ledger and, unless `is_done` says that the delivery needs no reading, requests the object from S3."""

    s3: "S3Client"
    ledger: Ledger
    is_done: Callable[[dict[str, Any], Delivery], bool]

    def fetch(self, delivery: Delivery) -> Fetched:
        """Requests a delivery unless it is done. Raises DynamoDB's errors; S3's are in the result."""
        earlier = self.ledger.entry(delivery.log_file, entry_kind(delivery.key))
        fetched = Fetched(earlier=earlier)
        fetched.is_done = not delivery.force and earlier is not None and self.is_done(earlier, delivery)
        if not fetched.is_done:
            try:
                answer = self._get(delivery)
            except ClientError as error:
                fetched.error = error
            else:
                fetched.etag, fetched.version_id = answer["ETag"].strip('"'), answer.get("VersionId")
                if stored := answer.get("LastModified"):
                    fetched.stored_at = format_time(stored)
                fetched.metadata = answer.get("Metadata", {})
                fetched.body, fetched.length = answer["Body"], answer["ContentLength"]
        return fetched

    def fetch_ahead(self, delivery: Delivery) -> Fetched:
        """Does the same as `fetch`, and also reads the content of a file that is not large."""
        fetched = self.fetch(delivery)
        if fetched.body is not None and fetched.length <= _MAX_BYTES_AHEAD:
            with closing(fetched.body) as body:
                fetched.body = BytesIO(body.read())
        return fetched

    def _get(self, delivery: Delivery) -> dict[str, Any]:
        request = {"Bucket": delivery.bucket, "Key": delivery.key, "VersionId": delivery.version_id}
        present: Any = {name: value for name, value in request.items() if value is not None}
        return cast("dict[str, Any]", self.s3.get_object(**present))


def known_fields(delivery: Delivery, fetched: Fetched, *, now: datetime, retention: timedelta | None) -> dict[str, Any]:
    """The fields of an entry that are known without the content. Raises AccessRefusedError and S3's errors."""
    known: dict[str, Any] = {
        "log_file": delivery.log_file,
        "status": "ingested",
        "etag": fetched.etag or delivery.etag,
        "version_id": fetched.version_id if fetched.etag else delivery.version_id,
        "stored_at": fetched.stored_at,
        "ingested_at": format_time(now),
        "expires_at": expiry(now, retention),
    }
    known |= fields_of_key(delivery.key)
    # If the name has no valid time, or one that is still to come, the time of storage determines the day.
    stored_at = fetched.stored_at or (fetched.earlier or {}).get("storedAt") or format_time(now)
    named = known.get("delivered_at")
    if named is None or parse_time(named) - parse_time(stored_at) > LATE:
        known["delivery_day"] = stored_at[: len("YYYY-MM-DD")]
    return known | (_unavailable(known["log_file"], fetched.error) if fetched.error else {})


def expiry(now: datetime, retention: timedelta | None) -> int | None:
    """The time when an entry created now expires, in epoch seconds; None without a retention."""
    return None if retention is None else int((now + retention).timestamp())


def _unavailable(log_file: str, error: ClientError) -> dict[str, str]:
    """Status and reason of an object that is missing or archived. Raises AccessRefusedError, or any other error."""
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    if code in _GONE:
        return {"status": "missing", "reason": f"{code}: {message}"}
    if code == "InvalidObjectState":
        reason = "the object is archived: restore it; it is then ingested automatically"
        return {"status": "archived", "reason": reason}
    if code in _REFUSED or code.startswith("KMS."):
        raise AccessRefusedError(
            f"S3 denied access to {log_file} ({code}: {message}). The function's role needs s3:GetObject "
            "and s3:GetObjectVersion on the log files and s3:ListBucket on the bucket; files encrypted with a KMS "
            "key also need kms:Decrypt, which the setting aitrail:logKeyArns grants."
        ) from error
    raise error

"""Notes in the ledger that objects were deleted after they were read: CloudTrail never deletes one."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from aitrail.clock import Clock
from aitrail.deliveries import Delivery
from aitrail.ingest.fetching import may_have_expired, why_unavailable
from aitrail.ingest.metrics import Ingested, of_removal
from aitrail.ledger import Ledger, entry_kind
from aitrail.window import format_time

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True, kw_only=True)
class Removals:
    """Notes removals; `log_retention` is the time after which the lifecycle deletes objects, None if it does not."""

    s3: "S3Client"
    ledger: Ledger
    log_retention: timedelta | None
    clock: Clock

    def note(self, delivery: Delivery) -> Ingested:
        """Looks for an object that is said to be removed, and notes in the ledger whether it is gone.

        A message alone changes nothing: only what the bucket holds counts, in whatever order messages arrive. An object
        that was never read is left to the digest that lists it. Raises AccessRefusedError and the clients' errors.
        """
        log_file, kind, now = delivery.log_file, entry_kind(delivery.key), self.clock.now()
        entry = self.ledger.entry(log_file, kind, consistent=True) or {}
        was_there = entry.get("status") not in (None, "missing")
        if not was_there or may_have_expired(entry.get("storedAt"), self.log_retention, now):
            return of_removal(log_file, entry, entry)
        after = entry
        if not self._is_there(delivery, entry):
            after = self.ledger.note_removal(log_file, kind, format_time(now))
        # It may have been stored again just before that was noted: then the message about it has found nothing to do.
        if "removedAt" in after and self._is_there(delivery, entry):
            after = self.ledger.note_removal(log_file, kind, None)
        return of_removal(log_file, entry, after)

    def _is_there(self, delivery: Delivery, entry: dict[str, Any]) -> bool:
        """Whether the bucket holds what was read, or something newer, which S3 announces."""
        try:
            found = self.s3.head_object(Bucket=delivery.bucket, Key=delivery.key)
        except ClientError as error:
            return why_unavailable(delivery.log_file, error)["status"] != "missing"
        is_newer = format_time(found["LastModified"]) >= entry.get("storedAt", "")
        return is_newer or found["ETag"].strip('"') == entry.get("etag")

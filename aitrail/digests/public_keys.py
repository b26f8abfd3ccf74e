"""Finds the public keys for verifying CloudTrail's signatures: given ones, and ListPublicKeys of each Region."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from aitrail.aws import is_temporary
from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.deliveries import log_key_of
from aitrail.digests.digest import FIRST_TIME, LAST_TIME, Digest, InvalidDigest, check_signature
from aitrail.digests.given_keys import GivenKeys
from aitrail.errors import AitrailError
from aitrail.window import EARLIEST

if TYPE_CHECKING:
    from types_boto3_cloudtrail import CloudTrailClient

# A digest's key is valid at the time of the digest, or some time later, when the digest may have been signed.
_SIGNED_WITHIN = timedelta(hours=2)
_AN_HOUR = timedelta(hours=1)
# After a Region has refused access, it is not asked again for each digest.
_REFUSAL_HOLDS = timedelta(minutes=5)


class UnavailableKey(AitrailError):
    """CloudTrail does not return the key, so the signature cannot be verified."""


@dataclass(slots=True)
class PublicKeys:
    """Keys by Region and fingerprint, each fetched once; `client` returns the client of a Region.

    `given` returns the keys of a file, which come first; it is called once, if a key is needed.
    """

    client: Callable[[str], "CloudTrailClient"]
    clock: Clock = SYSTEM_CLOCK
    given: Callable[[], GivenKeys] = dict
    _given: GivenKeys | None = field(default=None, init=False)
    _keys: dict[tuple[str, str], bytes] = field(default_factory=dict, init=False)
    _refused: dict[str, tuple[datetime, str]] = field(default_factory=dict, init=False)

    def check(self, digest: Digest, metadata: Mapping[str, str]) -> None:
        """Raises InvalidDigest unless the object's metadata contains CloudTrail's signature of the digest.

        Also raises UnavailableKey, and the client's errors if a retry may succeed.
        """
        key = log_key_of(digest.key)
        if key is None:
            raise InvalidDigest("its name is not the name of a digest")
        start, end = digest.start, digest.end
        if signed := _moment_or_none(metadata.get("backfill-generation-timestamp", "")):
            # Backfill digests are signed long after their hour.
            start, end = signed - _AN_HOUR, signed + _AN_HOUR
        check_signature(
            digest,
            signature=metadata.get("signature"),
            algorithm=metadata.get("signature-algorithm"),
            public_key=self.get(key.region, digest.fingerprint, start, end),
        )

    def get(self, region: str, fingerprint: str, start: datetime, end: datetime) -> bytes:
        """The key (DER, PKCS #1) with that fingerprint that was valid between the two times.

        Raises UnavailableKey, and the client's errors if a retry may succeed.
        """
        given = self._of_file().get((region, fingerprint))
        if given and given.since <= end + _SIGNED_WITHIN and start <= given.until:
            return given.value
        if (region, fingerprint) not in self._keys:
            until, reason = self._refused.get(region, (EARLIEST, ""))
            if self.clock.now() < until:
                raise UnavailableKey(reason)
            self._ask(region, start, end + _SIGNED_WITHIN)
        try:
            return self._keys[region, fingerprint]
        except KeyError:
            raise UnavailableKey(
                f"CloudTrail in {region} has no public key {fingerprint[:64]!r} for that time"
            ) from None

    def are_returned(self, region: str) -> bool:
        """Whether keys of that Region were given, or CloudTrail returns its keys now.

        Raises the client's errors if a retry may succeed.
        """
        now = self.clock.now()
        if any(given == region for given, _ in self._of_file()):
            return True
        if now < self._refused.get(region, (EARLIEST, ""))[0]:
            return False
        try:
            return bool(self._ask(region, now - _AN_HOUR, now))
        except UnavailableKey:
            return False

    def _of_file(self) -> GivenKeys:
        if self._given is None:
            self._given = self.given()
        return self._given

    def _ask(self, region: str, start: datetime, end: datetime) -> int:
        """Asks CloudTrail for the keys of a Region and time; returns their number."""
        try:
            pages = self.client(region).get_paginator("list_public_keys").paginate(StartTime=start, EndTime=end)
            found = [key for page in pages for key in page["PublicKeyList"]]
        except (BotoCoreError, ClientError) as error:
            # If there is no such endpoint, the function may be unable to reach that Region.
            if is_temporary(error) and not isinstance(error, EndpointConnectionError):
                raise
            reason = f"CloudTrail in {region} does not return its public keys: {error}"
            if _is_for_all(error):
                self._refused[region] = (self.clock.now() + _REFUSAL_HOLDS, reason)
            raise UnavailableKey(reason) from error
        self._keys |= {(region, key["Fingerprint"]): key["Value"] for key in found}
        return len(found)


def _moment_or_none(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = found if found.tzinfo else found.replace(tzinfo=UTC)
    return moment if FIRST_TIME <= moment <= LAST_TIME else None


def _is_for_all(error: Exception) -> bool:
    """Whether the Region refuses every request of the caller, not just the request for this digest."""
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    return not isinstance(error, ClientError) or code.startswith(("AccessDenied", "Unrecognized", "InvalidClientToken"))

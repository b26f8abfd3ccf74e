"""Reads CloudTrail's digest files and verifies CloudTrail's signature. Pure.

Format and algorithm: AWS CloudTrail User Guide, "CloudTrail digest file structure" and "Custom implementations of
CloudTrail log file integrity validation".
"""

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import BinaryIO, Final

import msgspec

from aitrail.errors import AitrailError
from aitrail.logfile import DamagedGzip, inflated
from aitrail.window import BEGINNING, format_time

# A digest has about 400 bytes for each log file that it lists, so this allows 40,000; CloudTrail delivers a few hundred
# in a busy hour of an account. Reading takes twenty times the content's size, before the signature can be verified.
_MAX_BYTES: Final = 16 * 1024 * 1024
_STEP_BYTES: Final = 128 * 1024
_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")
_LONGEST_REASON: Final = 400
_LONGEST_BUCKET: Final = 63
# Times outside this range are not genuine, and arithmetic with some of them overflows.
FIRST_TIME, LAST_TIME = BEGINNING, datetime(2101, 1, 1, tzinfo=UTC)
SIGNATURE_ALGORITHM: Final = "SHA256withRSA"
_HASH_ALGORITHM: Final = "SHA-256"


class InvalidDigest(AitrailError):
    """A digest whose content or place differs from what CloudTrail wrote; text quoted in the reason is cut."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason[:_LONGEST_REASON])


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An object that a digest lists, and the SHA-256 (lower-case hex) of its uncompressed content."""

    bucket: str
    key: str
    sha256: str

    @property
    def log_file(self) -> str:
        """The object's name in the ledger."""
        return f"s3://{self.bucket}/{self.key}"


class _LogFile(msgspec.Struct):
    bucket: str = msgspec.field(name="s3Bucket")
    key: str = msgspec.field(name="s3Object")
    hash_value: str = msgspec.field(name="hashValue")
    hash_algorithm: str = msgspec.field(name="hashAlgorithm")


class _Content(msgspec.Struct):
    start: str = msgspec.field(name="digestStartTime")
    end: str = msgspec.field(name="digestEndTime")
    bucket: str = msgspec.field(name="digestS3Bucket")
    key: str = msgspec.field(name="digestS3Object")
    fingerprint: str = msgspec.field(name="digestPublicKeyFingerprint")
    previous_bucket: str | None = msgspec.field(name="previousDigestS3Bucket", default=None)
    previous_key: str | None = msgspec.field(name="previousDigestS3Object", default=None)
    previous_hash: str | None = msgspec.field(name="previousDigestHashValue", default=None)
    previous_hash_algorithm: str | None = msgspec.field(name="previousDigestHashAlgorithm", default=None)
    previous_signature: str | None = msgspec.field(name="previousDigestSignature", default=None)
    log_files: list[_LogFile] | None = msgspec.field(name="logFiles", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One digest. It covers the deliveries of `start` <= time < `end`; `previous` is None if it starts a chain.

    `bytes` and `sha256` are of the uncompressed content. `signed_bucket` is the bucket that CloudTrail wrote the digest
    to, which is the original if `bucket` holds a replicated copy. `previous` and `log_files` name the copies.
    """

    bucket: str
    key: str
    signed_bucket: str
    start: datetime
    end: datetime
    fingerprint: str
    previous: Listed | None
    previous_signature: str | None
    log_files: tuple[Listed, ...]
    bytes: int
    sha256: str

    @property
    def log_file(self) -> str:
        """The object's name in the ledger."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def signed_text(self) -> str:
        """The text that CloudTrail signs."""
        place = f"{self.signed_bucket}/{self.key}"
        return f"{format_time(self.end)}\n{place}\n{self.sha256}\n{self.previous_signature or 'null'}"


def read_digest(stream: BinaryIO, *, bucket: str, key: str, original: str | None = None) -> Digest:
    """Reads the digest at that bucket and key. Raises InvalidDigest, and any error that reading the stream raises.

    `original` is the bucket of which `bucket` holds a replicated copy, if any. Replication keeps keys: what a digest
    lists in the original is in `bucket` under the same key.
    """
    content = _inflate(stream)
    try:
        found = msgspec.json.decode(content, type=_Content)
        start, end = _moment(found.start), _moment(found.end)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise InvalidDigest(f"the content is not a digest: {error}") from error
    _check_place(found, bucket=bucket, key=key, original=original)
    if not FIRST_TIME <= start < end <= LAST_TIME:
        raise InvalidDigest(f"its time is not valid: from {found.start[:40]} to {found.end[:40]}")
    return Digest(
        bucket=bucket,
        key=key,
        signed_bucket=found.bucket,
        start=start,
        end=end,
        fingerprint=found.fingerprint,
        previous=_here(previous, bucket, original) if (previous := _previous(found)) else None,
        previous_signature=found.previous_signature,
        log_files=tuple(
            _here(_listed(each.bucket, each.key, each.hash_value, each.hash_algorithm), bucket, original)
            for each in found.log_files or ()
        ),
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _check_place(found: _Content, *, bucket: str, key: str, original: str | None) -> None:
    """Raises InvalidDigest unless CloudTrail wrote the digest to this place, or to the same key of the original."""
    if found.key != key:
        raise InvalidDigest(f"it was written for s3://{found.bucket}/{found.key} and has been moved or copied")
    if found.bucket not in (bucket, original):
        raise InvalidDigest(
            f"it was written for the bucket {found.bucket[:_LONGEST_BUCKET]!r} and has been moved or copied; if the "
            "log bucket holds a replicated copy of that bucket, name it in the setting aitrail:originalBucket"
        )


def _here(listed: Listed, bucket: str, original: str | None) -> Listed:
    """The object in this bucket, if it is listed in the original."""
    return replace(listed, bucket=bucket) if listed.bucket == original else listed


def _inflate(stream: BinaryIO) -> bytes:
    content = bytearray()
    try:
        for piece in inflated(stream, _STEP_BYTES):
            content += piece
            if len(content) > _MAX_BYTES:
                raise InvalidDigest(f"the content is larger than {_MAX_BYTES:,} bytes")
    except DamagedGzip as error:
        raise InvalidDigest(str(error)) from error
    return bytes(content)


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _previous(found: _Content) -> Listed | None:
    if not found.previous_key:
        return None
    return _listed(
        found.previous_bucket or "",
        found.previous_key,
        found.previous_hash or "",
        found.previous_hash_algorithm or _HASH_ALGORITHM,
    )


def _listed(bucket: str, key: str, sha256: str, algorithm: str) -> Listed:
    if algorithm != _HASH_ALGORITHM or not _SHA256.fullmatch(sha256):
        raise InvalidDigest(f"its hash of {key!r} is not a SHA-256 but {algorithm[:20]!r} {sha256[:80]!r}")
    return Listed(bucket=bucket, key=key, sha256=sha256.lower())


def check_signature(digest: Digest, *, signature: str | None, algorithm: str | None, public_key: bytes) -> None:
    """Raises InvalidDigest unless `signature` (hex) is CloudTrail's; `public_key` is in DER, PKCS #1."""
    # Not at the top: most deliveries are not digests, and loading OpenSSL would slow down the cold start.
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415

    if not signature:
        raise InvalidDigest("the object has no signature (metadata `signature`)")
    if algorithm != SIGNATURE_ALGORITHM:
        raise InvalidDigest(f"it is signed with {str(algorithm)[:40]!r}, not with {SIGNATURE_ALGORITHM}")
    try:
        key = load_der_public_key(public_key)
        if not isinstance(key, RSAPublicKey):
            raise InvalidDigest("CloudTrail's public key is not an RSA key")
        key.verify(bytes.fromhex(signature), digest.signed_text.encode(), PKCS1v15(), SHA256())
    except (InvalidSignature, UnsupportedAlgorithm, ValueError) as error:
        raise InvalidDigest("its signature is not CloudTrail's") from error

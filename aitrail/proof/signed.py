"""Reads digests that have CloudTrail's signature."""

from aitrail.deliveries import Content, bucket_and_key
from aitrail.digests import Digest, PublicKeys, read_digest


def read_signed(content: Content, public_keys: PublicKeys, *, original: str | None) -> Digest:
    """Reads a digest and verifies its signature; `original` as in `aitrail.digests.read_digest`.

    Raises UnavailableError, InvalidDigest, UnavailableKey, and the client's errors if a retry may succeed.
    """
    bucket, key = bucket_and_key(content.name)
    with content.open() as stream:
        digest = read_digest(stream, bucket=bucket, key=key, original=original)
    public_keys.check(digest, content.metadata)
    return digest

"""Digests as CloudTrail writes and signs them, with a key for tests."""

import gzip
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ACCOUNT, REGION, TRAIL = "111122223333", "eu-west-1", "audit"
FINGERPRINT = "31e8b5433410dfb61a9dc45cc65b22ff"


@cache
def private_key(_number=0):
    return rsa.generate_private_key(65537, 2048)


def public_key(number=0):
    """The public key as ListPublicKeys returns it."""
    return private_key(number).public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)


def at(text):
    """A moment on 14 March 2026: 09:30 or 09:30:15."""
    return datetime.fromisoformat(f"2026-03-14T{text}").replace(tzinfo=UTC)


def written(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class SignedDigest:
    """A digest object: key, body and metadata; `content` is the uncompressed body."""

    key: str
    content: bytes
    signature: str

    @property
    def body(self):
        return gzip.compress(self.content, mtime=0)

    @property
    def metadata(self):
        return {"signature": self.signature, "signature-algorithm": "SHA256withRSA"}

    @property
    def sha256(self):
        return hashlib.sha256(self.content).hexdigest()


def key_of(end, *, account=ACCOUNT, region=REGION, trail=TRAIL, suffix="", prefix=""):  # noqa: PLR0913 - have defaults
    name = f"{account}_CloudTrail-Digest_{region}_{trail}_{region}_{end:%Y%m%dT%H%M%SZ}{suffix}.json.gz"
    return f"{prefix}AWSLogs/{account}/CloudTrail-Digest/{region}/{end:%Y/%m/%d}/{name}"


def digest(  # noqa: PLR0913 - most have defaults
    end, files=(), *, bucket, previous=None, start=None, signer=0, where=None, **changes
):
    """The digest for the hour before `end`; `files` are (key, content) or (key, sha256) pairs.

    `where` holds arguments of `key_of`; `changes` replaces fields of the content before it is signed.
    """
    key = key_of(end, **(where or {}))
    fields = {
        "awsAccountId": ACCOUNT,
        "digestStartTime": written(start or end - timedelta(hours=1)),
        "digestEndTime": written(end),
        "digestS3Bucket": bucket,
        "digestS3Object": key,
        "digestPublicKeyFingerprint": FINGERPRINT,
        "digestSignatureAlgorithm": "SHA256withRSA",
        "newestEventTime": None,
        "oldestEventTime": None,
        "previousDigestS3Bucket": bucket if previous else None,
        "previousDigestS3Object": previous.key if previous else None,
        "previousDigestHashValue": previous.sha256 if previous else None,
        "previousDigestHashAlgorithm": "SHA-256" if previous else None,
        "previousDigestSignature": previous.signature if previous else None,
        "logFiles": [
            {
                "s3Bucket": bucket,
                "s3Object": name,
                "hashValue": content if isinstance(content, str) else hashlib.sha256(content).hexdigest(),
                "hashAlgorithm": "SHA-256",
            }
            for name, content in files
        ],
    } | changes
    content = json.dumps(fields).encode()
    text = "\n".join(
        [
            fields["digestEndTime"],
            f"{fields['digestS3Bucket']}/{fields['digestS3Object']}",
            hashlib.sha256(content).hexdigest(),
            fields["previousDigestSignature"] or "null",
        ]
    )
    signature = private_key(signer).sign(text.encode(), padding.PKCS1v15(), SHA256())
    return SignedDigest(key=key, content=content, signature=signature.hex())


def chain(hours, *, bucket, files=None, first=None, **options):
    """A chain of digests for the hours that end at these moments; `files` maps moments to the files listed."""
    digests = [first] if first else []
    for end in hours:
        previous = digests[-1] if digests else None
        digests.append(digest(end, (files or {}).get(end, ()), bucket=bucket, previous=previous, **options))
    return digests[1:] if first else digests

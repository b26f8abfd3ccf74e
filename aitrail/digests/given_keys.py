"""Reads CloudTrail's public keys from a file, for Regions that do not return them to the caller. Pure.

The file is a JSON object: by Region, what `aws cloudtrail list-public-keys --region REGION` prints.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from aitrail.errors import AitrailError

_REGION: Final = re.compile(r"[a-z]+(-[a-z]+)+-[0-9]+")
_FORM: Final = (
    'It has to be {"REGION": OUTPUT, ...}, with what `aws cloudtrail list-public-keys --region REGION` prints.'
)


class InvalidKeysError(AitrailError):
    """A text that is not a file of public keys; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenKey:
    """A public key (DER, PKCS #1), and the time in which CloudTrail signed digests with it, both inclusive."""

    value: bytes
    since: datetime
    until: datetime


# Region and fingerprint -> the key. A key is trusted for no other Region.
GivenKeys = Mapping[tuple[str, str], GivenKey]


class _Key(msgspec.Struct):
    value: str = msgspec.field(name="Value")
    since: str | float = msgspec.field(name="ValidityStartTime")
    until: str | float = msgspec.field(name="ValidityEndTime")
    fingerprint: str = msgspec.field(name="Fingerprint")


class _Output(msgspec.Struct):
    keys: list[_Key] = msgspec.field(name="PublicKeyList")


def read_keys(content: bytes) -> dict[tuple[str, str], GivenKey]:
    """The keys in a file, by Region and fingerprint. Raises InvalidKeysError."""
    try:
        found = msgspec.json.decode(content, type=dict[str, _Output])
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise InvalidKeysError(f"This is not a file of public keys: {error}. {_FORM}") from error
    return dict(_keys_of(found))


def _keys_of(found: dict[str, _Output]) -> Iterator[tuple[tuple[str, str], GivenKey]]:
    for region, output in found.items():
        if not _REGION.fullmatch(region):
            raise InvalidKeysError(f"This is not a file of public keys: {region[:40]!r} is not a Region. {_FORM}")
        if not output.keys:
            raise InvalidKeysError(f"The file has no public key of {region}. {_FORM}")
        for number, key in enumerate(output.keys):
            try:
                given = GivenKey(value=_rsa_key(key.value), since=_moment(key.since), until=_moment(key.until))
            except (ValueError, OverflowError, OSError) as error:
                raise InvalidKeysError(f"Public key {number + 1} of {region} is not valid: {error}.") from error
            yield (region, key.fingerprint), given


def _rsa_key(text: str) -> bytes:
    # Not at the top: most deliveries are not digests, and loading OpenSSL would slow down the cold start.
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415

    value = base64.b64decode(text, validate=True)
    try:
        is_rsa = isinstance(load_der_public_key(value), RSAPublicKey)
    except (ValueError, UnsupportedAlgorithm):
        is_rsa = False
    if not is_rsa:
        raise ValueError("its Value is not an RSA key")
    return value


def _moment(given: str | float) -> datetime:
    """The moment that the AWS CLI wrote: ISO 8601, or seconds since 1970, depending on its configuration."""
    if not isinstance(given, str):
        return datetime.fromtimestamp(given, UTC)
    moment = datetime.fromisoformat(given)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

"""A file of public keys is read as the AWS CLI prints it, and refused with what is wrong."""

import base64
import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from aitrail.digests import InvalidKeysError, read_keys
from tests.shared.fuzzing import law
from tests.shared.key_files import SINCE, UNTIL, key_file, printed
from tests.shared.signed_digests import FINGERPRINT, public_key


def test_keys_are_read_by_region_and_fingerprint():
    keys = read_keys(key_file("eu-west-1", "us-gov-west-1"))

    assert keys.keys() == {("eu-west-1", FINGERPRINT), ("us-gov-west-1", FINGERPRINT)}
    key = keys["eu-west-1", FINGERPRINT]
    assert (key.value, key.since, key.until) == (public_key(), SINCE, UNTIL)


def test_times_are_read_in_both_forms_of_the_aws_cli():
    epoch = printed() | {}
    epoch["PublicKeyList"][0] |= {"ValidityStartTime": SINCE.timestamp(), "ValidityEndTime": "2026-12-31T00:00:00"}

    (key,) = read_keys(json.dumps({"eu-west-1": epoch}).encode()).values()

    assert (key.since, key.until) == (SINCE, datetime(2026, 12, 31, tzinfo=UTC))


ELLIPTIC = ec.generate_private_key(ec.SECP256R1()).public_key()
ELLIPTIC = base64.b64encode(ELLIPTIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "This is not a file of public keys: .* It has to be "),
        (b"[]", "Expected `object`, got `array`"),
        (json.dumps(printed()).encode(), "Expected `object`, got `array`"),
        (key_file("Europe"), "'Europe' is not a Region"),
        (b'{"eu-west-1": {"PublicKeyList": []}}', "has no public key of eu-west-1"),
        (b'{"eu-west-1": {}}', "missing required field `PublicKeyList`"),
        (key_file("eu-west-1", Value="?"), "Public key 1 of eu-west-1 is not valid: "),
        (key_file("eu-west-1", Value="AAAA"), "Public key 1 of eu-west-1 is not valid: its Value is not an RSA key"),
        (key_file("eu-west-1", Value=ELLIPTIC), "its Value is not an RSA key"),
        (key_file("eu-west-1", ValidityEndTime="soon"), "Public key 1 of eu-west-1 is not valid: Invalid isoformat"),
        (key_file("eu-west-1", ValidityEndTime=1e300), "Public key 1 of eu-west-1 is not valid: "),
        (b"\xff", "This is not a file of public keys"),
    ],
)
def test_anything_else_is_refused_with_what_is_wrong(content, why):
    with pytest.raises(InvalidKeysError, match=why):
        read_keys(content)


json_values = st.recursive(st.none() | st.text(), lambda each: st.dictionaries(st.text(), each))


@law()
@given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_content_is_read_or_refused(content):
    with suppress(InvalidKeysError):
        read_keys(content)

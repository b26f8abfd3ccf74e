"""The content of digests, and the verification of CloudTrail's signature."""

import gzip
import json
from dataclasses import replace
from io import BytesIO

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from aitrail.digests import digest as digests
from aitrail.digests.digest import Digest, InvalidDigest, Listed, check_signature, read_digest
from tests.shared.fuzzing import law
from tests.shared.signed_digests import at, digest, public_key

BUCKET = "example-trail-logs"
LOG = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/111122223333_CloudTrail_eu-west-1_20260314T0925Z_a.json.gz"


def read(signed, **changes):
    return read_digest(BytesIO(changes.pop("body", signed.body)), **({"bucket": BUCKET, "key": signed.key} | changes))


def check(signed, **changes):
    given = {
        "signature": signed.signature,
        "algorithm": "SHA256withRSA",
        "public_key": public_key(),
    }
    check_signature(read(signed), **(given | changes))


@pytest.fixture(scope="module")
def first():
    return digest(at("09:00"), bucket=BUCKET)


@pytest.fixture(scope="module")
def second(first):
    return digest(at("10:00"), [(LOG, b"content")], bucket=BUCKET, previous=first)


def test_digest_says_what_it_covers_and_lists(first, second):
    found = read(second)

    assert (found.start, found.end) == (at("09:00"), at("10:00"))
    assert found.previous == Listed(bucket=BUCKET, key=first.key, sha256=first.sha256)
    assert found.log_files == (
        Listed(bucket=BUCKET, key=LOG, sha256="ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"),
    )
    assert (found.bytes, found.sha256) == (len(second.content), second.sha256)


def test_first_digest_of_a_chain_follows_none(first):
    found = read(first)

    assert (found.previous, found.previous_signature, found.log_files) == (None, None, ())


def test_digests_that_cloudtrail_signed_pass(first, second):
    check(first)
    check(second)


def test_signed_text_is_what_the_user_guide_says(first, second):
    assert read(second).signed_text == (
        f"2026-03-14T10:00:00Z\n{BUCKET}/{second.key}\n{second.sha256}\n{first.signature}"
    )
    assert read(first).signed_text.endswith("\nnull")


ORIGINAL = "organization-trail-logs"


def test_digest_of_a_copy_names_the_copies_and_is_signed_for_the_original(first):
    signed = digest(at("10:00"), [(LOG, b"content")], bucket=ORIGINAL, previous=first)

    found = read(signed, original=ORIGINAL)

    assert (found.log_file, found.signed_bucket) == (f"s3://{BUCKET}/{signed.key}", ORIGINAL)
    assert found.previous == Listed(bucket=BUCKET, key=first.key, sha256=first.sha256)
    assert [each.log_file for each in found.log_files] == [f"s3://{BUCKET}/{LOG}"]
    assert found.signed_text.split("\n")[1] == f"{ORIGINAL}/{signed.key}"
    check_signature(found, signature=signed.signature, algorithm="SHA256withRSA", public_key=public_key())


def test_objects_in_a_third_bucket_are_left_there():
    listed = {"s3Bucket": "another", "s3Object": LOG, "hashValue": "a" * 64, "hashAlgorithm": "SHA-256"}
    found = read(digest(at("10:00"), bucket=ORIGINAL, logFiles=[listed]), original=ORIGINAL)

    assert found.log_files == (Listed(bucket="another", key=LOG, sha256="a" * 64),)


def test_what_is_said_of_a_foreign_bucket_is_cut():
    with pytest.raises(InvalidDigest, match=r"bucket 'x{63}' and has been moved .* aitrail:originalBucket$"):
        read(digest(at("10:00"), bucket="x" * 10_000), original=ORIGINAL)


def test_hashes_are_compared_in_lower_case():
    found = read(digest(at("10:00"), [(LOG, "AB" * 32)], bucket=BUCKET))

    assert found.log_files[0].sha256 == "ab" * 32


def other_curve():
    return (
        ec.generate_private_key(ec.SECP256R1())
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"signature": None}, "has no signature"),
        ({"signature": ""}, "has no signature"),
        ({"signature": "00" * 256}, "is not CloudTrail's"),
        ({"signature": "no hex"}, "is not CloudTrail's"),
        ({"algorithm": None}, "signed with 'None'"),
        ({"algorithm": "MD5withRSA"}, "signed with 'MD5withRSA'"),
        ({"public_key": b"no key"}, "is not CloudTrail's"),
        ({"public_key": other_curve()}, "not an RSA key"),
    ],
)
def test_signature_that_is_not_cloudtrails_is_refused(second, changes, reason):
    with pytest.raises(InvalidDigest, match=reason):
        check(second, **changes)


def test_signature_of_another_key_is_refused(first):
    forged = digest(at("10:00"), bucket=BUCKET, previous=first, signer=1)

    with pytest.raises(InvalidDigest, match="is not CloudTrail's"):
        check(forged)


@pytest.mark.parametrize(
    "changed",
    [
        lambda content: content.replace(b"ed7002b4", b"ed7002b5"),
        lambda content: content + b" ",
        lambda content: content.replace(b"09:00:00Z", b"08:00:00Z"),
    ],
    ids=["hash", "white space", "start"],
)
def test_content_that_was_changed_after_it_was_signed_is_refused(second, changed):
    with pytest.raises(InvalidDigest, match="is not CloudTrail's"):
        check(replace(second, content=changed(second.content)))


@pytest.mark.parametrize("where", [{"bucket": "another-bucket"}, {"key": "AWSLogs/elsewhere.json.gz"}])
def test_digest_that_was_moved_is_refused(second, where):
    with pytest.raises(InvalidDigest, match="has been moved or copied"):
        read(second, **where)


def without(content, field):
    return json.dumps({name: value for name, value in json.loads(content).items() if name != field}).encode()


REQUIRED = (*("digestStartTime", "digestEndTime", "digestS3Bucket", "digestS3Object", "digestPublicKeyFingerprint"),)


@pytest.mark.parametrize("field", REQUIRED)
def test_content_without_a_field_is_no_digest(second, field):
    with pytest.raises(InvalidDigest, match="not a digest"):
        read(second, body=without(second.content, field))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not a digest"),
        (b"[]", "not a digest"),
        (b"{", "not a digest"),
        (b"[" * 100_000, "not a digest"),
        (gzip.compress(b"{}")[:-4], "truncated"),
        (gzip.compress(b"{}") + b"more", "followed by other bytes"),
    ],
    ids=["empty", "list", "half", "deep", "truncated", "more"],
)
def test_body_that_is_no_digest_is_refused(second, body, reason):
    with pytest.raises(InvalidDigest, match=reason):
        read(second, body=body)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"digestEndTime": "yesterday"}, "not a digest"),
        ({"digestStartTime": "2026-03-14T10:00:00Z"}, "its time is not valid"),
        (
            {"logFiles": [{"s3Bucket": BUCKET, "s3Object": LOG, "hashValue": "1", "hashAlgorithm": "SHA-256"}]},
            "not a SHA-256",
        ),
        (
            {"logFiles": [{"s3Bucket": BUCKET, "s3Object": LOG, "hashValue": "a" * 64, "hashAlgorithm": "MD5"}]},
            "not a SHA-256 but 'MD5'",
        ),
        ({"logFiles": [{"s3Bucket": BUCKET}]}, "not a digest"),
    ],
    ids=["end", "start", "hash", "algorithm", "file"],
)
def test_content_that_makes_no_sense_is_refused(changes, reason):
    signed = digest(at("10:00"), bucket=BUCKET, **changes)

    with pytest.raises(InvalidDigest, match=reason):
        read(signed)


def test_content_that_inflates_without_end_is_refused(second, monkeypatch):
    monkeypatch.setattr(digests, "_MAX_BYTES", 1_000_000)

    with pytest.raises(InvalidDigest, match="larger than 1,000,000 bytes"):
        read(second, body=gzip.compress(b" " * 1_000_001))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["", "a" * 64, "\ud800"]),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=6,
)
FIELDS = json.loads(
    digest(at("10:00"), [(LOG, b"content")], bucket=BUCKET, previous=digest(at("09:00"), bucket=BUCKET)).content
)
(LISTED,) = FIELDS["logFiles"]


def outcome(body):
    try:
        return read_digest(BytesIO(body), bucket=BUCKET, key=FIELDS["digestS3Object"])
    except InvalidDigest:
        return InvalidDigest


def some_of(fields):
    """Some of the fields, with any values."""
    return st.dictionaries(st.sampled_from(sorted(fields)), JSON_VALUES, max_size=2)


@law()
@given(changes=some_of(FIELDS), of_listed=some_of(LISTED), is_packed=st.booleans())
def test_digest_with_fields_of_any_type_is_read_or_invalid(changes, of_listed, is_packed):
    text = json.dumps(FIELDS | {"logFiles": [LISTED | of_listed]} | changes).encode()

    found = outcome(gzip.compress(text, 1) if is_packed else text)

    assert found is InvalidDigest or isinstance(found, Digest)


@law()
@given(body=st.binary() | st.binary().map(gzip.compress) | JSON_VALUES.map(json.dumps).map(str.encode))
def test_anything_else_is_an_invalid_digest(body):
    assert outcome(body) is InvalidDigest


@law()
@given(
    signature=st.none() | st.text() | st.binary().map(bytes.hex),
    algorithm=st.none() | st.text() | st.just("SHA256withRSA"),
    key=st.binary() | st.just(public_key()),
)
def test_any_other_signature_algorithm_or_key_is_invalid(first, signature, algorithm, key):
    with pytest.raises(InvalidDigest):
        check(first, signature=signature, algorithm=algorithm, public_key=key)

"""What is known by userIdentity is what would be derived again, and hostile identities do not fill the memory."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.rows import known_identities
from aitrail.rows.derived import identity_attributes
from aitrail.rows.known_identities import KnownIdentities
from tests.shared.fuzzing import law

ARNS = [
    "arn:aws:iam::111122223333:user/alice",
    "arn:aws:sts::111122223333:assumed-role/Admin/bob",
    "arn:aws:iam::111122223333:root",
]
LEAVES = st.sampled_from([None, True, 1, 1.0, -0.0, 0, 2**70, "", "Root", "AssumedRole", "IAMUser", "\ud800", *ARNS])
NAMES = st.sampled_from(["type", "arn", "userName", "principalId", "accountId", "accessKeyId", "invokedBy", "arn "])
PARTS = st.sampled_from(["sessionContext", "sessionIssuer", "onBehalfOf"])
IDENTITIES = st.recursive(
    LEAVES, lambda inner: st.dictionaries(NAMES | PARTS, inner, max_size=4) | st.lists(inner, max_size=2), max_leaves=10
)


@law()
@given(st.lists(IDENTITIES, max_size=6), st.randoms())
def test_known_identities_are_as_if_derived_each_time(identities, order):
    known = KnownIdentities(identity_attributes)
    records = [{"userIdentity": each} for each in identities] * 2 + [{}]
    order.shuffle(records)

    for record in records:
        assert repr(known.of(record)) == repr(identity_attributes(record))


@law()
@given(IDENTITIES, IDENTITIES)
def test_identities_that_differ_in_anything_are_told_apart(one, other):
    known = KnownIdentities(json.dumps)

    found = [known.of({"userIdentity": each}) for each in (one, other)]

    assert found == [json.dumps({"userIdentity": each}) for each in (one, other)]


def nested(depth):
    value = {}
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize("depth", [500, 5_000])
def test_an_identity_of_any_depth_is_derived(depth):
    record = {"userIdentity": {"userName": "alice", "type": "IAMUser", "x": nested(depth)}}

    assert KnownIdentities(identity_attributes).of(record)["principal"] == "user/alice"


def test_an_identity_is_derived_once_as_long_as_it_is_known():
    derived = []
    known = KnownIdentities(lambda record: derived.append(record["userIdentity"]["userName"]) or True)

    for name in ("a", "b", "a", "a", "b"):
        assert known.of({"userIdentity": {"userName": name}})

    assert derived == ["a", "b"]


def test_few_and_short_identities_are_kept(monkeypatch):
    monkeypatch.setattr(known_identities, "_MOST_IDENTITIES", 10)
    derived = []
    known = KnownIdentities(lambda record: derived.append(record) or True)

    for _ in range(2):
        known.of({"userIdentity": {"userName": "a" * 3000}})
    for number in range(11):
        known.of({"userIdentity": number})
    known.of({"userIdentity": 0})

    assert len(derived) == 2 + 11 + 1

"""A policy allows exactly what is asked for, in as few statements as that takes, and always in the same order."""

from hypothesis import given
from hypothesis import strategies as st

from aitrail.permissions import policy_of

ALLOWED = st.dictionaries(
    st.sampled_from(["a", "b", "c", "*"]), st.lists(st.sampled_from(["s:Get", "s:Put", "t:Get"]), max_size=4)
)


def pairs(policy):
    return sorted(
        (resource, action)
        for statement in policy["Statement"]
        for resource in statement["Resource"]
        for action in statement["Action"]
    )


@given(ALLOWED)
def test_policy_allows_each_action_on_each_resource_once_and_nothing_else(allowed):
    policy = policy_of({"": allowed})

    assert pairs(policy) == sorted({(resource, action) for resource in allowed for action in allowed[resource]})
    assert {statement["Effect"] for statement in policy["Statement"]} <= {"Allow"}


@given(ALLOWED, st.randoms())
def test_policy_does_not_depend_on_the_order(allowed, random):
    shuffled = list(allowed.items())
    random.shuffle(shuffled)

    assert policy_of({"": dict(shuffled)}) == policy_of(
        {"": {name: actions[::-1] for name, actions in allowed.items()}}
    )


def test_resources_that_need_the_same_share_a_statement():
    policy = policy_of({"": {"b": ["s:Put", "s:Get"], "a": ["s:Get", "s:Put"], "c": ["s:Get"], "d": []}})

    assert policy == {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["s:Get"], "Resource": ["c"]},
            {"Effect": "Allow", "Action": ["s:Get", "s:Put"], "Resource": ["a", "b"]},
        ],
    }


def test_what_is_allowed_through_a_service_is_allowed_in_no_other_way():
    policy = policy_of({"": {"a": ["t:Get"]}, "s3.eu-west-1.amazonaws.com": {"k": ["kms:Decrypt"]}})

    direct, through = policy["Statement"]
    assert "Condition" not in direct
    assert through["Condition"] == {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}
    assert (through["Action"], through["Resource"]) == (["kms:Decrypt"], ["k"])

"""Merged templates have what each of them has, under its condition."""

import copy

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from infra.merging import UnmergeableError, merged
from tests.shared.cloudformation import evaluated

TREES = st.recursive(
    st.sampled_from([0, 1, "a", "b", {"Ref": "Bucket"}, {"Fn::GetAtt": ["Bucket", "Arn"]}]),
    lambda trees: st.lists(trees, max_size=4) | st.dictionaries(st.sampled_from("ABCD"), trees, max_size=4),
    max_leaves=20,
)
SETTINGS = {"HasOne": "One", "HasTwo": "Two", "HasThree": "Three"}


@st.composite
def without_something(draw, tree):
    """A tree that lacks parts, or has others instead."""
    match tree:
        case {"Ref": _} | {"Fn::GetAtt": _}:
            return draw(st.sampled_from([tree, "c"]))
        case dict():
            kept = [key for key in tree if draw(st.integers(0, 4))]
            return {key: draw(without_something(tree[key])) for key in kept}
        case list() if draw(st.booleans()):
            return [each for each in tree if draw(st.integers(0, 3))]
        case list():
            return [draw(without_something(each)) for each in tree]
    return draw(st.sampled_from([tree, tree, "c"]))


def template(properties, value="v", **others):
    resource = {"Type": "T", "Properties": properties, "DependsOn": []}
    return {"Resources": {"Thing": resource, **others}, "Outputs": {"Told": {"Value": value}}}


def conditions():
    return {name: {"Fn::Equals": [{"Ref": setting}, "true"]} for name, setting in SETTINGS.items()}


def with_conditions(parts):
    return {
        "Parameters": {each: {"Default": "true"} for each in SETTINGS.values()},
        "Conditions": conditions(),
        **parts,
    }


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.data(), TREES.map(lambda tree: {"P": tree}))
def test_each_template_is_what_the_merged_one_becomes_without_its_setting(data, properties):
    absent = {name: template(data.draw(without_something(copy.deepcopy(properties)))) for name in SETTINGS}
    try:
        found = with_conditions(merged(template(properties), absent))
    except UnmergeableError:
        assume(False)  # noqa: FBT003 - hypothesis

    assert evaluated(found, {}) == template(properties)
    for name, setting in SETTINGS.items():
        assert evaluated(found, {setting: "false"}) == absent[name]


def test_a_resource_exists_under_its_condition():
    trail = {"Type": "Trail", "Properties": {}}

    found = merged(template({}, Trail=trail), {"HasOne": template({})})

    assert found["Resources"] == {
        "Thing": template({})["Resources"]["Thing"],
        "Trail": {"Condition": "HasOne", **trail},
    }


def test_an_alternative_applies_without_the_setting():
    found = merged(template({"A": 1}), {"HasOne": template({"A": 2, "B": 3})})

    assert found["Resources"]["Thing"]["Properties"] == {
        "A": {"Fn::If": ["HasOne", 1, 2]},
        "B": {"Fn::If": ["HasOne", {"Ref": "AWS::NoValue"}, 3]},
    }


def test_a_statement_changes_while_another_disappears_if_it_has_a_sid():
    shared, other = {"Sid": "S", "Condition": {"A": 1}}, {"Action": "x"}

    found = merged(
        template({"L": [shared | {"Condition": {"A": 1, "B": 2}}, other]}), {"HasOne": template({"L": [shared]})}
    )

    assert found["Resources"]["Thing"]["Properties"]["L"] == [
        {"Sid": "S", "Condition": {"A": 1, "B": {"Fn::If": ["HasOne", 2, {"Ref": "AWS::NoValue"}]}}},
        {"Fn::If": ["HasOne", other, {"Ref": "AWS::NoValue"}]},
    ]


OTHER = {"Type": "Other", "Properties": {}}
UNMERGEABLE = {
    "a resource that exists only without a setting": (template({}), [template({}, Other=OTHER)], "Other exists only"),
    "a resource of two settings": (template({}, Other=OTHER), [template({}), template({})], "Other exists under"),
    "the deletion of a resource": (
        template({}, Other=OTHER | {"DeletionPolicy": "Retain"}),
        [template({}, Other=OTHER | {"DeletionPolicy": "Delete"})],
        "Other.DeletionPolicy depends",
    ),
    "a list that loses and changes items": (template({"L": [1, 2]}), [template({"L": [3]})], "Thing.Properties.L"),
    "a value without either of two settings": (
        template({}),
        [template({"A": 1}), template({"A": 2})],
        "Thing.Properties.A exists only",
    ),
}


@pytest.mark.parametrize(("present", "absent", "told"), UNMERGEABLE.values(), ids=UNMERGEABLE)
def test_what_has_no_condition_is_an_error_that_names_it(present, absent, told):
    with pytest.raises(UnmergeableError, match=told):
        merged(present, dict(zip(SETTINGS, absent, strict=False)))

"""Stacks with different names fit into one account and Region: nothing with a fixed name is without the stack's.

These are laws over all resources of the template, also those that are added later.
"""

import json
import re

import pytest

NAME = "speech-record"
# No names in the account: an inline policy is part of its role, and the dimensions of a metric are tested below.
NAMES_WITHIN = {("AWS::IAM::Policy", "PolicyName"), ("AWS::CloudWatch::Alarm", "MetricName")}
IS_A_NAME = re.compile(r"(Name|Identifier|Alias)$")


@pytest.fixture(scope="module")
def named(synthesize):
    """The template of a stack with another name and otherwise the default settings."""
    return json.loads(synthesize({"aitrail:stackName": NAME}).text)


@pytest.fixture(scope="module")
def usual(default):
    return json.loads(default.text)


def leaves(value, path=()):
    """The path of each leaf of a template, and its value."""
    if isinstance(value, dict | list) and value:
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(each, (*path, key))
    else:
        yield path, value


def dictionaries(value):
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from dictionaries(each)


def test_templates_of_two_stacks_differ_in_the_stacks_name_alone(usual, named):
    one, other = dict(leaves(usual)), dict(leaves(named))

    different = {path: value for path, value in other.items() if value != one.get(path)}
    assert one.keys() == other.keys()
    assert different == {path: one[path].replace("aitrail", NAME, 1) for path in different}
    assert different


def is_of_the_stack(name):
    """Whether a name contains the stack's, or refers to a resource of the stack, whose name is generated."""
    text = json.dumps(name)
    return NAME in text or bool(re.search(r'"(Ref": "(?!AWS::)|Fn::GetAtt"|Ref": "AWS::StackName")', text))


def test_every_fixed_name_contains_the_stacks_name(named):
    shared = {
        (resource["Type"], key)
        for resource in named["Resources"].values()
        for key, value in resource.get("Properties", {}).items()
        if IS_A_NAME.search(key) and not is_of_the_stack(value)
    }

    assert shared == NAMES_WITHIN


def test_the_trail_has_the_stacks_name_and_the_buckets_policy_names_that_trail(named):
    [trail] = [each for each in named["Resources"].values() if each["Type"] == "AWS::CloudTrail::Trail"]
    [policy] = [each for each in named["Resources"].values() if each["Type"] == "AWS::S3::BucketPolicy"]

    sources = re.findall(r":trail/([^\"]*)", json.dumps(policy))
    assert trail["Properties"]["TrailName"] == f"{NAME}-trail"
    assert set(sources) == {f"{NAME}-trail"}


def test_every_metric_that_is_watched_is_of_this_stack(named):
    metrics = [each for each in dictionaries(named["Resources"]) if "MetricName" in each]

    assert {"NoDigests", "DeadLetters"} <= {name.removeprefix("Alarms")[:-8] for name in named["Resources"]}
    for metric in metrics:
        values = [each["Value"] for each in metric["Dimensions"]]
        # AWS's own metrics are of a resource of the stack: its name is a reference.
        is_of_aws = metric["Namespace"].startswith("AWS/")
        assert values
        assert [isinstance(each, dict) for each in values] == [True] * len(values) if is_of_aws else values == [NAME]


def test_every_function_that_counts_does_so_under_the_stacks_name(named):
    functions = [each["Properties"] for each in named["Resources"].values() if each["Type"] == "AWS::Lambda::Function"]

    variables = [each["Environment"]["Variables"] for each in functions if "Environment" in each]
    assert variables
    assert {each["POWERTOOLS_SERVICE_NAME"] for each in variables} == {NAME}


def test_nothing_is_exported_under_a_name_that_another_stack_would_have(named):
    exported = [each["Export"]["Name"] for each in named["Outputs"].values() if "Export" in each]

    assert all(map(is_of_the_stack, exported))

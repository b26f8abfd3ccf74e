"""A template whose resources wait for each other is recognized, in each way in which they can refer to each other."""

import pytest

from tests.shared.references import cycle

WAYS = {
    "Ref": {"Properties": {"Key": {"Ref": "Key"}}},
    "Fn::GetAtt": {"Properties": {"Keys": [{"Fn::GetAtt": ["Key", "Arn"]}]}},
    "Fn::GetAtt as text": {"Properties": {"Key": {"Fn::GetAtt": "Key.Arn"}}},
    "Fn::Sub": {"Properties": {"Key": {"Fn::Sub": "${AWS::Partition}:${Key.Arn}"}}},
    "Fn::Sub with values": {"Properties": {"Key": {"Fn::Sub": ["${One}", {"One": {"Ref": "Key"}}]}}},
    "Fn::Join": {"Properties": {"Key": {"Fn::Join": ["", ["a", {"Ref": "Key"}]]}}},
    "DependsOn": {"DependsOn": "Key"},
    "DependsOn of several": {"DependsOn": ["Other", "Key"]},
}


@pytest.mark.parametrize("bucket", WAYS.values(), ids=WAYS)
def test_key_whose_policy_names_what_it_encrypts_is_a_cycle(bucket):
    key = {"Properties": {"KeyPolicy": {"Condition": {"Fn::GetAtt": ["Bucket", "Arn"]}}}}
    template = {"Resources": {"Key": key, "Bucket": bucket, "Other": {}}}

    assert sorted(set(cycle(template))) == ["Bucket", "Key"]


@pytest.mark.parametrize("bucket", WAYS.values(), ids=WAYS)
def test_key_that_names_nothing_is_none(bucket):
    key = {"Properties": {"Policy": {"Fn::Sub": "${!Bucket} Bucket ${AWS::Region}"}, "Region": {"Ref": "AWS::Region"}}}

    assert cycle({"Resources": {"Key": key, "Bucket": bucket, "Other": {"Type": "Bucket"}}}) is None

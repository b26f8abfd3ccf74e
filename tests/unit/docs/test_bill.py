"""What docs/bill.md tells people to send to AWS is what AWS accepts, and has all columns that aitrail reads."""

import json
import re
from pathlib import Path

import boto3
import pytest
from botocore.validate import ParamValidator

from aitrail.billing import cost_names
from aitrail.billing.formats import formats

PAGE = (Path(__file__).parents[3] / "docs/bill.md").read_text()
POLICY, EXPORT = (
    json.loads(text) for text in re.findall(r"^       (\{\n.*?^       \})$", PAGE, re.MULTILINE | re.DOTALL)
)


@pytest.fixture(scope="module")
def model():
    client = boto3.client("bcm-data-exports", "us-east-1", aws_access_key_id="A", aws_secret_access_key="B")  # noqa: S106 (none)
    return client.meta.service_model.operation_model("CreateExport").input_shape


def enums(shape, value):
    """(shape, value) of all values for which AWS has a list of valid ones."""
    if shape.type_name == "structure":
        for name, each in value.items():
            yield from enums(shape.members[name], each)
    elif getattr(shape, "enum", None):
        yield shape, value


def test_request_for_an_export_is_one_of_the_api(model):
    report = ParamValidator().validate({"Export": EXPORT}, model)

    assert not report.has_errors(), report.generate_report()
    found = list(enums(model, {"Export": EXPORT}))
    assert len(found) == 5
    assert all(value in shape.enum for shape, value in found)


def test_export_has_all_columns_that_are_read():
    cur = formats()[0]
    query = EXPORT["DataQuery"]["QueryStatement"]
    chosen = re.fullmatch(r"SELECT (.*) FROM COST_AND_USAGE_REPORT", query)[1].split(", ")
    costs = {column for name in ("unblended", "amortized", "list") for column in cur.cost(name).columns}

    assert set(chosen) == {names[0] for names in cur.columns.values()} | costs
    assert "`line_item_net_unblended_cost`" in PAGE


def test_bucket_policy_lets_the_service_write_to_one_bucket():
    (statement,) = POLICY["Statement"]

    assert {arn.removesuffix("/*") for arn in statement["Resource"]} == {"arn:aws:s3:::amzn-s3-demo-bucket"}
    assert statement["Condition"]


def test_every_cost_and_reason_is_documented():
    for name in (*cost_names(), "no recorded call", "not billed by call", "unknown usage type"):
        assert f"`{name}`" in PAGE

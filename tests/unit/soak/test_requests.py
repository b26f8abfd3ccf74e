import json

import pytest

from soak.requests import LISTING, Request, request_of


class Headers(dict):
    def get(self, name):
        return super().get(name)


def of_dynamodb(operation):
    return Headers({"X-Amz-Target": f"DynamoDB_20120810.{operation}"})


FILE_KEY = {"logFile": {"S": "s3://b/k"}, "entry": {"S": "file"}}
DIGEST_KEY = {"logFile": {"S": "s3://b/k"}, "entry": {"S": "digest"}}
STATUS = {"ExpressionAttributeValues": {":status": {"S": "ingested"}}}


@pytest.mark.parametrize(
    ("method", "path", "operation", "parameters", "expected"),
    [
        ("GET", "/b/a%20b/k?versionId=1", None, None, Request(operation="GetObject", log_file="s3://b/a b/k")),
        ("POST", "/", "GetItem", {"Key": FILE_KEY}, Request(operation="GetItem", log_file="s3://b/k")),
        (
            "POST",
            "/",
            "UpdateItem",
            {"Key": FILE_KEY, **STATUS},
            Request(operation="UpdateItem", log_file="s3://b/k", is_outcome=True),
        ),
        ("POST", "/", "UpdateItem", {"Key": FILE_KEY}, Request(operation=LISTING, log_file="s3://b/k")),
        (
            "POST",
            "/",
            "UpdateItem",
            {"Key": DIGEST_KEY, **STATUS},
            Request(operation="UpdateItem", log_file="s3://b/k"),
        ),
        (
            "POST",
            "/",
            "BatchWriteItem",
            {"RequestItems": {"t": [{"PutRequest": {"Item": FILE_KEY}}, {"PutRequest": {"Item": DIGEST_KEY}}]}},
            Request(operation="BatchWriteItem", log_file="s3://b/k"),
        ),
        (
            "POST",
            "/",
            "BatchWriteItem",
            {"RequestItems": {"t": [{"DeleteRequest": {"Key": FILE_KEY}}]}},
            Request(operation="BatchWriteItem", log_file="s3://b/k"),
        ),
        ("POST", "/", "Query", {"TableName": "t"}, Request(operation="Query")),
    ],
)
def test_a_request_is_known_by_its_operation_and_its_log_file(method, path, operation, parameters, expected):
    headers = of_dynamodb(operation) if operation else Headers()

    found = request_of(method, path, headers, json.dumps(parameters).encode())

    assert found == expected

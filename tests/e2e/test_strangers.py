"""Who is granted nothing reaches nothing, and administrators cannot change log files, as the local AWS enforces."""

import json

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def administrator(pipeline):
    """An S3 client of an IAM user who is allowed everything."""
    iam = pipeline.aws.client("iam")
    iam.create_user(UserName="administrator")
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_user_policy(UserName="administrator", PolicyName="everything", PolicyDocument=json.dumps(everything))
    return _session(iam, "administrator").client("s3", **_options(pipeline))


def test_administrator_reads_log_files_and_neither_writes_nor_deletes_them(pipeline, samples, administrator):
    place = {"Bucket": pipeline.outputs["LogBucketName"], "Key": samples.files[0].key}
    version = administrator.head_object(**place)["VersionId"]
    changes = [
        lambda: administrator.put_object(**place, Body=b"other"),
        lambda: administrator.put_object(**place | {"Key": f"{place['Key']}.copy.json.gz"}, Body=b"new"),
        lambda: administrator.delete_object(**place),
        lambda: administrator.delete_object(**place, VersionId=version),
    ]

    for change in changes:
        with pytest.raises(ClientError, match="AccessDenied"):
            change()

    administrator.put_object(**place | {"Key": "elsewhere"}, Body=b"")
    assert administrator.get_object(**place)["VersionId"] == version


CALLS = {
    "log files": lambda client, outputs: client("s3").list_objects_v2(Bucket=outputs["LogBucketName"]),
    "rows": lambda client, outputs: client("dynamodb").scan(TableName=outputs["EventsTableName"]),
    "ledger": lambda client, outputs: client("dynamodb").scan(TableName=outputs["FilesTableName"]),
    "queue": lambda client, outputs: client("sqs").send_message(
        QueueUrl=outputs["DeliveriesQueueUrl"], MessageBody="x"
    ),
    "dead letters": lambda client, outputs: client("sqs").receive_message(QueueUrl=outputs["DeadLetterQueueUrl"]),
    "function": lambda client, outputs: client("lambda").invoke(FunctionName=outputs["FunctionName"]),
}


@pytest.fixture(scope="module")
def stranger(pipeline):
    """Clients of an IAM user of the account without permissions."""
    iam = pipeline.aws.client("iam")
    iam.create_user(UserName="stranger")
    session = _session(iam, "stranger")
    return lambda service: session.client(service, **_options(pipeline))


def _session(iam, user):
    key = iam.create_access_key(UserName=user)["AccessKey"]
    return boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="eu-central-1")


def _options(pipeline):
    return {"endpoint_url": pipeline.aws.endpoint, "verify": pipeline.aws.environment["AWS_CA_BUNDLE"]}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_user_who_is_granted_nothing_reaches_nothing(pipeline, stranger, call):
    with pytest.raises(ClientError) as refused:
        call(stranger, pipeline.outputs)

    assert "AccessDenied" in refused.value.response["Error"]["Code"]


def test_log_file_is_not_handed_out_without_credentials(pipeline, samples):
    unsigned = Config(signature_version=UNSIGNED)
    anonymous = boto3.client("s3", region_name="eu-central-1", config=unsigned, **_options(pipeline))

    with pytest.raises(ClientError) as refused:
        anonymous.get_object(Bucket=pipeline.outputs["LogBucketName"], Key=samples.files[0].key)

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403

"""Least privilege in a local AWS that enforces policies: every permission is needed, and others have no access."""

import json
from urllib.parse import unquote

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError


@pytest.fixture
def role(pipeline):
    """The function's role with its only policy, from which `without` removes actions until the test ends."""
    return Role(pipeline)


class Role:
    def __init__(self, pipeline):
        self.iam = pipeline.aws.client("iam")
        function = pipeline.aws.client("lambda").get_function_configuration(
            FunctionName=pipeline.outputs["FunctionName"]
        )
        self.name = function["Role"].rpartition("/")[2]
        [self.policy] = self.iam.list_role_policies(RoleName=self.name)["PolicyNames"]
        document = self.iam.get_role_policy(RoleName=self.name, PolicyName=self.policy)["PolicyDocument"]
        self.document = json.loads(unquote(document)) if isinstance(document, str) else document

    def without(self, action):
        return _Changed(self, {**self.document, "Statement": [*_less(self.document["Statement"], action)]})

    def put(self, document):
        self.iam.put_role_policy(RoleName=self.name, PolicyName=self.policy, PolicyDocument=json.dumps(document))


class _Changed:
    def __init__(self, role, document):
        self.role, self.document = role, document

    def __enter__(self):
        self.role.put(self.document)

    def __exit__(self, *_):
        self.role.put(self.role.document)


def _less(statements, action):
    for statement in statements:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        kept = [each for each in actions if each != action]
        if kept:
            yield {**statement, "Action": kept}


def test_function_does_its_work_with_what_it_is_granted(pipeline, deliver, eventually):
    name = deliver()

    entry = eventually(lambda: pipeline.ledger().get(name))

    assert (entry["status"], entry["written"]) == ("ingested", 1)


@pytest.mark.parametrize("action", ["dynamodb:GetItem", "dynamodb:BatchWriteItem", "s3:GetObject"])
def test_without_a_permission_nothing_is_ingested_and_the_log_names_the_permission(
    pipeline, role, deliver, eventually, action
):
    told_before = len(pipeline.aws.log)

    with role.without(action):
        name = deliver()
        told = eventually(lambda: _after(pipeline.aws.log[told_before:], '"message failed"'))

    assert action.partition(":")[2] in told
    assert "AccessDenied" in told
    assert name not in pipeline.ledger()


def test_without_the_permission_for_versions_a_version_that_was_overwritten_is_not_read(
    pipeline, role, deliver, eventually, announce
):
    name = deliver()
    first = eventually(lambda: pipeline.ledger().get(name))
    bucket, _, key = name.removeprefix("s3://").partition("/")
    pipeline.put(key, b"other")
    eventually(lambda: pipeline.ledger()[name]["status"] == "unreadable")
    told_before = len(pipeline.aws.log)

    with role.without("s3:GetObjectVersion"):
        announce(key, eTag=first["etag"], versionId=first["versionId"])
        told = eventually(lambda: _after(pipeline.aws.log[told_before:], '"message failed"'))

    assert bucket in told
    assert "AccessDenied" in told


def _after(text, mark):
    return text.partition(mark)[2]


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

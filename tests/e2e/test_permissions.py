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


@pytest.mark.parametrize("action", ["dynamodb:GetItem", "dynamodb:BatchWriteItem", "s3:GetObjectVersion"])
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


def _after(text, mark):
    return text.partition(mark)[2]


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
    key = iam.create_access_key(UserName="stranger")["AccessKey"]
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="eu-central-1")
    options = {"endpoint_url": pipeline.aws.endpoint, "verify": pipeline.aws.environment["AWS_CA_BUNDLE"]}
    return lambda service: session.client(service, **options)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_user_who_is_granted_nothing_reaches_nothing(pipeline, stranger, call):
    with pytest.raises(ClientError) as refused:
        call(stranger, pipeline.outputs)

    assert "AccessDenied" in refused.value.response["Error"]["Code"]


def test_log_file_is_not_handed_out_without_credentials(pipeline, samples):
    options = {"endpoint_url": pipeline.aws.endpoint, "verify": pipeline.aws.environment["AWS_CA_BUNDLE"]}
    anonymous = boto3.client("s3", region_name="eu-central-1", config=Config(signature_version=UNSIGNED), **options)

    with pytest.raises(ClientError) as refused:
        anonymous.get_object(Bucket=pipeline.outputs["LogBucketName"], Key=samples.files[0].key)

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403

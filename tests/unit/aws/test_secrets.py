"""The key of redaction is read from its secret, and an error says what is missing."""

from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from aitrail.aws import Deployment, RedactionKeyError, redaction_key

ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:RedactionSecret-aBcDeF"


def test_the_key_is_the_text_of_the_secret():
    secrets = Mock(get_secret_value=Mock(return_value={"SecretString": "kéy"}))

    assert redaction_key(secrets, ARN) == "kéy".encode()
    secrets.get_secret_value.assert_called_once_with(SecretId=ARN)


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
def test_a_key_that_cannot_be_read_names_the_permission_and_the_secret(code):
    refusal = ClientError({"Error": {"Code": code, "Message": "no"}}, "GetSecretValue")
    secrets = Mock(get_secret_value=Mock(side_effect=refusal))

    with pytest.raises(RedactionKeyError, match=f"{code}.*secretsmanager:GetSecretValue on {ARN}"):
        redaction_key(secrets, ARN)


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [({}, None), ({"RedactionKeyArn": "none"}, None), ({"RedactionKeyArn": ARN}, ARN)],
    ids=["an earlier stack", "off", "on"],
)
def test_a_stack_names_its_key_only_if_it_redacts(outputs, expected):
    assert Deployment(outputs).redaction_key == expected

"""Reads the key of redaction, which is a secret of AWS Secrets Manager."""

from typing import Any

from aitrail.errors import AitrailError


class RedactionKeyError(AitrailError):
    """The key of redaction cannot be read."""


def redaction_key(secrets: Any, arn: str) -> bytes:  # noqa: ANN401 (a client of Secrets Manager)
    """The key in the secret with this ARN. Raises RedactionKeyError and botocore's other errors."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 (commands that do not use AWS need not load it)

    try:
        text: str = secrets.get_secret_value(SecretId=arn)["SecretString"]
    except ClientError as error:
        raise RedactionKeyError(
            f"the key of redaction cannot be read, and without it no redacted row can be made: {error}. This needs "
            f"secretsmanager:GetSecretValue on {arn}"
        ) from error
    return text.encode()

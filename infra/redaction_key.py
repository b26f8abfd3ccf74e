"""The key of redaction."""

from typing import cast

from aws_cdk import Acknowledgment, RemovalPolicy, Validations
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct


class RedactionKey(Construct):
    """A secret that CloudFormation generates, so that neither the template nor a table has it; `arn` is its ARN.

    If `protected`, even deleting the stack keeps it, as it keeps the tables: a new key would give other hashes.
    """

    def __init__(self, scope: Construct, construct_id: str, *, protected: bool) -> None:
        super().__init__(scope, construct_id)
        secret = secretsmanager.Secret(
            self,
            "Secret",
            description="Key of the hashes that replace redacted values in the rows of aitrail.",
            generate_secret_string=secretsmanager.SecretStringGenerator(password_length=64, exclude_punctuation=True),
            # A first deployment that fails deletes its key, with which nothing has been redacted yet.
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if protected else RemovalPolicy.DESTROY,
        )
        Validations.of(secret).acknowledge(
            Acknowledgment(id="AwsSolutions-SMG4", reason="With another key, the same values would get other hashes.")
        )
        # Not secret.secret_arn, which is a reference: for the local AWS, a reference to a secret is its name.
        self.arn = cast("secretsmanager.CfnSecret", secret.node.default_child).attr_id

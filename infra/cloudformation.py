"""CloudFormation as the caller and, where the caller may not, as the CDK's deployment role."""

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.assembly import Assembly
from infra.target import QUICKLY, Target

_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}


class CloudFormation:
    """CloudFormation as the caller and, where the caller may not, as the CDK's deployment role."""

    def __init__(self, target: Target, assembly: Callable[[], Assembly]) -> None:
        """`assembly` is called when the role is needed."""
        self._target = target
        self._assembly = assembly

    def call(self, operation: str, **parameters: Any) -> Any:  # noqa: ANN401 - parameters and answers of AWS
        """Calls CloudFormation. Raises botocore's errors: those of the caller if the role cannot be assumed either."""
        try:
            return getattr(self._target.client("cloudformation"), operation)(**parameters)
        except ClientError as error:
            if not _is_denied(error) or self._as_role is None:
                raise
        return getattr(self._as_role, operation)(**parameters)

    def template(self, stack: str) -> Mapping[str, Any] | None:
        """The template of a deployed stack; None if there is no stack. Raises botocore's errors."""
        try:
            body = self.call("get_template", StackName=stack)["TemplateBody"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            return None
        template: Mapping[str, Any] = body if isinstance(body, Mapping) else json.loads(body)
        return template

    @cached_property
    def _as_role(self) -> Any:  # noqa: ANN401 - a client, or None
        role = self._assembly().deploy_role(self._target.account, self._target.region)
        if role is None:
            return None
        try:
            sts = self._target.client("sts")
            given = sts.assume_role(RoleArn=role, RoleSessionName="aitrail-deploy")["Credentials"]
        except (BotoCoreError, ClientError):
            return None
        session = boto3.Session(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name=self._target.region
        )
        return session.client("cloudformation", config=QUICKLY)


def _is_denied(error: Exception) -> bool:
    """Whether AWS refuses a call because the caller may not make it."""
    return isinstance(error, ClientError) and error.response["Error"]["Code"] in _DENIED

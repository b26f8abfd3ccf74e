"""CloudFormation as the caller and, where the caller may not, as the CDK's deployment role."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from aitrail.errors import AitrailError
from infra.assembly import Assembly
from infra.target import QUICKLY, Target


class UnreadableAnswerError(AitrailError):
    """CloudFormation's answer, or the template in it, has another form than expected; the message says which."""


# What calls raise that get no answer, or none that can be read.
NO_ANSWER = (BotoCoreError, ClientError, UnreadableAnswerError)
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What CloudFormation says of a stack; `parameters` are the values of its template's parameters, by name."""

    stack_id: str
    status: str
    parameters: Mapping[str, str]


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
        """The template of a deployed stack; None if there is no stack. Raises NO_ANSWER."""
        try:
            body = self.call("get_template", StackName=stack).get("TemplateBody")
            template = json.loads(body) if isinstance(body, str) else body
        except ClientError as error:
            if not _is_missing(error):
                raise
            return None
        except (ValueError, RecursionError) as error:
            raise UnreadableAnswerError(
                "its template is not JSON, as if it had been updated without the CDK, for example in the console"
            ) from error
        if not isinstance(template, Mapping):
            raise UnreadableAnswerError("CloudFormation's answer has no template")
        return template

    def described(self, stack: str) -> Description | None:
        """A stack, by its name or id; None if there is none. Raises NO_ANSWER."""
        try:
            answer = self.call("describe_stacks", StackName=stack)
        except ClientError as error:
            if not _is_missing(error):
                raise
            return None
        match answer:
            case {"Stacks": [{"StackStatus": str(status), **others}]}:
                found: Any = others
                parameters = {
                    each.get("ParameterKey", ""): each.get("ParameterValue", "") for each in found.get("Parameters", [])
                }
                return Description(stack_id=str(found.get("StackId", stack)), status=status, parameters=parameters)
        raise UnreadableAnswerError("CloudFormation's answer has no status of the stack")

    @cached_property
    def _as_role(self) -> Any:  # noqa: ANN401 - a client, or None
        target = self._target
        role = self._assembly().deploy_role(target.partition, target.account, target.region)
        if role is None:
            return None
        try:
            given = target.client("sts").assume_role(RoleArn=role, RoleSessionName="aitrail-deploy")["Credentials"]
        except (BotoCoreError, ClientError):
            return None
        session = boto3.Session(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name=target.region
        )
        return session.client("cloudformation", config=QUICKLY)


def _is_missing(error: ClientError) -> bool:
    """Whether the stack does not exist: the same code also means other things."""
    found = error.response["Error"]
    return found.get("Code") == "ValidationError" and "does not exist" in found.get("Message", "")


def _is_denied(error: Exception) -> bool:
    """Whether AWS refuses a call because the caller may not make it."""
    return isinstance(error, ClientError) and error.response["Error"]["Code"] in _DENIED

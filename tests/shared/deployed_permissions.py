"""The permissions that the policies of a deployed stack grant; any of them can be taken away for a while."""

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.shared.templates import plain


class Permission(NamedTuple):
    """What one statement allows a `holder`, a role or an AWS service, to do: one action on one resource.

    Parts of the stack have their names in `plain`. The resource of a trust policy is its role.
    """

    holder: str
    action: str
    resource: str


class _RolePolicy:
    def __init__(self, client, role, policy):
        self._iam, self._names = client("iam"), {"RoleName": role, "PolicyName": policy}
        self.document = self._iam.get_role_policy(**self._names)["PolicyDocument"]
        self.write(self.document)

    def write(self, document):
        if document["Statement"]:
            self._iam.put_role_policy(**self._names, PolicyDocument=json.dumps(_as_the_local_aws_calls_it(document)))
        else:  # no policy is valid without a statement
            self._iam.delete_role_policy(**self._names)


def _as_the_local_aws_calls_it(document):
    """AWS authorizes SendMessageBatch as sqs:SendMessage, the local AWS with an action of its own.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html
    """
    batch = {"Action": ["sqs:SendMessage", "sqs:SendMessageBatch"]}
    statements = [each | batch if each["Action"] == "sqs:SendMessage" else each for each in document["Statement"]]
    return {**document, "Statement": statements}


class _QueuePolicy:
    def __init__(self, client, queue):
        self._sqs, self._queue = client("sqs"), queue
        found = self._sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])
        self.document = json.loads(found["Attributes"]["Policy"])

    def write(self, document):
        text = json.dumps(document) if document["Statement"] else ""
        self._sqs.set_queue_attributes(QueueUrl=self._queue, Attributes={"Policy": text})


@dataclass(frozen=True)
class _Place:
    """Where a permission stands: its policy, None if it cannot be changed here, and its place in the document."""

    policy: Any
    statement: int
    pair: tuple[int, int]


class DeployedPolicies:
    """The policies of a stack in a local AWS.

    `permissions` are those that its template grants, `statements` the statements in which they are, `resources` all
    resources of the template, and `physical` their names by logical id.
    """

    def __init__(self, aws, stack):
        self._client, cloudformation = aws.client, aws.client("cloudformation")
        template = cloudformation.get_template(StackName=stack)["TemplateBody"]
        self.resources = (json.loads(template) if isinstance(template, str) else template)["Resources"]
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
        listed = [each for page in pages for each in page["StackResourceSummaries"]]
        self.physical = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed}
        self.statements = []
        self._places = {}
        for name, resource in self.resources.items():
            self._read(name, resource["Type"], resource.get("Properties", {}))

    @property
    def permissions(self):
        return set(self._places)

    def _read(self, name, kind, properties):
        match kind, properties:
            case "AWS::IAM::Policy", {"PolicyDocument": document, "Roles": [role], "PolicyName": policy}:
                self._add(document, _RolePolicy(self._client, self.physical[role["Ref"]], policy), holder=role)
            case "AWS::IAM::Role", {"AssumeRolePolicyDocument": document}:
                self._add(document, None, resource={"Ref": name})
            case "AWS::SQS::QueuePolicy", {"PolicyDocument": document, "Queues": [queue]}:
                self._add(document, _QueuePolicy(self._client, self.physical[queue["Ref"]]))
            case "AWS::S3::BucketPolicy", {"PolicyDocument": document}:
                self._add(document, None)

    def _add(self, document, policy, *, holder=None, resource=None):
        for number, statement in enumerate(document["Statement"]):
            if statement["Effect"] != "Allow":
                continue
            self.statements.append(statement)
            who = plain(holder) if holder else statement["Principal"]["Service"]
            for pair, (action, on) in _pairs({"Resource": resource, **statement}).items():
                permission = Permission(who, action, plain(on))
                assert permission not in self._places, f"granted twice: {permission}"
                self._places[permission] = _Place(policy, number, pair)

    @contextmanager
    def without(self, permission):
        """A context in which the stack lacks a permission."""
        place = self._places[permission]
        deployed = place.policy.document
        place.policy.write({**deployed, "Statement": list(_without(deployed["Statement"], place))})
        try:
            yield
        finally:
            place.policy.write(deployed)


def _pairs(statement):
    """The actions and resources of a statement, in pairs, by their numbers."""
    actions, resources = (
        each if isinstance(each, list) else [each] for each in (statement["Action"], statement["Resource"])
    )
    return {(i, j): (action, on) for i, action in enumerate(actions) for j, on in enumerate(resources)}


def _without(statements, place):
    for number, statement in enumerate(statements):
        if number != place.statement:
            yield statement
            continue
        left = (pair for at, pair in _pairs(statement).items() if at != place.pair)
        yield from ({**statement, "Action": action, "Resource": on} for action, on in left)


def allowing(value):
    """All statements in a part of a template that allow something, wherever they are."""
    if isinstance(value, dict):
        if value.get("Effect") == "Allow":
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from allowing(each)

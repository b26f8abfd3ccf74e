"""Whether somebody may deploy is what IAM simulates; what it does not decide is unknown, never fine."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from aitrail.preflight import Plan, Severity
from aitrail.preflight.creation import CREATED, creation_of, types_of
from aitrail.preflight.deployer import look_at_deployer

ACCOUNT, REGION = "111122223333", "eu-west-1"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/team/alice"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-{{}}-role-{ACCOUNT}-{REGION}"
PLAN = Plan(stack="aitrail", account=ACCOUNT, region=REGION, caller=ALICE, deployed_with="cdk")


class Iam:
    """IAM with decisions of its simulation, by principal and action; everything else is allowed."""

    def __init__(self, decisions=(), *, silent=()):
        self.decisions, self.silent = dict(decisions), silent
        self.asked = []

    def get_role(self, RoleName):  # noqa: N803 (botocore's)
        path = "aws-reserved/sso.amazonaws.com/" if RoleName.startswith("AWSReservedSSO_") else ""
        return {"Role": {"Arn": f"arn:aws:iam::{ACCOUNT}:role/{path}{RoleName}"}}

    def get_paginator(self, operation):
        assert operation == "simulate_principal_policy"
        return SimpleNamespace(paginate=self._simulate)

    def _simulate(self, PolicySourceArn, ActionNames, ResourceArns, ContextEntries):  # noqa: N803 (as above)
        assert ContextEntries
        self.asked.append((PolicySourceArn, tuple(ActionNames), *ResourceArns))
        results = [
            {"EvalActionName": action, "EvalDecision": "allowed"} | self.decisions.get((PolicySourceArn, action), {})
            for action in ActionNames
            if action not in self.silent
        ]
        half = len(results) // 2
        return [{"EvaluationResults": results[:half]}, {"EvaluationResults": results[half:]}]


class Ssm:
    def __init__(self, version="30"):
        self.version = version

    def get_parameter(self, Name):  # noqa: N803 (as above)
        self.name = Name
        if self.version is None:
            raise error("ParameterNotFound")
        return {"Parameter": {"Value": self.version}}


def error(code):
    return ClientError({"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {}}, "Operation")


def found(plan=PLAN, iam=None, ssm=None):
    clients = {"iam": iam or Iam(), "ssm": ssm or Ssm()}
    return list(look_at_deployer(plan, clients.__getitem__))


IMPLICIT, EXPLICIT = {"EvalDecision": "implicitDeny"}, {"EvalDecision": "explicitDeny"}
NOT_BY_SCP = IMPLICIT | {"OrganizationsDecisionDetail": {"AllowedByOrganizations": False}}
NOT_BY_BOUNDARY = IMPLICIT | {"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": False}}


@pytest.mark.parametrize("way", ["cdk", "cloudformation", None])
def test_who_may_do_everything_is_told_nothing(way):
    assert found(replace(PLAN, deployed_with=way)) == []


def test_nothing_is_asked_if_it_does_not_matter_how_the_stack_is_deployed():
    assert list(look_at_deployer(replace(PLAN, deployed_with=None), {}.__getitem__)) == []


def test_caller_assumes_two_roles_and_cloudformation_creates_the_stack_with_a_third():
    found(iam=(iam := Iam()))

    assert [each for each in iam.asked if each[0] == ALICE] == [
        (ALICE, ("sts:AssumeRole",), ROLE.format(name)) for name in ("deploy", "file-publishing")
    ]
    assert {each[0] for each in iam.asked[2:]} == {ROLE.format("cfn-exec")}
    assert {resource: actions for _, actions, resource in iam.asked[2:]} == creation_of(PLAN)


def test_roles_that_may_not_be_assumed_are_told_with_the_policy_that_allows_it():
    [conflict] = found(iam=Iam({(ALICE, "sts:AssumeRole"): IMPLICIT}))

    assert (conflict.finding, conflict.severity) == ("deployer-denied", Severity.CONFLICT)
    policy = json.loads(conflict.what_to_do.partition("policy: ")[2])
    assert policy["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["sts:AssumeRole"],
            "Resource": sorted(map(ROLE.format, ("deploy", "file-publishing"))),
        }
    ]


@pytest.mark.parametrize(
    ("decision", "by"),
    [(EXPLICIT, "a policy"), (NOT_BY_SCP, "a service control policy"), (NOT_BY_BOUNDARY, "the permissions boundary")],
)
def test_denial_by_what_an_own_policy_cannot_help_is_told_so(decision, by):
    [conflict] = found(iam=Iam({(ROLE.format("cfn-exec"), "dynamodb:CreateTable"): decision}))

    assert conflict.finding == "cloudformation-denied"
    assert (
        f"dynamodb:CreateTable on arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/aitrail-Example (by {by})" in conflict.what
    )


def test_without_the_cdk_the_caller_creates_the_stack():
    iam = Iam({(ALICE, "iam:CreateRole"): IMPLICIT})

    [conflict] = found(replace(PLAN, deployed_with="cloudformation"), iam=iam)

    assert conflict.finding == "deployer-denied"
    assert {each[0] for each in iam.asked} == {ALICE}
    assert {action for each in iam.asked for action in each[1]} >= {"cloudformation:ExecuteChangeSet", "iam:PassRole"}


@pytest.mark.parametrize(
    "missing",
    [
        {"MissingContextValues": ["aws:CalledVia"]},
        {"ResourceSpecificResults": [{"MissingContextValues": ["aws:PrincipalTag/team"]}]},
    ],
)
def test_denial_that_depends_on_the_request_is_unknown(missing):
    [unknown] = found(iam=Iam({(ALICE, "sts:AssumeRole"): IMPLICIT | missing}))

    assert (unknown.finding, unknown.severity) == ("deployer-unknown", Severity.UNKNOWN)


def test_action_of_which_iam_says_nothing_is_unknown():
    [unknown] = found(iam=Iam(silent=["sqs:CreateQueue"]))

    assert unknown.finding == "cloudformation-unknown"
    assert "may do sqs:CreateQueue" in unknown.what


@pytest.mark.parametrize("caller", [f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:sts::{ACCOUNT}:federated-user/bob"])
def test_callers_whom_iam_does_not_simulate_are_unknown(caller):
    [unknown] = found(replace(PLAN, caller=caller))

    assert unknown.severity is Severity.UNKNOWN
    assert caller in unknown.what


def test_session_stands_for_its_role_with_the_path():
    caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_Admin_0123/alice"

    found(replace(PLAN, caller=caller), iam=(iam := Iam()))

    assert iam.asked[0][0].endswith(":role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123")


BOOTSTRAPS = {
    "none": ("hnb659fds", None, ("bootstrap-missing", Severity.UNKNOWN), "cdk bootstrap aws://111122223333/eu-west-1"),
    "none of somebody else": ("team1", None, ("bootstrap-missing", Severity.CONFLICT), "--qualifier team1"),
    "an old one": ("hnb659fds", "5", ("bootstrap-old", Severity.CONFLICT), "cdk bootstrap aws://"),
}


@pytest.mark.parametrize(("qualifier", "version", "expected", "command"), BOOTSTRAPS.values(), ids=BOOTSTRAPS)
def test_bootstrap_is_told_with_the_command_that_makes_it(qualifier, version, expected, command):
    [finding] = found(replace(PLAN, qualifier=qualifier), ssm=(ssm := Ssm(version)))

    assert (finding.finding, finding.severity) == expected
    assert command in finding.commands[0]
    assert ssm.name == f"/cdk-bootstrap/{qualifier}/version"


def test_qualifier_names_the_roles():
    found(replace(PLAN, qualifier="team1"), iam=(iam := Iam()))

    assert iam.asked[0][2] == ROLE.format("deploy").replace("hnb659fds", "team1")


@pytest.mark.parametrize("operation", ["get_role", "get_paginator"])
def test_what_may_not_be_simulated_is_unknown(operation):
    def denied(*_, **__):
        raise error("AccessDenied")

    iam = Iam()
    setattr(iam, operation, denied)

    findings = found(replace(PLAN, caller=f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/alice"), iam=iam)

    assert [(each.finding, each.severity) for each in findings] == [
        ("deployer-unknown", Severity.UNKNOWN),
        ("cloudformation-unknown", Severity.UNKNOWN),
    ]


def test_role_for_cloudformation_that_is_gone_is_a_conflict():
    def gone(*_, **__):
        raise error("NoSuchEntity")

    iam = Iam()
    iam.get_role = gone

    assert [each.finding for each in found(iam=iam)] == ["bootstrap-role-missing"]


def test_every_type_has_resources_of_the_account_and_actions_of_its_services():
    plans = [PLAN, replace(PLAN, bucket="b"), replace(PLAN, bucket="b", announced_by="arn:aws:sns:eu-west-1:1:t")]
    plans.append(replace(PLAN, bucket="b", bucket_account="4", announced_by="eventbridge"))

    assert {each for plan in plans for each in types_of(plan)} == set(CREATED)

"""Whether whoever deploys may do it: with the roles of the CDK's bootstrap, or with CloudFormation alone."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from aitrail.aws import code_of
from aitrail.permissions import policy_of
from aitrail.preflight.answers import Clients, looked
from aitrail.preflight.creation import creation_of
from aitrail.preflight.finding import Finding, conflict, unknown
from aitrail.preflight.plan import USUAL_QUALIFIER, Plan
from aitrail.preflight.simulation import Decisions, simulated

# The version of the bootstrap that the cloud assembly of the CDK requires.
LEAST_BOOTSTRAP = 6
# The roles that the CDK assumes as the caller: one uploads the code and the template, one deploys.
_ASSUMED = ("deploy", "file-publishing")
_OF_CLOUDFORMATION = (
    *("cloudformation:CreateChangeSet", "cloudformation:DescribeChangeSet", "cloudformation:DescribeStacks"),
    "cloudformation:ExecuteChangeSet",
)
_MISSING, _NO_ROLE = "bootstrap-missing", "bootstrap-role-missing"


def look_at_deployer(plan: Plan, clients: Clients) -> Iterator[Finding]:
    """Whether the caller may deploy the plan in the way that it names; nothing if it names none."""
    if plan.deployed_with == "cdk":
        yield from _with_cdk(plan, clients)
    elif plan.deployed_with == "cloudformation":
        stack = f"arn:{plan.partition}:cloudformation:{plan.region}:{plan.account}:stack/{plan.stack}/*"
        needed = {stack: _OF_CLOUDFORMATION, **creation_of(plan)}
        yield from looked(
            "deployer",
            "whether you may deploy with CloudFormation",
            lambda: _caller(plan, clients("iam"), "You may not deploy", needed),
        )


def _with_cdk(plan: Plan, clients: Clients) -> Iterator[Finding]:
    bootstrap = list(looked("bootstrap", "the bootstrap of the CDK", lambda: _bootstrap(plan, clients("ssm"))))
    yield from bootstrap
    if any(each.finding == _MISSING for each in bootstrap):
        return
    needed = {_role(plan, each): ("sts:AssumeRole",) for each in _ASSUMED}
    yield from looked(
        "deployer",
        "whether you may assume the roles of the CDK",
        lambda: _caller(plan, clients("iam"), "You may not deploy with the CDK", needed),
    )
    yield from looked(
        "cloudformation",
        "whether the role of the CDK for CloudFormation may create the stack",
        lambda: _executing(plan, clients("iam")),
    )


def _bootstrap(plan: Plan, ssm: Any) -> Iterator[Finding]:  # noqa: ANN401 - a client
    name = f"/cdk-bootstrap/{plan.qualifier}/version"
    where = f"aws://{plan.account}/{plan.region}"
    command = f"node_modules/.bin/cdk bootstrap {where}"
    if plan.qualifier != USUAL_QUALIFIER:
        command += f" --qualifier {plan.qualifier} --toolkit-stack-name CDKToolkit-{plan.qualifier}"
    try:
        version = int(ssm.get_parameter(Name=name)["Parameter"]["Value"])
    except ClientError as error:
        if code_of(error) != "ParameterNotFound":
            raise
        if plan.qualifier == USUAL_QUALIFIER:
            yield unknown(
                _MISSING,
                "The CDK has not been used in this account and Region yet: `cdk bootstrap` runs first. It creates the "
                "stack CDKToolkit, with a bucket for assets and the roles for deployments. Whether you may do that is "
                "not checked.",
                "`make deploy` does it, and so does this command of an administrator:",
                command,
            )
        else:
            yield conflict(
                _MISSING,
                f"The account has no bootstrap of the CDK with the parameter {name} in {plan.region}.",
                "Ask those who maintain it, check the context @aws-cdk/core:bootstrapQualifier, or bootstrap:",
                command,
            )
        return
    if version < LEAST_BOOTSTRAP:
        yield conflict(
            "bootstrap-old",
            f"The bootstrap of the CDK has version {version}, and the deployment needs {LEAST_BOOTSTRAP}.",
            "Have an administrator renew it:",
            command,
        )


def _caller(plan: Plan, iam: Any, told: str, needed: Mapping[str, Sequence[str]]) -> Iterator[Finding]:  # noqa: ANN401 - a client
    principal = _principal(plan.caller, iam)
    if principal is None:
        yield unknown(
            "deployer-unknown",
            f"Could not check whether {plan.caller} may deploy: IAM simulates the policies of users and roles alone.",
            "Deploy as an IAM user or with a role.",
        )
        return
    decisions = simulated(iam, principal, needed, _context(plan))
    if decisions.denied:
        yield conflict(
            "deployer-denied",
            f"{told}: {principal} is denied {_listed(decisions)}.",
            f"Have an administrator allow it, with this policy: {_policy(decisions)}",
        )
    yield from _undecided("deployer-unknown", principal, decisions)


def _executing(plan: Plan, iam: Any) -> Iterator[Finding]:  # noqa: ANN401 - a client
    role = _role(plan, "cfn-exec")
    try:
        role = str(iam.get_role(RoleName=role.rpartition("/")[2])["Role"]["Arn"])
    except ClientError as error:
        if code_of(error) != "NoSuchEntity":
            raise
        yield conflict(
            _NO_ROLE,
            f"There is no role {role}, with which CloudFormation creates what the CDK deploys.",
            "Have an administrator bootstrap the account again (`cdk bootstrap`).",
        )
        return
    decisions = simulated(iam, role, creation_of(plan), _context(plan))
    if decisions.denied:
        yield conflict(
            "cloudformation-denied",
            f"CloudFormation may not create the stack: {role} is denied {_listed(decisions)}.",
            "Have an administrator allow it, with a policy that `cdk bootstrap --cloudformation-execution-policies` "
            f"attaches: {_policy(decisions)}",
        )
    yield from _undecided("cloudformation-unknown", role, decisions)


def _undecided(finding: str, principal: str, decisions: Decisions) -> Iterator[Finding]:
    if decisions.undecided:
        yield unknown(
            finding,
            f"Could not check whether {principal} may do {', '.join(sorted(set(decisions.undecided)))}: that depends "
            "on conditions that only a request fulfils, or IAM does not say.",
        )


def _principal(caller: str, iam: Any) -> str | None:  # noqa: ANN401 - a client
    """The user or role that IAM simulates for the caller; None if it simulates none."""
    kind, _, name = caller.split(":", 5)[5].partition("/")
    if kind == "user":
        return caller
    if kind == "assumed-role":  # the session's ARN lacks the path of the role
        return str(iam.get_role(RoleName=name.split("/")[0])["Role"]["Arn"])
    return None


def _role(plan: Plan, name: str) -> str:
    return (
        f"arn:{plan.partition}:iam::{plan.account}:role/cdk-{plan.qualifier}-{name}-role-{plan.account}-{plan.region}"
    )


def _context(plan: Plan) -> dict[str, str]:
    return {"aws:RequestedRegion": plan.region, "iam:PassedToService": "lambda.amazonaws.com"}


def _listed(decisions: Decisions) -> str:
    reasons = {reason for reason in decisions.denied.values() if reason}
    by = f" (by {', '.join(sorted(reasons))})" if reasons else ""
    return ", ".join(f"{action} on {resource}" for action, resource in sorted(decisions.denied)) + by


def _policy(decisions: Decisions) -> str:
    allowed: dict[str, list[str]] = {}
    for action, resource in sorted(decisions.denied):
        allowed.setdefault(resource, []).append(action)
    return json.dumps(policy_of({"": allowed}), separators=(",", ":"))

"""What policies allow a principal, as IAM simulates it. Nothing is done, and no policy is changed.

IAM evaluates the policies of the principal, its permissions boundary, and service control policies without conditions.
It knows nothing of policies of a session, nor of the trust policies of roles. Source: AWS IAM user guide ("IAM policy
testing with the IAM policy simulator").
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# A request has so many actions at most.
_ACTIONS = 50


@dataclass(slots=True)
class Decisions:
    """The actions that are denied, each with the resource and what denies it, and those that are not decided."""

    denied: dict[tuple[str, str], str] = field(default_factory=dict)
    undecided: list[str] = field(default_factory=list)


def simulated(
    iam: Any,  # noqa: ANN401 - a client
    principal: str,
    needed: Mapping[str, Sequence[str]],
    context: Mapping[str, str],
) -> Decisions:
    """What a user or role may do of `needed`, the actions of each resource. Raises the client's errors, LookupError.

    `context` has values of condition keys. An action whose denial depends on another one, which a request would have,
    is undecided, and so is one of which IAM says nothing.
    """
    decisions = Decisions()
    entries = [
        {"ContextKeyName": name, "ContextKeyValues": [value], "ContextKeyType": "string"}
        for name, value in context.items()
    ]
    for resource, actions in needed.items():
        for first in range(0, len(actions), _ACTIONS):
            asked = actions[first : first + _ACTIONS]
            pages = iam.get_paginator("simulate_principal_policy").paginate(
                PolicySourceArn=principal, ActionNames=list(asked), ResourceArns=[resource], ContextEntries=entries
            )
            results = {each["EvalActionName"]: each for page in pages for each in page["EvaluationResults"]}
            for action in asked:
                _decide(decisions, action, resource, results.get(action))
    return decisions


def _decide(decisions: Decisions, action: str, resource: str, result: Mapping[str, Any] | None) -> None:
    if result is None:
        decisions.undecided.append(action)
    elif result["EvalDecision"] == "allowed":
        return
    elif _missing(result):
        decisions.undecided.append(action)
    else:
        decisions.denied[action, resource] = _denied_by(result)


def _missing(result: Mapping[str, Any]) -> bool:
    """Whether the decision depends on values of condition keys that are not known."""
    of_resources: Iterable[Mapping[str, Any]] = result.get("ResourceSpecificResults", [])
    return bool(result.get("MissingContextValues")) or any(each.get("MissingContextValues") for each in of_resources)


def _denied_by(result: Mapping[str, Any]) -> str:
    if not result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations", True):
        return "a service control policy"
    if not result.get("PermissionsBoundaryDecisionDetail", {}).get("AllowedByPermissionsBoundary", True):
        return "the permissions boundary"
    return "a policy" if result["EvalDecision"] == "explicitDeny" else ""

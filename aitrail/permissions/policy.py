"""IAM policies: the fewest statements that allow actions on resources. Pure."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

_VERSION = "2012-10-17"
Resource = TypeVar("Resource", bound=str)


def statements_of(allowed: Mapping[Resource, Collection[str]]) -> list[tuple[list[str], list[Resource]]]:
    """Actions, and the resources that need exactly these actions, sorted; `allowed` has the actions of each resource.

    No statement allows more than `allowed`, as one statement for all actions and all resources would.
    """
    resources: dict[tuple[str, ...], list[Resource]] = defaultdict(list)
    for resource, actions in allowed.items():
        if actions:
            resources[tuple(sorted(set(actions)))].append(resource)
    return [(list(actions), sorted(resources[actions])) for actions in sorted(resources)]


def policy_of(allowed: Mapping[str, Mapping[str, Collection[str]]]) -> dict[str, Any]:
    """The policy document; the same for the same permissions, whatever their order.

    `allowed` has the actions of each resource, by the service through which alone they are allowed (kms:ViaService), or
    "".
    """
    return {
        "Version": _VERSION,
        "Statement": [
            {"Effect": "Allow", "Action": actions, "Resource": resources}
            | ({"Condition": {"StringEquals": {"kms:ViaService": service}}} if service else {})
            for service in sorted(allowed)
            for actions, resources in statements_of(allowed[service])
        ],
    }

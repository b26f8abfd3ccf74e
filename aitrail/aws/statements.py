"""Statements and documents of policies, as JSON types."""

from collections.abc import Mapping, Sequence
from typing import Any

Statement = dict[str, Any]
# An operator, a condition key, and what it is compared with.
Condition = Mapping[str, Mapping[str, str | Sequence[str]]]


def allow(
    sid: str,
    principal: Mapping[str, str],
    action: str | Sequence[str],
    resource: str | Sequence[str],
    condition: Condition | None = None,
) -> Statement:
    """A statement that allows `principal` an action, or several, on a resource, or several."""
    statement = {"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


def policy(*statements: Statement) -> dict[str, Any]:
    """A policy of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}

"""What a look at an account found. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters; the most severe first."""

    CONFLICT = "conflict"
    UNKNOWN = "unknown"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A conflict makes the deployment, or what it reads, fail; an unknown could not be checked.

    `what` is what was found, `what_to_do` the remedy, "" if there is nothing to do.
    """

    finding: str
    severity: Severity
    what: str
    what_to_do: str = ""


def conflict(finding: str, what: str, what_to_do: str) -> Finding:
    """Something that makes a deployment, or what it reads, fail."""
    return Finding(finding=finding, severity=Severity.CONFLICT, what=what, what_to_do=what_to_do)


def advice(finding: str, what: str, what_to_do: str = "") -> Finding:
    """Something that is worth knowing."""
    return Finding(finding=finding, severity=Severity.ADVICE, what=what, what_to_do=what_to_do)


def unknown(finding: str, what: str, what_to_do: str = "") -> Finding:
    """Something that could not be checked."""
    return Finding(finding=finding, severity=Severity.UNKNOWN, what=what, what_to_do=what_to_do)

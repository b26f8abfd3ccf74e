"""What a look at an account found. Pure."""

from collections.abc import Sequence
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

    `what` is what was found, `what_to_do` the remedy, "" if there is nothing to do, and `commands` those of the remedy,
    in their order, as they are written in a POSIX shell.
    """

    finding: str
    severity: Severity
    what: str
    what_to_do: str = ""
    commands: tuple[str, ...] = ()


def conflict(finding: str, what: str, what_to_do: str, *commands: str) -> Finding:
    """Something that makes a deployment, or what it reads, fail."""
    return Finding(finding=finding, severity=Severity.CONFLICT, what=what, what_to_do=what_to_do, commands=commands)


def advice(finding: str, what: str, what_to_do: str = "", *commands: str) -> Finding:
    """Something that is worth knowing."""
    return Finding(finding=finding, severity=Severity.ADVICE, what=what, what_to_do=what_to_do, commands=commands)


def unknown(finding: str, what: str, what_to_do: str = "", *commands: str) -> Finding:
    """Something that could not be checked."""
    return Finding(finding=finding, severity=Severity.UNKNOWN, what=what, what_to_do=what_to_do, commands=commands)


def context(**settings: str | Sequence[str]) -> str:
    """The argument of make for a deployment with these settings, by their names without aitrail:."""
    values = ((name, value if isinstance(value, str) else ",".join(value)) for name, value in settings.items())
    return 'CONTEXT="' + " ".join(f"-c aitrail:{name}={value}" for name, value in values) + '"'

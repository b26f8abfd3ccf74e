"""What is accepted, with reasons: `accepted.toml`."""

import datetime as dt
import tomllib
from pathlib import Path
from typing import Annotated

import msgspec

from aitrail.errors import AitrailError

_Text = Annotated[str, msgspec.Meta(min_length=1)]
_Package = Annotated[str, msgspec.Meta(pattern=r"^pkg:(pypi|npm)/.")]


class InvalidAcceptanceError(AitrailError):
    """accepted.toml cannot be read, or lacks a reason, an end or another member."""


class LicenseException(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A package whose `license` (SPDX) somebody has read; `package` is a package URL, with or without a version."""

    package: _Package
    license: _Text
    reason: _Text


class AcceptedVulnerability(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A vulnerability of a package that is accepted through the day `until` (UTC)."""

    id: _Text
    package: _Package
    reason: _Text
    until: dt.date


class Accepted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Accepted `licenses` (SPDX), what `classifiers` stand for, exceptions, and vulnerabilities."""

    licenses: frozenset[str]
    classifiers: dict[str, str] = {}
    exceptions: tuple[LicenseException, ...] = ()
    vulnerabilities: tuple[AcceptedVulnerability, ...] = ()


def read(path: Path) -> Accepted:
    """What the file accepts. Raises InvalidAcceptanceError."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Accepted)
    except (OSError, ValueError) as error:
        raise InvalidAcceptanceError(f"{path}: {error}") from error


def names(package: str, purl: str) -> bool:
    """Whether a package URL with or without a version names the package of `purl`, which has one."""
    return purl == package or purl.startswith(f"{package}@")

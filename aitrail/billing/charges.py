"""Which calls cause which usage of a bill, and where: charges.toml and regions.toml. Pure."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from aitrail.costs import split_usage_type

_FILE = Path(__file__).parent / "charges.toml"
_REGIONS = Path(__file__).parent / "regions.toml"
CHARACTERS, CALLS, STREAM_SECONDS = "characters", "calls", "streamSeconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Calls that cause a charge: those of some operations, and of some values of usage fields."""

    operations: Sequence[str]
    only: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def has(self, call: Mapping[str, str | None]) -> bool:
        """Whether calls with these values of dimensions are among them."""
        return call["operation"] in self.operations and all(
            (call[name] or "") in values for name, values in self.only.items()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """Something that is billed; charges.toml says what the fields mean."""

    service: str
    usage_types: Sequence[str]
    calls: Sequence[Cause] = ()
    amount: str = ""
    metered: str = ""
    units: Sequence[str] = ()
    rule: str = ""

    @property
    def operations(self) -> frozenset[str]:
        """The operations of calls that may cause it."""
        return frozenset(operation for cause in self.calls for operation in cause.operations)

    def is_caused_by(self, call: Mapping[str, str | None]) -> bool:
        """Whether calls with these values of dimensions cause it."""
        return any(cause.has(call) for cause in self.calls)


@cache
def known_charges() -> Sequence[Charge]:
    """All charges, in the order of the file."""
    documents = tomllib.loads(_FILE.read_text(encoding="utf-8"))["charge"]
    return [Charge(**{**each, "calls": [Cause(**cause) for cause in each.get("calls", ())]}) for each in documents]


@cache
def _by_usage_type() -> Mapping[tuple[str, str], int]:
    return {(each.service, name): number for number, each in enumerate(known_charges()) for name in each.usage_types}


def charge_of(service: str, usage_type: str) -> int | None:
    """The number of the charge that a usage type (without the prefix of its Region) is of; None if it is not known."""
    return _by_usage_type().get((service, usage_type))


def fields_of(service: str) -> tuple[str, ...]:
    """The usage fields of calls that tell the charges of a service apart."""
    causes = (cause for each in known_charges() if each.service == service for cause in each.calls)
    return tuple(dict.fromkeys(name for cause in causes for name in cause.only))


@cache
def _regions() -> Mapping[str, str]:
    return tomllib.loads(_REGIONS.read_text(encoding="utf-8"))


def placed(usage_type: str) -> tuple[str, str]:
    """The Region that the prefix of a usage type stands for, "" if it is not known, and the usage type without it."""
    prefix, rest = split_usage_type(usage_type)
    return _regions().get(prefix, ""), rest

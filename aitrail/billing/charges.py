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
class Charge:
    """Something that is billed; charges.toml says what the fields mean."""

    service: str
    usage_types: tuple[str, ...]
    operations: tuple[str, ...] = ()
    only: Mapping[str, Sequence[str]] = field(default_factory=dict)
    amount: str = ""
    units: tuple[str, ...] = ()
    rule: str = ""

    def is_caused_by(self, call: Mapping[str, str | None]) -> bool:
        """Whether calls with these values of dimensions cause it."""
        return call["operation"] in self.operations and all(
            (call[name] or "") in values for name, values in self.only.items()
        )


@cache
def known_charges() -> Sequence[Charge]:
    """All charges, in the order of the file."""
    several = ("usage_types", "operations", "units")
    documents = tomllib.loads(_FILE.read_text(encoding="utf-8"))["charge"]
    return [Charge(**{**each, **{name: tuple(each.get(name, ())) for name in several}}) for each in documents]


@cache
def _by_usage_type() -> Mapping[tuple[str, str], int]:
    return {(each.service, name): number for number, each in enumerate(known_charges()) for name in each.usage_types}


def charge_of(service: str, usage_type: str) -> int | None:
    """The number of the charge that a usage type (without the prefix of its Region) is of; None if it is not known."""
    return _by_usage_type().get((service, usage_type))


def fields_of(service: str) -> tuple[str, ...]:
    """The usage fields of calls that tell the charges of a service apart."""
    return tuple(dict.fromkeys(name for each in known_charges() if each.service == service for name in each.only))


@cache
def _regions() -> Mapping[str, str]:
    return tomllib.loads(_REGIONS.read_text(encoding="utf-8"))


def placed(usage_type: str) -> tuple[str, str]:
    """The Region that the prefix of a usage type stands for, "" if it is not known, and the usage type without it."""
    prefix, rest = split_usage_type(usage_type)
    return _regions().get(prefix, ""), rest

"""What services are called in AWS' price list and bill, and what their usage types are for: usage-types.toml. Pure."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "usage-types.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """A service in the price list: its service code, and its usage types by what they are for."""

    code: str
    usage_types: Mapping[str, str]


@cache
def billed_services() -> Mapping[str, Billed]:
    """The services whose prices are known by usage type, by their names in the registry."""
    document = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {name: Billed(**fields) for name, fields in document.items()}


def usage_type_of(service: str, what: str) -> str | None:
    """The usage type of what a service is used for, such as an engine; None if it is not known."""
    billed = billed_services().get(service)
    return billed.usage_types.get(what) if billed else None

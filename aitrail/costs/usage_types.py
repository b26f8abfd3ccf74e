"""What services are called in AWS' price list and bill, and what their usage types are for: usage-types.toml. Pure."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "usage-types.toml"
# The prefix of a usage type tells its Region: USE1-, EUW2-, and EU- for Ireland. TPS-hours has none.
_PREFIX = re.compile(r"([A-Z]{3}[0-9]|EU)-")


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


def split_usage_type(name: str) -> tuple[str, str]:
    """The prefix of a usage type in a price list or bill, which tells its Region, or "", and the rest of it."""
    found = _PREFIX.match(name)
    return (found[1], name[found.end() :]) if found else ("", name)

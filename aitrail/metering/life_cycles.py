"""Kinds of resources that are billed while they exist: life-cycles.toml. Pure."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "life-cycles.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeCycle:
    """The operations that begin, change and end what a kind of resource costs; the file says what the fields mean."""

    service: str
    kind: str
    bills: str
    creates: str
    changes: str = ""
    deletes: str = ""
    stops: str = ""
    starts: str = ""
    quantity: str = ""
    least: int = 0
    usage_type: str = ""
    only_if: str = ""
    otherwise: bool = True
    used_by: tuple[str, ...] = ()

    @property
    def operations(self) -> frozenset[str]:
        """The operations that change the state of a resource."""
        return frozenset(filter(None, (self.creates, self.changes, self.deletes, self.stops, self.starts)))


@cache
def billed_kinds() -> Sequence[LifeCycle]:
    """All kinds, in the order of the file."""
    document = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return [LifeCycle(**each | {"used_by": tuple(each.get("used_by", ()))}) for each in document["resource"]]

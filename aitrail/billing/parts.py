"""The parts of a bill: groups, what is known of the cost of each, and what was asked for. Pure."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from aitrail.billing.formats import USAGE
from aitrail.metering import Part as MeasuredPart
from aitrail.questions import NOTHING_NAMED, Naming
from aitrail.services import Registry

# Why no call explains a cost.
NO_CALL, NOT_BY_CALL, UNKNOWN_TYPE = "no recorded call", "not billed by call", "unknown usage type"

Key = tuple[str | None, ...]
Estimates = Callable[[str, Sequence[str]], Mapping[tuple[str, Key], MeasuredPart]]


class Group(NamedTuple):
    """Costs of one kind: values of dimensions, what is charged, and of what no call explains, the usage type and why.

    Where no call tells a dimension and the bill does not have it, its value is None.
    """

    key: Key
    charge: str = USAGE
    service: str = ""
    usage_type: str = ""
    reason: str = ""


@dataclass(slots=True, kw_only=True)
class Part:
    """Costs in units of 10^-SCALE: what amounts of records explain, what was shared, and what nothing explains.

    `calls` are the successful ones; of `unknown_calls`, the bill does not tell the cost.
    """

    calls: int = 0
    measured: int = 0
    shared: int = 0
    unexplained: int = 0
    unknown_calls: int = 0

    @property
    def cost(self) -> int:
        """The whole cost, as far as it is known."""
        return self.measured + self.shared + self.unexplained

    @property
    def is_known(self) -> bool:
        """Whether anything is known of the cost."""
        return not self.unknown_calls or self.unknown_calls < self.calls or self.cost != 0

    def add(self, other: "Part") -> None:
        """Adds another part."""
        self.calls += other.calls
        self.measured += other.measured
        self.shared += other.shared
        self.unexplained += other.unexplained
        self.unknown_calls += other.unknown_calls


@dataclass(frozen=True, kw_only=True)
class Question:
    """What costs are asked for: by which dimensions, and of which services.

    `estimates` returns the amounts of the calls of a service, by an amount of metrics.toml and values of dimensions; it
    is None if CloudWatch is not asked.
    """

    by: Sequence[str]
    services: Sequence[str]
    registry: Registry
    naming: Naming = NOTHING_NAMED
    estimates: Estimates | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The parts by group, which add up to the bill, and the charges of which something was shared.

    Beside the number of such a charge stands whether it was shared by estimates.
    """

    parts: dict[Group, Part] = field(default_factory=lambda: defaultdict(Part))
    shared: set[tuple[int, bool]] = field(default_factory=set)

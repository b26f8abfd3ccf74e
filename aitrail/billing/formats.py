"""What exports of a bill call their columns, and which cost a column has: formats.toml. Pure."""

import tomllib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from aitrail.cells import printable
from aitrail.errors import AitrailError

_FILE = Path(__file__).parent / "formats.toml"
USAGE = "usage"
CORRECTION = "correction"
# The beginnings of columns of legacy reports, which have names such as lineItem/UsageType.
_LEGACY = ("identity/", "bill/", "lineItem/")
# How many unknown names a message has.
MOST_NAMED = 10
CREATE = "docs/bill.md shows how to create an export."


class BillError(AitrailError):
    """A bill cannot be used; the message says why, and what to do, in one line: names in a bill begin no other one."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The cost of a line by its name: its column, and for some kinds of lines another one, or "" for none."""

    name: str
    column: str
    of_kinds: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that it is read from."""
        return tuple(dict.fromkeys((self.column, *filter(None, self.of_kinds.values()))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A kind of export; formats.toml says what the fields mean."""

    name: str
    recognized_by: str
    columns: Mapping[str, Sequence[str]]
    charges: Mapping[str, str]
    costs: Mapping[str, str]
    costs_of_kinds: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    optional: Sequence[str] = ()
    corrections: Sequence[str] = ()

    def cost(self, name: str | None) -> Cost:
        """A cost by its name, or the usual one. Raises BillError."""
        name = name or next(iter(self.costs))
        if name not in self.costs:
            raise BillError(
                f"A bill in the format {self.name} has no {name} cost: choose {_either([*self.costs])} (--bill-cost)."
            )
        return Cost(name=name, column=self.costs[name], of_kinds=self.costs_of_kinds.get(name, {}))

    def found(self, names: Collection[str], cost: Cost, where: str) -> dict[str, str]:
        """The column of each thing that is read, as far as a file with these columns has it. Raises BillError."""
        columns = {
            what: next((each for each in candidates if each in names), "") for what, candidates in self.columns.items()
        }
        lacking = [what for what, column in columns.items() if not column and what not in self.optional]
        missing = [self.columns[what][0] for what in lacking] + [each for each in cost.columns if each not in names]
        if missing:
            raise BillError(
                f"{where} lacks {', '.join(missing)}: {self._advice(missing, cost)} An export's query chooses columns."
            )
        found = {what: column for what, column in columns.items() if column}
        numbers = Counter(names)
        if repeated := [each for each in (*found.values(), *cost.columns) if numbers[each] > 1]:
            raise BillError(f"{where} has several columns {repeated[0]}: which of them counts is not known.")
        return found

    def _advice(self, missing: Sequence[str], cost: Cost) -> str:
        others = [name for name in self.costs if name != cost.name]
        if set(missing) <= {*cost.columns}:
            return f"the bill does not say the {cost.name} cost. Choose {_either(others)} (--bill-cost)."
        return f"add the columns to the export. {CREATE}"

    def charge(self, kind: str, class_: str) -> str:
        """What a line of a kind and class is: usage, credit, tax and so on; its own name if it is not known."""
        charge = self.charges.get(kind, kind or "unknown")
        return CORRECTION if charge == USAGE and class_ in self.corrections else charge


@cache
def formats() -> Sequence[Format]:
    """All formats, in the order of the file."""
    return [Format(**each) for each in tomllib.loads(_FILE.read_text(encoding="utf-8"))["format"]]


def cost_names() -> tuple[str, ...]:
    """The names of costs that any format has."""
    return tuple(dict.fromkeys(name for each in formats() for name in each.costs))


def format_of(names: Collection[str], where: str) -> Format:
    """The format of a file with these columns. Raises BillError, which says what else it may be."""
    for each in formats():
        if each.recognized_by in names:
            return each
    if any(name.startswith(_LEGACY) for name in names):
        raise BillError(
            f"{where} has the columns of a legacy Cost and Usage Report, such as lineItem/UsageType. Export CUR 2.0 or "
            f"FOCUS instead: AWS Data Exports creates it from the same data. {CREATE}"
        )
    first = ", ".join(list(names)[:MOST_NAMED]) or "none"
    raise BillError(f"{where} is neither CUR 2.0 nor FOCUS: its columns are {first}. {CREATE}")


def _either(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last

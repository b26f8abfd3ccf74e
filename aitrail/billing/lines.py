"""The lines of one file of a bill, added up by account, Region, UTC day, usage type and so on while they are read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Context, Decimal
from typing import Any, BinaryIO, NamedTuple

from aitrail.billing.charges import placed
from aitrail.billing.columns import SCALE, exact, moments, texts
from aitrail.billing.contents import Left, Wanted, content_of, readable
from aitrail.billing.formats import BillError, Cost, Format, format_of
from aitrail.costs import billed_services

# Enough digits for the sum of all lines.
_WHOLE = Context(prec=60)
_DAY = timedelta(days=1)
_TEXTS = ("account", "code", "usage_type", "region", "kind", "class", "unit", "currency")
_SUMS = [("cost", "sum"), ("quantity", "sum"), ("cost", "count")]


class Line(NamedTuple):
    """What the lines of a bill have in common that are added up: UTC days since <= day < until, Region and so on.

    A Region that is not known is "". `usage_type` has no prefix of the Region; `charge` is usage, tax and so on.
    """

    account: str
    region: str
    service: str
    usage_type: str
    charge: str
    since: date
    until: date
    unit: str
    currency: str
    is_invoiced: bool | None


@dataclass(slots=True)
class Sum:
    """The cost and the quantity of lines, in units of 10^-SCALE, and the number of lines."""

    cost: int = 0
    quantity: int = 0
    lines: int = 0

    def add(self, other: "Sum") -> None:
        """Adds another sum."""
        self.cost += other.cost
        self.quantity += other.quantity
        self.lines += other.lines


@dataclass(slots=True, kw_only=True)
class Read:
    """What was read: the sums of lines, the last day on which any line of the bill begins, and the number of lines.

    `lookalikes` are codes of the bill that begin with the name of a service, and are not its code.
    """

    format: Format | None = None
    sums: dict[Line, Sum] = field(default_factory=dict)
    last: date | None = None
    lines: int = 0
    lookalikes: set[str] = field(default_factory=set)

    def note(self, left: Left) -> None:
        """Counts lines that need not be added up."""
        self.lines += left.lines
        self.last = max(self.last or left.last, left.last)


def read_lines(file: BinaryIO, name: str, cost: str | None, read: Read, progress: Callable[[int], None]) -> None:
    """Adds the lines of a file to what was read. `progress` is called with the number of lines so far.

    Raises BillError, and the errors of reading the file.
    """
    with readable(name):
        content = content_of(file, name)
        if content is None:
            return
        own = format_of(content.names, name)
        if read.format not in (None, own):
            raise BillError(
                f"{name} is in the format {own.name}, and other files are not: name the folder of one export."
            )
        read.format, chosen = own, own.cost(cost)
        reading = _Reading(name=name, format=own, cost=chosen, columns=own.found(content.names, chosen, name))
        for batch in content.batches(reading.wanted, reading.beginnings, read.note):
            reading.add(batch, read)
            progress(read.lines)


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """A file: its name and format, the chosen cost, and the column of each thing that is read."""

    name: str
    format: Format
    cost: Cost
    columns: Mapping[str, str]
    services: Mapping[str, str] = field(
        default_factory=lambda: {billed.code: service for service, billed in billed_services().items()}
    )

    @property
    def wanted(self) -> Wanted:
        """What has to be read of the file."""
        return Wanted(
            columns=list(dict.fromkeys((*self.columns.values(), *self.cost.columns))),
            numbers={self.columns["quantity"], *self.cost.columns},
            code=self.columns["code"],
            since=self.columns["since"],
        )

    def add(self, batch: Any, read: Read) -> None:  # noqa: ANN401 (of pyarrow)
        """Adds the lines of a batch to what was read. Raises BillError, and pyarrow's errors."""
        import pyarrow as pa  # noqa: PLC0415 (optional)
        import pyarrow.compute as pc  # noqa: PLC0415 (optional)

        since = moments(batch[self.columns["since"]], self.name)
        last = pc.max(since).as_py()
        read.lines += batch.num_rows
        if last is not None:
            read.note(Left(0, last.date()))
        codes = texts(batch[self.columns["code"]])
        alike = (code for code in pc.unique(codes).to_pylist() if code.startswith(self.beginnings))
        read.lookalikes.update(code for code in alike if code not in self.services)
        is_wanted = pc.is_in(codes, pa.array(list(self.services)))
        batch, since = batch.filter(is_wanted), since.filter(is_wanted)
        if not batch.num_rows:
            return
        keys = {what: texts(batch[self.columns[what]]) for what in _TEXTS if what in self.columns}
        if "unit" in keys:
            # A quantity that is not known is not zero: without a unit, nothing is compared with it.
            keys["unit"] = pc.if_else(pc.is_valid(batch[self.columns["quantity"]]), keys["unit"], "")
        until = moments(batch[self.columns["until"]], self.name)
        keys["since"] = pc.cast(pc.floor_temporal(since, unit="day"), pa.date32())
        keys["until"] = pc.cast(pc.ceil_temporal(until, unit="day"), pa.date32())
        if "invoice" in self.columns:
            keys["invoice"] = pc.not_equal(texts(batch[self.columns["invoice"]]), "")
        numbers = {"cost": exact(self._costs(batch, keys["kind"])), "quantity": exact(batch[self.columns["quantity"]])}
        for group in pa.table(keys | numbers).group_by(list(keys)).aggregate(_SUMS).to_pylist():
            line, amounts = self._line(group), Sum(_units(group["cost_sum"]), _units(group["quantity_sum"]))
            amounts.lines = group["cost_count"]
            read.sums.setdefault(line, Sum()).add(amounts)

    @property
    def beginnings(self) -> tuple[str, ...]:
        """What the codes of the services begin with, and what others of them might."""
        names = self.services.values()
        return tuple(dict.fromkeys((*self.services, *names, *(f"Amazon{name.capitalize()}" for name in names))))

    def _costs(self, batch: Any, kinds: Any) -> Any:  # noqa: ANN401 (of pyarrow)
        """The cost of each line. Raises BillError if a line has none."""
        import pyarrow.compute as pc  # noqa: PLC0415 (optional)

        found = batch[self.cost.column]
        for kind, column in self.cost.of_kinds.items():
            found = pc.if_else(pc.equal(kinds, kind), batch[column] if column else 0.0, found)
        if found.null_count:
            raise BillError(
                f"{found.null_count:,} lines of {self.name} have no {self.cost.name} cost ({self.cost.column}): choose "
                "another one with --bill-cost."
            )
        return found

    def _line(self, group: Mapping[str, Any]) -> Line:
        if group["since"] is None or group["until"] is None:
            raise BillError(f"{self.name} has lines of {group['code']} without a date: their day is not known.")
        told, usage_type = placed(group["usage_type"])
        return Line(
            account=group["account"],
            region=group.get("region") or told,
            service=self.services[group["code"]],
            usage_type=usage_type,
            charge=self.format.charge(group["kind"], group.get("class", "")),
            since=group["since"],
            until=max(group["until"], group["since"] + _DAY),
            unit=group.get("unit", "").lower(),
            currency=group["currency"],
            is_invoiced=group.get("invoice"),
        )


def _units(number: Decimal) -> int:
    return int(_WHOLE.scaleb(number, SCALE))

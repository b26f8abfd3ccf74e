"""A bill: lines with a formula, a quantity, a unit price and an amount. Pure; money is Decimal."""

from dataclasses import dataclass, field
from decimal import Context, Decimal, localcontext

from aitrail.costs.prices import UNITS, Price, Prices

# Enough for every product; periodic quotients are rounded far below the smallest amount that is charged.
PRECISE = Context(prec=40)
_MILLION = 10**6
_CENTS = Decimal("0.01")
# Many parts cost less than a cent.
_FINE = Decimal("0.000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One part of a month's cost. `setting`, if not empty, changes it; `amount` excludes free units."""

    part: str
    formula: str
    quantity: Decimal
    unit: str
    price: Price
    amount: Decimal
    setting: str = ""


@dataclass(slots=True, kw_only=True)
class Bill:
    """Collects lines; each uses up what is left of a month's free units, unless `free` is False."""

    prices: Prices
    free: bool = True
    lines: list[Line] = field(default_factory=list)
    _used: dict[str, Decimal] = field(default_factory=dict)

    def add(self, part: str, price: str, quantity: Decimal | int, formula: str, *, setting: str = "") -> None:
        """Adds a part; `price` is one of UNITS."""
        with localcontext(PRECISE):
            cost, count = self.prices.prices[price], Decimal(quantity)
            used = self._used.get(price, Decimal(0))
            left = max(cost.free - used, Decimal(0)) if self.free else Decimal(0)
            self._used[price] = used + count
            amount = cost.of(max(count - left, Decimal(0)))
        self.lines.append(
            Line(
                part=part,
                formula=formula,
                quantity=count,
                unit=UNITS[price],
                price=cost,
                amount=amount,
                setting=setting,
            )
        )


def total(lines: list[Line]) -> Decimal:
    """The sum of the amounts, exactly."""
    with localcontext(PRECISE):
        return sum((line.amount for line in lines), Decimal())


def per_million(amount: Decimal, count: int) -> Decimal | None:
    """The cost of a million units if `count` units cost the amount; None if `count` is 0."""
    with localcontext(PRECISE):
        return amount * _MILLION / count if count else None


def readable(amount: Decimal) -> Decimal:
    """An amount for people: rounded to cents, or finer if it is less than one cent."""
    return amount.quantize(_FINE if 0 < amount < _CENTS else _CENTS)

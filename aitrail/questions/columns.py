"""The columns of rows, and members of their `usage`, that sums need. Pure."""

from collections.abc import Iterator, Sequence

from aitrail.questions.conditions import COLUMNS, USAGE_MEMBERS
from aitrail.questions.filters import Filter
from aitrail.questions.periods import PERIODS
from aitrail.questions.usage_spellings import usage_fields
from aitrail.rows import Columns
from aitrail.services import Registry

# What tells which rows are calls. Where they are made has its own price.
_OF_CALLS = ("eventCategory", "errorCode", "awsRegion")
# What a condition or a dimension is about, beside those in COLUMNS and USAGE_MEMBERS.
_OTHERS = {
    **dict.fromkeys(PERIODS, ("eventTime",)),
    "user-agent": ("usage.agent",),
    "mfa": ("usage.mfa",),
    "read-only": ("readOnly",),
    "resource": ("resource", "usage.resources"),
    "event-category": ("eventCategory",),
}
_NOTHING = ("naming", "origins")
_USAGE = "usage."


def columns_of(by: Sequence[str], wanted: Filter, registry: Registry) -> Columns | None:
    """What `usage` needs of rows for these dimensions and this filter; None if it may need any column."""
    if wanted.user_agent:  # needs whole rows
        return None
    names = [f"{_USAGE}{amount.count}" for amounts in registry.amounts.values() for amount in amounts]
    names += [*_OF_CALLS, f"{_USAGE}engine"]
    for name in (*by, *_conditions(wanted)):
        needed = _needed(name, wanted, registry)
        if needed is None:
            return None
        names += needed
    usage = frozenset(name.removeprefix(_USAGE) for name in names if name.startswith(_USAGE))
    return Columns(frozenset(name for name in names if not name.startswith(_USAGE)), usage)


def _conditions(wanted: Filter) -> Iterator[str]:
    """The names of the conditions that a filter has, as dimensions are written."""
    for name in wanted.__struct_fields__:
        if name not in _NOTHING and getattr(wanted, name) not in {(), None}:
            yield name.replace("_", "-")


def _needed(name: str, wanted: Filter, registry: Registry) -> Sequence[str] | None:
    """What a dimension or a condition is about; None for names of teams and networks, which may be about any column."""
    condition = name.replace("-", "_")
    if name == "label":
        return [f"{_USAGE}{text.removeprefix('!').partition('=')[0]}" for text in wanted.label]
    if name in usage_fields(registry):
        return (f"{_USAGE}{name}",)
    members = [f"{_USAGE}{member}" for member in USAGE_MEMBERS.get(condition, ())]
    return _OTHERS.get(name) or members or ((COLUMNS[condition],) if condition in COLUMNS else None)

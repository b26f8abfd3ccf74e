"""Conditions as people write them -> values as in rows, or an error with the valid values and the closest match."""

from collections.abc import Iterable
from typing import Any, TypedDict

from aitrail.dynamodb import tables
from aitrail.questions.spellings import SPELLINGS, ConditionError, or_valid, place_of_arn, shown
from aitrail.rows import BEHIND, RECORD_FIELDS
from aitrail.services import Registry, load

# The columns that only whole rows have.
WIDE_COLUMNS = (
    *sorted(RECORD_FIELDS - {*tables.NARROW_COLUMNS}),
    *BEHIND,
    *("other", "asJson", "logFile", "recordIndex", "importedFrom", "expiresAt", "redacted"),
)
ALL_COLUMNS = (*tables.NARROW_COLUMNS, *WIDE_COLUMNS)
Texts = str | Iterable[str]


class Conditions(TypedDict, total=False):
    """The conditions of a filter; each takes one text or several, of which any may match."""

    service: Texts
    operation: Texts
    principal: Texts
    principal_account: Texts
    resource: Texts
    account: Texts
    region: Texts
    outcome: Texts
    credentials: Texts
    source_ip: Texts
    access_key: Texts
    event_category: Texts
    read_only: bool | None


# Condition -> the column that it applies to.
COLUMNS = {
    "service": "service",
    "operation": "operation",
    "principal": "principal",
    "principal_account": "principalAccount",
    "resource": "resource",
    "account": "recipientAccountId",
    "region": "awsRegion",
    "outcome": "outcome",
    "credentials": "credentials",
    "source_ip": "sourceIPAddress",
    "access_key": "accessKeyId",
    "event_category": "eventCategory",
}


def checked(conditions: Conditions, registry: Registry | None = None) -> dict[str, Any]:
    """The conditions with all values spelled as in rows, without duplicates. Raises ConditionError."""
    found: dict[str, Any] = {}
    for name, given in conditions.items():
        if name == "read_only":
            if not isinstance(given, bool | None):  # Python considers 1 equal to True, but no row contains it
                raise ConditionError(f"read_only is {shown(given)}: give True, False or None.")
            found[name] = given
        elif name in SPELLINGS:
            spelled = (_spelled(name, text, registry or load()) for text in _texts(name, given))
            found[name] = tuple(dict.fromkeys(spelled))
        else:
            raise ConditionError(f"There is no condition {shown(name)}{or_valid(name, Conditions.__annotations__)}")
    if "resource" in found:
        found |= _place_of(_texts("resource", conditions["resource"]), found, registry or load())
    return found


def _place_of(resources: tuple[str, ...], found: dict[str, Any], registry: Registry) -> dict[str, Any]:
    """Account and Region of resources given as ARNs, as conditions that hold for all of them. Raises ConditionError."""
    places = {place_of_arn(text) for text in resources}
    if len(places) > 1:
        raise _refusal("The resources are not all ARNs of one account and Region: ask for them one by one.", resources)
    place = zip(("account", "region"), next(iter(places), ()), strict=False)
    given = {name: text for name, text in place if text}
    for name, text in given.items():
        try:
            spelled = _spelled(name, text, registry)
        except ConditionError as error:
            raise _refusal(str(error), resources) from error
        if name in found and spelled not in found[name]:
            others = " or ".join(found[name])
            raise _refusal(f"{shown(resources[0])} is in another {name} than {others}: no call meets both.", resources)
    return {name: (text,) for name, text in given.items()}


def _refusal(message: str, resources: tuple[str, ...]) -> ConditionError:
    error = ConditionError(message)
    error.condition, error.text = "resource", resources[0]
    return error


def checked_columns(columns: Texts) -> tuple[str, ...]:
    """The columns, validated as names of attributes of rows. Raises ConditionError."""
    names = _texts("columns", columns)
    for name in names:
        if name not in ALL_COLUMNS:
            raise ConditionError(f"{shown(name)} is not a column{or_valid(name, ALL_COLUMNS)}")
    return names


def _texts(name: str, given: object) -> tuple[str, ...]:
    texts = tuple(given) if isinstance(given, Iterable) and not isinstance(given, str) else (given,)
    for text in texts:
        if not isinstance(text, str):
            raise ConditionError(f"{name} is {shown(text)}: give a string, or several.")
    return texts


def _spelled(name: str, text: str, registry: Registry) -> str:
    try:
        return SPELLINGS[name](text, registry)
    except ConditionError as error:
        error.condition, error.text = name, text
        raise

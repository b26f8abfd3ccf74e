"""Conditions as people write them -> values as in rows, or an error with the valid values and the closest match."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypedDict

from aitrail.dynamodb import tables
from aitrail.questions.naming import NOTHING_NAMED, Naming
from aitrail.questions.spellings import (
    EXCLUDES,
    SPELLINGS,
    ConditionError,
    Spelling,
    excluded_of,
    or_valid,
    place_of_arn,
    shown,
    wanted_of,
)
from aitrail.questions.usage_spellings import USAGE_SPELLINGS
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
# Usage field -> the values of it, or texts such as "engine=neural".
Labels = Texts | Mapping[str, Texts | bool | int]
_SPELLINGS = SPELLINGS | USAGE_SPELLINGS
# The conditions on names that the user chooses.
NAMED = ("team", "network")


class Conditions(TypedDict, total=False):
    """The conditions of a filter; each takes one text or several, of which any may match. `!` excludes a value."""

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
    error_code: Texts
    session: Texts
    called_by: Texts
    user_agent: Texts
    engine: Texts
    voice: Texts
    language: Texts
    api_version: Texts
    label: Labels
    team: Texts
    network: Texts
    read_only: bool | None
    mfa: bool | None


FLAGS = ("read_only", "mfa")
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
    "error_code": "errorCode",
    "session": "sessionName",
    "called_by": "calledBy",
}
# Condition -> the members of the column `usage` that it applies to.
USAGE_MEMBERS = {
    "engine": ("engine",),
    "voice": ("voiceId",),
    "language": ("languageCode", "localeId"),
    "api_version": ("apiVersion",),
}


def checked(conditions: Conditions, registry: Registry | None = None, naming: Naming = NOTHING_NAMED) -> dict[str, Any]:
    """The conditions with all values spelled as in rows, without duplicates. Raises ConditionError."""
    found: dict[str, Any] = {}
    spellings = _SPELLINGS | {kind: naming.spelling(kind) for kind in NAMED}
    for name, given in conditions.items():
        if name in FLAGS:
            if not isinstance(given, bool | None):  # Python considers 1 equal to True, but no row contains it
                raise ConditionError(f"{name} is {shown(given)}: give True, False or None.")
            found[name] = given
        elif name in spellings:
            texts = _label_texts(given) if name == "label" and isinstance(given, Mapping) else _texts(name, given)
            spelled = tuple(dict.fromkeys(_spelled(name, text, spellings[name], registry or load()) for text in texts))
            _refuse_contradiction(name, spelled)
            found[name] = spelled
        else:
            raise ConditionError(f"There is no condition {shown(name)}{or_valid(name, Conditions.__annotations__)}")
    if "resource" in found:
        found |= _place_of(_texts("resource", conditions["resource"]), found, registry or load())
    return found


def _refuse_contradiction(name: str, values: tuple[str, ...]) -> None:
    wanted = wanted_of(values)
    if wanted and set(wanted) <= set(excluded_of(values)):
        error = ConditionError(f"{shown(wanted[0])} is both wanted and excluded: no call can meet that.")
        error.condition = name
        raise error


def _place_of(resources: tuple[str, ...], found: dict[str, Any], registry: Registry) -> dict[str, Any]:
    """Account and Region of resources given as ARNs, as conditions that hold for all of them. Raises ConditionError."""
    resources = wanted_of(resources)
    places = {place_of_arn(text) for text in resources}
    if len(places) > 1:
        raise _refusal("The resources are not all ARNs of one account and Region: ask for them one by one.", resources)
    place = zip(("account", "region"), next(iter(places), ()), strict=False)
    given = {name: text for name, text in place if text}
    for name, text in given.items():
        try:
            spelled = _spelled(name, text, SPELLINGS[name], registry)
        except ConditionError as error:
            raise _refusal(str(error), resources) from error
        if (given_too := wanted_of(found.get(name, ()))) and spelled not in given_too:
            others = " or ".join(given_too)
            raise _refusal(f"{shown(resources[0])} is in another {name} than {others}: no call meets both.", resources)
    excluded = {name: [f"{EXCLUDES}{text}" for text in excluded_of(found.get(name, ()))] for name in given}
    return {name: (text, *excluded[name]) for name, text in given.items()}


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


def _label_texts(given: Mapping[str, object]) -> Iterator[str]:
    """A mapping of usage fields to their values as texts such as `engine=neural`."""
    for field, values in given.items():
        if isinstance(values, bool | int):
            yield f"{field}={str(values).lower()}"
            continue
        for text in _texts("label", values):
            yield f"{EXCLUDES}{field}={text[1:]}" if text.startswith(EXCLUDES) else f"{field}={text}"


def _spelled(name: str, text: str, spelling: Spelling, registry: Registry) -> str:
    prefix = EXCLUDES if text.startswith(EXCLUDES) else ""
    value = text.removeprefix(prefix)
    try:
        spelled = spelling(_once(value), registry)
        if prefix and value.startswith("arn:"):
            raise _too_much(value, spelled)
    except ConditionError as error:
        error.condition, error.text = name, text
        raise
    return prefix + spelled


def _too_much(arn: str, spelled: str) -> ConditionError:
    return ConditionError(
        f"{shown(arn)} cannot be excluded: its name would be excluded in every account. If you mean that, give "
        f"{shown(EXCLUDES + spelled)}."
    )


def _once(text: str) -> str:
    if text.startswith(EXCLUDES):
        raise ConditionError(f"{shown(text)} is no value: one {EXCLUDES} excludes.")
    return text

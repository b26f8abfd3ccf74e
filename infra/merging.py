"""One template of several: what differs between the syntheses of settings becomes conditional.

So the constructs do not have to know whether a setting is a value or a parameter.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from aitrail.errors import AitrailError

NO_VALUE = {"Ref": "AWS::NoValue"}
_MISSING = object()
# CloudFormation evaluates functions in these parts only.
_EVALUATED = {"Resources": "Properties", "Outputs": "Value"}


class UnmergeableError(AitrailError):
    """Templates differ in a part for which CloudFormation has no condition; the message names it."""


def merged(present: Mapping[str, Any], absent: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The resources and outputs of `present`, each difference to one of `absent` under the condition of its name.

    `present` is the template with all settings, and `absent` has templates without one of them. What a template in
    `absent` lacks exists only under its condition; what it has instead applies otherwise. Raises UnmergeableError.
    """
    return {
        section: {
            name: _part(part, {each: other[section].get(name, _MISSING) for each, other in absent.items()}, name)
            for name, part in present[section].items()
        }
        for section in _EVALUATED
        if _has_all(present[section], [other[section] for other in absent.values()])
    }


def _has_all(parts: Mapping[str, Any], others: Iterable[Mapping[str, Any]]) -> bool:
    """Returns True. Raises UnmergeableError if a part exists only without a setting."""
    if strays := {name for other in others for name in other if name not in parts}:
        raise UnmergeableError(f"{', '.join(sorted(strays))} exists only without a setting.")
    return True


def _part(part: Mapping[str, Any], absent: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A resource or an output."""
    conditions = [each for each, other in absent.items() if other is _MISSING]
    if len(conditions) > 1:
        raise UnmergeableError(f"{name} exists under several conditions: {', '.join(conditions)}.")
    others = {each: other for each, other in absent.items() if other is not _MISSING}
    result = {"Condition": conditions[0]} if conditions else {}
    for key, value in part.items():
        alternatives = {each: other.get(key, _MISSING) for each, other in others.items()}
        if key in _EVALUATED.values():
            result[key] = _value(value, alternatives, f"{name}.{key}")
        elif key == "DependsOn" or all(other == value for other in alternatives.values()):
            # CloudFormation ignores dependencies on resources whose condition is not met.
            result[key] = value
        else:
            raise UnmergeableError(f"{name}.{key} depends on a setting.")
    return result


def _value(value: Any, absent: Mapping[str, Any], where: str) -> Any:  # noqa: ANN401 - a part of a template
    others = {each: other for each, other in absent.items() if other != value}
    within = {each: other for each, other in others.items() if _is_alike(value, other)}
    result = value
    if isinstance(value, dict) and within:
        result = _mapping(value, within, where)
    elif isinstance(value, list) and within:
        aligned = {each: _aligned(value, other, where) for each, other in within.items()}
        result = [
            _value(item, {each: items[place] for each, items in aligned.items()}, f"{where}[{place}]")
            for place, item in enumerate(value)
        ]
    for condition, other in others.items():
        if condition not in within:
            result = {"Fn::If": [condition, result, NO_VALUE if other is _MISSING else other]}
    return result


def _mapping(value: Mapping[str, Any], absent: Mapping[str, Any], where: str) -> dict[str, Any]:
    result = {
        key: _value(each, {name: other.get(key, _MISSING) for name, other in absent.items()}, f"{where}.{key}")
        for key, each in value.items()
    }
    for condition, other in absent.items():
        for key in other.keys() - value.keys():
            if key in result:
                raise UnmergeableError(f"{where}.{key} exists only without either of two settings.")
            result[key] = {"Fn::If": [condition, NO_VALUE, other[key]]}
    return result


def _is_alike(value: object, other: object) -> bool:
    """Whether both are lists, or both are mappings and not functions, so that parts of them can be compared."""
    if isinstance(value, dict) and isinstance(other, dict):
        return not any(key == "Ref" or key.startswith("Fn::") for key in (*value, *other))
    return isinstance(value, list) and isinstance(other, list)


def _aligned(items: list[Any], fewer: list[Any], where: str) -> list[Any]:
    """For each item, its counterpart in the other list: in the same place, or the same item in the same order.

    Statements of a policy are the same if they have the same Sid.
    """
    if len(items) == len(fewer):
        return fewer
    rest = list(fewer)
    found = [rest.pop(0) if rest and _is_same(rest[0], item) else _MISSING for item in items]
    if rest:
        raise UnmergeableError(f"The items of {where} change and disappear with one setting.")
    return found


def _is_same(one: object, other: object) -> bool:
    match one, other:
        case {"Sid": sid}, {"Sid": other_sid}:
            return bool(sid == other_sid)
    return one == other

"""Plain JSON values <-> DynamoDB's typed attributes, as boto3's TypeSerializer and TypeDeserializer convert them.

boto3's classes are not used because they take 60 us for a row, more than all other processing of it. Importing boto3
also takes longer than importing everything that the function needs from botocore.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import NoneType
from typing import Any

from aitrail.dynamodb import items

_Attribute = dict[str, Any]


class ForeignValue(dict[str, Any]):
    """An attribute of a type that aitrail does not write: its type and value as in DynamoDB's JSON (B, SS, NS, BS)."""


def to_item(values: dict[str, Any]) -> dict[str, _Attribute]:
    """Storable values (see `aitrail.dynamodb.items`) as typed attributes. Raises TypeError for any other type."""
    return {name: {"S": value} if type(value) is str else _typed(value) for name, value in values.items()}


def _typed(value: Any) -> _Attribute:  # noqa: ANN401 (any storable value)
    of_its_type = _TYPED.get(type(value))
    if of_its_type is None:
        raise TypeError(f"DynamoDB cannot store a {type(value).__name__}: {value!r}")
    return of_its_type(value)


def _typed_list(values: list[Any]) -> _Attribute:
    return {"L": [{"S": value} if type(value) is str else _typed(value) for value in values]}


_TYPED: dict[type, Callable[[Any], _Attribute]] = {
    str: lambda value: {"S": value},
    dict: lambda value: {"M": to_item(value)},
    list: _typed_list,
    bool: lambda value: {"BOOL": value},
    NoneType: lambda _: {"NULL": True},
    int: lambda value: {"N": str(value)},
    float: lambda value: {"N": str(Decimal(repr(value)))},  # its shortest digits
    Decimal: lambda value: {"N": str(value)},
}


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """Typed attributes as plain values; a number is an int if it is whole, otherwise a float.

    aitrail writes neither binary values nor sets, but others may: see `ForeignValue`.
    """
    return {name: _plain(attribute) for name, attribute in item.items()}


def _plain(attribute: Mapping[str, Any]) -> Any:  # noqa: ANN401 (any JSON value)
    ((kind, value),) = attribute.items()
    return _PLAIN[kind](value)


def _text(value: bytes) -> str:
    return b64encode(value).decode()


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        number: int | float = items.plain(Decimal(text))
        return number


_PLAIN: dict[str, Callable[[Any], Any]] = {
    "S": lambda value: value,
    "M": from_item,
    "L": lambda values: [_plain(value) for value in values],
    "BOOL": lambda value: value,
    "NULL": lambda _: None,
    "N": _number,
    "B": lambda value: ForeignValue(B=_text(value)),
    "SS": lambda values: ForeignValue(SS=sorted(values)),
    "NS": lambda values: ForeignValue(NS=sorted(values)),
    "BS": lambda values: ForeignValue(BS=sorted(map(_text, values))),
}

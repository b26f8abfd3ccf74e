"""Checks of values in service files: each takes a value and its position in the file, which its error names."""

import re
from collections.abc import Callable
from typing import TypeVar

from aitrail.errors import AitrailError

T = TypeVar("T")
# Returns the value if it is valid, else raises RegistryError.
Check = Callable[[object, str], T]


class RegistryError(AitrailError):
    """A service file is invalid; the message names the file, what is wrong with it, and what is valid."""


def optional(table: dict[str, object], key: str, where: str, check: Check[tuple[T, ...]]) -> tuple[T, ...]:
    """The checked value of a key of a table, () if the table lacks it."""
    return check(table[key], f"{where}, {key}") if key in table else ()


def keys(value: object, where: str, required: tuple[str, ...], optional: tuple[str, ...]) -> dict[str, object]:
    """The value, which has to be a table with all of the required keys, and no others than the optional ones."""
    if not isinstance(value, dict):
        raise RegistryError(f"{where} is {value!r}; it must be a table with {', '.join(required + optional)}")
    for key in value:
        if key not in required + optional:
            raise RegistryError(f"{where}: unknown key {key!r}; choose from {', '.join(required + optional)}")
    for key in required:
        if key not in value:
            raise RegistryError(f"{where}: {key} is missing; the required ones are {', '.join(required)}")
    return value


def text(pattern: str, meaning: str) -> Check[str]:
    """The check of a text that matches a regular expression as a whole; `meaning` describes valid ones."""

    def check(value: object, where: str) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise RegistryError(f"{where} is {value!r}; it must be {meaning}")
        return value

    return check


def list_of(check: Check[T]) -> Check[tuple[T, ...]]:
    """The check of a list of at least one valid item."""

    def check_all(value: object, where: str) -> tuple[T, ...]:
        if not isinstance(value, list) or not value:
            raise RegistryError(f"{where} is {value!r}; it must be a list of at least one item")
        return tuple(check(item, f"{where}, item {number}") for number, item in enumerate(value, start=1))

    return check_all


def pairs_of(check_name: Check[str], check: Check[T]) -> Check[tuple[tuple[str, T], ...]]:
    """The check of a table with any valid names, as pairs sorted by name."""

    def check_all(value: object, where: str) -> tuple[tuple[str, T], ...]:
        if not isinstance(value, dict):
            raise RegistryError(f"{where} is {value!r}; it must be a table")
        return tuple(
            (check_name(name, f"{where}, name"), check(item, f"{where}, {name}"))
            for name, item in sorted(value.items())
        )

    return check_all

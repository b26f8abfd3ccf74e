"""Reads TOML that may hold anything. Pure."""

import tomllib
from collections.abc import Callable
from typing import Any

# Reading a key of n parts takes n * n steps and as much memory: one of 20,000 parts, half a minute.
_MOST_DOTS = 500


def document_of(content: bytes, *, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """The content of a TOML file in UTF-8. Raises ValueError, which says what is wrong, and errors of `parse_float`.

    256 KB are read in about a second, whatever they are.
    """
    for number, line in enumerate(content.split(b"\n"), 1):
        if line.count(b".") > _MOST_DOTS:
            raise ValueError(f"line {number} has more than {_MOST_DOTS} dots: divide it")
    try:
        return tomllib.loads(content.decode(), parse_float=parse_float)
    except RecursionError as error:
        raise ValueError("its tables or arrays are nested too deeply") from error

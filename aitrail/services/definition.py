"""TOML file -> service.

The file is named after its service (`polly.toml` -> `polly`). Its keys:

    title          its name for people
    event_sources  exact eventSource values, lower case, each in one service only
    lookalikes     shell-style patterns: an unknown eventSource with a matching part may be a new name (optional)
    resource       rules, the first with a value wins: kind and parameters; operations and when (optional)
    used           rules, of which all values are resources that a call uses as well: kind and parameters; operations
                   and when (optional). If no rule of `resource` has a value, the first of these is the resource
    arn_kinds      word in an ARN = kind: such an ARN yields that kind and the first name after the word (optional)
    usage          counts and labels: name = parameters, the first that is present wins (optional)
    streams        operations that begin and end a stream, and the parameters that hold the key of both: begin, end, key
                   (optional)
    api_versions   rules, the first that matches gives `apiVersion`: version; event_sources, operations and when
                   (optional)
    redact         paths of values that aitrail:redact replaces (optional)
    without_resource
                   operations of the AWS SDK that concern no resource, for `make check-services` (optional)

`operations`, `begin` and `end` are shell-style patterns; `when` is parameter = pattern, and a parameter that is absent
matches none.

A parameter is a dotted path, looked up in requestParameters first, then in responseElements. In `used`, a list on the
way stands for all of its elements, and `*` for every member.

A path of `redact` consists of names separated by dots, regardless of case; `*` is any name. It is looked for at every
depth of requestParameters and responseElements. A list on the way stands for all of its elements. The value at the end
is replaced as a whole; where a path should continue but finds no object (a text, say), so is the value found there.
"""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from aitrail.errors import AitrailError
from aitrail.services.rules import Rule, Stream, Version
from aitrail.services.service import Service

_T = TypeVar("_T")
# Takes a value and its position in the file; returns the value if it is valid, else raises RegistryError.
_Check = Callable[[object, str], _T]


_OPTIONAL = (
    *("lookalikes", "resource", "used", "arn_kinds", "usage", "streams", "api_versions", "redact"),
    "without_resource",
)
# Members of a row's `usage` that are not from a service file's counts and labels.
_RESERVED = frozenset(
    {"agent", "apiVersion", "mfa", "originalEventID", "resources", "sharedEventID", "stream", "streamEnd"}
)


class RegistryError(AitrailError):
    """A service file is invalid; the message names the file, what is wrong with it, and what is valid."""


def read_service(path: Path) -> Service:
    """The service that a TOML file describes. Raises RegistryError."""
    name = _NAME(path.stem, f"{path}, name of the file")
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RegistryError(f"{path} cannot be read: {error}; it must be a TOML file in UTF-8") from error
    where = str(path)
    _keys(document, where, ("title", "event_sources"), _OPTIONAL)
    return Service(
        name=name,
        title=_TITLE(document["title"], f"{where}, title"),
        event_sources=tuple(sorted(_SOURCES(document["event_sources"], f"{where}, event_sources"))),
        lookalikes=tuple(sorted(_optional(document, "lookalikes", where, _LOOKALIKES))),
        rules=_optional(document, "resource", where, _list_of(_rule)),
        used=_optional(document, "used", where, _list_of(_rule)),
        arn_kinds=_optional(document, "arn_kinds", where, _ARN_KINDS),
        streams=_optional(document, "streams", where, _list_of(_stream)),
        api_versions=_optional(document, "api_versions", where, _list_of(_version)),
        redact=tuple(sorted(_optional(document, "redact", where, _REDACT))),
        without_resource=tuple(sorted(_optional(document, "without_resource", where, _OPERATIONS))),
        **_usage(document.get("usage", {}), f"{where}, usage"),
    )


def _rule(value: object, where: str) -> Rule:
    table = _keys(value, where, ("kind", "parameters"), ("operations", "when"))
    return Rule(
        kind=_NAME(table["kind"], f"{where}, kind"),
        parameters=_PARAMETERS(table["parameters"], f"{where}, parameters"),
        operations=_optional(table, "operations", where, _OPERATIONS),
        when=_optional(table, "when", where, _WHEN),
    )


def _stream(value: object, where: str) -> Stream:
    table = _keys(value, where, ("begin", "end", "key"), ())
    return Stream(
        begin=_OPERATIONS(table["begin"], f"{where}, begin"),
        end=_OPERATIONS(table["end"], f"{where}, end"),
        key=_PARAMETERS(table["key"], f"{where}, key"),
    )


def _version(value: object, where: str) -> Version:
    table = _keys(value, where, ("version",), ("event_sources", "operations", "when"))
    return Version(
        version=_VERSION(table["version"], f"{where}, version"),
        event_sources=_optional(table, "event_sources", where, _SOURCES),
        operations=_optional(table, "operations", where, _OPERATIONS),
        when=_optional(table, "when", where, _WHEN),
    )


def _usage(value: object, where: str) -> dict[str, tuple[tuple[str, tuple[str, ...]], ...]]:
    table = _keys(value, where, (), ("counts", "labels"))
    usage = {key: _optional(table, key, where, _USAGE) for key in ("counts", "labels")}
    for name in sorted(_RESERVED & (dict(usage["counts"]).keys() | dict(usage["labels"]).keys())):
        raise RegistryError(f"{where}: {name} is a name of aitrail's; choose another one")
    for name in sorted(dict(usage["counts"]).keys() & dict(usage["labels"]).keys()):
        raise RegistryError(f"{where}: {name} is in counts and in labels; a name belongs to one of them")
    return usage


def _optional(table: dict[str, object], key: str, where: str, check: _Check[tuple[_T, ...]]) -> tuple[_T, ...]:
    return check(table[key], f"{where}, {key}") if key in table else ()


def _keys(value: object, where: str, required: tuple[str, ...], optional: tuple[str, ...]) -> dict[str, object]:
    if not isinstance(value, dict):
        raise RegistryError(f"{where} is {value!r}; it must be a table with {', '.join(required + optional)}")
    for key in value:
        if key not in required + optional:
            raise RegistryError(f"{where}: unknown key {key!r}; choose from {', '.join(required + optional)}")
    for key in required:
        if key not in value:
            raise RegistryError(f"{where}: {key} is missing; the required ones are {', '.join(required)}")
    return value


def _text(pattern: str, meaning: str) -> _Check[str]:
    def check(value: object, where: str) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise RegistryError(f"{where} is {value!r}; it must be {meaning}")
        return value

    return check


def _list_of(check: _Check[_T]) -> _Check[tuple[_T, ...]]:
    def check_all(value: object, where: str) -> tuple[_T, ...]:
        if not isinstance(value, list) or not value:
            raise RegistryError(f"{where} is {value!r}; it must be a list of at least one item")
        return tuple(check(item, f"{where}, item {number}") for number, item in enumerate(value, start=1))

    return check_all


def _pairs_of(check_name: _Check[str], check: _Check[_T]) -> _Check[tuple[tuple[str, _T], ...]]:
    def check_all(value: object, where: str) -> tuple[tuple[str, _T], ...]:
        if not isinstance(value, dict):
            raise RegistryError(f"{where} is {value!r}; it must be a table")
        return tuple(
            (check_name(name, f"{where}, name"), check(item, f"{where}, {name}"))
            for name, item in sorted(value.items())
        )

    return check_all


_NAME = _text(r"[a-z][a-z0-9-]{0,63}", "a lower-case name such as `dataset-group`")
_TITLE = _text(r"\S(.*\S)?", "a title such as `Amazon Polly`")
_PARAMETERS = _list_of(_text(r"[^\s.]+(\.[^\s.]+)*", "a dotted path such as `synthesisTask.taskId`"))
_SOURCES = _list_of(_text(r"[a-z0-9-]+(\.[a-z0-9-]+)+", "a lower-case host name such as `polly.amazonaws.com`"))
_LOOKALIKES = _list_of(_text(r"[a-z0-9*?\[\]]+", "a lower-case pattern such as `polly*`, without dots and hyphens"))
_OPERATIONS = _list_of(_text(r"[A-Za-z0-9_*?\[\]!-]+", "an operation or a pattern such as `*Lexicon`"))
_ARN_KINDS = _pairs_of(_text(r"[^\s/:]+", "a word in an ARN such as `bot-alias`"), _NAME)
_WHEN = _pairs_of(_text(r"[^\s.]+(\.[^\s.]+)*", "a dotted path"), _text(r".+", "a text such as `BOT`"))
_VERSION = _text(r"[a-z0-9.-]{1,16}", "a version such as `v2`")
_REDACT = _list_of(_text(r"[^\s.*]+(\.([^\s.*]+|\*))*", "a path of names and `*` such as `slots.*`"))
_USAGE = _pairs_of(_text(r"[A-Za-z][A-Za-z0-9]{0,63}", "a name such as `requestCharacters`"), _PARAMETERS)

"""One service: what a record of it acted on, and what it used.

`requestParameters` and `responseElements` are read as any JSON value: what has another shape than expected counts
as absent. Names match in any upper and lower case, because CloudTrail's spelling of acronyms varies.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeVar

_API_DATE = re.compile(r"(?<=[A-Za-z])(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:_?v[0-9]+)?\Z")

# arn:partition:service:region:account:resource, where resource is kind/name, kind:name or a name alone.
_ARN = re.compile(r"arn(?::[^:]*){4}:(?P<kind>[^/:]+)(?:(?P<separator>[/:])(?P<name>.+))?", re.DOTALL)

_HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"

# Usage is copied into every index, whose entries should stay below 1 KB.
_MAX_LABEL = 64
# Far above any real count, far below the 38 digits that DynamoDB keeps.
_MAX_COUNT = 2**63 - 1

_T = TypeVar("_T")
_Members = dict[str, object]


def operation_of(event_name: str) -> str:
    """The API operation: eventName without a trailing API date (`SynthesizeSpeech20161128`, `…20150331v2`).

    Source: Amazon Polly Developer Guide, "Logging Amazon Polly API calls with AWS CloudTrail"; `vN` and `_vN`
    follow the date in records of other services.
    """
    return _API_DATE.sub("", event_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The first usable value of `parameters` is a resource of that kind, if `operations` and `when` allow.

    `operations` are shell-style patterns, () for every operation; `when` are (parameter, value) pairs to be equal.
    """

    kind: str
    operations: tuple[str, ...] = ()
    when: tuple[tuple[str, str], ...] = ()
    parameters: tuple[str, ...]

    def applies(self, operation: str, sides: Iterable[_Members]) -> bool:
        """Whether the rule is meant for this operation and these parameters."""
        if self.operations and not any(fnmatchcase(operation, pattern) for pattern in self.operations):
            return False
        return all(_first((parameter,), sides, _text) == value for parameter, value in self.when)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service of the registry: one TOML file, checked.

    `arn_kinds` are (word in an ARN, kind) pairs; `counts` and `labels` are (name, parameters) pairs.
    A parameter is a dotted path, looked up in requestParameters first, then in responseElements.
    """

    name: str
    title: str
    event_sources: tuple[str, ...]
    lookalikes: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    arn_kinds: tuple[tuple[str, str], ...] = ()
    counts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def resource_of(self, operation: str, request: object, response: object) -> str | None:
        """What the operation acted on, as `kind/name`; None where it names nothing. The length is not limited."""
        sides = (_members(request), _members(response))
        for rule in self.rules:
            if rule.applies(operation, sides):
                value = _first(rule.parameters, sides, _text)
                if value is not None:
                    return self._resource(rule.kind, value)
        return None

    @property
    def resource_kinds(self) -> frozenset[str]:
        """What stands before the slash of its resources, as far as rules and `arn_kinds` name it."""
        return frozenset([rule.kind for rule in self.rules] + [kind for _, kind in self.arn_kinds])

    def resource_at(self, arn: str) -> str | None:
        """The resource that an ARN names, as `kind/name`; None for any other text, and for an ARN without a kind."""
        found = _ARN.fullmatch(arn)
        return self._resource("", arn) if found and found["name"] else None

    def _resource(self, kind: str, value: str) -> str:
        arn = _ARN.fullmatch(value)
        if arn is None:
            return f"{kind}/{value}"
        if arn["name"] is None:
            return f"{kind}/{arn['kind']}"
        for word, arn_kind in self.arn_kinds:
            if word == arn["kind"]:
                return f"{arn_kind}/{arn['name'].split(arn['separator'])[0]}"
        return f"{arn['kind']}/{arn['name']}"

    def usage_of(self, request: object, response: object) -> dict[str, str | int | bool]:
        """What the call used: counts (0 to 2**63 - 1) and labels (a bool, or a text of 1 to 64 characters)."""
        sides = (_members(request), _members(response))
        counts = {name: _first(parameters, sides, _count) for name, parameters in self.counts}
        labels = {name: _first(parameters, sides, _label) for name, parameters in self.labels}
        return {name: value for name, value in (counts | labels).items() if value is not None}


def _members(value: object) -> _Members:
    """The members of a JSON object, each under its own name and, where that is free, in lower case."""
    if not isinstance(value, dict):
        return {}
    # Reversed, so that the first of several spellings wins.
    return {name.lower(): member for name, member in reversed(value.items()) if isinstance(name, str)} | value


def _at(members: _Members, path: str) -> object:
    """The value at a dotted path, None where there is none; on the way a list stands for its first element."""
    name, _, rest = path.partition(".")
    value = members.get(name)
    if value is None:
        value = members.get(name.lower())
    if not rest:
        return value
    if isinstance(value, list):
        value = value[0] if value else None
    return _at(_members(value), rest)


def _first(parameters: Iterable[str], sides: Iterable[_Members], accept: Callable[[object], _T]) -> _T | None:
    """The first accepted value: parameter by parameter, in the request, then in the response."""
    for parameter in parameters:
        for members in sides:
            value = accept(_at(members, parameter))
            if value is not None:
                return value
    return None


def _text(value: object) -> str | None:
    """The string, or the first of a list, that is neither empty nor redacted."""
    for text in value if isinstance(value, list) else (value,):
        if isinstance(text, str) and text.strip("*") and text != _HIDDEN:
            return text
    return None


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= _MAX_COUNT else None


def _label(value: object) -> str | bool | None:
    if isinstance(value, bool):
        return value
    text = _text(value)
    return text if text is not None and len(text) <= _MAX_LABEL else None

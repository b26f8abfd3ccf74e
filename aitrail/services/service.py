"""One service: derives the resource that a record acted on, and its usage.

`requestParameters` and `responseElements` may be any JSON value: a value of an unexpected shape counts as absent.
Names match regardless of case, because CloudTrail's spelling of acronyms varies.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, cached_property, lru_cache
from typing import TypeVar

_API_DATE = re.compile(r"(?<=[A-Za-z])(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:_?v[0-9]+)?\Z")

# arn:partition:service:region:account:resource, where resource is kind/name, kind:name or only a name.
_ARN = re.compile(r"arn(?::[^:]*){4}:(?P<kind>[^/:]+)(?:(?P<separator>[/:])(?P<name>.+))?", re.DOTALL)

_HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"

# Usage is copied into every index, whose entries should stay below 1 KB.
_MAX_LABEL = 64
# Far above any real count, far below the 38 digits that DynamoDB stores.
_MAX_COUNT = 2**63 - 1

_T = TypeVar("_T")
_Members = dict[str, object]


def operation_of(event_name: str) -> str:
    """The API operation: eventName without a trailing API date (`SynthesizeSpeech20161128`, `…20150331v2`).

    Source: Amazon Polly Developer Guide, "Logging Amazon Polly API calls with AWS CloudTrail"; `vN` and `_vN`
    follow the date in records of other services.
    """
    return _API_DATE.sub("", event_name)


def is_redacted(text: str) -> bool:
    """Whether CloudTrail has left nothing of a text: it is empty, asterisks, or HIDDEN_DUE_TO_SECURITY_REASONS."""
    return not text.strip("*") or text == _HIDDEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule: the first usable value of `parameters` is a resource of that kind, if `operations` and `when` match.

    `operations` are shell-style patterns, () for every operation; `when` holds (parameter, value) pairs that must
    match.
    """

    kind: str
    operations: tuple[str, ...] = ()
    when: tuple[tuple[str, str], ...] = ()
    parameters: tuple[str, ...]

    def applies(self, operation: str, sides: Iterable[_Members]) -> bool:
        """Whether the rule applies to this operation and these parameters."""
        if self.operations and not any(_is_like(operation, pattern) for pattern in self.operations):
            return False
        return all(_first((parameter,), sides, _text) == value for parameter, value in self.when)


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service of the registry, read from one TOML file and validated.

    `arn_kinds` are (word in an ARN, kind) pairs; `counts` and `labels` are (name, parameters) pairs.
    A parameter is a dotted path, looked up in requestParameters first, then in responseElements. `redact` are the paths
    of values that can be redacted.
    """

    name: str
    title: str
    event_sources: tuple[str, ...]
    lookalikes: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    arn_kinds: tuple[tuple[str, str], ...] = ()
    counts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    redact: tuple[str, ...] = ()

    def resource_of(self, operation: str, request: object, response: object) -> str | None:
        """The resource that the operation acted on, as `kind/name`, or None. The length is not limited."""
        return self.attributes_of(operation, request, response)[0]

    @property
    def resource_kinds(self) -> frozenset[str]:
        """The kinds of its resources (the part before the slash) that rules and `arn_kinds` name."""
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
        """The usage of a call: counts (0 to 2**63 - 1) and labels (a bool, or a text of 1 to 64 characters)."""
        return self.attributes_of("", request, response)[1]

    def attributes_of(
        self, operation: str, request: object, response: object
    ) -> tuple[str | None, dict[str, str | int | bool]]:
        """The results of `resource_of` and `usage_of`, in one pass."""
        sides = _sides(request, response)
        # Most rules and fields match nothing in a record: only those whose first name is present are tried.
        concerned = {number for members in sides for name in members for number in self._places.get(name, ())}
        resource, usage = None, dict[str, str | int | bool]()
        for number in sorted(concerned):
            if number >= len(self.rules):
                name, parameters, accept = self._usage[number - len(self.rules)]
                value = _first(parameters, sides, accept)
                if value is not None:
                    usage[name] = value
            elif resource is None:
                resource = self._resource_by(self.rules[number], operation, sides)
        return resource, usage

    def _resource_by(self, rule: Rule, operation: str, sides: Sequence[_Members]) -> str | None:
        value = _first(rule.parameters, sides, _text) if rule.applies(operation, sides) else None
        return None if value is None else self._resource(rule.kind, value)

    @cached_property
    def _places(self) -> Mapping[str, Sequence[int]]:
        """Name in lower case -> numbers of the rules, then of the usage fields, with a path that begins with it."""
        places: dict[str, list[int]] = {}
        all_parameters = [rule.parameters for rule in self.rules] + [parameters for _, parameters, _ in self._usage]
        for number, parameters in enumerate(all_parameters):
            for name in {_steps(path)[1] for path in parameters}:
                places.setdefault(name, []).append(number)
        return places

    @cached_property
    def _usage(self) -> Sequence[tuple[str, tuple[str, ...], Callable[[object], str | int | bool | None]]]:
        return [(*count, _count) for count in self.counts] + [(*label, _label) for label in self.labels]


# A record names one operation, and many records name the same.
_is_like = lru_cache(maxsize=4096)(fnmatchcase)


def _sides(request: object, response: object) -> tuple[_Members, ...]:
    """The members of request and response, leaving out one that is empty."""
    return tuple(members for members in (_members(request), _members(response)) if members)


def _members(value: object) -> _Members:
    """The members of a JSON object, each under its own name and, unless that is taken, under the name in lower case."""
    if not isinstance(value, dict):
        return {}
    # Reversed, so that the first of several spellings wins.
    return {name.lower(): member for name, member in reversed(value.items()) if isinstance(name, str)} | value


@cache  # the only paths are those in the service files
def _steps(path: str) -> tuple[str, str, str | None]:
    """The first name of a dotted path, that name in lower case, and the rest of the path (None if there is none)."""
    name, _, rest = path.partition(".")
    return name, name.lower(), rest or None


def _at(members: _Members, path: str) -> object:
    """The value at a dotted path, None if there is none; within the path, a list is replaced by its first element."""
    name, lower, rest = _steps(path)
    value = members.get(name)
    if value is None:
        value = members.get(lower)
    if rest is None or value is None:
        return value
    if isinstance(value, list):
        value = value[0] if value else None
    return _at(_members(value), rest)


def _first(parameters: Iterable[str], sides: Iterable[_Members], accept: Callable[[object], _T]) -> _T | None:
    """The first accepted value: for each parameter in turn, from the request, then from the response."""
    for parameter in parameters:
        for members in sides:
            value = accept(_at(members, parameter))
            if value is not None:
                return value
    return None


def _text(value: object) -> str | None:
    """The string, or the first string of a list, that is neither empty nor redacted."""
    for text in (value,) if isinstance(value, str) else value if isinstance(value, list) else ():
        if isinstance(text, str) and not is_redacted(text):
            return text
    return None


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= _MAX_COUNT else None


def _label(value: object) -> str | bool | None:
    if isinstance(value, bool):
        return value
    text = _text(value)
    return text if text is not None and len(text) <= _MAX_LABEL else None

"""One service: derives the resource that a record acted on, and its usage.

`requestParameters` and `responseElements` may be any JSON value: a value of an unexpected shape counts as absent.
Names match regardless of case, because CloudTrail's spelling of acronyms varies.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, lru_cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from msgspec import structs

from aitrail.services.parameters import (
    ADDITIONAL,
    Members,
    all_texts,
    count_of,
    first,
    first_name,
    label_of,
    sides_of,
    text_of,
)
from aitrail.services.rules import Amount, Rule, Stream, Version

_API_DATE = re.compile(r"(?<=[A-Za-z])(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:_?v[0-9]+)?\Z")

# The name of a count or label, its parameters, and what makes its value of theirs.
_Usage = tuple[str, tuple[str, ...], Callable[[object], str | int | bool | None]]
# What hostile records make up must not fill the memory.
_MOST_SETS_OF_NAMES = 1024

# arn:partition:service:region:account:resource, where resource is kind/name, kind:name or only a name.
_ARN = re.compile(r"arn(?::[^:]*){4}:(?P<kind>[^/:]+)(?:(?P<separator>[/:])(?P<name>.+))?", re.DOTALL)


def operation_of(event_name: str) -> str:
    """The API operation: eventName without a trailing API date (`SynthesizeSpeech20161128`, `…20150331v2`).

    Source: Amazon Polly Developer Guide, "Logging Amazon Polly API calls with AWS CloudTrail"; `vN` and `_vN`
    follow the date in records of other services.
    """
    return _API_DATE.sub("", event_name)


class Attributes(NamedTuple):
    """What a service makes of a record.

    `resource` is what the call concerns; `used` are further resources that it uses, of `used_kinds`; both as
    `kind/name`, of any length. `usage` has counts (0 to 2**63 - 1), labels (a bool, or a text of 1 to 64 characters),
    and what `streams` and `api_versions` say.
    """

    resource: str | None
    used: tuple[str, ...]
    usage: dict[str, str | int | bool]


class _Concerning(NamedTuple):
    """Rules, counts and labels, and rules of `used`; each with some of its parameters."""

    rules: Sequence[Rule]
    usage: Sequence[_Usage]
    used: Sequence[Rule]


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service of the registry, read from one TOML file and validated.

    `arn_kinds` are (word in an ARN, kind) pairs; `counts` and `labels` are (name, parameters) pairs.
    A parameter is a dotted path, looked up in requestParameters first, then in responseElements; one that begins with
    `additionalEventData` is looked up there. `redact` are the paths of values that can be redacted. `without_resource`
    are operations that concern no resource. `folder` is that of the user's own files, None for a file of aitrail's.
    """

    name: str
    title: str
    event_sources: tuple[str, ...]
    lookalikes: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    arn_kinds: tuple[tuple[str, str], ...] = ()
    counts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    amounts: tuple[Amount, ...] = ()
    used: tuple[Rule, ...] = ()
    streams: tuple[Stream, ...] = ()
    api_versions: tuple[Version, ...] = ()
    redact: tuple[str, ...] = ()
    without_resource: tuple[str, ...] = ()
    folder: Path | None = field(default=None, compare=False)

    def __getstate__(self) -> dict[str, object]:
        """Only what was given: other processes derive the rest again."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @property
    def file(self) -> Path:
        """The name of its file, for messages: with the folder, if it is one of the user's own."""
        return (self.folder or Path()) / f"{self.name}.toml"

    def resource_of(self, operation: str, request: object, response: object) -> str | None:
        """The resource that the operation acted on, as `kind/name`, or None. The length is not limited."""
        return self.attributes_of(operation, request, response).resource

    def deriving(self, usage: Collection[str]) -> "Service":
        """The service as far as it derives these members of usage, and those of streams; it derives no resource."""
        return replace(
            self,
            rules=(),
            used=(),
            counts=tuple(each for each in self.counts if each[0] in usage),
            labels=tuple(each for each in self.labels if each[0] in usage),
            api_versions=self.api_versions if "apiVersion" in usage else (),
        )

    @cached_property
    def derives_nothing(self) -> bool:
        """Whether `attributes_of` is empty for all records."""
        return not (self._names or self.streams or self.api_versions)

    @property
    def resource_kinds(self) -> frozenset[str]:
        """The kinds of its resources (the part before the slash) that rules and `arn_kinds` name."""
        return frozenset([rule.kind for rule in self.rules + self.used] + [kind for _, kind in self.arn_kinds])

    @cached_property
    def used_kinds(self) -> frozenset[str]:
        """The kinds of resources of which a call may have several."""
        return frozenset(rule.kind for rule in self.used)

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
        """The counts and labels of a call."""
        return self.attributes_of("", request, response).usage

    def attributes_of(
        self, operation: str, request: object, response: object, event_source: str = "", additional: object = None
    ) -> Attributes:
        """Everything that the service file says about a record, in one pass.

        `additional` is its additionalEventData, any JSON value as well.
        """
        sides = sides_of(request, response, additional if ADDITIONAL in self._names_beside_used else None)
        rules, of_usage, rules_of_used = self._concerning(self._names.intersection(chain.from_iterable(sides)))
        resource = None
        for rule in rules:
            if (resource := self._resource_by(rule, operation, sides)) is not None:
                break
        found = {name: first(parameters, sides, accept) for name, parameters, accept in of_usage}
        usage = {name: value for name, value in found.items() if value is not None}
        for stream in self.streams:
            usage |= stream.usage_of(operation, sides)
        for version in self.api_versions:
            if version.applies(event_source.lower(), operation, sides):
                usage["apiVersion"] = version.version
                break
        if not rules_of_used:
            return Attributes(resource, (), usage)
        used = dict.fromkeys(self._used_by(rules_of_used, operation, sides))
        resource = resource or next(iter(used), None)
        return Attributes(resource, tuple(each for each in used if each != resource), usage)

    def begins_stream(self, operation: str) -> bool:
        """Whether an operation begins a stream, which another record ends."""
        return any(stream.is_begun_by(operation) for stream in self.streams)

    def ends_stream(self, operation: str) -> bool:
        """Whether an operation is that of records that end a stream; the API has none of this name."""
        return any(stream.is_ended_by(operation) for stream in self.streams)

    def _resource_by(self, rule: Rule, operation: str, sides: Sequence[Members]) -> str | None:
        value = first(rule.parameters, sides, text_of) if rule.applies(operation, sides) else None
        return None if value is None else self._resource(rule.kind, value)

    def _used_by(self, rules: Iterable[Rule], operation: str, sides: Sequence[Members]) -> Iterator[str]:
        """The resources that `used` names; a parameter is of the kind of the first rule that applies and has it."""
        seen = set[str]()
        for rule in rules:
            if rule.applies(operation, sides):
                for path in rule.parameters:
                    if path not in seen:
                        seen.add(path)
                        yield from (self._resource(rule.kind, text) for text in all_texts(path, sides))

    @cached_property
    def _names(self) -> frozenset[str]:
        """The first names of all parameters, in lower case."""
        return self._names_beside_used | {first_name(path) for rule in self.used for path in rule.parameters}

    @cached_property
    def _names_beside_used(self) -> frozenset[str]:
        all_parameters = [rule.parameters for rule in self.rules] + [parameters for _, parameters, _ in self._usage]
        return frozenset(first_name(path) for parameters in all_parameters for path in parameters)

    @cached_property
    def _concerning(self) -> Callable[[frozenset[str]], _Concerning]:
        """What the service file says of parameters that begin with one of these names, in lower case."""
        # Most of it concerns nothing in a record. The records of an operation have few different sets of these names.
        return lru_cache(_MOST_SETS_OF_NAMES)(self._concerning_of)

    def _concerning_of(self, names: frozenset[str]) -> _Concerning:
        def present(parameters: Iterable[str]) -> tuple[str, ...]:
            return tuple(path for path in parameters if first_name(path) in names)

        def concerning(rules: Iterable[Rule]) -> Sequence[Rule]:
            return [structs.replace(rule, parameters=found) for rule in rules if (found := present(rule.parameters))]

        usage = [(name, found, accept) for name, paths, accept in self._usage if (found := present(paths))]
        return _Concerning(concerning(self.rules), usage, concerning(self.used))

    @cached_property
    def _usage(self) -> Sequence[_Usage]:
        return [(*count, count_of) for count in self.counts] + [(*label, label_of) for label in self.labels]

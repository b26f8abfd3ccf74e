"""The rules of a service file: a call's resources and amounts, the two records of a stream, the version of the API."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache

from msgspec import Struct

from aitrail.services.parameters import Members, first, shortened, text_of


@lru_cache(maxsize=4096)  # a record names one operation, and many records name the same
def _is_one_of(operation: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(operation, pattern) for pattern in patterns)


def _holds(when: Iterable[tuple[str, str]], sides: Sequence[Members]) -> bool:
    for parameter, pattern in when:
        text = first((parameter,), sides, text_of)
        if text is None or not fnmatchcase(text, pattern):
            return False
    return True


class Rule(Struct, frozen=True, kw_only=True):
    """A rule: usable values of `parameters` are resources of that kind, if `operations` and `when` match.

    `operations` are shell-style patterns, () for every operation; `when` holds (parameter, pattern) pairs that must
    match.
    """

    kind: str
    operations: tuple[str, ...] = ()
    when: tuple[tuple[str, str], ...] = ()
    parameters: tuple[str, ...]

    def applies(self, operation: str, sides: Sequence[Members]) -> bool:
        """Whether the rule applies to this operation and these parameters."""
        return (not self.operations or _is_one_of(operation, self.operations)) and _holds(self.when, sides)


class Amount(Struct, frozen=True, kw_only=True):
    """What queries add up under a `name`: a count of calls. Records of successful `operations` should have it.

    `metric` is the namespace and name of CloudWatch's metric with the same total, "" if there is none.
    """

    name: str
    count: str
    operations: tuple[str, ...]
    metric: str = ""

    def is_due(self, operation: str) -> bool:
        """Whether the record of such a call should have the count."""
        return _is_one_of(operation, self.operations)


class Stream(Struct, frozen=True, kw_only=True):
    """Two records of one stream: one of an operation like `begin` and one like `end`, with the same value of `key`."""

    begin: tuple[str, ...]
    end: tuple[str, ...]
    key: tuple[str, ...]

    def is_begun_by(self, operation: str) -> bool:
        """Whether the operation is one of `begin`."""
        return _is_one_of(operation, self.begin)

    def is_ended_by(self, operation: str) -> bool:
        """Whether the operation is one of `end`."""
        return _is_one_of(operation, self.end)

    def usage_of(self, operation: str, sides: Sequence[Members]) -> dict[str, str | int | bool]:
        """`streamEnd` if the operation ends a stream, and `stream`, the key, if the record has it."""
        is_end = self.is_ended_by(operation)
        if not is_end and not self.is_begun_by(operation):
            return {}
        key = first(self.key, sides, text_of)
        usage: dict[str, str | int | bool] = {"streamEnd": True} if is_end else {}
        return usage if key is None else usage | {"stream": shortened(key)}


class Version(Struct, frozen=True, kw_only=True):
    """A version of a service's API, which is called if event source, operation and parameters all match.

    () and no `when` match everything.
    """

    version: str
    event_sources: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    when: tuple[tuple[str, str], ...] = ()

    def applies(self, event_source: str, operation: str, sides: Sequence[Members]) -> bool:
        """Whether a record with this eventSource, in lower case, is of this version."""
        return (
            (not self.event_sources or event_source in self.event_sources)
            and (not self.operations or _is_one_of(operation, self.operations))
            and _holds(self.when, sides)
        )

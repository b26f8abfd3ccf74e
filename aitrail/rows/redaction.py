"""Replaces values of a record that people should not read by keyed hashes; service files name these values (`redact`).

The same value under the same key always gives the same hash, so rows can still be grouped by it. The hash is keyed
because a plain hash of a short value, such as a name or a phone number, can be guessed.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from aitrail.dynamodb import items
from aitrail.rows.rejects import Reject
from aitrail.services import Registry, is_redacted

# The fields of a record that are searched.
SEARCHED = ("requestParameters", "responseElements")
_MESSAGE = "errorMessage"
_MARK = "hmac:"
_MARK_DIGITS = 32
_FINGERPRINT_DIGITS = 8
# A value nested more deeply is replaced as a whole, so that no record exhausts Python's stack.
_MAX_DEPTH = 64
# Hashes may be longer than what they replace: a field in which hashes and paths would take more is replaced as a whole.
_MAX_BYTES = 64 * 1024
# A shorter text in an error message may be any word.
_MIN_QUOTED = 4

# What is left of a path: names in lower case, and `*` for any name. () is the end of a path.
_Rest = tuple[str, ...]


class Redaction:
    """Redacts the records of a registry's services.

    `key` returns the secret key; it is called once, when the first value is redacted. `key_name` identifies the key
    without disclosing it, such as the ARN of the secret that contains it.
    """

    def __init__(self, registry: Registry, *, key_name: str, key: Callable[[], bytes]) -> None:
        self._registry = registry
        self._key_name = key_name
        self._read_key = key
        self._beginnings: dict[str, dict[str, tuple[_Rest, ...]]] = {}

    @cached_property
    def fingerprint(self) -> str:
        """8 hex digits that depend on the paths of all services and on the name of the key, but not on the key."""
        import hashlib  # noqa: PLC0415 (loads OpenSSL, which conditions on the command line seldom need)

        paths = {service.name: service.redact for service in self._registry.services}
        return hashlib.sha256(items.json_text([self._key_name, paths]).encode()).hexdigest()[:_FINGERPRINT_DIGITS]

    def mark(self, value: object) -> str:
        """`hmac:` and 32 hex digits: the first half of the HMAC-SHA-256 of the value's canonical JSON.

        Raises RecursionError if the value is nested too deeply to be written as JSON.
        """
        import hmac  # noqa: PLC0415 (as above)

        return _MARK + hmac.digest(self._key, items.json_bytes(value), "sha256").hex()[:_MARK_DIGITS]

    @cached_property
    def _key(self) -> bytes:
        return self._read_key()

    def applied(self, record: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """The redacted record, and JSON Pointers (RFC 6901) to the replaced values, sorted; shares all other values.

        A text of at least 4 characters that was replaced is also replaced where errorMessage quotes it. Raises Reject
        if a value is nested too deeply.
        """
        beginnings = self._beginnings_of(str(record.get("eventSource")))
        changed: dict[str, Any] = {}
        pointers, hidden = list[str](), list[object]()
        try:
            for name in SEARCHED:
                if isinstance(record.get(name), dict | list):
                    search = _Search(beginnings, self.mark)
                    changed[name] = search.all_of(record[name], f"/{name}")
                    pointers += search.pointers
                    hidden += search.hidden
        except RecursionError:
            raise Reject("the record is nested too deeply to be written as JSON") from None
        if not pointers:
            return record, []
        message = record.get(_MESSAGE)
        if isinstance(message, str) and (unquoted := self._unquoted(message, hidden)) != message:
            changed[_MESSAGE] = unquoted
            pointers.append(f"/{_MESSAGE}")
        return record | changed, sorted(pointers)

    def _unquoted(self, message: str, hidden: list[object]) -> str:
        """The message with the hidden values that it quotes replaced, longer ones first."""
        leaves = {_quotable(leaf): leaf for value in hidden for leaf in _leaves(value)}
        found = [text for text in leaves if len(text) >= _MIN_QUOTED and text in message]
        if not found:
            return message
        either = "|".join(map(re.escape, sorted(found, key=len, reverse=True)))
        redacted = re.sub(either, lambda match: self.mark(leaves[match[0]]), message)
        return redacted if len(redacted) <= _MAX_BYTES else self.mark(message)

    def _beginnings_of(self, event_source: str) -> dict[str, tuple[_Rest, ...]]:
        """First name of a path -> what follows it; for an unknown source, of the paths of all services."""
        service = self._registry.service(event_source)
        name = service.name if service else ""
        if name not in self._beginnings:
            beginnings: dict[str, tuple[_Rest, ...]] = {}
            for each in [service] if service else self._registry.services:
                for path in each.redact:
                    first, *rest = path.lower().split(".")
                    beginnings[first] = (*beginnings.get(first, ()), tuple(rest))
            self._beginnings[name] = beginnings
        return self._beginnings[name]


def redacted(record: dict[str, Any], redaction: Redaction | None) -> tuple[dict[str, Any], list[str]]:
    """The record as `redaction` leaves it, and pointers to the replaced values; without one, the record itself.

    Raises Reject.
    """
    return (record, []) if redaction is None else redaction.applied(record)


class _TooManyError(Exception):
    """Hashes and paths would take too much space."""


class _Search:
    """The search of one field: `pointers` to the values that it has replaced, and the values, `hidden`."""

    def __init__(self, beginnings: dict[str, tuple[_Rest, ...]], mark: Callable[[object], str]) -> None:
        self.pointers: list[str] = []
        self.hidden: list[object] = []
        self._beginnings = beginnings
        self._mark = mark
        self._bytes = 0

    def all_of(self, value: object, pointer: str) -> object:
        """The field with its values replaced."""
        try:
            return self._value(value, (), pointer, 1)
        except _TooManyError:
            self.pointers, self.hidden = [pointer], [value]
            return self._mark(value)

    def _value(self, value: object, rests: tuple[_Rest, ...], pointer: str, depth: int) -> object:
        """A value, at which `rests` of paths have arrived; the same object if nothing in it is replaced."""
        is_container = isinstance(value, dict | list)
        if () in rests or (rests and not is_container) or (is_container and depth > _MAX_DEPTH):
            return self._replaced(value, pointer)
        if isinstance(value, list):
            changed = [self._value(item, rests, f"{pointer}/{index}", depth + 1) for index, item in enumerate(value)]
            return changed if any(new is not old for new, old in zip(changed, value, strict=True)) else value
        if not isinstance(value, dict):
            return value
        members: dict[str, object] = {}
        for name, member in value.items():
            lower = name.lower()
            following = self._beginnings.get(lower, ())
            if rests:
                following += tuple(rest[1:] for rest in rests if rest[0] in ("*", lower))
            if following or type(member) is dict or type(member) is list:
                new = self._value(member, following, f"{pointer}/{items.escaped(name)}", depth + 1)
                if new is not member:
                    members[name] = new
        return value | members if members else value

    def _replaced(self, value: object, pointer: str) -> object:
        if value is None or value in ([], {}) or (isinstance(value, str) and is_redacted(value)):
            return value  # nothing that could be hidden
        stored, mark = items.encodable(pointer), self._mark(value)
        self._bytes += len(stored.encode()) + len(mark)
        if self._bytes > _MAX_BYTES:
            raise _TooManyError
        self.pointers.append(stored)
        self.hidden.append(value)
        return mark


def _leaves(value: object) -> Iterator[object]:
    """The values within a value that are neither objects nor lists; names of members as well."""
    pending = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, dict):
            pending += [*each, *each.values()]
        elif isinstance(each, list):
            pending += each
        else:
            yield each


def _quotable(leaf: object) -> str:
    """A leaf as a message would quote it; empty for flags and null, which every message may contain."""
    if isinstance(leaf, str):
        return leaf
    return "" if leaf is None or isinstance(leaf, bool) else json.dumps(leaf)

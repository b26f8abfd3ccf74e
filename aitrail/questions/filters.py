"""Filters: the conditions of a question on the narrow columns of rows, and a predicate that tests rows."""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Self, Unpack

from aitrail.questions.conditions import COLUMNS, Conditions, checked
from aitrail.questions.resources import concerns
from aitrail.questions.spellings import is_pattern
from aitrail.services import Registry

_Test = Callable[[object], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Conditions that a row must all meet; of several values of one condition, any may match. () is no condition.

    The ARN of a principal means its name, in any account; the ARN of a resource its name in that account and Region.
    `resource` means any resource of a call, also further ones in `usage`. `principal_account` is the caller's own
    account, `account` the account that was called.
    `operation`, `principal`, `resource` and `source_ip` accept shell-style patterns (*, ?, [abc]); a value that is
    identical to the pattern also matches. [*], [?] and [[] match the characters themselves. `source_ip` also accepts
    networks (203.0.113.0/24). With `read_only` False, calls without this information count as writing.
    """

    service: tuple[str, ...] = ()
    operation: tuple[str, ...] = ()
    principal: tuple[str, ...] = ()
    principal_account: tuple[str, ...] = ()
    resource: tuple[str, ...] = ()
    account: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    outcome: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()
    source_ip: tuple[str, ...] = ()
    access_key: tuple[str, ...] = ()
    event_category: tuple[str, ...] = ()
    read_only: bool | None = None

    @classmethod
    def of(cls, registry: Registry | None = None, **conditions: Unpack[Conditions]) -> Self:
        """The filter with these conditions, with values spelled as in rows. Raises ConditionError."""
        return cls(**checked(conditions, registry))

    def of_indexes(self) -> Self:
        """The filter with only the conditions that an index can answer."""
        return type(self)(service=self.service, principal=self.principal, resource=self.resource)

    def matcher(self) -> Callable[[dict[str, Any]], bool]:
        """A predicate: True if a row, narrow or whole, meets all conditions."""
        tests = [
            (column, _TESTS.get(name, _equals)(values))
            for name, column in COLUMNS.items()
            if name != "resource" and (values := getattr(self, name))
        ]
        is_concerned = concerns(self.resource) if self.resource else None

        def matches(row: dict[str, Any]) -> bool:
            if self.read_only is not None and (row.get("readOnly") is True) is not self.read_only:
                return False
            if is_concerned and not is_concerned(row):
                return False
            return all(test(row.get(column)) for column, test in tests)

        return matches

    def exact(self, name: str) -> tuple[str, ...]:
        """The values of a condition if a row has to equal one of them; () if it does not, or without the condition."""
        values: tuple[str, ...] = getattr(self, name)
        if name == "event_category" or any(map(is_pattern, values)):
            return ()
        # An IPv6 address can be spelled in several ways.
        return () if name == "source_ip" and any("/" in value or ":" in value for value in values) else values


def _equals(values: tuple[str, ...]) -> _Test:
    return lambda value: isinstance(value, str) and value in values


def _is_like(values: tuple[str, ...]) -> _Test:
    return lambda value: (
        isinstance(value, str) and (value in values or any(fnmatchcase(value, pattern) for pattern in values))
    )


def _comes_from(values: tuple[str, ...]) -> _Test:
    networks = [network for network in map(_network, values) if network]
    is_like = _is_like(values)

    def test(value: object) -> bool:
        if is_like(value):
            return True
        address = _network(value) if networks else None
        return address is not None and any(address.network_address in network for network in networks)

    return test


def _network(value: object) -> IPv4Network | IPv6Network | None:
    """The network, or an address as a network of one address; None for names such as lex.amazonaws.com."""
    try:
        return ip_network(value, strict=False) if isinstance(value, str) else None
    except ValueError:
        return None


def _has_category(values: tuple[str, ...]) -> _Test:
    # Records before version 1.07 (2019) do not contain the category.
    return lambda value: (value or "Management") in values


_TESTS = {
    "operation": _is_like,
    "principal": _is_like,
    "source_ip": _comes_from,
    "event_category": _has_category,
}

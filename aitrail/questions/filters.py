"""Filters: the conditions of a question on the narrow columns of rows, and a predicate that tests rows."""

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Self, Unpack

from msgspec import Struct
from msgspec.structs import replace

from aitrail.deliveries import EVERYWHERE, Needed, Origins
from aitrail.questions.conditions import COLUMNS, NAMED, Conditions, checked
from aitrail.questions.naming import NOTHING_NAMED, Naming
from aitrail.questions.resources import concerns
from aitrail.questions.spellings import USUAL_CATEGORY, excluded_of, is_pattern, wanted_of
from aitrail.questions.usage_tests import USAGE_TESTS, has_mfa, is_like_in_any_case, narrow_user_agent
from aitrail.services import Registry

Row = dict[str, Any]
_Test = Callable[[object], bool]
_RowTest = Callable[[Row], bool]


class Filter(Struct, frozen=True, kw_only=True):
    """Conditions that a row must all meet; of several values of one condition, any may match. () is no condition.

    The ARN of a principal means its name, in any account; the ARN of a resource its name in that account and Region.
    `resource` means any resource of a call, also further ones in `usage`. `principal_account` is the caller's own
    account, `account` the account that was called.
    A value that begins with `!` excludes the rows that match the rest of it, but none that lacks the attribute. A row
    has to match any of the other values, if there are some, and no excluded one.
    `operation`, `principal`, `resource`, `source_ip`, `error_code`, `session`, `called_by`, `user_agent`, `engine`,
    `voice`, `language` and the values of `label` accept shell-style patterns (*, ?, [abc]); a value that is identical
    to the pattern also matches. [*], [?] and [[] match the characters themselves. `source_ip` also accepts networks
    (203.0.113.0/24). Upper and lower case are the same for `error_code` and the conditions after it, except `session`.
    `user_agent` is compared with the product and its version (`usage.agent`) and with the whole userAgent, `language`
    with languageCode and localeId. `label` has texts such as `engine=neural`: of several fields, each has to match.
    `team` and `network` are names of `naming`, or patterns, in any case; a call may lack them like an attribute.
    With `read_only` False, calls without this information count as writing, and with `mfa` False as made without MFA.
    `origins` is no condition: it says of which accounts and Regions rows are needed, so that log files of others need
    not be read.
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
    error_code: tuple[str, ...] = ()
    session: tuple[str, ...] = ()
    called_by: tuple[str, ...] = ()
    user_agent: tuple[str, ...] = ()
    engine: tuple[str, ...] = ()
    voice: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    api_version: tuple[str, ...] = ()
    label: tuple[str, ...] = ()
    team: tuple[str, ...] = ()
    network: tuple[str, ...] = ()
    read_only: bool | None = None
    mfa: bool | None = None
    naming: Naming = NOTHING_NAMED
    origins: Origins = EVERYWHERE

    @classmethod
    def of(
        cls, registry: Registry | None = None, naming: Naming = NOTHING_NAMED, **conditions: Unpack[Conditions]
    ) -> Self:
        """The filter with these conditions, with values spelled as in rows. Raises ConditionError.

        It has only the names that its conditions are about: what is the same question is an equal filter.
        """
        found = checked(conditions, registry, naming)
        return cls(**found, naming=naming.only(name for name in NAMED if found.get(name)))

    def of_indexes(self) -> Self:
        """The filter with only the conditions that an index can answer; all of it, if it needs whole rows."""
        if self.user_agent:
            return self
        return type(self)(
            service=self.service,
            principal=self._read("principal"),
            resource=self._read("resource"),
            origins=self.needed.origins,
        )

    def _read(self, name: str) -> tuple[str, ...]:
        """The values of a condition that an index can answer, or those that every call of the wanted teams has."""
        values: tuple[str, ...] = getattr(self, name)
        return values if wanted_of(values) else (*self.exact(name), *values)

    @property
    def needed(self) -> Needed:
        """The log files that may hold calls that meet the conditions: a correction is delivered where its call was."""
        given = Origins(accounts=frozenset(self.exact("account")), regions=frozenset(self.exact("region")))
        return Needed(origins=self.origins if given.are_all else given)

    def matcher(self) -> _RowTest:
        """A predicate: True if a whole row meets all conditions. A narrow one is taken for whole; see `verdict`."""
        of_columns, of_rows = [*self._column_tests()], [*self._row_tests()]

        def matches(row: Row) -> bool:
            if self.read_only is not None and (row.get("readOnly") is True) is not self.read_only:
                return False
            # Many rows are tested: a loop takes half the time of all().
            for column, expected, test in of_columns:
                if test(row.get(column)) is not expected:
                    return False
            return all(test(row) for test in of_rows) if of_rows else True

        return matches

    def verdict(self) -> Callable[[Row], bool | None]:
        """What a narrow row tells: True or False as `matcher` for its whole row, or None if only that one tells."""
        decided = replace(self, user_agent=()).matcher()
        if not self.user_agent:
            return decided
        of_user_agent = narrow_user_agent(self.user_agent)
        return lambda row: of_user_agent(row) if decided(row) else False

    def _column_tests(self) -> Iterator[tuple[str, bool, _Test]]:
        """Columns, what a test of the value has to return, and the test."""
        for name, column in COLUMNS.items():
            values: tuple[str, ...] = getattr(self, name) if name != "resource" else ()
            for expected, own in ((True, wanted_of(values)), (False, excluded_of(values))):
                if own:
                    yield column, expected, _TESTS.get(name, _equals)(own)

    def _row_tests(self) -> Iterator[_RowTest]:
        makers: dict[str, Callable[[tuple[str, ...]], _RowTest]] = {
            "resource": concerns,
            **USAGE_TESTS,
            **{kind: partial(_is_named, self.naming.of(kind)) for kind in NAMED},
        }
        for name, make in makers.items():
            values: tuple[str, ...] = getattr(self, name)
            if wanted := wanted_of(values):
                yield make(wanted)
            # One by one, since a row has to have all labels that are wanted, but none that is excluded.
            yield from (_negation(make((value,))) for value in excluded_of(values))
        if self.mfa is not None:
            yield has_mfa(self.mfa)

    def services(self, registry: Registry) -> tuple[str, ...]:
        """The names of the services whose rows can meet the filter."""
        wanted = wanted_of(self.service) or tuple(service.name for service in registry.services)
        excluded = excluded_of(self.service)
        return tuple(dict.fromkeys(name for name in wanted if name not in excluded))

    def exact(self, name: str) -> tuple[str, ...]:
        """The values of a condition, or of the wanted teams, if a row has to equal one of them; otherwise ()."""
        values = wanted_of(getattr(self, name))
        if values and _are_exact(name, values):
            return values
        return self.naming.exact(wanted_of(self.team), name)


def _negation(test: _RowTest) -> _RowTest:
    return lambda row: not test(row)


# Conditions that values other than equal ones meet.
_INEXACT = ("event_category", "error_code", "called_by")


def _are_exact(name: str, values: tuple[str, ...]) -> bool:
    if name in _INEXACT or any(map(is_pattern, values)):
        return False
    # An IPv6 address can be spelled in several ways.
    return not (name == "source_ip" and any("/" in value or ":" in value for value in values))


def _equals(values: tuple[str, ...]) -> _Test:
    return lambda value: isinstance(value, str) and value in values


def _is_like(values: tuple[str, ...]) -> _Test:
    return lambda value: (
        isinstance(value, str) and (value in values or any(fnmatchcase(value, pattern) for pattern in values))
    )


def _is_named(name_of: Callable[[Row], str | None], values: tuple[str, ...]) -> _RowTest:
    is_like = is_like_in_any_case(values)
    return lambda row: is_like(name_of(row))


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
    return lambda value: (value or USUAL_CATEGORY) in values


_TESTS = {
    "operation": _is_like,
    "principal": _is_like,
    "source_ip": _comes_from,
    "event_category": _has_category,
    "error_code": is_like_in_any_case,
    "session": _is_like,
    "called_by": is_like_in_any_case,
}

"""Names for callers and addresses, which the user chooses: teams and networks. Pure.

A call belongs to the first team, in their order, that any of its attributes matches, and comes from the most specific
network that contains its address. Only narrow columns are needed. Rows may have any shape: what is no text matches
nothing, and names such as lex.amazonaws.com or `AWS Internal` are in no network.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, Self

from aitrail.questions.resources import concerns, further_resources
from aitrail.questions.spellings import ConditionError, Spelling, is_pattern, nearest, one_of, shown

Row = dict[str, Any]
# Condition of a team -> the column that it applies to; `resource` has further ones in `usage`.
_COLUMNS = {"principal": "principal", "account": "recipientAccountId", "session": "sessionName"}
# The number of different values whose names are remembered.
_REMEMBERED = 65_536
_FINGERPRINT_DIGITS = 12
# The maximum number of names that a message lists.
_LISTED = 12
_EXAMPLES = {
    "team": "[teams.search] with principals = ['role/search-*']",
    "network": "[networks] with office = ['203.0.113.0/24']",
}


class PlacedResource(NamedTuple):
    """A resource of a team, or a pattern; None is any account or Region."""

    name: str
    account: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A team: the values that make a call belong to it, spelled as in rows, or patterns; any may match."""

    name: str
    principals: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    resources: tuple[PlacedResource, ...] = ()

    @property
    def by_condition(self) -> dict[str, tuple[str, ...]]:
        """Condition -> its values, as far as the team has some."""
        found = {
            "principal": self.principals,
            "account": self.accounts,
            "session": self.sessions,
            "resource": tuple(resource.name for resource in self.resources),
        }
        return {condition: values for condition, values in found.items() if values}


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network: addresses, and blocks of them in CIDR notation."""

    name: str
    blocks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Naming:
    """The names of teams, in order, and of networks; each name and each block is there once."""

    teams: tuple[Team, ...] = ()
    networks: tuple[Network, ...] = ()

    def team_of(self, row: Row) -> str | None:
        """The team that a call belongs to; None if to none."""
        if not self.teams:
            return None
        account, region = _text(row.get("recipientAccountId")), _text(row.get("awsRegion"))
        resources = (row.get("resource"), *further_resources(row))
        place = min(
            *(first(row.get(column)) for column, first in self._firsts.items()),
            *(self._first_of_resource(each, account, region) for each in resources if isinstance(each, str)),
        )
        return self.teams[place].name if place < len(self.teams) else None

    def network_of(self, row: Row) -> str | None:
        """The network that a call comes from; None if from none."""
        address = row.get("sourceIPAddress")
        return self._network_at(address) if self.networks and isinstance(address, str) else None

    def of(self, kind: str) -> Callable[[Row], str | None]:
        """`team_of` or `network_of`, by the kind of name: team or network."""
        return self.team_of if kind == "team" else self.network_of

    def names(self, kind: str) -> tuple[str, ...]:
        """The names of a kind: team or network. Raises ConditionError if there are none."""
        names = tuple(each.name for each in (self.teams if kind == "team" else self.networks))
        if not names:
            raise ConditionError(
                f"No {kind} has a name: name them in the configuration file, such as {_EXAMPLES[kind]}. docs/asking.md "
                "(Teams and networks) shows how."
            )
        return names

    def spelling(self, kind: str) -> Spelling:
        """Accepts names of a kind, in upper and lower case, and patterns that match one. Raises ConditionError."""

        def spelling(text: str, registry: Any) -> str:  # noqa: ANN401 (names need no registry)
            names = self.names(kind)
            if is_pattern(text) and any(_is_like(name, text) for name in names):
                return text
            if any(name.lower() == text.lower() for name in names):
                return one_of(kind, lambda _: names)(text, registry)
            raise ConditionError(f"{shown(text)} is not a known {kind}{_or_named(text, names)}")

        return spelling

    def only(self, kinds: Iterable[str]) -> Self:
        """The names of these kinds alone."""
        wanted = set(kinds)
        return type(self)(
            teams=self.teams if "team" in wanted else (), networks=self.networks if "network" in wanted else ()
        )

    @property
    def fingerprint(self) -> str:
        """12 hex digits that are the same for the same names, with the same meaning, in the same order."""
        from hashlib import sha256  # noqa: PLC0415 (loads OpenSSL, which would slow down --help)

        return sha256(repr(self).encode()).hexdigest()[:_FINGERPRINT_DIGITS]

    def exact(self, wanted: Iterable[str], condition: str) -> tuple[str, ...]:
        """The values of a condition one of which every call of the wanted teams has; () if they do not tell."""
        patterns = tuple(wanted)
        teams = [team for team in self.teams if any(_is_like(team.name, pattern) for pattern in patterns)]
        if any(team.by_condition.keys() != {condition} for team in teams):
            return ()
        values = tuple(dict.fromkeys(value for team in teams for value in team.by_condition[condition]))
        return () if any(map(is_pattern, values)) else values

    @cached_property
    def _firsts(self) -> dict[str, Callable[[object], int]]:
        """Column -> a function: its value -> the place of the first team with a value like it, or behind the last."""
        return {
            column: _first([team.by_condition.get(condition, ()) for team in self.teams])
            for condition, column in _COLUMNS.items()
        }

    @cached_property
    def _first_of_resource(self) -> Callable[[str, str | None, str | None], int]:
        """The same for a resource in an account and Region."""
        tests = [[(each, concerns((each.name,))) for each in team.resources] for team in self.teams]

        @lru_cache(_REMEMBERED)
        def first(resource: str, account: str | None, region: str | None) -> int:
            for place, own in enumerate(tests):
                for each, is_meant in own:
                    is_there = each.account in (None, account) and each.region in (None, region)
                    if is_there and is_meant({"resource": resource}):
                        return place
            return len(tests)

        return first

    @cached_property
    def _network_at(self) -> Callable[[str], str | None]:
        """The name of the network of an address; None for any other text."""
        from ipaddress import ip_address, ip_network  # noqa: PLC0415 (would slow down --help)

        blocks = [(ip_network(block), network.name) for network in self.networks for block in network.blocks]
        names = {(block.version, block.prefixlen, int(block.network_address)): name for block, name in blocks}
        lengths = sorted({block.prefixlen for block, _ in blocks}, reverse=True)

        @lru_cache(_REMEMBERED)
        def network_at(text: str) -> str | None:
            try:
                address = ip_address(text)
            except ValueError:
                return None
            for length in lengths:
                rest = address.max_prefixlen - length
                found = names.get((address.version, length, int(address) >> rest << rest)) if rest >= 0 else None
                if found is not None:
                    return found
            return None

        return network_at


NOTHING_NAMED = Naming()


def _first(values_of_teams: Sequence[tuple[str, ...]]) -> Callable[[object], int]:
    @lru_cache(_REMEMBERED)
    def first_of_text(text: str) -> int:
        for place, values in enumerate(values_of_teams):
            if text in values or any(fnmatchcase(text, value) for value in values):
                return place
        return len(values_of_teams)

    return lambda value: first_of_text(value) if isinstance(value, str) else len(values_of_teams)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _is_like(name: str, pattern: str) -> bool:
    return name.lower() == pattern.lower() or fnmatchcase(name.lower(), pattern.lower())


def _or_named(text: str, names: Sequence[str]) -> str:
    """The end of an error message: the name that was probably meant, and the names, as far as they are few."""
    meant = nearest(text, names)
    others = len(names) - _LISTED
    more = f" and {others:,} more" if others > 0 else ""
    return f"{f': did you mean {meant}?' if meant else '.'} Choose from {', '.join(names[:_LISTED])}{more}."

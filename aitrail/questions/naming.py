"""Names for callers and addresses, which the user chooses: teams and networks. Pure.

Only narrow columns are needed. Rows may have any shape: what is no text matches nothing, and names such as
lex.amazonaws.com or `AWS Internal` are in no network.
"""

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, Self

from msgspec import Struct

from aitrail.questions.networks import Network, smallest_network
from aitrail.questions.spellings import ConditionError, Spelling, is_pattern, nearest, one_of, shown
from aitrail.questions.teams import Team, exact_values, first_team

Row = dict[str, Any]
_FINGERPRINT_DIGITS = 12
# The maximum number of names that a message lists.
_LISTED = 12
_EXAMPLES = {
    "team": "[teams.search] with principals = ['role/search-*']",
    "network": "[networks] with office = ['203.0.113.0/24']",
}


class Naming(Struct, frozen=True, kw_only=True, dict=True):
    """The names of teams, in order, and of networks; each name and each block is there once."""

    teams: tuple[Team, ...] = ()
    networks: tuple[Network, ...] = ()

    def team_of(self, row: Row) -> str | None:
        """The team that a call belongs to; None if to none."""
        return self._first_team(row) if self.teams else None

    def network_of(self, row: Row) -> str | None:
        """The network that a call comes from; None if from none."""
        address = row.get("sourceIPAddress")
        return self._smallest_network(address) if self.networks and isinstance(address, str) else None

    def of(self, kind: str) -> Callable[[Row], str | None]:
        """`team_of` or `network_of`, by the kind of name: team or network."""
        return self.team_of if kind == "team" else self.network_of

    def names(self, kind: str) -> tuple[str, ...]:
        """The names of a kind: team or network. Raises ConditionError if there are none."""
        names = tuple(each.name for each in (self.teams if kind == "team" else self.networks))
        if not names:
            raise ConditionError(
                f"No {kind}s are defined: define them in the configuration file, such as {_EXAMPLES[kind]}. "
                "docs/asking.md (Teams and networks) shows how."
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
        return exact_values(
            (team for team in self.teams if any(_is_like(team.name, pattern) for pattern in patterns)), condition
        )

    @cached_property
    def _first_team(self) -> Callable[[Row], str | None]:
        return first_team(self.teams)

    @cached_property
    def _smallest_network(self) -> Callable[[str], str | None]:
        return smallest_network(self.networks)


NOTHING_NAMED = Naming()


def _is_like(name: str, pattern: str) -> bool:
    return name.lower() == pattern.lower() or fnmatchcase(name.lower(), pattern.lower())


def _or_named(text: str, names: Sequence[str]) -> str:
    """The end of an error message: the name that was probably meant, and the names, as far as they are few."""
    meant = nearest(text, names)
    others = len(names) - _LISTED
    more = f" and {others:,} more" if others > 0 else ""
    return f"{f': did you mean {meant}?' if meant else '.'} Choose from {', '.join(names[:_LISTED])}{more}."

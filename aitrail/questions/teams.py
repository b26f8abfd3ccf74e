"""Teams: a call belongs to the first team, in their order, that any of its attributes matches. Pure."""

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, NamedTuple

from msgspec import Struct

from aitrail.questions.resources import concerns, further_resources
from aitrail.questions.spellings import is_pattern

Row = dict[str, Any]
# Condition of a team -> the column that it applies to; `resource` has further ones in `usage`.
_COLUMNS = {"principal": "principal", "account": "recipientAccountId", "session": "sessionName"}
# The number of different values whose teams are remembered.
_REMEMBERED = 65_536


class PlacedResource(NamedTuple):
    """A resource of a team, or a pattern; None is any account or Region."""

    name: str
    account: str | None = None
    region: str | None = None


class Team(Struct, frozen=True, kw_only=True):
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


def first_team(teams: Sequence[Team]) -> Callable[[Row], str | None]:
    """A function: the name of the first team that a row belongs to, None if to none."""
    names = (*(team.name for team in teams), None)
    firsts = {column: _first(teams, condition) for condition, column in _COLUMNS.items()}
    first_of_resource = _first_of_resource(teams)

    def name_of(row: Row) -> str | None:
        account, region = _text(row.get("recipientAccountId")), _text(row.get("awsRegion"))
        resources = (row.get("resource"), *further_resources(row))
        places = (
            *(first(value) for column, first in firsts.items() if isinstance(value := row.get(column), str)),
            *(first_of_resource(each, account, region) for each in resources if isinstance(each, str)),
        )
        return names[min(places, default=len(teams))]

    return name_of


def _first(teams: Sequence[Team], condition: str) -> Callable[[str], int]:
    """A function: the place of the first team that a value of a condition belongs to, or the one behind the last."""
    values_of_teams = [team.by_condition.get(condition, ()) for team in teams]

    @lru_cache(_REMEMBERED)
    def first(text: str) -> int:
        for place, values in enumerate(values_of_teams):
            if text in values or any(fnmatchcase(text, value) for value in values):
                return place
        return len(teams)

    return first


def _first_of_resource(teams: Sequence[Team]) -> Callable[[str, str | None, str | None], int]:
    """The same for a resource in an account and Region."""
    tests = [[(each, concerns((each.name,))) for each in team.resources] for team in teams]

    @lru_cache(_REMEMBERED)
    def first(resource: str, account: str | None, region: str | None) -> int:
        for place, own in enumerate(tests):
            for each, is_meant in own:
                is_there = each.account in (None, account) and each.region in (None, region)
                if is_there and is_meant({"resource": resource}):
                    return place
        return len(teams)

    return first


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def exact_values(teams: Iterable[Team], condition: str) -> tuple[str, ...]:
    """The values of a condition one of which every call of these teams has; () if they do not tell."""
    found = [team.by_condition for team in teams]
    if any(each.keys() != {condition} for each in found):
        return ()
    values = tuple(dict.fromkeys(value for each in found for value in each[condition]))
    return () if any(map(is_pattern, values)) else values

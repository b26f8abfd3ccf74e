"""The tables `teams` and `networks` of the configuration file. Pure.

Teams may overlap, as a call belongs to the first one in the file. But a value that an earlier team has as well would
never count, so it is refused. Networks may overlap, as the most specific one wins, but no block has two names.
"""

from ipaddress import ip_interface
from typing import Any

from aitrail.config.entry import Entry
from aitrail.questions import EXCLUDES, ConditionError, Conditions, Network, PlacedResource, Team, checked

# Key of a team -> the condition whose spellings its values have.
_KEYS = {"principals": "principal", "accounts": "account", "sessions": "session", "resources": "resource"}


def teams_of(entry: Entry) -> tuple[Team, ...]:
    """The teams, in the order of the file. Raises ConfigError."""
    known: dict[tuple[str, object], Entry] = {}
    return tuple(_team(name, each, known) for name, each in entry.named().items())


def _team(name: str, entry: Entry, known: dict[tuple[str, object], Entry]) -> Team:
    parts = {key: each.texts() for key, each in entry.table(_KEYS).items()}
    if not parts:
        raise entry.refused(f"give at least one of {', '.join(_KEYS)}.")
    values: dict[str, Any] = {}
    for key, entries in parts.items():
        found = [(_member(_KEYS[key], each), each) for each in entries]
        for value, each in found:
            before = known.setdefault((key, value), entry)
            if before is not entry:
                raise each.refused(f"{before.keys} lists it already, and a call has one team.")
        values[key] = tuple(dict.fromkeys(value for value, _ in found))
    return Team(name=name, **values)


def _member(condition: str, entry: Entry) -> str | PlacedResource:
    spelled = spelling_of(condition, entry)
    (text,) = spelled[condition]
    if condition != "resource":
        return text
    account, region = (next(iter(spelled.get(name, ())), None) for name in ("account", "region"))
    return PlacedResource(text, account, region)


def spelling_of(condition: str, entry: Entry) -> dict[str, tuple[str, ...]]:
    """The conditions that a value means: itself as in rows, and account and Region of an ARN. Raises ConfigError."""
    text = entry.text()
    if text.startswith(EXCLUDES):
        raise entry.refused("nothing can be excluded here.")
    wanted: Conditions = {condition: text}  # type: ignore[misc] # a name of a condition
    try:
        return checked(wanted)
    except ConditionError as error:
        raise entry.refused(str(error)) from error


def networks_of(entry: Entry) -> tuple[Network, ...]:
    """The networks, in the order of the file. Raises ConfigError."""
    known: dict[str, Entry] = {}
    networks = []
    for name, each in entry.named().items():
        blocks = []
        for one in each.texts():
            block = _block(one)
            before = known.setdefault(block, each)
            if before is not each:
                raise one.refused(f"{before.keys} lists it already.")
            blocks.append(block)
        networks.append(Network(name=name, blocks=tuple(dict.fromkeys(blocks))))
    return tuple(networks)


def _block(entry: Entry) -> str:
    """An address or a block in CIDR notation, as every spelling of it."""
    text = entry.text()
    try:
        given = ip_interface(text)
    except ValueError:
        raise entry.refused("give an address such as 203.0.113.9, or a network such as 203.0.113.0/24.") from None
    if given.ip != given.network.network_address:
        raise entry.refused(f"give the network, {given.network}, or the address, {given.ip}.")
    return str(given.network)

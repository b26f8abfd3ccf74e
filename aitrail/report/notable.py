"""Events that an auditor or an incident responder wants to see one by one. Pure."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from heapq import heappush, heappushpop
from ipaddress import ip_address, ip_network

from aitrail.questions import Key, Row, record_kind

# Kind of notable event -> what it is, for people. An event is of the first kind that fits.
KINDS = {
    "root": "made with the credentials of root",
    "denied": "was denied, and would have changed something",
    "policy": "changes who may do what",
    "delete": "deletes something",
    "network": "is the first one of a network that made none in the time before",
}
# The newest ones of each kind; the page says how many there are.
MOST_OF_A_KIND = 100
# The most different networks that are told apart.
_MOST_NETWORKS = 50_000
_COLUMNS = ("eventTime", "eventID", "errorCode")
_POLICY = re.compile(r"(Put|Create|Update|Delete|Add|Remove)\w*(Policy|Permission)\w*")
# What a network is if nobody has named it: the addresses of one site usually share it.
_PREFIXES = {4: 24, 6: 48}
_REMEMBERED = 65_536

# The values of its dimensions, by their names, and those of _COLUMNS.
Event = dict[str, str]


@lru_cache(_REMEMBERED)
def network_of(address: str) -> str | None:
    """The /24 (IPv6: /48) of an address; None for names such as lex.amazonaws.com."""
    try:
        found = ip_address(address)
    except ValueError:
        return None
    return str(ip_network((found.packed, _PREFIXES[found.version]), strict=False))


class Notable:
    """The newest events of each kind, and how many there are; `values_of` returns a row's values of the dimensions."""

    def __init__(self, names: Sequence[str], values_of: Callable[[Row], Key]) -> None:
        self._names = tuple(names)
        self._values_of = values_of
        self.counts: Counter[str] = Counter()
        self._newest: dict[str, list[tuple[str, str, int, Event]]] = {kind: [] for kind in KINDS}
        # Network -> the number of its events, and the first one.
        self._networks: dict[str, tuple[int, Event]] = {}
        self.too_many_networks = False

    def add(self, row: Row) -> None:
        """Adds an event of the window, in any order. Records that belong to another record's event are none."""
        if record_kind(row) in ("correction", "stream-end", "endpoint-copy"):
            return
        address = row.get("sourceIPAddress")
        if isinstance(address, str) and (network := network_of(address)):
            self._add_network(network, row)
        if kind := _kind_of(row):
            self._keep(kind, self._event(row))

    def _add_network(self, network: str, row: Row) -> None:
        count, first = self._networks.get(network, (0, None))
        if first is None and len(self._networks) >= _MOST_NETWORKS:
            self.too_many_networks = True
            return
        if first is None or _order(row) < _order(first):
            first = self._event(row)
        self._networks[network] = count + 1, first

    def _keep(self, kind: str, event: Event) -> None:
        self.counts[kind] += 1
        kept, entry = self._newest[kind], (*_order(event), self.counts[kind], event)
        if len(kept) < MOST_OF_A_KIND:
            heappush(kept, entry)
        elif entry[:2] > kept[0][:2]:
            heappushpop(kept, entry)

    def _event(self, row: Row) -> Event:
        values = zip(self._names, self._values_of(row), strict=True)
        own = {name: row[name] for name in _COLUMNS if isinstance(row.get(name), str)}
        return own | {name: value for name, value in values if value is not None}

    def new_networks(self, is_known: Callable[[str], bool]) -> dict[str, int]:
        """The networks that are not known, with the number of their events; their first events become notable."""
        new = {network: count for network, (count, _) in self._networks.items() if not is_known(network)}
        for network in new:
            self._keep("network", self._networks[network][1])
        return dict(sorted(new.items(), key=lambda each: (-each[1], each[0])))

    def events(self) -> Iterator[Event]:
        """The events that are kept, newest first, each with its `kind`; each event is there once."""
        found: dict[str, tuple[str, str, Event]] = {}
        for kind in KINDS:
            for time, event_id, _, event in self._newest[kind]:
                found.setdefault(event_id, (time, event_id, {"kind": kind, **event}))
        return (event for _, _, event in sorted(found.values(), key=lambda each: each[:2], reverse=True))


def _kind_of(row: Row) -> str | None:
    operation, outcome = str(row.get("operation")), row.get("outcome")
    if row.get("credentials") == "root":
        return "root"
    if outcome == "denied" and row.get("readOnly") is not True:
        return "denied"
    if outcome != "ok":
        return None
    if _POLICY.fullmatch(operation):
        return "policy"
    return "delete" if operation.startswith("Delete") else None


def _order(row: Mapping[str, str]) -> tuple[str, str]:
    return row["eventTime"], row["eventID"]

"""Networks: an address is in the network with the smallest block that contains it. Pure."""

from collections.abc import Callable, Sequence
from functools import lru_cache

from msgspec import Struct

# The number of different addresses whose networks are remembered.
_REMEMBERED = 65_536


class Network(Struct, frozen=True, kw_only=True):
    """A network: addresses, and blocks of them in CIDR notation."""

    name: str
    blocks: tuple[str, ...]


def smallest_network(networks: Sequence[Network]) -> Callable[[str], str | None]:
    """A function: the name of the network of an address; None for any other text."""
    from ipaddress import ip_address, ip_network  # noqa: PLC0415 (would slow down --help)

    blocks = [(ip_network(block), network.name) for network in networks for block in network.blocks]
    names = {(block.version, block.prefixlen, int(block.network_address)): name for block, name in blocks}
    lengths = sorted({block.prefixlen for block, _ in blocks}, reverse=True)

    @lru_cache(_REMEMBERED)
    def name_of(text: str) -> str | None:
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

    return name_of

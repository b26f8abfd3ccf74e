"""Finds digests that do not follow the previous one, as every digest of a trail, account and Region should.

The digests may arrive in any order: whichever of two arrives last marks the later one as broken.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from aitrail.deliveries import log_key_of
from aitrail.digests.coverage import Span, digest_of
from aitrail.ledger import DIGEST, RESTARTS, Ledger, lister_of
from aitrail.window import format_time, parse_time

# The item of an account and Region must fit into 400 KB. Each chain takes up to 800 bytes, and an account can have five
# trails at a time: only somebody who creates trails in order to fill the item has more. Time without any digest between
# further chains is still found.
_MOST_CHAINS = 300
_MOST_BEGINNINGS = 10

_Attributes = Mapping[str, Any]


def mark_breaks(ledger: Ledger, entry: _Attributes) -> dict[str, str]:
    """Marks the digests that turn out to be broken now that this one is in the ledger; returns the reasons by name.

    It has to be repeated if it fails, and returns each digest only the first time.
    """
    own = Span.of(entry)
    if own is None or not own.signed:
        return {}
    broken = {name: reason for name, reason in _jumps(ledger, entry, own) if ledger.break_chain(name, reason)}

    def changed(item: _Attributes) -> _Attributes | None:
        # First: once the item has changed, nothing is left that names them.
        for name, start in _begun_after_another(item, own):
            reason = f"a new chain begins at {start}, although the trail had digests before"
            if ledger.break_chain(name, reason):
                broken[name] = reason
        return _with(item, own)

    ledger.chains.change(_folder(own), changed)
    return broken


def _jumps(ledger: Ledger, entry: _Attributes, own: Span) -> Iterator[tuple[str, str]]:
    """The digests before which hours are missing, of this one and the next one, each with the reason."""
    pairs: list[tuple[_Attributes | None, _Attributes | None]] = []
    if "follows" in entry:
        pairs.append((ledger.entry(digest_of(own.chain, entry["follows"]), DIGEST, consistent=True), entry))
    if lister := lister_of(entry):
        pairs.append((entry, ledger.entry(lister, DIGEST, consistent=True)))
    for before, after in pairs:
        if before and after and _is_next(before, after) and before["digestEnd"] < after["digestStart"]:
            why = f"no digest covers the time from {before['digestEnd']} to {after['digestStart']}"
            yield after["logFile"], why


def _is_next(before: _Attributes, after: _Attributes) -> bool:
    """Whether both digests are CloudTrail's, and the second follows the first."""
    one, other, key = Span.of(before), Span.of(after), log_key_of(before["logFile"])
    if one is None or other is None or key is None or not (one.signed and other.signed):
        return False
    return one.chain == other.chain and key.delivered_at is not None and after.get("follows") == key.delivered_at


def _folder(span: Span) -> str:
    return span.chain.rpartition("/")[0] + "/"


def _begun_after_another(item: _Attributes, own: Span) -> Iterator[tuple[str, str]]:
    """The digests that start a chain although it has an earlier one, as this digest shows, each with its start."""
    chain, start = item.get("chains", {}).get(_name(own)), format_time(own.start)
    if chain and start < chain["first"]:
        yield from ((name, chain["first"]) for name in chain["begins"])
    if chain and own.begins and chain["first"] < start:
        yield own.log_file, start


def _with(item: _Attributes, own: Span) -> _Attributes | None:
    """The item's attributes with this digest, None if they stay the same.

    `first` is the earliest time that any digest covers, `last` the latest beginning of a chain. For each of `chains`,
    `begins` names the digests that begin it at the time `first`, which are none if digests before them are not known.
    """
    start, name, chains = format_time(own.start), _name(own), item.get("chains", {})
    first = min(start, item.get("first", start))
    last = max(start, item.get("last", start)) if own.begins else item.get("last")
    if name in chains or len(chains) < _MOST_CHAINS:
        chains = {**chains, name: _chain_with(chains.get(name, {"first": start, "begins": []}), own)}
    is_restarted = last is not None and first < last
    after = {"first": first, "last": last, "chains": chains, "deliveryDay": RESTARTS if is_restarted else None}
    return None if all(item.get(each) == value for each, value in after.items()) else after


def _chain_with(chain: _Attributes, own: Span) -> _Attributes:
    first = min(format_time(own.start), chain["first"])
    begins = set(chain["begins"]) if chain["first"] == first else set()
    if own.begins and own.start == parse_time(first):
        begins.add(own.log_file)
    return {"first": first, "begins": sorted(begins)[:_MOST_BEGINNINGS]}


def _name(span: Span) -> str:
    return span.chain.rpartition("/")[2]

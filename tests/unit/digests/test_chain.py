"""Breaks of chains, found from digests that arrive in any order, with an in-memory ledger."""

from datetime import timedelta
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from aitrail.digests.chain import mark_breaks
from aitrail.dynamodb import items
from tests.shared.fuzzing import law
from tests.shared.ledger_entries import BUCKET, digest_entry
from tests.shared.signed_digests import at, key_of

HOUR = timedelta(hours=1)


class MemoryLedger:
    """A ledger of digests; `item` is what it knows of the chains. Writes fail once they are `left` times done."""

    def __init__(self, left=1000):
        self.entries, self.item, self.left = {}, {}, left
        self.chains = SimpleNamespace(change=self._change)

    def entry(self, log_file, _kind, *, consistent):
        assert consistent
        return self.entries.get(log_file)

    def break_chain(self, log_file, reason):
        entry = self.entries.get(log_file)
        if entry is None or "broken" in entry:
            return False
        self._write()
        entry["broken"] = reason
        return True

    def arrive(self, entry):
        """Records a digest and the one it follows as the pipeline does, then looks for breaks."""
        self.entries[entry["logFile"]] = self.entries.get(entry["logFile"], {}) | entry
        return mark_breaks(self, self.entries[entry["logFile"]])

    def _change(self, folder, changed):
        assert folder.endswith("/CloudTrail-Digest/eu-west-1/")
        if (changes := changed(self.item)) is not None:
            self._write()
            self.item = {name: value for name, value in changes.items() if value is not None}

    def _write(self):
        if self.left == 0:
            self.left = 1000
            raise ConnectionError
        self.left -= 1

    @property
    def broken(self):
        return {name: entry["broken"] for name, entry in self.entries.items() if "broken" in entry}


def digests_of(trail, hours, starts):
    """The digests that end at these hours, each listed by the next one unless that starts a chain."""
    found, before = [], None
    for hour in sorted(hours):
        end = at("00:00") + hour * HOUR
        follows = None if before is None or hour in starts else f"{at('00:00') + before * HOUR:%Y-%m-%dT%H:%M:%SZ}"
        entry = digest_entry(end, trail=trail, follows=follows)
        if follows:
            found[-1]["verifiedBy"] = entry["logFile"]
        found.append(entry)
        before = hour
    return found


def expected(chains):
    """The broken digests, found the slow and obvious way."""
    broken = set()
    for digests in chains:
        for before, after in zip([None, *digests], digests, strict=False):
            if before and (("follows" not in after) or before["digestEnd"] < after["digestStart"]):
                broken.add(after["logFile"])
    return broken


CHAINS = st.lists(
    st.tuples(st.sets(st.integers(1, 3000), min_size=1, max_size=6), st.sets(st.integers(1, 3000), max_size=3)).map(
        lambda drawn: (drawn[0] | drawn[1], drawn[1])
    ),
    min_size=1,
    max_size=3,
)


@law(80)
@given(chains=CHAINS, order=st.randoms(use_true_random=False), crash=st.integers(0, 12), twice=st.integers(0, 3))
def test_every_break_is_found_once_in_any_order_and_in_spite_of_a_crash(chains, order, crash, twice):
    made = [digests_of(f"trail{number}", *chain) for number, chain in enumerate(chains)]
    entries = [entry for digests in made for entry in digests]
    entries += order.choices(entries, k=twice)
    straight = MemoryLedger()
    counted = [name for entry in entries for name in straight.arrive(entry)]
    order.shuffle(entries)

    shuffled = MemoryLedger()
    again = [name for entry in entries for name in shuffled.arrive(entry)]
    crashing = MemoryLedger(left=crash)
    for entry in entries:
        try:
            crashing.arrive(entry)
        except ConnectionError:
            crashing.arrive(entry)

    assert set(straight.broken) == expected(made)
    assert sorted(counted) == sorted(again) == sorted(straight.broken)
    assert straight.broken == shuffled.broken == crashing.broken
    assert straight.item == shuffled.item == crashing.item
    starts = [entry["digestStart"] for entry in entries if "follows" not in entry]
    first = min(entry["digestStart"] for entry in entries)
    last = max(starts, default=None)
    assert (straight.item["first"], straight.item.get("last")) == (first, last)
    assert ("deliveryDay" in straight.item) == (last is not None and first < last)


def test_digests_that_are_not_signed_or_backfill_say_nothing_of_chains():
    ledger = MemoryLedger()

    for changes in ({"status": "invalid"}, {"suffix": "_backfill"}):
        ledger.arrive(digest_entry("10:00", **changes))

    assert (ledger.item, ledger.broken) == ({}, {})


def test_item_fits_into_the_table_however_many_trails_there_were():
    ledger = MemoryLedger()
    for number in range(900):
        ledger.arrive(digest_entry(at("10:00") + number * HOUR, trail=f"{number:0128}"))
    last = digest_entry(at("10:00") + 900 * HOUR, trail="another")
    ledger.arrive(last)

    assert items.item_size(ledger.item) < items.MAX_ITEM_BYTES
    assert (ledger.item["last"], ledger.item["deliveryDay"]) == (last["digestStart"], "restarts")


def test_digest_whose_entry_has_expired_is_not_made_again():
    ledger = MemoryLedger()
    later = digest_entry("10:00")
    ledger.arrive(later)
    del ledger.entries[later["logFile"]]

    assert ledger.arrive(digest_entry("08:00")) == {}
    assert ledger.entries.keys() == {f"s3://{BUCKET}/{key_of(at('08:00'))}"}

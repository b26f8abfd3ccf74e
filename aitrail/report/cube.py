"""The amounts of calls by every combination of the values that a report keeps, each call once. Pure.

Any question about these values is a sum of cells: a page can filter by all of them, and its numbers stay exact.
"""

from collections import defaultdict
from collections.abc import Callable

from aitrail.questions import Amounts, Key, Row, Tally
from aitrail.report.folding import Folding


class Cube:
    """The amounts by time and the dimensions of `folding`; its `tally` takes the rows.

    `key_of` returns the time and the values of a row, before they are folded; `tally` makes a tally of keys. If there
    are more than `most` cells, the folding is deepened while rows are added, for all cubes that share it.
    """

    def __init__(
        self,
        key_of: Callable[[Row], Key],
        folding: Folding,
        tally: Callable[[Callable[[Row], Key]], Tally],
        *,
        most: int,
    ) -> None:
        self._unfolded = key_of
        self._folding = folding
        self._most = most
        self._regroupings = folding.regroupings
        self.tally = tally(self._key_of)

    def _key_of(self, row: Row) -> Key:
        while len(self.tally) > self._most and self._folding.deepen():
            self._regroup()
        if self._regroupings != self._folding.regroupings:
            self._regroup()
        return self._folding.fold(self._unfolded(row))

    def _regroup(self) -> None:
        self._regroupings = self._folding.regroupings
        self.tally.regroup(self._folding.fold)

    def cells(self) -> dict[Key, Amounts]:
        """The amounts of each combination, without calls that were recorded for several accounts.

        Deepens the folding until there are not too many.
        """
        self._regroup()
        while len(self.tally) + len(self.shared()) > self._most and self._folding.deepen():
            self._regroup()
        return dict(self.tally.alone())

    def shared(self) -> dict[tuple[Key, ...], tuple[Amounts, ...]]:
        """The amounts of calls that were recorded for several accounts, by the combinations that they are part of.

        In any sum, only the first combination that is part of it counts: it has the amounts in its place.
        """
        found: defaultdict[tuple[Key, ...], list[Amounts]] = defaultdict(list)
        for copies in self.tally.shared():
            firsts = dict(reversed(copies))  # of copies with the same values, the first one counts
            keys = tuple(dict.fromkeys(key for key, _ in copies))
            sums = found[keys] or [Amounts() for _ in keys]
            for own, key in zip(sums, keys, strict=True):
                own.add(firsts[key])
            found[keys] = sums
        return {keys: tuple(sums) for keys, sums in found.items()}

"""The size of the pieces that are decoded at once follows what is found in them."""

import pytest

from aitrail.logfile.leaping import Leaps

KILOBYTE = 1024


class Text:
    """Text whose pieces have these results, one after the other; keeps the sizes that were asked for."""

    position = 0

    def __init__(self, *results):
        self.results = iter(results)
        self.sizes = []

    def leap(self, size, _brackets, _read):
        self.sizes.append(size // KILOBYTE)
        return True, next(self.results)


@pytest.mark.parametrize(
    ("found", "sizes"),
    [
        ([0, 0, 0], [128, 128, 128]),
        ([1, 16, 0], [128, 128, 128]),
        ([17, 0, 0, 0], [128, 32, 64, 128]),
        ([17, 4, 0], [128, 32, 64]),
        ([17, 5, 5], [128, 32, 32]),
    ],
    ids=["none", "few", "many once", "fewer then", "many"],
)
def test_only_pieces_after_one_with_many_wanted_records_are_smaller(found, sizes):
    text = Text(*([object()] * number for number in found))
    leaps = Leaps(b"[]", None, piece_bytes=128 * KILOBYTE)

    for _ in found:
        leaps.leap(text)

    assert text.sizes == sizes


def test_a_piece_that_cannot_be_decoded_is_tried_in_halves():
    text = Text(None, None, [], [])
    leaps = Leaps(b"[]", None, piece_bytes=128 * KILOBYTE)

    found = [leaps.leap(text), leaps.leap(text)]

    assert found == [[], []]
    assert text.sizes == [128, 64, 32, 64]

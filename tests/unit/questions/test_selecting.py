"""Selection: rows by a filter, with as few reads of whole rows as it takes."""

import pytest

from aitrail.questions import Filter, selected, whole_rows
from aitrail.window import ALWAYS

WINDOW = ALWAYS


class Source:
    """A source of narrow rows: every third user agent has python, every second row has a product."""

    def __init__(self, count, gone=()):
        self.taken, self.read, self.batches = 0, [], []
        self.gone = gone
        self.count = count

    def rows(self, wanted, _window, *, limit=None, **_):
        assert limit is None or not wanted.user_agent
        for number in range(self.count if limit is None else limit):
            self.taken += 1
            row = {"eventID": number, "outcome": "denied" if number % 5 == 0 else "ok"}
            row = row if number % 2 else row | {"usage": {"agent": "Boto3/1.34.2"}}
            if wanted.matcher()(row):
                yield row

    def whole(self, rows):
        rows = list(rows)
        self.batches.append(len(rows))
        for row in rows:
            self.read.append(row["eventID"])
            text = "Boto3/1.34.2 python" if row["eventID"] % 3 == 0 else "Boto3/1.34.2 java"
            yield row if row["eventID"] in self.gone else row | {"userAgent": text}


def select(source, *, are_whole=False, **conditions):
    rows = source.rows(Filter(), WINDOW)
    return selected(rows, Filter.of(**conditions), source.whole, are_whole=are_whole)


def ids(rows):
    return [row["eventID"] for row in rows]


@pytest.mark.parametrize("count", [0, 1, 25, 26, 74, 75, 76, 1000])
def test_rows_are_those_that_meet_the_filter_in_their_order_each_read_once(count):
    source = Source(count)

    found = list(select(source, user_agent="*python"))

    assert ids(found) == list(range(0, count, 3))
    assert source.read == list(range(count))
    assert not any("userAgent" in row for row in found)


def test_only_rows_that_meet_the_other_conditions_are_read():
    source = Source(100)

    assert ids(select(source, user_agent="*python", outcome="denied")) == list(range(0, 100, 15))
    assert source.read == list(range(0, 100, 5))


def test_only_rows_that_do_not_tell_their_product_are_read_for_a_product():
    source = Source(100)

    assert ids(select(source, user_agent="Boto3/*")) == list(range(100))
    assert source.read == list(range(1, 100, 2))


def test_without_user_agents_nothing_is_read_to_select():
    source = Source(10)

    assert ids(select(source, outcome="denied")) == [0, 5]
    assert source.read == []


def test_whole_rows_are_read_once_even_if_they_were_needed_to_select():
    source = Source(60)

    found = list(select(source, are_whole=True, user_agent="*python"))

    assert ids(found) == list(range(0, 60, 3))
    assert all("userAgent" in row for row in found)
    assert source.read == list(range(60))


def test_few_rows_are_read_for_those_who_want_few_and_more_at_a_time_for_the_others():
    few, all_of_them = Source(10_000), Source(1000)

    assert ids(whole_rows(few, Filter(user_agent=("*python",)), WINDOW, limit=3)) == [0, 3, 6]
    list(select(all_of_them, user_agent="*python"))

    assert (few.taken, len(few.read)) == (25, 25)
    assert all_of_them.batches == [25, 50, 100, 200, 200, 200, 200, 25]


def test_a_limit_is_that_of_the_source_where_rows_tell_all():
    source = Source(10_000)

    assert ids(whole_rows(source, Filter(), WINDOW, limit=3)) == [0, 1, 2]
    assert (source.taken, source.read) == (3, [0, 1, 2])


def test_a_row_that_cannot_be_read_stays_since_nothing_tells_that_it_is_not_wanted():
    assert ids(select(Source(9, gone=(4,)), user_agent="*python")) == [0, 3, 4, 6]
    assert ids(select(Source(9, gone=(3, 4)), user_agent="!*python")) == [1, 2, 3, 4, 5, 7, 8]

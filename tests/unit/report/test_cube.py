"""The cells of a report against `usage`, which counts every question by itself: the slow twin."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.questions import EventStore
from tests.shared.call_rows import NOW, PLANTED, START, call_row, rows_of
from tests.shared.fuzzing import law
from tests.shared.reports import Complete, document, report, sums

LAW = law(60)
END = START + timedelta(hours=7)
VALUES = {
    "principal": ["user/a", "user/b", "user/c"],
    "outcome": ["ok", "denied", "throttled"],
    "account": ["1" * 12, "2" * 12],
}
WANTED = st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in VALUES.items()})


def usage(rows, by, **conditions):
    """What `usage` answers: the values of the dimensions -> its measures."""
    store = EventStore(Complete(*rows), now=lambda: NOW)
    found = store.usage(by=by, since=START, until=END, report=lambda _: None, **conditions)
    return {tuple(group[name] for name in by): group for group in found}


@LAW
@given(st.data(), PLANTED, WANTED, st.lists(st.sampled_from([*VALUES]), max_size=2, unique=True))
def test_every_selection_of_cells_has_the_numbers_of_usage(data, calls, wanted, by):
    rows = data.draw(st.permutations(rows_of(calls)))

    found = sums(document(rows), wanted, by)

    right = usage(rows, by, **wanted)
    assert {key: own.calls for key, own in found.items() if own.calls} == {
        key: each["calls"] for key, each in right.items()
    }
    for key, each in right.items():
        own = found[key]
        assert (own.characters, own.streamSeconds) == (each["characters"], each["streamSeconds"])
        assert own.unknownCharacters + own.unknownStreams == each["unmeasured"]


@LAW
@given(st.data(), PLANTED)
def test_times_of_cells_are_the_hours_in_which_calls_count(data, calls):
    rows = data.draw(st.permutations(rows_of(calls)))

    found = sums(document(rows), {}, ["time"])

    assert {key: own.calls for key, own in found.items() if own.calls} == {
        key: each["calls"] for key, each in usage(rows, ["hour"]).items()
    }


@LAW
@given(st.data(), st.integers(1, 40), st.integers(1, 30), WANTED)
def test_what_is_kept_stays_exact_however_much_is_folded(data, number, most_cells, wanted):
    rows = [
        call_row(
            f"{each}", START + each * timedelta(minutes=9), principal=f"user/{'abc'[each % 3]}", resource=f"r/{each}"
        )
        for each in range(number)
    ]
    rows = data.draw(st.permutations(rows))

    found = document(rows, most_cells=most_cells)

    wanted.pop("account", None)
    assert len(found["cells"]) <= max(most_cells, 1)
    right = usage(rows, ["principal"], **wanted)
    cells = sums(found, {name: value for name, value in wanted.items() if name == "outcome"}, ["principal"])
    for (name,), own in cells.items():
        if name != "(others)" and name == wanted.get("principal", name):
            assert own.calls == right[name,]["calls"] if (name,) in right else own.calls == 0
    assert sum(own.calls for own in sums(found, {}).values()) == number


@pytest.mark.parametrize("most_cells", [1000, 3])
def test_the_same_calls_give_the_same_document_in_any_order(most_cells):
    rows = [
        call_row(f"{each}", START + each * timedelta(minutes=9), principal=f"user/{each % 4}") for each in range(40)
    ]

    assert document(rows, most_cells=most_cells) == document(rows[::-1], most_cells=most_cells)


def test_values_that_are_folded_are_the_rare_ones():
    often = [call_row(f"o{each}", principal="role/app") for each in range(9)]
    rare = [call_row(f"r{each}", principal=f"user/{each}") for each in range(60)]

    found = document([*rare, *often])

    principals = next(each for each in found["dimensions"] if each["name"] == "principal")
    assert principals["values"][0] is None or "role/app" in principals["values"]
    assert principals["kept"] == 50
    assert sums(found, {"principal": "(others)"})[()].calls == 11
    assert sums(found, {"principal": "role/app"})[()].calls == 9


def test_cost_is_that_of_usage_and_tells_what_it_lacks():
    rows = [
        call_row("a", usage={"requestCharacters": 1_000_000, "engine": "neural"}),
        call_row("b", usage={"engine": "neural"}),
        call_row("c", usage={"requestCharacters": 7, "engine": "other"}),
        call_row("d", service="lex", operation="ListBots"),
    ]

    found = document(rows)

    own = sums(found, {})[()]
    assert own.cost / found["costUnit"] == 16
    assert (own.priced, own.unpriced, own.unknownCharacters) == (1, 2, 1)
    assert sums(found, {"service": "lex"})[()].priced == 0


def test_cells_of_the_window_before_have_no_times():
    rows = [
        call_row("now"),
        call_row("before", START - timedelta(hours=1)),
        call_row("long ago", START - timedelta(days=9)),
    ]

    found = document(rows)

    assert [cell[0] for cell in found["cellsBefore"]] == [-1]
    assert sums(found, {}, cells="cellsBefore", shared="sharedBefore")[()].calls == 1
    assert found["before"]["relation"] == "as much time directly before"


def test_memory_is_bounded_while_rows_are_added():
    rows = [call_row(f"{each}", START + each * timedelta(minutes=1), resource=f"r/{each}") for each in range(300)]
    found = report(rows, most_cells=20)

    largest = 0
    add = found.cube.tally.add
    for each in rows:
        add(each)
        largest = max(largest, len(found.cube.tally))

    assert largest <= 21

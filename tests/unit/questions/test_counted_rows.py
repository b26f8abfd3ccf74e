"""One row of each call counts: sums over the rows of a window are those of usage, which finds calls in its own way."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.questions import CountedRows, EventStore, Filter, Reading
from aitrail.window import Window
from tests.shared.call_rows import MINUTE, NOW, PLANTED, START, Rows, call_row, rows_of

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=200)
ALWAYS = Window(since=START - timedelta(days=1), until=NOW)
ENDS = st.integers(0, 500).map(lambda minutes: START + minutes * MINUTE)
WINDOWS = st.tuples(ENDS, ENDS).map(lambda ends: Window(since=min(ends), until=max(ends) + MINUTE))


def counting(source, window=ALWAYS, wanted=None):
    """The rows that count, as they count."""
    wanted = wanted or Filter()
    counted = CountedRows()
    counted.add(source.rows(wanted.of_indexes(), window), Reading.of(source, wanted, window, NOW))
    return [found for row in source.rows(wanted, window) if (found := counted.counting(row))]


def of_usage(source, window=ALWAYS, **conditions):
    """Calls and characters of the window."""
    store = EventStore(source, now=lambda: NOW)
    total = store.usage(by=(), since=window.since, until=window.until, report=len, **conditions).total()
    return total["calls"], total["errors"], total["characters"]


def summed(rows):
    good = [row for row in rows if row["outcome"] == "ok"]
    characters = [row["usage"]["requestCharacters"] for row in good]
    return len(rows), len(rows) - len(good), sum(characters)


def with_amounts_of_their_own(rows):
    """The rows with another number of characters each, so that it shows which of them count."""
    return [row | {"usage": row["usage"] | {"requestCharacters": 2**place}} for place, row in enumerate(rows)]


@LAW
@given(PLANTED, WINDOWS, st.randoms(use_true_random=False))
def test_rows_that_count_add_up_to_usage_in_any_window_and_any_order(calls, window, random):
    rows = [row for row in with_amounts_of_their_own(rows_of(calls)) if random.random() < 0.9]
    random.shuffle(rows)
    source = Rows(*rows)

    assert summed(counting(source, window)) == of_usage(source, window)


@LAW
@given(PLANTED, st.sampled_from(["ok", "denied", "throttled"]))
def test_conditions_hold_for_the_newest_record_of_a_call_as_in_usage(calls, outcome):
    source = Rows(*with_amounts_of_their_own(rows_of(calls)))

    found = counting(source, wanted=Filter(outcome=(outcome,)))

    assert summed(found) == of_usage(source, outcome=outcome)


def test_correction_counts_in_the_row_that_it_corrects():
    first = call_row("a")
    newer = call_row("b", START + MINUTE, usage={"requestCharacters": 7, "originalEventID": "a"})

    (found,) = counting(Rows(first, newer))

    assert (found["eventTime"], found["usage"]["requestCharacters"]) == (first["eventTime"], 7)


def test_two_rows_of_one_action_count_once_and_the_copy_of_an_endpoint_never():
    used = {"requestCharacters": 5, "sharedEventID": "s"}
    rows = [call_row("b", usage=used), call_row("a", usage=used, recipientAccountId="444455556666")]
    copy = call_row("0", usage=used, eventCategory="NetworkActivity")

    assert [row["eventID"] for row in counting(Rows(copy, *rows))] == ["a"]


def test_windows_that_are_added_one_after_another_do_not_count_an_action_twice():
    used = {"requestCharacters": 5, "sharedEventID": "s"}
    source = Rows(call_row("a", usage=used), call_row("b", usage=used, service="lex"))
    counted, found = CountedRows(), []
    for service in ("lex", "polly"):
        wanted = Filter(service=(service,))
        counted.add(source.rows(wanted, ALWAYS), Reading.of(source, wanted, ALWAYS, NOW))

    for service in ("lex", "polly"):
        found += [row["eventID"] for row in source.rows(Filter(service=(service,)), ALWAYS) if counted.counting(row)]

    assert found == ["a"]

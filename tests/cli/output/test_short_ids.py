"""Short eventIDs in tables."""

from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.cli.output.short_ids import ShortIds

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=300)
# Few characters and a common beginning, so that many IDs are alike.
IDS = st.builds(lambda same, rest: "0123456789"[:same] + rest, st.integers(0, 10), st.text("0189a-~\x1b", max_size=6))


def short(*event_ids):
    """The beginnings that are shown if the IDs arrive one after another."""
    ids = ShortIds()
    shown = []
    for event_id in event_ids:
        ids.add(event_id)
        shown.append(ids.of(event_id))
    return shown


def test_eight_characters_are_enough_for_ids_that_differ_in_them():
    assert short("00abcdef-0000-4000", "00abcdee-0000-4000") == ["00abcdef", "00abcdee"]


def test_beginning_is_longer_where_a_row_that_is_shown_already_has_the_same_one():
    assert short("00abcdef-0000-4000", "00abcdef-0001-4000", "00abcdef-0000-4001") == [
        "00abcdef",
        "00abcdef-0001",
        "00abcdef-0000-4001",
    ]


def test_rows_that_are_shown_together_are_told_apart_from_each_other():
    ids = ShortIds()
    for event_id in ("00abcdef-0000", "00abcdef-1000"):
        ids.add(event_id)

    assert [ids.of("00abcdef-0000"), ids.of("00abcdef-1000")] == ["00abcdef-0", "00abcdef-1"]


def test_the_same_call_again_has_the_same_beginning():
    assert short("00abcdef-0000", "00abcdef-0000") == ["00abcdef", "00abcdef"]


def test_id_with_which_another_one_begins_is_whole():
    assert short("00abcdef", "00abcdef~1", "00abcdef") == ["00abcdef", "00abcdef~", "00abcdef"]


@given(st.lists(IDS, min_size=1, max_size=12))
@LAW
def test_a_beginning_is_that_of_no_other_row_shown_so_far_and_no_longer_than_needed(event_ids):
    for number, (event_id, beginning) in enumerate(zip(event_ids, short(*event_ids), strict=True)):
        others = [each for each in event_ids[:number] if each != event_id]

        assert event_id.startswith(beginning)
        assert beginning == event_id or not any(each.startswith(beginning) for each in others)
        assert len(beginning) == min(8, len(event_id)) or any(each.startswith(beginning[:-1]) for each in others)

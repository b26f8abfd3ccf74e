"""Each call counts once, whatever number of records CloudTrail has written of it, in whatever order they are read."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.questions import OTHERS, EventStore
from aitrail.questions.usage import usage
from tests.shared.call_rows import MINUTE, START, Rows, call_row

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=300)
NOW = START + timedelta(days=30)
HOUR = timedelta(hours=1)


def row(event_id, at=START, **changes):
    return call_row(event_id, at, **{"usage": {"requestCharacters": 10}} | changes)


def correcting(original, event_id, at=START, characters=20, **changes):
    return row(event_id, at, usage={"requestCharacters": characters, "originalEventID": original}, **changes)


def asked(rows, by=(), since=START, until=START + HOUR, **conditions):
    return EventStore(Rows(*rows), now=lambda: NOW).usage(by=by, since=since, until=until, **conditions)


def sums(found):
    """Calls and characters of all groups together."""
    total = found.total()
    return total["calls"], total["characters"]


ORDERS = pytest.mark.parametrize("order", [1, -1], ids=["forwards", "backwards"])


@ORDERS
def test_correction_counts_in_the_place_of_what_it_corrects(order):
    rows = [row("a"), correcting("a", "b"), row("c")][::order]

    assert sums(asked(rows)) == (2, 30)


@ORDERS
def test_newest_of_several_corrections_counts_also_if_one_corrects_the_other(order):
    rows = [row("a"), correcting("a", "b", START + MINUTE), correcting("b", "c", START + 2 * MINUTE, 30)][::order]

    assert sums(asked(rows)) == (1, 30)


def test_correction_of_a_record_that_never_came_counts():
    assert sums(asked([correcting("gone", "b")])) == (1, 20)


def test_corrections_that_correct_each_other_count_once():
    assert sums(asked([correcting("b", "a"), correcting("a", "b", START + MINUTE, 30)])) == (1, 30)


def test_call_counts_at_its_own_time_and_in_one_window_though_its_correction_is_of_another():
    rows = [row("a", START + 59 * MINUTE), correcting("a", "b", START + 61 * MINUTE)]

    first, second = asked(rows), asked(rows, since=START + HOUR, until=START + 2 * HOUR)

    assert (sums(first), sums(second)) == ((1, 20), (0, 0))
    assert sums(asked(rows, until=START + 2 * HOUR)) == (1, 20)


def test_correction_that_changes_the_outcome_moves_the_call_to_where_it_belongs():
    rows = [row("a", outcome="denied"), correcting("a", "b")]

    assert sums(asked(rows, outcome="denied")) == (0, 0)
    assert sums(asked(rows, outcome="ok")) == (1, 20)


@ORDERS
def test_correction_takes_the_place_only_of_a_record_that_meets_the_condition_on_user_agents(order):
    agent = {"agent": "Boto3/1"}
    other = correcting("a", "b")
    rows = [row("a"), other | {"usage": other["usage"] | agent}, row("c", usage=agent)][::order]

    assert sums(asked(rows, user_agent="Boto3/1"))[0] == 2


@pytest.mark.parametrize("reason", ["DELIVERY_DELAY", "SERVICE_OUTAGE"])
def test_late_record_is_a_call_of_its_own(reason):
    assert sums(asked([row("a"), row("b", addendum={"reason": reason})])) == (2, 20)


def shared(event_id, account, by="x", **changes):
    used = {"requestCharacters": 10, "sharedEventID": by}
    return row(event_id, recipientAccountId=account, usage=used, **changes)


@ORDERS
def test_action_that_two_accounts_received_counts_in_each_and_once_in_their_sum(order):
    rows = [shared("a", "111122223333"), shared("b", "444455556666"), row("c")][::order]

    by_account = asked(rows, by=["account"])

    assert {group["account"]: group["calls"] for group in by_account} == {"111122223333": 2, "444455556666": 1}
    assert sums(by_account) == (2, 20)
    assert asked(rows)[0]["calls"] == 2
    assert asked(rows, account="444455556666")[0]["calls"] == 1


def test_sum_of_some_groups_counts_an_action_of_two_of_them_once():
    rows = [shared(name, account) for name, account in zip("abc", ("1" * 12, "2" * 12, "3" * 12), strict=True)]

    found = asked(rows, by=["account"])

    assert [found.total(found[:number])["calls"] for number in range(4)] == [0, 1, 1, 1]


def at_endpoint(event_id, **changes):
    return row(event_id, eventCategory="NetworkActivity", **changes)


def test_call_that_the_endpoint_refused_is_a_denied_attempt():
    refused = {"errorCode": "VpceAccessDenied", "outcome": "denied"}

    (found,) = asked([at_endpoint("a", **refused), at_endpoint("b"), row("c")])

    assert (found["calls"], found["errors"], found["denied"], found["characters"]) == (2, 1, 1, 10)


def test_refused_call_that_the_service_recorded_too_counts_once_as_the_service_saw_it():
    used = {"sharedEventID": "x"}
    refused = at_endpoint("a", errorCode="VpceAccessDenied", outcome="denied", usage=used, principal="unknown/x")
    seen = row("b", outcome="denied", usage=used)

    found = asked([refused, seen])

    assert [(group["calls"], group["denied"]) for group in found] == [(1, 1)]


def stream(event_id, minutes, *, ends=False, key="s", **changes):
    operation = "EndStreamTranscription" if ends else "StartStreamTranscription"
    used = {"stream": key} | ({"streamEnd": True} if ends else {})
    at = START + minutes * MINUTE
    return row(event_id, at, service="transcribe", operation=operation, usage=used, **changes)


@ORDERS
def test_stream_is_one_call_of_at_most_the_time_between_its_two_records(order):
    (found,) = asked([stream("a", 1), stream("b", 3, ends=True)][::order])

    assert (found["calls"], found["streamSeconds"], found["unmeasured"]) == (1, 120, 0)


def test_stream_that_ends_after_the_window_is_measured_and_its_end_counts_in_no_other():
    rows = [stream("a", 59), stream("b", 90, ends=True)]

    (found,), later = asked(rows), asked(rows, since=START + HOUR, until=START + 2 * HOUR)

    assert (found["streamSeconds"], later) == (31 * 60, [])


ENDLESS = {
    "no end": [stream("a", 1)],
    "an end before it": [stream("a", 2), stream("b", 1, ends=True)],
    "the end of another stream": [stream("a", 1), stream("b", 2, ends=True, key="other")],
    "the end of another account's stream": [stream("a", 1), stream("b", 2, ends=True, recipientAccountId="4" * 12)],
    "an end after longer than any stream": [stream("a", 1), stream("b", 242, ends=True)],
}


@pytest.mark.parametrize("rows", ENDLESS.values(), ids=ENDLESS)
def test_length_of_a_stream_without_an_end_of_its_own_is_unknown(rows):
    (found,) = asked(rows, until=START + 6 * HOUR)

    assert (found["calls"], found["streamSeconds"], found["unmeasured"]) == (1, 0, 1)


def test_streams_with_one_key_are_told_apart_by_time():
    rows = [stream("a", 1), stream("b", 2, ends=True), stream("c", 5), stream("d", 9, ends=True), stream("e", 11)]

    (found,) = asked(rows)

    assert (found["calls"], found["streamSeconds"], found["unmeasured"]) == (3, 60 + 240, 1)


@pytest.mark.parametrize("conditions", [{"operation": "StartStreamTranscription"}, {"operation": "!EndStream*"}])
def test_end_belongs_to_its_stream_whatever_conditions_it_meets(conditions):
    (found,) = asked([stream("a", 1), stream("b", 3, ends=True)], **conditions)

    assert (found["calls"], found["streamSeconds"], found["unmeasured"]) == (1, 120, 0)


def test_stream_without_a_key_has_no_known_end():
    keyless = row("a", service="transcribe", operation="StartMedicalStreamTranscription", usage={})

    (found,) = asked([keyless])

    assert (found["calls"], found["streamSeconds"], found["unmeasured"]) == (1, 0, 1)


def test_caller_does_not_end_the_streams_of_others_with_their_key():
    own = [stream("a", 1), stream("b", 31, ends=True)]
    others = [stream("c", 10, principal="user/eve"), stream("d", 11, ends=True, principal="user/eve")]

    found = asked([*own, *others], by=["principal"])

    assert {group["principal"]: group["streamSeconds"] for group in found} == {"user/alice": 1800, "user/eve": 60}


def test_corrections_that_lead_into_a_circle_count_once():
    rows = [correcting("b", "a"), correcting("c", "b", START + MINUTE), correcting("b", "c", START + 2 * MINUTE, 30)]

    assert sums(asked(rows)) == (1, 30)


def test_caller_who_calls_himself_others_is_told_apart_from_them():
    rows = [row(str(number), usage={"agent": "(others)"}) for number in range(3)]
    rows += [row("d", usage={"agent": "curl/8"}), row("e", usage={"agent": "Boto3/1"})]

    found = asked(rows, by=["user-agent"]).top(1, "calls")

    assert [(group["user-agent"] is OTHERS, str(group["user-agent"]), group["calls"]) for group in found] == [
        (False, "(others)", 3),
        (True, "(others)", 2),
    ]


def test_failed_stream_has_no_length():
    (found,) = asked([stream("a", 1, outcome="throttled"), stream("b", 2, ends=True)])

    assert (found["calls"], found["errors"], found["streamSeconds"], found["unmeasured"]) == (1, 1, 0, 0)


@ORDERS
def test_stream_that_a_correction_makes_a_failed_one_is_a_failed_call(order):
    failed = stream("b", 1, outcome="throttled")
    rows = [stream("a", 1), failed | {"usage": failed["usage"] | {"originalEventID": "a"}}][::order]

    (found,) = asked(rows)

    assert (found["calls"], found["errors"], found["unmeasured"]) == (1, 1, 0)


# Law: planted calls, each with its records, in any order and divided into windows at any place.
@dataclass(frozen=True)
class Planted:
    """A call: its first minute, characters, and the kinds of records that CloudTrail writes of it.

    A lost first record leaves the corrections of it.
    """

    minute: int
    characters: int
    corrections: tuple
    accounts: int
    is_copied: bool
    is_lost: bool

    def rows(self, number):
        at = START + self.minute * MINUTE
        accounts = [f"{each + 1}" * 12 for each in range(self.accounts)]
        for place, account in enumerate(accounts):
            used = {"requestCharacters": self.characters}
            used |= {"sharedEventID": f"s{number}"} if self.accounts > 1 else {}
            name = f"{number}-{place}"
            if not (self.is_lost and self.corrections):
                yield row(name, at, recipientAccountId=account, usage=used)
            for each, (delay, characters) in enumerate(self.corrections):
                more = {"requestCharacters": characters, "originalEventID": name}
                later = at + delay * MINUTE
                yield row(f"{name}-{each}", later, recipientAccountId=account, usage=used | more)
        if self.is_copied:
            yield at_endpoint(f"{number}-copy", usage={"sharedEventID": f"s{number}"})

    @property
    def true_characters(self):
        """The characters of the newest correction."""
        newest = max(((delay, place) for place, (delay, _) in enumerate(self.corrections)), default=None)
        return self.characters if newest is None else self.corrections[newest[1]][1]


CALLS = st.lists(
    st.builds(
        Planted,
        minute=st.integers(0, 300),
        characters=st.integers(0, 9),
        corrections=st.lists(st.tuples(st.integers(0, 100), st.integers(0, 9)), max_size=3).map(tuple),
        accounts=st.integers(1, 3),
        is_copied=st.booleans(),
        is_lost=st.booleans(),
    ),
    max_size=8,
)


@given(data=st.data(), calls=CALLS, edge=st.integers(0, 400))
@LAW
def test_every_planted_call_counts_once_in_any_order_and_on_one_side_of_any_edge(data, calls, edge):
    rows = data.draw(st.permutations([each for number, call in enumerate(calls) for each in call.rows(number)]))
    middle, end = START + edge * MINUTE, START + timedelta(days=1)
    expected = (len(calls), sum(call.true_characters for call in calls))

    whole = asked(rows, by=["account"], until=end)
    parts = [
        sums(asked(rows, since=since, until=until))
        for since, until in ((START, middle), (middle, end))
        if since < until
    ]

    assert sums(whole) == expected
    assert tuple(map(sum, zip(*parts, strict=True))) == expected


@given(data=st.data(), calls=CALLS)
@LAW
def test_sum_of_each_account_has_its_calls_once(data, calls):
    rows = data.draw(st.permutations([each for number, call in enumerate(calls) for each in call.rows(number)]))

    found = {group["account"]: (group["calls"], group["characters"]) for group in asked(rows, ["account"], until=NOW)}

    for place in range(3):
        own = [call for call in calls if call.accounts > place]
        expected = (len(own), sum(call.true_characters for call in own))
        assert found.get(f"{place + 1}" * 12, (0, 0)) == expected


def test_pure_count_of_rows_needs_no_source():
    assert usage([row("a"), correcting("gone", "b")], [])[0]["calls"] == 2


@given(data=st.data(), calls=CALLS, number=st.integers(1, 4), measure=st.sampled_from(["calls", "characters"]))
@LAW
def test_top_and_others_together_are_everything(data, calls, number, measure):
    rows = data.draw(st.permutations([each for place, call in enumerate(calls) for each in call.rows(place)]))

    whole, found = asked(rows, ["account", "hour"], until=NOW), asked(rows, ["account", "hour"], until=NOW)
    expected, sizes = whole.total(), {}
    for account in {group["account"] for group in whole}:
        sizes[account] = whole.total([group for group in whole if group["account"] == account])[measure]
    found.top(number, measure)

    assert found.total() == expected
    shown = {group["account"] for group in found} - {OTHERS}
    assert shown == set(sorted(sizes, key=lambda account: (-sizes[account], account))[:number])
    assert sorted(group["account"] is OTHERS for group in found) == [group["account"] is OTHERS for group in found]

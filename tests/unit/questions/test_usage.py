"""Calls, errors, denied calls, characters and cost by dimensions of rows."""

import functools
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.moments import MomentError
from aitrail.questions import ConditionError, EventStore, Naming, Network, Order, Team
from aitrail.questions.amounts import MEASURES, characters_of
from aitrail.questions.dimensions import DIMENSIONS, DimensionError
from aitrail.questions.usage import usage
from aitrail.questions.usage_spellings import usage_fields
from aitrail.services import load
from tests.shared.usage_prices import prices_of_polly
from tests.shared.wanted_rows import network_of, team_of

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=200)

PRICES = prices_of_polly(
    {"standard": Decimal(4), "neural": Decimal("16.5")}, {"us-gov-west-1": {"neural": Decimal("19.2")}}
)


def row(**changes):
    """A successful call of Polly."""
    return {
        "eventTime": "2026-11-21T08:30:15Z",
        "eventDay": "2026-11-21",
        "service": "polly",
        "operation": "SynthesizeSpeech",
        "outcome": "ok",
        "principal": "user/alice",
        "awsRegion": "eu-central-1",
        "recipientAccountId": "111122223333",
        "credentials": "iam-user",
        "sourceIPAddress": "203.0.113.9",
        "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
        "principalAccount": "444455556666",
        "sessionName": "nightly",
        "usage": {"requestCharacters": 25, "engine": "neural"},
    } | changes


def counted(calls=1, errors=0, denied=0, characters=25, **more):
    measures = {"calls": calls, "errors": errors, "denied": denied, "characters": characters}
    return (
        measures | {"streamSeconds": 0, "unmeasured": 0} | ({"costIsAtLeast": False} if "cost" in more else {}) | more
    )


VALUES = {
    "service": "polly",
    "operation": "SynthesizeSpeech",
    "principal": "user/alice",
    "account": "111122223333",
    "region": "eu-central-1",
    "month": "2026-11",
    "week": "2026-11-16",
    "day": "2026-11-21",
    "hour": "2026-11-21T08:00Z",
    "minute": "2026-11-21T08:30Z",
    "second": "2026-11-21T08:30:15Z",
    "resource": None,
    "engine": "neural",
    "outcome": "ok",
    "error-code": None,
    "credentials": "iam-user",
    "session": "nightly",
    "principal-account": "444455556666",
    "source-ip": "203.0.113.9",
    "access-key": "AKIAIOSFODNN7EXAMPLE",
    "voice": "Joanna",
    "language": "en-GB",
    "called-by": "lex.amazonaws.com",
    "user-agent": "Boto3/1.34.2",
    "mfa": "true",
    "api-version": "v2",
    "event-category": "Management",
    "team": "search",
    "network": "office",
}
MORE = {"voiceId": "Joanna", "languageCode": "en-GB", "agent": "Boto3/1.34.2", "mfa": True, "apiVersion": "v2"}


NAMED_AS = Naming(
    teams=(Team(name="search", accounts=("111122223333",)),),
    networks=(Network(name="office", blocks=("203.0.113.0/24",)),),
)


@pytest.mark.parametrize("name", DIMENSIONS)
def test_rows_are_counted_by_what_the_dimension_says(name):
    whole = row(calledBy="lex.amazonaws.com", usage=row()["usage"] | MORE)

    assert usage([whole], [name], naming=NAMED_AS) == [{name: VALUES[name]} | counted()]


@pytest.mark.parametrize("name", ["team", "network"])
def test_counting_by_names_without_any_is_refused(name):
    with pytest.raises(ConditionError, match=f"^No {name}s are defined"):
        usage([], [name])


def test_rows_are_counted_by_any_usage_field():
    assert usage([row()], ["requestCharacters"]) == [{"requestCharacters": "25"} | counted()]
    assert usage([row()], ["outputFormat"]) == [{"outputFormat": None} | counted()]


WEEKS = {
    "Monday": ("2026-11-16", "2026-11-16"),
    "Sunday": ("2026-11-22", "2026-11-16"),
    "in two years": ("2027-01-01", "2026-12-28"),
    "no time": (None, None),
}


@pytest.mark.parametrize(("day", "week"), WEEKS.values(), ids=WEEKS)
def test_week_is_called_by_its_monday(day, week):
    time = day and f"{day}T23:59:59Z"
    assert usage([row(eventTime=time)], ["week"]) == [{"week": week} | counted()]


def test_error_codes_are_those_of_the_calls():
    rows = [row(outcome="denied", errorCode="AccessDenied"), row(), row()]

    assert usage(rows, ["error-code"]) == [
        {"error-code": None} | counted(calls=2, characters=50),
        {"error-code": "AccessDenied"} | counted(errors=1, denied=1, characters=0),
    ]


def test_groups_are_named_in_the_order_in_which_they_are_asked_for():
    (group,) = usage([row()], ["region", "service", "region"])

    assert list(group) == ["region", "service", *MEASURES]


def test_one_dimension_may_be_given_as_a_text():
    assert usage([row()], "service") == [{"service": "polly"} | counted()]


def test_what_nothing_is_counted_by_is_refused():
    with pytest.raises(DimensionError) as raised:
        usage([], ["service", "princpal"])

    assert str(raised.value) == (
        f"Cannot count by 'princpal': did you mean principal? Choose from "
        f"{', '.join((*DIMENSIONS, *usage_fields(load())))}."
    )


ODD = {
    "absent": ({}, None),
    "null": ({"awsRegion": None}, None),
    "empty": ({"awsRegion": ""}, None),
    "a number": ({"awsRegion": 7}, "7"),
    "a list": ({"awsRegion": ["b", {"c": None}]}, '["b",{"c":null}]'),
}


@pytest.mark.parametrize(("attributes", "expected"), ODD.values(), ids=ODD)
def test_value_that_is_no_text_is_none_or_json(attributes, expected):
    plain = row()
    del plain["awsRegion"]

    assert usage([plain | attributes], ["region"], PRICES) == [
        {"region": expected} | counted(cost=Decimal("0.0004125"))
    ]


OUTCOMES = {
    "ok": counted(),
    "denied": counted(errors=1, denied=1, characters=0),
    "throttled": counted(errors=1, characters=0),
    "client-error": counted(errors=1, characters=0),
    "server-error": counted(errors=1, characters=0),
}


@pytest.mark.parametrize(("outcome", "expected"), OUTCOMES.items(), ids=OUTCOMES)
def test_outcome_decides_what_a_call_counts_as(outcome, expected):
    assert usage([row(outcome=outcome)], []) == [expected]


OPERATIONS = {
    "SynthesizeSpeech": 25,
    "StartSpeechSynthesisTask": 25,
    "GetSpeechSynthesisTask": 0,
    "ListSpeechSynthesisTasks": 0,
    "DescribeVoices": 0,
}


@pytest.mark.parametrize(("operation", "characters"), OPERATIONS.items(), ids=OPERATIONS)
def test_characters_count_once_however_often_a_task_is_asked_for(operation, characters):
    assert usage([row(operation=operation)], []) == [counted(characters=characters)]


NOT_SPOKEN = {
    "a copy": {"eventCategory": "NetworkActivity"},
    "a failure": {"outcome": "throttled"},
    "a question about a task": {"operation": "GetSpeechSynthesisTask"},
    "another operation": {"operation": "PutLexicon", "usage": None},
}
UNKNOWN = {
    "no characters": {"usage": {"engine": "neural"}},
    "odd characters": {"usage": {"requestCharacters": "25"}},
    "a flag": {"usage": {"requestCharacters": True}},
    "no usage": {"usage": None},
    "of a task": {"usage": {}, "operation": "StartSpeechSynthesisTask"},
}


@pytest.mark.parametrize("changes", NOT_SPOKEN.values(), ids=NOT_SPOKEN)
def test_characters_are_those_of_the_call_that_had_them_spoken(changes):
    assert (characters_of(row()), characters_of(row(**changes))) == (25, 0)


@pytest.mark.parametrize("changes", UNKNOWN.values(), ids=UNKNOWN)
def test_characters_that_the_record_does_not_tell_are_unknown_and_not_zero(changes):
    assert characters_of(row(**changes)) is None
    assert usage([row(), row(**changes)], []) == [counted(calls=2, characters=25, unmeasured=1)]


def test_cost_of_calls_with_unknown_characters_is_a_lower_bound_and_empty_if_nothing_is_known():
    notes, unknown = [], row(usage={"engine": "neural"})

    (some,) = usage([row(), unknown], [], PRICES, report=notes.append)
    (none,) = usage([unknown, row(outcome="denied")], [], PRICES)

    assert (some["cost"], some["costIsAtLeast"]) == (Decimal("0.0004125"), True)
    assert (none["cost"], none["costIsAtLeast"]) == (None, True)
    (note,) = notes
    assert note.startswith("The records of 1 successful call do not say how many characters there were")


def test_network_activity_events_do_not_count():
    rows = [row(), row(eventCategory="NetworkActivity"), row(eventCategory="Management"), row(eventCategory="Data")]

    assert usage(rows, []) == [counted(calls=3, characters=75)]
    assert usage(rows[1:2], []) == []


COSTS = {
    "neural": ({"usage": {"requestCharacters": 1_000_000, "engine": "neural"}}, "16.5"),
    "in a Region with another price": (
        {"usage": {"requestCharacters": 1_000_000, "engine": "neural"}, "awsRegion": "us-gov-west-1"},
        "19.2",
    ),
    "no engine": ({"usage": {"requestCharacters": 1}}, "0.000004"),
    "an operation without characters": ({"usage": {}, "operation": "DescribeVoices"}, "0"),
    "failed": ({"outcome": "server-error"}, "0"),
}


@pytest.mark.parametrize(("changes", "cost"), COSTS.values(), ids=COSTS)
def test_cost_is_the_price_of_the_characters_that_polly_synthesized(changes, cost):
    notes = []

    (group,) = usage([row(**changes)], [], PRICES, report=notes.append)

    assert (group["cost"], notes) == (Decimal(cost), [])
    assert isinstance(group["cost"], Decimal)


def test_cost_is_none_where_nothing_has_a_price_and_the_services_are_named():
    rows = [row(), *(row(service=service) for service in ("transcribe", "lex"))]
    notes = []

    groups = usage(rows, ["service"], PRICES, report=notes.append)

    assert {group["service"]: group["cost"] for group in groups} == {
        "lex": None,
        "polly": Decimal("0.0004125"),
        "transcribe": None,
    }
    assert notes == ["The cost covers only Polly's characters, and nothing of lex, transcribe."]


def test_what_has_no_price_does_not_take_away_the_cost_of_the_others():
    unpriced = row(usage={"requestCharacters": 9, "engine": "turbo"})
    rows = [row(), unpriced, row(service="lex"), unpriced | {"principal": "user/bob"}]

    groups = usage(rows, ["principal"], PRICES)

    assert [(group["principal"], group["cost"]) for group in groups] == [
        ("user/alice", Decimal("0.0004125")),
        ("user/bob", None),
    ]


def test_characters_without_a_price_are_reported_and_not_in_the_cost():
    rows = [row(usage={"requestCharacters": 1_000, "engine": engine}) for engine in ("z", "a", "neural", "z")]
    notes = []

    (group,) = usage(rows, [], PRICES, report=notes.append)

    assert group == counted(calls=4, characters=4_000, cost=Decimal("0.0165"))
    assert notes == [
        "1,000 characters of the engine a have no price: they are not included in the cost.",
        "2,000 characters of the engine z have no price: they are not included in the cost.",
    ]


def test_groups_are_sorted_by_calls_then_by_name_and_those_without_a_name_come_last():
    regions = ["b", "c", "a", None, "c"]

    groups = usage([row(awsRegion=region) for region in regions], ["region"])

    assert [(group["region"], group["calls"]) for group in groups] == [("c", 2), ("a", 1), ("b", 1), (None, 1)]


def test_groups_with_a_time_are_sorted_by_it_first():
    calls = [("2026-11-20", "a"), ("2026-11-21", "a"), ("2026-11-21", "b"), ("2026-11-21", "b"), ("2026-11-19", "c")]

    groups = usage(
        [row(eventTime=f"{day}T08:30:15Z", principal=principal) for day, principal in calls], ["principal", "day"]
    )

    assert [(group["day"], group["principal"], group["calls"]) for group in groups] == [
        ("2026-11-19", "c", 1),
        ("2026-11-20", "a", 1),
        ("2026-11-21", "b", 2),
        ("2026-11-21", "a", 1),
    ]


def some(**attributes):
    return st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in attributes.items()})


ROWS = st.builds(
    lambda required, optional, day, hour: (
        row() | required | optional | {"eventDay": day, "eventTime": f"{day}T{hour:02}:59:59Z"}
    ),
    st.fixed_dictionaries(
        {
            "outcome": st.sampled_from(tuple(OUTCOMES)),
            "operation": st.sampled_from(("SynthesizeSpeech", "GetSpeechSynthesisTask", "Getaway")),
        }
    ),
    some(
        service=("polly", "lex"),
        principal=("user/alice", "root", "unknown/\x1b[2J"),
        resource=("lexicon/a", "", "lexicon/b"),
        awsRegion=("us-gov-west-1", "eu-central-1", None, 7, {"a": 1}),
        eventCategory=("NetworkActivity", "Management", None),
        usage=(
            {},
            {"engine": "neural"},
            {"engine": "turbo", "requestCharacters": 9},
            {"engine": "neural", "requestCharacters": 7},
            {"requestCharacters": 2**63 - 1},
        ),
    ),
    st.sampled_from(("2026-11-19", "2026-11-20")),
    st.integers(0, 23),
)
BY = st.lists(st.sampled_from(tuple(DIMENSIONS)), unique=True, max_size=3)


def value_of(each, name):
    if name == "hour":
        return each["eventTime"][:13] + ":00Z"
    if name in ("minute", "second"):
        return each["eventTime"][: {"minute": 16, "second": 19}[name]] + "Z"
    if name in ("team", "network"):
        return (team_of if name == "team" else network_of)(each, NAMED_AS)
    if name == "engine":
        return each["usage"].get("engine")
    if name in ("month", "week", "event-category"):
        return {"month": each["eventDay"][:7], "week": "2026-11-16", "event-category": "Management"}[name]
    attributes = {"account": "recipientAccountId", "region": "awsRegion", "day": "eventDay"}
    attributes |= {"principal-account": "principalAccount", "session": "sessionName", "error-code": "errorCode"}
    attributes |= {"source-ip": "sourceIPAddress", "access-key": "accessKeyId", "second": "eventTime"}
    found = each.get(attributes.get(name, name))
    return {7: "7", "": None}.get(found, found) if not isinstance(found, dict) else '{"a":1}'


def is_unmeasured(each):
    is_due = each["service"] == "polly" and each["outcome"] == "ok" and each["operation"] == "SynthesizeSpeech"
    return is_due and "requestCharacters" not in each["usage"]


def cost_of_row(each):
    neural = Fraction("19.2") if each["awsRegion"] == "us-gov-west-1" else Fraction("16.5")
    price = {"neural": neural, None: Fraction(4)}.get(each["usage"].get("engine"))
    if price is None or each["service"] != "polly":
        return None
    if is_unmeasured(each):
        return None
    paid = each["outcome"] == "ok" and each["operation"] == "SynthesizeSpeech"
    return price * each["usage"].get("requestCharacters", 0) * paid / 10**6


def cost_of_group(own):
    """The cost, None if nothing has a price, or if nothing is known and something has a price."""
    cost = functools.reduce(added, map(cost_of_row, own))
    is_open = any(is_unmeasured(each) and each["usage"].get("engine") != "turbo" for each in own)
    return None if is_open and not cost else cost


def added(left, right):
    """The sum of two values, of which None adds nothing."""
    if left is None or right is None:
        return right if left is None else left
    return left + right


def all_added(left, right):
    return tuple(map(added, left, right))


def brute_force(rows, by):
    """The expected result of `usage`, computed one group after the other."""
    real = [each for each in rows if each.get("eventCategory") != "NetworkActivity"]
    found = {}
    for key in {tuple(value_of(each, name) for name in by) for each in real}:
        own = [each for each in real if tuple(value_of(each, name) for name in by) == key]
        paid = [each for each in own if each["outcome"] == "ok" and each["operation"] == "SynthesizeSpeech"]
        found[key] = (
            len(own),
            len([each for each in own if each["outcome"] != "ok"]),
            len([each for each in own if each["outcome"] == "denied"]),
            sum(each["usage"].get("requestCharacters", 0) for each in paid),
            len([each for each in own if is_unmeasured(each)]),
            cost_of_group(own),
        )
    return found


def by_key(groups, by):
    measures = ("calls", "errors", "denied", "characters", "unmeasured", "cost")
    return {
        tuple(group[name] for name in by): tuple(
            None if group[each] is None else Fraction(group[each]) for each in measures
        )
        for group in groups
    }


def without_nothing(found):
    """The measures with None for a cost of 0: which of them it is depends on calls with unknown characters."""
    return {key: (*measures[:-1], measures[-1] or None) for key, measures in found.items()}


@given(rows=st.lists(ROWS, max_size=20), by=BY)
@LAW
def test_usage_is_what_counting_each_group_by_itself_gives(rows, by):
    groups = usage(rows, by, PRICES, naming=NAMED_AS)

    assert by_key(groups, by) == brute_force(rows, by)
    assert len(groups) == len(by_key(groups, by))


@given(data=st.data(), rows=st.lists(ROWS, max_size=20), by=BY)
@LAW
def test_order_of_rows_makes_no_difference(data, rows, by):
    shuffled = data.draw(st.permutations(rows))

    assert usage(shuffled, by, PRICES, naming=NAMED_AS) == usage(rows, by, PRICES, naming=NAMED_AS)


@given(rows=st.lists(ROWS, max_size=20), by=BY, place=st.integers(0, 20))
@LAW
def test_parts_add_up_to_the_whole(rows, by, place):
    parts = [by_key(usage(part, by, PRICES, naming=NAMED_AS), by) for part in (rows[:place], rows[place:])]

    summed = {
        key: functools.reduce(all_added, (part[key] for part in parts if key in part))
        for key in {key for part in parts for key in part}
    }
    assert without_nothing(summed) == without_nothing(by_key(usage(rows, by, PRICES, naming=NAMED_AS), by))


@given(rows=st.lists(ROWS, max_size=20), by=BY.filter(bool))
@LAW
def test_sums_over_a_dimension_are_the_usage_without_it(rows, by):
    summed = {}
    for key, measures in by_key(usage(rows, by, PRICES, naming=NAMED_AS), by).items():
        summed[key[1:]] = all_added(summed[key[1:]], measures) if key[1:] in summed else measures

    assert without_nothing(summed) == without_nothing(by_key(usage(rows, by[1:], PRICES, naming=NAMED_AS), by[1:]))


class Source:
    """A source of two rows that records the questions."""

    by_day = False

    def __init__(self):
        self.asked = []

    def rows(self, wanted, window, *, order, limit=None):
        self.asked.append((wanted.service, str(window), order, limit))
        return iter([row(), row(service="lex", outcome="denied")])

    def refuse_beyond(self, window):
        """It has all of every time."""

    def __getattr__(self, name):
        raise AssertionError(f"{name} is of no use for counting")


NOW = datetime(2026, 11, 21, tzinfo=UTC)


def test_store_counts_narrow_rows_in_any_order():
    source = Source()

    groups = EventStore(source, now=lambda: NOW).usage(since="1d", service=["Polly", "lex"])

    assert groups == [
        {"service": "lex"} | counted(errors=1, denied=1, characters=0),
        {"service": "polly"} | counted(),
    ]
    window = "from 2026-11-20T00:00:00Z until 2026-11-21T00:00:00Z"
    assert source.asked == [(("polly", "lex"), window, Order.ANY, None)]


def test_store_reports_characters_without_a_price(caplog):
    prices = prices_of_polly({})

    groups = EventStore(Source(), now=lambda: NOW).usage(by=[], prices=prices)

    assert groups == [counted(calls=2, errors=1, denied=1, cost=None)]
    assert caplog.messages == [
        "The cost covers only Polly's characters, and nothing of lex.",
        "25 characters of the engine neural have no price: they are not included in the cost.",
    ]


AMISS = {"dimension": ({"by": ["colour"]}, DimensionError), "window": ({"since": "some day"}, MomentError)}


@pytest.mark.parametrize(("question", "error"), AMISS.values(), ids=AMISS)
def test_store_reads_nothing_for_a_question_that_is_amiss(question, error):
    source = Source()

    with pytest.raises(error):
        EventStore(source, now=lambda: NOW).usage(**question)

    assert source.asked == []


def test_memory_depends_on_groups_and_not_on_rows():
    alive = Counter()

    class Watched(dict):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            alive["now"] += 1
            alive["most"] = max(alive["most"], alive["now"])

        def __del__(self):
            alive["now"] -= 1

    assert usage((Watched(row()) for _ in range(1_000)), ["service"]) == [
        {"service": "polly"} | counted(calls=1_000, characters=25_000)
    ]
    assert alive["most"] <= 2

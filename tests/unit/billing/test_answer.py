"""The costs of a bill by groups of calls, against a month whose amounts are known, and against bills that are wrong."""

import io
from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.billing import SCALE, Days, Group, Question, billed_costs
from aitrail.billing.bill import Bill, Month
from aitrail.billing.formats import Cost
from aitrail.billing.lines import Read, read_lines
from aitrail.metering import Question as Metered
from aitrail.metering import measured_amounts
from aitrail.questions import EventStore, Naming, Team
from aitrail.services import load
from aitrail.window import Window
from tests.shared.billed_month import CUR, Item, items_of, month_of, parquet
from tests.shared.call_rows import Rows
from tests.shared.fuzzing import law
from tests.shared.metered_month import BEGIN, END, OTHER, OWN, SPOKEN, CountedMetrics, month

ONE = 10**SCALE
DAY = timedelta(days=1)
NOVEMBER = Days(since=date(2026, 11, 1), until=date(2026, 12, 1))
SERVICES = ("polly", "transcribe", "lex", "personalize")
CALL = replace(SPOKEN, says_amount=True)
JOB = replace(SPOKEN, service="transcribe", operation="StartTranscriptionJob", of="en-US", amount=60)
SAID = replace(SPOKEN, service="lex", operation="RecognizeText", of="B0T1", amount=1)
HOUR = SPOKEN.at.replace(minute=0)
WITH_BEDROCK = load(Path(__file__).parents[3] / "contrib/services")
LINE = Item(since=HOUR, quantity=Decimal(200), cost=Decimal(2))


def bill_of(items, *, covered=NOVEMBER, is_final=True):
    read = Read()
    read_lines(io.BytesIO(parquet(CUR, items)), "bill.parquet", None, read, lambda _: None)
    return Bill(
        format="CUR 2.0",
        cost=Cost(name="unblended", column="line_item_unblended_cost"),
        currency="USD",
        days=NOVEMBER,
        months=[Month(period=covered, days=covered, is_final=is_final)],
        sums={line: amounts for line, amounts in read.sums.items() if NOVEMBER.has(line)},
        outside={line: amounts for line, amounts in read.sums.items() if not NOVEMBER.has(line)},
    )


def asked(calls, items, by=("principal",), *, said=None, naming=None, bill=None, estimates=None, **conditions):  # noqa: PLR0913 (each test varies one)
    rows = [call.row(number) for number, call in enumerate(calls) if call.is_recorded]
    naming = naming or Naming()
    store = EventStore(Rows(*rows), now=lambda: END, naming=naming)
    question = Question(by=by, services=SERVICES, registry=load(), naming=naming, estimates=estimates)
    report = pytest.fail if said is None else said.append
    return billed_costs(question, bill or bill_of(items), store, report=report, **conditions).parts


def numbers(parts):
    """What is known of each group, in dollars."""
    return {
        (group.charge, group.reason, *group.key): (
            part.calls,
            *(float(Fraction(each, ONE)) for each in (part.measured, part.shared, part.unexplained)),
            part.unknown_calls,
        )
        for group, part in parts.items()
    }


def by_bob(call, **changes):
    return replace(call, principal="user/bob", **changes)


def test_amount_that_a_record_says_costs_its_part_of_the_quantity():
    assert numbers(asked([CALL, by_bob(CALL, amount=50)], [LINE])) == {
        ("usage", "", "user/alice"): (1, 1.0, 0.0, 0.0, 0),
        ("usage", "", "user/bob"): (1, 0.5, 0.0, 0.0, 0),
        ("usage", "no recorded call", None): (0, 0.0, 0.0, 0.5, 0),
    }


def test_what_is_left_is_shared_by_calls_whose_records_say_nothing():
    silent = replace(by_bob(CALL), says_amount=False)

    assert numbers(asked([CALL, silent, silent, replace(silent, principal="user/eve")], [LINE])) == {
        ("usage", "", "user/alice"): (1, 1.0, 0.0, 0.0, 0),
        ("usage", "", "user/bob"): (2, 0.0, pytest.approx(2 / 3), 0.0, 0),
        ("usage", "", "user/eve"): (1, 0.0, pytest.approx(1 / 3), 0.0, 0),
    }


def test_calls_are_of_the_day_account_and_region_of_a_line():
    others = [replace(CALL, at=CALL.at + DAY), replace(CALL, account=OTHER), replace(CALL, region="us-east-1")]
    said = []

    found = numbers(asked([by_bob(each) for each in others], [LINE], said=said))

    assert found == {
        ("usage", "", "user/bob"): (3, 0.0, 0.0, 0.0, 3),
        ("usage", "no recorded call", None): (0, 0.0, 0.0, 2.0, 0),
    }
    (note,) = said
    assert note.startswith("The bill has no line for 3 calls of billed operations")
    assert note.endswith("what they cost is not known.")


def test_usage_type_that_is_not_known_is_shown_and_not_shared():
    found = asked([replace(CALL, amount=200)], [LINE, replace(LINE, usage_type="SynthesizeSpeechNeural2-Characters")])

    (unknown,) = (group for group in found if group.reason == "unknown usage type")
    assert (unknown.service, unknown.usage_type, unknown.reason) == (
        "polly",
        "SynthesizeSpeechNeural2-Characters",
        "unknown usage type",
    )
    assert found[unknown].cost == 2 * ONE


def test_engine_of_a_call_tells_its_usage_type():
    standard = replace(LINE, usage_type="SynthesizeSpeech-Characters", cost=Decimal("0.5"))
    said = []

    found = numbers(asked([CALL], [standard], said=said))

    assert found[("usage", "no recorded call", None)] == (0, 0.0, 0.0, 0.5, 0)
    assert found[("usage", "", "user/alice")] == (1, 0.0, 0.0, 0.0, 1)
    assert said


def test_free_and_paid_characters_are_divided_together():
    free = replace(LINE, usage_type="SynthesizeSpeech-Chars", quantity=Decimal(100), cost=Decimal(0))
    paid = replace(LINE, usage_type="SynthesizeSpeech-Characters", quantity=Decimal(100), cost=Decimal(1))

    class Standard(type(CALL)):
        def row(self, number):
            return super().row(number) | {"usage": {"requestCharacters": self.amount}}

    calls = [Standard(**{**vars(CALL), "amount": 150}), Standard(**{**vars(by_bob(CALL)), "amount": 50})]

    assert numbers(asked(calls, [free, paid])) == {
        ("usage", "", "user/alice"): (1, 0.75, 0.0, 0.0, 0),
        ("usage", "", "user/bob"): (1, 0.25, 0.0, 0.0, 0),
    }


def test_credits_taxes_and_refunds_stay_apart():
    others = [
        month_of(LINE, kind="Tax", cost=Decimal("0.19")),
        month_of(LINE, kind="Credit", cost=Decimal(-1)),
        month_of(LINE, kind="Refund", cost=Decimal("-0.5")),
        month_of(LINE, kind="EdpDiscount", cost=Decimal("-0.1")),
    ]

    found = numbers(asked([replace(CALL, amount=200)], [LINE, *others]))

    assert found == {
        ("usage", "", "user/alice"): (1, 2.0, 0.0, 0.0, 0),
        ("tax", "", None): (0, 0.19, 0.0, 0.0, 0),
        ("credit", "", None): (0, -1.0, 0.0, 0.0, 0),
        ("refund", "", None): (0, -0.5, 0.0, 0.0, 0),
        ("discount", "", None): (0, -0.1, 0.0, 0.0, 0),
    }


def test_unit_that_cannot_be_compared_is_shared_by_amounts():
    found = numbers(asked([CALL, by_bob(CALL, amount=300)], [replace(LINE, unit="1M Characters")]))

    assert found == {
        ("usage", "", "user/alice"): (1, 0.0, 0.5, 0.0, 0),
        ("usage", "", "user/bob"): (1, 0.0, 1.5, 0.0, 0),
    }


def test_where_records_say_more_than_the_bill_its_cost_is_shared_and_that_is_said():
    said = []

    found = numbers(asked([CALL, by_bob(CALL, amount=300)], [LINE], said=said))

    assert found[("usage", "", "user/bob")] == (1, 0.0, 1.5, 0.0, 0)
    (note,) = said
    assert note.startswith(
        "In 1 cell of account, Region, day and usage type, records or metrics say more than the bill"
    )


def test_days_that_the_bill_does_not_have_are_unknown_and_not_zero():
    said = []
    late = replace(by_bob(CALL), at=BEGIN + 20 * DAY)
    bill = bill_of([LINE], covered=Days(since=NOVEMBER.since, until=date(2026, 11, 10)), is_final=False)

    found = asked([CALL, late], [], bill=bill, said=said)

    parts = {group.key: part for group, part in found.items() if not group.reason}
    assert (parts[("user/bob",)].unknown_calls, parts[("user/bob",)].is_known) == (1, False)
    assert parts[("user/alice",)].is_known
    assert said == ["The bill does not have the days of 1 call: what they cost is not known."]


def test_operations_that_are_not_billed_cost_nothing():
    listed = replace(SAID, operation="ListBots", principal="user/bob")

    assert numbers(asked([listed], []))[("usage", "", "user/bob")] == (1, 0.0, 0.0, 0.0, 0)


def test_what_the_bill_itself_has_is_measured():
    silent = replace(CALL, says_amount=False)

    found = numbers(asked([silent, by_bob(silent)], [LINE], ("account", "region", "service", "day", "month")))

    assert found == {("usage", "", OWN, "eu-central-1", "polly", "2026-11-01", "2026-11"): (2, 2.0, 0.0, 0.0, 0)}


def test_line_of_a_month_is_shared_by_the_calls_of_its_days():
    later = replace(by_bob(CALL), at=BEGIN + 29 * DAY)

    found = numbers(asked([CALL, later], [month_of(LINE)], ("day",)))

    assert found == {
        ("usage", "", "2026-11-01"): (1, 1.0, 0.0, 0.0, 0),
        ("usage", "", "2026-11-30"): (1, 1.0, 0.0, 0.0, 0),
    }


def test_streams_have_parts_of_their_time():
    class Stream(type(CALL)):
        def row(self, number):
            begun = number % 2 == 0
            name = "StartStreamTranscription" if begun else "EndStreamTranscription"
            usage = {"stream": f"s{number // 2}"} | ({} if begun else {"streamEnd": True})
            return super().row(number) | {"service": "transcribe", "operation": name, "usage": usage}

    fields = vars(SPOKEN)
    calls = []
    for principal, seconds in (("user/alice", 30), ("user/bob", 90)):
        calls.append(Stream(**{**fields, "principal": principal}))
        calls.append(Stream(**{**fields, "principal": principal, "at": SPOKEN.at + timedelta(seconds=seconds)}))
    line = replace(LINE, service="transcribe", usage_type="StreamingAudio", unit="Seconds")

    assert numbers(asked(calls, [line])) == {
        ("usage", "", "user/alice"): (1, 0.0, 0.5, 0.0, 0),
        ("usage", "", "user/bob"): (1, 0.0, 1.5, 0.0, 0),
    }


def test_conditions_hold_for_calls_and_lines():
    elsewhere = replace(LINE, account=OTHER, cost=Decimal(7))
    calls = [CALL, replace(by_bob(CALL), account=OTHER)]

    found = asked(calls, [LINE, elsewhere], ("account",), account=(OWN,))

    assert sum(part.cost for part in found.values()) == 2 * ONE
    assert {group.key for group in found} == {(OWN,)}


def test_lines_without_a_region_are_missed_by_a_condition_on_regions_which_is_said():
    said = []

    asked([], [replace(LINE, region="", usage_type="TPS-hours")], said=said, region=("eu-central-1",))

    assert said == ["2.0000 USD of the bill have no Region: they are not in the answer."]


def test_lines_of_longer_times_than_the_window_are_said():
    said = []
    longer = replace(LINE, since=datetime(2026, 10, 1, tzinfo=BEGIN.tzinfo), until=BEGIN + 30 * DAY, kind="Tax")

    asked([], [longer], said=said)

    assert said == [
        "Lines of longer times than the window, of 2.0000 USD (tax), are not in the answer: ask for whole months."
    ]


def test_teams_are_groups():
    naming = Naming(teams=[Team(name="speech", principals=("user/alice",))])

    assert numbers(asked([CALL, by_bob(CALL)], [LINE], ("team",), naming=naming)) == {
        ("usage", "", "speech"): (1, 1.0, 0.0, 0.0, 0),
        ("usage", "", None): (1, 1.0, 0.0, 0.0, 0),
    }


def expected(calls, items):
    """Exact parts of each principal: the obvious way, one cell after the other."""
    costs, quantities, within = defaultdict(Fraction), defaultdict(Fraction), defaultdict(list)
    for item in items:
        cell = (item.since.date(), item.account, item.region, item.service)
        costs[cell] += Fraction(item.cost)
        quantities[cell] += Fraction(item.quantity)
    for call in calls:
        if call.is_recorded:
            within[call.at.date(), call.account, call.region, call.service].append(call)
    measured, shared, unexplained = defaultdict(Fraction), defaultdict(Fraction), Fraction(0)
    for cell, cost in costs.items():
        known = [
            each for each in within[cell] if each.service == "lex" or (each.service == "polly" and each.says_amount)
        ]
        others = [each for each in within[cell] if each not in known]
        rest = cost
        for each in known:
            own = cost * each.amount / quantities[cell]
            measured[each.principal] += own
            rest -= own
        for each in others:
            shared[each.principal] += rest / len(others)
        unexplained += 0 if others else rest
    return measured, shared, unexplained


@pytest.mark.parametrize("seed", range(8))
def test_parts_of_a_month_are_those_of_the_obvious_way_to_the_last_digit(seed):
    calls = month(Random(seed), 400)
    items = items_of(calls)
    measured, shared, unexplained = expected(calls, items)

    found = asked(calls, items)

    allowed = Fraction(2 * len(items), ONE)  # less than a unit for each cell, or two: what is left is shared again
    for group, part in found.items():
        if not group.reason:
            assert abs(Fraction(part.measured, ONE) - measured[group.key[0]]) < allowed
            assert abs(Fraction(part.shared, ONE) - shared[group.key[0]]) < allowed
    assert abs(Fraction(sum(part.unexplained for part in found.values()), ONE) - unexplained) < allowed
    assert sum(part.cost for part in found.values()) == sum(each.cost for each in items) * ONE


KINDS = st.sampled_from(["Usage", "Usage", "Usage", "Tax", "Credit", "Refund", "Odd", ""])
TYPES = st.sampled_from(
    [
        ("polly", "SynthesizeSpeechNeural-Characters", "Characters"),
        ("polly", "SynthesizeSpeech-Chars", "Characters"),
        ("transcribe", "TranscribeAudio", "Seconds"),
        ("lex", "Text-Requests", "Requests"),
        ("personalize", "TPS-hours", "hours"),
        ("polly", "Nobody-Knows", ""),
        ("ec2", "BoxUsage", "Hrs"),
    ]
)
AMOUNTS = st.decimals(0, 10**6, places=4)
MONEY = st.decimals(-(10**4), 10**4, places=8)


@st.composite
def lines(draw):
    service, usage_type, unit = draw(TYPES)
    since = BEGIN + draw(st.integers(0, 5)) * DAY
    return Item(
        since=since,
        until=since + draw(st.sampled_from([timedelta(hours=1), DAY, 3 * DAY])),
        account=draw(st.sampled_from([OWN, OTHER])),
        region=draw(st.sampled_from(["eu-central-1", "us-east-1", ""])),
        service=service,
        usage_type=usage_type,
        unit=unit,
        kind=draw(KINDS),
        quantity=draw(AMOUNTS),
        cost=draw(MONEY),
    )


@given(
    st.lists(lines(), min_size=1, max_size=12),
    st.integers(0, 10**6),
    st.lists(
        st.sampled_from(["principal", "account", "region", "day", "service", "resource"]), min_size=1, unique=True
    ),
)
@law(150, costs=4)
def test_sums_equal_the_bill_whatever_is_in_it_and_is_asked(items, seed, by):
    calls = [replace(each, at=BEGIN + (each.at - BEGIN) / 5) for each in month(Random(seed), 60)]

    found = asked(calls, items, tuple(sorted(by)), said=[])

    assert sum(part.cost for part in found.values()) == sum(
        int(each.cost.scaleb(SCALE)) for each in items if each.service != "ec2"
    )


def with_metrics(calls, items, **asked_for):
    """The parts, if CloudWatch counts all calls."""
    metrics = CountedMetrics(calls)

    def estimates(service, names):
        rows = [call.row(number) for number, call in enumerate(calls) if call.is_recorded]
        store = EventStore(Rows(*rows), now=lambda: END)
        about = Metered(by=names, window=Window(since=BEGIN, until=END), services=[service])
        found = measured_amounts(about, store, metrics, report=pytest.fail)
        return {(group.amount, group.key): part for group, part in found.items() if group.is_recorded}

    return asked(calls, items, estimates=estimates, **asked_for)


def test_with_metrics_jobs_cost_what_cloudwatch_gives_them_and_others_are_unexplained():
    german = replace(by_bob(JOB), of="de-DE", amount=300)
    calls = [JOB, JOB, german, replace(JOB, is_recorded=False, of="fr-FR", amount=180)]
    line = replace(LINE, service="transcribe", usage_type="TranscribeAudio", unit="Seconds", quantity=Decimal(600))

    assert numbers(with_metrics(calls, [line])) == {
        ("usage", "", "user/alice"): (2, 0.0, 0.4, 0.0, 0),
        ("usage", "", "user/bob"): (1, 0.0, 1.0, 0.0, 0),
        ("usage", "no recorded call", None): (0, 0.0, 0.0, 0.6, 0),
    }
    assert numbers(asked(calls, [line]))[("usage", "", "user/bob")] == (1, 0.0, pytest.approx(2 / 3), 0.0, 0)


def test_with_metrics_calls_without_characters_cost_their_share_of_them():
    silent = replace(by_bob(CALL), says_amount=False, amount=60)
    calls = [CALL, silent, replace(silent, is_recorded=False, amount=40)]

    assert numbers(with_metrics(calls, [LINE])) == {
        ("usage", "", "user/alice"): (1, 1.0, 0.0, 0.0, 0),
        ("usage", "", "user/bob"): (1, 0.0, 0.5, 0.0, 0),
        ("usage", "no recorded call", None): (0, 0.0, 0.0, 0.5, 0),
    }


@pytest.mark.parametrize("seed", range(4))
def test_with_metrics_a_month_adds_up_and_explains_only_what_is_recorded(seed):
    calls = month(Random(seed), 300)
    items = items_of(calls)
    prices = {"polly": Fraction("0.000016"), "transcribe": Fraction("0.0001"), "lex": Fraction("0.00075")}
    hidden = [each for each in calls if not each.is_recorded and each.service in prices]
    unrecorded = sum(prices[each.service] * each.amount for each in hidden)

    found = with_metrics(calls, items, said=[])

    assert sum(part.cost for part in found.values()) == sum(each.cost for each in items) * ONE
    unexplained = Fraction(sum(part.unexplained for part in found.values()), ONE)
    assert unexplained > unrecorded / 3  # without metrics, jobs explain all
    assert unexplained > Fraction(sum(part.unexplained for part in asked(calls, items).values()), ONE)


def test_calls_of_a_service_whose_code_is_not_known_are_unknown():
    class Other(type(CALL)):
        def row(self, number):
            return super().row(number) | {"service": "bedrock", "operation": "InvokeModel", "usage": {}}

    said = []
    calls = [Other(**vars(CALL))]
    rows = [each.row(number) for number, each in enumerate(calls)]
    question = Question(by=("service",), services=("bedrock",), registry=WITH_BEDROCK)
    store = EventStore(Rows(*rows), now=lambda: END, registry=WITH_BEDROCK)

    found = billed_costs(question, bill_of([LINE]), store, report=said.append).parts

    assert found[Group(("bedrock",))].unknown_calls == 1
    assert "what they cost is not known" in said[0]

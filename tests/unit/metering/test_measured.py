"""Amounts of calls against a month whose amounts are known: what is measured, shared, not recorded, and unknown."""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest

from aitrail.metering import MetricsError, Place, Question, measured_amounts
from aitrail.questions import EventStore, Naming, Team
from aitrail.window import Window
from tests.shared.call_rows import Rows
from tests.shared.metered_month import BEGIN, END, OTHER, OWN, SPOKEN, CountedMetrics, month
from tests.shared.usage_prices import prices_of_polly

HERE = Place(OWN, "eu-central-1")
SERVICES = ("polly", "transcribe", "lex", "personalize")
CALL = SPOKEN
JOB = replace(CALL, service="transcribe", operation="StartTranscriptionJob", of="en-US", amount=60)
ASKED = replace(CALL, service="personalize", operation="GetRecommendations", of="shop", amount=1)
SAID = replace(CALL, service="lex", operation="RecognizeText", of="B0T1", amount=1)


def asked(calls, by=("principal",), *, metrics=None, said=None, **question):
    """The parts by (amount, is_recorded, *values of the dimensions)."""
    naming = question.get("naming", Naming())
    rows = [call.row(number) for number, call in enumerate(calls) if call.is_recorded]
    store = EventStore(Rows(*rows), now=lambda: END, naming=naming)
    about = Question(by=by, window=Window(since=BEGIN, until=END), services=SERVICES, **question)
    report = pytest.fail if said is None else said.append
    found = measured_amounts(about, store, metrics or CountedMetrics(calls), report=report)
    return {(group.amount, group.is_recorded, *group.key): part for group, part in found.items()}


def numbers(found):
    return {key: (part.calls, part.measured, part.shared, part.unknown_calls) for key, part in found.items()}


def by_bob(call, **changes):
    return replace(call, principal="user/bob", **changes)


def test_total_less_what_records_say_is_shared_by_calls():
    calls = [replace(CALL, says_amount=True, amount=700), CALL, CALL, by_bob(CALL, amount=101)]

    assert numbers(asked(calls)) == {
        ("characters", True, "user/alice"): (3, 700, 201, 0),
        ("characters", True, "user/bob"): (1, 0, 100, 0),
    }


def test_seconds_are_shared_by_jobs_of_the_same_language():
    calls = [JOB, JOB, by_bob(JOB, amount=180), replace(by_bob(JOB), of="de-DE", amount=1_000)]

    assert numbers(asked(calls)) == {
        ("audioSeconds", True, "user/alice"): (2, 0, 200, 0),
        ("audioSeconds", True, "user/bob"): (2, 0, 1_100, 0),
    }


def test_calls_without_a_record_do_not_raise_the_share_of_others():
    calls = [CALL, replace(CALL, is_recorded=False, amount=900)]

    assert numbers(asked(calls)) == {
        ("characters", True, "user/alice"): (1, 0, 500, 0),
        ("characters", False, None): (1, 500, 0, 0),
    }


def test_request_with_a_row_is_one_and_others_are_those_of_their_campaign_or_bot():
    hidden = {"is_recorded": False}
    calls = [ASKED, replace(ASKED, **hidden), replace(ASKED, of="news", **hidden), SAID, replace(SAID, **hidden)]

    assert numbers(asked(calls, by=("resource", "principal"))) == {
        ("recommendationRequests", True, "campaign/shop", "user/alice"): (1, 1, 0, 0),
        ("recommendationRequests", False, "campaign/shop", None): (1, 1, 0, 0),
        ("recommendationRequests", False, "campaign/news", None): (1, 1, 0, 0),
        ("requests", True, "bot/B0T1", "user/alice"): (1, 1, 0, 0),
        ("requests", False, "bot/B0T1", None): (1, 1, 0, 0),
    }


def test_metrics_that_a_search_does_not_find_are_named_by_rows():
    calls = [CALL, JOB, ASKED, SAID, replace(JOB, of="de-DE", is_recorded=False)]
    quiet = CountedMetrics(calls, only_named=True)

    assert {key[0]: part.total for key, part in asked(calls, metrics=quiet).items()} == {
        "characters": 100,
        "audioSeconds": 60,
        "recommendationRequests": 1,
        "requests": 1,
    }


def test_nothing_that_no_metric_tells_is_zero():
    found = asked([CALL, JOB], metrics=CountedMetrics([]))

    assert numbers(found) == {
        ("characters", True, "user/alice"): (1, 0, 0, 1),
        ("audioSeconds", True, "user/alice"): (1, 0, 0, 1),
    }
    assert {part.total for part in found.values()} == {None}


def test_job_whose_language_no_row_tells_has_an_unknown_length():
    found = asked([replace(JOB, of=None)])

    assert numbers(found) == {
        ("audioSeconds", True, "user/alice"): (1, 0, 0, 1),
        ("audioSeconds", False, None): (1, 60, 0, 0),
    }


def test_records_that_say_more_than_the_metric_stand_and_are_reported():
    said = []
    metrics = CountedMetrics([CALL])

    found = asked([replace(CALL, says_amount=True, amount=150), CALL], metrics=metrics, said=said)

    assert numbers(found) == {("characters", True, "user/alice"): (2, 150, 0, 1)}
    (line,) = said
    assert line.startswith("In 1 cell of account, Region and day, records say more than CloudWatch: what records say ")


def test_calls_that_failed_have_no_amount():
    rows = [CALL.row(1) | {"outcome": "denied"}]
    store = EventStore(Rows(*rows), now=lambda: END)
    question = Question(by=("principal",), window=Window(since=BEGIN, until=END), services=SERVICES)

    assert measured_amounts(question, store, CountedMetrics([]), report=pytest.fail) == {}


def test_day_shares_only_its_own_total():
    calls = [CALL, by_bob(CALL, at=CALL.at + timedelta(days=1), amount=900)]

    assert {key[2:]: part.shared for key, part in asked(calls, by=("principal", "day")).items()} == {
        ("user/alice", "2026-11-01"): 100,
        ("user/bob", "2026-11-02"): 900,
    }


def test_place_that_refuses_is_reported_and_its_amounts_are_unknown():
    error = MetricsError("No.")
    calls = [CALL, by_bob(CALL, account=OTHER)]
    metrics, said = CountedMetrics(calls, denied={Place(OTHER, "eu-central-1"): error}), []

    found = asked(calls, metrics=metrics, said=said)

    assert {key[2]: (part.shared, part.unknown_calls) for key, part in found.items()} == {
        "user/alice": (100, 0),
        "user/bob": (0, 1),
    }
    assert said == ["No. What only these metrics tell is not known."]


def test_metrics_that_refuse_everywhere_are_an_error():
    with pytest.raises(MetricsError, match="No"):
        asked([CALL], metrics=CountedMetrics([], denied={HERE: MetricsError("No.")}))


def test_teams_have_the_amounts_of_their_calls():
    naming = Naming(teams=(Team(name="search", principals=("user/alice",)),))

    assert numbers(asked([CALL, by_bob(CALL)], by=("team",), naming=naming)) == {
        ("characters", True, "search"): (1, 0, 100, 0),
        ("characters", True, None): (1, 0, 100, 0),
    }


def test_cost_is_that_of_the_engine_and_unknown_for_what_has_none():
    prices = prices_of_polly({"neural": Decimal(16)})
    calls = [replace(CALL, amount=1_000_000), JOB, replace(CALL, is_recorded=False, amount=1_000_000)]

    found = asked(calls, prices=prices)

    assert {key[:2]: (part.known_cost, part.unpriced) for key, part in found.items()} == {
        ("characters", True): (16, 0),
        ("characters", False): (None, 1_000_000),
        ("audioSeconds", True): (None, 60),
    }


@pytest.mark.parametrize("seed", range(8))
def test_month_adds_up_to_what_was_used_and_nothing_is_invented(seed):
    calls = month(Random(seed), 400)

    found = asked(calls, by=("principal", "day"))

    truth = defaultdict(int)
    for call in calls:
        truth[call.name] += call.amount
    totals = defaultdict(int)
    for key, part in found.items():
        totals[key[0]] += part.measured + part.shared
    places = {(call.account, call.region) for call in calls if call.is_recorded}
    assert len(places) == 4  # metrics of all places are read
    assert totals == truth


@pytest.mark.parametrize("seed", range(4))
def test_month_is_shared_as_one_would_by_hand(seed):
    calls = month(Random(seed), 300)
    found = asked(calls, by=("principal", "account", "region", "day"))

    for call in {(each.account, each.region, each.at.date()) for each in calls if each.service == "polly"}:
        cell = [
            each for each in calls if (each.account, each.region, each.at.date()) == call and each.service == "polly"
        ]
        silent = [each for each in cell if not (each.is_recorded and each.says_amount)]
        rest = sum(each.amount for each in silent)
        for principal in {each.principal for each in cell}:
            own = [each for each in cell if each.is_recorded and each.principal == principal]
            part = found.get(("characters", True, principal, call[0], call[1], call[2].isoformat()))
            if not own:
                assert part is None
                continue
            assert part.calls == len(own)
            assert part.measured == sum(each.amount for each in own if each.says_amount)
            weight = sum(not each.says_amount for each in own)
            exact = Fraction(rest) * weight / len(silent) if silent else 0
            assert abs(part.shared - exact) < 1
            assert part.unknown_calls == 0

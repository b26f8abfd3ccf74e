"""Calls in rows against CloudWatch's counts, with a month whose calls are known."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest

from aitrail.metering import AGREE, METRICS_MISSING, NOT_COMPARABLE, ROWS_MISSING, MetricsError, Place, Reconciliation
from aitrail.questions import EventStore
from aitrail.window import Window
from tests.shared.call_rows import Rows
from tests.shared.metered_month import BEGIN, END, OTHER, OWN, SPOKEN, CountedMetrics, month

HERE = Place(OWN, "eu-central-1")
DAY = timedelta(days=1)
CALL = replace(SPOKEN, at=BEGIN + timedelta(days=2, hours=9), says_amount=True)
JOB = replace(CALL, service="transcribe", operation="StartTranscriptionJob", of="en-US")
SAID = replace(CALL, service="lex", operation="RecognizeText", of="B0T1", amount=1)
ASKED = replace(CALL, service="personalize", operation="GetRecommendations", of="shop", amount=1)


def hidden(call, **changes):
    return replace(call, is_recorded=False, **changes)


def compared(calls, *, rows=None, metrics=None, said=None, places=()):
    """The comparisons of the month: with what is recorded of the calls, or with these rows."""
    if rows is None:
        rows = [call.row(number) for number, call in enumerate(calls) if call.is_recorded]
    store = EventStore(Rows(*rows), now=lambda: END)
    services = ("polly", "transcribe", "lex", "personalize")
    about = Reconciliation(window=Window(since=BEGIN, until=END), services=services, places=places)
    report = pytest.fail if said is None else said.append
    return about.compare(store, metrics or CountedMetrics(calls), report=report)


def verdicts(*calls, **changes):
    return [(each.operation, each.verdict, each.difference) for each in compared(calls, **changes)]


@pytest.mark.parametrize("seed", range(6))
def test_month_of_which_everything_is_recorded_agrees(seed):
    calls = [replace(call, is_recorded=True) for call in month(Random(seed), 300)]

    assert {each.verdict for each in compared(calls)} == {AGREE}


@pytest.mark.parametrize("seed", range(6))
def test_month_lacks_exactly_the_calls_without_a_record(seed):
    calls = month(Random(seed), 400)

    lacking = Counter()
    for call in calls:
        if not call.is_recorded:
            lacking[call.at.date().isoformat(), call.account, call.region, call.operation] += 1
    found = {
        (each.day, each.account, each.region, each.operation): each.difference
        for each in compared(calls)
        if each.verdict != AGREE
    }
    assert found == lacking


def test_metrics_may_or_may_not_count_calls_that_failed():
    failed = CALL.row(1) | {"outcome": "denied", "errorCode": "AccessDenied"}

    assert [each.verdict for each in compared([CALL], rows=[CALL.row(0), failed])] == [AGREE]
    assert [each.verdict for each in compared([CALL, CALL], rows=[CALL.row(0), failed])] == [AGREE]
    (more,) = compared([CALL] * 3, rows=[CALL.row(0), failed])
    assert (more.verdict, more.difference, more.rows, more.failed, more.metrics) == (ROWS_MISSING, 1, 2, 1, 3)


def test_metric_may_lack_calls():
    later = replace(CALL, at=CALL.at + 5 * DAY)
    rows = [CALL.row(0), CALL.row(1), later.row(2)]

    first, second = compared([CALL, later], rows=rows)

    assert (first.verdict, first.difference, second.verdict) == (METRICS_MISSING, -1, AGREE)
    assert "fewer calls than succeeded" in first.cause.cause


def test_operation_without_a_count_is_not_compared_and_not_said_to_agree():
    described = replace(CALL, operation="DescribeVoices")

    (found,) = compared([], rows=[described.row(0)])

    assert (found.verdict, found.metrics, found.difference) == (NOT_COMPARABLE, None, 0)
    assert not found.exceeds(Decimal(0))


def test_day_without_points_is_zero_if_other_days_have_some():
    quiet = replace(CALL, at=CALL.at + 3 * DAY)

    assert [(each.metrics, each.verdict) for each in compared([CALL], rows=[CALL.row(0), quiet.row(1)])] == [
        (1, AGREE),
        (0, METRICS_MISSING),
    ]


LATER = replace(CALL, at=CALL.at + 3 * DAY)
CAUSES = {
    "conversations that no trail records": ([hidden(SAID), CALL], "only as data events"),
    "calls that CloudTrail may not record": ([hidden(ASKED), CALL], "does not say that CloudTrail"),
    "some conversations": ([hidden(SAID), SAID], "Log files are missing or late"),
    "some calls": ([hidden(CALL), CALL], "Log files are missing or late"),
    "all calls of a day": ([hidden(CALL), LATER], "the trail was off"),
    "all calls of a day but others": ([hidden(CALL), JOB], "Log files are missing or late"),
}


@pytest.mark.parametrize(("calls", "cause"), CAUSES.values(), ids=CAUSES)
def test_difference_has_its_likely_cause_and_what_to_do(calls, cause):
    found = [each for each in compared(calls) if each.difference]

    assert [(each.verdict, cause in each.cause.cause) for each in found] == [(ROWS_MISSING, True)]
    assert found[0].cause.what_to_do


def test_calls_at_midnight_that_cancel_out_are_no_loss():
    before, after = CALL, replace(CALL, at=CALL.at + DAY)
    rows = [before.row(0), after.row(1), after.row(2)]

    first, second = compared([before, before, after], rows=rows)

    assert (first.difference, second.difference) == (1, -1)
    assert not first.exceeds(Decimal(0))
    assert not second.exceeds(Decimal(0))
    assert "midnight" in first.cause.cause


def test_difference_exceeds_a_part_of_the_calls_and_not_exactly_that_part():
    (found,) = compared([*[CALL] * 99, hidden(CALL)])

    assert found.difference == 1
    assert (found.exceeds(Decimal("0.9")), found.exceeds(Decimal(1))) == (True, False)


def test_metrics_of_a_place_without_rows_are_read_if_it_is_named():
    place = Place(OWN, "us-east-1")
    calls = [hidden(CALL, region="us-east-1")]

    assert verdicts(*calls) == []
    assert verdicts(*calls, places=[place]) == [("SynthesizeSpeech", ROWS_MISSING, 1)]


def test_place_that_refuses_is_reported_and_neither_agrees_nor_lacks_anything():
    calls, said = [CALL, replace(CALL, account=OTHER)], []
    metrics = CountedMetrics(calls, denied={Place(OTHER, "eu-central-1"): MetricsError("No.")})

    found = compared(calls, metrics=metrics, said=said)

    assert [(each.account, each.verdict) for each in found] == [(OWN, AGREE)]
    assert said == ["No. What only these metrics tell is not known."]


def test_metrics_that_refuse_everywhere_are_an_error():
    with pytest.raises(MetricsError):
        compared([CALL], metrics=CountedMetrics([], denied={HERE: MetricsError("No.")}))


def test_call_of_a_bot_counts_once_although_it_is_in_several_metrics():
    class Twice(CountedMetrics):
        """AWS/Usage counts the same calls, and others."""

        def series(self, place, asked, since, until):
            found = super().series(place, asked, since, until)
            for measure, _ in asked:
                if (measure.namespace, measure.service) == ("AWS/Usage", "lex"):
                    points = {"Sum": {CALL.at.replace(minute=0): 9.0}}
                    found.append(type(found[0])(measure=measure, values=("None", "RecognizeText", "Amazon Lex", "API")))
                    found[-1].points.update(points)
            return found

    (found,) = compared([SAID], metrics=Twice([SAID]))

    assert (found.verdict, found.metrics, found.metric) == (AGREE, 1, "AWS/Lex RuntimeRequestCount")

"""The moments that digests close."""

from datetime import timedelta

import pytest

from aitrail.digests.coverage import (
    Span,
    chain_of,
    chains_of,
    digest_of,
    gaps,
    is_closed,
    is_covered,
    joined_spans,
    trail_of,
)
from tests.shared.signed_digests import at, key_of

HOUR = timedelta(hours=1)


def span(end, *, verified=True, chain="audit", length=HOUR):
    return Span(log_file=f"{chain} {end}", chain=chain, start=at(end) - length, end=at(end), verified=verified)


DAY = [span(f"{hour:02}:00") for hour in range(1, 24)]


def entry(end="10:00", **changes):
    return {
        "logFile": f"s3://example-trail-logs/{key_of(at(end))}",
        "entry": "digest",
        "status": "verified",
        "digestStart": "2026-03-14T09:00:00Z",
        "digestEnd": "2026-03-14T10:00:00Z",
    } | changes


def test_span_of_a_verified_digest_has_its_hour_and_chain():
    found = Span.of(entry())

    assert (found.start, found.end, found.verified) == (at("09:00"), at("10:00"), True)
    assert found.chain == chain_of(entry("23:00")["logFile"])


@pytest.mark.parametrize(
    ("changes", "signed"),
    [({"status": "invalid"}, False), ({"status": "unverifiable"}, False), ({"problem": "tampered"}, True)],
)
def test_span_of_a_digest_with_a_problem_proves_nothing(changes, signed):
    found = Span.of(entry(**changes))

    assert (found.verified, found.signed) == (False, signed)


def test_digest_that_does_not_follow_another_proves_its_own_hour():
    assert Span.of(entry(problem="broken")).verified


@pytest.mark.parametrize(
    "changes", [{"entry": "file"}, {"logFile": f"s3://b/{key_of(at('10:00'), suffix='_backfill')}"}]
)
def test_log_files_and_backfill_digests_have_no_span(changes):
    assert Span.of(entry(**changes)) is None


def test_awaited_digest_has_no_span():
    awaited = entry()
    del awaited["digestStart"], awaited["status"]

    assert Span.of(awaited) is None


def test_trails_and_regions_have_chains_of_their_own():
    names = [key_of(at("10:00")), key_of(at("10:00"), trail="other"), key_of(at("10:00"), region="us-east-1")]

    assert len({chain_of(name) for name in names}) == 3
    assert chain_of(key_of(at("10:00"), trail="t_2020")) == chain_of(key_of(at("11:00"), trail="t_2020"))


@pytest.mark.parametrize("trail", ["audit", "t_2020", "20260314T100000Z"])
def test_chain_and_time_name_a_digest(trail):
    name = f"s3://example-trail-logs/{key_of(at('10:00'), trail=trail)}"

    assert digest_of(chain_of(name), "2026-03-14T10:00:00Z") == name


def test_chain_is_in_the_order_of_time():
    assert chains_of([span("12:00"), span("11:00")]) == {"audit": [span("11:00"), span("12:00")]}


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        (DAY, []),
        ([], [("09:00", "12:00")]),
        ([span("10:00"), span("12:00")], [("10:00", "11:00")]),
        ([span("11:00")], [("09:00", "10:00"), ("11:00", "12:00")]),
        ([span("10:00"), span("11:00", verified=False), span("12:00")], [("10:00", "11:00")]),
        ([span("12:00", length=5 * HOUR)], []),
        ([span("09:00"), span("13:00")], [("09:00", "12:00")]),
    ],
    ids=["all", "none", "one lacks", "both ends", "one is not verified", "long", "outside"],
)
def test_gaps_are_the_times_that_no_verified_digest_covers(spans, expected):
    assert list(gaps(spans, at("09:00"), at("12:00"))) == [(at(since), at(until)) for since, until in expected]


@pytest.mark.parametrize(
    ("spans", "closed"),
    [
        ([span("10:00"), span("11:00"), span("12:00")], True),
        ([span("11:00"), span("12:00")], False),
        ([span("10:00"), span("11:00")], False),
        ([span("10:00"), span("11:00", verified=False), span("12:00")], False),
        ([], False),
        ([span("08:00"), span("14:00")], False),
        ([*DAY, span("11:00", chain="other")], False),
        ([*DAY, *(span(f"{hour}:00", chain="other") for hour in range(10, 14))], True),
        ([*DAY, span("20:00", chain="other")], True),
    ],
    ids=[
        "three hours",
        "no hour before",
        "no hour after",
        "not verified",
        "none",
        "far",
        "second trail lacks",
        "two",
        "later",
    ],
)
def test_moment_is_closed_once_every_chain_around_it_has_spoken(spans, closed):
    assert is_closed(at("10:30"), spans) is closed


def test_moment_is_covered_by_any_digest_around_it():
    assert is_covered(at("10:30"), [span("10:00", verified=False)])
    assert not is_covered(at("10:30"), [span("09:00"), span("13:00")])


@pytest.mark.parametrize("trail", ["audit", "org_audit_2026", "a-b.c", "20260314T100000Z"])
def test_chain_names_its_trail(trail):
    name = f"s3://example-trail-logs/{key_of(at('10:00'), trail=trail)}"

    assert trail_of(chain_of(name)) == trail


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (0, 2, 1, 3), (1, 3, 0, 2)])
def test_spans_that_touch_become_one_in_whatever_order_they_come(order):
    found = []
    for index in order:
        found = joined_spans(found, DAY[index])

    assert [(span.start, span.end, span.verified) for span in found] == [(at("00:00"), at("04:00"), True)]


def test_spans_apart_stay_apart_in_the_order_of_time():
    found = joined_spans(joined_spans([span("09:00")], span("05:00")), span("07:00"))

    assert [(each.start, each.end) for each in found] == [
        (at("04:00"), at("05:00")),
        (at("06:00"), at("07:00")),
        (at("08:00"), at("09:00")),
    ]


def test_span_that_is_not_verified_joins_none_that_is():
    found = joined_spans(joined_spans([span("09:00")], span("10:00", verified=False)), span("11:00"))

    assert [(each.end, each.verified) for each in found] == [
        (at("09:00"), True),
        (at("10:00"), False),
        (at("11:00"), True),
    ]


@pytest.mark.parametrize("lacking", range(23))
def test_joined_spans_leave_the_same_gaps(lacking):
    some = [each for number, each in enumerate(DAY) if number != lacking]
    few = []
    for each in some:
        few = joined_spans(few, each)

    assert list(gaps(few, at("00:00"), at("23:00"))) == list(gaps(some, at("00:00"), at("23:00")))
    assert len(few) <= 2

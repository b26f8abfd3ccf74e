"""The status derived from ledger entries, and the findings that need an operator."""

from collections import Counter
from datetime import timedelta

import pytest

from aitrail.ledger import PROBLEMS
from aitrail.status import Problem, Queue, needing_attention, report_of, worth_knowing
from aitrail.window import Window
from tests.shared.ledger_entries import digest_entry, file_entry, log_file
from tests.shared.signed_digests import at
from tests.unit.status.morning import (
    CHAIN,
    HERE,
    HOUR,
    LONGER_AGO,
    NOW,
    PROVED,
    TWELVE_HOURS_AGO,
    queues,
    status_of,
    with_problem,
)


def named(findings):
    return [(each.finding, each.count) for each in findings]


def test_all_is_well_where_everything_came_and_is_proved():
    status = status_of(*CHAIN, PROVED)

    assert needing_attention(status) == []
    assert worth_knowing(status) == []
    assert report_of(status)["healthy"] is True


# Problem -> arguments of status_of, and the resulting finding.
GRAVE = {
    "dead letters": (queues(dead_letters=Queue(waiting=2, in_flight=1, delayed=1)), ("dead-letters", 4)),
    "deliveries that wait": (
        queues(deliveries=Queue(waiting=7, in_flight=2, oldest=HOUR + timedelta(seconds=1))),
        ("backlog", 9),
    ),
    "tampered": ({"tampered": with_problem(2)}, ("tampered", 2)),
    "unlisted": ({"unlisted": with_problem()}, ("unlisted", 1)),
    "no-digests": ({"no-digests": with_problem(2)}, ("no-digests", 2)),
    "replaced": ({"replaced": with_problem()}, ("replaced", 1)),
    "unreadable": ({"unreadable": with_problem()}, ("unreadable", 1)),
    "missing": ({"missing": with_problem()}, ("missing", 1)),
    "archived": ({"archived": with_problem()}, ("archived", 1)),
    "invalid": ({"invalid": with_problem()}, ("invalid", 1)),
    "broken": ({"broken": with_problem()}, ("broken", 1)),
    "rejects": ({"rejects": with_problem(3)}, ("rejects", 3)),
    "awaited for long": (
        {"awaited": [*with_problem(listedAt=TWELVE_HOURS_AGO), *with_problem(2, listedAt=LONGER_AGO)]},
        ("not-delivered", 2),
    ),
}
NO_MATTER = {
    "messages that wait for an hour": queues(deliveries=Queue(waiting=7, oldest=HOUR)),
    "a queue that has become empty": queues(deliveries=Queue(oldest=2 * HOUR)),
    "a backfill that takes a day": queues(backfill=Queue(waiting=7, oldest=24 * HOUR)),
    "awaited for twelve hours": {"awaited": with_problem(listedAt=TWELVE_HOURS_AGO)},
    "unproven": {"unproven": with_problem()},
    "unverifiable": {"unverifiable": with_problem()},
    "imported": {"imported_rows": 3},
    "age unknown": queues(ages_refused=True),
}


@pytest.mark.parametrize(("facts", "finding"), GRAVE.values(), ids=GRAVE)
def test_what_needs_a_person_is_found_with_what_to_do(facts, finding):
    (found,) = needing_attention(status_of(*CHAIN, PROVED, **facts))

    assert (found.finding, found.count) == finding
    assert found.what.endswith(".")
    assert found.what_to_do


@pytest.mark.parametrize("facts", NO_MATTER.values(), ids=NO_MATTER)
def test_what_is_only_open_needs_no_person(facts):
    assert needing_attention(status_of(*CHAIN, PROVED, **facts)) == []


OPEN = {
    "awaited": ({"awaited": with_problem(2)}, ("awaited", 2)),
    "unproven": ({"unproven": with_problem()}, ("unproven", 1)),
    "unverifiable": ({"unverifiable": with_problem()}, ("unverifiable", 1)),
    "imported": ({"imported_rows": 3}, ("imported-rows", 3)),
    "age unknown": (queues(ages_refused=True), ("age-unknown", 1)),
}


@pytest.mark.parametrize(("facts", "note"), OPEN.values(), ids=OPEN)
def test_what_is_open_is_worth_knowing(facts, note):
    (found,) = worth_knowing(status_of(*CHAIN, PROVED, **facts))

    assert (found.finding, found.count) == note
    assert found.what.endswith(".")
    assert found.what_to_do


def test_every_problem_of_the_ledger_is_a_finding_or_a_note():
    status = status_of(*CHAIN, PROVED, **{name: with_problem() for name in PROBLEMS})

    found = {each.finding for each in (*needing_attention(status), *worth_knowing(status))}

    assert found == set(PROBLEMS)


def test_problem_is_counted_to_a_thousand_and_some_are_named():
    read = iter(with_problem(5000, reason="truncated"))

    problem = Problem.of(read, NOW)
    (finding,) = needing_attention(status_of(*CHAIN, PROVED, unreadable=with_problem(5000, reason="truncated")))

    assert (problem.count, problem.is_more, str(problem)) == (1000, True, "1,000+")
    assert len(list(read)) == 3999
    assert str(finding) == "unreadable (1,000+)"
    assert finding.examples == tuple(f"{log_file('08:35', unique=str(number))}: truncated" for number in range(5))
    assert str(Problem.of(with_problem(1000), NOW)) == "1,000"


def test_digest_that_should_have_come_is_overdue_after_three_hours():
    until_seven = [PROVED, *CHAIN[:7]]

    in_time = status_of(*until_seven, now=at("10:00"))
    overdue = status_of(*until_seven, now=at("10:01"))

    assert named(needing_attention(in_time)) == []
    (found,) = needing_attention(overdue)
    assert (found.finding, found.count) == ("digests-overdue", 1)
    assert found.examples == ("111122223333 eu-west-1 audit: the newest until 2026-03-14T07:00:00Z",)


def test_chain_that_ended_on_the_first_day_before_the_window_is_overdue():
    window = Window(since=at("06:00"), until=NOW)

    status = status_of(*CHAIN[:5], window=window)

    assert [(chain.newest, chain.is_overdue) for chain in status.chains] == [(at("05:00"), True)]


def test_one_trail_that_writes_does_not_excuse_another():
    status = status_of(*CHAIN, *(digest_entry(end, trail="spare_one") for end in ("01:00", "02:00")))

    assert [(chain.trail, chain.is_overdue) for chain in status.chains] == [("audit", False), ("spare_one", True)]


def test_digest_that_lacks_is_a_gap_once_later_ones_have_come():
    lacking = [each for each in CHAIN if each["digestEnd"][11:13] not in ("04", "05")]

    status = status_of(PROVED, *lacking)

    (found,) = needing_attention(status)
    assert (found.finding, found.count) == ("gap", 1)
    assert found.examples == ("111122223333 eu-west-1 audit: 2026-03-14T03:00:00Z to 2026-03-14T05:00:00Z",)
    (note,) = worth_knowing(status)
    assert (note.finding, note.examples) == ("unverified-hours", ("111122223333 eu-west-1 audit: 2 hours",))


def test_digest_that_may_still_come_is_no_gap():
    status = status_of(PROVED, *(each for each in CHAIN if each["digestEnd"][11:13] != "09"), now=at("10:00"))

    assert (status.chains[0].gaps, status.chains[0].unverified) == ((), timedelta(0))


@pytest.mark.parametrize("state", ["invalid", "unverifiable"])
def test_hour_whose_digest_proves_nothing_is_unverified_and_no_gap(state):
    entries = [each | ({"status": state} if each["digestEnd"][11:13] == "05" else {}) for each in CHAIN]

    (chain,) = status_of(PROVED, *entries).chains

    assert (chain.gaps, chain.unverified) == ((), HOUR)


def test_digest_that_is_not_there_to_be_read_leaves_a_gap():
    gone = {"status": "missing", "digestStart": None, "digestEnd": None}

    (chain,) = status_of(PROVED, *CHAIN[:4], digest_entry("05:00", **gone), *CHAIN[5:]).chains

    assert chain.gaps == ((at("04:00"), at("05:00")),)


def test_hours_count_from_the_first_digest_known_in_the_window():
    (chain,) = status_of(PROVED, *CHAIN[4:]).chains
    (later,) = status_of(PROVED, *CHAIN[7:], window=Window(since=at("06:30"), until=NOW)).chains

    assert chain.unverified == timedelta(0)
    assert later.unverified == timedelta(0)


@pytest.mark.parametrize("order", [1, -1])
def test_order_of_the_entries_does_not_matter(order):
    status = status_of(*[*CHAIN, PROVED, file_entry("09:20"), file_entry("03:10", verifiedBy="s3://b/k")][::order])

    assert status.newest[0].delivered_at == at("09:20")
    assert len(status.arrivals.spans[HERE][next(iter(status.arrivals.spans[HERE]))]) == 1
    assert needing_attention(status) == []


def test_backfill_digests_form_no_chain():
    status = status_of(*CHAIN, PROVED, digest_entry("03:00", suffix="_backfill"))

    assert (len(status.chains), status.arrivals.digests) == (1, Counter(verified=11))


def test_log_files_without_any_digest_are_told():
    status = status_of(
        *CHAIN, PROVED, file_entry("08:40", region="us-east-1"), file_entry("08:40", account="444455556666")
    )

    (note,) = worth_knowing(status)
    assert (note.finding, note.examples) == ("no-digests", ("111122223333 us-east-1", "444455556666 eu-west-1"))
    assert needing_attention(status) == []


def test_short_window_without_a_digest_in_it_is_not_without_digests():
    status = status_of(*CHAIN, file_entry("10:20"), window=Window(since=at("10:10"), until=NOW))

    assert worth_knowing(status) == []


def test_file_that_no_digest_vouches_for_is_told_once_its_hour_is_closed():
    # Files from 08:00 to 09:00 may be in digests from 07:00 to 10:00.
    status = status_of(
        *CHAIN, PROVED, file_entry("08:59"), file_entry("08:00"), file_entry("09:00"), file_entry("07:59")
    )

    assert status.unproven_files == 3
    assert named(worth_knowing(status)) == [("unproven-files", 3)]


@pytest.mark.parametrize("problem", ["tampered", "unlisted", "accepted"])
def test_files_with_a_problem_of_their_own_are_not_told_as_unproven_as_well(problem):
    status = status_of(*CHAIN, file_entry("08:35", problem=problem))

    assert status.unproven_files == 0


def test_other_version_of_rows_is_told_with_how_to_read_again():
    status = status_of(
        *CHAIN, PROVED | {"recordedWith": "0-old"}, file_entry("09:50", recordedWith=None, status="missing")
    )

    (note,) = worth_knowing(status)
    assert (note.finding, note.count) == ("outdated", 1)
    assert note.what_to_do.startswith("`aitrail backfill --since 2026-03-13T10:30:00Z` ")


def test_silence_needs_a_person_after_a_day():
    before = file_entry(NOW - timedelta(hours=24, seconds=60))
    window = Window(since=NOW - timedelta(hours=2), until=NOW)

    silent = status_of(before)
    quiet = status_of(PROVED, window=window)

    assert named(needing_attention(silent)) == [("nothing-delivered", 1)]
    assert worth_knowing(silent) == []
    assert needing_attention(quiet) == []
    assert named(worth_knowing(status_of())) == [("no-deliveries", 1)]

"""The proof from the entries of a window, and the findings that prevent it."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.ledger import acceptance
from aitrail.proof.ledger_proof import Proof, days_of
from aitrail.proof.restarts import Restart
from aitrail.window import Window
from tests.shared.fuzzing import law
from tests.shared.signed_digests import at, key_of

BUCKET = "s3://example-trail-logs/"
FOLDER = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/111122223333_CloudTrail_eu-west-1_20260314T"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DIGESTS = f"{BUCKET}AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/"
CHAIN = f"{DIGESTS}111122223333_CloudTrail-Digest_eu-west-1_audit_eu-west-1"


def log_file(time, **changes):
    fields = {
        "logFile": f"{BUCKET}{FOLDER}{time}Z_a.json.gz",
        "entry": "file",
        "status": "ingested",
        "recordedWith": "1-abc",
        "sha256": "a" * 64,
        "verifiedBy": f"{BUCKET}{key_of(at('10:00'))}",
        "records": 10,
        "wanted": 3,
        "written": 2,
        "rejected": 1,
        "expired": 0,
        "duplicatesInFile": 0,
        "firstEventTime": "2026-03-14T09:20:00Z",
        "lastEventTime": "2026-03-14T09:25:00Z",
    } | changes
    return {name: value for name, value in fields.items() if value is not ...}


def digest(end, **changes):
    fields = {
        "logFile": f"{BUCKET}{key_of(at(end))}",
        "entry": "digest",
        "status": "verified",
        "digestStart": (at(end) - HOUR).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "digestEnd": f"2026-03-14T{end}:00Z",
        "follows": "2026-03-14T07:00:00Z",
        "logFiles": 1,
    } | changes
    return {name: value for name, value in fields.items() if value is not ...}


HOURS = [digest(f"{hour:02}:00") for hour in range(8, 14)]


def prove(*entries, since="09:00", until="12:00", now="20:00", **options):
    proof = Proof(since=at(since), until=at(until), now=at(now), recorded_with="1-abc", **options)
    for entry in entries:
        proof.add(entry)
    proof.close()
    return proof


def findings(*entries, **options):
    return [(finding.finding, finding.of) for finding in prove(*entries, **options).findings()]


def test_window_whose_files_are_all_verified_and_whose_hours_are_covered_is_proved():
    entries = [*HOURS, log_file("0930"), log_file("1130"), log_file("0859"), log_file("1200")]
    random.Random(1).shuffle(entries)

    proof = prove(*entries)

    assert list(proof.findings()) == []
    assert (proof.delivered, proof.verified) == (2, 2)
    assert {name: proof.counts[name] for name in ("records", "wanted", "written", "rejected")} == {
        "records": 20,
        "wanted": 6,
        "written": 4,
        "rejected": 2,
    }
    assert proof.rows == {f"{BUCKET}{FOLDER}{time}Z_a.json.gz": 2 for time in ("0930", "1130")}


@pytest.mark.parametrize(
    "problem", ["tampered", "unlisted", "replaced", "removed", "unreadable", "missing", "archived", "awaited"]
)
def test_log_file_with_a_problem_is_named(problem):
    entry = log_file("0930", problem=problem, verifiedBy=...)

    (finding,) = prove(*HOURS, entry).findings()

    assert (finding.finding, finding.of) == (problem, entry["logFile"])
    assert len(finding.why) > 20


# Problem -> attributes that give an entry this problem.
PROBLEMATIC = {
    "tampered": {"expectedSha256": "b" * 64},
    "unlisted": {"doubt": "unlisted"},
    "missing": {"status": "missing"},
    "replaced": {"replacedAt": "2026-03-14T12:00:00Z"},
    "removed": {"removedAt": "2026-03-14T12:00:00Z"},
    "rejects": {"rejected": 1},
    "broken": {"broken": "a new chain begins"},
}


def accepted(entry, problem):
    """The entry with that problem after it has been accepted."""
    entry |= PROBLEMATIC[problem]
    new = acceptance(problem, entry, at="2026-03-15T08:00:00Z", by="arn:aws:iam::111122223333:user/a", reason="why")
    return entry | {"problem": "accepted", "accepted": [new]}


@pytest.mark.parametrize("problem", ["tampered", "unlisted", "missing"])
def test_what_is_accepted_is_told_apart_and_not_verified(problem):
    entry = accepted(log_file("0930", verifiedBy=...), problem)

    proof = prove(*HOURS, entry)

    assert (proof.delivered, proof.verified, list(proof.findings())) == (1, 0, [])
    (told,) = proof.accepted
    assert (told.finding, told.of) == (problem, entry["logFile"])
    assert told.why == "arn:aws:iam::111122223333:user/a at 2026-03-15T08:00:00Z: why"


@pytest.mark.parametrize("problem", ["replaced", "removed"])
def test_file_that_is_as_its_digest_says_is_verified_once_its_problem_is_accepted(problem):
    proof = prove(*HOURS, accepted(log_file("0930"), problem))

    assert (proof.verified, list(proof.findings()), len(proof.accepted)) == (1, [], 1)


@pytest.mark.parametrize("problem", ["rejects", "replaced"])
def test_accepting_another_problem_does_not_hide_that_no_digest_lists_a_file(problem):
    entry = accepted(log_file("0930", verifiedBy=...), problem)

    assert findings(*HOURS, entry) == [("unproven", entry["logFile"])]


@pytest.mark.parametrize("changes", [{"sha256": "c" * 64}, {"problem": None, "doubt": None}])
def test_acceptance_that_does_not_hold_is_not_told(changes):
    entry = accepted(log_file("0930"), "unlisted") | changes

    assert prove(*HOURS, entry).accepted == []


@pytest.mark.parametrize(
    ("problem", "status"), [("broken", "verified"), ("tampered", "verified"), ("missing", "missing")]
)
def test_hour_of_an_accepted_digest_is_no_gap_and_the_digest_is_told(problem, status):
    bad = accepted(digest("10:00", sha256="a" * 64), problem) | {"status": status}
    others = [each for each in HOURS if each["logFile"] != bad["logFile"]]

    proof = prove(*others, bad)

    assert (list(proof.findings()), [each.finding for each in proof.accepted]) == ([], [problem])


def test_log_file_with_rejects_is_verified_all_the_same():
    proof = prove(*HOURS, log_file("0930", problem="rejects"))

    assert (proof.verified, list(proof.findings())) == (1, [])


@pytest.mark.parametrize("problem", [..., "unproven", "rejects"])
def test_log_file_that_no_digest_lists_is_unproven_once_its_time_is_closed(problem):
    entry = log_file("0930", verifiedBy=..., problem=problem)

    young, old = (findings(*HOURS[:hours], entry, now="11:30") for hours in (3, 4))

    assert young == [("not-closed", "2026-03-14T09:00:00Z to 2026-03-14T12:00:00Z")]
    assert old == [("unproven", entry["logFile"]), *young]


def test_files_of_a_region_without_any_digest_are_one_finding():
    entries = [log_file(time, verifiedBy=...) for time in ("0930", "0931", "0932")]

    assert findings(*entries) == [("no-digests", DIGESTS)]
    assert "3 log files" in next(prove(*entries).findings()).why


def test_digest_that_does_not_continue_the_chain_is_named_and_covers_its_hour():
    bad = digest("10:00", problem="broken")
    others = [each for each in HOURS if each["logFile"] != bad["logFile"]]

    assert findings(*others, bad) == [("broken", bad["logFile"])]


@pytest.mark.parametrize("problem", ["tampered", "removed", "invalid", "unverifiable", "missing", "archived"])
def test_digest_with_a_problem_is_named_and_its_hour_is_not_covered(problem):
    bad = digest("10:00", problem=problem)
    others = [each for each in HOURS if each["logFile"] != bad["logFile"]]

    assert findings(*others, bad) == [(problem, bad["logFile"]), ("gap", CHAIN)]


def test_awaited_digest_is_named_and_its_hour_is_not_covered():
    awaited = {"logFile": f"{BUCKET}{key_of(at('10:00'))}", "entry": "digest", "problem": "awaited"}
    others = [each for each in HOURS if each["logFile"] != awaited["logFile"]]

    assert findings(*others, awaited) == [("awaited", awaited["logFile"]), ("gap", CHAIN)]


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        ([8, 9, 10, 12, 13], ["10:00:00Z to 2026-03-14T11:00:00Z"]),
        ([11, 12, 13], ["09:00:00Z to 2026-03-14T10:00:00Z"]),
        ([10, 11], ["11:00:00Z to 2026-03-14T13:00:00Z"]),
    ],
    ids=["within", "before", "behind"],
)
def test_hours_that_no_digest_covers_are_named(hours, expected):
    proof = prove(*(digest(f"{hour:02}:00") for hour in hours))

    assert [finding.why.partition(": is")[0].partition("covers 2026-03-14T")[2] for finding in proof.findings()] == (
        expected
    )


def test_chain_that_begins_in_the_window_has_no_gap_before():
    first, *others = (digest(f"{hour}:00") for hour in (11, 12, 13))
    del first["follows"]

    assert findings(first, *others) == []


NOT_CLOSED = ("not-closed", "2026-03-14T09:00:00Z to 2026-03-14T12:00:00Z")


def test_hours_whose_digest_may_still_come_are_no_gap_and_not_closed():
    assert findings(*HOURS[:3], now="13:00") == [NOT_CLOSED]
    assert findings(*HOURS[:3], now="13:01") == [NOT_CLOSED, ("gap", CHAIN)]


def test_file_at_the_end_that_the_next_digest_may_list_is_not_proved_yet():
    """A file named 11:59 is listed by the digest that ends at 13:00: neither has arrived."""
    entries = [*HOURS[:5], log_file("0930")]

    (finding,) = prove(*entries, now="13:20").findings()
    later = findings(*entries, HOURS[5], now="13:20")

    assert (finding.finding, finding.of) == NOT_CLOSED
    assert "closed only up to 2026-03-14T11:00:00Z" in finding.why
    assert finding.why.endswith("again after 2026-03-14T16:00:00Z")
    assert later == []


def test_window_that_was_not_proved_is_at_the_time_that_it_names():
    """CloudTrail writes a digest within an hour after its end, every hour."""
    (finding,) = prove(*HOURS[:5], until="11:30", now="13:00").findings()
    again = finding.why.rpartition(" ")[2][len("2026-03-14T") : -len(":00Z")]

    assert findings(*HOURS[:6], until="11:30", now=again) == []


def test_window_without_an_end_ends_where_every_chain_has_closed():
    second = [digest(end, logFile=f"{BUCKET}{key_of(at(end), trail='second')}") for end in ("09:00", "10:00", "11:00")]
    files = [log_file(time) for time in ("0930", "0959")]
    outside = [log_file(time, verifiedBy=...) for time in ("1000", "1130")]

    proof = prove(*HOURS[:5], *second, *files, *outside, until="12:30", now="12:30", ends_when_closed=True)

    assert (proof.until, proof.closed) == (at("10:00"), at("10:00"))
    assert (list(proof.findings()), proof.delivered, proof.verified) == ([], 2, 2)


def test_chain_that_is_overdue_does_not_move_the_end_and_has_a_gap():
    second = [digest(end, logFile=f"{BUCKET}{key_of(at(end), trail='second')}") for end in ("08:00", "09:00")]

    proof = prove(*HOURS[:5], *second, until="12:30", now="12:30", ends_when_closed=True)

    assert proof.until == at("11:00")
    (gap,) = proof.findings()
    assert gap.finding == "gap"
    assert gap.why.startswith("no verified digest covers 2026-03-14T09:00:00Z to 2026-03-14T10:30:00Z")


def test_digest_that_comes_before_another_does_not_close_its_hour():
    proof = prove(*HOURS[:3], HOURS[4], until="12:30", now="12:30", ends_when_closed=True)

    assert (proof.until, [each.finding for each in proof.findings()]) == (at("09:00"), ["not-closed"])


def test_window_of_which_nothing_is_closed_is_not_proved():
    found = prove(*HOURS, since="12:30", until="13:30", now="13:30", ends_when_closed=True)

    assert [each.finding for each in found.findings()] == ["not-closed"]


def test_without_any_chain_the_window_ends_where_one_would_have_closed():
    entry = log_file("0930", verifiedBy=...)

    proof = prove(entry, until="14:00", now="14:00", ends_when_closed=True)

    assert proof.until == at("10:00")
    assert [each.finding for each in proof.findings()] == ["no-digests"]


@law(200)
@given(
    ends=st.lists(st.sets(st.integers(7, 13)), min_size=1, max_size=3),
    minutes=st.sets(st.integers(6 * 60, 14 * 60 - 1), max_size=8),
    listed=st.sets(st.integers(6 * 60, 14 * 60 - 1)),
    now=st.integers(6 * 3600, 14 * 3600).map(lambda seconds: at("00:00") + timedelta(seconds=seconds)),
    order=st.randoms(use_true_random=False),
)
def test_end_and_findings_do_not_depend_on_the_order_and_are_those_of_the_window_that_ends_there(
    ends, minutes, listed, now, order
):
    """A window without an end is as good as the one with that end, and everything in it is listed or named."""
    chains = [
        digest(f"{hour:02}:00", logFile=f"{BUCKET}{key_of(at(f'{hour:02}:00'), trail=f'trail{number}')}")
        for number, hours in enumerate(ends)
        for hour in hours
    ]
    files = [
        log_file(f"{minute // 60:02}{minute % 60:02}", **({} if minute in listed else {"verifiedBy": ...}))
        for minute in minutes
    ]
    entries = [*chains, *files]
    options = {"since": "06:00", "now": f"{now:%H:%M:%S}"}
    end = options["now"]
    first = prove(*entries, **options, until=end, ends_when_closed=True)
    order.shuffle(entries)

    again = prove(*entries, **options, until=end, ends_when_closed=True)
    same = prove(*entries, **options, until=f"{again.until:%H:%M:%S}")

    found = [sorted(map(str, proof.findings())) for proof in (first, again, same)]
    assert found[0] == found[1]
    assert found[1] == found[2] or again.until == again.since
    assert first.until == again.until
    live = [max(hours) for hours in ends if hours and now - at(f"{max(hours):02}:00") <= 3 * HOUR]
    assert all(again.until <= at(f"{hour:02}:00") - HOUR for hour in live) or again.until == again.since


def test_time_before_the_horizon_is_neither_proved_nor_accused():
    lost = digest("10:00", status="invalid", problem="invalid")
    others = [each for each in HOURS if each["logFile"] != lost["logFile"]]
    old = log_file("0930", verifiedBy=..., problem="missing")

    (finding,) = prove(*others, lost, old, log_file("1030"), horizon=at("10:00")).findings()

    assert (finding.finding, finding.of) == ("beyond-ledger", "2026-03-14T09:00:00Z to 2026-03-14T10:00:00Z")
    assert "before 2026-03-14T10:00:00Z" in finding.why


def test_horizon_before_the_window_changes_nothing():
    assert findings(*HOURS, log_file("0930"), horizon=at("09:00")) == []


def test_window_beyond_the_horizon_is_one_finding():
    assert findings(*HOURS, log_file("0930"), horizon=at("13:00")) == [
        ("beyond-ledger", "2026-03-14T09:00:00Z to 2026-03-14T12:00:00Z")
    ]


def restarted(first, last):
    return Restart(folder=DIGESTS, first=first, last=last)


def proof_with(restart, *entries):
    proof = prove(*entries)
    proof.add_restart(restart)
    return [(each.finding, each.of, each.why.partition(":00Z:")[0][-40:]) for each in proof.findings()]


def test_window_within_the_time_before_a_chain_that_began_again_is_a_gap():
    others = [
        digest(f"{hour:02}:00", logFile=f"{BUCKET}{key_of(at(f'{hour:02}:00'), region='us-east-1')}")
        for hour in range(8, 14)
    ]

    found = proof_with(restarted(at("09:00") - 10 * DAY, at("09:00") + 10 * DAY), *others)

    assert found == [("gap", DIGESTS, "2026-03-14T09:00:00Z to 2026-03-14T13:00")]


@pytest.mark.parametrize(
    ("restart", "expected"),
    [
        (restarted(at("01:00"), at("20:00")), []),
        (restarted(at("01:00") - DAY, at("20:00")), []),
    ],
)
def test_time_that_any_chain_covers_is_no_gap_between_chains(restart, expected):
    assert proof_with(restart, *HOURS) == expected


def test_gap_of_a_chain_is_not_named_again_for_its_region():
    found = proof_with(restarted(at("01:00"), at("20:00")), *HOURS[:2], *HOURS[3:])

    assert [each[:2] for each in found] == [("gap", CHAIN)]


def test_time_between_the_end_of_a_trail_and_the_beginning_of_another_is_a_gap():
    new = [digest(f"{hour}:00", logFile=f"{BUCKET}{key_of(at(f'{hour}:00'), trail='new')}") for hour in (12, 13)]
    del new[0]["follows"]

    found = proof_with(restarted(at("01:00") - 3 * DAY, at("11:00")), *new)

    assert found == [("gap", DIGESTS, "2026-03-14T09:00:00Z to 2026-03-14T11:00")]


def test_digest_with_fewer_entries_than_it_lists_is_incomplete():
    name = f"{BUCKET}{key_of(at('10:00'))}"
    hours = [each | {"listed": 2 if each["logFile"] == name else 0} for each in HOURS]
    two = [log_file("0930"), log_file("0859", verifiedBy=..., listedBy=name, problem="awaited")]

    assert list(prove(*hours, two[0]).incomplete()) == [name]
    assert list(prove(*hours, *two).incomplete()) == []


def test_digest_of_an_earlier_version_counts_what_it_lists_of_all_kinds():
    digests = [each | {"logFiles": 1} for each in HOURS if "T100000Z" in each["logFile"]]

    assert list(prove(*digests, log_file("0930")).incomplete()) == []
    assert list(prove(*digests).incomplete()) == [digests[0]["logFile"]]


def test_trails_of_one_region_are_proved_apart():
    second = digest("10:00", logFile=f"{BUCKET}{key_of(at('10:00'), trail='second')}")

    assert [what for what, _ in findings(*HOURS, second)] == ["gap"]


def test_other_entries_change_nothing():
    other = log_file("0930", entry="reject#3")
    elsewhere = {"logFile": f"{BUCKET}somewhere", "entry": "file", "status": "ingested"}

    proof = prove(*HOURS, other, elsewhere)

    assert (proof.delivered, list(proof.findings())) == (0, [])


def test_entries_of_a_window_are_on_its_days_and_on_that_of_its_last_digest():
    windows = (Window(since=at("09:00"), until=at(until)) for until in ("21:59", "22:00"))

    assert [list(days_of(window, at("23:00"))) for window in windows] == [
        ["2026-03-13", "2026-03-14"],
        ["2026-03-13", "2026-03-14", "2026-03-15"],
    ]


def test_window_without_any_delivery_is_not_proved():
    assert findings() == [("nothing-delivered", "2026-03-14T09:00:00Z to 2026-03-14T12:00:00Z")]


def test_chain_that_ended_before_the_window_is_a_gap():
    assert findings(digest("08:00"), log_file("0930", verifiedBy=...)) == [("no-digests", DIGESTS), ("gap", CHAIN)]


def test_chain_that_begins_anew_in_the_window_does_not_excuse_the_time_before():
    first, *others = (digest(f"{hour}:00") for hour in (11, 12, 13))
    del first["follows"]

    assert findings(digest("08:00"), first, *others) == [("gap", CHAIN)]


def test_file_that_was_read_with_another_registry_is_named():
    assert findings(*HOURS, log_file("0930", recordedWith="0-other")) == [
        ("outdated", f"{BUCKET}{FOLDER}0930Z_a.json.gz")
    ]


def test_rows_are_looked_for_around_the_window_whatever_the_files_say_of_their_events():
    proof = prove(*HOURS, log_file("0930", firstEventTime="0001-01-01T00:00:00Z", lastEventTime="9999-12-31T23:59:59Z"))

    assert proof.events == Window(since=at("06:00"), until=at("13:00"))


def invented(**changes):
    """A digest of a trail that does not exist."""
    return digest("10:00", logFile=f"{BUCKET}{key_of(at('10:00'), trail='invented')}", **changes)


def proof_with_invented(**changes):
    return prove(*HOURS, log_file("0930"), invented(status="invalid", problem="invalid", **changes))


def test_invalid_digest_of_a_trail_without_others_is_named_but_makes_no_gaps():
    proof = proof_with_invented()

    assert proof.uncertain_chains == [DIGESTS]
    proof.add_chains({"logFile": DIGESTS})
    assert [finding.finding for finding in proof.findings()] == ["invalid"]


def test_invalid_digest_of_a_trail_that_had_others_makes_gaps():
    proof = proof_with_invented()

    proof.add_chains({"logFile": DIGESTS, "chains": {CHAIN.rpartition("/")[2].replace("_audit_", "_invented_"): {}}})

    assert [finding.finding for finding in proof.findings()] == ["invalid", "gap"]


def test_unverifiable_digests_of_a_trail_make_gaps():
    proof = prove(*HOURS, log_file("0930"), invented(status="unverifiable", problem="unverifiable"))

    assert [finding.finding for finding in proof.findings()] == ["unverifiable", "gap"]

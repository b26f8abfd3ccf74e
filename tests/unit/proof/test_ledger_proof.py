"""The proof from the entries of a window, and the findings that prevent it."""

import random
from datetime import timedelta

import pytest

from aitrail.ledger import acceptance
from aitrail.proof.ledger_proof import Proof, days_of
from aitrail.window import LATEST, Window
from tests.shared.signed_digests import at, key_of

BUCKET = "s3://example-trail-logs/"
FOLDER = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/111122223333_CloudTrail_eu-west-1_20260314T"
HOUR = timedelta(hours=1)
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


def prove(*entries, since="09:00", until="12:00", now="20:00"):
    proof = Proof(since=at(since), until=at(until), now=at(now), recorded_with="1-abc")
    for entry in entries:
        proof.add(entry)
    return proof


def findings(*entries, **options):
    return [(finding.finding, finding.of) for finding in prove(*entries, **options).findings()]


def test_window_whose_files_are_all_verified_and_whose_hours_are_covered_is_proved():
    entries = [*HOURS, log_file("0930"), log_file("1130"), log_file("0859"), log_file("1200")]
    random.Random(1).shuffle(entries)

    proof = prove(*entries)

    assert list(proof.findings()) == []
    assert (proof.delivered, proof.verified, proof.open) == (2, 2, 0)
    assert {name: proof.counts[name] for name in ("records", "wanted", "written", "rejected")} == {
        "records": 20,
        "wanted": 6,
        "written": 4,
        "rejected": 2,
    }
    assert proof.rows == {f"{BUCKET}{FOLDER}{time}Z_a.json.gz": 2 for time in ("0930", "1130")}
    assert (proof.first_event, proof.last_event) == ("2026-03-14T09:20:00Z", "2026-03-14T09:25:00Z")


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
def test_log_file_that_no_digest_lists_is_unproven_once_its_digest_should_be_there(problem):
    entry = log_file("0930", verifiedBy=..., problem=problem)

    young, old = (prove(*HOURS, entry, now=now) for now in ("11:29", "11:31"))

    assert ([*young.findings()], young.open) == ([], 1)
    assert [(finding.finding, finding.of) for finding in old.findings()] == [("unproven", entry["logFile"])]


def test_files_of_a_region_without_any_digest_are_one_finding():
    entries = [log_file(time, verifiedBy=...) for time in ("0930", "0931", "0932")]

    assert findings(*entries) == [("no-digests", DIGESTS)]
    assert "3 log files" in next(prove(*entries).findings()).why


@pytest.mark.parametrize("problem", ["tampered", "removed", "invalid", "unverifiable", "missing", "archived", "broken"])
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
        ([11, 12], ["09:00:00Z to 2026-03-14T10:00:00Z"]),
        ([10, 11], ["11:00:00Z to 2026-03-14T12:00:00Z"]),
    ],
    ids=["within", "before", "behind"],
)
def test_hours_that_no_digest_covers_are_named(hours, expected):
    proof = prove(*(digest(f"{hour:02}:00") for hour in hours))

    assert [finding.why.partition(": is")[0].partition("covers 2026-03-14T")[2] for finding in proof.findings()] == (
        expected
    )


def test_chain_that_begins_in_the_window_has_no_gap_before():
    first, *others = (digest(f"{hour}:00") for hour in (11, 12))
    del first["follows"]

    assert findings(first, *others) == []


def test_hours_whose_digest_may_still_come_are_no_gap():
    assert findings(*HOURS[:3], now="12:00") == []
    assert findings(*HOURS[:3], now="12:01") == [("gap", CHAIN)]


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
    first, *others = (digest(f"{hour}:00") for hour in (11, 12))
    del first["follows"]

    assert findings(digest("08:00"), first, *others) == [("gap", CHAIN)]


def test_file_that_was_read_with_another_registry_is_named():
    assert findings(*HOURS, log_file("0930", recordedWith="0-other")) == [
        ("outdated", f"{BUCKET}{FOLDER}0930Z_a.json.gz")
    ]


def test_event_at_the_end_of_all_time_is_no_trouble():
    proof = prove(*HOURS, log_file("0930", lastEventTime="9999-12-31T23:59:59Z"))

    assert proof.events.until == LATEST

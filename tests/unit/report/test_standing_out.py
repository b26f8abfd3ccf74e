from datetime import timedelta

from aitrail.report.standing_out import what_stands_out
from tests.shared.call_rows import START, call_row
from tests.shared.reports import report

HOUR = timedelta(hours=1)


def told(rows, **question):
    return {remark.kind: (remark.text, remark.filters) for remark in what_stands_out(report(rows, **question))}


def denied(number, at, **changes):
    return [call_row(f"{at}-{each}-{changes}", at, outcome="denied", **changes) for each in range(number)]


def test_calls_of_root_come_first_and_are_found_by_their_credentials():
    rows = [call_row("x", credentials="root"), *denied(30, START + HOUR)]
    question = {"until": START + 20 * HOUR}

    assert [remark.kind for remark in what_stands_out(report(rows, **question))] == ["root", "denied"]
    assert told(rows, **question)["root"] == (
        "1 call was made with the credentials of root.",
        {"credentials": "root"},
    )


def test_a_burst_of_denials_has_its_hour_its_caller_and_what_is_usual():
    rows = [*denied(39, START + HOUR), *denied(1, START + HOUR, principal="role/b")]

    assert told(rows, until=START + 20 * HOUR)["denied"] == (
        "40 calls were denied in the hour 2026-11-21 01:00Z, 39 of them by user/alice; the average hour has 2.0.",
        {"time": "2026-11-21T01:00Z", "outcome": "denied"},
    )


def test_denials_of_every_hour_are_no_burst_and_neither_are_a_few():
    always = [row for hour in range(20) for row in denied(30, START + hour * HOUR)]

    assert "denied" not in told(always, until=START + 20 * HOUR)
    assert "denied" not in told(denied(9, START), until=START + 20 * HOUR)


def test_throttled_calls_have_bursts_of_their_own():
    rows = [call_row(f"{each}", outcome="throttled") for each in range(50)]

    text, filters = told(rows, until=START + 20 * HOUR)["throttled"]
    assert text.startswith("50 calls were throttled in the hour 2026-11-21 00:00Z, all of them by user/alice;")
    assert filters["outcome"] == "throttled"


def test_new_and_silent_principals_and_new_networks_are_named():
    rows = [
        call_row("1", START - HOUR, principal="user/gone", sourceIPAddress="203.0.113.1"),
        call_row("2", START - HOUR, principal="user/stays", sourceIPAddress="203.0.113.2"),
        call_row("3", START, principal="user/stays", sourceIPAddress="203.0.113.3"),
        call_row("4", START, principal="user/\u202enew", sourceIPAddress="198.51.100.9"),
    ]

    found = told(rows, lookback="2h")

    assert {kind: text for kind, (text, _) in found.items()} == {
        "network": "1 network is new: 198.51.100.0/24 (1 event).",
        "new": r"1 principal is new: user/\u202enew.",
        "silent": "1 principal is silent: user/gone.",
    }


def test_nothing_is_new_if_it_cannot_be_told():
    assert told([call_row("1", sourceIPAddress="203.0.113.1")]) == {}


def test_nothing_stands_out_without_calls():
    assert told([]) == {}

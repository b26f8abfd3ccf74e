from datetime import timedelta

import pytest

from aitrail.report.notable import MOST_OF_A_KIND, Notable, network_of
from tests.shared.call_rows import START, call_row


def notable(*rows):
    found = Notable(("principal", "source-ip"), lambda row: (row.get("principal"), row.get("sourceIPAddress")))
    for row in rows:
        found.add(row)
    return found


def kinds(*rows):
    return {event["eventID"]: event["kind"] for event in notable(*rows).events()}


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("root", {"credentials": "root", "operation": "ListBots", "readOnly": True}),
        ("root", {"credentials": "root", "operation": "DeleteBot", "outcome": "denied"}),
        ("denied", {"outcome": "denied", "readOnly": False}),
        ("denied", {"outcome": "denied"}),
        (None, {"outcome": "denied", "readOnly": True}),
        ("policy", {"operation": "CreateResourcePolicyStatement"}),
        ("policy", {"operation": "DeleteResourcePolicy"}),
        ("delete", {"operation": "DeleteBot"}),
        (None, {"operation": "DeleteBot", "outcome": "client-error"}),
        (None, {"operation": "GetResourcePolicy"}),
        (None, {}),
        (None, {"credentials": "root", "usage": {"originalEventID": "y"}}),
        (None, {"credentials": "root", "usage": {"streamEnd": True}}),
        (None, {"credentials": "root", "eventCategory": "NetworkActivity"}),
        ("denied", {"outcome": "denied", "errorCode": "VpceAccessDenied", "eventCategory": "NetworkActivity"}),
    ],
)
def test_an_event_is_of_the_first_kind_that_fits(kind, changes):
    assert kinds(call_row("x", **changes)) == ({"x": kind} if kind else {})


def test_the_newest_of_each_kind_are_kept_in_any_order_and_all_are_counted():
    rows = [call_row(f"{number:04}", START + timedelta(seconds=number), outcome="denied") for number in range(250)]

    found = notable(*rows[::2], *rows[1::2])

    assert [event["eventID"] for event in found.events()] == [f"{number:04}" for number in range(249, 149, -1)]
    assert (MOST_OF_A_KIND, found.counts["denied"]) == (100, 250)


def test_an_event_has_its_time_its_error_and_its_values():
    (event,) = notable(call_row("x", outcome="denied", errorCode="AccessDenied", sourceIPAddress=["odd"])).events()

    assert event == {
        "kind": "denied",
        "eventTime": "2026-11-21T00:00:00Z",
        "eventID": "x",
        "errorCode": "AccessDenied",
        "principal": "user/alice",
        "source-ip": ["odd"],
    }


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2::9", "2001:db8:1::/48"),
        ("lex.amazonaws.com", None),
        ("AWS Internal", None),
        ("", None),
    ],
)
def test_addresses_of_one_site_are_of_one_network(address, network):
    assert network_of(address) == network


def test_the_first_event_of_a_network_that_is_not_known_is_notable():
    rows = [
        call_row("late", START + timedelta(hours=2), sourceIPAddress="198.51.100.1"),
        call_row("early", START, sourceIPAddress="198.51.100.2"),
        call_row("known", START, sourceIPAddress="203.0.113.1"),
    ]
    found = notable(*rows)

    assert found.new_networks({"203.0.113.0/24"}.__contains__) == {"198.51.100.0/24": 2}
    assert [(event["eventID"], event["kind"]) for event in found.events()] == [("early", "network")]


def test_an_event_of_several_kinds_is_there_once():
    found = notable(call_row("x", credentials="root", sourceIPAddress="198.51.100.2"))
    found.new_networks(lambda _: False)

    assert [event["kind"] for event in found.events()] == ["root"]

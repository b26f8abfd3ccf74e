"""The conclusions from the attributes of an entry."""

from itertools import product

from aitrail.ledger.entries import ACCEPTED, PROBLEMS, acceptance, attributes_of_key, settled
from tests.shared.signed_digests import at, key_of

STATUSES = (None, "ingested", "unreadable", "missing", "archived", "verified", "invalid", "unverifiable")


def test_problems_that_may_be_found_are_all_named():
    choices = {
        "status": STATUSES,
        "expectedSha256": (None, "a"),
        "sha256": (None, "a", "b"),
        "doubt": (None, "unproven", "unlisted", "no-digests"),
        "broken": (None, "why"),
        "rejected": (0, 1),
        "replacedAt": (None, "when"),
        "removedAt": (None, "when"),
        "silentSince": (None, "when"),
        "accepted": ((), [{"problem": "rejects"}]),
    }
    entries = (dict(zip(choices, values, strict=True)) for values in product(*choices.values()))

    found = {settled(entry)["problem"] for entry in entries}

    assert found - {None} == set(PROBLEMS)
    assert len(set(PROBLEMS)) == len(PROBLEMS)


def accepting(entry, *problems):
    """The entry after these problems have been accepted."""
    accepted = [acceptance(problem, entry, at="when", by="who", reason="why") for problem in problems]
    return entry | {"accepted": accepted}


REPLACED = {"status": "ingested", "sha256": "a", "replacedAt": "when", "rejected": 2}


def test_what_is_accepted_is_no_problem_any_more_and_the_next_one_is():
    assert settled(REPLACED)["problem"] == "replaced"
    assert settled(accepting(REPLACED, "replaced"))["problem"] == "rejects"
    assert settled(accepting(REPLACED, "replaced", "rejects"))["problem"] == ACCEPTED


def test_what_comes_to_light_later_is_not_accepted():
    entry = accepting(REPLACED, "replaced", "rejects")

    assert settled(entry | {"sha256": "b"})["problem"] == "replaced"
    assert settled(entry | {"status": "missing"})["problem"] == "missing"
    assert settled(entry | {"expectedSha256": "c"})["problem"] == "tampered"


def test_object_that_is_removed_once_more_needs_attention_again():
    entry = accepting({"status": "ingested", "sha256": "a", "removedAt": "when"}, "removed")

    assert settled(entry)["problem"] == ACCEPTED
    assert settled(entry | {"removedAt": "later"})["problem"] == "removed"


def test_accepting_proves_nothing():
    entry = accepting(REPLACED | {"expectedSha256": "c", "listedBy": "digest"}, "tampered", "replaced", "rejects")

    assert settled(entry) == {
        "problem": ACCEPTED,
        "doubt": None,
        "doubtedAt": None,
        "verifiedBy": None,
        "listedBy": "digest",
        "listedAt": None,
    }


def test_name_tells_what_is_known_before_the_object_comes():
    assert attributes_of_key(key_of(at("10:00"))) == {
        "account": "111122223333",
        "region": "eu-west-1",
        "deliveredAt": "2026-03-14T10:00:00Z",
        "deliveryDay": "2026-03-14",
    }
    assert attributes_of_key("AWSLogs/other") == {}

"""What the attributes of an entry together mean."""

from itertools import product

from aitrail.entries import PROBLEMS, settled

STATUSES = (None, "ingested", "unreadable", "missing", "archived", "verified", "invalid", "unverifiable")


def test_problems_that_may_be_found_are_all_named():
    choices = {
        "status": STATUSES,
        "expectedSha256": (None, "a"),
        "sha256": (None, "a", "b"),
        "doubt": (None, "unproven", "unlisted"),
        "broken": (None, "why"),
        "rejected": (0, 1),
        "replacedAt": (None, "when"),
    }
    entries = (dict(zip(choices, values, strict=True)) for values in product(*choices.values()))

    found = {settled(entry)["problem"] for entry in entries}

    assert found - {None} == set(PROBLEMS)
    assert len(set(PROBLEMS)) == len(PROBLEMS)

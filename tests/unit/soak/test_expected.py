"""The tables that `make soak` expects, and its report of differences."""

import json

import pytest


def rows_as_expected(expected):
    """Rows as returned by a scan."""
    origins = {event_id: min(origins) for event_id, origins in expected.origins.items()}
    return [
        {**json.loads(text), "logFile": origins[event_id][0], "recordIndex": origins[event_id][1]}
        for event_id, text in expected.rows.items()
    ]


def entries_as_expected(expected):
    return [{"logFile": name, "entry": entry, **said} for (name, entry), said in expected.entries.items()]


def test_tables_that_hold_what_they_have_to_do_not_differ(expected):
    found = list(expected.differences(rows_as_expected(expected), entries_as_expected(expected)))

    assert found == []


def without_one(found):
    return found[1:]


def one_twice(found):
    return [*found, found[0]]


def one_too_many(found):
    return [*found, {**found[0], "eventID": "another"}]


def changed(name, value):
    def change(found):
        return [{**found[0], name: value}, *found[1:]]

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (without_one, "is missing"),
        (one_twice, "is there twice"),
        (one_too_many, "should not be there"),
        (changed("service", "s3"), "and should be"),
        (changed("temporaryCredentials", 1), "and should be"),
        (changed("new", None), "and should be"),
        (changed("recordIndex", 999), "as its origin"),
        (changed("logFile", "s3://example-trail-logs/other"), "as its origin"),
    ],
)
def test_a_row_that_is_not_as_it_has_to_be_is_told(expected, change, told):
    rows = change(rows_as_expected(expected))

    (found,) = expected.differences(rows, entries_as_expected(expected))

    assert told in found


def test_either_log_file_may_be_the_origin_of_an_event_that_came_in_two(expected):
    rows = rows_as_expected(expected)
    for row in rows:
        row["logFile"], row["recordIndex"] = max(expected.origins[row["eventID"]])

    assert list(expected.differences(rows, entries_as_expected(expected))) == []


@pytest.mark.parametrize(
    ("entry", "change", "told"),
    [
        ("file", None, "is missing"),
        ("reject", None, "is missing"),
        ("digest", None, "is missing"),
        ("file", {"entry": "digest"}, "should not be there"),
        ("file", {"problem": "unproven"}, "and should say {'problem': None}"),
        ("file", {"verifiedBy": None}, "and should say {'verifiedBy'"),
        ("file", {"sha256": "0" * 64}, "and should say {'sha256'"),
        ("digest", {"status": "unverifiable"}, "and should say {'status': 'verified'}"),
        ("reject", {"record": "{}"}, "and should say {'record'"),
        ("file", {"records": 0}, "and should say {'records'"),
        ("file", {"rejected": 1}, "do not add up"),
    ],
)
def test_a_ledger_entry_that_is_not_as_it_has_to_be_is_told(expected, entry, change, told):
    entries = entries_as_expected(expected)
    index = next(index for index, each in enumerate(entries) if each["entry"].startswith(entry))
    entries[index : index + 1] = [{**entries[index], **change}] if change else []

    found = list(expected.differences(rows_as_expected(expected), entries))

    assert told in " ".join(found)

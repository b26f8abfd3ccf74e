from datetime import timedelta

import pytest

from aitrail.report import proof_of
from aitrail.window import Window
from tests.shared.ledger_entries import digest_entry, file_entry
from tests.shared.signed_digests import at

DAY = Window(since=at("00:00"), until=at("00:00") + timedelta(days=1))
DIGESTS = [digest_entry(end) for end in ("09:00", "10:00", "11:00")]


class Reader:
    """A ledger with these entries."""

    def __init__(self, *entries):
        self.entries = entries

    def of_days(self, days, *, names):
        days = {*days}
        return [
            {name: each[name] for name in names if name in each} for each in self.entries if each["deliveryDay"] in days
        ]


def proof(*entries, now="11:30"):
    return proof_of(Reader(*entries), DAY, at(now))


def test_files_that_are_ingested_and_verified_leave_nothing_in_the_way():
    found = proof(file_entry("08:30", verifiedBy="s3://b/digest"), *DIGESTS)

    assert found == {
        "delivered": 1,
        "ingested": 1,
        "verified": 1,
        "records": 5,
        "rows": 2,
        "rejected": 0,
        "digests": 3,
        "inTheWay": [],
    }


def test_a_file_whose_digest_is_still_to_come_is_not_verified_and_nothing_is_in_the_way():
    found = proof(file_entry("11:20"), *DIGESTS)

    assert (found["ingested"], found["verified"], found["inTheWay"]) == (1, 0, [])


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (file_entry("08:30", status="missing"), "1 log file is missing: no longer in the bucket."),
        (file_entry("08:30", status="unreadable"), "1 log file is unreadable: could not be read."),
        (file_entry("08:30", status="archived"), "1 log file is archived: in an archive of S3."),
        (file_entry("08:30", status=None), "1 log file is awaited: listed by a digest, but not delivered yet."),
        (
            file_entry("08:30", rejected=2, verifiedBy="d"),
            "2 records could not become a row: `aitrail rejects` lists them.",
        ),
        (file_entry("08:30"), "1 log file is in no digest of their hour."),
        (digest_entry("08:00", status="invalid"), "1 digest is invalid."),
    ],
)
def test_what_is_in_the_way_of_a_proof_is_named(entry, text):
    assert proof(entry, *DIGESTS)["inTheWay"] == [text]


def test_a_file_of_another_content_than_its_digest_says_is_not_verified():
    assert proof(file_entry("08:30", verifiedBy="d", problem="tampered"), *DIGESTS)["verified"] == 0


def test_files_without_digests_are_not_proved():
    assert proof(file_entry("08:30"))["inTheWay"] == [
        "There are log files, but no digests that could prove them, of 111122223333 in eu-west-1."
    ]


def test_a_gap_of_the_digests_is_in_the_way():
    found = proof(digest_entry("05:00"), *DIGESTS)

    assert found["inTheWay"] == ["1 chain of digests has gaps, or no digest of the last three hours."]


def test_a_ledger_without_deliveries_proves_nothing():
    assert proof()["inTheWay"] == [
        "The ledger has no deliveries of this time: nothing proves that there were no calls."
    ]

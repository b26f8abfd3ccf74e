from datetime import timedelta

from aitrail.deliveries import Origins
from aitrail.dynamodb.tables import BY_DAY
from aitrail.status import Origin
from aitrail.status.arrivals import ATTRIBUTES
from aitrail.window import format_time
from tests.shared.ledger_entries import digest_entry, file_entry
from tests.unit.status.morning import CHAIN, DAY, HERE, MINUTE, PROVED, arrivals_of


def test_deliveries_of_the_window_are_counted_by_their_names():
    arrivals = arrivals_of(
        file_entry(DAY.since),
        file_entry(DAY.since - MINUTE),
        file_entry(DAY.until),
        file_entry(DAY.until - MINUTE, status="unreadable", records=None),
        file_entry("03:00", status=None, problem="awaited", ingestedAt=None),
        digest_entry(DAY.until),
        digest_entry("03:00", status=None),
        {"logFile": "s3://example-trail-logs/else", "entry": "file", "status": "ingested"},
    )

    assert arrivals.files == {"ingested": 1, "unreadable": 1, "awaited": 1}
    assert arrivals.digests == {"awaited": 1}
    assert arrivals.last_before == format_time(DAY.since - MINUTE)
    assert arrivals.newest == {HERE: format_time(DAY.until - MINUTE)}


def test_what_is_read_of_an_entry_is_all_that_it_takes():
    entries = [*CHAIN, PROVED | {"sha256": "a"}, file_entry("08:40", recordedWith="0-old", status="archived")]
    narrow = [{name: value for name, value in entry.items() if name in ATTRIBUTES} for entry in entries]

    assert narrow != entries
    assert arrivals_of(*narrow) == arrivals_of(*entries)
    assert set(ATTRIBUTES) <= {BY_DAY.sort_keys[0], "entry", *BY_DAY.projected}


def test_counts_of_records_add_up():
    arrivals = arrivals_of(*(file_entry("08:35", unique=f"{number}") for number in range(3)))

    assert arrivals.records == {
        "records": 15, "wanted": 12, "written": 6, "rejected": 0, "expired": 3, "duplicatesInFile": 3
    }  # fmt: skip


def test_some_accounts_and_regions_narrow_everything():
    entries = (PROVED, file_entry("08:35", account="444455556666"), digest_entry("09:00", region="us-east-1"))

    of_account = arrivals_of(*entries, origins=Origins(accounts=frozenset({"444455556666"})))
    of_region = arrivals_of(*entries, origins=Origins(regions=frozenset({"us-east-1", "us-west-2"})))

    assert (list(of_account.newest), of_account.digests) == ([Origin("444455556666", "eu-west-1")], {})
    assert (of_region.files, of_region.digests, list(of_region.spans)) == (
        {},
        {"verified": 1},
        [Origin("111122223333", "us-east-1")],
    )


def test_memory_does_not_grow_with_the_entries():
    entries = (file_entry("08:35", verifiedBy="s3://b/k", lag=timedelta(seconds=number * 37)) for number in range(5000))

    arrivals = arrivals_of(*entries)

    assert len(arrivals.lags) < 3600 / 37 + 5000 * 37 / 60
    assert (len(arrivals.newest), len(arrivals.without_proof)) == (1, 0)

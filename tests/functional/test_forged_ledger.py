"""What somebody hides who may write both tables, as the function may, and what shows it: the log bucket does.

The plain proof trusts the ledger, so these tests also show its limits, which SECURITY.md and docs/completeness.md name.
"""

import gzip
from collections import Counter

import pytest

from aitrail.deliveries import DayFolders
from aitrail.repair import Backfill
from aitrail.rows import recorded_with
from aitrail.rows.row_hashes import RowHashes
from aitrail.services import load
from aitrail.window import BEGINNING, LATEST, Window
from tests.functional.day import BUCKET, a_day, log_key, name_of
from tests.shared.signed_digests import FINGERPRINT, at, digest, public_key

EVENT = "00000003-0000-4000-8000-000000000000"
OF_EVENT = log_key("1030")


@pytest.fixture
def day(pipeline, record):
    day = a_day(pipeline, record)
    day.close()
    return day


def found(verdict):
    return Counter((finding.finding, finding.of) for finding in verdict.findings)


def change(day, log_file, entry="file", **attributes):
    """Sets attributes of a ledger entry, as text."""
    day.pipeline.dynamodb.update_item(
        TableName=day.pipeline.files_name,
        Key={"logFile": {"S": name_of(log_file)}, "entry": {"S": entry}},
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
        ExpressionAttributeNames={f"#{name}": name for name in attributes},
        ExpressionAttributeValues={f":{name}": {"S": value} for name, value in attributes.items()},
    )


def remove_entries(day, *names):
    """Deletes all entries of these objects from the ledger."""
    for item in list(day.pipeline._items(day.pipeline.files_name)):
        if item["logFile"] in names:
            key = {name: {"S": item[name]} for name in ("logFile", "entry")}
            day.pipeline.dynamodb.delete_item(TableName=day.pipeline.files_name, Key=key)


def remove_row(day, event_id):
    day.pipeline.dynamodb.delete_item(TableName=day.pipeline.events_name, Key={"eventID": {"S": event_id}})


def test_row_that_was_changed_together_with_the_ledger_is_named_by_a_deep_look_only(day):
    rows = [row for row in day.pipeline.rows().values() if row["logFile"] == name_of(OF_EVENT)]
    hashes = RowHashes()
    for row in rows:
        changed = row | ({"principal": "user/Framed"} if row["eventID"] == EVENT else {})
        day.pipeline.write(changed)
        hashes.add(changed)
    change(day, OF_EVENT, rowsSha256=hashes.sha256())

    assert found(day.verify()) == {}
    assert found(day.verify(deep=True)) == {("row-differs", name_of(OF_EVENT)): 1}


def test_log_file_that_was_removed_with_its_rows_and_its_digest_made_to_fit_is_named_by_a_deep_look_only(day):
    remove_entries(day, name_of(OF_EVENT))
    remove_row(day, EVENT)
    for row in day.pipeline.rows().values():  # an event that is in another log file, too
        if row["logFile"] == name_of(OF_EVENT):
            day.pipeline.write(row | {"logFile": name_of(log_key("0930"))})
    lister = next(each.key for each in day.digests if "T110000Z" in each.key)
    day.pipeline.dynamodb.update_item(
        TableName=day.pipeline.files_name,
        Key={"logFile": {"S": name_of(lister)}, "entry": {"S": "digest"}},
        UpdateExpression="SET listed = :none, logFiles = :none",
        ExpressionAttributeValues={":none": {"N": "0"}},
    )

    assert found(day.verify()) == {}
    assert found(day.verify(deep=True)) == {("not-ingested", name_of(OF_EVENT)): 1}


def test_hour_that_was_removed_from_the_ledger_is_a_gap(day):
    digest_of_hour = next(each.key for each in day.digests if "T110000Z" in each.key)
    remove_entries(day, name_of(OF_EVENT), name_of(digest_of_hour))
    remove_row(day, EVENT)

    assert {"gap"} <= {finding for finding, _ in found(day.verify())}


def backfill(day):
    """What `aitrail backfill --dry-run` counts: the number of objects of the bucket by reason."""
    folders = DayFolders(s3=day.pipeline.s3, bucket=BUCKET)
    everything = Window(since=BEGINNING, until=LATEST)
    work = Backfill(
        folders=folders,
        days=folders.of(everything),
        reader=day.pipeline.reader,
        window=everything,
        recorded_with=recorded_with(load()),
        force=False,
    )
    for _ in work.announced(None):
        pass
    return {reason: count.files for reason, count in work.counts.items()}


def test_region_that_was_removed_from_the_ledger_is_named_by_no_proof_but_the_bucket_still_has_it(day, record, packed):
    before = backfill(day)
    region = "ap-south-1"
    place = {"where": {"region": region}}
    logs = (
        f"AWSLogs/111122223333/CloudTrail/{region}/2026/03/14/111122223333_CloudTrail_{region}_20260314T0930Z_a.json.gz"
    )
    content = packed(record(50, awsRegion=region))
    previous = None
    day.pipeline.ingest(day.pipeline.deliver(content, logs))
    for hour in range(8, 15):
        files = [(logs, gzip.decompress(content))] if hour == 10 else []
        previous = digest(at(f"{hour:02}:00"), files, bucket=BUCKET, previous=previous, **place)
        day.arrive(previous)
    assert found(day.verify()) == found(day.verify(deep=True)) == {}

    of_region = {
        item["logFile"] for item in day.pipeline._items(day.pipeline.files_name) if f"/{region}/" in item["logFile"]
    }
    remove_entries(day, *of_region)
    remove_row(day, f"{50:08x}-0000-4000-8000-000000000000")

    assert found(day.verify()) == found(day.verify(deep=True)) == {}
    assert backfill(day) == before | {"new": 8}


@pytest.mark.parametrize(
    ("keys", "finding"),
    [([], "unverifiable"), ([{"Fingerprint": FINGERPRINT, "Value": public_key(1)}], "invalid")],
    ids=["CloudTrail has no such key", "CloudTrail has another key"],
)
def test_digests_that_only_a_key_of_the_deployment_verifies_are_named_by_a_deep_look(day, keys, finding):
    """Whoever deploys chooses keys for the function (aitrail:publicKeys), but not those that CloudTrail lists."""
    day.pipeline.cloudtrail.get_paginator.return_value.paginate.return_value = [{"PublicKeyList": keys}]

    assert found(day.verify()) == {}
    named = found(day.verify(deep=True))
    assert {of for kind, of in named if kind == finding} == {name_of(each.key) for each in day.digests[2:6]}

"""Ledger and table prove a window, and every problem of a file, digest or row is reported."""

import json
from collections import Counter
from datetime import timedelta

import pytest
from urllib3.exceptions import ProtocolError

from aitrail.deliveries import Origins, Scope
from tests.functional.day import BUCKET, Day, a_day, log_key, name_of
from tests.functional.faults import BrokenBody
from tests.shared.network_errors import OF_THE_NETWORK
from tests.shared.signed_digests import at, digest


@pytest.fixture
def day(pipeline, record):
    return a_day(pipeline, record)


def found(verdict):
    return Counter((finding.finding, finding.of) for finding in verdict.findings)


@pytest.mark.parametrize("deep", [False, True])
def test_day_on_which_nothing_was_lost_is_proved(day, deep):
    day.close()

    verdict = day.verify(deep=deep)

    assert (found(verdict), verdict.proved) == ({}, True)
    assert (verdict.delivered, verdict.verified) == (3, 3)
    assert (verdict.records, verdict.wanted, verdict.distinct, verdict.rows) == (7, 5, 3, 3)


def test_only_the_file_whose_event_was_delivered_twice_is_read_again(day, wire):
    day.close()
    wire.calls.clear()

    verdict = day.verify()

    assert verdict.read_again == 1
    assert [call["Key"] for call in wire.requests("GetObject")] == [log_key("0930")]


@pytest.mark.parametrize("deep", [False, True])
def test_row_that_is_gone_is_named(day, deep):
    day.close()
    event_id = "00000003-0000-4000-8000-000000000000"
    day.pipeline.dynamodb.delete_item(TableName=day.pipeline.events_name, Key={"eventID": {"S": event_id}})

    verdict = day.verify(deep=deep)

    assert found(verdict) == {("row-missing", name_of(log_key("1030"))): 1}
    assert event_id in verdict.findings[0].why
    assert (verdict.distinct, verdict.rows) == (3, 2)


def test_row_that_expired_is_not_missed(day):
    day.close()
    for number in (1, 2, 3):
        key = {"eventID": {"S": f"{number:08x}-0000-4000-8000-000000000000"}}
        day.pipeline.dynamodb.delete_item(TableName=day.pipeline.events_name, Key=key)

    verdict = day.verify(retention=timedelta(hours=10))

    assert (verdict.proved, verdict.distinct, verdict.rows) == (True, 0, 0)


@pytest.mark.parametrize("deep", [False, True])
def test_row_that_somebody_changed_is_named(day, deep):
    day.close()
    day.pipeline.dynamodb.update_item(
        TableName=day.pipeline.events_name,
        Key={"eventID": {"S": "00000003-0000-4000-8000-000000000000"}},
        UpdateExpression="SET principal = :other, awsRegion = :other",
        ExpressionAttributeValues={":other": {"S": "user/Mallory"}},
    )

    verdict = day.verify(deep=deep)

    assert found(verdict) == {("row-differs", name_of(log_key("1030"))): 1}
    assert "has a different awsRegion, principal" in verdict.findings[0].why


def test_object_that_was_replaced_unnoticed_is_named_by_a_deep_look(day, packed, record):
    day.close()
    day.pipeline.deliver(packed(record(1), record(2)), log_key("0930"))

    verdict = day.verify(deep=True)

    name = name_of(log_key("0930"))
    assert found(verdict) == {("tampered", name): 1, ("changed", name): 1}


def test_object_that_is_gone_is_named_by_a_deep_look(day):
    day.close()
    day.pipeline.s3.delete_object(Bucket=BUCKET, Key=log_key("1130"))

    assert day.verify().proved
    assert found(day.verify(deep=True)) == {("missing", name_of(log_key("1130"))): 1}


@pytest.fixture
def breaking(day, monkeypatch):
    """Makes connections break off while this object is read: the first ones, or all."""

    def breaking(key, *, always):
        get_object = day.pipeline.s3.get_object

        def broken(**parameters):
            answer = get_object(**parameters)
            is_first = "Range" not in parameters
            if parameters["Key"] == key and (always or is_first):
                content = answer["Body"].read()
                error = ProtocolError("connection broken")
                answer["Body"] = BrokenBody(content[: len(content) // 2] if is_first else b"", error)
            return answer

        monkeypatch.setattr(day.pipeline.s3, "get_object", broken)

    return breaking


@pytest.mark.parametrize("what", ["log file", "digest"])
def test_deep_look_reads_on_where_a_connection_broke_off(day, breaking, what):
    day.close()
    breaking(log_key("0930") if what == "log file" else day.digests[2].key, always=False)

    assert day.verify(deep=True).proved


def test_object_whose_connection_always_breaks_off_is_named_by_a_deep_look_and_the_others_are_read(day, breaking):
    day.close()
    breaking(log_key("0930"), always=True)

    verdict = day.verify(deep=True)

    assert found(verdict) == {("missing", name_of(log_key("0930"))): 1}
    assert verdict.findings[0].why.startswith("the connection broke off 4 times at byte ")
    assert verdict.distinct == 2


@pytest.mark.parametrize("error", OF_THE_NETWORK.values(), ids=OF_THE_NETWORK)
def test_deep_look_ends_if_the_network_fails(day, wire, error):
    day.close()
    wire.answer("GetObject", 0, error)

    with pytest.raises(type(error)):
        day.verify(deep=True)


def test_rows_of_a_file_whose_connection_always_breaks_off_are_unknown(day, breaking):
    day.close()
    breaking(log_key("0930"), always=True)

    verdict = day.verify()

    assert found(verdict) == {("row-unknown", name_of(log_key("0930"))): 1}
    assert "the connection broke off 4 times" in verdict.findings[0].why


def test_digest_that_was_replaced_is_named_by_a_deep_look(day):
    day.close()
    forged = digest(at("10:00"), bucket=BUCKET, signer=1)
    day.pipeline.deliver(forged.body, forged.key, Metadata=forged.metadata)

    verdict = day.verify(deep=True)

    # The file that it listed is no longer listed by any digest.
    assert found(verdict) == {("invalid", name_of(forged.key)): 1, ("unproven", name_of(log_key("0930"))): 1}


def test_entry_that_somebody_took_out_of_the_ledger_is_named_by_a_deep_look(day):
    day.close()
    key = {"logFile": {"S": name_of(log_key("1130"))}, "entry": {"S": "file"}}
    day.pipeline.dynamodb.delete_item(TableName=day.pipeline.files_name, Key=key)

    assert found(day.verify(deep=True)) == {("not-ingested", name_of(log_key("1130"))): 1}


def test_digest_that_is_missing_is_named_with_its_hour_and_its_file_is_unproven(day):
    day.close(without={at("11:00")})
    (missing,) = [signed for signed in day.digests if "T110000Z" in signed.key]

    verdict = day.verify()

    assert [finding.finding for finding in verdict.findings] == ["awaited", "unproven", "gap"]
    assert found(verdict)["awaited", name_of(missing.key)] == 1
    assert list(verdict.to_announce()) == [name_of(missing.key)]
    assert (verdict.delivered, verdict.verified) == (3, 2)


def test_file_that_a_digest_lists_and_that_never_came_is_named(day, record):
    day.contents[log_key("1040")] = json.dumps({"Records": [record(4)]}).encode()
    day.close()

    verdict = day.verify()

    assert found(verdict) == {("awaited", name_of(log_key("1040"))): 1}
    assert (verdict.delivered, verdict.verified) == (4, 3)


def test_files_without_any_digest_are_one_finding(day):
    verdict = day.verify()

    assert [finding.finding for finding in verdict.findings] == ["no-digests"]
    assert (verdict.delivered, verdict.verified, verdict.distinct, verdict.rows) == (3, 0, 3, 3)


def test_window_without_deliveries_is_not_proved(pipeline):
    verdict = Day(pipeline).verify()

    assert (verdict.delivered, verdict.proved) == (0, False)
    assert [finding.finding for finding in verdict.findings] == ["nothing-delivered"]


def test_only_what_is_asked_for_is_proved(day):
    day.close()

    here, elsewhere = (
        day.verify(origins=Origins(regions=frozenset({region}))) for region in ("eu-west-1", "us-east-1")
    )

    assert (here.delivered, here.distinct) == (3, 3)
    assert (elsewhere.delivered, elsewhere.distinct, elsewhere.proved) == (0, 0, False)


def test_log_file_that_can_no_longer_be_read_is_named_if_it_would_have_to_be(day):
    day.close()
    day.pipeline.s3.delete_object(Bucket=BUCKET, Key=log_key("0930"))

    verdict = day.verify()

    assert found(verdict) == {("row-unknown", name_of(log_key("0930"))): 1}
    assert verdict.findings[0].why.startswith("1 row of this file could not be checked")


@pytest.mark.parametrize("key", [log_key("0930"), log_key("1030")])
def test_rows_of_a_log_file_that_is_gone_are_not_taken_for_those_of_somebody_else(day, key):
    day.close()
    day.pipeline.s3.delete_object(Bucket=BUCKET, Key=key)

    assert found(day.verify(deep=True)) == {("missing", name_of(key)): 1}


def forge(day, event_id, **changes):
    """Writes a row that does not correspond to any record of a log file."""
    (row,) = (row for row in day.pipeline.rows().values() if row["eventID"].startswith("00000003"))
    day.pipeline.write(row | {"eventID": event_id} | changes)


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("name", ["1030", "1050"])
def test_row_that_no_record_makes_is_named(day, deep, name):
    day.close()
    forge(day, "ffffffff-0000-4000-8000-000000000000", logFile=name_of(log_key(name)))

    assert found(day.verify(deep=deep)) == {("row-too-many", name_of(log_key(name))): 1}


def test_row_of_an_event_that_a_forged_file_has_overwritten_is_named(day):
    day.close()
    (row,) = (row for row in day.pipeline.rows().values() if row["eventID"].startswith("00000001"))
    forged = name_of(log_key("0930").replace("2026", "2015"))
    day.pipeline.write(row | {"logFile": forged, "principal": "user/Framed"})

    assert found(day.verify()) == {("row-differs", name_of(log_key("0930"))): 1, ("row-too-many", forged): 1}


def forget(day, key, entry="file"):
    """Deletes an entry, as when it expires."""
    name = {"logFile": {"S": name_of(key)}, "entry": {"S": entry}}
    day.pipeline.dynamodb.delete_item(TableName=day.pipeline.files_name, Key=name)


def test_listed_file_whose_entry_has_expired_before_that_of_its_digest_is_named(day):
    day.close()
    forget(day, log_key("1130"))

    verdict = day.verify()

    assert found(verdict) == {("not-ingested", name_of(log_key("1130"))): 1}
    assert verdict.findings[0].why == "a digest lists it, but the ledger has no entry for it"


def test_digest_is_read_again_only_if_entries_are_missing(day, wire):
    day.close()
    wire.calls.clear()
    day.verify()
    complete = [call["Key"] for call in wire.requests("GetObject") if "Digest" in call["Key"]]

    forget(day, log_key("1130"))
    wire.calls.clear()
    day.verify()
    incomplete = [call["Key"] for call in wire.requests("GetObject") if "Digest" in call["Key"]]

    assert (complete, len(incomplete)) == ([], 1)


@pytest.mark.parametrize(("signer", "finding"), [(None, "missing"), (1, "invalid")])
def test_digest_that_should_be_compared_and_cannot_be_read_proves_nothing(day, signer, finding):
    day.close()
    forget(day, log_key("1130"))
    (signed,) = [signed for signed in day.digests if "T120000Z" in signed.key]
    if signer is None:
        day.pipeline.s3.delete_object(Bucket=BUCKET, Key=signed.key)
    else:
        forged = digest(at("12:00"), bucket=BUCKET, signer=signer)
        day.pipeline.deliver(forged.body, forged.key, Metadata=forged.metadata)

    assert found(day.verify()) == {(finding, name_of(signed.key)): 1}


def test_file_that_a_backfill_digest_lists_as_well_is_no_exception(day):
    day.close()
    lists = [(log_key("0930"), day.contents[log_key("0930")])]
    day.arrive(digest(at("10:00"), lists, bucket=BUCKET, where={"suffix": "_backfill"}))

    assert found(day.verify()) == {}


def test_digests_of_an_earlier_version_are_compared_as_well(day):
    day.close()
    for signed in day.digests:
        day.pipeline.ledger.note(name_of(signed.key), "digest", listed=None)
    before = found(day.verify())
    forget(day, log_key("1130"))

    assert (before, found(day.verify())) == ({}, {("not-ingested", name_of(log_key("1130"))): 1})


@pytest.mark.parametrize("minutes", range(8 * 60, 14 * 60, 29))
def test_entries_that_have_expired_are_neither_findings_nor_proof(day, minutes):
    """The entries of deliveries before the retention are gone, and all digests in the bucket."""
    day.close()
    retention = timedelta(minutes=minutes)
    expired = f"{at('20:00') - retention:%Y-%m-%dT%H:%M:%SZ}"
    for each in day.pipeline._items(day.pipeline.files_name):
        if each.get("deliveredAt", expired) < expired:
            forget(day, each["logFile"].removeprefix(f"s3://{BUCKET}/"), each["entry"])
    for signed in day.digests:
        day.pipeline.s3.delete_object(Bucket=BUCKET, Key=signed.key)

    verdict = day.verify(ledger_retention=retention)

    assert verdict.horizon == at("22:00") - retention
    assert {name for name, _ in found(verdict)} == ({"beyond-ledger"} if verdict.horizon > at("09:00") else set())


def test_objects_that_the_function_refuses_are_not_missed(day):
    day.close()
    elsewhere = f"old/{log_key('0940')}"
    for signed in day.digests:
        if "T100000Z" in signed.key:
            lists = [(log_key("0930"), day.contents[log_key("0930")]), (elsewhere, "a" * 64)]
            again = digest(at("10:00"), lists, bucket=BUCKET, previous=day.digests[1])
            day.pipeline.deliver(again.body, again.key, Metadata=again.metadata)
            day.pipeline.ledger.note(name_of(signed.key), "digest", listed=2)

    here, anywhere = (day.verify(scope=Scope(bucket=BUCKET, prefixes=prefixes)) for prefixes in (("",), ("", "old/")))

    assert found(here) == {}
    assert found(anywhere) == {("not-ingested", name_of(elsewhere)): 1}

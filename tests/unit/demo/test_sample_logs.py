import gzip
import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from aitrail.deliveries import keys
from demo.sample_logs import Fate, sample_logs

NOW = datetime(2026, 11, 20, 12, 34, 56, tzinfo=UTC)


@pytest.fixture(scope="module")
def logs():
    return sample_logs(NOW)


def records(logs):
    for file in logs.files:
        if file.fate is Fate.INGESTED:
            yield from json.loads(gzip.decompress(file.body))["Records"]


def test_same_clock_gives_the_same_files(logs):
    assert sample_logs(NOW) == logs


def test_later_clock_gives_later_files(logs):
    later = sample_logs(NOW + timedelta(days=1))

    assert {file.key for file in later.files}.isdisjoint(file.key for file in logs.files)


def test_most_calls_are_of_the_last_two_days_and_some_of_the_month_before(logs):
    times = sorted(datetime.fromisoformat(record["eventTime"]) for record in records(logs))

    assert NOW - timedelta(days=40) < times[0] < NOW - timedelta(days=30)
    assert sum(time > NOW - timedelta(days=2) for time in times) > 0.8 * len(times)
    assert times[-1] < NOW


def test_speech_is_recorded_with_and_without_characters(logs):
    responses = [
        record["responseElements"]
        for record in records(logs)
        if record["eventName"] == "SynthesizeSpeech" and "errorCode" not in record
    ]

    assert None in responses
    assert any(response and response["requestCharacters"] for response in responses)


def test_some_calls_have_several_records_which_name_each_other(logs):
    by_id = {record["eventID"]: record for record in records(logs)}

    corrected = [record["addendum"]["originalEventID"] for record in by_id.values() if "addendum" in record]
    shared = Counter(record.get("sharedEventID") for record in by_id.values())
    sessions = Counter(
        (record["recipientAccountId"], record["awsRegion"], found)
        for record in by_id.values()
        for part in ("requestParameters", "responseElements")
        if "StreamTranscription" in record["eventName"] and (found := (record[part] or {}).get("sessionId"))
    )

    assert [by_id[each]["eventName"] for each in corrected] == ["SynthesizeSpeech"]
    assert [count for name, count in shared.items() if name] == [2]
    assert sessions.most_common(1)[0][1] == 2
    assert any(record.get("errorCode") == "VpceAccessDenied" for record in by_id.values())


def test_rows_are_counted_by_service(logs):
    sources = {"tts": "polly", "transcribestreaming": "transcribe"}
    found = {record["eventID"]: record["eventSource"].removesuffix(".amazonaws.com") for record in records(logs)}
    services = Counter(sources.get(source, source) for source in found.values())

    assert logs.rows == {service: services[service] for service in ("polly", "transcribe", "lex", "personalize")}


def test_log_files_network_activity_and_insights_are_there(logs):
    kinds = Counter(str(keys.kind_of(file.key)) for file in logs.files)

    assert kinds == {"log-file": 16, "network-activity": 1, "insight": 1}


def test_accounts_and_regions_are_those_of_the_key(logs):
    places = {(record["recipientAccountId"], record["awsRegion"]) for record in records(logs)}

    assert places == {(key.account, key.region) for file in logs.files if (key := keys.log_key_of(file.key))}
    assert len(places) == 4


def test_wanted_calls_hide_among_those_of_many_services(logs):
    sources = Counter(record["eventSource"] for record in records(logs))

    assert len(sources) > 25
    assert sum(logs.rows.values()) < 0.15 * sources.total()


def test_one_file_repeats_records_of_another(logs):
    ids = Counter(record["eventID"] for record in records(logs))

    assert 10 < sum(count == 2 for count in ids.values()) < len(ids) / 2


def test_no_placeholder_is_left(logs):
    text = json.dumps(list(records(logs)))

    assert not any(
        placeholder in text for placeholder in ("{account}", "{region}", "{caller}", "{eventID}", "{requestID}")
    )


def test_callers_are_of_every_kind(logs):
    kinds = {record["userIdentity"]["type"] for record in records(logs)}

    assert kinds == {"IAMUser", "AssumedRole", "Root", "FederatedUser"}
    assert any("invokedBy" in record["userIdentity"] for record in records(logs))
    assert any(record["userIdentity"]["accountId"] != record["recipientAccountId"] for record in records(logs))

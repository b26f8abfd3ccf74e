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


def test_all_calls_are_of_the_last_two_days(logs):
    times = [datetime.fromisoformat(record["eventTime"]) for record in records(logs)]

    assert min(times) > NOW - timedelta(days=2)
    assert max(times) < NOW


def test_log_files_network_activity_and_insights_are_there(logs):
    kinds = Counter(str(keys.kind_of(file.key)) for file in logs.files)

    assert kinds == {"log-file": 14, "network-activity": 1, "insight": 1}


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

    assert not any(placeholder in text for placeholder in ("{account}", "{region}", "{caller}"))


def test_callers_are_of_every_kind(logs):
    kinds = {record["userIdentity"]["type"] for record in records(logs)}

    assert kinds == {"IAMUser", "AssumedRole", "Root", "FederatedUser"}
    assert any("invokedBy" in record["userIdentity"] for record in records(logs))
    assert any(record["userIdentity"]["accountId"] != record["recipientAccountId"] for record in records(logs))

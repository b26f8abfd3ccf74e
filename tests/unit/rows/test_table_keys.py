import hashlib
import json

import pytest

from aitrail.rows import record_of
from tests.unit.rows.plain_rows import GUID, RECORD, row


def canonical_hash(record):
    text = json.dumps(record, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("event_id", [GUID, GUID.upper()])
def test_a_guid_is_the_key_itself(event_id):
    found = row(RECORD | {"eventID": event_id})

    assert found["eventID"] == event_id
    assert "other" not in found


@pytest.mark.parametrize("event_id", ["event ID", "", "x" * 64, "~" + "a" * 19, GUID + "\n", "{" + GUID + "}"])
def test_a_short_event_id_is_made_unique_by_the_hash_of_its_record(event_id):
    record = RECORD | {"eventID": event_id}

    found = row(record)

    assert found["eventID"] == f"{event_id}~{canonical_hash(record)[:12]}"
    assert "other" not in found


@pytest.mark.parametrize("event_id", ["x" * 65, "\ud800", None, 7, [GUID]])
def test_any_other_event_id_is_replaced_by_a_hash_and_kept(event_id):
    record = RECORD | {"eventID": event_id}

    found = row(record)

    assert found["eventID"] == f"~{canonical_hash(record)[:32]}"
    assert record_of(found) == record


def test_a_record_without_an_event_id_gets_one_and_gives_none_back():
    record = {name: value for name, value in RECORD.items() if name != "eventID"}

    found = row(record)

    assert found["eventID"] == f"~{canonical_hash(record)[:32]}"
    assert record_of(found) == record


def test_different_records_without_a_guid_never_share_a_key():
    texts = ["", "event ID", None, "x" * 65, "event ID~000000000000"]
    rows = [row(RECORD | {"eventID": text, "requestID": request}) for text in texts for request in ("a", "b")]

    assert len({found["eventID"] for found in rows}) == len(rows)


def test_long_index_keys_keep_a_prefix_and_differ_by_a_hash():
    long_names = ["ü" * 400 + end for end in ("1", "2")]

    found = [row(RECORD | {"requestParameters": {"lexiconName": name}})["resource"] for name in long_names]

    assert len(set(found)) == 2
    for name, resource in zip(long_names, found, strict=True):
        encoded = f"lexicon/{name}".encode()
        assert len(resource.encode()) <= 512
        assert resource.rpartition("~")[2] == hashlib.sha256(encoded).hexdigest()[:16]
        assert f"lexicon/{name}".startswith(resource.rpartition("~")[0])

"""record -> row: derived attributes, table keys, and what cannot become a row."""

import hashlib
import json
from datetime import timedelta

import pytest

from aitrail.dynamodb import items, tables
from aitrail.rows import RECORD_FIELDS, Reject, record_of, row_of
from aitrail.rows.outcome import outcome_of

GUID = "0b1c2d3e-4f50-4162-8374-95a6b7c8d9e0"
RECORD = {
    "eventTime": "2026-11-18T23:59:59Z",
    "eventSource": "polly.amazonaws.com",
    "eventName": "DescribeVoices",
    "eventID": GUID,
}


def row(record, **options):
    return row_of(record, log_file="s3://logs/key", record_index=7, **options)


def test_a_row_is_the_record_and_what_it_means(records):
    record = records["polly-by-role"]

    found = row(record, retention=timedelta(days=365))

    assert found == record | {
        "service": "polly",
        "operation": "SynthesizeSpeech",
        "eventDay": "2026-11-18",
        "outcome": "ok",
        "principal": "role/announcer-service",
        "principalAccount": "111122223333",
        "sessionName": "announcer-7d9f8b6c5-x2x9k",
        "accessKeyId": "ASIAEXAMPLE7Q2M5LZUK",
        "credentials": "role",
        "temporaryCredentials": True,
        "resource": "lexicon/stations",
        "usage": {
            "requestCharacters": 412,
            "engine": "neural",
            "voiceId": "Amy",
            "languageCode": "en-GB",
            "outputFormat": "mp3",
            "textType": "ssml",
        },
        "logFile": "s3://logs/key",
        "recordIndex": 7,
        "expiresAt": 1826524901,  # 2027-11-18T08:01:41Z
    }


def test_what_is_absent_has_no_attribute():
    assert row(RECORD) == RECORD | {
        "service": "polly",
        "operation": "DescribeVoices",
        "eventDay": "2026-11-18",
        "outcome": "ok",
        "principal": "unknown/anonymous",
        "credentials": "unknown",
        "temporaryCredentials": False,
        "logFile": "s3://logs/key",
        "recordIndex": 7,
    }


def test_null_in_the_record_stays_null(records):
    assert row(records["denied"])["requestParameters"] is None


def test_fields_that_the_specification_does_not_know_go_into_other():
    found = row(RECORD | {"service": "mine", "usage": None, "other": {"x": 1}, "tomorrow": [1]})

    assert found["other"] == {"service": "mine", "usage": None, "other": {"x": 1}, "tomorrow": [1]}
    assert found["service"] == "polly"
    assert "usage" not in found


@pytest.mark.parametrize(
    ("source", "name", "service", "operation"),
    [
        ("tts.amazonaws.com", "SynthesizeSpeech20161128", "polly", "SynthesizeSpeech"),
        ("Polly.AmazonAWS.com", "GetLexicon", "polly", "GetLexicon"),
        ("models-v2-lex.amazonaws.com", "CreateBot", "lex", "CreateBot"),
        ("transcribestreaming.amazonaws.com", "StartStreamTranscription", "transcribe", "StartStreamTranscription"),
    ],
)
def test_service_and_operation_are_normalized_and_the_originals_kept(source, name, service, operation):
    found = row(RECORD | {"eventSource": source, "eventName": name})

    assert (found["service"], found["operation"]) == (service, operation)
    assert (found["eventSource"], found["eventName"]) == (source, name)


OUTCOMES = [
    ({}, "ok"),
    ({"errorCode": None, "errorMessage": ""}, "ok"),
    ({"errorCode": "AccessDenied"}, "denied"),
    ({"errorCode": "AccessDeniedException"}, "denied"),
    ({"errorCode": "Client.UnauthorizedOperation"}, "denied"),
    ({"errorCode": "UnrecognizedClientException"}, "denied"),
    ({"errorCode": "ValidationException", "errorMessage": "User X is not authorized to perform: lex:Y"}, "denied"),
    ({"errorCode": "ThrottlingException"}, "throttled"),
    ({"errorCode": "TooManyRequestsException"}, "throttled"),
    ({"errorCode": "LimitExceededException", "errorMessage": "Rate exceeded"}, "throttled"),
    ({"errorCode": "LimitExceededException", "errorMessage": "too many campaigns"}, "client-error"),
    ({"errorCode": "InternalFailure"}, "server-error"),
    ({"errorCode": "InternalServerException"}, "server-error"),
    ({"errorCode": "ServiceUnavailableException"}, "server-error"),
    ({"errorCode": "Server.InternalError"}, "server-error"),
    ({"errorCode": "ResourceNotFoundException"}, "client-error"),
    ({"errorCode": "BadRequestException"}, "client-error"),
    ({"errorMessage": "something failed"}, "client-error"),
    ({"errorCode": 503}, "server-error"),
    ({"errorCode": 0}, "client-error"),
]


@pytest.mark.parametrize(("fields", "outcome"), OUTCOMES)
def test_the_outcome_tells_who_failed(fields, outcome):
    assert outcome_of(fields) == outcome


@pytest.mark.parametrize(
    "event_time",
    [
        *(None, 1763452800, "", "timestamp", "2026-11-18", "2026-11-18 23:59:59", "2026-11-18T23:59:59"),
        *("2026-11-18T23:59:59+00:00", "2026-11-18T23:59:59.5Z", "2026-13-18T23:59:59Z", "2026-02-30T00:00:00Z"),
        *("2026-11-18T24:00:00Z", "\uff12026-11-18T23:59:59Z", "2026-11-18T23:59:59Z\n", ["2026-11-18T23:59:59Z"]),
    ],
)
def test_a_record_without_a_real_event_time_is_rejected(event_time):
    with pytest.raises(Reject, match="eventTime"):
        row(RECORD | {"eventTime": event_time})


def test_a_record_of_no_service_is_rejected():
    with pytest.raises(Reject, match=r"no service is registered for eventSource 's3\.amazonaws\.com'"):
        row(RECORD | {"eventSource": "s3.amazonaws.com"})


def test_a_row_that_dynamodb_would_refuse_is_rejected():
    assert row(RECORD | {"requestParameters": {"x": "a" * 400_000}})

    with pytest.raises(Reject, match=r"the row has 41[0-9]{4} bytes; DynamoDB accepts at most 409600"):
        row(RECORD | {"requestParameters": {"x": "a" * 410_000}})


def test_expiry_lies_beyond_the_calendar_without_a_fault():
    found = row(RECORD | {"eventTime": "9999-12-31T23:59:59Z"}, retention=timedelta(days=365))

    assert found["expiresAt"] == 253402300799 + 365 * 86_400


@pytest.mark.parametrize("place", [{"userAgent": "\ud83d\ude00"}, {"tomorrow": [{"\ud83d\ude00": 1}]}])
def test_surrogates_that_json_text_would_join_are_rejected(place):
    with pytest.raises(Reject, match="two surrogates"):
        row(RECORD | place)

    assert row(RECORD | {"userAgent": "\U0001f600"})["userAgent"] == "\U0001f600"


def test_a_record_nested_deeper_than_python_can_write_is_rejected():
    value = []
    for _ in range(200_000):
        value = [value]

    with pytest.raises(Reject, match="nested too deep"):
        row(RECORD | {"requestParameters": value})


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


def test_derived_texts_are_encodable_whatever_the_record_holds():
    broken = "\udc80"
    record = RECORD | {
        "eventName": broken,
        "userIdentity": {"type": "IAMUser", "userName": broken, "accessKeyId": broken, "invokedBy": broken},
        "requestParameters": {"lexiconName": broken, "engine": broken},
    }

    found = row(record)

    derived = {name: found[name] for name in ("operation", "principal", "accessKeyId", "calledBy", "resource", "usage")}
    assert json.dumps(derived, ensure_ascii=False).encode()
    assert found["principal"] == "user/\\udc80"
    assert record_of(found) == record


def test_derived_attributes_and_record_fields_have_different_names():
    derived = set(row(RECORD | {"x": 1}, retention=timedelta(days=1))) - set(RECORD)

    assert not derived & RECORD_FIELDS


def write_units(found):
    """On-demand write units of a row by DynamoDB's rules: 1 KB each, for the item and for each index entry."""
    sizes = [items.item_size(found)]
    for index in tables.EVENTS.indexes:
        if all(key in found for key in index.keys):
            columns = {*index.keys, *index.projected, tables.EVENTS.partition_key}
            sizes.append(items.item_size({name: value for name, value in found.items() if name in columns}))
    return sum(-(-size // 1024) for size in sizes)


def test_a_realistic_row_costs_at_most_six_write_units_and_five_and_a_half_in_the_mean(records):
    units = {name: write_units(row(record)) for name, record in records.items()}

    assert max(units.values()) <= 6, units
    assert sum(units.values()) / len(units) <= 5.5, units

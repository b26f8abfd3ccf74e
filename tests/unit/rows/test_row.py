"""record -> row: derived attributes, and records that cannot become rows."""

import json
from datetime import timedelta

import pytest

from aitrail.dynamodb import items, tables
from aitrail.rows import Reject, record_of
from tests.unit.rows.plain_rows import GUID, RECORD, row


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
            "agent": "Boto3/1.43.100",
            "mfa": False,
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


def test_a_record_nested_deeper_than_python_can_write_is_rejected():
    value = []
    for _ in range(200_000):
        value = [value]

    with pytest.raises(Reject, match="nested too deep"):
        row(RECORD | {"requestParameters": value})


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


def polly(**fields):
    return row(RECORD | {"eventName": "SynthesizeSpeech"} | fields)


ARN = "arn:aws:polly:eu-central-1:111122223333:lexicon"


def test_every_lexicon_of_a_call_is_in_its_row():
    found = polly(requestParameters={"lexiconNames": ["a", "b", "c", "b"]})

    assert (found["resource"], found["usage"]["resources"]) == ("lexicon/a", ["lexicon/b", "lexicon/c"])
    assert "usage" not in polly(requestParameters={"lexiconNames": ["a"]})


@pytest.mark.parametrize(
    ("fields", "resource", "further"),
    [
        ({"requestParameters": None}, "lexicon/named", None),
        ({"requestParameters": {"lexiconNames": ["a"]}}, "lexicon/a", ["lexicon/named"]),
        ({"requestParameters": {"lexiconNames": ["named"]}}, "lexicon/named", None),
        ({"requestParameters": None, "errorMessage": None}, None, None),
    ],
    ids=["no-parameters", "another-one", "the-same-one", "no-message"],
)
def test_a_denied_call_concerns_what_its_parameters_name_or_else_its_message(fields, resource, further):
    message = f"User: x is not authorized to perform: polly:SynthesizeSpeech on resource: {ARN}/named because"

    found = polly(**{"errorCode": "AccessDenied", "errorMessage": message} | fields)

    assert (found.get("resource"), found.get("usage", {}).get("resources")) == (resource, further)


def test_arns_in_the_record_are_resources_before_its_message():
    message = f"User: x is not authorized to perform: polly:SynthesizeSpeech on resource: {ARN}/named because"

    found = polly(errorMessage=message, resources=[{"ARN": f"{ARN}/first"}, {"ARN": f"{ARN}/second"}])

    assert (found["resource"], found["usage"]["resources"]) == ("lexicon/first", ["lexicon/second", "lexicon/named"])


def test_further_resources_are_only_of_kinds_of_which_calls_have_several():
    task = "arn:aws:polly:eu-central-1:111122223333:speech-synthesis-task/7e1f"

    found = polly(resources=[{"ARN": f"{ARN}/first"}, {"ARN": task}])

    assert (found["resource"], "usage" in found) == ("lexicon/first", False)


@pytest.mark.parametrize("name", ["n" * 600, "\U0001f600" * 70, "\udc80" * 600], ids=["long", "wide", "unstorable"])
def test_further_resources_take_little_space_however_many_and_long_they_are(name):
    found = polly(requestParameters={"lexiconNames": [f"{number}{name}" for number in range(50)]})["usage"]["resources"]

    assert 1 <= len(found) <= 10
    assert len("".join(found).encode()) <= 640
    assert len(set(found)) == len(found)


def test_a_row_names_who_acted_behind_the_principal():
    context = {"sourceIdentity": "s" * 1000, "attributes": {"mfaAuthenticated": "true"}}

    found = row(RECORD | {"userIdentity": {"sessionContext": context, "invokedByDelegate": {"accountId": "1"}}})

    assert (found["invokedByDelegate"], found["usage"]) == ("1", {"mfa": True})
    assert found["sourceIdentity"].startswith("sss")
    assert len(found["sourceIdentity"]) == 512
    assert not {"sourceIdentity", "onBehalfOf", "inScopeOf", "invokedByDelegate"} & {*tables.NARROW_COLUMNS}


def test_the_longest_usage_of_a_call_with_short_names_fits_into_an_index_entry_of_one_write_unit(records):
    record = records["transcribe"] | {
        "addendum": {"reason": "UPDATED_DATA", "originalEventID": GUID},
        "sharedEventID": GUID,
        "eventName": "EndStreamTranscription",
        "requestParameters": {
            "sessionId": GUID,
            "languageCode": "de-DE",
            "vocabularyNames": "product-names,streets",
            "vocabularyFilterName": "swear-words",
        },
    }

    found = row(record)

    assert {"originalEventID", "sharedEventID", "stream", "streamEnd", "agent", "resources"} <= found["usage"].keys()
    assert max(entry_sizes(found)) <= 1024


def entry_sizes(found):
    columns = {*tables.NARROW_COLUMNS}
    return [items.item_size({name: value for name, value in found.items() if name in columns})]


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

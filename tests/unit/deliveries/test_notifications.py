import copy
import json
import time
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.deliveries import Delivery, ReviewRequest, UnknownNotification, deliveries, review_request
from aitrail.errors import AitrailError
from tests.shared.fuzzing import law

EVENTS = {path.stem: path.read_text() for path in (Path(__file__).parents[2] / "events").glob("*.json")}
BUCKET = "example-trail-logs"
PLAIN_KEY = (
    "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/"
    "111122223333_CloudTrail_eu-west-1_20260314T0925Z_Zr5tYh2kQw8eLp0N.json.gz"
)
LATER_KEY = (
    "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/"
    "111122223333_CloudTrail_eu-west-1_20260314T0930Z_aB3dE5fG7hJ9kL1m.json.gz"
)
RESTORED_KEY = (
    "AWSLogs/111122223333/CloudTrail/eu-west-1/2025/01/02/"
    "111122223333_CloudTrail_eu-west-1_20250102T0000Z_rEsToReD0000File.json.gz"
)
ODD_KEY = f"team a+b/50%/prüfung/{PLAIN_KEY}"
ODD_DELIVERY = Delivery(
    bucket=BUCKET,
    key=ODD_KEY,
    version_id="3HL4kqtJvjVBH40Nrjfkd",
    etag="5d41402abc4b2a76b9719d911017c592",
    size=2048,
)
RESTORED = Delivery(bucket=BUCKET, key=RESTORED_KEY, etag="b026324c6904b2a9cb4b88d6d61c81d1", size=777)
# One event of an object is announced twice; the object's second version is a separate object to read.
SEVERAL_VERSIONED = (
    ODD_DELIVERY,
    Delivery(
        bucket=BUCKET,
        key=LATER_KEY,
        version_id="null",
        etag="7d793037a0760186574b0282f2f435e7-7",
        size=52428800,
    ),
    Delivery(
        bucket=BUCKET,
        key=ODD_KEY,
        version_id="L4kqtJlcpXroDTDmpUMLUo",
        etag="9e107d9d372bb6826bd81d3542a419d6",
        size=2049,
    ),
)
FROM_CLOUDTRAIL = (Delivery(bucket=BUCKET, key=ODD_KEY), Delivery(bucket=BUCKET, key=LATER_KEY))

EXPECTED = {
    "s3-object-created": (Delivery(bucket=BUCKET, key=PLAIN_KEY, etag="5d41402abc4b2a76b9719d911017c592", size=2048),),
    "s3-several-versioned": SEVERAL_VERSIONED,
    "s3-sns-wrapped": SEVERAL_VERSIONED,
    "s3-object-restored": (RESTORED,),
    "s3-restore-asked-for": (),
    "s3-object-removed": (Delivery(bucket=BUCKET, key=PLAIN_KEY, removed=True),),
    "s3-test-event": (),
    "s3-test-event-sns-wrapped": (),
    "eventbridge-object-created": (ODD_DELIVERY,),
    "eventbridge-sns-wrapped": (ODD_DELIVERY,),
    "eventbridge-object-restored": (RESTORED,),
    "eventbridge-object-deleted": (Delivery(bucket=BUCKET, key=PLAIN_KEY, removed=True),),
    "cloudtrail": FROM_CLOUDTRAIL,
    "cloudtrail-sns-wrapped": FROM_CLOUDTRAIL,
    "cloudtrail-validation": (),
    "cloudtrail-validation-sns-wrapped": (),
    "sns-subscription-confirmation": (),
    "sns-unsubscribe-confirmation": (),
}
UNKNOWN_EVENTS = {"config-sns-wrapped"}

# Derandomized: the same examples in every run, and no database of examples.
LAW = law()
NAMES = st.text(st.characters(codec="utf-8"), min_size=1)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def s3_event(bucket="b", key="k", name="ObjectCreated:Put", version="2.1", source="aws:s3", **facts):
    s3 = {"bucket": {"name": bucket}, "object": {"key": key, **facts}}
    return {"eventVersion": version, "eventSource": source, "eventName": name, "s3": s3}


def s3_body(*records):
    return json.dumps({"Records": list(records)})


def eventbridge_body(bucket="b", key="k", detail_type="Object Created", **facts):
    detail = {"bucket": {"name": bucket}, "object": {"key": key, **facts}}
    return json.dumps({"source": "aws.s3", "detail-type": detail_type, "detail": detail})


def cloudtrail_body(bucket="b", keys=("k",)):
    return json.dumps({"s3Bucket": bucket, "s3ObjectKey": list(keys)})


def wrapped(body):
    return json.dumps({"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:111122223333:t", "Message": body})


def outcome(body):
    try:
        return deliveries(body)
    except UnknownNotification:
        return UnknownNotification


def places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield from places(inner, (*path, name))


def replaced(value, path, new):
    if not path:
        return new
    changed = copy.copy(value)
    changed[path[0]] = replaced(value[path[0]], path[1:], new)
    return changed


def test_every_sample_event_has_its_expectation():
    assert EVENTS.keys() == EXPECTED.keys() | UNKNOWN_EVENTS


@pytest.mark.parametrize("name", EXPECTED)
def test_sample_event_announces_exactly_its_deliveries(name):
    found = deliveries(EVENTS[name])

    assert found == EXPECTED[name]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("CloudTrail validation message.", (), id="validation message as plain text"),
        pytest.param(' \n"CloudTrail validation message."\r\n', (), id="validation message in quotes and blanks"),
        pytest.param(wrapped(wrapped(cloudtrail_body())), (Delivery(bucket="b", key="k"),), id="wrapped twice"),
        pytest.param(s3_body(s3_event(version="2.9")), (Delivery(bucket="b", key="k"),), id="later minor version"),
        pytest.param(
            s3_body(s3_event(key="a"), s3_event(key="gone", name="ObjectRemoved:Delete"), s3_event(key="b")),
            (
                Delivery(bucket="b", key="a"),
                Delivery(bucket="b", key="gone", removed=True),
                Delivery(bucket="b", key="b"),
            ),
            id="removal between two creations",
        ),
        pytest.param(
            s3_body(s3_event(), s3_event(name="ObjectRemoved:Delete", versionId="1"), s3_event(versionId="1")),
            (
                Delivery(bucket="b", key="k"),
                Delivery(bucket="b", key="k", removed=True),
                Delivery(bucket="b", key="k", version_id="1"),
            ),
            id="object stored, removed and stored again",
        ),
        pytest.param(
            s3_body(*(s3_event(name="ObjectRemoved:Delete", versionId=version, force=True) for version in "12")),
            (Delivery(bucket="b", key="k", removed=True),),
            id="several versions removed: one look",
        ),
        pytest.param(
            s3_body(s3_event(key="a+%2B", name="ObjectRemoved:DeleteMarkerCreated")),
            (Delivery(bucket="b", key="a +", removed=True),),
            id="removal of an encoded key",
        ),
        pytest.param(
            s3_body(s3_event(bucket="y"), s3_event(bucket="x"), s3_event(bucket="y")),
            (Delivery(bucket="y", key="k"), Delivery(bucket="x", key="k")),
            id="same key in two buckets",
        ),
        pytest.param(
            s3_body(s3_event(size=1, eTag="old"), s3_event(size=2, eTag="new")),
            (Delivery(bucket="b", key="k", size=2, etag="new"),),
            id="object overwritten: the later facts",
        ),
        pytest.param(s3_body(s3_event(key="100%zz")), (Delivery(bucket="b", key="100%zz"),), id="percent, no escape"),
        pytest.param(s3_body(s3_event(key="%2B%2520")), (Delivery(bucket="b", key="+%20"),), id="decoded only once"),
        pytest.param(
            eventbridge_body(key="a+b%20c"), (Delivery(bucket="b", key="a+b%20c"),), id="EventBridge key verbatim"
        ),
        pytest.param(
            cloudtrail_body(keys=["a+b%20c"]), (Delivery(bucket="b", key="a+b%20c"),), id="CloudTrail key verbatim"
        ),
    ],
)
def test_body_announces_exactly(body, expected):
    found = deliveries(body)

    assert found == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, (None, None, None)),
        ({"versionId": None, "eTag": None, "size": None}, (None, None, None)),
        ({"versionId": "", "eTag": "", "size": 0}, (None, None, 0)),
        ({"versionId": "null", "eTag": '"abc"', "size": 7}, ("null", "abc", 7)),
        ({"eTag": '""', "size": -1}, (None, None, None)),
        ({"size": True}, (None, None, None)),
        ({"size": 7.0}, (None, None, None)),
        ({"size": "7"}, (None, None, None)),
    ],
    ids=str,
)
def test_facts_of_an_object_are_none_where_unknown(facts, expected):
    (from_s3,) = deliveries(s3_body(s3_event(**facts)))
    renamed = {{"versionId": "version-id", "eTag": "etag"}.get(name, name): fact for name, fact in facts.items()}
    (from_eventbridge,) = deliveries(eventbridge_body(**renamed))

    assert (from_s3.version_id, from_s3.etag, from_s3.size) == expected
    assert from_eventbridge == from_s3


@pytest.mark.parametrize(
    "name",
    [
        "IntelligentTiering",
        "LifecycleExpiration:Delete",
        "LifecycleExpiration:DeleteMarkerCreated",
        "LifecycleTransition",
        "ObjectAcl:Put",
        "ObjectAnnotation:Put",
        "ObjectRestore:Delete",
        "ObjectRestore:Post",
        "ObjectRetention:Put",
        "ObjectTagging:Delete",
        "ReducedRedundancyLostObject",
        "Replication:OperationFailedReplication",
    ],
)
def test_s3_event_that_creates_nothing_to_read_announces_nothing(name):
    found = deliveries(s3_body(s3_event(name=name)))

    assert found == ()


@pytest.mark.parametrize(
    "detail_type",
    [
        "Object ACL Updated",
        "Object Access Tier Changed",
        "Object Restore Expired",
        "Object Restore Initiated",
        "Object Storage Class Changed",
        "Object Tags Added",
        "Object Tags Deleted",
    ],
)
def test_eventbridge_event_that_creates_nothing_to_read_announces_nothing(detail_type):
    found = deliveries(eventbridge_body(detail_type=detail_type))

    assert found == ()


@pytest.mark.parametrize(
    ("reason", "removed"), [("DeleteObject", True), ("Lifecycle Expiration", False), ("Another", True), (None, True)]
)
def test_deletion_that_eventbridge_announces_is_a_removal_unless_the_lifecycle_did_it(reason, removed):
    event = json.loads(eventbridge_body(detail_type="Object Deleted"))
    event["detail"] |= {"reason": reason} if reason else {}

    assert deliveries(json.dumps(event)) == ((Delivery(bucket="b", key="k", removed=True),) if removed else ())


@pytest.mark.parametrize(
    "body",
    [
        s3_body(s3_event(key=None, name="ObjectRemoved:Delete")),
        s3_body(s3_event(bucket="", name="ObjectRemoved:Delete")),
        eventbridge_body(key=7, detail_type="Object Deleted"),
        json.dumps({"source": "aws.s3", "detail-type": "Object Deleted", "detail": {"reason": "DeleteObject"}}),
    ],
)
def test_removal_that_names_no_object_is_unknown(body):
    with pytest.raises(UnknownNotification):
        deliveries(body)


UNKNOWN = {
    "empty body": "",
    "blank body": " \n",
    "plain text": "hello",
    "validation message with more text": "CloudTrail validation message. And more.",
    "truncated JSON": '{"Records": [',
    "two JSON documents": "{}{}",
    "number": "7",
    "null": "null",
    "text": '"text"',
    "list": "[]",
    "empty object": "{}",
    "other object": '{"detail": {"bucket": {"name": "b"}, "object": {"key": "k"}}}',
    "NaN": '{"Event": "s3:TestEvent", "Time": NaN}',
    "Infinity": '{"Event": "s3:TestEvent", "Time": -Infinity}',
    "integer of 5000 digits": f'{{"Event": "s3:TestEvent", "Time": {"9" * 5000}}}',
    "deep list": "[" * 200_000,
    "deep object": '{"a":' * 200_000 + "1" + "}" * 200_000,
    "deep detail": f'{{"source": "aws.s3", "detail": {"[" * 200_000 + "]" * 200_000}}}',
    "wrapped three times": wrapped(wrapped(wrapped(cloudtrail_body()))),
    "wrapped plain text": wrapped("hello"),
    "wrapped empty text": wrapped(""),
    "SNS Message no text": '{"Type": "Notification", "Message": {"s3Bucket": "b", "s3ObjectKey": ["k"]}}',
    "SNS without Message": '{"Type": "Notification"}',
    "SNS of unknown Type": json.dumps({"Type": "Other", "Message": cloudtrail_body()}),
    "SNS invoking a function": json.dumps(
        {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": cloudtrail_body()}}]}
    ),
    "Records empty": s3_body(),
    "Records no list": json.dumps({"Records": s3_event()}),
    "record no object": s3_body("x"),
    "record null": s3_body(None),
    "record of another source": s3_body(s3_event(source="aws:kinesis")),
    "record of version 1": s3_body(s3_event(version="1.0")),
    "record of version 20": s3_body(s3_event(version="20.1")),
    "record of version 3": s3_body(s3_event(version="3.0")),
    "record whose version is a number": s3_body(s3_event(version=2.1)),
    "record of an unknown event": s3_body(s3_event(name="ObjectRenamed:Put")),
    "record without event": s3_body(s3_event(name=None)),
    "record without s3": s3_body({"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put"}),
    "record without bucket": s3_body(s3_event(bucket=None)),
    "record with empty bucket": s3_body(s3_event(bucket="")),
    "record without key": s3_body(s3_event(key=None)),
    "record with empty key": s3_body(s3_event(key="")),
    "record whose key is a number": s3_body(s3_event(key=7)),
    "record whose key is no UTF-8": s3_body(s3_event(key="a%FFb")),
    "record whose key escapes a surrogate": s3_body(s3_event(key="%ED%A0%80")),
    "record whose key is a lone surrogate": s3_body(s3_event(key="\ud800")),
    "record whose bucket is a lone surrogate": s3_body(s3_event(bucket="\udfff")),
    "record whose version id is a number": s3_body(s3_event(versionId=7)),
    "record whose version id is a lone surrogate": s3_body(s3_event(versionId="\ud800")),
    "record whose etag is a list": s3_body(s3_event(eTag=[])),
    "one bad record after a good one": s3_body(s3_event(), s3_event(key="")),
    "one bad record before a good one": s3_body(s3_event(source="aws:sqs"), s3_event()),
    "EventBridge of another source": eventbridge_body().replace("aws.s3", "aws.ec2"),
    "EventBridge API call": eventbridge_body(detail_type="AWS API Call via CloudTrail"),
    "EventBridge without type": json.dumps({"source": "aws.s3", "detail": {"bucket": {"name": "b"}}}),
    "EventBridge type no text": eventbridge_body(detail_type=["Object Created"]),
    "EventBridge without object": '{"source": "aws.s3", "detail-type": "Object Created", "detail": {}}',
    "EventBridge detail null": '{"source": "aws.s3", "detail-type": "Object Created", "detail": null}',
    "EventBridge without key": eventbridge_body(key=None),
    "EventBridge with empty key": eventbridge_body(key=""),
    "CloudTrail with one text of keys": '{"s3Bucket": "b", "s3ObjectKey": "k"}',
    "CloudTrail without keys": cloudtrail_body(keys=[]),
    "CloudTrail with an empty key": cloudtrail_body(keys=["k", ""]),
    "CloudTrail key no text": cloudtrail_body(keys=["k", 7]),
    "CloudTrail without bucket": '{"s3ObjectKey": ["k"]}',
    "CloudTrail bucket no text": cloudtrail_body(bucket=["b"]),
    "CloudTrail with a lone surrogate": cloudtrail_body(keys=["k\ud800"]),
    "AWS Config through SNS": EVENTS["config-sns-wrapped"],
}


@pytest.mark.parametrize("body", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_everything_else_is_unknown_as_a_whole(body):
    with pytest.raises(UnknownNotification):
        deliveries(body)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "Expecting value: line 1 column 1 (char 0). It is text of 0 characters that starts with ''."),
        ("[1]", "its fields match no known envelope. It is JSON of type list."),
        (
            '{"user": "Alice", "pass\\nword": "hunter2"}',
            "its fields match no known envelope. It is a JSON object with the fields 'user', 'pass\\nword'.",
        ),
        (
            wrapped('{"s3ObjectKey": "k"}'),
            "its fields match no known envelope. It is a JSON object with the fields 's3ObjectKey'.",
        ),
        (
            s3_body(s3_event(name="ObjectRenamed:Put")),
            "its event 'ObjectRenamed:Put' is not known. It is a JSON object with the fields 'Records'.",
        ),
    ],
    ids=["empty", "list", "object", "inside SNS", "unknown event"],
)
def test_error_says_why_what_it_looks_like_and_what_is_accepted(body, reason):
    with pytest.raises(UnknownNotification) as raised:
        deliveries(body)

    assert isinstance(raised.value, AitrailError)
    assert str(raised.value) == (
        f"This message is not a notification of a delivery: {reason} The queue accepts S3 event notifications, "
        "EventBridge events from S3 and CloudTrail notifications, plain or wrapped by SNS at most twice. "
        "Find out who sends the "
        "message; `aitrail retry s3://BUCKET/KEY` announces a delivery by hand."
    )


@pytest.mark.parametrize(
    "body",
    [
        "\U0001f600" * 100_000,
        json.dumps({"\U0001f600" * 1000 + str(number): 1 for number in range(1000)}),
        s3_body(s3_event(name="\n" * 100_000)),
    ],
    ids=["text", "object", "event"],
)
def test_error_stays_one_short_line_of_ascii(body):
    with pytest.raises(UnknownNotification) as raised:
        deliveries(body)

    message = str(raised.value)
    assert message.isascii()
    assert message.isprintable()
    assert len(message) < 650


def test_error_shows_no_values():
    private = "not-for-the-log/0123456789abcdef"

    with pytest.raises(UnknownNotification) as as_text:
        deliveries(private)
    with pytest.raises(UnknownNotification) as as_value:
        deliveries(json.dumps({"Token": private, "Records": [private]}))

    assert private[:17] not in str(as_text.value)
    assert private[:4] not in str(as_value.value)


@LAW
@given(bucket=NAMES, key=NAMES, ensure_ascii=st.booleans(), encode=st.sampled_from([quote_plus, quote]))
def test_any_key_survives_the_encoding_of_s3(bucket, key, ensure_ascii, encode):
    body = json.dumps({"Records": [s3_event(bucket=bucket, key=encode(key, safe="/"))]}, ensure_ascii=ensure_ascii)

    assert deliveries(body) == (Delivery(bucket=bucket, key=key),)


@LAW
@given(bucket=NAMES, key=NAMES, version_id=NAMES)
def test_any_key_survives_eventbridge(bucket, key, version_id):
    body = eventbridge_body(bucket=bucket, key=key, **{"version-id": version_id})

    assert deliveries(body) == (Delivery(bucket=bucket, key=key, version_id=version_id),)


@LAW
@given(bucket=NAMES, keys=st.lists(NAMES, min_size=1))
def test_any_keys_survive_the_message_of_cloudtrail_each_once_and_in_order(bucket, keys):
    body = cloudtrail_body(bucket=bucket, keys=keys)

    assert deliveries(body) == tuple(Delivery(bucket=bucket, key=key) for key in dict.fromkeys(keys))


@LAW
@given(
    body=st.sampled_from([body for name, body in EVENTS.items() if "wrapped" not in name])
    | JSON_VALUES.map(json.dumps)
    | st.text()
)
def test_wrapping_in_sns_never_changes_the_outcome(body):
    plain = outcome(body)

    assert outcome(wrapped(body)) == plain
    assert outcome(wrapped(wrapped(body))) == plain


@LAW
@given(body=st.text(st.characters()) | JSON_VALUES.map(json.dumps))
def test_arbitrary_text_and_json_are_unknown(body):
    assert outcome(body) is UnknownNotification


@LAW
@given(data=st.data(), new=JSON_VALUES)
def test_a_damaged_event_raises_nothing_but_unknown_notification(data, new):
    event = json.loads(data.draw(st.sampled_from(sorted(EVENTS.values()))))
    path = data.draw(st.sampled_from(list(places(event))))

    found = outcome(json.dumps(replaced(event, path, new)))

    assert found is UnknownNotification or all(isinstance(delivery, Delivery) for delivery in found)


@LAW
@given(body=st.text(st.characters()) | JSON_VALUES.map(json.dumps) | st.sampled_from(sorted(EVENTS.values())))
def test_any_text_asks_for_a_review_or_not(body):
    assert review_request(body + '"aws.events"') is None
    assert review_request(body, is_backfill=True) in (None, ReviewRequest())


def test_review_goes_on_where_an_earlier_one_had_no_time():
    body = json.dumps({"review": {"problem": "unproven", "after": "s3://bucket/key"}})

    assert review_request(body, is_backfill=True) == ReviewRequest(problem="unproven", after="s3://bucket/key")
    assert deliveries(body, is_backfill=True) == ()
    assert review_request(body) is None
    assert outcome(body) is UnknownNotification


@pytest.mark.parametrize("after", [None, 1, [], "\ud800"])
def test_review_from_nowhere_is_none(after):
    assert review_request(json.dumps({"review": {"problem": "unproven", "after": after}}), is_backfill=True) is None


def escaped(size):
    """A notification of SNS within a notification of SNS and so on, as deep as the size allows."""
    body = "x"
    while len(wrapped(body)) < size:
        body = wrapped(body)
    return body


# Functions of the number of characters. SQS accepts 1 MB.
HOSTILE = {
    "brackets": lambda size: "[" * size,
    "objects": lambda size: '{"a":' * (size // 5),
    "quotes": lambda size: '"' * size,
    "backslashes": lambda size: '"' + "\\" * (size - 2) + '"',
    "white space": lambda size: " " * size + "x",
    "digits": lambda size: "1" * size,
    "SNS in SNS": escaped,
    "SNS with a long text": lambda size: wrapped("x" * size),
    "hourly events": lambda size: '{"source":"aws.events",' * (size // 23),
    "no S3 events": lambda size: json.dumps({"Records": [{}] * (size // 4)}),
    "S3 events": lambda size: json.dumps({"Records": [s3_event(key="a%2B+")] * (size // 300)}),
    "one key, encoded": lambda size: json.dumps({"Records": [s3_event(key="%F0%9F%98%80+" * (size // 13))]}),
    "keys of CloudTrail": lambda size: cloudtrail_body(keys=[str(number) for number in range(size // 9)]),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_hostile_message_is_judged_in_linear_time_and_few_words(make):
    def cpu_seconds(body):
        begin = time.process_time()
        outcome(body)
        review_request(body)
        return time.process_time() - begin

    small, large = make(1 << 17), make(1 << 20)
    seconds = {body: min(cpu_seconds(body) for _ in range(3)) for body in (small, large)}

    # The text is eight times as long; quadratic time would be 64 times as long. A hundredth of a second is fine.
    assert seconds[large] < max(24 * seconds[small], 0.01)
    if outcome(large) is UnknownNotification:
        with pytest.raises(UnknownNotification) as raised:
            deliveries(large)
        assert len(str(raised.value)) < 1000

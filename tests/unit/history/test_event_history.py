"""Requests for CloudTrail's Event history, and the rows and rejects made from its events."""

import json
from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from aitrail.clock import Clock
from aitrail.history.event_history import EventHistory, Found, HistoryRefusedError, within_reach
from aitrail.rows import record_of, row_of
from aitrail.services import load
from aitrail.window import Window
from tests.shared.event_histories import History, event_of

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = Window(since=NOW - timedelta(days=1), until=NOW)
POLLY = "polly.amazonaws.com"


class Time:
    """Simulated time, which advances while sleeping, and by `took` seconds in every request."""

    def __init__(self, took=0.0):
        self.now, self.took, self.requests = 100.0, took, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        assert seconds > 0
        self.now += seconds

    def note(self, _question):
        self.requests.append(self.now)
        self.now += self.took


@pytest.fixture
def record(records):
    """Makes records of Polly within one day, `number` seconds before noon."""

    def record(number=1, **changes):
        time = (NOW - timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return (
            records["polly-by-user"]
            | {"eventTime": time, "eventID": f"{number:08x}-0000-4000-8000-000000000000"}
            | changes
        )

    return record


def asking(history, clock):
    history.meanwhile = clock.note
    return EventHistory(history, clock=Clock(seconds=clock, sleep=clock.sleep, random=lambda: 0.5))


def refusal(code):
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "LookupEvents")


def test_all_pages_of_one_source_are_given_newest_first(record, records):
    history = History(*map(record, range(1, 8)), records["lex-by-sso"] | {"eventTime": "2026-11-21T11:00:00Z"}, page=3)

    pages = list(asking(history, Time()).pages(POLLY, DAY))

    assert [[int(event["EventId"][:8]) for event in page] for page in pages] == [[1, 2, 3], [4, 5, 6], [7]]
    assert {question["MaxResults"] for question in history.asked} == {50}


def test_both_ends_that_cloudtrail_takes_are_within_the_window(record):
    first, last = record(86_400), record(1)
    history = History(record(86_401), first, last, record(0))

    (page,) = asking(history, Time()).pages(POLLY, DAY)

    assert [event["EventId"] for event in page] == [last["eventID"], first["eventID"]]


@pytest.mark.parametrize(("took", "apart"), [(0.0, 0.5), (0.2, 0.5), (0.7, 0.7)])
def test_requests_begin_at_least_half_a_second_apart_for_all_sources(record, took, apart):
    clock = Time(took)
    history = asking(History(*map(record, range(1, 4)), page=1), clock)

    list(history.pages(POLLY, DAY))
    list(history.pages("tts.amazonaws.com", DAY))

    gaps = [after - before for before, after in zip(clock.requests, clock.requests[1:], strict=False)]
    assert gaps == pytest.approx([apart] * 3)


def test_throttling_is_answered_with_pauses_that_grow_and_keep_the_pace():
    clock, client = Time(), Mock()
    answers = iter([*[refusal("ThrottlingException")] * 6, {"Events": []}])

    def lookup_events(**_):
        clock.note(None)
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    client.lookup_events = lookup_events

    pages = list(
        EventHistory(client, clock=Clock(seconds=clock, sleep=clock.sleep, random=lambda: 1.0)).pages(POLLY, DAY)
    )

    gaps = [after - before for before, after in zip(clock.requests, clock.requests[1:], strict=False)]
    assert pages == [[]]
    assert gaps == pytest.approx([0.5, 0.5, 0.5, 0.8, 1.6, 3.2])


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (refusal("AccessDeniedException"), 1),
        (refusal("ThrottlingException"), 10),
        (EndpointConnectionError(endpoint_url="https://cloudtrail.nowhere-1.amazonaws.com"), 10),
    ],
    ids=["refused", "throttled all the time", "no such Region"],
)
def test_what_does_not_pass_by_itself_is_an_error_of_the_region(error, tries):
    clock, client = Time(), Mock()
    client.lookup_events.side_effect = error

    with pytest.raises(HistoryRefusedError) as raised:
        list(EventHistory(client, clock=Clock(seconds=clock, sleep=clock.sleep)).pages(POLLY, DAY))

    assert str(raised.value) == str(error)
    assert raised.value.__cause__ is error
    assert client.lookup_events.call_count == tries


@pytest.mark.parametrize(
    ("since", "until", "reached"),
    [
        (timedelta(days=7), timedelta(0), (timedelta(days=7), timedelta(0))),
        (timedelta(days=400), timedelta(days=80), (timedelta(days=90), timedelta(days=80))),
        (timedelta(days=1), timedelta(days=-3), (timedelta(days=1), timedelta(0))),
        (timedelta(microseconds=1_500_000), timedelta(microseconds=500_000), (timedelta(seconds=1), timedelta(0))),
    ],
    ids=["as it is", "older than 90 days", "in the future", "in whole seconds"],
)
def test_window_is_cut_to_what_cloudtrail_has(since, until, reached):
    found = within_reach(Window(since=NOW - since, until=NOW - until), NOW)

    assert found == Window(since=NOW - reached[0], until=NOW - reached[1])


@pytest.fixture
def found():
    return Found(registry=load(), retention=None, now=NOW)


def test_event_becomes_the_row_of_its_record_without_a_log_file(found, record):
    original = record(7, requestParameters={"a": 1.0, "importedFrom": "me"}, importedFrom="me")

    found.add(event_of(original))

    (row,) = found.rows
    expected = row_of(original, log_file="s3://b/k", record_index=0)
    assert row == {name: value for name, value in expected.items() if name not in ("logFile", "recordIndex")} | {
        "importedFrom": "event-history"
    }
    assert record_of(row) == original
    assert found.counts == {"events": 1}


def test_event_of_another_source_is_counted_and_left(found, record):
    found.add(event_of(record()) | {"CloudTrailEvent": json.dumps(record(eventSource="s3.amazonaws.com"))})
    found.add(event_of(record()) | {"CloudTrailEvent": json.dumps(record(eventSource=None))})
    found.add(event_of(record(eventSource="Polly.amazonaws.com")))

    assert found.counts == {"events": 3, "unwanted": 2}
    assert len(found.rows) == 1


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "1" * 5_000, "[" * 100_000, None], ids=lambda text: str(text)[:9]
)
def test_text_that_is_no_record_is_a_reject_that_keeps_it(found, record, text):
    found.add(event_of(record(7)) | {"CloudTrailEvent": text})

    (reject,) = found.rejects
    assert (reject.key, reject.reason) == (record(7)["eventID"], "CloudTrailEvent is not a JSON object")
    assert (reject.event_source, reject.event_name) == (POLLY, record()["eventName"])
    assert json.loads(reject.kept["record"])["CloudTrailEvent"] == text
    assert found.counts == {"events": 1}


def test_event_without_any_text_is_a_reject(found):
    found.add({})

    assert [(len(reject.key), reject.event_source) for reject in found.rejects] == [(12, None)]


@pytest.mark.parametrize("event_id", [None, "", "x" * 65, 7, "\ud800"], ids=repr)
def test_reject_without_a_usable_event_id_has_a_hash_of_its_own(found, record, event_id):
    for event_time in ("never", "later", "never"):
        found.add(event_of(record()) | {"CloudTrailEvent": json.dumps(record(eventID=event_id, eventTime=event_time))})

    keys = [reject.key for reject in found.rejects]
    assert keys[0] == keys[2] != keys[1]
    assert {len(key) for key in keys} == {12}
    assert json.loads(found.rejects[0].kept["record"]) == record(eventID=event_id, eventTime="never")


def test_rows_expire_as_those_of_log_files_do(record):
    found = Found(registry=load(), retention=timedelta(hours=1), now=NOW)

    for number in (3_601, 3_600, 3_599):
        found.add(event_of(record(number)))

    assert [row["expiresAt"] for row in found.rows] == [int(NOW.timestamp()) + 1]
    assert found.counts == {"events": 3, "expired": 2}

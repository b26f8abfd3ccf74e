"""Throttling, faults, broken connections, crashes and timeouts: nothing is lost, and no report is wrong."""

import gzip
import json
from contextlib import suppress
from functools import cache
from itertools import count
from math import inf

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from urllib3.exceptions import ProtocolError
from urllib3.exceptions import ReadTimeoutError as Urllib3ReadTimeoutError

from aitrail.dynamodb import OutOfTimeError
from tests.functional.day import log_key
from tests.functional.faults import BrokenBody
from tests.shared.network_errors import OF_THE_NETWORK


@pytest.fixture
def log_file(packed, record, request):
    """The content of a file with 60 wanted records, which are three batches."""
    return getattr(request, "param", bytes)(packed(*map(record, range(60))))


@pytest.mark.parametrize(
    ("end", "raised"),
    [
        (None, IncompleteReadError),
        (Urllib3ReadTimeoutError(None, None, "read timed out"), ReadTimeoutError),
        (ProtocolError("connection broken"), ResponseStreamingError),
    ],
    ids=["closed", "timed out", "reset"],
)
@pytest.mark.parametrize("log_file", [bytes, gzip.decompress], ids=["gzip", "plain"], indirect=True)
def test_connection_that_breaks_in_the_middle_of_a_file_fails_and_does_not_call_it_unreadable(
    pipeline, log_file, wire, end, raised
):
    delivery = pipeline.deliver(log_file)
    headers = {"Content-Length": str(len(log_file)), "ETag": delivery.etag}
    wire.answer("GetObject", 200, BrokenBody(log_file[: len(log_file) // 2], end), headers, times=1)

    with pytest.raises(raised):
        pipeline.ingest(delivery)

    assert (pipeline.files(), pipeline.rows()) == ({}, {})
    assert pipeline.ingest(delivery).metrics["RowsWritten"] == 60


@pytest.fixture(params=[8 * 1024**2, 10], ids=["read ahead", "read in parts"])
def most_ahead(request, monkeypatch):
    """The size up to which files are read ahead."""
    monkeypatch.setattr("aitrail.ingest.fetching._MAX_BYTES_AHEAD", request.param)


@pytest.mark.usefixtures("most_ahead")
@pytest.mark.parametrize("error", [None, *OF_THE_NETWORK.values()], ids=["silently", *OF_THE_NETWORK])
def test_network_that_fails_while_files_are_read_ahead_calls_none_unreadable(pipeline, log_file, wire, error):
    delivery = pipeline.deliver(log_file)
    headers = {"Content-Length": str(len(log_file)), "ETag": delivery.etag}
    wire.answer("GetObject", 200, BrokenBody(log_file[: len(log_file) // 2], error), headers, times=1)
    body = pipeline.announce(delivery)

    with pipeline.ingestion.reading_ahead([body]), pytest.raises(ExceptionGroup):
        pipeline.process(body)

    assert (pipeline.files(), pipeline.rows()) == ({}, {})
    with pipeline.ingestion.reading_ahead([body]):
        assert [status for status, _ in pipeline.process(body)] == ["ingested"]


PASSING = [
    ("GetItem", 400, "ProvisionedThroughputExceededException"),
    ("GetObject", 503, "SlowDown"),
    ("GetObject", 500, "InternalError"),
    ("BatchWriteItem", 400, "ThrottlingException"),
    ("UpdateItem", 500, "InternalServerError"),
]


@pytest.mark.parametrize("refusal", PASSING, ids=lambda refusal: f"{refusal[0]} {refusal[2]}")
def test_refusal_that_passes_is_overcome_by_trying_again(pipeline, log_file, wire, refusal):
    pipeline.ingest(pipeline.deliver(b"", log_key("0926")))  # looks for digests, once an hour
    wire.tries.clear()
    delivery = pipeline.deliver(log_file)
    wire.refuse(*refusal, times=3)

    result = pipeline.ingest(delivery)

    assert result.status == "ingested"
    assert pipeline.numbers() == [*range(60)]
    assert wire.tries[refusal[0]] == (6 if refusal[0] == "BatchWriteItem" else 4)


@pytest.mark.parametrize("refusal", PASSING, ids=lambda refusal: f"{refusal[0]} {refusal[2]}")
def test_refusal_that_lasts_fails_the_delivery_until_it_passes(pipeline, log_file, wire, refusal):
    delivery = pipeline.deliver(log_file)
    wire.refuse(*refusal, "for ever", times=4)

    with pytest.raises(ClientError, match="for ever"):
        pipeline.ingest(delivery)

    assert pipeline.files() == {}
    assert pipeline.ingest(delivery).status == "ingested"
    assert pipeline.numbers() == [*range(60)]


@pytest.mark.parametrize("operation", ["GetItem", "GetObject", "BatchWriteItem", "UpdateItem"])
def test_connections_that_time_out_fail_the_delivery_after_four_tries(pipeline, log_file, wire, operation):
    delivery = pipeline.deliver(log_file)
    wire.answer(operation, 0, ConnectTimeoutError(endpoint_url="https://example.com"), times=4)

    with pytest.raises(ConnectTimeoutError):
        pipeline.ingest(delivery)

    assert wire.tries[operation] == 4
    assert pipeline.files() == {}
    assert pipeline.ingest(delivery).status == "ingested"


def test_unprocessed_rows_and_rejects_are_written_after_pauses(pipeline, packed, record, wire):
    wire.processed = 7
    records = [record(number, eventTime="?" if number % 2 else "2026-03-14T09:20:00Z") for number in range(40)]

    result = pipeline.ingest(pipeline.deliver(packed(*records)))

    assert (result.metrics["RowsWritten"], result.metrics["RejectedRecords"]) == (20, 20)
    assert pipeline.numbers() == [*range(0, 40, 2)]
    assert pipeline.files().keys() == {"file", *(f"reject#{number}" for number in range(1, 40, 2))}
    assert pipeline.clock.pauses == [0.05, 0.1, 0.05, 0.1]


def test_delivery_whose_rows_stay_unprocessed_fails_when_the_time_is_up(pipeline, log_file, wire):
    delivery = pipeline.deliver(log_file)
    wire.processed, pipeline.clock.left = 1, 5.0

    with pytest.raises(OutOfTimeError):
        pipeline.ingest(delivery)

    assert pipeline.files() == {}
    assert 0 < len(pipeline.rows()) < 60

    wire.processed, pipeline.clock.left = None, 270.0

    assert pipeline.ingest(delivery).metrics["RowsWritten"] == 60
    assert pipeline.numbers() == [*range(60)]


def test_nothing_is_begun_when_no_time_is_left(pipeline, log_file, wire):
    delivery = pipeline.deliver(log_file)
    pipeline.clock.left = 0
    wire.calls.clear()

    with pytest.raises(OutOfTimeError, match=delivery.key):
        pipeline.ingest(delivery)

    assert wire.calls == []


def test_time_that_ends_at_any_moment_fails_the_delivery_and_a_rerun_writes_the_same_rows(pipeline, log_file):
    delivery = pipeline.deliver(log_file)
    moments = 0

    def time_left():
        nonlocal moments
        moments -= 1
        return moments

    for granted in count(1):
        moments = granted
        try:
            result = pipeline.ingestion.ingest(delivery, time_left=time_left)
        except OutOfTimeError:
            assert pipeline.files() == {}
        else:
            break

    assert granted == 1 + 5  # at the start, while reading, before each of three batches
    assert result.metrics["RowsWritten"] == 60
    assert pipeline.numbers() == [*range(60)]


FOLDER = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/111122223333_CloudTrail_eu-west-1_"


@pytest.fixture
def items_after(new_pipeline, packed, record, wire, monkeypatch):
    """The items of both tables after ingesting three files in this order, each with a crash after a number of calls."""
    monkeypatch.setattr("aitrail.dynamodb.batches.BATCH_SIZE", 3)
    contents = [
        packed(record(1), record(2), record(3, eventTime="?"), record(2)),
        packed(*map(record, range(10, 17)), record(20, eventTime="?"), record(21, eventTime="?")),
        packed(record(30))[:-5],
    ]

    @cache
    def items_after(*steps):
        pipeline = new_pipeline()
        deliveries = [pipeline.deliver(content, f"{FOLDER}{number}.json.gz") for number, content in enumerate(contents)]
        for file, wire.fuse in steps:
            with suppress(SystemExit):
                pipeline.ingest(deliveries[file])
        wire.fuse = inf
        return [
            sorted(json.dumps(item, sort_keys=True) for item in pipeline.dynamodb.scan(TableName=name)["Items"])
            for name in (pipeline.events_name, pipeline.files_name)
        ]

    return items_after


@pytest.mark.slow
@settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=25,
    phases=[Phase.generate],  # shrinking an example would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 8)), max_size=5), order=st.permutations(range(3)))
def test_any_order_repetition_and_crash_of_deliveries_ends_in_the_same_tables(items_after, steps, order):
    straight = items_after((0, inf), (1, inf), (2, inf))

    crooked = items_after(*steps, *((file, inf) for file in order))

    assert crooked == straight

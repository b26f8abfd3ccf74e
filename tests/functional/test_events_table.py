from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from aitrail.clock import Clock
from aitrail.dynamodb import BatchWriter, OutOfTimeError, delete
from aitrail.dynamodb.tables import EVENTS
from aitrail.ingest import EventsTable
from aitrail.rows import record_of, row_of


@pytest.fixture
def row(record):
    """Makes the row of a record of Polly."""
    return lambda number=0, **changes: row_of(record(number, **changes), log_file="s3://b/k", record_index=number)


def ids(rows):
    return [row["eventID"] for row in rows]


def test_row_comes_back_as_it_was_written_and_gives_its_record(storage, record):
    original = record(7, requestParameters={"a": [1, 1.5, 2**63, True, None, {}], "b": 1.0, "": "x"}, extra={"new": []})
    expected = row_of(original, log_file="s3://b/k", record_index=7)

    storage.write(expected)

    assert storage.rows() == {original["eventID"]: expected}
    assert record_of(storage.rows()[original["eventID"]]) == original


def test_row_written_again_is_replaced(storage, row):
    storage.write(row(1, awsRegion="eu-west-1"), row(2))

    storage.write(row(1, awsRegion="eu-west-3"))

    assert {key[:8]: item["awsRegion"] for key, item in storage.rows().items()} == {
        "00000001": "eu-west-3",
        "00000002": "eu-west-1",
    }


def test_expiry_is_a_number_of_seconds_in_the_ttl_attribute(storage, record):
    expiring = row_of(record(1), log_file="s3://b/k", record_index=0, retention=timedelta(days=365))

    storage.write(expiring)

    (item,) = storage.dynamodb.scan(TableName=storage.events_name)["Items"]
    assert item[EVENTS.ttl_attribute] == {"N": str(int(datetime(2027, 3, 14, 9, 20, tzinfo=UTC).timestamp()))}


@pytest.mark.parametrize(
    ("rows", "sizes"),
    [(0, []), (1, [1]), (25, [25]), (26, [25, 1]), (60, [25, 25, 10])],
    ids=str,
)
def test_batches_have_1_to_25_rows(storage, wire, row, rows, sizes):
    storage.write(*[row(number) for number in range(rows)])

    requests = wire.requests("BatchWriteItem")
    assert [len(request["RequestItems"][storage.events_name]) for request in requests] == sizes
    assert len(storage.rows()) == rows


def test_batches_that_are_written_side_by_side_are_all_written(storage, wire, row):
    table = EventsTable(storage.dynamodb, storage.events_name, clock=Clock(sleep=lambda _: None))
    wire.processed = 20

    table.write([row(number) for number in range(240)], time_left=lambda: 60.0)

    assert storage.numbers() == [*range(240)]
    assert 4 <= len(wire.requests("BatchWriteItem")) <= 20


def test_a_refusal_of_one_of_many_batches_is_raised_and_ends_the_writing(storage, wire, row):
    table = EventsTable(storage.dynamodb, storage.events_name)
    wire.refuse("BatchWriteItem", 400, "AccessDeniedException")

    with pytest.raises(ClientError, match="AccessDenied"):
        table.write([row(number) for number in range(500)], time_left=lambda: 60.0)

    assert len(wire.requests("BatchWriteItem")) < 20


def test_rows_are_made_items_only_as_they_are_sent(storage, wire):
    made = []

    def requests(number):
        made.append(number)
        return delete({"eventID": str(number)})

    writer = BatchWriter(storage.dynamodb, storage.events_name, workers=4)
    wire.refuse("BatchWriteItem", 400, "AccessDeniedException")

    with pytest.raises(ClientError):
        writer.write(
            (made.append(number) or delete({"eventID": str(number)}) for number in range(10_000)),
            time_left=lambda: 60.0,
        )

    assert len(made) <= 25 * 6  # of the batches in flight, and the next one


def test_unprocessed_rows_are_written_after_pauses_that_grow(storage, wire, row):
    wire.processed = 10

    storage.write(*[row(number) for number in range(35)])

    assert len(storage.rows()) == 35
    assert storage.clock.pauses == [0.05, 0.1]  # 25 rows take three calls, the last ten rows one; half of 0.1 and 0.2 s


def test_unprocessed_rows_are_given_up_when_the_time_is_up(storage, wire, row):
    storage.clock.left = 20.0
    wire.processed = 1

    with pytest.raises(OutOfTimeError, match="15 items"):
        storage.write(*[row(number) for number in range(25)])

    assert storage.clock.pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert storage.clock.left > 0


def test_nothing_is_sent_when_no_time_is_left(storage, wire, row):
    storage.clock.left = 0

    with pytest.raises(OutOfTimeError, match="no time left to write 1 items"):
        storage.write(row(1))

    assert wire.requests("BatchWriteItem") == []


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "ProvisionedThroughputExceededException"), (400, "ThrottlingException"), (500, "InternalServerError")],
)
def test_refused_batches_are_tried_again(storage, wire, row, status, code):
    wire.refuse("BatchWriteItem", status, code, times=3)

    storage.write(row(1))

    assert ids(storage.rows().values()) == ids([row(1)])
    assert wire.tries["BatchWriteItem"] == 4


def test_refusal_that_lasts_is_raised(storage, wire, row):
    wire.refuse("BatchWriteItem", 400, "ThrottlingException", "slow down")

    with pytest.raises(ClientError, match="slow down"):
        storage.write(row(1))

    assert wire.tries["BatchWriteItem"] == 4

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from aitrail.dynamodb import OutOfTimeError
from aitrail.rows import record_of, row_of
from aitrail.tables import BY_PRINCIPAL, BY_RESOURCE, BY_SERVICE, EVENTS, NARROW_COLUMNS

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LAW = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=25,
    phases=[Phase.generate],  # to shrink an example takes minutes here
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def row(record):
    """Makes the row of a record of Polly."""
    return lambda number=0, **changes: row_of(record(number, **changes), log_file="s3://b/k", record_index=number)


def at(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


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


def test_unprocessed_rows_are_written_after_pauses_that_grow(storage, wire, row):
    wire.processed = 10

    storage.write(*[row(number) for number in range(35)])

    assert len(storage.rows()) == 35
    assert storage.clock.pauses == [0.05, 0.1]  # 25 rows take three calls, the last ten one; half of 0.1, 0.2 s


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


def test_index_gives_the_narrow_columns(storage, row):
    wide = row(1, userAgent="aws-cli/2.0", errorCode="AccessDenied", readOnly=False)
    storage.write(wide)

    (found,) = storage.events.rows(BY_SERVICE, ["polly"], since=NOON - DAY, until=NOON)

    assert found == {name: wide[name] for name in NARROW_COLUMNS if name in wide}
    assert "userAgent" not in found


@pytest.mark.parametrize(
    ("index", "value"),
    [(BY_SERVICE, "polly"), (BY_PRINCIPAL, "user/Alice"), (BY_RESOURCE, "lexicon/names")],
    ids=lambda value: getattr(value, "name", value),
)
def test_each_index_finds_its_rows_alone(storage, row, index, value):
    wanted = row(1, requestParameters={"lexiconNames": ["names"]})
    others = row(2, eventSource="lex.amazonaws.com", userIdentity={"type": "Root"}, requestParameters=None)
    storage.write(wanted, others)

    found = storage.events.rows(index, [value], since=NOON - DAY, until=NOON)

    assert ids(found) == ids([wanted])


# Few moments, so that calls meet each other, midnights and the ends of windows; windows also begin between seconds.
HOURS = st.integers(-6, 2).map(lambda number: NOON + number * timedelta(hours=6))
MOMENTS = st.builds(lambda hour, second: hour + timedelta(seconds=second), HOURS, st.sampled_from([-1, 0, 1]))
ENDS = st.builds(lambda moment, fraction: moment + timedelta(seconds=fraction), MOMENTS, st.sampled_from([0, 0.4]))
SERVICES = ["polly", "lex", "transcribe", "personalize"]


@LAW
@given(
    calls=st.lists(st.tuples(st.sampled_from(SERVICES), MOMENTS), min_size=10, max_size=25),
    services=st.lists(st.sampled_from(SERVICES), max_size=4),
    window=st.tuples(ENDS, ENDS),
)
def test_rows_are_those_of_the_services_in_the_window_newest_first(new_storage, row, calls, services, window):
    storage, (since, until) = new_storage(), window
    rows = [
        row(number, eventSource=f"{service}.amazonaws.com", eventTime=at(moment))
        for number, (service, moment) in enumerate(calls)
    ]
    storage.write(*rows)

    found = ids(storage.events.rows(BY_SERVICE, services, since=since, until=until))

    matching = [
        row for row in rows if row["service"] in services and since <= datetime.fromisoformat(row["eventTime"]) < until
    ]
    assert found == ids(sorted(matching, key=lambda row: (row["eventTime"], row["eventID"]), reverse=True))


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        (0, 1, [0]),
        (0.5, 2, [1]),
        (1, 1.000001, [1]),
        (1.000001, 2, []),
        (0, 2.5, [2, 1, 0]),
        (-3600, 3600, [2, 1, 0]),
        (1, 1, []),
        (2, 1, []),
    ],
)
def test_window_includes_its_begin_and_excludes_its_end(storage, row, since, until, found):
    midnight = datetime(2026, 3, 15, tzinfo=UTC)
    rows = [row(number, eventTime=at(midnight + timedelta(seconds=number))) for number in range(3)]
    storage.write(*rows)

    window = {"since": midnight + timedelta(seconds=since), "until": midnight + timedelta(seconds=until)}

    assert ids(storage.events.rows(BY_SERVICE, ["polly"], **window)) == [rows[number]["eventID"] for number in found]


def test_days_and_services_without_rows_are_passed_over_and_a_value_named_twice_counts_once(storage, row):
    old, new = row(1, eventTime="2026-03-01T00:00:00Z"), row(2, eventTime="2026-03-14T11:59:59Z")
    storage.write(old, new)

    found = storage.events.rows(BY_SERVICE, ["polly", "lex", "polly"], since=NOON - 20 * DAY, until=NOON)

    assert ids(found) == ids([new, old])


def test_pages_are_fetched_to_the_last_and_only_as_far_as_rows_are_consumed(storage, wire, row):
    # A page has 1 MB: nine of these.
    rows = [
        row(number, sourceIPAddress="x" * 110_000, eventTime=at(NOON - timedelta(seconds=number + 1)))
        for number in range(30)
    ]
    storage.write(*rows)

    first = list(islice(storage.events.rows(BY_SERVICE, ["polly"], since=NOON - DAY, until=NOON), 5))
    pages_for_the_first = len(wire.requests("Query"))
    everything = list(storage.events.rows(BY_SERVICE, ["polly"], since=NOON - timedelta(hours=6), until=NOON))

    assert ids(first) == ids(rows[:5])
    assert pages_for_the_first == 1
    assert ids(everything) == ids(rows)
    assert len(wire.requests("Query")) - pages_for_the_first == 4


def test_nothing_is_read_of_days_that_the_consumer_does_not_reach(storage, wire, row):
    rows = [row(number, eventTime=at(NOON - number * DAY - timedelta(seconds=1))) for number in range(5)]
    storage.write(*rows)

    found = list(islice(storage.events.rows(BY_SERVICE, ["polly", "lex"], since=NOON - 300 * DAY, until=NOON), 2))

    assert ids(found) == ids(rows[:2])
    days = [request["ExpressionAttributeValues"][":day"]["S"] for request in wire.requests("Query")]
    assert days == ["2026-03-14", "2026-03-14", "2026-03-13", "2026-03-13"]

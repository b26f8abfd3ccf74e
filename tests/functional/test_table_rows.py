import threading
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from botocore.exceptions import ClientError

from aitrail.dynamodb.tables import NARROW_COLUMNS
from aitrail.moments import MomentError
from aitrail.questions import EventStore, Filter, Order, TableRows
from aitrail.rows import IMPORTED, made_row_of, row_of
from aitrail.window import Window
from tests.shared.deployed_tables import small_pages
from tests.shared.immediate_paging import at_once

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TODAY = Window(since=NOON - DAY / 2, until=NOON)
WEEK = Window(since=NOON - 7 * DAY, until=NOON)
POLLY = Filter(service=("polly",))


@pytest.fixture
def row(record):
    """Makes the row of a record of Polly."""
    return lambda number=0, **changes: row_of(record(number, **changes), log_file="s3://b/k", record_index=number)


@pytest.fixture
def source(storage):
    return storage.source


@pytest.fixture
def newest_first(row):
    """Makes a number of rows, a second apart, in the order of a list."""

    def newest_first(count, since=NOON, **changes):
        times = [since - timedelta(seconds=number + 1) for number in range(count)]
        return [row(number, eventTime=at(time), **changes) for number, time in enumerate(times)]

    return newest_first


@pytest.fixture
def full_week(storage, row):
    """Ten rows on each day of WEEK, all in the same second of the day."""
    numbers = iter(range(1000))
    times = [at(NOON - number * DAY - timedelta(seconds=1)) for number in range(7) for _ in range(10)]
    storage.write(*[row(next(numbers), eventTime=time) for time in times])


def at(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def ids(rows):
    return [row["eventID"] for row in rows]


def test_rows_have_the_narrow_columns(storage, source, row):
    wide = row(1, userAgent="aws-cli/2.0", errorCode="AccessDenied", readOnly=False)
    storage.write(wide)

    (found,) = source.rows(POLLY, TODAY)

    assert found == {name: wide[name] for name in NARROW_COLUMNS if name in wide}
    assert "userAgent" not in found


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (POLLY, "by-service"),
        (Filter(principal=("user/Alice",)), "by-principal"),
        (Filter(resource=("speech-synthesis-task/7",)), "by-resource"),
    ],
    ids=["service", "principal", "resource"],
)
def test_each_index_finds_its_rows_alone(storage, wire, row, wanted, index):
    expected = row(1, requestParameters={"taskId": "7"})
    others = row(2, eventSource="lex.amazonaws.com", userIdentity={"type": "Root"}, requestParameters=None)
    storage.write(expected, others)

    found = storage.source.rows(wanted, TODAY)

    assert ids(found) == ids([expected])
    assert {request["IndexName"] for request in wire.requests("Query")} == {index}


def test_resource_that_is_one_of_several_is_found_among_the_rows_of_its_service(storage, wire, row):
    first = row(1, requestParameters={"lexiconNames": ["names", "places"]})
    second = row(2, requestParameters={"lexiconNames": ["places", "names"]})
    other = row(3, requestParameters={"lexiconNames": ["places", "streets"]})
    task = row(4, requestParameters={"lexiconNames": ["names"]}, responseElements={"synthesisTask": {"taskId": "7"}})
    storage.write(first, second, other, task)

    found = [
        list(storage.source.rows(Filter(resource=("lexicon/names",)), TODAY, order=order, limit=limit))
        for order, limit in ((Order.OLDEST_FIRST, None), (Order.NEWEST_FIRST, 2), (Order.NEWEST_FIRST, 3))
    ]

    assert list(map(ids, found)) == list(map(ids, ([first, second, task], [task, second], [task, second, first])))
    assert {request["IndexName"] for request in wire.requests("Query")} == {"by-resource", "by-service"}


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

    window = Window(since=midnight + timedelta(seconds=since), until=midnight + timedelta(seconds=until))

    assert ids(storage.source.rows(POLLY, window)) == [rows[number]["eventID"] for number in found]


def test_days_and_services_without_rows_are_passed_over_and_a_value_named_twice_counts_once(storage, source, row):
    old, new = row(1, eventTime="2026-03-01T00:00:00Z"), row(2, eventTime="2026-03-14T11:59:59Z")
    storage.write(old, new)

    found = source.rows(Filter(service=("polly", "lex", "polly")), Window(since=NOON - 20 * DAY, until=NOON))

    assert ids(found) == ids([new, old])


def test_pages_of_dynamodb_s_own_size_are_fetched_to_the_last(storage, source, wire, newest_first):
    # A page has 1 MB, which is nine of these rows.
    rows = newest_first(30, sourceIPAddress="x" * 110_000)
    storage.write(*rows)

    found = source.rows(POLLY, TODAY)

    assert ids(found) == ids(rows)
    assert len(wire.requests("Query")) == 4


@pytest.mark.usefixtures("full_week")
def test_first_row_of_a_week_takes_at_most_one_query_a_day_however_many_pages_they_have(source, wire, dynamodb):
    small_pages(dynamodb, 2)

    with at_once():
        first = next(source.rows(POLLY, WEEK))

    assert first["eventTime"] == "2026-03-14T11:59:59Z"
    days = [request["ExpressionAttributeValues"][":day"]["S"] for request in wire.requests("Query")]
    assert days == [f"2026-03-{day:02}" for day in range(14, 6, -1)]


@pytest.mark.usefixtures("full_week")
def test_days_that_the_consumer_does_not_reach_are_asked_for_one_page_and_no_more_of_them_than_workers(source, wire):
    with at_once():
        found = list(islice(source.rows(POLLY, Window(since=NOON - 300 * DAY, until=NOON)), 3))

    assert len(found) == 3
    assert len(wire.requests("Query")) == 8


@pytest.mark.parametrize("order", Order)
@pytest.mark.usefixtures("full_week")
def test_lists_and_sums_query_an_index_and_nothing_else(source, wire, dynamodb, order):
    small_pages(dynamodb, 3)
    wire.calls.clear()

    found = list(source.rows(Filter(outcome=("ok",)), WEEK, order=order))

    assert len(found) == 70
    assert set(wire.operations()) == {"Query"}
    assert {request["IndexName"] for request in wire.requests("Query")} == {"by-service"}
    assert len(wire.requests("Query")) == 7 * 4 + 1 + 3 * 8  # pages of Polly, and of the others, which have no rows


@pytest.mark.parametrize(
    ("wanted", "limit", "asked"),
    [
        (POLLY, 3, 3),
        (Filter(), 2, 2),
        (Filter(principal=("user/Alice",)), 1, 1),
        (POLLY, None, None),
        (Filter(service=("polly",), outcome=("ok",)), 3, None),
        (Filter(principal=("user/*",)), 3, None),
        (POLLY, 2**40, 10_000),
    ],
    ids=str,
)
@pytest.mark.usefixtures("full_week")
def test_limit_is_that_of_a_page_where_every_row_of_the_index_is_wanted(source, wire, wanted, limit, asked):
    found = list(source.rows(wanted, WEEK, limit=limit))

    assert len(found) == min(limit or 70, 70)
    assert {request.get("Limit") for request in wire.requests("Query")} == {asked}


@pytest.mark.parametrize("wanted", [POLLY, Filter(service=("polly",), outcome=("ok",))], ids=str)
@pytest.mark.usefixtures("full_week")
def test_limited_list_reads_only_the_pages_it_needs(source, wire, dynamodb, wanted):
    small_pages(dynamodb, 4)

    with at_once():
        found = list(source.rows(wanted, TODAY, limit=4))

    assert len(found) == 4
    assert len(wire.requests("Query")) == 1


def test_limit_of_none_asks_nothing(source, wire):
    wire.calls.clear()

    assert list(source.rows(POLLY, WEEK, limit=0)) == []
    assert wire.calls == []


def test_exact_values_travel_and_patterns_do_not(storage, source, wire, row):
    storage.write(row(1), row(2, awsRegion="us-east-1"), row(3, eventName="ListLexicons"))

    wanted = Filter(region=("eu-west-1", "eu-west-3"), operation=("Synth*",), source_ip=("192.0.2.0/24",))
    found = list(source.rows(wanted, TODAY))

    assert ids(found) == ids([row(1)])
    (*_, request) = wire.requests("Query")
    assert request["FilterExpression"] == "#f0 IN (:f0v0, :f0v1)"
    assert request["ExpressionAttributeNames"]["#f0"] == "awsRegion"


@pytest.mark.parametrize("others", [99, 100, 350])
def test_any_number_of_values_is_answered(storage, source, row, others):
    storage.write(row(1), row(2, eventName="ListLexicons"), row(3, userIdentity={"type": "Root"}))
    more = tuple(f"No{number}" for number in range(others))

    wanted = Filter(operation=(*more, "SynthesizeSpeech"), region=(*more, "eu-west-1"), principal=("user/Alice",))

    assert ids(source.rows(wanted, TODAY)) == ids([row(1)])


def test_whole_rows_take_a_batch_for_each_twenty_five(storage, source, wire, newest_first):
    rows = newest_first(60)
    storage.write(*rows)

    assert list(source.whole(source.rows(POLLY, TODAY))) == rows

    sizes = [len(request["RequestItems"][storage.events_name]["Keys"]) for request in wire.requests("BatchGetItem")]
    assert sorted(sizes) == [10, 25, 25]


def test_keys_that_dynamodb_hands_back_are_asked_for_again_after_pauses_that_grow(storage, source, wire, newest_first):
    rows = newest_first(25)
    storage.write(*rows)
    found = list(source.rows(POLLY, TODAY))
    wire.processed = 7

    assert list(source.whole(found)) == rows
    assert storage.clock.pauses == [0.05, 0.1, 0.2]  # half of 0.1, 0.2 and 0.4 s
    sizes = [len(request["RequestItems"][storage.events_name]["Keys"]) for request in wire.requests("BatchGetItem")]
    assert sizes == [25, 18, 11, 4]


@pytest.mark.parametrize("order", Order)
def test_reading_that_is_broken_off_leaves_no_threads(storage, source, newest_first, order):
    storage.write(*newest_first(3))

    found = source.whole(source.rows(POLLY, WEEK, order=order))
    next(found)
    del found

    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("dynamodb")] == []


CALL = {
    "eventID": "00000001-0000-4000-8000-000000000000",
    "service": "polly",
    "eventDay": "2026-03-14",
    "eventTime": "2026-03-14T09:20:00Z",
}
READS = pytest.mark.parametrize(
    ("operation", "read"),
    [
        ("Query", lambda source: list(source.rows(POLLY, TODAY))),
        ("Query", lambda source: list(source.rows(POLLY, TODAY, order=Order.ANY))),
        ("BatchGetItem", lambda source: list(source.whole([CALL]))),
        ("GetItem", lambda source: [source.row(CALL["eventID"])]),
    ],
    ids=["rows", "rows in any order", "whole", "row"],
)


@pytest.fixture(
    params=[
        (400, "ProvisionedThroughputExceededException"),
        (400, "ThrottlingException"),
        (500, "InternalServerError"),
    ],
    ids=lambda refusal: refusal[1],
)
def refusal(request):
    """Status and code of a response that botocore retries."""
    return request.param


@READS
def test_refused_reads_are_tried_again(storage, wire, refusal, operation, read):
    storage.write(CALL)
    wire.refuse(operation, *refusal, times=3)

    assert ids(read(storage.source)) == ids([CALL])
    assert wire.tries[operation] == 4


@READS
def test_refusal_that_lasts_is_raised(source, wire, operation, read):
    wire.refuse(operation, 400, "ThrottlingException", "slow down")

    with pytest.raises(ClientError, match="slow down"):
        read(source)

    assert wire.tries[operation] == 4


@pytest.fixture
def capacity(dynamodb):
    """The consumed capacity that DynamoDB reports for a request: `units`, or nothing if it is None."""

    class Capacity:
        units = 0.5

    def answer(parsed, model, **_):
        found = {"TableName": "t", "CapacityUnits": Capacity.units}
        parsed.pop("ConsumedCapacity", None)
        if Capacity.units is not None:
            parsed["ConsumedCapacity"] = [found] if model.name == "BatchGetItem" else found

    dynamodb.meta.events.register("after-call.dynamodb", answer)
    return Capacity


@pytest.mark.parametrize(("units", "told"), [(0.5, "6.0"), (128.5, "1,542.0"), (None, "0.0")])
@pytest.mark.usefixtures("full_week")
def test_effort_counts_requests_and_read_units(source, capacity, units, told):
    capacity.units = units

    found = list(source.rows(Filter(service=("polly",), read_only=False), WEEK))
    list(source.whole(found[:1]))
    source.row(found[0]["eventID"])
    list(source.rows(POLLY, TODAY))
    list(source.rows(POLLY, TODAY))

    plans = "index by-service, 1 value x 8 days; index by-service, 1 value x 1 day"
    assert source.effort() == f"12 requests, {told} read units ({plans})"


def test_effort_adds_up_what_threads_take(storage, source, capacity, row):  # noqa: ARG001 (half a unit per request)
    storage.write(row(1))

    def ask():
        for _ in range(5):
            list(source.rows(POLLY, TODAY))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert source.effort() == "40 requests, 20.0 read units (index by-service, 1 value x 1 day)"


def test_imported_rows_are_counted_page_by_page(storage):
    rows = [{"eventID": f"{number}", "eventTime": "2026-03-14T09:20:00Z"} for number in range(5)]
    storage.write(*(row | {"importedFrom": "event-history"} for row in rows[:4]), rows[4])
    small_pages(storage.dynamodb, 3)

    assert storage.source.imported_rows() == 4


@pytest.mark.parametrize("order", Order)
def test_rows_that_have_expired_are_left_out_although_dynamodb_has_not_deleted_them(storage, row, order):
    storage.clock.now = NOON
    times = [NOON - DAY - timedelta(seconds=1), NOON - DAY, NOON - DAY + timedelta(seconds=1), NOON]
    storage.write(*[row(number, eventTime=at(time)) for number, time in enumerate(times)])
    source = TableRows(storage.dynamodb, storage.events_name, retention=DAY, clock=storage.clock.given)

    found = source.rows(Filter(), Window(since=NOON - 7 * DAY, until=NOON + DAY), order=order)
    by_id = [source.row(f"{number:08x}-0000-4000-8000-000000000000") for number in range(4)]

    assert sorted(ids(found)) == [f"{number:08x}-0000-4000-8000-000000000000" for number in (2, 3)]
    assert [each is None for each in by_id] == [True, True, False, False]


@pytest.mark.parametrize(("retention", "kept_since"), [(DAY, NOON - DAY), (None, None)])
def test_table_knows_since_when_it_has_rows(storage, retention, kept_since):
    storage.clock.now = NOON
    place = storage.dynamodb, storage.events_name

    source = TableRows(*place, retention=retention, created=NOON - 7 * DAY, clock=storage.clock.given)

    assert (source.kept_since, source.filled_since) == (kept_since, NOON - 7 * DAY)


@pytest.mark.parametrize("days", [1, 2])
def test_nothing_is_new_if_the_lookback_has_expired_and_a_window_without_rows_is_refused(storage, row, days):
    storage.clock.now = NOON
    storage.write(row(1, eventTime=at(NOON - DAY // 2)))
    source = TableRows(storage.dynamodb, storage.events_name, retention=2 * DAY, clock=storage.clock.given)
    store, said = EventStore(source, now=lambda: NOON), []

    (found,) = store.first_and_last(since="1d", lookback=days * DAY, report=said.append)

    assert found["new"] is (True if days == 1 else None)
    assert len(said) == (0 if days == 1 else 2)
    with pytest.raises(MomentError, match="have expired"):
        store.compare(since="1d", to=(NOON - 4 * DAY).date())


def test_imported_rows_that_have_expired_are_not_counted(storage, record):
    storage.clock.now = NOON
    for number, time in enumerate((NOON - DAY, NOON - DAY + timedelta(seconds=1))):
        row = made_row_of(record(number, eventTime=at(time)), provenance=IMPORTED).row
        storage.write(row)

    kept = TableRows(storage.dynamodb, storage.events_name, clock=storage.clock.given)
    expiring = TableRows(storage.dynamodb, storage.events_name, retention=DAY, clock=storage.clock.given)

    assert (kept.imported_rows(), expiring.imported_rows()) == (2, 1)


def test_rows_that_name_a_log_file_are_found_in_the_whole_table(storage, wire, row):
    names = [f"s3://b/{number}" for number in range(150)]
    storage.write(*[row(number) | {"logFile": name} for number, name in enumerate(names)])
    storage.write(row(200))
    small_pages(storage.dynamodb, 40)

    found = list(storage.source.naming(names[:120]))

    assert sorted(each["logFile"] for each in found) == sorted(names[:120])
    assert found[0].keys() == row(0).keys()
    scans = wire.requests("Scan")
    assert {len(call["ExpressionAttributeValues"]) for call in scans} == {100, 20}
    assert len(scans) > 2 * 3, "every page was read"
    assert list(storage.source.naming([])) == []

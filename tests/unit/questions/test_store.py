"""EventStore: questions about the table or log files, and errors that are raised before anything is read."""

import gzip
import json
import logging
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from aitrail import EventStore
from aitrail.deliveries import BadUrlError
from aitrail.dynamodb.tables import NARROW_COLUMNS
from aitrail.moments import MomentError
from aitrail.questions import ConditionError, Filter, NoPathError, Order
from aitrail.timezones import TimeZoneError
from aitrail.window import BEGINNING, EARLIEST, Window

NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
IDS = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(3)]


class Source:
    """A source of three rows that records the questions, and the whole rows consumed."""

    by_day = True

    def __init__(self):
        self.asked = []
        self.made_whole = []

    def rows(self, wanted, window, *, order=Order.NEWEST_FIRST, limit=None):
        self.asked.append((wanted, window, order, limit))
        rows = [{"eventID": event_id, "service": "polly", "usage": {"requestCharacters": 7}} for event_id in IDS]
        return islice(rows, limit)

    def whole(self, rows):
        for row in rows:
            self.made_whole.append(row["eventID"])
            yield row | {"userAgent": "aws-cli", "logFile": "s3://b/k"}

    def row(self, event_id):
        return {"eventID": event_id} if event_id in IDS else None


@pytest.fixture
def source():
    return Source()


@pytest.fixture
def store(source):
    return EventStore(source, now=lambda: NOW)


def test_events_are_those_of_the_last_seven_days_newest_first(store, source):
    rows = list(store.events())

    assert [row["eventID"] for row in rows] == IDS
    window = Window(since=datetime(2026, 3, 7, 9, 26, 53, tzinfo=UTC), until=NOW)
    assert source.asked == [(Filter(), window, Order.NEWEST_FIRST, None)]


def test_conditions_window_order_and_limit_are_passed_on(store, source):
    question = {"since": "2026-03-01", "until": datetime(2026, 3, 2), "limit": 2, "oldest_first": True}  # noqa: DTZ001

    rows = list(store.events(**question, service="Polly", operation=["Get*", "Put*"], read_only=False))

    assert len(rows) == 2
    wanted = Filter(service=("polly",), operation=("Get*", "Put*"), read_only=False)
    window = Window(since=datetime(2026, 3, 1, tzinfo=UTC), until=datetime(2026, 3, 2, tzinfo=UTC))
    assert source.asked == [(wanted, window, Order.OLDEST_FIRST, 2)]


WRONG = {
    "value": ({"service": "poly"}, ConditionError, "'poly' is not a known service"),
    "condition": ({"servce": "polly"}, ConditionError, "There is no condition 'servce'"),
    "time": ({"since": "tomorrow"}, MomentError, "'tomorrow' is not a time"),
    "number as time": ({"since": 7}, MomentError, "since is 7: give a string such as 7d"),
    "limit": ({"limit": -1}, ConditionError, "limit is -1: give a whole number that is not negative, or None"),
    "part of a limit": ({"limit": 1.5}, ConditionError, "limit is 1.5: give a whole number"),
    "column": ({"columns": ["eventtime"]}, ConditionError, "'eventtime' is not a column: did you mean eventTime"),
    "no column": ({"columns": [None]}, ConditionError, "columns is None: give a string, or several"),
    "no moment": ({"since": None}, MomentError, "since is None: give a string such as 7d"),
    "window": ({"since": "1d", "until": "2d"}, MomentError, "The window is empty"),
}


@pytest.mark.parametrize(("question", "error", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_question_is_refused_before_anything_is_read(store, source, question, error, message):
    with pytest.raises(error, match=message):
        store.events(**question)

    assert source.asked == []


TIMELINES = {
    "baseline": (lambda store: store.who("bot/a", baseline=5), MomentError, "5 is not a span of time"),
    "negative baseline": (
        lambda store: store.who("bot/a", baseline=timedelta(-1)),
        MomentError,
        "-1 day, 0:00:00 is not a span of time: it is negative",
    ),
    "resource twice": (
        lambda store: store.who("bot/a", resource="bot/b"),
        ConditionError,
        "resource is given twice: it already is the first argument",
    ),
    "principal twice": (
        lambda store: store.what("user/a", principal="user/b"),
        ConditionError,
        "principal is given twice: it already is the first argument",
    ),
    "no event": (lambda store: store.event(None), ConditionError, "event_id is None: give a string"),
    "lookback": (lambda store: store.follow(lookback="0s"), MomentError, "lookback is zero: give at least 1s"),
    "interval": (lambda store: store.follow(interval="0s"), MomentError, "interval is zero: give at least 1s"),
    "long interval": (
        lambda store: store.follow(interval="2d"),
        MomentError,
        "interval is more than a day: give at most 1d",
    ),
}


@pytest.mark.parametrize(("ask", "error", "message"), TIMELINES.values(), ids=TIMELINES)
def test_other_wrong_questions_are_refused_at_once_too(store, source, ask, error, message):
    with pytest.raises(error, match=message):
        ask(store)

    assert source.asked == []


def test_windows_of_a_source_that_is_asked_by_day_end_tomorrow_and_those_of_others_do_not(store, source):
    always = {"since": "0001-01-01", "until": "9999-12-31"}

    store.events(**always)
    source.by_day = False
    store.events(**always)

    by_day, endless = (window for _, window, _, _ in source.asked)
    assert by_day == Window(since=BEGINNING, until=NOW + timedelta(days=1))
    assert endless == Window(since=EARLIEST, until=datetime(9999, 12, 31, tzinfo=UTC))


def test_rows_are_whole_unless_columns_are_named(store, source):
    rows = list(store.events(limit=1))

    assert rows == [
        {
            "eventID": IDS[0],
            "service": "polly",
            "usage": {"requestCharacters": 7},
            "userAgent": "aws-cli",
            "logFile": "s3://b/k",
        }
    ]
    assert source.made_whole == IDS[:1]


COLUMNS = {
    "one": (["service"], {"service": "polly"}, False),
    "as a text": ("service", {"service": "polly"}, False),
    "order": (["usage", "eventID"], {"usage": {"requestCharacters": 7}, "eventID": IDS[0]}, False),
    "all that indexes have": (
        NARROW_COLUMNS,
        {"eventID": IDS[0], "service": "polly", "usage": {"requestCharacters": 7}},
        False,
    ),
    "absent": (["resource", "service"], {"service": "polly"}, False),
    "one of whole rows": (["service", "userAgent"], {"service": "polly", "userAgent": "aws-cli"}, True),
    "none": ([], {}, False),
}


@pytest.mark.parametrize(("columns", "expected", "needs_whole"), COLUMNS.values(), ids=COLUMNS)
def test_rows_have_the_columns_named_and_are_made_whole_only_for_them(store, source, columns, expected, needs_whole):
    (row,) = store.events(columns=columns, limit=1)

    assert list(row.items()) == list(expected.items())
    assert source.made_whole == (IDS[:1] if needs_whole else [])


def test_rows_are_made_whole_as_they_are_consumed(store, source):
    next(iter(store.events()))

    assert source.made_whole == IDS[:1]


def test_one_event_is_asked_for_by_its_id(store):
    assert store.event(IDS[1]) == {"eventID": IDS[1]}
    assert store.event("another") is None


@pytest.mark.parametrize("beginning", ["", "abc", 7, None])
def test_beginning_of_an_id_that_says_too_little_is_refused_at_once(store, source, beginning):
    with pytest.raises(ConditionError, match="give at least 4 characters"):
        store.beginning_with(beginning)

    assert source.asked == []


def test_one_event_is_found_in_upper_case(tmp_path, records):
    record = records["polly-by-user"] | {"eventID": "0000abcd-0000-4000-8000-000000000000"}
    capitals = record | {"eventID": "0000ABCE-0000-4000-8000-000000000000"}
    (tmp_path / "a.json").write_text(json.dumps({"Records": [record, capitals]}))
    found = EventStore.read(tmp_path)

    rows = [found.event(event_id) for event_id in (record["eventID"].upper(), capitals["eventID"])]

    assert [row["eventID"] for row in rows] == [record["eventID"], capitals["eventID"]]
    assert found.event("0000ABCF-0000-4000-8000-000000000000") is None


class Session:
    """The part of a boto3 session that one stack and an empty table need."""

    def __init__(self):
        self.requests, self.configs = [], {}
        self.stack = {"StackStatus": "CREATE_COMPLETE", "Outputs": [_output("EventsTableName", "example-Events")]}

    def client(self, service, config=None):
        self.configs[service] = config

        def answer(**parameters):
            self.requests.append((service, parameters))
            return {"Stacks": [self.stack]} if service == "cloudformation" else {}

        return SimpleNamespace(meta=SimpleNamespace(region_name="eu-west-1"), describe_stacks=answer, get_item=answer)


def _output(key, value):
    return {"OutputKey": key, "OutputValue": value}


def test_a_connected_store_asks_the_table_of_the_stack():
    session = Session()

    row = EventStore.connect("my-stack", session=session).event(IDS[0])

    assert row is None
    (first, described), (second, got) = session.requests
    assert (first, described) == ("cloudformation", {"StackName": "my-stack"})
    assert (second, got["TableName"], got["Key"]) == ("dynamodb", "example-Events", {"eventID": {"S": IDS[0]}})
    assert session.configs["dynamodb"].max_pool_connections == 16  # eight pages and eight whole rows at once


def test_a_connected_store_knows_since_when_the_stack_has_rows():
    session = Session()
    session.stack["CreationTime"] = NOW
    session.stack["Outputs"].append(_output("RowRetentionDays", "400"))

    source = EventStore.connect("my-stack", session=session).source

    assert source.filled_since == NOW
    assert source.kept_since < datetime.now(UTC) - timedelta(days=399)


@pytest.fixture
def folder(tmp_path, records):
    """Two log files with the six records, all on one day, a minute apart."""
    logs = tmp_path / "logs"
    logs.mkdir()
    all_records = [
        record | {"eventTime": f"2020-03-14T09:2{number}:00Z"} for number, record in enumerate(records.values())
    ]
    (logs / "a.json").write_text(json.dumps({"Records": all_records[:3]}))
    (logs / "b.json.gz").write_bytes(gzip.compress(json.dumps({"Records": all_records[3:]}).encode()))
    return logs


def test_a_store_reads_log_files(folder, records):
    store = EventStore.read(folder, str(folder / "a.json"), report=pytest.fail)

    rows = list(store.events(since="2020-03-14"))

    assert [row["eventName"] for row in rows] == [record["eventName"] for record in reversed(records.values())]
    assert store.event(rows[0]["eventID"]) == rows[0]
    assert list(store.events(since="2020-03-14T09:22", until="2020-03-14T09:24", columns=["eventTime"])) == [
        {"eventTime": "2020-03-14T09:23:00Z"},
        {"eventTime": "2020-03-14T09:22:00Z"},
    ]


def test_what_cannot_be_read_goes_to_the_log(folder, caplog):
    (folder / "c.json").write_text("{")

    with caplog.at_level(logging.WARNING):
        rows = list(EventStore.read(folder).events(since="2020-03-14", columns=["eventID"]))

    assert len(rows) == 6
    ((name, level, message),) = caplog.record_tuples
    assert (name, level) == ("aitrail", logging.WARNING)
    assert message.startswith(f"{folder / 'c.json'}: unreadable: ")


def test_a_name_with_a_percent_sign_can_be_logged(tmp_path, caplog):
    (tmp_path / "100%s.json").write_text("{")

    EventStore.read(tmp_path / "100%s.json").event(IDS[0])

    ((*_, message),) = caplog.record_tuples
    assert message.startswith(f"{tmp_path}/100%s.json: unreadable: ")


def test_a_path_that_does_not_exist_is_refused_at_once(folder):
    missing = folder / "nosuch"

    with pytest.raises(NoPathError) as refused:
        EventStore.read(folder, missing)

    assert str(refused.value) == f"There is nothing to read at {str(missing)!r}: No such file or directory."


def test_a_folder_without_log_files_is_reported_once(tmp_path):
    reports = []
    store = EventStore.read(tmp_path, report=reports.append)

    assert [*store.events(since="2020-03-14"), store.event(IDS[0])] == [None]

    assert reports == ["There are no log files here: names of log files end with .json.gz or .json."]


def test_no_bucket_is_refused_at_once():
    with pytest.raises(BadUrlError):
        EventStore.read("s3://")


def test_window_and_groups_are_in_the_time_zone(source):
    store = EventStore(source, timezone="Asia/Tokyo", now=lambda: NOW)

    list(store.events(since="2026-03", until=date(2026, 3, 2)))

    ((_, window, _, _),) = source.asked
    assert window == Window(since=datetime(2026, 2, 28, 15, tzinfo=UTC), until=datetime(2026, 3, 1, 15, tzinfo=UTC))


@pytest.mark.parametrize("timezone", ["Asia/Tokyo", ZoneInfo("Asia/Tokyo")], ids=["name", "tzinfo"])
def test_usage_is_grouped_by_the_days_of_the_time_zone(tmp_path, records, timezone):
    late = records["polly-by-user"] | {"eventTime": "2026-03-14T15:00:00Z"}
    (tmp_path / "a.json").write_text(json.dumps({"Records": [late]}))
    store = EventStore.read(tmp_path, timezone=timezone)

    (group,) = store.usage(by=["day"], **store.during("2026-03-15"))

    assert (group["day"], group["calls"]) == ("2026-03-15", 1)
    assert [row["eventTime"] for row in store.events(**store.during("2026-03-15"))] == ["2026-03-14T15:00:00Z"]
    assert store.usage(by=["day"], **store.during("2026-03-14")) == []


def test_what_is_no_time_zone_or_period_is_refused_at_once(store, source):
    with pytest.raises(TimeZoneError, match="did you mean Asia/Tokyo"):
        EventStore(source, timezone="tokyo")
    with pytest.raises(TimeZoneError, match="did you mean Asia/Tokyo"):
        EventStore.read(".", timezone="tokyo")
    with pytest.raises(MomentError, match="is not a period of time"):
        store.during("7d")

"""The contract of all row sources: the same tests for the table, for log files and for the table in a local AWS."""

import random
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from aitrail.dynamodb.tables import NARROW_COLUMNS
from aitrail.questions import DIMENSIONS, EventStore, Filter, Order, grouped
from aitrail.questions.dimensions import text_of
from aitrail.rows import row_of
from aitrail.window import Window
from tests.shared.wanted_rows import ADDRESSES, LONG, USER_AGENTS, VALUES, filter_of, filters, is_wanted

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
ALWAYS = Window(since=NOON - timedelta(days=3), until=NOON + timedelta(days=3))
LAW = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=20,
    phases=[Phase.generate],  # shrinking an example would take minutes
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.differing_executors,  # several classes share the contract
        HealthCheck.too_slow,
    ],
)

# Only a few moments, so that calls coincide with each other, midnights and the ends of windows.
HOURS = st.integers(-6, 2).map(lambda number: NOON + number * timedelta(hours=6))
MOMENTS = st.builds(lambda hour, second: hour + timedelta(seconds=second), HOURS, st.sampled_from([-1, 0, 1]))
ENDS = st.builds(lambda moment, fraction: moment + timedelta(seconds=fraction), MOMENTS, st.sampled_from([0, 0.4]))
ANY_WINDOWS = st.builds(lambda since, until: Window(since=since, until=until), ENDS, ENDS)
FULL_WINDOWS = st.builds(lambda ends: Window(since=min(ends), until=max(ends)), st.tuples(ENDS, ENDS, ENDS))
WINDOWS = st.one_of(st.just(ALWAYS), FULL_WINDOWS, FULL_WINDOWS, ANY_WINDOWS)

ADMIN = {
    "type": "AssumedRole",
    "arn": "arn:aws:sts::111122223333:assumed-role/Admin/session",
    "invokedBy": "lex.amazonaws.com",
    "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
    "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "Admin"}},
}
IDENTITIES = [
    {"type": "IAMUser", "userName": "Alice", "accountId": "111122223333", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"},
    {"type": "IAMUser", "userName": "Bob", "accountId": "444455556666"},
    ADMIN,
    {"type": "Root", "accountId": "111122223333"},
]
CALLS = [
    ("polly", "SynthesizeSpeech", {"lexiconNames": ["names"], "requestCharacters": 25, "engine": "neural"}),
    ("polly", "SynthesizeSpeech", {"lexiconNames": ["places", "names", LONG]}),
    ("polly", "StartSpeechSynthesisTask", {"lexiconNames": ["names", "places"]}),
    ("polly", "DeleteLexicon", {"name": "names"}),
    ("transcribe", "StartTranscriptionJob", {"transcriptionJobName": "call-17"}),
    ("transcribe", "ListTranscriptionJobs", None),
    ("polly", "SynthesizeSpeech", {"requestCharacters": 250, "engine": "standard", "voiceId": "Joanna"}),
    ("lex", "ListBots", {"localeId": "en_US"}),
    ("personalize", "DescribeCampaign", {"campaignArn": "arn:aws:personalize:eu-west-1:111122223333:campaign/shop"}),
]


def record_of_call(call, **fields):
    service, operation, parameters = call
    return {
        "eventVersion": "1.11",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": operation,
        "requestParameters": parameters,
        "userAgent": "aws-cli/2.0",
        "responseElements": None,
    } | {name: value for name, value in fields.items() if value is not ...}


RECORDS = st.builds(
    record_of_call,
    st.sampled_from(CALLS),
    eventTime=MOMENTS.map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ")),
    userIdentity=st.sampled_from(IDENTITIES),
    awsRegion=st.sampled_from(["eu-west-1", "us-east-1"]),
    recipientAccountId=st.sampled_from(["111122223333", "444455556666"]),
    sourceIPAddress=st.sampled_from(ADDRESSES),
    userAgent=st.sampled_from([..., *USER_AGENTS]),
    errorCode=st.sampled_from([..., None, "AccessDenied", "ThrottlingException"]),
    readOnly=st.sampled_from([..., True, False]),
    eventCategory=st.sampled_from([..., "Management", "Data"]),
)
# Numbers that give the rows a different order from their times; the prime makes them distinct.
LOGS = st.lists(RECORDS, min_size=10, max_size=30).map(
    lambda records: [
        record | {"eventID": f"{number * 53 % 101:08x}-0000-4000-8000-000000000000"}
        for number, record in enumerate(records)
    ]
)

FILTERS = filters(most=2)
QUESTIONS = st.tuples(FILTERS, WINDOWS, st.sampled_from(Order), st.none() | st.integers(0, 8))


def time_and_id(row):
    return row["eventTime"], row["eventID"]


def without_nulls(row):
    return {name: value for name, value in row.items() if value is not None}


def narrow(row):
    return {name: row[name] for name in NARROW_COLUMNS if name in row}


def numbered(count):
    """`count` records, one per second, whose order by eventID differs from their order by time."""
    return [
        record_of_call(
            CALLS[number % len(CALLS)],
            eventTime=(NOON + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            eventID=f"{number * 53 % 1009:08x}-0000-4000-8000-000000000000",
            userIdentity=IDENTITIES[number % len(IDENTITIES)],
            additionalEventData={"number": number, "share": number + 0.5, "large": 2**63, "deep": [[{"": 1.0}]]},
        )
        for number in range(count)
    ]


def varied(count):
    """`count` records of an hour that differ in everything that conditions are about; always the same."""
    chosen = random.Random(count)
    fields = {
        "userIdentity": IDENTITIES,
        "awsRegion": ["eu-west-1", "us-east-1"],
        "recipientAccountId": ["111122223333", "444455556666"],
        "sourceIPAddress": [*ADDRESSES, None, 7],
        "userAgent": [*USER_AGENTS, None, 7],
        "errorCode": [..., None, "AccessDenied", "ThrottlingException"],
        "readOnly": [..., True, False],
        "eventCategory": [..., "Management", "Data"],
    }
    return [
        record_of_call(
            chosen.choice(CALLS),
            eventTime=(NOON + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            eventID=f"{number:08x}-0000-4000-8000-000000000000",
            **{name: chosen.choice(values) for name, values in fields.items()},
        )
        for number in range(count)
    ]


# What the records below are, oldest first.
TOLD_SEVERAL_TIMES = [
    *(None, "correction", "shared", "shared", "endpoint-copy", "endpoint-refusal", None, "stream-end"),
    None,
]


def told_several_times():
    """Five calls by one user, one of them refused, most of which CloudTrail recorded several times."""
    speech, stream = CALLS[0], ("transcribestreaming", "StartStreamTranscription", {"sessionId": "s"})
    ids = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(len(TOLD_SEVERAL_TIMES))]
    endpoint = {"eventCategory": "NetworkActivity", "sharedEventID": "y"}
    calls = [
        (speech, {}),
        (speech, {"addendum": {"reason": "UPDATED_DATA", "originalEventID": ids[0]}}),
        *((speech, {"sharedEventID": "x", "recipientAccountId": account}) for account in ("1" * 12, "2" * 12)),
        (speech, endpoint | {"sharedEventID": "x"}),
        (CALLS[3], endpoint | {"errorCode": "VpceAccessDenied"}),
        (stream, {}),
        (("transcribestreaming", "EndStreamTranscription", {"sessionId": "s"}), {}),
        (CALLS[5], {}),
    ]
    return [
        record_of_call(
            call,
            eventID=event_id,
            eventTime=(NOON + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            userIdentity=IDENTITIES[0],
            **fields,
        )
        for number, (event_id, (call, fields)) in enumerate(zip(ids, calls, strict=True))
    ]


def counted(rows, by, since, until):
    """Values of dimensions -> the eventTimes of the rows of a window that have them."""
    found = {}
    for row in rows:
        if since <= datetime.fromisoformat(row["eventTime"]) < until:
            found.setdefault(tuple(text_of(DIMENSIONS[name](row)) for name in by), []).append(row["eventTime"])
    return found


class RowSourceContract:
    """Base class; a subclass defines a fixture `fill`: records -> a source of their rows, and their log file's name."""

    @pytest.fixture
    def filled(self, fill):
        """Returns a function: records -> a source of their rows, and the rows."""

        def filled(records):
            source, log_file = fill(records)
            return source, [row_of(each, log_file=log_file, record_index=at) for at, each in enumerate(records)]

        return filled

    @LAW
    @given(records=LOGS, questions=st.lists(QUESTIONS, min_size=5, max_size=5))
    def test_rows_are_those_that_are_wanted_in_the_window_in_the_order_asked_for(self, filled, records, questions):
        source, rows = filled(records)

        for wanted, window, order, limit in questions:
            found = list(source.rows(wanted, window, order=order, limit=limit))

            expected = [
                narrow(row)
                for row in sorted(rows, key=time_and_id, reverse=order is Order.NEWEST_FIRST)
                if window.since <= datetime.fromisoformat(row["eventTime"]) < window.until and is_wanted(row, wanted)
            ]
            if order is Order.ANY:
                assert len({row["eventID"] for row in found}) == len(found) == len(expected[:limit])
                assert all(row in expected for row in found)
            else:
                assert found == expected[:limit]

    @pytest.mark.parametrize("wanted", [("a",), ("b",), ("a", "c"), ("a", "b", "c"), (LONG,), ("d",)], ids=str)
    def test_call_is_found_once_by_each_of_its_resources_whatever_their_order(self, filled, wanted):
        orders = [order for count in (1, 2, 3) for order in permutations(("a", "b", "c", LONG), count)]
        records = [
            record | {"requestParameters": {"lexiconNames": list(names)}, "eventSource": "polly.amazonaws.com"}
            for record, names in zip(numbered(len(orders)), orders, strict=True)
        ]
        source, rows = filled([each | {"eventName": "SynthesizeSpeech"} for each in records])
        lexicons = Filter(resource=tuple(f"lexicon/{name}" for name in wanted))

        expected = [narrow(row) for row, names in zip(rows, orders, strict=True) if {*names} & {*wanted}]
        for limit in (None, 3):
            assert list(source.rows(lexicons, ALWAYS, order=Order.OLDEST_FIRST, limit=limit)) == expected[:limit]
        found = list(source.rows(lexicons, ALWAYS, order=Order.ANY))
        assert sorted(found, key=time_and_id) == expected

    @pytest.mark.parametrize("name", VALUES)
    def test_every_condition_selects_and_excludes(self, filled, name):
        source, rows = filled(varied(60))
        hour = Window(since=NOON, until=NOON + timedelta(hours=1))

        for value in VALUES[name]:
            for wanted in (filter_of(**{name: (value,)}), filter_of(**{name: (f"!{value}",)})):
                found = list(source.rows(wanted, hour, order=Order.OLDEST_FIRST))

                assert found == [narrow(row) for row in rows if is_wanted(row, wanted)]

    def test_timelines_count_each_call_once_as_usage_does(self, filled):
        source, rows = filled(told_several_times())
        store = EventStore(source, now=lambda: NOON + timedelta(hours=1))
        question = {"since": NOON - timedelta(hours=1), "until": NOON + timedelta(hours=1)}

        for ask, subject, by in ((store.who, "*", "principal"), (store.what, "user/*", "resource")):
            groups = grouped(timeline := ask(subject, **question))
            counts = {group.get(by): (group["calls"], group["errors"], group["denied"]) for group in groups}
            usage = store.usage(by=[by], report=len, **question)

            assert counts == {group[by]: (group["calls"], group["errors"], group["denied"]) for group in usage}
            assert (timeline.summary.calls, timeline.summary.errors) == (5, 1)
            assert [row.get("recordType") for row in timeline] == TOLD_SEVERAL_TIMES[::-1]
            assert timeline.summary.records == len(rows)

    @pytest.mark.parametrize(
        "by", [["principal"], ["account", "outcome"], ["source-ip"], ["resource", "engine"]], ids=str
    )
    def test_two_windows_are_compared_as_counting_their_rows_one_by_one_does(self, filled, by):
        source, rows = filled(varied(60))
        middle, end = NOON + timedelta(seconds=25), NOON + timedelta(seconds=50)
        now, before = (counted(rows, by, *ends) for ends in ((middle, end), (NOON, middle)))

        found = EventStore(source, now=lambda: NOON + timedelta(days=1)).compare(by=by, since=middle, until=end)

        assert {tuple(group[name] for name in by): (group["calls"], group["difference"]) for group in found} == {
            key: (len(now.get(key, ())), len(now.get(key, ())) - len(before.get(key, ()))) for key in {*now, *before}
        }

    @pytest.mark.parametrize(
        "by", [["principal"], ["account", "outcome"], ["source-ip"], ["resource", "engine"]], ids=str
    )
    def test_groups_are_first_and_last_seen_at_the_times_of_their_rows(self, filled, by):
        source, rows = filled(varied(60))
        middle, end = NOON + timedelta(seconds=25), NOON + timedelta(seconds=50)
        now, before = (counted(rows, by, *ends) for ends in ((middle, end), (NOON, middle)))
        question = {"by": by, "since": middle, "until": end, "lookback": middle - NOON}

        found = EventStore(source, now=lambda: NOON + timedelta(days=1)).first_and_last(**question)

        expected = {}
        for key in {*now, *before}:
            times = sorted([*now.get(key, ()), *before.get(key, ())])
            expected[key] = len(now.get(key, ())), times[0], times[-1], key not in before, key not in now
        names = ("calls", "firstSeen", "lastSeen", "new", "silent")
        assert {tuple(group[name] for name in by): tuple(group[name] for name in names) for group in found} == expected

    def test_source_without_rows_has_none(self, filled):
        source, _ = filled([])

        assert list(source.rows(Filter(), ALWAYS)) == []
        assert list(source.whole(source.rows(Filter(), ALWAYS))) == []
        assert source.row("00000000-0000-4000-8000-000000000000") is None

    @pytest.mark.parametrize("count", [1, 100, 101, 230])
    def test_whole_rows_have_all_attributes_in_the_same_order(self, filled, count):
        source, rows = filled(numbered(count))

        found = list(source.whole(source.rows(Filter(), ALWAYS, order=Order.OLDEST_FIRST)))

        assert found == rows

    def test_whole_rows_are_given_as_often_as_they_are_asked_for(self, filled):
        source, rows = filled(numbered(3))

        (first, second, third) = source.rows(Filter(), ALWAYS, order=Order.OLDEST_FIRST)

        assert list(source.whole([third, first, third, second])) == [rows[2], rows[0], rows[2], rows[1]]

    def test_row_that_is_gone_stays_narrow(self, filled):
        source, rows = filled(numbered(3))
        found = list(source.rows(Filter(), ALWAYS, order=Order.OLDEST_FIRST))
        gone = narrow(rows[1]) | {"eventID": "ffffffff-0000-4000-8000-000000000000"}

        assert list(source.whole([found[0], gone, found[2]])) == [rows[0], gone, rows[2]]

    def test_row_is_found_by_its_event_id_alone(self, filled):
        source, rows = filled(numbered(5))

        assert [source.row(row["eventID"]) for row in rows] == rows

    @pytest.mark.parametrize(
        "event_id", ["", "ffffffff-0000-4000-8000-000000000000", "x" * 3000, "\udcff", "a\0b"], ids=repr
    )
    def test_no_row_has_an_event_id_that_was_never_written(self, filled, event_id):
        source, _ = filled(numbered(1))

        assert source.row(event_id) is None

    @pytest.mark.parametrize("beginning", ["0000", "000000A", "0000003", "%%%%", "0000*", "____", "00000035-0000-4"])
    def test_calls_are_found_by_the_beginning_of_their_ids(self, filled, beginning):
        source, rows = filled(numbered(40))
        store = EventStore(source, now=lambda: NOON + timedelta(days=3))

        found = store.beginning_with(beginning, since=ALWAYS.since, until=ALWAYS.until)

        expected = [narrow(row) for row in rows if row["eventID"].startswith(beginning.lower())]
        assert list(found) == expected[::-1]

    def test_questions_may_be_asked_again_and_in_between_each_other(self, filled):
        source, rows = filled(numbered(40))
        newest, oldest = (
            source.rows(Filter(), ALWAYS, order=order) for order in (Order.NEWEST_FIRST, Order.OLDEST_FIRST)
        )

        both = list(zip(newest, oldest, strict=True))

        narrow_rows = [narrow(row) for row in rows]
        assert both == list(zip(reversed(narrow_rows), narrow_rows, strict=True))
        assert list(source.rows(Filter(), ALWAYS, order=Order.OLDEST_FIRST)) == narrow_rows

    def test_what_reading_took_is_told_in_words(self, filled):
        source, _ = filled(numbered(2))
        before = source.effort()

        list(source.rows(Filter(), ALWAYS))

        assert before != source.effort()

"""What CloudTrail's names say decides which log files are read, and never what the answer is."""

import shutil
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aitrail.questions import EventStore, Filter, LogFileRows, Order, Scan
from aitrail.window import Window
from tests.shared.named_folders import FIRST, FOLDERS, MOMENTS, ORIGINS, written

LAW = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NOW = FIRST + timedelta(days=60)
DAY = {"since": FIRST + timedelta(days=10), "until": FIRST + timedelta(days=11)}


def store_of(folder, **options):
    return EventStore(LogFileRows(Scan([str(folder)], report=pytest.fail, **options)), now=lambda: NOW)


def rows(store, ends, origins):
    wanted, window = Filter.of(**origins), Window(since=min(ends), until=max(ends))
    return list(store.source.whole(store.source.rows(wanted, window, order=Order.OLDEST_FIRST)))


def usage(store, ends, origins):
    found = store.usage(by=["principal", "outcome"], since=min(ends), until=max(ends), report=str, **origins)
    return list(found), list(found.notes())


def comparison(store, ends, origins):
    return list(store.compare(by=["principal"], since=min(ends), until=max(ends), report=str, **origins))


def first_and_last(store, ends, origins):
    question = {"since": min(ends), "until": max(ends), "lookback": "7d", "report": str}
    return [] if min(ends) >= NOW else list(store.first_and_last(by=["principal"], **question, **origins))


def timeline(store, ends, origins):
    found = store.what("*", since=min(ends), until=max(ends), baseline="3d", **origins)
    return list(found), found.summary


QUESTIONS = st.tuples(
    st.sampled_from([rows, usage, comparison, first_and_last, timeline]),
    st.tuples(MOMENTS, MOMENTS).filter(lambda ends: ends[0] != ends[1]),
    ORIGINS,
)


@LAW
@given(calls=FOLDERS, questions=st.lists(QUESTIONS, min_size=1, max_size=4))
@pytest.mark.slow
def test_answers_are_those_of_all_log_files_whatever_is_asked_and_in_which_order(tmp_path, calls, questions):
    shutil.rmtree(tmp_path / "AWSLogs", ignore_errors=True)
    written(tmp_path, calls)
    chosen, everything = store_of(tmp_path), store_of(tmp_path, read_all=True)

    for ask, ends, origins in questions:
        assert ask(chosen, ends, origins) == ask(everything, ends, origins)


@pytest.fixture
def folder(tmp_path):
    """A folder with a log file of each day of a month, in two accounts and Regions."""
    call = {"call": ("polly", "ListLexicons", None), "identity": {"type": "Root"}, "delay": timedelta(minutes=7)}
    call |= {"again": None, "corrected": None, "kept": ""}
    places = [("111122223333", "eu-west-1"), ("111122223333", "us-east-1"), ("444455556666", "us-east-1")]
    written(
        tmp_path,
        [
            call
            | {"hour": 24 * day, "account": account, "region": region, "again": None, "corrected": None, "kept": ""}
            for day in range(30)
            for account, region in places
        ],
    )
    return tmp_path


@pytest.mark.parametrize(
    ("conditions", "calls", "files", "left_out"),
    [
        ({}, 90, 90, {}),
        ({**DAY}, 3, 27, {"delivered before the window": 30, "delivered over a week after the window": 33}),
        ({"account": "444455556666"}, 30, 30, {"of another account": 60}),
        ({"region": ("us-east-1", "eu-south-2")}, 60, 60, {"of another Region": 30}),
        ({"region": "!us-east-1"}, 30, 90, {}),
        ({"account": "444455556666", "region": "eu-west-1"}, 0, 0, {"of another account": 60, "of another Region": 30}),
    ],
    ids=str,
)
def test_only_log_files_that_may_hold_an_answer_are_read(folder, conditions, calls, files, left_out):
    store = store_of(folder)
    groups = list(store.usage(**{"since": "2013", "until": "now", **conditions}))

    scan = store.source.scan
    assert sum(group["calls"] for group in groups) == calls
    assert (scan.counts["files"], dict(scan.left_out)) == (files, left_out)


def test_a_later_question_reads_what_the_one_before_did_not_need(folder):
    store = store_of(folder)

    days = [list(store.events(**DAY, columns=["eventTime"])) for _ in range(2)]
    read = store.source.scan.counts["files"]
    everything = list(store.events(since="2013", until="now"))

    assert [len(day) for day in days] == [3, 3]
    assert (read, store.source.scan.counts["files"], len(everything)) == (24, 90, 90)
    assert not store.source.scan.left_out


def test_the_record_that_a_correction_names_is_found_wherever_it_is(tmp_path):
    call = {"call": ("polly", "ListLexicons", None), "identity": {"type": "Root"}, "delay": timedelta(0)}
    place = {"account": "111122223333", "region": "eu-west-1", "again": None, "kept": ""}
    written(tmp_path, [call | place | {"hour": 0, "corrected": 10 * 24}])

    assert usage(store_of(tmp_path), DAY.values(), {}) == ([], [])


def test_names_that_contradict_their_folders_are_not_believed(folder):
    (file,) = (folder / "AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/30").iterdir()
    for name in (
        file.name.replace("1111", "4444", 1),
        file.name.replace("us-", "eu-"),
        file.name.replace("30T", "29T"),
    ):
        shutil.copy(file, file.with_name(name))
    store = store_of(folder)

    list(store.events(since="2026-03-01", until="2026-03-02", region="eu-west-1"))

    assert store.source.scan.counts["files"] == 8 + 3

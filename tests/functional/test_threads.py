"""Several threads query log files at the same time."""

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from aitrail import EventStore

IDS = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(300)]
ASK = {
    "events": lambda store, window: [row["eventID"] for row in store.events(oldest_first=True, **window)] == IDS,
    "narrow": lambda store, window: len(list(store.events(columns=["eventID"], **window))) == len(IDS),
    "event": lambda store, _: store.event(IDS[7])["eventID"] == IDS[7],
    "usage": lambda store, window: store.usage(**window)[0]["calls"] == len(IDS),
}

MARCH = range(1, 8)


@pytest.fixture
def store(tmp_path, packed, records):
    calls = [
        records["polly-by-user"] | {"eventID": event_id, "eventTime": f"2026-03-14T00:{at // 60:02}:{at % 60:02}Z"}
        for at, event_id in enumerate(IDS)
    ]
    path = tmp_path / "log.json.gz"
    path.write_bytes(packed(*calls))
    return EventStore.read(path, report=pytest.fail)


def test_threads_may_share_a_store_of_log_files(store):
    window = {"since": "2026-03-14", "until": datetime(2026, 3, 15, tzinfo=UTC)}
    asked = [*ASK.values()] * 8

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda ask: ask(store, window), asked))

    assert answers == [True] * len(asked)
    assert store.source.scan.counts["files"] == 1


def test_a_thread_may_read_on_where_another_began(store):
    rows = store.events(since="2026-03-14", until="2026-03-15", oldest_first=True, columns=["eventID"])
    first = next(rows)

    with ThreadPoolExecutor(1) as pool:
        rest = pool.submit(list, rows).result()

    assert [row["eventID"] for row in (first, *rest)] == IDS


@pytest.fixture
def often_switching():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("often_switching")
def test_threads_that_need_other_files_get_whole_answers(tmp_path, packed, records):
    for day in MARCH:
        folder = tmp_path / f"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/{day:02}"
        folder.mkdir(parents=True)
        for hour in range(3):
            call = records["polly-by-user"] | {"eventTime": f"2026-03-{day:02}T{hour:02}:00:00Z"}
            ids = (f"{day:08x}-{hour:04x}-4000-8000-{number:012x}" for number in range(30))
            name = f"111122223333_CloudTrail_eu-west-1_202603{day:02}T{hour:02}05Z_0123456789abcdef.json.gz"
            (folder / name).write_bytes(packed(*(call | {"eventID": each} for each in ids)))

    def calls(store, day, *, once):
        since, until = f"2026-03-{day:02}", f"2026-03-{day + 1:02}"
        return store.usage(since=since, until=until, once=once, report=pytest.fail)[0]["calls"]

    for _ in range(10):
        store = EventStore.read(tmp_path, report=pytest.fail)
        with ThreadPoolExecutor(len(MARCH)) as pool:
            answers = list(pool.map(lambda day, store=store: calls(store, day, once=day % 3 != 0), MARCH))
        again = [calls(store, day, once=False) for day in MARCH]

        assert answers == again == [90] * len(MARCH)

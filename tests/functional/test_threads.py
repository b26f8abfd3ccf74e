"""Several threads query log files at the same time."""

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

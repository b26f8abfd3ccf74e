"""Imports of Event history: the rows written, their replacement by log files, and continued imports."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aitrail.clock import Clock
from aitrail.history import EventHistory, HistoryImport
from aitrail.ingest import EventsTable
from aitrail.rows import IMPORTED, made_row_of, row_of
from aitrail.services import Registry, load
from aitrail.window import Window
from tests.shared.deployed_tables import small_pages
from tests.shared.event_histories import History

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
WEEK = Window(since=NOW - timedelta(days=7), until=NOW)
POLLY = "polly.amazonaws.com"
# Other services would be handled in the same way, and take time.
REGISTRY = Registry(services=tuple(service for service in load().services if service.name in ("polly", "transcribe")))
SOURCES = len(REGISTRY.sources)
EUROPE = "eu-west-1"
ORIGIN = "event-history://111122223333/eu-west-1"


@pytest.fixture
def importing():
    """Imports histories by Region into a storage; returns the results by Region."""

    def importing(storage, histories, window=WEEK, **options):
        options = {"retention": None, "now": NOW, "registry": REGISTRY} | options
        run = HistoryImport(
            account="111122223333",
            window=window,
            events=storage.events,
            ledger=storage.ledger,
            **options,
        )
        asked = {
            region: EventHistory(client, clock=Clock(seconds=lambda: 0.0, sleep=lambda _: None, random=lambda: 0.0))
            for region, client in histories.items()
        }
        return {result.region: result for result in run.run(asked)}

    return importing


@pytest.fixture
def at(record):
    """Makes a record some minutes before NOW; the number of minutes is also the record's number."""

    def at(minutes, **changes):
        time = (NOW - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return record(minutes, eventTime=time, **changes)

    return at


def progress(storage, source=POLLY):
    return storage.ledger.entry(f"{ORIGIN}/{source}", "import")


def test_events_of_all_regions_and_sources_become_rows_without_a_log_file(storage, importing, at):
    histories = {
        EUROPE: History(
            at(90), at(100, eventSource="transcribe.amazonaws.com"), at(110, eventSource="s3.amazonaws.com")
        ),
        "us-east-1": History(at(120, awsRegion="us-east-1")),
    }

    found = importing(storage, histories)

    assert storage.numbers() == [90, 100, 120]
    assert {region: result.counts for region, result in found.items()} == {
        EUROPE: {"events": 2, "written": 2},
        "us-east-1": {"events": 1, "written": 1},
    }
    rows = list(storage.rows().values())
    assert {row["importedFrom"] for row in rows} == {"event-history"}
    assert not any({"logFile", "recordIndex", "expiresAt"} & row.keys() for row in rows)
    assert storage.source.imported_rows() == 3


def test_row_that_is_there_stays_as_it_is(storage, importing, at):
    of_log_file = row_of(at(90), log_file="s3://b/k", record_index=7)
    storage.write(of_log_file)

    found = importing(storage, {EUROPE: History(at(90), at(91))})

    assert found[EUROPE].counts == {"events": 2, "written": 1, "alreadyThere": 1}
    assert storage.rows()[of_log_file["eventID"]] == of_log_file
    assert storage.source.imported_rows() == 1


def test_log_file_that_arrives_later_gives_a_row_its_provenance(pipeline, packed, importing, at):
    importing(pipeline, {EUROPE: History(at(90), at(91))})

    delivery = pipeline.deliver(packed(at(90)))
    pipeline.ingest(delivery)

    rows = {int(event_id[:8], 16): row for event_id, row in pipeline.rows().items()}
    assert rows[90] == row_of(at(90), log_file=f"s3://{delivery.bucket}/{delivery.key}", record_index=0)
    assert rows[91]["importedFrom"] == "event-history"
    assert pipeline.source.imported_rows() == 1


def test_imported_rows_are_counted_on_all_pages(storage, importing, at):
    importing(storage, {EUROPE: History(*map(at, range(60, 71)))})
    small_pages(storage.dynamodb, 4)

    assert storage.source.imported_rows() == 11


def test_rows_that_were_written_side_by_side_are_all_there(storage, importing, at, wire):
    storage.events = EventsTable(storage.dynamodb, storage.events_name, clock=Clock(sleep=lambda _: None), workers=4)

    found = importing(storage, {EUROPE: History(*map(at, range(60, 130)))})

    assert found[EUROPE].counts == {"events": 70, "written": 70}
    assert storage.numbers() == [*range(60, 130)]
    assert len(wire.requests("PutItem")) == 70


def test_throttled_put_is_made_again(storage, importing, at, wire):
    wire.refuse("PutItem", 400, "ThrottlingException", times=6)

    found = importing(storage, {EUROPE: History(at(90))})

    assert found[EUROPE].counts == {"events": 1, "written": 1}
    assert len(wire.requests("PutItem")) == 2  # botocore makes four attempts
    assert wire.tries["PutItem"] == 7


def test_expired_events_are_counted_and_others_get_their_expiry(storage, importing, at):
    found = importing(storage, {EUROPE: History(at(90), at(3 * 1440))}, retention=timedelta(days=2))

    assert found[EUROPE].counts == {"events": 2, "written": 1, "expired": 1}
    (row,) = storage.rows().values()
    assert row["expiresAt"] == int((NOW - timedelta(minutes=90) + timedelta(days=2)).timestamp())


def test_rejects_stand_in_the_ledger_by_their_event_ids(storage, importing, at):
    history = History(at(90), at(91), at(92))
    for event in history.events[:2]:
        event["CloudTrailEvent"] = "?"
    history.events[1]["EventId"] = history.events[0]["EventId"]

    found = importing(storage, {EUROPE: history})

    assert found[EUROPE].counts == {"events": 3, "written": 1, "rejected": 2}
    reject = storage.ledger.entry(ORIGIN, f"reject#{at(90)['eventID']}")
    assert {name: reject[name] for name in ("problem", "status", "reason", "eventSource")} == {
        "problem": "reject",
        "status": "rejected",
        "reason": "CloudTrailEvent is not a JSON object",
        "eventSource": POLLY,
    }
    assert "recordIndex" not in reject


def test_ledger_tells_what_was_imported_and_stands_in_no_index(storage, importing, at):
    importing(storage, {EUROPE: History(at(90), at(100))})

    entry = progress(storage)
    assert entry == {
        "logFile": f"{ORIGIN}/{POLLY}",
        "entry": "import",
        "account": "111122223333",
        "region": EUROPE,
        "eventSource": POLLY,
        "since": "2026-03-07T12:00:00Z",
        "until": "2026-03-14T12:00:00Z",
        "reached": "2026-03-07T12:00:00Z",
        "done": True,
        "covered": [["2026-03-07T12:00:00Z", "2026-03-14T11:00:00Z"]],
        "counts": {"events": 2, "written": 2},
    }
    entries = list(storage._items(storage.files_name))
    assert len(entries) == SOURCES
    assert not any({"deliveryDay", "problem"} & each.keys() for each in entries)


def test_finished_import_asks_only_for_what_is_newer_and_may_have_been_late(storage, importing, at):
    importing(storage, {EUROPE: History(at(90))})
    history = History(at(90), at(30))

    found = importing(
        storage,
        {EUROPE: history},
        Window(since=WEEK.since + timedelta(days=1), until=NOW + timedelta(days=1)),
        now=NOW + timedelta(days=1),
    )

    assert history.spans(POLLY) == [("14 11:00:00", "15 11:59:59")]
    assert found[EUROPE].counts == {"events": 1, "written": 1}
    assert progress(storage)["counts"] == {"events": 2, "written": 2}


def test_span_that_was_imported_is_not_asked_for_again_but_with_force(storage, importing, at):
    window = Window(since=WEEK.since, until=NOW - timedelta(days=1))
    importing(storage, {EUROPE: History(at(2000))}, window)
    again, forced = History(at(2000)), History(at(2000))

    found = importing(storage, {EUROPE: again}, window)

    assert (again.asked, found[EUROPE].asked) == ([], 0)

    found = importing(storage, {EUROPE: forced}, window, force=True)

    assert (len(forced.asked), found[EUROPE].asked) == (SOURCES, SOURCES)
    assert found[EUROPE].counts == {"events": 1, "alreadyThere": 1}


def test_wider_window_is_asked_for_around_what_is_imported(storage, importing):
    day = timedelta(days=1)
    importing(storage, {EUROPE: History()}, Window(since=NOW - 4 * day, until=NOW - 2 * day))
    history = History()

    importing(storage, {EUROPE: history})

    assert history.spans(POLLY) == [("12 12:00:00", "14 11:59:59"), ("07 12:00:00", "10 11:59:59")]
    assert progress(storage)["covered"] == [["2026-03-07T12:00:00Z", "2026-03-14T11:00:00Z"]]


def test_stopped_import_goes_on_with_the_second_that_it_reached(storage, importing, at):
    def stop(question):
        if question.get("NextToken") == "4":
            raise KeyboardInterrupt

    records = [at(90), at(91), at(92), at(93), record_in_same_second := at(93, sourceIPAddress="192.0.2.7"), at(94)]
    record_in_same_second["eventID"] = at(1)["eventID"]
    with pytest.raises(KeyboardInterrupt):
        importing(storage, {EUROPE: History(*records, page=2, meanwhile=stop)})
    assert storage.numbers() == [90, 91, 92, 93]
    assert (progress(storage)["reached"], progress(storage)["done"]) == ("2026-03-14T10:27:01Z", False)
    history = History(*records, page=2)

    found = importing(storage, {EUROPE: history})

    assert history.spans(POLLY) == [("14 11:00:00", "14 11:59:59"), ("07 12:00:00", "14 10:27:00")]
    assert found[EUROPE].counts == {"events": 3, "written": 2, "alreadyThere": 1}
    assert storage.numbers() == [1, 90, 91, 92, 93, 94]
    assert progress(storage)["done"] is True


def test_forced_import_that_was_stopped_goes_on_without_force(storage, importing, at):
    def stop(question):
        if question.get("NextToken") == "2":
            raise KeyboardInterrupt

    records = [at(90), at(91), at(92)]
    importing(storage, {EUROPE: History(*records)})
    with pytest.raises(KeyboardInterrupt):
        importing(storage, {EUROPE: History(*records, page=2, meanwhile=stop)}, force=True)
    history = History(*records)

    importing(storage, {EUROPE: history})

    assert history.spans(POLLY)[-1] == ("07 12:00:00", "14 10:29:00")


def test_region_that_refuses_is_named_and_the_others_go_on(storage, importing, at):
    def refuse(_question):
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "an SCP"}}, "LookupEvents")

    refusing, steps = History(at(90), meanwhile=refuse), []

    found = importing(
        storage,
        {"us-east-1": refusing, EUROPE: History(at(91))},
        report=lambda events, sources: steps.append((events, sources)),
    )

    assert "an SCP" in str(found["us-east-1"].problem)
    assert found[EUROPE].problem is None
    assert len(refusing.asked) == 1
    assert storage.numbers() == [91]
    assert [sum(values) for values in zip(*steps, strict=True)] == [1, 2 * SOURCES]


def test_refusal_of_the_table_ends_the_import_in_all_regions(storage, importing, at, wire):
    wire.refuse("PutItem", 400, "AccessDeniedException")

    with pytest.raises(ClientError, match="PutItem"):
        importing(storage, {EUROPE: History(at(90)), "us-east-1": History(at(91))})

    assert progress(storage) is None


NUMBERS = st.lists(st.integers(60, 67), max_size=4, unique=True)
CASES = st.fixed_dictionaries(
    {
        "steps": st.lists(st.sampled_from(["import", "import again", "file 0", "file 1", "file 2"]), max_size=5),
        "files": st.tuples(NUMBERS, NUMBERS, NUMBERS),
        "history": NUMBERS,
        "stops at": st.integers(0, 4),
    }
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=CASES)
def test_in_any_order_rows_of_log_files_stay_and_history_adds_the_others(new_storage, importing, at, case):
    storage, steps, records = new_storage(), case["steps"], list(map(at, sorted(case["history"])))
    of_files = [
        [row_of(at(number), log_file=f"s3://b/{file}", record_index=index) for index, number in enumerate(numbers)]
        for file, numbers in enumerate(case["files"])
    ]

    def stop(question):
        if int(question.get("NextToken", 0)) == case["stops at"]:
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        importing(storage, {EUROPE: History(*records, page=1, meanwhile=stop)})
    for step in [*steps, "import", *steps]:
        if step.startswith("file"):
            storage.write(*of_files[int(step[-1])])
        else:
            force = step == "import again"
            importing(storage, {EUROPE: History(*records, page=2)}, force=force)

    read = [int(step[-1]) for step in steps if step.startswith("file")]
    of_log_files = {row["eventID"]: row for file in read for row in of_files[file]}
    imported = {
        record["eventID"]: made_row_of(record, provenance=IMPORTED).row
        for record in records
        if record["eventID"] not in of_log_files
    }
    assert storage.rows() == of_log_files | imported

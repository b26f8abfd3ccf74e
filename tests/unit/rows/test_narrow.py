"""Narrow rows are exactly the columns of whole rows; of files with anything unusual, whole rows are read."""

import io
import json
import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aitrail.dynamodb import tables
from aitrail.questions import DIMENSIONS, Filter, usage_fields
from aitrail.questions.columns import columns_of
from aitrail.rows import Columns, NarrowReading, NarrowRows, NotNarrowError, Reading, Reject, narrow, row_of
from aitrail.rows.table_keys import event_id_of
from aitrail.services import load
from tests.shared.fuzzing import law
from tests.shared.hostile_records import changed, records

REGISTRY = load()
EVERY = Columns(frozenset(tables.NARROW_COLUMNS), frozenset({"agent", "mfa", "resources", *usage_fields(REGISTRY)}))
dimension = st.sampled_from([*DIMENSIONS, *usage_fields(REGISTRY)])
columns = st.just(EVERY) | st.lists(dimension, max_size=3).map(lambda by: columns_of(by, Filter(), REGISTRY) or EVERY)


@law(1500)
@given(records, columns)
@example(changed("polly-by-role", {"addendum": {"reason": "UPDATED_DATA", "originalEventID": "first"}}), EVERY)
@example(changed("polly-by-role", {"awsRegion": None}), EVERY)
@example(changed("polly-by-role", {"errorCode": 1.0}), EVERY)
@example(changed("transcribe", {"eventName": "StartStreamTranscription"}), columns_of(["service"], Filter(), REGISTRY))
@example(changed("transcribe", {"eventName": "EndStreamTranscription"}), columns_of(["resource"], Filter(), REGISTRY))
def test_a_narrow_row_is_its_columns_of_the_whole_row(record, chosen):
    narrowed = NarrowRows(REGISTRY, chosen).row_of(record)

    try:
        whole = row_of(record, log_file="a", record_index=1)
    except Reject:
        assert narrowed is None
        return
    assert narrowed is None or narrowed == chosen.of(whole)


@pytest.mark.parametrize(
    "name", ["denied", "lex-by-sso", "personalize", "polly-by-role", "polly-by-user", "transcribe"]
)
@pytest.mark.parametrize("by", ["service", "principal", "resource", "user-agent", "engine", "hour"])
def test_ordinary_records_need_no_whole_row(name, by):
    chosen = columns_of([by], Filter(), REGISTRY)

    found = NarrowRows(REGISTRY, chosen).row_of(changed(name, {}))

    assert found == chosen.of(row_of(changed(name, {}), log_file="a", record_index=1))


@pytest.mark.parametrize("by", sorted({*DIMENSIONS, *usage_fields(REGISTRY)}))
@pytest.mark.parametrize("verb", ["Start", "End"])
def test_whatever_is_asked_the_rows_of_streams_tell_what_they_are(by, verb):
    source, response = "transcribestreaming.amazonaws.com", {"sessionId": "a"}
    record = changed("transcribe", {"eventSource": source, "eventName": f"{verb}StreamTranscription"})
    chosen = columns_of([by], Filter(), REGISTRY) or EVERY

    found = read(
        document([record | {"responseElements": response}]), NarrowReading, narrow=NarrowRows(REGISTRY, chosen)
    )

    assert found[0][0]["usage"]["stream"] == "a"
    assert found[0][0]["usage"].get("streamEnd", False) is (verb == "End")
    assert "recipientAccountId" in found[0][0]


def read(content, make, **options):
    """A reading of a log file, and its rows."""
    reading = make(io.BytesIO(content), log_file="a", registry=REGISTRY, is_hashed=False, **options)
    rows = [row for batch in reading.batches() for row in batch.rows]
    reading.reconcile(len(rows))
    return rows, reading


def document(some):
    return json.dumps({"Records": some}).encode()


def is_unusual(reading, some):
    """Whether a file has records to reject, or several with the same eventID."""
    ids = [event_id_of(record) for record in some if str(record.get("eventSource")).lower() in REGISTRY.sources]
    return reading.rejected > 0 or len(set(ids)) < len(ids)


@law(300)
@given(st.lists(records, max_size=8), columns, st.booleans())
def test_a_narrow_reading_finds_the_columns_of_the_same_rows_or_refuses(some, chosen, keeps_sparse):
    whole, reading = read(document(some), Reading)
    options = {"narrow": NarrowRows(REGISTRY, chosen), "keeps_sparse": keeps_sparse}
    if is_unusual(reading, some) and not keeps_sparse:
        with pytest.raises(NotNarrowError):
            read(document(some), NarrowReading, **options)
        return

    found, narrowed = read(document(some), NarrowReading, **options)

    assert found == (whole if keeps_sparse else list(map(chosen.of, whole)))
    for name in ("wanted", "rejected", "duplicates_in_file", "unknown_sources"):
        assert getattr(narrowed, name) == getattr(reading, name)


@pytest.mark.parametrize(
    "content",
    [
        document([changed("transcribe")] * 2),
        document([changed("transcribe", {"eventTime": "yesterday"})]),
        document([changed("transcribe")])[:-1],
        document([changed("transcribe")]) + b"{}",
    ],
)
def test_what_needs_whole_rows_is_refused_before_any_row(content):
    reading = NarrowReading(
        io.BytesIO(content), log_file="a", registry=REGISTRY, is_hashed=False, narrow=NarrowRows(REGISTRY, EVERY)
    )

    with pytest.raises(NotNarrowError):
        next(reading.batches())


IDS = [{"eventID": f"{each:08x}-0000-4000-8000-000000000000"} for each in range(100)]


def numbered(number):
    return [changed("polly-by-role", each) for each in IDS[:number]]


def test_very_many_records_are_refused(monkeypatch):
    monkeypatch.setattr(narrow, "_MOST_HELD", 4)

    assert len(read(document(numbered(4)), NarrowReading, narrow=NarrowRows(REGISTRY, EVERY))[0]) == 4
    with pytest.raises(NotNarrowError):
        read(document(numbered(5)), NarrowReading, narrow=NarrowRows(REGISTRY, EVERY))


@pytest.mark.parametrize("unusual", [{"userAgent": "a" * 8_000}, {"requestParameters": [[]] * 100}])
def test_of_a_long_or_branching_record_only_the_whole_row_tells(monkeypatch, unusual):
    monkeypatch.setattr(NarrowRows, "row_of", lambda *_: pytest.fail("taken for an ordinary record"))
    some = document([changed("transcribe", unusual)])

    found, _ = read(some, NarrowReading, narrow=NarrowRows(REGISTRY, EVERY))

    assert found == [EVERY.of(row) for row in read(some, Reading)[0]]


@pytest.mark.parametrize(
    "value",
    [
        {"~" * 6000: dict.fromkeys("abcdefghijklmnopqrst", 1.0)},
        [1e15] * 1000,
        "é" * 3000,
        {"a" * 20: "\ud83d" + "a" * 6000},
        [0] * 3000,
        {f"{number}": 0 for number in range(700)},
    ],
)
def test_no_plain_record_is_too_large_for_a_row(value):
    record = changed("personalize", {"requestParameters": value})
    text = json.dumps({"Records": [record]}, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass")
    narrowed = NarrowRows(REGISTRY, EVERY)

    found, _ = read(text, NarrowReading, narrow=narrowed)

    assert found == [EVERY.of(row) for row in read(text, Reading)[0]]


def test_a_record_that_is_too_large_for_a_row_is_refused():
    some = document([changed("transcribe", {"userAgent": "a" * 409_000})])

    with pytest.raises(NotNarrowError, match="409600"):
        read(some, NarrowReading, narrow=NarrowRows(REGISTRY, EVERY))


@pytest.mark.parametrize(("number", "is_whole"), [(15, True), (16, False)])
def test_a_file_that_is_worth_keeping_has_whole_rows(number, is_whole):
    found, _ = read(document(numbered(number)), NarrowReading, narrow=NarrowRows(REGISTRY, EVERY), keeps_sparse=True)

    assert [("logFile" in row) for row in found] == [is_whole] * number


def test_a_long_file_with_few_wanted_records_has_whole_rows():
    noise = [changed("polly-by-role", {"eventSource": "s3.amazonaws.com", "userAgent": "a" * 1000})] * 800
    some = document(noise + numbered(20))

    found, _ = read(some, NarrowReading, narrow=NarrowRows(REGISTRY, EVERY), keeps_sparse=True)

    assert len(found) == 20
    assert all("logFile" in row for row in found)


def test_what_makes_narrow_rows_can_be_sent_to_another_process():
    narrowed = NarrowRows(REGISTRY, EVERY)
    record = changed("transcribe")

    assert pickle.loads(pickle.dumps(narrowed)).row_of(record) == narrowed.row_of(record)  # noqa: S301 (our own)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("denied", {"errorCode": "a" * 600}),
        ("polly-by-role", {"eventName": "A" * 600}),
        ("polly-by-role", {"userIdentity": {"type": "IAMUser", "accessKeyId": "A" * 600}}),
    ],
)
def test_long_texts_take_no_more_memory_than_in_whole_rows(monkeypatch, name, changes):
    monkeypatch.setattr(narrow, "MAX_HELD_BYTES", 20_000)
    some = [record | changes for record in (changed(name, each) for each in IDS[:40])]

    read(document(some[:2]), NarrowReading, narrow=NarrowRows(REGISTRY, EVERY))
    with pytest.raises(NotNarrowError):
        read(document(some), NarrowReading, narrow=NarrowRows(REGISTRY, EVERY))

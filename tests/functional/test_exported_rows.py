"""The files of an export answer questions as the log files do that they were made of, and refuse what they cannot."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

import pytest

from aitrail.questions import BeyondSourceError, EventStore, Filter, grouped
from aitrail.questions.export import ExportedRows
from aitrail.rows import row_of
from aitrail.window import ALWAYS, EARLIEST, LATEST
from tests.shared.counted_calls import PRICES
from tests.shared.planted_calls import BEGIN, DAYS, Planting
from tests.shared.row_source_contract import NOON, RowSourceContract, without_nulls

END = BEGIN + timedelta(days=DAYS + 1)
EVERYTHING = {"since": EARLIEST, "until": LATEST}


def now():
    return NOON + timedelta(days=400)


@pytest.mark.slow
class TestExportedRows(RowSourceContract):
    @pytest.fixture
    def filled(self, fill):
        """The same as that of other sources, but for nulls, which exports leave out."""

        def filled(records):
            source, rows = fill(records)
            return source, [without_nulls(row) for row in rows]

        return filled

    @pytest.fixture
    def fill(self, tmp_path, packed):
        numbers = count()

        def fill(records):
            folder = tmp_path / str(next(numbers))
            (folder / "logs").mkdir(parents=True)
            (folder / "logs/file.json.gz").write_bytes(packed(*records))
            logs = EventStore.read(folder / "logs", report=len)
            logs.export(folder / "lake", whole=True, **EVERYTHING)
            name = str(folder / "logs/file.json.gz")
            return ExportedRows(folder / "lake"), [
                row_of(each, log_file=name, record_index=at) for at, each in enumerate(records)
            ]

        return fill


def logs_in(folder):
    """The log files of planted calls, whose names say nothing of their times."""
    return EventStore.read(folder / "logs", timezone="Europe/Berlin", read_all=True)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Log files with calls of every shape, the whole export of them, and a narrow one of some days."""
    folder = tmp_path_factory.mktemp("planted")
    Planting(Random(20261202)).plant(1_200).write(folder / "logs")
    logs = logs_in(folder)
    logs.export(folder / "whole", whole=True, **EVERYTHING)
    logs.export(folder / "narrow", since=BEGIN + timedelta(days=2), until=BEGIN + timedelta(days=9))
    return folder


def stores(planted, lake="whole"):
    return [logs_in(planted), EventStore.read(planted / lake, timezone="Europe/Berlin")]


def answers(store, random):
    """Answers to every kind of question about a window that begins and ends anywhere, or nowhere."""
    first, last = sorted(random.sample(range(DAYS * 86_400), 2))
    ends = {"since": BEGIN + timedelta(seconds=first), "until": BEGIN + timedelta(seconds=last)}
    ends = random.choice([ends, EVERYTHING])
    by = random.sample(["service", "principal", "account", "day", "engine", "outcome", "resource", "voice"], 2)
    some = random.choice([{}, {}, {"outcome": "denied"}, {"service": "polly"}, {"user_agent": "*Botocore*"}])
    some = some | random.choice([{}, {"principal": "user/alice"}, {"region": "us-east-1"}, {"resource": "*/*"}])
    yield list(store.usage(by=by, prices=PRICES, report=len, **ends, **some))
    yield [without_nulls(row) for row in store.events(**ends, **some)]
    yield list(store.events(**ends, columns=("eventID", "operation"), oldest_first=True, limit=20, **some))
    for ask, name in ((store.who, "resource"), (store.what, "principal")):
        others = {key: value for key, value in some.items() if key != name}
        timeline = ask("*", baseline="3d", **ends, **others)
        yield [without_nulls(row) for row in timeline]
        yield grouped(timeline)
    names = [name for name in by if name != "day"]
    yield list(store.first_and_last(by=names, lookback="2d", report=len, **ends, **some))
    if ends is not EVERYTHING:
        yield list(store.compare(by=names, report=len, **ends, **some))
    event = next(store.events(**ends, limit=1), None)
    if event:
        found = store.beginning_with(event["eventID"][:6], **EVERYTHING)
        yield [without_nulls(store.event(event["eventID"])), [row["eventID"] for row in found]]


@pytest.mark.parametrize("seed", range(12))
def test_whole_export_answers_every_question_as_its_log_files_do(planted, seed):
    logs, lake = stores(planted)

    for expected, found in zip(answers(logs, Random(seed)), answers(lake, Random(seed)), strict=True):
        assert found == expected


@pytest.mark.parametrize("seed", range(12))
def test_narrow_export_of_some_days_counts_as_its_log_files_do(planted, seed):
    logs, lake = stores(planted, "narrow")
    random = Random(seed)
    # Of the four hours around the exported days, only the log files have what corrects or ends calls.
    first, last = sorted(random.sample(range(2 * 86_400 + 4 * 3_600, 9 * 86_400 - 4 * 3_600), 2))
    question = {"since": BEGIN + timedelta(seconds=first), "until": BEGIN + timedelta(seconds=last)}
    by = random.sample(["service", "principal", "account", "day", "engine", "outcome"], 2)

    expected, found = (list(each.usage(by=by, prices=PRICES, report=len, **question)) for each in (logs, lake))

    assert found == expected


def test_question_without_ends_is_about_all_that_was_exported(planted):
    logs, lake = stores(planted, "narrow")
    ends = {"since": BEGIN + timedelta(days=2), "until": BEGIN + timedelta(days=9)}

    found = lake.usage(by=("day",), report=len, **EVERYTHING)

    assert {group["day"] for group in found} <= {group["day"] for group in logs.usage(by=("day",), report=len, **ends)}
    assert sum(group["calls"] for group in found) > 100


REFUSED = {
    "more time": (
        lambda store: store.usage(since=BEGIN, until=END),
        "has calls from 2026-10-22T00:00:00Z until 2026-10-29",
    ),
    "later time": (lambda store: store.usage(since=END, until=LATEST), "has calls from 2026-10-22T00:00:00Z until"),
    "earlier time": (
        lambda store: store.usage(since=EARLIEST, until=BEGIN),
        "has calls from 2026-10-22T00:00:00Z until",
    ),
    "time before": (
        lambda store: store.compare(since=BEGIN + timedelta(days=3), until=BEGIN + timedelta(days=6)),
        "ask for less time, or export more",
    ),
    "baseline": (
        lambda store: list(store.who("*", since=BEGIN + timedelta(days=3), until=BEGIN + timedelta(days=4))),
        "The baseline, before the window, may be shorter, or 0d",
    ),
    "whole rows": (
        lambda store: list(store.events(since=BEGIN + timedelta(days=3), until=BEGIN + timedelta(days=4))),
        "has only the indexed columns of calls: export with --whole",
    ),
    "one event": (lambda store: store.event("a"), "export with --whole"),
}


@pytest.mark.parametrize(("ask", "reason"), REFUSED.values(), ids=REFUSED)
def test_question_beyond_the_export_is_refused_with_the_reason(planted, ask, reason):
    _, lake = stores(planted, "narrow")

    with pytest.raises(BeyondSourceError, match="narrow cannot answer: it ") as refused:
        ask(lake)

    assert reason in str(refused.value)


def test_lookback_beyond_the_export_makes_nothing_new(planted):
    _, lake = stores(planted, "narrow")
    told = []

    found = lake.first_and_last(since=BEGIN + timedelta(days=3), until=BEGIN + timedelta(days=5), report=told.append)

    assert {group["new"] for group in found} == {None}
    assert "narrow cannot answer: it has calls from 2026-10-22" in told[0]


CONDITIONS = {
    "another outcome": ({"outcome": "denied"}, {}, True),
    "a part of the outcomes": ({"outcome": ["denied", "ok"]}, {"outcome": "ok"}, True),
    "another principal": ({"principal": "user/alice"}, {"principal": "user/bob"}, True),
    "the same principal": ({"principal": "user/alice"}, {"principal": "user/alice"}, False),
    "the same Region": ({"region": "us-east-1"}, {"region": "us-east-1"}, False),
    "one of the accounts": ({"account": ["111122223333", "444455556666"]}, {"account": "444455556666"}, False),
    "no account": ({"account": "111122223333"}, {}, True),
    "another service": ({"service": "polly"}, {"service": "lex"}, True),
    "all services": ({"service": "polly"}, {}, True),
    "the same service": ({"service": "polly"}, {"service": "polly", "outcome": "ok"}, False),
    "excluded": ({"principal": "!user/alice"}, {"principal": "!user/alice"}, False),
    "no longer excluded": ({"principal": "!user/alice"}, {"principal": "user/bob"}, True),
    "the same label": ({"label": "engine=neural"}, {"label": "engine=neural"}, True),
}


@pytest.mark.parametrize(("exported", "asked", "is_refused"), CONDITIONS.values(), ids=CONDITIONS)
def test_export_with_a_filter_counts_only_calls_that_it_has_with_their_corrections(
    planted, tmp_path, exported, asked, is_refused
):
    logs = logs_in(planted)
    logs.export(tmp_path / "lake", **exported, **EVERYTHING)
    lake = EventStore.read(tmp_path / "lake")

    if is_refused:
        with pytest.raises(BeyondSourceError, match=r"cannot answer: it has (only calls with|no calls to) .*"):
            lake.usage(report=len, **asked, **EVERYTHING)
    else:
        assert lake.usage(report=len, **asked, **EVERYTHING) == logs.usage(report=len, **asked, **EVERYTHING)


def test_calls_with_the_condition_of_an_export_are_listed(planted, tmp_path):
    logs = logs_in(planted)
    logs.export(tmp_path / "lake", outcome="denied", **EVERYTHING)
    columns = {"columns": ("eventID", "outcome")}

    found = list(EventStore.read(tmp_path / "lake").events(outcome="denied", **columns, **EVERYTHING))

    assert found == list(logs.events(outcome="denied", **columns, **EVERYTHING))
    assert {row["outcome"] for row in found} == {"denied"}


def write(folder, *lines):
    notes = folder / "_aitrail_export.notes"
    notes.write_bytes(b"".join(lines))


FOLDERS = {
    "csv": ({"format": "csv"}, "holds csv files: export with --format parquet"),
    "OCSF": ({"schema": "ocsf"}, "holds OCSF events, which are no rows: export with --schema aitrail"),
}


@pytest.mark.parametrize(("options", "reason"), FOLDERS.values(), ids=FOLDERS)
def test_files_that_are_no_parquet_of_rows_are_refused(planted, tmp_path, options, reason):
    logs_in(planted).export(tmp_path / "lake", **options, **EVERYTHING)

    with pytest.raises(BeyondSourceError, match=reason):
        EventStore.read(tmp_path / "lake")


def test_folder_of_two_exports_is_refused(planted, tmp_path):
    logs = logs_in(planted)
    logs.export(tmp_path / "lake", **EVERYTHING)
    logs.export(tmp_path / "lake", since=BEGIN, until=BEGIN + timedelta(days=1), whole=True, force=True)

    with pytest.raises(BeyondSourceError, match="holds files of different exports"):
        EventStore.read(tmp_path / "lake")


def test_export_that_was_interrupted_is_refused(planted, tmp_path):
    logs_in(planted).export(tmp_path / "lake", **EVERYTHING)
    notes = tmp_path / "lake/_aitrail_export.notes"
    notes.write_bytes(b"".join(notes.read_bytes().splitlines(keepends=True)[:-1]))

    with pytest.raises(BeyondSourceError, match="has no notes of a finished export"):
        EventStore.read(tmp_path / "lake")


@pytest.mark.parametrize("harm", ["removed", "replaced"])
def test_file_that_is_not_the_one_that_was_written_is_refused(planted, tmp_path, harm):
    logs_in(planted).export(tmp_path / "lake", **EVERYTHING)
    files = sorted((tmp_path / "lake").glob("service=polly/*/*.parquet"), key=lambda path: path.stat().st_size)
    if harm == "removed":
        files[-1].unlink()
    else:
        files[0].replace(files[-1])

    with pytest.raises(BeyondSourceError, match=r"should have [0-9,]+ rows? in .*: export again"):
        EventStore.read(tmp_path / "lake").usage(report=len, **EVERYTHING)


def test_exports_one_after_another_answer_about_their_whole_time(planted, tmp_path):
    logs = logs_in(planted)
    for day in (2, 4, 6):
        logs.export(tmp_path / "lake", since=BEGIN + timedelta(days=day - 2), until=BEGIN + timedelta(days=day))
    lake = EventStore.read(tmp_path / "lake")
    question = {"since": BEGIN, "until": BEGIN + timedelta(days=5)}

    assert lake.usage(report=len, **question) == logs.usage(report=len, **question)
    with pytest.raises(BeyondSourceError):
        lake.usage(since=BEGIN, until=BEGIN + timedelta(days=7))


def test_gap_between_exports_is_refused(planted, tmp_path):
    logs = logs_in(planted)
    for day in (1, 5):
        logs.export(tmp_path / "lake", since=BEGIN + timedelta(days=day), until=BEGIN + timedelta(days=day + 1))

    with pytest.raises(
        BeyondSourceError, match="has calls from 2026-10-21T00:00:00Z until 2026-10-22T00:00:00Z, and from"
    ):
        EventStore.read(tmp_path / "lake").usage(**EVERYTHING)


def test_time_without_rows_counts_as_exported(planted, tmp_path):
    logs = logs_in(planted)
    since = datetime(2020, 1, 1, tzinfo=UTC)
    logs.export(tmp_path / "lake", since=since, until=since + timedelta(days=2))

    assert list(EventStore.read(tmp_path / "lake").usage(since=since, until=since + timedelta(days=1))) == []


def test_export_that_could_not_read_everything_is_not_complete_until_it_could(tmp_path, packed):
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "broken.json.gz").write_bytes(b"x")
    EventStore.read(logs, report=len).export(tmp_path / "lake", **EVERYTHING)
    before = ExportedRows(tmp_path / "lake").complete
    (logs / "broken.json.gz").write_bytes(packed())

    EventStore.read(logs, report=len).export(tmp_path / "lake", **EVERYTHING)

    assert (before, ExportedRows(tmp_path / "lake").complete) == (False, True)


def test_export_can_be_exported_again(planted, tmp_path):
    logs, lake = stores(planted)
    logs.export(tmp_path / "one", format="jsonl", **EVERYTHING)
    lake.export(tmp_path / "other", format="jsonl", **EVERYTHING)

    def lines(folder):
        found = [json.loads(line) for path in folder.glob("*/*/*") for line in path.read_text().splitlines()]
        return sorted((without_nulls(each) for each in found), key=lambda each: each["eventID"])

    assert lines(tmp_path / "other") == lines(tmp_path / "one")


@pytest.mark.parametrize(
    "note", [{"service": "../../.."}, {"day": "../2026-11-21"}, {"service": "a/b"}, {"service": "\\0"}]
)
def test_notes_that_are_hostile_name_no_file_outside(planted, tmp_path, note):
    logs_in(planted).export(tmp_path / "lake", **EVERYTHING)
    notes = tmp_path / "lake/_aitrail_export.notes"
    lines = [json.loads(line) for line in notes.read_text().splitlines()]
    notes.write_text("".join(json.dumps(line | (note if line.get("rows") else {})) + "\n" for line in lines))
    source = ExportedRows(tmp_path / "lake")

    assert list(source.rows(Filter(), ALWAYS)) == []

"""Exported files contain the rows of their source, however often an export is interrupted and resumed."""

import csv
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aitrail.cells import csv_cell
from aitrail.dynamodb.tables import NARROW_COLUMNS
from aitrail.questions import Filter, Naming, Network, Order, Team, characters_of
from aitrail.questions.export import FORMATS, Export, ExportError, MissingPyarrowError, OtherExportError
from aitrail.questions.export import folder as folder_module
from aitrail.questions.export import formats as formats_module
from aitrail.questions.export.columns import AMOUNT, Kind, columns_of
from aitrail.questions.export.folder import Folder
from aitrail.questions.export.notes import Settings
from aitrail.window import Window, event_time
from tests.shared.network_errors import OF_THE_NETWORK

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SETTINGS = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
FULL_DEVICE = Path("/dev/full")


class Rows:
    """A source with these rows that fails after `patience` rows, and records the questions."""

    address = "here"
    complete = True

    def __init__(self, rows):
        self.all = list(rows)
        self.patience = None
        self.windows = []

    def rows(self, wanted, window, *, order=Order.NEWEST_FIRST, limit=None):
        self.windows.append((wanted.service, window.bounds, order if limit is None else None))
        first, last = window.bounds
        found = [row for row in self.all if first <= row["eventTime"] <= last and wanted.matcher()(row)]
        found.sort(key=lambda row: (row["eventTime"], row["eventID"]), reverse=order is Order.NEWEST_FIRST)
        for row in found[:limit]:
            if limit is None and order is Order.OLDEST_FIRST:
                self.fail_sooner_or_later()
            yield {name: row[name] for name in NARROW_COLUMNS if name in row}

    def fail_sooner_or_later(self):
        if self.patience == 0:
            raise OSError("gone")
        if self.patience is not None:
            self.patience -= 1

    def whole(self, rows):
        by_id = {row["eventID"]: row for row in self.all}
        return (by_id.get(row["eventID"], row) for row in rows)

    def questions(self, order=Order.OLDEST_FIRST):
        return [(*service, *bounds) for service, bounds, of in self.windows if of is order]


def row(number, time="2026-11-20T10:00:00Z", service="polly", **attributes):
    return {
        "eventID": f"{number:08}",
        "eventTime": time,
        "eventDay": time[:10],
        "service": service,
        "outcome": "ok",
    } | attributes


def export(source, folder, **options):
    window = Window(since=options.pop("since", NOW - timedelta(days=7)), until=options.pop("until", NOW))
    defaults = {"wanted": Filter(), "now": NOW, "format": "jsonl"}
    return Export(source=source, folder=folder, window=window, **defaults | options).run()


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.glob("service=*/*/*")}


def names(folder):
    return sorted(files(folder))


def ids(folder):
    lines = [json.loads(line) for content in files(folder).values() for line in content.splitlines()]
    return sorted(line["eventID"] for line in lines)


def read(folder, format_):
    """The rows of all files, with the values in the names of their folders."""
    for path in sorted(folder.glob(f"service=*/eventDay=*/events.{format_}")):
        for found in READERS[format_](path):
            service, day = (part.partition("=")[2] for part in path.parts[-3:-1])
            yield found | {"service": service, "eventDay": day}


def read_parquet(path):
    kinds = columns_of(whole=True)
    for found in pq.read_table(path).to_pylist():
        values = {name: value for name, value in found.items() if value is not None}
        parsed = {
            name: json.loads(value) if kinds[name] is Kind.JSON else value
            for name, value in values.items()
            if name not in DERIVED
        }
        parsed["eventTime"] = event_time(parsed["eventTime"].replace(tzinfo=UTC))
        rest = json.loads(values.get("rest", "{}"))
        yield parsed | {name: value for name, value in rest.items() if name not in DERIVED}


# What export adds to rows.
DERIVED = ("characters", "engine", "amount", "unit", "source", "cost", "rest")


def read_csv(path):
    with path.open(newline="", encoding="utf-8") as stream:
        yield from csv.DictReader(stream)


def read_jsonl(path):
    return map(json.loads, path.read_bytes().splitlines())


READERS = {"parquet": read_parquet, "csv": read_csv, "jsonl": read_jsonl}

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(2**62, 2**80) | st.floats(allow_nan=False) | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=5,
)
NAMES = [name for name in columns_of(whole=True) if name not in ("eventID", "eventTime", "eventDay", "service", "rest")]
ATTRIBUTES = st.dictionaries(
    st.sampled_from([name for name in NAMES if name not in DERIVED]) | st.just("ofTomorrow"),
    ANYTHING,
    max_size=6,
)
USAGES = st.dictionaries(st.sampled_from(["requestCharacters", "engine", "voiceId"]), ANYTHING, max_size=3)


@st.composite
def tables_of_rows(draw):
    times = st.integers(0, 6 * 86_400).map(lambda seconds: event_time(NOW - timedelta(seconds=seconds + 1)))
    services = st.sampled_from(["lex", "polly"])
    drawn = draw(st.lists(st.tuples(times, services, ATTRIBUTES, USAGES), max_size=8))
    return [
        row(number, time, service, **attributes | {"usage": usage})
        for number, (time, service, attributes, usage) in enumerate(drawn)
    ]


def without_nulls(found):
    return {name: value for name, value in found.items() if value is not None}


def in_order(rows):
    return sorted(rows, key=lambda row: (row["service"], row["eventTime"], row["eventID"]))


@SETTINGS
@given(tables_of_rows())
def test_parquet_files_hold_the_values_of_whole_rows(rows):
    with TemporaryDirectory() as folder:
        export(Rows(rows), Path(folder), format="parquet", whole=True)

        found = list(read(Path(folder), "parquet"))

    assert found == list(map(without_nulls, in_order(rows)))


@SETTINGS
@given(tables_of_rows())
def test_jsonl_files_hold_whole_rows_as_they_are_and_their_characters(rows):
    with TemporaryDirectory() as folder:
        export(Rows(rows), Path(folder), format="jsonl", whole=True)

        found = list(read(Path(folder), "jsonl"))

    assert [{name: value for name, value in each.items() if name not in AMOUNT} for each in found] == [
        row | {"characters": characters_of(row)} for row in in_order(rows)
    ]
    assert all({*AMOUNT} <= each.keys() for each in found)


@SETTINGS
@given(tables_of_rows())
def test_csv_files_hold_the_cells_of_whole_rows(rows):
    with TemporaryDirectory() as folder:
        export(Rows(rows), Path(folder), format="csv", whole=True)

        found = list(read(Path(folder), "csv"))

    columns = [name for name in columns_of(whole=True) if name not in DERIVED]
    assert [{name: cells[name] for name in columns} for cells in found] == [
        {name: csv_cell(row.get(name)) for name in columns} for row in in_order(rows)
    ]
    assert [cells["characters"] for cells in found] == [str(characters_of(row)) for row in in_order(rows)]
    assert [cells["rest"] for cells in found] == [
        csv_cell(without_nulls({"ofTomorrow": row.get("ofTomorrow")}) or None) for row in in_order(rows)
    ]


@pytest.mark.parametrize("format_", FORMATS)
def test_narrow_rows_are_exported_unless_whole_ones_are_asked_for(tmp_path, format_):
    rows = [row(1, principal="user/alice", userAgent="aws-cli", readOnly=True)]

    export(Rows(rows), tmp_path / "narrow", format=format_)
    export(Rows(rows), tmp_path / "whole", format=format_, whole=True)

    assert ["userAgent" in found for found in read(tmp_path / "narrow", format_)] == [False]
    assert [found["userAgent"] for found in read(tmp_path / "whole", format_)] == ["aws-cli"]


def test_all_parquet_files_have_the_same_schema(tmp_path):
    source = Rows([row(1), row(2, "2026-11-19T00:00:00Z", "lex", usage={"requestCharacters": 4}, readOnly="odd")])

    export(source, tmp_path, format="parquet")

    one, other = (pq.read_schema(path) for path in sorted(tmp_path.glob("*/*/*.parquet")))
    assert one.equals(other)
    assert {str(one.field(name).type) for name in ("eventTime", "readOnly", "characters", "usage")} == {
        "timestamp[ms]",
        "bool",
        "int64",
        "string",
    }


USAGE = {
    "numbers and texts": ({"requestCharacters": 25, "engine": "neural"}, 25, "neural"),
    "nothing": ({}, 0, None),
    "odd types": ({"requestCharacters": "25", "engine": {"a": 1}}, 0, None),
    "no object": ("odd", 0, None),
}


@pytest.mark.parametrize(("usage", "characters", "engine"), USAGE.values(), ids=USAGE)
def test_characters_and_engine_are_columns_of_their_own(tmp_path, usage, characters, engine):
    export(Rows([row(1, usage=usage)]), tmp_path, format="parquet")

    (found,) = pq.read_table(next(tmp_path.glob("*/*/*"))).to_pylist()

    assert (found["characters"], found["engine"], found["rest"]) == (characters, engine, None)
    assert json.loads(found["usage"]) == usage


def test_there_is_a_file_for_each_service_and_day_that_has_rows(tmp_path):
    source = Rows([row(1), row(2, "2026-11-20T23:59:59Z"), row(3, "2026-11-18T00:00:00Z"), row(4, service="lex")])

    exported = export(source, tmp_path)

    assert names(tmp_path) == [
        "service=lex/eventDay=2026-11-20/events.jsonl",
        "service=polly/eventDay=2026-11-18/events.jsonl",
        "service=polly/eventDay=2026-11-20/events.jsonl",
    ]
    assert (exported.files, exported.rows, exported.complete, exported.removed) == (3, 4, 0, 0)


@SETTINGS
@given(
    st.lists(st.tuples(st.integers(0, 5 * 86_400), st.sampled_from(["lex", "polly"])), max_size=20),
    st.lists(st.integers(0, 15), max_size=4),
    st.sampled_from(FORMATS),
)
def test_interrupted_and_resumed_export_is_the_same_as_one_without_interruption(drawn, interruptions, format_):
    source = Rows(
        row(number, event_time(NOW - timedelta(seconds=seconds + 1)), service)
        for number, (seconds, service) in enumerate(drawn)
    )
    with TemporaryDirectory() as clean, TemporaryDirectory() as resumed:
        export(source, Path(clean), format=format_)
        for source.patience in interruptions:
            try:
                export(source, Path(resumed), format=format_)
            except ExportError:
                # Existing files are complete.
                there = files(Path(resumed))
                assert there.items() <= files(Path(clean)).items()
        source.patience = None

        export(source, Path(resumed), format=format_)

        assert files(Path(resumed)) == files(Path(clean))


@pytest.mark.parametrize("error", OF_THE_NETWORK.values(), ids=OF_THE_NETWORK)
def test_failure_of_the_network_is_not_taken_for_one_of_the_disk(tmp_path, error):
    class Unreachable(Rows):
        def rows(self, *_, **__):
            raise error

    with pytest.raises(type(error)):
        export(Unreachable([]), tmp_path)


def test_resumed_export_asks_only_for_what_is_missing(tmp_path):
    source = Rows([row(day, f"2026-11-{day}T10:00:00Z") for day in (15, 16, 17, 18, 20)])
    source.patience = 3
    with pytest.raises(ExportError, match="gone"):
        export(source, tmp_path, wanted=Filter(service=("polly",)))
    source.patience = None
    source.windows.clear()

    exported = export(source, tmp_path, wanted=Filter(service=("polly",)))

    assert source.questions() == [("polly", "2026-11-17T00:00:00Z", "2026-11-20T23:59:59Z")]
    assert (exported.files, exported.complete) == (3, 2)


def test_days_before_the_first_row_are_not_asked_one_by_one(tmp_path):
    source = Rows([row(1, "2026-11-19T10:00:00Z")])

    export(source, tmp_path, since=datetime(2013, 1, 1, tzinfo=UTC), wanted=Filter(service=("polly",)))

    assert source.questions() == [("polly", "2026-11-19T00:00:00Z", "2026-11-19T23:59:59Z")]
    days, request = (tmp_path / "_aitrail_export.notes").read_text().splitlines()
    assert (json.loads(days)["day"], json.loads(request)["first"]) == ("2026-11-19", "2013-01-01T00:00:00Z")


# The ends of a first and a second export of polly, and whether the second one reads 2026-11-19 again.
AGAIN = {
    "newer rows are more than a day younger": ("2026-11-21T00:00:00Z", "2026-11-19", False),
    "newer rows are not a day younger": ("2026-11-20T23:59:59Z", "2026-11-19", True),
    "only a part of the day was exported": ("2026-11-21T00:00:00Z", "2026-11-19T12:00", True),
}


@pytest.mark.parametrize(("newest", "since", "is_read"), AGAIN.values(), ids=AGAIN)
def test_service_day_is_skipped_when_it_is_complete(tmp_path, newest, since, is_read):
    source = Rows([row(1, "2026-11-19T10:00:00Z"), row(2, "2026-11-19T14:00:00Z"), row(3, newest)])
    export(source, tmp_path, wanted=Filter(service=("polly",)), since=datetime.fromisoformat(since).replace(tzinfo=UTC))
    source.all.append(row(4, "2026-11-19T16:00:00Z"))

    export(source, tmp_path, since=datetime(2026, 11, 19, tzinfo=UTC), now=NOW + timedelta(days=9))

    assert ("00000004" in ids(tmp_path)) is is_read


def test_day_that_is_still_going_on_is_completed_later(tmp_path):
    source = Rows([row(1, "2026-11-21T10:00:00Z")])
    export(source, tmp_path)
    source.all.append(row(2, "2026-11-21T18:00:00Z"))

    export(source, tmp_path, until=NOW + timedelta(days=1), now=NOW + timedelta(days=1))

    assert ids(tmp_path) == ["00000001", "00000002"]


@pytest.mark.parametrize("format_", ["jsonl", "csv"])
def test_file_never_covers_less_of_its_day_than_before(tmp_path, format_):
    source = Rows([row(1, "2026-11-20T01:00:00Z"), row(2, "2026-11-20T22:00:00Z")])
    export(source, tmp_path)

    export(source, tmp_path, since=datetime(2026, 11, 20, 12, tzinfo=UTC), force=True, format=format_)

    assert [found["eventID"] for found in read(tmp_path, format_)] == ["00000001", "00000002"]
    assert names(tmp_path) == [f"service=polly/eventDay=2026-11-20/events.{format_}"]


def test_day_that_had_no_rows_under_other_settings_is_exported_as_asked(tmp_path):
    export(Rows([row(1, service="lex")]), tmp_path)
    source = Rows([row(2, "2026-11-20T01:00:00Z"), row(3, "2026-11-20T22:00:00Z")])
    polly = {"wanted": Filter(service=("polly",)), "since": datetime(2026, 11, 20, 12, tzinfo=UTC)}

    export(source, tmp_path, format="csv", force=True, **polly)

    assert [found["eventID"] for found in read(tmp_path, "csv")] == ["00000003"]


def test_source_that_could_not_be_read_completely_completes_no_day(tmp_path):
    source = Rows([row(1, "2026-11-17T01:00:00Z"), row(2, "2026-11-21T01:00:00Z")])
    source.complete = False
    first = export(source, tmp_path)
    source.complete = True
    source.all.append(row(3, "2026-11-17T02:00:00Z"))

    second = export(source, tmp_path)

    assert (first.source_complete, first.needs_attention, first.rows) == (False, True, 2)
    assert (second.source_complete, second.needs_attention, second.complete) == (True, False, 0)
    assert ids(tmp_path) == ["00000001", "00000002", "00000003"]


def test_request_that_is_noted_ends_now_and_names_what_was_asked_for(tmp_path):
    export(Rows([]), tmp_path, until=NOW + timedelta(days=1), wanted=Filter(service=("polly",), outcome=("ok",)))

    (line,) = (tmp_path / "_aitrail_export.notes").read_text().splitlines()
    request = json.loads(line)
    assert (request["first"], request["last"]) == ("2026-11-14T12:00:00Z", "2026-11-21T11:59:59Z")
    assert (request["services"], request["columns"], request["complete"]) == (
        ["polly"],
        [*columns_of(whole=False)],
        True,
    )
    assert request["settings"]["conditions"] == {"outcome": ["ok"]}


def test_time_that_is_still_to_come_is_not_noted(tmp_path):
    export(Rows([]), tmp_path, since=NOW, until=NOW + timedelta(days=1))

    assert (tmp_path / "_aitrail_export.notes").read_text() == ""


def test_source_may_turn_out_incomplete_while_it_is_read(tmp_path):
    class Surprising(Rows):
        def fail_sooner_or_later(self):
            self.complete = False

    source = Surprising([row(1, "2026-11-17T01:00:00Z"), row(2, "2026-11-21T01:00:00Z")])

    export(source, tmp_path, wanted=Filter(service=("polly",)))

    *notes, request = [json.loads(line) for line in (tmp_path / "_aitrail_export.notes").read_bytes().splitlines()]
    assert {note["asOf"] for note in notes} == {""}
    assert request["complete"] is False


NEIGHBOURS = [row(8, "2026-11-19T01:00:00Z"), row(9, "2026-11-21T01:00:00Z")]


@pytest.mark.parametrize("left", [[], [row(1)]], ids=["none", "one"])
@pytest.mark.parametrize("complete", [True, False], ids=["complete", "incomplete"])
def test_file_is_not_replaced_by_fewer_rows(tmp_path, left, complete):
    export(Rows([*NEIGHBOURS, row(1), row(2)]), tmp_path)
    source = Rows([*NEIGHBOURS, *left])
    source.complete = complete

    exported = export(source, tmp_path)

    assert ids(tmp_path) == ["00000001", "00000002", "00000008", "00000009"]
    assert (exported.files, exported.rows, exported.removed, exported.kept) == (1, 1, 0, 1)
    assert exported.needs_attention
    assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.parametrize(("left", "removed"), [([], 1), ([row(1)], 0)], ids=["none", "one"])
def test_file_is_replaced_by_fewer_rows_with_force(tmp_path, left, removed):
    export(Rows([*NEIGHBOURS, row(1), row(2)]), tmp_path)

    exported = export(Rows([*NEIGHBOURS, *left]), tmp_path, force=True)

    assert ids(tmp_path) == sorted(each["eventID"] for each in (*NEIGHBOURS, *left))
    assert (exported.rows, exported.removed, exported.kept) == (2 + len(left), removed, 0)
    assert not exported.needs_attention


def test_file_of_an_incomplete_export_is_not_replaced_by_fewer_rows(tmp_path):
    source = Rows([*NEIGHBOURS, row(1), row(2)])
    source.complete = False
    export(source, tmp_path)
    del source.all[-1]

    exported = export(source, tmp_path)

    assert (exported.files, exported.kept) == (2, 1)
    assert ids(tmp_path) == ["00000001", "00000002", "00000008", "00000009"]


def test_kept_file_is_replaced_when_its_rows_are_back(tmp_path):
    rows = [row(1), row(2), row(3, "2026-11-21T01:00:00Z")]
    export(Rows(rows), tmp_path)
    export(Rows(rows[1:]), tmp_path)

    exported = export(Rows([*rows, row(4)]), tmp_path)

    assert (exported.files, exported.kept) == (2, 0)
    assert ids(tmp_path) == ["00000001", "00000002", "00000003", "00000004"]


def test_complete_service_day_without_rows_is_skipped_too(tmp_path):
    source = Rows([row(1, "2026-11-17T01:00:00Z"), row(2, "2026-11-21T01:00:00Z")])
    since = datetime(2026, 11, 17, tzinfo=UTC)

    first = export(source, tmp_path, since=since, wanted=Filter(service=("polly",)))
    second = export(source, tmp_path, since=since, wanted=Filter(service=("polly",)))

    assert (first.complete, first.files, second.complete, second.files) == (0, 2, 3, 1)


def test_file_whose_rows_are_gone_is_removed_with_force(tmp_path):
    source = Rows([row(1, "2026-11-19T01:00:00Z"), row(2), row(3, "2026-11-21T01:00:00Z")])
    export(source, tmp_path)
    del source.all[1]

    exported = export(source, tmp_path, force=True)

    assert exported.removed == 1
    assert names(tmp_path) == [f"service=polly/eventDay=2026-11-{day}/events.jsonl" for day in (19, 21)]


def test_file_that_somebody_removed_is_written_again(tmp_path):
    source = Rows([row(1, "2026-11-17T01:00:00Z"), row(2, "2026-11-21T01:00:00Z")])
    export(source, tmp_path)
    before = files(tmp_path)
    next(tmp_path.glob("service=polly/eventDay=2026-11-17/*")).unlink()

    export(source, tmp_path)

    assert files(tmp_path) == before


def test_complete_service_days_are_exported_again_with_force(tmp_path):
    source = Rows([row(1, "2026-11-17T01:00:00Z"), row(2, "2026-11-21T01:00:00Z")])
    export(source, tmp_path)
    source.all.append(row(3, "2026-11-17T02:00:00Z"))

    exported = export(source, tmp_path, force=True)

    assert (exported.files, exported.complete) == (2, 0)
    assert ids(tmp_path) == ["00000001", "00000002", "00000003"]


def test_nothing_is_asked_where_everything_is_complete(tmp_path):
    source = Rows([row(1, "2026-11-17T01:00:00Z"), row(2, "2026-11-21T01:00:00Z")])
    window = {"since": datetime(2026, 11, 17, tzinfo=UTC), "until": datetime(2026, 11, 18, tzinfo=UTC)}
    export(source, tmp_path, **window)
    source.windows.clear()

    exported = export(source, tmp_path, **window)

    assert source.windows == []
    assert (exported.complete, exported.files) == (4, 0)


OTHERS = {
    "format": (
        {"format": "csv"},
        "parquet files of indexed columns of here. This export would write csv files of indexed columns",
    ),
    "columns": ({"whole": True}, "This export would write parquet files of whole rows of here"),
    "source": ({"address": "there"}, "This export would write parquet files of indexed columns of there"),
    "filter": (
        {"wanted": Filter(outcome=("ok", "denied"), read_only=False)},
        "columns of here with outcome denied or ok, read_only false",
    ),
}


@pytest.mark.parametrize(("other", "message"), OTHERS.values(), ids=OTHERS)
def test_folder_of_another_export_is_refused(tmp_path, other, message):
    usual = {"format": "parquet"}
    export(Rows([row(1)]), tmp_path, **usual)
    before = files(tmp_path)
    source = Rows([row(2)])
    source.address = other.get("address", source.address)

    with pytest.raises(OtherExportError) as refused:
        export(source, tmp_path, **usual | {name: value for name, value in other.items() if name != "address"})

    assert f"{tmp_path} holds parquet files of indexed columns of here." in str(refused.value)
    assert message in str(refused.value)
    assert files(tmp_path) == before


def test_order_of_conditions_and_services_make_no_other_export(tmp_path):
    source = Rows([row(1), row(2, service="lex")])
    export(source, tmp_path, wanted=Filter(outcome=("ok", "denied"), service=("lex",)))

    export(source, tmp_path, wanted=Filter(outcome=("denied", "ok")))

    assert ids(tmp_path) == ["00000001", "00000002"]


def test_same_team_with_another_meaning_is_another_export(tmp_path):
    def wanted(*names, networks=()):
        naming = Naming(teams=(Team(name="voice", principals=names),), networks=networks)
        return Filter.of(naming=naming, team="voice")

    source = Rows([row(1) | {"principal": "user/alice"}])
    export(source, tmp_path, wanted=wanted("user/alice"))

    export(source, tmp_path, wanted=wanted("user/alice", networks=(Network(name="any", blocks=("::/0",)),)))
    with pytest.raises(OtherExportError, match=r"with naming [0-9a-f]{12}, team voice"):
        export(source, tmp_path, wanted=wanted("user/bob"))


def test_excluded_services_are_left_out_and_other_exclusions_apply(tmp_path):
    source = Rows([row(1), row(2, service="lex"), row(3, service="lex", outcome="denied")])

    export(source, tmp_path, wanted=Filter(service=("!polly",), outcome=("!denied",)))

    assert ids(tmp_path) == ["00000002"]
    assert {service for service, *_ in source.questions()} == {"lex", "personalize", "transcribe"}


def test_force_replaces_what_is_in_the_window_and_keeps_the_rest(tmp_path):
    source = Rows([row(1, "2026-11-17T01:00:00Z"), row(2, "2026-11-20T01:00:00Z")])
    export(source, tmp_path, format="csv")

    export(source, tmp_path, since=datetime(2026, 11, 19, tzinfo=UTC), force=True)

    assert names(tmp_path) == [
        "service=polly/eventDay=2026-11-17/events.csv",
        "service=polly/eventDay=2026-11-20/events.jsonl",
    ]
    with pytest.raises(OtherExportError, match="holds csv files"):
        export(source, tmp_path)


def test_folder_that_holds_something_else_is_refused(tmp_path):
    (tmp_path / "precious").write_text("x")

    with pytest.raises(OtherExportError, match="contains files that are not part of an export"):
        export(Rows([row(1)]), tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_note_that_is_lost_costs_another_export_only(tmp_path):
    source = Rows([row(1, "2026-11-17T01:00:00Z"), row(2, "2026-11-21T01:00:00Z")])
    export(source, tmp_path)
    notes = tmp_path / "_aitrail_export.notes"
    first, *others = notes.read_bytes().splitlines(keepends=True)
    notes.write_bytes(b"".join(others) + first[:-9])
    before = files(tmp_path)

    export(source, tmp_path)

    assert files(tmp_path) == before
    assert first in notes.read_bytes().splitlines(keepends=True)


def noted(**changes):
    note = {"service": "polly", "day": "2026-11-17", "rows": 1, "asOf": "2026-11-21T01:00:00Z"}
    note |= {"first": "2026-11-17T00:00:00Z", "last": "2026-11-17T23:59:59Z"}
    note["settings"] = {"format": "jsonl", "whole": False, "source": "here", "conditions": {}}
    return json.dumps(note | changes).encode()


# A note on a service-day that has a file, and whether that day is exported again.
NOTED = {
    "a sound note": (noted(), False),
    "half a line": (b'{"service": "po', True),
    "no Unicode": (b"\xff\xfe", True),
    "no object": (b"[]", True),
    "odd types": (b'{"service": 1}', True),
    "deep": (b'{"odd": ' + 100_000 * b"[", True),
    "no first": (noted(first=""), True),
    "no last": (noted(last=""), True),
    "first of another day": (noted(first="2026-11-16T00:00:00Z"), True),
    "last of another day": (noted(last="2026-11-18T00:00:00Z"), True),
    "last before first": (noted(first="2026-11-17T10:00:00Z", last="2026-11-17T09:00:00Z"), True),
    "no time": (noted(last="2026-11-17T99:00:00Z"), True),
    "another zone": (noted(last="2026-11-17T24:59:59+00:00"), True),
    "no zone": (noted(last="2026-11-17T23:59:59"), True),
    "before all days": (noted(first="0001-01-01T00:00:00+14:00"), True),
    "known until no time": (noted(asOf="for ever"), True),
    "odd conditions": (noted(settings=json.loads(noted())["settings"] | {"conditions": {"outcome": [1]}}), True),
}


@pytest.mark.parametrize(("line", "is_exported"), NOTED.values(), ids=NOTED)
def test_only_a_note_that_makes_sense_is_a_note(tmp_path, line, is_exported):
    path = tmp_path / "service=polly/eventDay=2026-11-17/events.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("of the note")
    (tmp_path / "_aitrail_export.notes").write_bytes(line)

    export(Rows([row(1, "2026-11-17T01:00:00Z"), row(2, "2026-11-21T01:00:00Z")]), tmp_path)

    assert (path.read_text() != "of the note") is is_exported


def test_leftovers_of_an_interrupted_run_are_removed(tmp_path):
    source = Rows([row(1)])
    export(source, tmp_path)
    leftover = tmp_path / "service=lex/eventDay=2026-01-01/_events.jsonl.partial"
    leftover.parent.mkdir(parents=True)
    leftover.write_text("half a fi")

    export(source, tmp_path)

    assert not leftover.exists()


def test_links_in_the_place_of_files_that_are_being_written_are_not_followed(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("mine")
    target = tmp_path / "lake"
    export(Rows([row(1)]), target)
    (target / "__aitrail_export.notes.partial").symlink_to(precious)

    def link(service, day, _rows):
        partial = target / f"service={service}/eventDay={day}/_events.jsonl.partial"
        if service == "polly":
            partial.symlink_to(precious)

    export(Rows([row(1), row(2)]), target, force=True, progress=link)

    assert precious.read_text() == "mine"
    assert ids(target) == ["00000001", "00000002"]


def test_text_of_a_condition_that_no_file_can_hold_is_noted_as_rows_have_it(tmp_path):
    wanted = Filter(principal=("*/a\udcff",))

    export(Rows([row(1)]), tmp_path, wanted=wanted)

    assert r"*/a\\udcff" in (tmp_path / "_aitrail_export.notes").read_text()


@pytest.mark.parametrize("rows", [[row(1)], []], ids=["replaced", "removed"])
def test_files_of_others_are_left_alone(tmp_path, rows):
    export(Rows([*NEIGHBOURS, row(1)]), tmp_path)
    day = tmp_path / "service=polly/eventDay=2026-11-20"
    for name in ("events.xlsx", "events.jsonl.bak", "_other.partial"):
        (day / name).write_text("mine")

    export(Rows([*NEIGHBOURS, *rows]), tmp_path, force=True, format="csv")

    others = {path.name for path in day.iterdir() if path.read_text() == "mine"}
    assert others == {"events.xlsx", "events.jsonl.bak", "_other.partial"}
    assert {path.name for path in day.iterdir()} - others == ({"events.csv"} if rows else set())


def test_second_export_into_a_folder_is_refused_until_the_first_has_ended(tmp_path):
    settings = Settings(format="jsonl", whole=False, source="here", conditions={})

    with Folder(tmp_path, settings) as target:
        with target.file("polly", "2026-11-20") as stream:
            stream.write(b"half")
            with pytest.raises(ExportError) as refused:
                export(Rows([row(1)]), tmp_path, force=True)
        assert files(tmp_path) == {"service=polly/eventDay=2026-11-20/events.jsonl": b"half"}
    export(Rows([row(1)]), tmp_path)

    assert not isinstance(refused.value, OtherExportError)
    assert str(refused.value).startswith(f"Another export into {tmp_path} is running: wait until it ends")
    assert ids(tmp_path) == ["00000001"]


def test_refused_export_holds_no_lock(tmp_path):
    export(Rows([row(1)]), tmp_path)
    with pytest.raises(OtherExportError) as refused:
        export(Rows([row(1)]), tmp_path, format="csv")

    export(Rows([row(1)]), tmp_path)

    assert refused.value.__traceback__  # keeping the error keeps the objects that it refers to
    assert ids(tmp_path) == ["00000001"]


HOLDER = """
import sys, pathlib
from aitrail.questions.export.folder import Folder
from aitrail.questions.export.notes import Settings
folder = Folder(pathlib.Path(sys.argv[1]), Settings(format="jsonl", whole=False, source="here", conditions={}))
print(flush=True)
sys.stdin.read()
"""


def test_crash_ends_the_lock(tmp_path):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], **pipes) as process:  # noqa: S603 - our own
        process.stdout.readline()
        with pytest.raises(ExportError, match="is running"):
            export(Rows([row(1)]), tmp_path)
        process.kill()
        process.wait()

    export(Rows([row(1)]), tmp_path)

    assert ids(tmp_path) == ["00000001"]


@pytest.mark.parametrize("format_", ["xml", "", "CSV", None])
def test_unknown_format_is_refused_before_anything_is_asked(tmp_path, format_):
    source = Rows([row(1)])

    with pytest.raises(ExportError, match="is not a file format: give parquet, csv, jsonl") as refused:
        export(source, tmp_path / "new", format=format_)

    assert repr(format_) in str(refused.value)
    assert source.windows == []
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.skipif(not FULL_DEVICE.exists(), reason="needs a device that is always full")
def test_full_disk_leaves_no_file_under_a_final_name(tmp_path, monkeypatch, format_):
    source = Rows([row(1, "2026-11-17T01:00:00Z"), *(row(number, principal="x" * 99) for number in range(2, 5000))])

    new = folder_module._new
    with monkeypatch.context() as patch:
        patch.setattr(
            folder_module, "_new", lambda path: new(path) if "11-20" not in str(path) else FULL_DEVICE.open("wb")
        )
        with pytest.raises(ExportError, match=r"No space left on device.*the same command"):
            export(source, tmp_path, format=format_)
    assert names(tmp_path) == [f"service=polly/eventDay=2026-11-17/events.{format_}"]

    exported = export(source, tmp_path, format=format_)

    assert (exported.files, exported.rows) == (1, 4998)
    assert names(tmp_path) == [f"service=polly/eventDay=2026-11-{day}/events.{format_}" for day in (17, 20)]


def test_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("x")

    with pytest.raises(ExportError, match="file is a file: name a folder"):
        export(Rows([row(1)]), tmp_path / "file")
    with pytest.raises(ExportError, match=r"file/below: Not a directory"):
        export(Rows([row(1)]), tmp_path / "file" / "below")


def test_missing_pyarrow_is_told_before_anything_is_asked(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    source = Rows([row(1)])

    with pytest.raises(MissingPyarrowError, match=r"pip install -e '\.\[parquet\]'.*--format csv or jsonl"):
        export(source, tmp_path / "new", format="parquet")

    assert source.windows == []
    assert not (tmp_path / "new").exists()


SIZES = {"many rows": (25, "x", [10, 10, 5]), "long texts": (3, "x" * 800, [1, 1, 1])}


@pytest.mark.parametrize(("count", "text", "groups"), SIZES.values(), ids=SIZES)
def test_row_groups_are_bounded_in_rows_and_characters(tmp_path, monkeypatch, count, text, groups):
    monkeypatch.setattr(formats_module, "_MOST_ROWS", 10)
    monkeypatch.setattr(formats_module, "_MOST_CHARACTERS", 700)

    export(Rows(row(number, principal=text) for number in range(count)), tmp_path, format="parquet")

    metadata = pq.read_metadata(next(tmp_path.glob("*/*/*")))
    assert [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)] == groups


@pytest.mark.parametrize("format_", FORMATS)
def test_rows_are_written_while_they_are_read(tmp_path, monkeypatch, format_):
    monkeypatch.setattr(formats_module, "_MOST_ROWS", 100)
    sizes = []

    class Watched(Rows):
        def fail_sooner_or_later(self):
            sizes.extend(path.stat().st_size for path in tmp_path.glob("*/*/*.partial"))

    export(Watched(row(number, principal=f"user/{number * 7919}") for number in range(3000)), tmp_path, format=format_)

    assert sizes[2900] > sizes[1500] > sizes[700] > 0


def test_progress_tells_every_service_day_and_every_thousand_rows(tmp_path):
    told = []
    source = Rows([*(row(number) for number in range(2500)), row(9999, "2026-11-21T00:00:00Z")])

    export(
        source,
        tmp_path,
        wanted=Filter(service=("polly",)),
        progress=lambda service, day, rows: told.append((service, day, rows)),
    )

    assert told == [
        *(("polly", "2026-11-20", rows) for rows in (0, 1000, 2000)),
        ("polly", "2026-11-21", 0),
    ]

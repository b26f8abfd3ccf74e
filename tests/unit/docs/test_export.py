"""Exported files have the form described in docs/export.md, and its queries return what the page claims."""

import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import duckdb
import pytest

from aitrail.questions import EventStore, LogFileRows, Scan
from aitrail.questions.export import FORMATS
from aitrail.questions.export.columns import Kind, columns_of
from aitrail.questions.export.folder import Folder
from aitrail.questions.export.notes import Settings
from aitrail.questions.export.ocsf_attributes import ATTRIBUTES, VERSION
from aitrail.services import load
from aitrail.window import BEGINNING
from demo.sample_logs import sample_logs

WHOLE_PAGE = (Path(__file__).parents[3] / "docs/export.md").read_text()
OCSF_PAGE = WHOLE_PAGE[WHOLE_PAGE.index("\n## OCSF") : WHOLE_PAGE.index("\n## Spreadsheets")]
PAGE = WHOLE_PAGE.replace(OCSF_PAGE, "")
RECORDS = Path(__file__).parents[2] / "records"
NOW = datetime(2026, 12, 3, 12, tzinfo=UTC)
BY_MONTH, BY_VOICE, BY_MONTH_OF_JSONL, ATHENA = re.findall(r"```sql\n(.*?);?\n```", PAGE, re.DOTALL)


@pytest.fixture
def store(tmp_path):
    """Sample log files of two months, and their rows."""
    for month, moment in enumerate((NOW, datetime(2026, 11, 20, tzinfo=UTC))):
        for file in sample_logs(moment, seed=month).files:
            path = tmp_path / "logs" / str(month) / file.key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.body)
    return EventStore(LogFileRows(Scan([str(tmp_path / "logs")], report=lambda _: None)), now=lambda: NOW)


@pytest.fixture
def polly(store):
    return list(store.events(since=BEGINNING, until=NOW, service="polly"))


def documented():
    """Names and types of the columns, in the page's order."""
    return dict(
        re.findall(
            r"^\| `(\w+)` \| (string|string, JSON|timestamp|date|boolean|bigint|decimal\(38,12\)) \|",
            PAGE,
            re.MULTILINE,
        )
    )


def test_every_column_is_documented_with_its_type():
    columns = {name: str(kind) for name, kind in columns_of(whole=True).items()}

    assert documented() == columns | {"eventDay": "date"}


def test_columns_are_documented_in_their_order():
    narrow, wide = list(columns_of(whole=False)), list(columns_of(whole=True))

    assert list(documented()) == narrow + [name for name in wide if name not in narrow]


def leaves(attributes, above=()):
    """Paths and documented types of the attributes of events."""
    for name, kind in attributes.items():
        within = kind[0] if isinstance(kind, list) else kind
        if isinstance(within, dict):
            yield from leaves(within, (*above, name))
        else:
            named = "object" if kind is Kind.JSON else f"list of {kind[0]}s" if isinstance(kind, list) else str(kind)
            yield ".".join((*above, name)), named


def test_every_attribute_of_events_is_documented_with_its_type_and_origin():
    found = re.findall(r"^\| `([\w.]+)` \| ([\w ]+) \| .+ \|$", OCSF_PAGE, re.MULTILINE)

    assert found == list(leaves(ATTRIBUTES))
    assert f"version {VERSION}" in " ".join(OCSF_PAGE.split())


def test_every_format_is_documented():
    assert all(f"| `{name}` | " in PAGE for name in FORMATS)


def test_names_of_files_are_documented(tmp_path):
    settings = Settings(format="parquet", whole=False, source="here", conditions={})

    with Folder(tmp_path / "lake", settings) as folder, folder.file("polly", "2026-11-21"):
        partial = {path.name for path in (tmp_path / "lake").rglob("_events*")}

    finished = {path.relative_to(tmp_path).as_posix() for path in (tmp_path / "lake").rglob("*") if path.is_file()}
    ours = {"_aitrail_export.notes", "_aitrail_export.lock"}
    data = "lake/service=polly/eventDay=2026-11-21/events.parquet"
    assert finished == {data, *(f"lake/{name}" for name in ours)}
    assert [name for name in (data, *ours, *partial) if name not in PAGE] == []


QUERIES = {"parquet": BY_MONTH, "jsonl": BY_MONTH_OF_JSONL}


@pytest.mark.parametrize("format_", QUERIES)
def test_query_counts_the_characters_that_usage_counts(tmp_path, monkeypatch, store, format_):
    monkeypatch.chdir(tmp_path)
    store.export("lake", since=BEGINNING, until=NOW, format=format_)
    groups = store.usage(by=["principal", "month"], since=BEGINNING, until=NOW, service="polly")

    found = duckdb.sql(QUERIES[format_]).fetchall()

    expected = {(group["principal"], group["month"]): group["characters"] for group in groups}
    assert {(who, f"{month:%Y-%m}"): total for who, month, total in found} == expected
    assert len({month for _, month in expected}) == 3


@pytest.fixture
def task(tmp_path):
    """A task of 700 characters, a call that queries it, and the copy of its call recorded at a VPC endpoint."""
    spoken = json.loads((RECORDS / "polly-by-user.json").read_text()) | {
        "eventName": "StartSpeechSynthesisTask",
        "responseElements": {"synthesisTask": {"requestCharacters": 700}},
    }
    changes = ({}, {"eventName": "GetSpeechSynthesisTask"}, {"eventCategory": "NetworkActivity"})
    records = [spoken | {"eventID": str(UUID(int=number))} | change for number, change in enumerate(changes)]
    (tmp_path / "task.json").write_text(json.dumps({"Records": records}))
    return EventStore(LogFileRows(Scan([str(tmp_path / "task.json")], report=lambda _: None)), now=lambda: NOW)


@pytest.mark.parametrize("format_", FORMATS)
def test_characters_of_a_task_add_up_to_those_of_usage(tmp_path, task, format_):
    task.export(tmp_path / "lake", since=BEGINNING, until=NOW, format=format_)

    found = duckdb.sql(f"SELECT count(*), sum(characters) FROM '{tmp_path}/lake/*/*/*.{format_}'").fetchall()  # noqa: S608 - ours

    (group,) = task.usage(by=[], since=BEGINNING, until=NOW)
    assert found == [(3, group["characters"])] == [(3, 700)]


def test_query_asks_a_json_column(tmp_path, monkeypatch, store, polly):
    monkeypatch.chdir(tmp_path)
    store.export("lake", since=BEGINNING, until=NOW)

    found = duckdb.sql(BY_VOICE).fetchall()

    calls = [row for row in polly if row.get("eventCategory") != "NetworkActivity"]
    assert dict(found) == Counter(row.get("usage", {}).get("voiceId") for row in calls)


@pytest.mark.parametrize("format_", FORMATS)
def test_duckdb_adds_the_columns_of_the_folder(tmp_path, store, format_):
    store.export(tmp_path / "lake", since=BEGINNING, until=NOW, format=format_)
    expected = Counter((row["service"], row["eventDay"]) for row in store.events(since=BEGINNING, until=NOW))

    counts = f"SELECT service, eventDay::VARCHAR, count(*) FROM '{tmp_path}/lake/*/*/*.{format_}' GROUP BY ALL"  # noqa: S608 - ours
    found = duckdb.sql(counts).fetchall()

    assert {(service, day): count for service, day, count in found} == expected


def test_table_of_athena_has_columns_of_the_files_and_all_services():
    declared = dict(
        re.findall(r"^  `?(\w+)`? (string|timestamp|boolean|bigint|decimal\(38,12\)),?$", ATHENA, re.MULTILINE)
    )

    types = {name.lower(): str(kind).partition(", ")[0] for name, kind in columns_of(whole=False).items()}
    assert declared.items() <= types.items()
    assert not {"service", "eventday"} & set(declared)
    services = ",".join(service.name for service in load().services)
    assert f"'projection.service.values' = '{services}'" in ATHENA


def test_python_call_of_the_page_works(tmp_path, monkeypatch, store):
    call = re.search(r"`EventStore\.export\((.*?)\)`", PAGE)[1]
    monkeypatch.chdir(tmp_path)

    exported = eval(f"store.export({call})", {"store": store})  # noqa: S307 - from the project's documentation

    assert exported.rows == len(list(store.events(since="90d")))
    assert json.loads((tmp_path / "lake/_aitrail_export.notes").read_text().splitlines()[0])["settings"] == {
        "format": "parquet",
        "whole": False,
        "source": str(tmp_path / "logs"),
        "conditions": {},
        "schema": "aitrail",
    }

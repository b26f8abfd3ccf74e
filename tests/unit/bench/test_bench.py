"""The bench runs, and all ways of reading agree. Nothing is timed."""

import gzip
import json
import os
import sys
from dataclasses import replace
from hashlib import sha256

import pytest

from aitrail.dynamodb import items, to_item
from aitrail.rows import row_hash
from aitrail.rows.plain import plain
from aitrail.services import load
from bench import bills, cold_start, commands, deliveries, large_file, log_files, unwanted, wanted_records, writing
from bench.__main__ import GROUPS, measure, results, table
from bench.corpora import Corpus, write_large
from bench.folders import Folder, folders
from bench.function import Aws, deployed
from bench.measuring import Scale
from bench.peers import WAYS

TINY = Scale(
    runs=1,
    files=1,
    file_bytes=20_000,
    tiny_files=2,
    large_bytes=400_000,
    items=10,
    starts=1,
    folder_files=2,
    bill_lines=500,
)
MIXED = Corpus(wanted=0.3)


def records_of(log_file):
    return json.loads(gzip.decompress(log_file))["Records"]


def test_every_way_of_reading_finds_the_same_records():
    (log_file,) = MIXED.files(1, size=400_000)

    found = log_files.naive(log_file)

    assert len(found) > 50
    assert log_files.select(log_file) == found
    assert log_files.select_and_hash(log_file) == found
    assert log_files.inflate(log_file) == len(gzip.decompress(log_file))


@pytest.mark.parametrize("peer", ["loop", "duckdb"])
def test_command_and_its_peers_count_the_same(tmp_path, peer):
    sizes = [1, 50_000, 3000]
    Folder("mixed", MIXED, sizes).write(tmp_path)
    files = sorted(tmp_path.rglob("*.json.gz"))

    counted = WAYS[peer](str(tmp_path), load().sources)

    assert sum(counted.values()) == sum(len(log_files.naive(file.read_bytes())) for file in files) > 5
    assert sum(group["calls"] for group in commands.usage(str(tmp_path), 2, os.environ).said) == sum(counted.values())


def test_folders_are_the_same_each_time(tmp_path):
    for name in ("a", "b"):
        for number, folder in enumerate(folders(TINY)):
            folder._replace(sizes=list(folder.sizes)[:3]).write(tmp_path / name / str(number))

    contents = [[file.read_bytes() for file in sorted((tmp_path / name).rglob("*.gz"))] for name in ("a", "b")]
    assert len(contents[0]) == 12
    assert contents[0] == contents[1]


def test_unwanted_contents_are_read_as_json_loads_reads_them():
    for content in unwanted.contents(10_000).values():
        assert unwanted.read(content) == len(json.loads(content)["Records"])


def test_the_large_file_has_the_promised_size_records_and_ids(tmp_path):
    path = tmp_path / "large"

    records = write_large(path, MIXED, size=500_000, block=100)

    content = gzip.decompress(path.read_bytes())
    found = records_of(path.read_bytes())
    assert 500_000 <= len(content) < 700_000
    assert len(found) == records == large_file.read(path)
    assert len({record["eventID"] for record in found}) == records


def test_every_wanted_record_becomes_one_item():
    found = wanted_records.dense(TINY)

    rows = wanted_records.rows_of(found)

    assert len(rows) == TINY.items
    assert [row["recordIndex"] for row in rows] == [index for index, _ in found] == list(range(len(found)))
    assert all(
        to_item(row)["eventID"] == {"S": record["eventID"]} for row, (_, record) in zip(rows, found, strict=True)
    )
    assert all(items.item_size(row) > 1000 for row in rows)
    known = [plain(row) for row in rows]
    assert [each and sha256(each.text).digest() for each in known] == [row_hash(row) for row in rows]


def test_all_rows_are_written_in_batches():
    rows = wanted_records.rows_of(wanted_records.dense(replace(TINY, items=60)))
    aws = Aws()

    with deployed(aws) as ingestion:
        writing.write(ingestion.events, rows)
        together = aws.requests.copy()
        writing.write_in_turn(ingestion.events, rows)

    assert together == {"BatchWriteItem": 3}
    assert aws.requests == {"BatchWriteItem": 6}


def test_a_delivery_without_hits_takes_three_requests():
    aws = Aws(Corpus().files(1, size=4000)[0])

    with deployed(aws) as ingestion:
        (reported,) = deliveries.deliver(ingestion)

    assert reported.status == "ingested"
    assert "WantedRecords" not in reported.metrics
    assert aws.requests == {"GET": 1, "GetItem": 1, "UpdateItem": 1}


def test_the_wiring_made_for_a_measurement_does_not_stay():
    with deployed(Aws()):
        pass

    assert "lambdas.ingest.wiring" not in sys.modules


@pytest.mark.parametrize("program", cold_start.PROGRAMS.values(), ids=cold_start.PROGRAMS)
def test_what_a_cold_start_imports_can_be_imported(program):
    found = cold_start.start(program, {})

    assert found.said is None
    assert found.wall > 0


@pytest.mark.slow
def test_everything_but_the_cold_start_runs_on_tiny_corpora():
    figures = list(measure(TINY, [group for group in GROUPS if group is not cold_start.figures]))

    assert len({figure.name for figure in figures}) == len(figures)
    assert all(figure.value >= 0 for figure in figures)
    lines = table(figures).splitlines()
    assert lines[0].split() == ["figure", "measured", "target", "met?"]
    assert len(lines) == len(figures) + 1
    written = json.loads(json.dumps(results(figures, quick=True)))
    assert written["quick"] is True
    assert [figure["name"] for figure in written["figures"]] == [figure.name for figure in figures]
    assert {"machine", "versions", "date", "garbage collector"} <= set(written)


@pytest.mark.parametrize("ending", ["parquet", "csv.gz"])
def test_bill_has_so_many_lines_and_all_are_read(tmp_path, ending, capsys):
    bills.write(tmp_path, 700, 0.5, ending)

    bills.main([str(tmp_path)])

    assert json.loads(capsys.readouterr().out)["lines"] == 700

"""The bench runs, its corpora are what they promise, and all its ways of reading find the same. Nothing is timed."""

import gzip
import json
import sys
from collections import Counter
from dataclasses import replace
from itertools import islice

import pytest

from aitrail.dynamodb import items, to_item
from aitrail.rows import CREDENTIALS, identity_of
from aitrail.services import load
from bench import cold_start, deliveries, large_file, log_files, measuring, wanted_records, writing
from bench.__main__ import GROUPS, measure, results, table
from bench.corpora import FRESH, Corpus, write_large
from bench.function import Aws, deployed
from bench.measuring import Figure, Scale

TINY = Scale(runs=1, files=1, file_bytes=20_000, tiny_files=2, large_bytes=400_000, items=10, starts=1)
MIXED = Corpus(wanted=0.3)


def records_of(log_file):
    return json.loads(gzip.decompress(log_file))["Records"]


def test_the_same_arguments_give_the_same_bytes_and_another_seed_gives_others():
    first, again, other = (Corpus(seed=seed).files(2, size=10_000) for seed in (1, 1, 2))

    assert first == again
    assert first[0] != first[1]
    assert first[0] != other[0]


@pytest.mark.parametrize(("compressed", "fresh"), FRESH.items(), ids=lambda value: f"{value:g}")
def test_files_are_about_as_compressible_as_promised(compressed, fresh):
    (log_file,) = Corpus(fresh=fresh).files(1, size=1_000_000)

    ratio = len(gzip.decompress(log_file)) / len(log_file)

    assert 0.85 * compressed < ratio < 1.2 * compressed


@pytest.mark.parametrize("wanted", [0.0, 0.01, 1.0])
def test_the_share_of_wanted_records_is_as_promised(wanted):
    records = [json.loads(text) for text in islice(Corpus(wanted=wanted).records(), 4000)]

    found = sum(record["eventSource"] in load().sources for record in records)

    assert found == pytest.approx(wanted * len(records), abs=0 if wanted in (0, 1) else 20)


def test_noise_comes_from_many_services_and_every_kind_of_caller():
    records = [json.loads(text) for text in islice(Corpus(fresh=1.0).records(), 4000)]

    assert len({record["eventSource"] for record in records}) >= 20
    assert {identity_of(record).credentials for record in records} == set(CREDENTIALS)
    assert len({record["userIdentity"]["type"] for record in records}) == 12
    assert len({record["eventID"] for record in records}) == len(records)
    assert len({record["userAgent"] for record in records}) >= 7


def test_records_have_the_size_of_real_ones():
    sizes = [len(text) for text in islice(Corpus(fresh=1.0).records(), 2000)]

    assert min(sizes) > 500
    assert 1000 < sum(sizes) / len(sizes) < 2000
    assert max(sizes) < 3500


def test_wanted_records_are_of_all_four_services():
    records = [json.loads(text) for text in islice(Corpus(wanted=1.0, fresh=1.0).records(), 400)]

    services = Counter(load().service(record["eventSource"]).name for record in records)

    assert set(services) == {"polly", "transcribe", "lex", "personalize"}
    assert min(services.values()) > 50


def test_every_way_of_reading_finds_the_same_records():
    (log_file,) = MIXED.files(1, size=400_000)

    found = log_files.naive(log_file)

    assert len(found) > 50
    assert log_files.select(log_file) == found
    assert log_files.select_and_hash(log_file) == found
    assert log_files.inflate(log_file) == len(gzip.decompress(log_file))


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


def test_ways_take_turns():
    turns = []

    measuring.cpu_seconds(3, {"a": lambda: turns.append("a"), "b": lambda: turns.append("b")})

    assert turns == list("ababab")


def test_a_child_is_measured_by_itself():
    found = measuring.child("-c", "print(len(bytearray(50_000_000)))", environment={})

    assert found.said == 50_000_000
    assert found.cpu > 0


@pytest.mark.parametrize(
    ("target", "value", "words", "met"),
    [
        ({"most": 2.0}, 2.0, "<= 2", True),
        ({"most": 2.0}, 2.1, "<= 2", False),
        ({"least": 6}, 6.0, ">= 6", True),
        ({"least": 6}, 5.9, ">= 6", False),
        ({}, 1.0, "", None),
    ],
    ids=["at most", "over", "at least", "under", "no target"],
)
def test_a_figure_says_whether_it_meets_its_target(target, value, words, met):
    figure = Figure(name="x", value=value, **target)

    assert (figure.target, figure.met) == (words, met)


@pytest.mark.parametrize("program", cold_start.PROGRAMS.values(), ids=cold_start.PROGRAMS)
def test_what_a_cold_start_imports_can_be_imported(program):
    found = cold_start.start(program, {})

    assert found.said is None
    assert found.wall > 0


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

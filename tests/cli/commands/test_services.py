"""`aitrail services`: the registry, for people and for programs."""

import csv
import io
import json

import pytest

from aitrail.services import load

COLUMNS = ["name", "title", "eventSources", "resourceKinds", "usageCounts", "usageLabels", "lookalikes"]


def test_every_service_of_the_registry_is_a_row(aitrail):
    ended = aitrail("services", "-o", "jsonl")

    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert [row["name"] for row in rows] == [service.name for service in load().services]
    assert {frozenset(row) for row in rows} == {frozenset(COLUMNS)}
    assert {source for row in rows for source in row["eventSources"]} == load().sources


def test_row_has_what_the_file_of_the_service_says(aitrail):
    (polly,) = json.loads(aitrail("services", "--query", "[?name == 'polly']").stdout)

    assert polly == {
        "name": "polly",
        "title": "Amazon Polly",
        "eventSources": ["polly.amazonaws.com", "tts.amazonaws.com"],
        "resourceKinds": ["lexicon", "speech-synthesis-task", "voice"],
        "usageCounts": ["requestCharacters"],
        "usageLabels": ["engine", "languageCode", "outputFormat", "textType", "voiceId"],
        "lookalikes": ["polly*"],
    }


def test_csv_has_lists_as_json(aitrail):
    cells = list(csv.DictReader(io.StringIO(aitrail("services", "-o", "csv").stdout)))

    assert list(cells[0]) == COLUMNS
    assert json.loads(cells[2]["resourceKinds"]) == ["lexicon", "speech-synthesis-task", "voice"]


def test_table_has_a_group_for_each_service(aitrail):
    shown = aitrail("services", "-o", "table").stdout

    groups = {group.partition(" ")[0]: group.splitlines() for group in shown.split("\n\n")}
    assert list(groups) == [service.name for service in load().services]
    assert groups["polly"] == [
        "polly  Amazon Polly",
        "  event sources   polly.amazonaws.com, tts.amazonaws.com",
        "  resource kinds  lexicon, speech-synthesis-task, voice",
        "  usage, counts   requestCharacters",
        "  usage, labels   engine, languageCode, outputFormat, textType, voiceId",
        "  lookalikes      polly*",
    ]


@pytest.mark.parametrize("width", [60, 80, 200])
def test_table_fits_the_terminal_and_leaves_nothing_out(aitrail, width):
    shown = aitrail("services", "-o", "table", env={"COLUMNS": str(width)}).stdout

    assert max(map(len, shown.splitlines())) <= width
    words = shown.replace(",", " ").split()
    assert load().sources | load().resource_kinds <= set(words)


def test_operations_are_those_that_the_sdk_knows(aitrail):
    rows = {row["name"]: row for row in json.loads(aitrail("services", "--operations", "-o", "json").stdout)}

    assert "SynthesizeSpeech" in rows["polly"]["operations"]
    assert "CreateBot" in rows["lex"]["operations"]
    assert "CreateVocabulary" not in rows["polly"]["operations"]
    assert "  operations      DeleteLexicon, " in aitrail("services", "--operations", "-o", "table").stdout


def test_help_says_how_to_add_a_service(aitrail):
    assert "docs/operations.md#adding-a-service" in aitrail("services", "--help").stdout

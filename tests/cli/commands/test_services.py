"""`aitrail services`: the registry, for people and for programs."""

import csv
import io
import json

import pytest

from aitrail.services import load

COLUMNS = [
    *("name", "title", "file", "replaces", "eventSources", "resourceKinds", "usageCounts", "usageLabels", "amounts"),
    "lookalikes",
]
BEDROCK = """
title = "Amazon Bedrock"
event_sources = ["bedrock.amazonaws.com"]
resource = [{ kind = "model", parameters = ["modelId"] }]
[usage.counts]
inputTokenCount = ["additionalEventData.inputTokens"]
[[usage.amounts]]
name = "inputTokens"
count = "inputTokenCount"
operations = ["Converse"]
"""


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
        "file": "built-in",
        "replaces": False,
        "eventSources": ["polly.amazonaws.com", "tts.amazonaws.com"],
        "resourceKinds": ["lexicon", "speech-synthesis-task", "voice"],
        "usageCounts": ["requestCharacters"],
        "usageLabels": ["engine", "languageCode", "outputFormat", "textType", "voiceId"],
        "amounts": ["characters"],
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
        "polly  Amazon Polly (built-in)",
        "  event sources   polly.amazonaws.com, tts.amazonaws.com",
        "  resource kinds  lexicon, speech-synthesis-task, voice",
        "  usage, counts   requestCharacters",
        "  usage, labels   engine, languageCode, outputFormat, textType, voiceId",
        "  amounts         characters",
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
    assert "docs/services.md" in aitrail("services", "--help").stdout


@pytest.fixture
def folder(tmp_path):
    """A folder that adds Bedrock and replaces Polly."""
    folder = tmp_path / "our services"
    folder.mkdir()
    (folder / "bedrock.toml").write_text(BEDROCK)
    (folder / "polly.toml").write_text('title = "Our Polly"\nevent_sources = ["polly.amazonaws.com"]\n')
    return folder


def test_service_says_from_which_file_it_is(aitrail, folder):
    rows = json.loads(aitrail("services", "--service-files", folder, "-o", "json").stdout)

    assert {row["name"]: (row["file"], row["replaces"]) for row in rows} == {
        "bedrock": (f"{folder}/bedrock.toml", False),
        "lex": ("built-in", False),
        "personalize": ("built-in", False),
        "polly": (f"{folder}/polly.toml", True),
        "transcribe": ("built-in", False),
    }
    shown = aitrail("services", "--service-files", folder, "-o", "table").stdout
    assert f"bedrock  Amazon Bedrock ({folder}/bedrock.toml)\n" in shown
    assert f"polly  Our Polly ({folder}/polly.toml, replaces the built-in one)\n" in shown


def test_folder_comes_from_the_variable_and_from_the_configuration_file(aitrail, folder, tmp_path, monkeypatch):
    configuration = tmp_path / "config.toml"
    configuration.write_text('service-files = "our services"\n')
    monkeypatch.chdir("/")  # the path starts at the file

    titles = "[].title"
    by_file = aitrail("--config", configuration, "services", "--query", titles).stdout
    by_variable = aitrail("services", "--query", titles, env={"AITRAIL_SERVICE_FILES": str(folder)}).stdout
    without = aitrail("services", "--query", titles, env={"AITRAIL_SERVICE_FILES": " "}).stdout

    assert "Amazon Bedrock" in by_file
    assert by_variable == by_file != without


WRONG = {
    "no folder": (None, "The folder of service files {} cannot be read: No such file or directory."),
    "no file": ({}, "{} has no *.toml file; it needs one for each service, such as bedrock.toml."),
    "no TOML": ({"a.toml": "title"}, "{}/a.toml cannot be read: "),
    "unknown key": ({"a.toml": BEDROCK.replace("title", "tittle")}, "{}/a.toml: unknown key 'tittle'; choose from "),
    "source of another service": (
        {"tts.toml": BEDROCK.replace("bedrock.", "tts.")},
        "{}/tts.toml, event_sources: tts.amazonaws.com is in aitrail's own polly.toml already; ",
    ),
    "two with one source": (
        {"a.toml": BEDROCK, "b.toml": BEDROCK},
        "{}/b.toml, event_sources: bedrock.amazonaws.com is in a.toml already; ",
    ),
    "name of a measure": (
        {"a.toml": BEDROCK.replace("inputTokenCount", "calls")},
        "{}/a.toml, usage: calls is a name of aitrail's; choose another one.",
    ),
    "name that steers terminals": ({"\x1b[2J.toml": BEDROCK}, "{}/\\x1b[2J.toml, name of the file is "),
}


@pytest.mark.parametrize(("files", "message"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("command", ["services", "usage", "backfill"])
def test_folder_that_is_wrong_is_refused_by_every_command_before_anything_else(
    aitrail, tmp_path, command, files, message
):
    folder = tmp_path / "own"
    if files is not None:
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)

    ended = aitrail(command, "--service-files", folder)

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert f"Error: Invalid value for '--service-files': {message.format(folder)}" in ended.stderr


def test_a_wrong_folder_in_the_variable_is_named_as_such(aitrail, tmp_path):
    ended = aitrail("services", env={"AITRAIL_SERVICE_FILES": str(tmp_path / "own")})

    assert ended.exit_code == 2
    assert "Error: Invalid value for 'AITRAIL_SERVICE_FILES': The folder of service files " in ended.stderr

import shutil
import string
from pathlib import Path

import pytest

import aitrail.services
from aitrail.services import Registry, load

FOLDER = Path(aitrail.services.__file__).parent
REGISTRY = load()

BEDROCK = """
title = "Amazon Bedrock"
event_sources = ["bedrock.amazonaws.com"]
lookalikes = ["bedrock*"]
resource = [{ kind = "model", parameters = ["modelId"] }]
[arn_kinds]
foundation-model = "model"
[usage.counts]
inputTokens = ["additional.inputTokenCount"]
[usage.labels]
streaming = ["streaming"]
"""


def _registry(folder: Path, **files: str) -> Registry:
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return load(folder)


def test_the_default_registry_holds_the_four_services_sorted_by_name():
    titles = [(service.name, service.title) for service in load().services]

    assert titles == [
        ("lex", "Amazon Lex"),
        ("personalize", "Amazon Personalize"),
        ("polly", "Amazon Polly"),
        ("transcribe", "Amazon Transcribe"),
    ]


def test_the_default_registry_is_read_once():
    assert load() is load()
    assert load() is load(FOLDER)


def test_event_sources_are_exactly_the_known_ones():
    names = {
        service.name: {source.removesuffix(".amazonaws.com") for source in service.event_sources}
        for service in REGISTRY.services
    }

    assert names == {
        "polly": {"polly", "tts"},
        "transcribe": {"transcribe", "transcribestreaming"},
        "lex": {
            "lex",
            "models.lex",
            "runtime.lex",
            "models-v2-lex",
            "runtime-v2-lex",
            "lexmodelsv2",
            "lexruntimev2",
            "lexmodelbuildingservice",
            "lexruntimeservice",
        },
        "personalize": {
            "personalize",
            "personalize-runtime",
            "personalize-events",
            "personalizeruntime",
            "personalizeevents",
        },
    }


def test_sources_are_those_of_all_services():
    sources = [source for service in REGISTRY.services for source in service.event_sources]

    assert sorted(REGISTRY.sources) == sorted(sources)
    assert all(source.endswith(".amazonaws.com") for source in sources)


@pytest.mark.parametrize(
    ("event_source", "service"),
    [
        ("polly.amazonaws.com", "polly"),
        ("TTS.AmazonAWS.com", "polly"),
        ("transcribestreaming.amazonaws.com", "transcribe"),
        ("runtime-v2-lex.amazonaws.com", "lex"),
        ("personalize-events.amazonaws.com", "personalize"),
        ("polly", None),
        ("polly.amazonaws.com.cn", None),
        (" polly.amazonaws.com", None),
        ("notpolly.amazonaws.com", None),
        ("", None),
    ],
)
def test_a_service_is_found_by_its_exact_event_source_in_any_case(event_source, service):
    found = REGISTRY.service(event_source)

    assert (found and found.name) == service


@pytest.mark.parametrize(
    ("event_source", "expected"),
    [
        ("polly-streaming.amazonaws.com", True),
        ("PollyRuntime.amazonaws.com", True),
        ("transcribe2.amazonaws.com", True),
        ("personalizeadmin.amazonaws.com", True),
        ("runtime-v3-lex.amazonaws.com", True),
        ("lexmodelsv3.amazonaws.com", True),
        ("lexruntimev3.amazonaws.com", True),
        ("lexv2.amazonaws.com", True),
        ("channels.lexv2.amazonaws.com", True),
        ("replication.lexv2.amazonaws.com", True),
        ("streaming.lex.amazonaws.com", True),
        ("lexicon.amazonaws.com", False),
        ("flexmatch.amazonaws.com", False),
        ("complexlex.amazonaws.com", False),
        ("s3.amazonaws.com", False),
        ("", False),
    ],
)
def test_an_unknown_source_that_looks_like_a_service_is_a_lookalike(event_source, expected):
    assert REGISTRY.is_lookalike(event_source) is expected


def test_a_known_source_is_no_lookalike():
    lookalikes = [source for source in REGISTRY.sources if REGISTRY.is_lookalike(source.upper())]

    assert lookalikes == []


def test_a_file_in_the_folder_adds_a_service(tmp_path):
    shutil.copytree(FOLDER, tmp_path / "services")

    registry = _registry(tmp_path / "services", bedrock=BEDROCK)

    bedrock = registry.service("Bedrock.amazonaws.com")
    arn = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-v2:1"
    assert [service.name for service in registry.services] == ["bedrock", "lex", "personalize", "polly", "transcribe"]
    assert registry.sources == REGISTRY.sources | {"bedrock.amazonaws.com"}
    assert registry.is_lookalike("bedrock-runtime.amazonaws.com")
    assert registry.fingerprint != REGISTRY.fingerprint
    assert bedrock.resource_of("InvokeModel", {"modelId": arn}, None) == "model/anthropic.claude-v2:1"
    assert bedrock.usage_of({"streaming": False}, {"additional": {"inputTokenCount": 7}}) == {
        "inputTokens": 7,
        "streaming": False,
    }


ONE = """
title = "One"
event_sources = ["a.example.com", "b.example.com"]
resource = [{ kind = "thing", parameters = ["name", "id"] }, { kind = "other", parameters = ["x"] }]
[usage.labels]
a = ["a"]
b = ["b"]
"""
TWO = 'title = "Two"\nevent_sources = ["two.example.com"]\n'


def test_the_fingerprint_is_12_hex_digits():
    assert len(REGISTRY.fingerprint) == 12
    assert set(REGISTRY.fingerprint) <= set(string.hexdigits.lower())


def test_the_fingerprint_ignores_comments_layout_and_the_order_of_files_and_keys(tmp_path):
    other_layout = """
# The same service.
event_sources = [ "b.example.com",  # one
                  "a.example.com" ]
title   = 'One'
[usage]
labels = { b = ["b"], a = ["a"] }
[[resource]]
parameters = ["name", "id"]
kind = "thing"
[[resource]]
kind = "other"
parameters = ["x"]
"""
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()

    first = _registry(tmp_path / "first", one=ONE, two=TWO)
    second = _registry(tmp_path / "second", two=TWO + "\n\n", one=other_layout)

    assert first.fingerprint == second.fingerprint
    assert first == second


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"a.example.com"', '"c.example.com"'),
        ('["name", "id"]', '["id", "name"]'),
        ('kind = "thing"', 'kind = "object"'),
        ('"thing",', '"thing", operations = ["Get*"],'),
        ('a = ["a"]', 'a = ["z"]'),
        ("[usage.labels]", "[usage.counts]"),
    ],
)
def test_the_fingerprint_changes_with_what_a_file_says(tmp_path, old, new):
    before = _registry(tmp_path, one=ONE).fingerprint

    after = _registry(tmp_path, one=ONE.replace(old, new)).fingerprint

    assert after != before

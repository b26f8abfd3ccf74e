import string
from pathlib import Path

import pytest

import aitrail.services
from aitrail.services import Registry, RegistryError, load

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
    folder.mkdir(exist_ok=True)
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


def test_a_file_in_a_folder_adds_a_service(tmp_path):
    registry = _registry(tmp_path, bedrock=BEDROCK)

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


def test_a_file_with_the_name_of_a_service_replaces_it_as_a_whole(tmp_path):
    text = 'title = "Our Polly"\nevent_sources = ["polly.amazonaws.com"]\n'

    registry = _registry(tmp_path, polly=text)

    (polly,) = (service for service in registry.services if service.name == "polly")
    assert (polly.title, polly.folder, polly.rules) == ("Our Polly", tmp_path, ())
    assert [service.name for service in registry.services] == [service.name for service in REGISTRY.services]
    assert registry.sources == REGISTRY.sources - {"tts.amazonaws.com"}
    assert registry.folder == tmp_path
    assert REGISTRY.folder is None


@pytest.mark.parametrize("name", ["aaa", "zzz"])
def test_a_file_cannot_take_an_event_source_of_aitrails_own(tmp_path, name):
    text = 'title = "Speech"\nevent_sources = ["tts.amazonaws.com"]\n'

    with pytest.raises(RegistryError) as caught:
        _registry(tmp_path, **{name: text})

    assert str(caught.value) == (
        f"{tmp_path}/{name}.toml, event_sources: tts.amazonaws.com is in aitrail's own polly.toml already; "
        "an event source belongs to one service"
    )


AMOUNT = """
[[usage.amounts]]
name = "{name}"
count = "tokens"
operations = ["Invoke*"]
"""


@pytest.mark.parametrize(
    ("usage", "message"),
    [
        ("[usage.labels]\nENGINE = ['a']", "the label ENGINE is the label engine in aitrail's own polly.toml"),
        ("[usage.counts]\nengine = ['a']", "the count engine is the label engine in aitrail's own polly.toml"),
        ("[usage.counts]\ntokens = ['a']" + AMOUNT.format(name="tokens"), "the amount tokens is the count tokens in x"),
        (
            "[usage.counts]\ntokens = ['a']" + AMOUNT.format(name="engine"),
            "the amount engine is the label engine in aitrail's own polly.toml",
        ),
    ],
    ids=["case", "kind", "amount-like-its-count", "amount-like-a-label"],
)
def test_fields_that_queries_could_not_tell_apart_are_refused(tmp_path, usage, message):
    with pytest.raises(RegistryError) as caught:
        _registry(tmp_path, x=f'title = "X"\nevent_sources = ["x.example.com"]\n{usage}')

    assert str(caught.value).startswith(f"{tmp_path}/x.toml, usage: {message}")
    assert str(caught.value).endswith("; give it another name, or the same name and kind")


def test_a_field_that_means_the_same_as_in_another_service_may_have_its_name(tmp_path):
    text = 'title = "X"\nevent_sources = ["x.example.com"]\n[usage.labels]\nengine = ["mode"]\n'

    assert _registry(tmp_path, x=text).service("x.example.com").labels == (("engine", ("mode",)),)


def test_amounts_of_aitrails_own_services_come_first(tmp_path):
    counts = "[usage.counts]\ntokens = ['a']"
    text = f'title = "A"\nevent_sources = ["a.example.com"]\n{counts}{AMOUNT.format(name="allTokens")}'

    registry = _registry(tmp_path, aaa=text)

    assert [(name, [each.name for each in found]) for name, found in registry.amounts.items()] == [
        ("polly", ["characters"]),
        ("aaa", ["allTokens"]),
    ]


def test_the_fingerprint_of_the_default_registry_stays_until_rows_change():
    """Every row of every deployment would be outdated: change this on purpose only, and say what the upgrade costs."""
    assert REGISTRY.fingerprint == "5f5bc2b892c3"


def test_what_determines_no_row_does_not_change_the_fingerprint(tmp_path):
    polly = (FOLDER / "polly.toml").read_text()

    same = _registry(tmp_path / "same", polly=polly)
    other = _registry(
        tmp_path / "other",
        polly=polly.replace("[[usage.amounts]]", "[[usage.amounts]] # x").replace(
            'metric = "AWS/Polly, RequestCharacters"', ""
        ),
    )

    assert same.fingerprint == other.fingerprint == REGISTRY.fingerprint


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

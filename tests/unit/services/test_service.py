from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.services import Service, load, operation_of
from aitrail.services.parameters import first_name
from tests.shared.fuzzing import law

NAMES = st.sampled_from(["engine", "voiceId", "additionalEventData", "requestCharacters", "x"])
REGISTRY = load()
POLLY, TRANSCRIBE, LEX, PERSONALIZE = (
    REGISTRY.service(f"{name}.amazonaws.com") for name in ("polly", "transcribe", "lex", "personalize")
)


@pytest.mark.parametrize(
    ("event_name", "operation"),
    [
        ("SynthesizeSpeech", "SynthesizeSpeech"),
        ("SynthesizeSpeech20161128", "SynthesizeSpeech"),
        ("CreateFunction20150331v2", "CreateFunction"),
        ("CreateFunction20150331_v2", "CreateFunction"),
        ("CreateFunction2020_05_31", "CreateFunction2020_05_31"),
        ("Foo123456789", "Foo123456789"),
        ("Foo12345678", "Foo12345678"),
        ("Foo20161328", "Foo20161328"),
        ("Foo20161100", "Foo20161100"),
        ("Foo920161128", "Foo920161128"),
        ("GetObjectV2", "GetObjectV2"),
        ("Foo20161128Bar", "Foo20161128Bar"),
        ("Foo20161128\n", "Foo20161128\n"),
        ("20161128", "20161128"),
        ("20161128v2", "20161128v2"),
        ("", ""),
    ],
)
def test_the_operation_is_the_event_name_without_a_trailing_api_date(event_name, operation):
    assert operation_of(event_name) == operation


@given(st.text())
def test_the_operation_is_a_prefix_of_the_event_name_and_stays(event_name):
    operation = operation_of(event_name)

    assert event_name.startswith(operation)
    assert bool(operation) == bool(event_name)


@pytest.mark.parametrize(
    ("service", "operation", "request_", "response", "resource"),
    [
        pytest.param(POLLY, "PutLexicon", {"name": "acronyms"}, None, "lexicon/acronyms", id="polly-member-name"),
        pytest.param(
            POLLY, "SynthesizeSpeech", {"lexiconNames": [None, "", 3, "b", "c"]}, None, "lexicon/b", id="first-of-list"
        ),
        pytest.param(POLLY, "SynthesizeSpeech", {"lexiconNames": []}, None, None, id="empty-list"),
        pytest.param(POLLY, "GetLexicon", {"lexiconName": "****"}, None, None, id="redacted"),
        pytest.param(
            POLLY,
            "GetLexicon",
            {"lexiconName": "HIDDEN_DUE_TO_SECURITY_REASONS"},
            {"lexiconName": "a"},
            "lexicon/a",
            id="hidden-in-request-only",
        ),
        pytest.param(
            POLLY, "GetLexicon", {"LEXICONNAME": "b", "lexiconName": "a"}, None, "lexicon/a", id="exact-case-first"
        ),
        pytest.param(
            POLLY, "GetLexicon", {"LexiconName": "b", "LEXICONNAME": "c"}, None, "lexicon/b", id="first-spelling"
        ),
        pytest.param(POLLY, "PutLexicon", {"lexiconName": "a/b c"}, None, "lexicon/a/b c", id="bare-value-as-it-is"),
        pytest.param(
            TRANSCRIBE,
            "TagResource",
            {"resourceArn": "arn:aws:transcribe:us-east-1:111122223333:analytics-job/call"},
            None,
            "call-analytics-job/call",
            id="arn-kind-mapped",
        ),
        pytest.param(
            TRANSCRIBE,
            "TagResource",
            {"resourceArn": "arn:aws-us-gov:iam::111122223333:role/service-role/Admin"},
            None,
            "role/service-role/Admin",
            id="arn-of-another-service",
        ),
        pytest.param(
            TRANSCRIBE,
            "TagResource",
            {"resourceArn": "arn:aws:sns:us-east-1:111122223333:alarms"},
            None,
            "resource/alarms",
            id="arn-without-a-kind",
        ),
        pytest.param(
            TRANSCRIBE,
            "TagResource",
            {"resourceArn": "arn:aws:logs:us-east-1:111122223333:log-group:calls:*"},
            None,
            "log-group/calls:*",
            id="arn-with-colons",
        ),
        pytest.param(
            TRANSCRIBE, "TagResource", {"resourceArn": "arn:aws:sns"}, None, "resource/arn:aws:sns", id="arn-cut-short"
        ),
        pytest.param(
            TRANSCRIBE,
            "StartStreamTranscription",
            {"vocabularyName": "terms"},
            {"sessionId": "5b0c"},
            "transcription-stream/5b0c",
            id="session-of-the-response",
        ),
        pytest.param(
            TRANSCRIBE,
            "StartMedicalStreamTranscription",
            {"vocabularyName": "terms"},
            None,
            "medical-vocabulary/terms",
            id="denied-stream",
        ),
        pytest.param(LEX, "DeleteIntent", {"name": "Order"}, None, "intent/Order", id="lex-v1-by-name"),
        pytest.param(
            LEX, "DeleteIntent", {"botId": "BQ7XK2M9TD", "intentId": "I"}, None, "bot/BQ7XK2M9TD", id="lex-v2-by-bot-id"
        ),
        pytest.param(
            LEX, "GetExport", {"name": "Flowers", "resourceType": "BOT"}, None, "bot/Flowers", id="lex-v1-export-of-bot"
        ),
        pytest.param(
            LEX,
            "GetExport",
            {"name": "Types", "resourceType": "SLOT_TYPE"},
            None,
            "slot-type/Types",
            id="lex-v1-export-of-slot-type",
        ),
        pytest.param(LEX, "GetExport", {"name": "Flowers"}, None, None, id="lex-v1-export-of-unknown"),
        pytest.param(
            LEX,
            "TagResource",
            {"resourceArn": "arn:aws:lex:us-east-1:111122223333:intent:Order:3"},
            None,
            "intent/Order",
            id="lex-v1-intent-version",
        ),
        pytest.param(
            LEX,
            "TagResource",
            {"resourceArn": "arn:aws:lex:us-east-1:111122223333:slottype:Types:1"},
            None,
            "slot-type/Types",
            id="lex-v1-slot-type-version",
        ),
        pytest.param(
            PERSONALIZE,
            "ListRecipes",
            {"recipeArn": "arn:aws:personalize:::recipe/aws-sims"},
            None,
            "recipe/aws-sims",
            id="arn-without-region-and-account",
        ),
        pytest.param(
            PERSONALIZE,
            "DescribeCampaign",
            {"campaignArn": "movies"},
            None,
            "campaign/movies",
            id="name-instead-of-arn",
        ),
    ],
)
def test_a_resource_is_its_kind_and_its_name(service, operation, request_, response, resource):
    assert service.resource_of(operation, request_, response) == resource


@pytest.mark.parametrize(
    ("specification", "resource"),
    [
        ({"botExportSpecification": {"botId": "BQ7XK2M9TD", "botVersion": "DRAFT"}}, "bot/BQ7XK2M9TD"),
        ({"botLocaleExportSpecification": {"botId": "BQ7XK2M9TD", "localeId": "en_US"}}, "bot/BQ7XK2M9TD"),
        ({"customVocabularyExportSpecification": {"botId": "BQ7XK2M9TD", "localeId": "en_US"}}, "bot/BQ7XK2M9TD"),
        ({"testSetExportSpecification": {"testSetId": "TS2SET8AKF"}}, "test-set/TS2SET8AKF"),
    ],
    ids=["bot", "locale", "vocabulary", "test-set"],
)
def test_a_denied_export_yields_what_was_to_be_exported(specification, resource):
    assert LEX.resource_of("CreateExport", {"resourceSpecification": specification}, None) == resource


@pytest.mark.parametrize(
    ("service", "request_", "response", "usage"),
    [
        pytest.param(
            POLLY,
            {"engine": "standard", "outputFormat": "mp3"},
            {"synthesisTask": {"requestCharacters": 0, "engine": "neural", "languageCode": "en-US"}},
            {"requestCharacters": 0, "engine": "standard", "outputFormat": "mp3", "languageCode": "en-US"},
            id="request-before-response",
        ),
        pytest.param(
            TRANSCRIBE,
            {
                "identifyLanguage": True,
                "contentRedaction": {"redactionType": "PII", "redactionOutput": "redacted"},
                "toxicityDetection": [{"toxicityCategories": ["ALL"]}],
                "settings": {"summarization": {"generateAbstractiveSummary": False}},
            },
            None,
            {"identifyLanguage": True, "contentRedaction": "PII", "toxicityDetection": "ALL", "summarization": False},
            id="scalars-in-containers",
        ),
        pytest.param(
            PERSONALIZE,
            {"minProvisionedTPS": 2, "campaignConfig": {"enableMetadataWithRecommendations": True}},
            {"campaignArn": "arn:aws:personalize:us-east-1:111122223333:campaign/live"},
            {"minProvisionedTPS": 2, "enableMetadataWithRecommendations": True},
            id="personalize-campaign",
        ),
        pytest.param(
            LEX,
            {"botAliasId": "TSTALIASID", "localeId": "en_US", "requestContentType": "text/plain"},
            {"inputMode": "Text"},
            {"botAliasId": "TSTALIASID", "localeId": "en_US", "requestContentType": "text/plain", "inputMode": "Text"},
            id="lex-utterance",
        ),
    ],
)
def test_usage_is_what_the_record_says_under_the_names_of_the_registry(service, request_, response, usage):
    assert service.usage_of(request_, response) == usage


@pytest.mark.parametrize("count", [-1, 2.0, True, "25", None, [25], {"value": 25}, 2**63])
def test_a_count_is_a_whole_number_from_0_to_63_bits(count):
    assert POLLY.usage_of(None, {"requestCharacters": count}) == {}
    assert POLLY.usage_of(None, {"requestCharacters": 2**63 - 1}) == {"requestCharacters": 2**63 - 1}


@pytest.mark.parametrize("label", ["", "***", "HIDDEN_DUE_TO_SECURITY_REASONS", 3, 1.5, None, [], {"a": "b"}])
def test_a_label_is_a_bool_or_a_short_text(label):
    assert POLLY.usage_of({"engine": label}, None) == {}
    assert POLLY.usage_of({"engine": "x" * 64}, None) == {"engine": "x" * 64}


def test_a_long_label_is_cut_and_still_differs_from_others():
    labels = {POLLY.usage_of({"engine": "x" * 65 + end}, None)["engine"] for end in ("", "a", "b")}

    assert len(labels) == 3
    assert {(len(label), label[:48]) for label in labels} == {(64, "x" * 47 + "~")}


@pytest.mark.parametrize(
    ("record", "service", "operation", "resource", "usage"),
    [
        pytest.param(
            {
                "eventSource": "tts.amazonaws.com",
                "eventName": "SynthesizeSpeech20161128",
                "requestParameters": {
                    "lexiconNames": ["Brands"],
                    "outputFormat": "ogg_vorbis",
                    "sampleRate": "16000",
                    "text": "******",
                    "textType": "ssml",
                    "voiceId": "Vicki",
                },
                "responseElements": {"contentType": "audio/ogg", "requestCharacters": 25},
            },
            "polly",
            "SynthesizeSpeech",
            "lexicon/Brands",
            {"requestCharacters": 25, "voiceId": "Vicki", "outputFormat": "ogg_vorbis", "textType": "ssml"},
            id="polly-of-2016",
        ),
        pytest.param(
            {
                "eventSource": "transcribe.amazonaws.com",
                "eventName": "StartTranscriptionJob",
                "requestParameters": {
                    "mediaFormat": "flac",
                    "languageCode": "es-US",
                    "transcriptionJobName": "hotline-7",
                    "media": {"mediaFileUri": ""},
                },
                "responseElements": {
                    "transcriptionJob": {"transcriptionJobName": "hotline-7", "media": {"mediaFileUri": ""}}
                },
            },
            "transcribe",
            "StartTranscriptionJob",
            "transcription-job/hotline-7",
            {"languageCode": "es-US"},
            id="transcribe-with-empty-uri",
        ),
        pytest.param(
            {
                "eventSource": "lex.amazonaws.com",
                "eventName": "PutBot",
                "requestParameters": {
                    "name": "PizzaBot",
                    "intents": [{"intentName": "OrderPizza", "intentVersion": "2"}],
                    "locale": "en-GB",
                    "childDirected": False,
                },
                "responseElements": {"name": "PizzaBot", "version": "$LATEST", "status": "BUILDING"},
            },
            "lex",
            "PutBot",
            "bot/PizzaBot",
            {"localeId": "en-GB", "apiVersion": "v1"},
            id="lex-v1-bot",
        ),
        pytest.param(
            {
                "eventSource": "personalize.amazonaws.com",
                "eventName": "ListDatasetGroups",
                "requestParameters": None,
                "responseElements": None,
            },
            "personalize",
            "ListDatasetGroups",
            None,
            {},
            id="personalize-without-parameters",
        ),
    ],
)
def test_a_documented_record_yields_its_service_operation_resource_and_usage(
    record, service, operation, resource, usage
):
    found = REGISTRY.service(record["eventSource"])
    parameters = record["requestParameters"], record["responseElements"]

    assert found.name == service
    assert operation_of(record["eventName"]) == operation
    assert found.resource_of(operation, *parameters) == resource
    assert found.usage_of(*parameters) == usage


_PARAMETERS = sorted(
    {
        name
        for service in REGISTRY.services
        for path in [
            *(path for rule in service.rules + service.used for path in rule.parameters),
            *(path for stream in service.streams for path in stream.key),
            *(path for version in service.api_versions for path, _ in version.when),
            *(path for _, paths in service.counts + service.labels for path in paths),
        ]
        for part in path.split(".")
        for name in (part, part.upper())
    }
)
_ARNS = [
    "arn:aws:lex:::bot:x:y",
    "arn:aws:lex:::bot/",
    "arn:aws:lex:::bot//x",
    "arn:aws:sns:::x",
    "arn:::::",
    "arn::::::x",
]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(_ARNS),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(st.sampled_from(_PARAMETERS) | st.text(max_size=3), children, max_size=4)
    ),
    max_leaves=12,
)
_OPERATION_NAMES = st.sampled_from(["CreateCampaign", "PutBot", "GetExport", "StartMedicalScribeStream", "", "*["])


@given(service=st.sampled_from(REGISTRY.services), operation=_OPERATION_NAMES, request_=_JSON, response=_JSON)
def test_no_json_value_makes_it_fail(service, operation, request_, response):
    resource, used, usage = service.attributes_of(operation, request_, response)

    assert resource is None or resource.partition("/")[1] == "/"
    assert all(each.partition("/")[0] for each in used)
    assert resource not in used
    assert all(
        isinstance(value, bool)
        or (isinstance(value, int) and 0 <= value < 2**63)
        or (isinstance(value, str) and 1 <= len(value) <= 64)
        for value in usage.values()
    )


@pytest.mark.parametrize(
    "value",
    [
        "text",
        b"bytes",
        7,
        [{"lexiconName": "a"}],
        {7: "a", None: "b"},
        {"lexiconName": 7},
        {"lexiconName": {"name": "a"}},
        {"lexiconNames": [["a"], [["b"]], {"c": "d"}]},
        {"synthesisTask": "task"},
        {"synthesisTask": [[{"taskId": "a"}]]},
        {"synthesisTask": []},
    ],
    ids=str,
)
def test_a_value_of_another_shape_counts_as_absent(value):
    assert POLLY.resource_of("GetLexicon", value, value) is None
    assert POLLY.usage_of(value, value) == {}


@pytest.mark.parametrize(
    ("service", "operation", "request_", "resource", "used"),
    [
        pytest.param(
            POLLY,
            "SynthesizeSpeech",
            {"lexiconNames": ["a", None, "b", "a", ["c"]], "voiceId": "Amy"},
            "lexicon/a",
            ("lexicon/b",),
            id="lexicons",
        ),
        pytest.param(POLLY, "SynthesizeSpeech", {"voiceId": "vc-9a8f"}, "voice/vc-9a8f", (), id="custom-voice-alone"),
        pytest.param(
            POLLY,
            "StartSpeechSynthesisTask",
            {"lexiconNames": ["a"], "voiceId": "vc-9a8f"},
            "lexicon/a",
            ("voice/vc-9a8f",),
            id="denied-task",
        ),
        pytest.param(
            TRANSCRIBE,
            "StartTranscriptionJob",
            {
                "transcriptionJobName": "call",
                "settings": {"vocabularyName": "terms", "vocabularyFilterName": "words"},
                "languageIdSettings": {"de-DE": {"vocabularyName": "namen"}, "fr-FR": {"languageModelName": "noms"}},
            },
            "transcription-job/call",
            ("vocabulary/terms", "vocabulary/namen", "vocabulary-filter/words", "language-model/noms"),
            id="job-in-several-languages",
        ),
        pytest.param(
            TRANSCRIBE,
            "StartMedicalTranscriptionJob",
            {"medicalTranscriptionJobName": "ward", "settings": {"vocabularyName": "terms"}},
            "medical-transcription-job/ward",
            ("medical-vocabulary/terms",),
            id="medical-vocabulary-only",
        ),
        pytest.param(
            TRANSCRIBE,
            "StartStreamTranscription",
            {"vocabularyNames": "a, b,", "sessionId": "5b0c"},
            "transcription-stream/5b0c",
            ("vocabulary/a", "vocabulary/b"),
            id="list-as-a-header",
        ),
        pytest.param(
            TRANSCRIBE,
            "TranscribeAudio",
            {
                "VocabularySettings": [{"VocabularyName": "a"}, {"VocabularyName": "b"}],
                "VocabularyFilterSettings": {"Filters": [{"VocabularyFilterName": "c"}, {"VocabularyFilterName": "d"}]},
            },
            "vocabulary/a",
            ("vocabulary/b", "vocabulary-filter/c", "vocabulary-filter/d"),
            id="lists-of-objects",
        ),
        pytest.param(
            TRANSCRIBE, "UpdateVocabulary", {"vocabularyName": "a"}, "vocabulary/a", (), id="subject-of-the-call"
        ),
    ],
)
def test_all_resources_that_a_call_uses_are_found(service, operation, request_, resource, used):
    found = service.attributes_of(operation, request_, None)

    assert (found.resource, found.used) == (resource, used)


@pytest.mark.parametrize(
    ("operation", "request_", "response", "usage"),
    [
        ("StartStreamTranscription", {"sessionId": "5b0c"}, None, {"stream": "5b0c"}),
        ("StartStreamTranscription", {}, {"sessionId": "5b0c"}, {"stream": "5b0c"}),
        ("StartStreamTranscriptionWebSocket", {}, {}, {}),
        ("EndStreamTranscription", {"sessionId": "5b0c"}, None, {"streamEnd": True, "stream": "5b0c"}),
        ("EndStreamTranscriptionWebSocket", None, None, {"streamEnd": True}),
        ("EndMedicalStreamTranscription", {"sessionId": "5b0c"}, None, {"streamEnd": True, "stream": "5b0c"}),
        ("EndCallAnalyticsStreamTranscription", None, {"SESSIONID": "a"}, {"streamEnd": True, "stream": "a"}),
        ("GetMedicalScribeStream", {"sessionId": "5b0c"}, None, {}),
        ("StartTranscriptionJob", {"sessionId": "5b0c"}, None, {}),
    ],
)
def test_begin_and_end_of_a_stream_have_its_key_and_the_end_is_marked(operation, request_, response, usage):
    assert TRANSCRIBE.attributes_of(operation, request_, response).usage == usage


def test_the_records_of_one_stream_have_the_same_key_however_long_it_is():
    begin, end = (
        TRANSCRIBE.attributes_of(operation, {"sessionId": "s" * 1000}, None).usage
        for operation in ("StartStreamTranscription", "EndStreamTranscription")
    )

    assert begin["stream"] == end["stream"]
    assert len(end["stream"]) == 64


def test_huge_values_are_passed_on_or_left_out():
    name = "n" * 1_000_000
    arn = "arn:aws:lex:us-east-1:111122223333:bot-alias/" + name + "/ALIAS"

    assert POLLY.resource_of("GetLexicon", {"lexiconName": name}, None) == f"lexicon/{name}"
    assert LEX.resource_of("TagResource", {"resourceARN": arn}, None) == f"bot/{name}"
    assert LEX.resource_of("TagResource", {"resourceARN": ":" * 1_000_000}, None) == "bot/" + ":" * 1_000_000
    assert POLLY.usage_of({"lexiconNames": [name] * 100}, {"requestCharacters": 10**5000}) == {}
    assert PERSONALIZE.resource_of(name, {f"{name}{index}": None for index in range(20)}, None) is None


def test_deep_nesting_is_never_walked():
    value: object = "a"
    for _ in range(100_000):
        value = {"synthesisTask": value}

    assert POLLY.resource_of("GetLexicon", value, value) is None
    assert POLLY.usage_of(value, value) == {}


TOKENS = replace(
    POLLY,
    counts=(("tokens", ("additionalEventData.inputTokens",)),),
    labels=(("place", ("additionalEventData.inference.region", "region")),),
)


@pytest.mark.parametrize(
    ("request_", "additional", "usage"),
    [
        (None, {"inputTokens": 7}, {"tokens": 7}),
        (None, {"INPUTTOKENS": 7, "inference": [{"region": "eu-north-1"}]}, {"tokens": 7, "place": "eu-north-1"}),
        ({"region": "a"}, {"inference": {"region": "b"}}, {"place": "b"}),
        ({"region": "a"}, {"region": "b"}, {"place": "a"}),
        ({"inputTokens": 7}, {}, {}),
        ({"inputTokens": 7}, None, {}),
        # What a caller names like that does not count where CloudTrail has said something.
        ({"additionalEventData": {"inputTokens": 9}}, {"inputTokens": 7}, {"tokens": 7}),
        (None, {"inputTokens": -1}, {}),
        (None, {"inputTokens": "7"}, {}),
        (None, [{"inputTokens": 7}], {"tokens": 7}),
        (None, "inputTokens", {}),
        (None, 7, {}),
    ],
)
def test_parameters_in_additional_event_data_are_looked_up_there_alone(request_, additional, usage):
    assert TOKENS.attributes_of("Converse", request_, None, "", additional).usage == usage


@given(st.recursive(st.none() | st.integers() | st.text(), lambda each: st.lists(each) | st.dictionaries(NAMES, each)))
def test_additional_event_data_changes_nothing_for_a_service_that_does_not_read_it(additional):
    request = {"text": "***", "voiceId": "Joanna", "engine": "neural"}

    found = POLLY.attributes_of("SynthesizeSpeech", request, None, "", additional)

    assert found == POLLY.attributes_of("SynthesizeSpeech", request, None)


def everything(self, _names):
    """The slow twin of what concerns a record: all rules and fields are tried for each."""
    return self.rules, self._usage, self.used


PARAMETERS = {
    service: sorted(
        {
            name
            for paths in [*(rule.parameters for rule in service.rules + service.used), *dict(service.labels).values()]
            for path in paths
            for name in (path.partition(".")[0], first_name(path), first_name(path).upper())
        }
    )
    for service in [*REGISTRY.services, TOKENS]
}
OPERATIONS = ["SynthesizeSpeech", "CreateVoice", "PutLexicon", "CreateVocabulary", "StartMedicalTranscriptionJob", ""]
TEXTS = st.sampled_from(["a", "b,c", "***", "vc-1", "arn:aws:polly:eu-west-1:111122223333:lexicon/w"])
MEMBERS = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers(-1, 9),
    lambda each: st.lists(each, max_size=2) | st.dictionaries(st.sampled_from(["vocabularyName", "name"]), each),
    max_leaves=4,
)


@law(400)
@given(data=st.data(), service=st.sampled_from(list(PARAMETERS)), operation=st.sampled_from(OPERATIONS))
def test_what_does_not_concern_a_record_changes_nothing(data, service, operation):
    sides = st.dictionaries(st.sampled_from(PARAMETERS[service]), MEMBERS, max_size=6) | MEMBERS
    record = (operation, data.draw(sides), data.draw(sides), service.event_sources[0], data.draw(MEMBERS))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Service, "_concerning_of", everything)
        expected = replace(service).attributes_of(*record)

    assert service.attributes_of(*record) == expected
    assert list(service.attributes_of(*record).usage) == list(expected.usage)


def test_what_concerns_records_is_kept_of_few_sets_of_names():
    service = replace(POLLY)
    names = sorted(service._names)

    for number in range(2000):
        chosen = {name for place, name in enumerate(names) if number >> place & 1}
        service.attributes_of("", dict.fromkeys(chosen, 1), None)

    assert service._concerning.cache_info().currsize == 1024

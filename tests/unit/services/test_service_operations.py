"""Every API operation of the four services and the resource it acts on, as listed in operations.tsv."""

import csv
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import botocore.session
import pytest

from aitrail.services import Registry, Service, load
from tests.shared.unknown_operations import obsolete_operations, unknown_operations


class Operation(NamedTuple):
    service: Service
    api: str
    name: str
    request: Any
    response: Any
    resource: str | None

    def resource_of(self, request: Any, response: Any) -> str | None:
        return self.service.resource_of(self.name, request, response)


def _operations() -> list[Operation]:
    services = {service.name: service for service in load().services}
    with Path(__file__).with_name("operations.tsv").open(encoding="utf-8", newline="") as table:
        lines = list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Operation(
            service=services[line["service"]],
            api=line["API"],
            name=line["eventName"],
            request=json.loads(line["requestParameters"]),
            response=json.loads(line["responseElements"]),
            resource=line["resource"] or None,
        )
        for line in lines
    ]


OPERATIONS = _operations()
OPERATION_COUNTS = {
    "polly": 16,
    "transcribe": 45,
    "transcribe-streaming": 5,
    "lex-models": 42,
    "lex-runtime": 5,
    "lexv2-models": 107,
    "lexv2-runtime": 6,
    "personalize": 71,
    "personalize-console": 2,
    "personalize-runtime": 3,
    "personalize-events": 5,
}

# A denied call has no response: the resource to create has the name in the request or, without one, its parent counts.
DENIED = {
    ("polly", "CreateVoice"): "voice/Narrator",
    ("polly", "StartSpeechSynthesisTask"): "lexicon/w3c",
    ("lex-models", "StartImport"): None,
    ("lex-models", "StartMigration"): "bot/LegacyFlowers",
    ("lexv2-models", "CreateBot"): "bot/OrderFlowers",
    ("lexv2-models", "CreateExport"): "bot/BQ7XK2M9TD",
    ("lexv2-models", "CreateTestSetDiscrepancyReport"): "test-set/TS2SET8AKF",
    ("lexv2-models", "CreateUploadUrl"): None,
    ("lexv2-models", "StartTestExecution"): "test-set/TS2SET8AKF",
    ("lexv2-models", "StartTestSetGeneration"): "test-set/regression",
    ("personalize-console", "CreateDataInsightsJob"): "data-insights-job/nightly",
    ("personalize", "CreateBatchInferenceJob"): "batch-inference-job/nightly",
    ("personalize", "CreateBatchSegmentJob"): "batch-segment-job/nightly",
    ("personalize", "CreateCampaign"): "campaign/movies",
    ("personalize", "CreateDataDeletionJob"): "data-deletion-job/nightly",
    ("personalize", "CreateDataset"): "dataset/movies",
    ("personalize", "CreateDatasetExportJob"): "dataset-export-job/nightly",
    ("personalize", "CreateDatasetGroup"): "dataset-group/movies",
    ("personalize", "CreateDatasetImportJob"): "dataset-import-job/nightly",
    ("personalize", "CreateEventTracker"): "event-tracker/movies",
    ("personalize", "CreateFilter"): "filter/movies",
    ("personalize", "CreateMetricAttribution"): "metric-attribution/movies",
    ("personalize", "CreateRecommender"): "recommender/movies",
    ("personalize", "CreateSchema"): "schema/movies",
    ("personalize", "CreateSolution"): "solution/movies",
    ("personalize", "CreateSolutionVersion"): "solution/movies-sol",
}


def _key(operation: Operation) -> tuple[str, str]:
    return operation.api, operation.name


def _upper(value: Any) -> Any:
    if isinstance(value, dict):
        return {name.upper(): _upper(member) for name, member in value.items()}
    return [_upper(item) for item in value] if isinstance(value, list) else value


def test_the_table_holds_each_operation_of_every_api_once():
    counts = Counter(operation.api for operation in OPERATIONS)
    names = {_key(operation) for operation in OPERATIONS}

    assert counts == OPERATION_COUNTS
    assert len(names) == sum(OPERATION_COUNTS.values()) == 307


# botocore has no model of Transcribe streaming, and none of what only the console can do.
@pytest.mark.parametrize("api", sorted(OPERATION_COUNTS.keys() - {"transcribe-streaming", "personalize-console"}))
def test_the_table_knows_every_operation_that_botocore_knows(api):
    session = botocore.session.Session()

    known = set(session.get_service_model(api).operation_names)

    assert known - {operation.name for operation in OPERATIONS if operation.api == api} == set()


def test_the_registry_and_the_contributed_files_know_every_operation_that_botocore_knows():
    registry = load(Path(__file__).parents[3] / "contrib/services")

    assert {service.name for service in registry.services} == {"bedrock", *(each.name for each in load().services)}
    assert list(unknown_operations(registry)) == []
    assert list(obsolete_operations(registry)) == []


def test_an_operation_without_a_rule_is_unknown_and_a_needless_exception_obsolete():
    polly = next(service for service in load().services if service.name == "polly")
    forgetful = replace(polly, rules=(), used=(), without_resource=("ListLexicons",))
    needless = replace(polly, without_resource=("GetLexicon", "ListTapes", *polly.without_resource))

    unknown = set(unknown_operations(Registry(services=(forgetful,))))
    obsolete = set(obsolete_operations(Registry(services=(needless,))))

    assert {"polly:GetLexicon", "polly:SynthesizeSpeech", "polly:DescribeVoices"} <= unknown
    assert "polly:ListLexicons" not in unknown
    assert obsolete == {"polly:GetLexicon", "polly:ListTapes"}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: "-".join(_key(operation)))
def test_an_operation_yields_the_resource_it_acts_on(operation):
    resource = operation.resource_of(operation.request, operation.response)

    assert resource == operation.resource


def test_names_of_parameters_match_in_any_case():
    upper = {
        _key(operation): operation.resource_of(_upper(operation.request), _upper(operation.response))
        for operation in OPERATIONS
    }

    assert upper == {_key(operation): operation.resource for operation in OPERATIONS}


def test_a_denied_call_yields_the_wanted_thing_by_name_or_its_parent():
    denied = {_key(operation): operation.resource_of(operation.request, None) for operation in OPERATIONS}

    assert denied == {_key(operation): operation.resource for operation in OPERATIONS} | DENIED


def test_a_call_without_parameters_yields_no_resource_and_no_usage():
    seen = {
        (operation.resource_of(None, None), *operation.service.usage_of(None, None).items()) for operation in OPERATIONS
    }

    assert seen == {(None,)}


def test_a_denied_personalize_create_without_a_name_yields_its_parent():
    parents = {
        operation.name: operation.resource_of(
            {name: value for name, value in operation.request.items() if name not in {"name", "jobName"}}, None
        )
        for operation in OPERATIONS
        if operation.api == "personalize" and operation.name.startswith("Create")
    }

    assert parents == {
        "CreateBatchInferenceJob": "solution/movies-sol/1a2b3c4d",
        "CreateBatchSegmentJob": "solution/movies-sol/1a2b3c4d",
        "CreateCampaign": "solution/movies-sol/1a2b3c4d",
        "CreateDataDeletionJob": "dataset-group/movies-group",
        "CreateDataset": "dataset-group/movies-group",
        "CreateDatasetExportJob": "dataset/movies-group/INTERACTIONS",
        "CreateDatasetGroup": None,
        "CreateDatasetImportJob": "dataset/movies-group/INTERACTIONS",
        "CreateEventTracker": "dataset-group/movies-group",
        "CreateFilter": "dataset-group/movies-group",
        "CreateMetricAttribution": "dataset-group/movies-group",
        "CreateRecommender": "dataset-group/movies-group",
        "CreateSchema": None,
        "CreateSolution": "dataset-group/movies-group",
        "CreateSolutionVersion": "solution/movies-sol",
    }


@pytest.mark.parametrize(
    ("service", "operation", "request_", "resource"),
    [
        ("polly", "AuditLexicon", {"lexiconName": "acronyms"}, "lexicon/acronyms"),
        ("transcribe", "PauseTranscriptionJob", {"transcriptionJobName": "call"}, "transcription-job/call"),
        ("transcribe", "StopMedicalScribeStream", {"sessionId": "5b0c"}, "medical-scribe-stream/5b0c"),
        ("lex", "ArchiveBotLocale", {"botId": "BQ7XK2M9TD", "localeId": "en_US"}, "bot/BQ7XK2M9TD"),
        (
            "personalize",
            "PauseCampaign",
            {"campaignArn": "arn:aws:personalize:us-east-1:111122223333:campaign/live"},
            "campaign/live",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_operation_of_the_future_yields_its_resource_by_its_parameters(service, operation, request_, resource):
    services = {service.name: service for service in load().services}

    assert services[service].resource_of(operation, request_, None) == resource


def test_usage_fits_into_an_index_entry():
    too_large = {
        _key(operation): usage
        for operation in OPERATIONS
        if len(json.dumps(usage := operation.service.usage_of(operation.request, operation.response))) > 200
    }

    assert too_large == {}


VERSIONS = ("v1", "v2")
LEX_OPERATIONS = [operation for operation in OPERATIONS if operation.service.name == "lex"]


def _version(operation: Operation, request: Any, event_source: str = "lex.amazonaws.com") -> object:
    found = operation.service.attributes_of(operation.name, request, None, event_source)
    return found.usage.get("apiVersion")


def _expected_version(operation: Operation) -> str:
    return "v2" if operation.api.startswith("lexv2") else "v1"


def test_every_operation_of_lex_tells_the_version_of_its_api():
    versions = {_key(operation): _version(operation, operation.request) for operation in LEX_OPERATIONS}

    assert versions == {_key(operation): _expected_version(operation) for operation in LEX_OPERATIONS}


def test_the_version_of_a_call_of_lex_without_parameters_is_unknown_only_if_both_apis_have_the_operation():
    names = {
        version: {each.name for each in LEX_OPERATIONS if _expected_version(each) == version} for version in VERSIONS
    }

    for operation in LEX_OPERATIONS:
        is_ambiguous = operation.name in names["v1"] & names["v2"]
        assert _version(operation, None) == (None if is_ambiguous else _expected_version(operation))


@pytest.mark.parametrize(
    ("event_source", "version"),
    [
        ("models.lex.amazonaws.com", "v1"),
        ("Runtime-V2-Lex.amazonaws.com", "v2"),
        ("lexmodelsv2.amazonaws.com", "v2"),
        ("lexruntimeservice.amazonaws.com", "v1"),
    ],
)
def test_an_event_source_of_one_version_tells_it_for_any_operation(event_source, version):
    assert {_version(operation, None, event_source) for operation in LEX_OPERATIONS} == {version}


def test_other_services_have_no_api_version():
    others = [operation for operation in OPERATIONS if operation.service.name != "lex"]

    assert {_version(operation, operation.request) for operation in others} == {None}

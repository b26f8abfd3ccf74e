"""The operations that are suggested for a mistyped one, and the Regions."""

import pytest

from aitrail.aws import known_operations, known_regions
from aitrail.services import load


@pytest.fixture(scope="module")
def known():
    return known_operations(service.name for service in load().services)


@pytest.mark.parametrize(
    "operation",
    [
        *("SynthesizeSpeech", "StartTranscriptionJob", "StartStreamTranscription"),
        *("CreateBotLocale", "PutBot", "RecognizeText", "PostText"),
        *("CreateCampaign", "GetRecommendations", "PutEvents"),
    ],
)
def test_operations_of_every_service_are_known(known, operation):
    assert operation in known


def test_operations_of_other_services_are_not(known):
    assert not known & {"RunInstances", "PutObject", "AssumeRole"}


def test_operations_are_those_that_the_sdk_loads(known, descriptions):
    names = [name for name in descriptions.list_available_services("service-2") if name.startswith(("polly", "lex"))]

    for name in names:
        assert known >= descriptions.load_service_model(name, "service-2")["operations"].keys()


def test_regions_of_all_partitions_are_known_and_nothing_else():
    regions = known_regions()

    assert {"eu-central-1", "us-east-1", "us-gov-west-1", "cn-north-1"} <= set(regions)
    assert not [name for name in regions if "global" in name]


def test_an_sdk_that_is_not_installed_is_an_import_error(monkeypatch):
    monkeypatch.setattr("aitrail.aws.operations.find_spec", {}.get)

    with pytest.raises(ImportError):
        known_regions()

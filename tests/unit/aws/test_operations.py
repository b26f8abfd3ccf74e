"""The operations that are suggested for a mistyped one."""

import pytest

from aitrail.aws import known_operations
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

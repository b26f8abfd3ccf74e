"""Usage types of a bill, and the calls that cause them."""

import csv
from pathlib import Path

import pytest

from aitrail.billing.charges import charge_of, fields_of, known_charges, placed
from aitrail.costs import billed_services
from aitrail.questions import billed_calls, usage_fields
from aitrail.services import load

OPERATIONS = Path(__file__).parents[1] / "services/operations.tsv"
PLACED = {
    "Region of four characters": ("USE1-SynthesizeSpeech-Characters", ("us-east-1", "SynthesizeSpeech-Characters")),
    "Ireland": ("EU-TranscribeAudio", ("eu-west-1", "TranscribeAudio")),
    "no prefix": ("TPS-hours", ("", "TPS-hours")),
    "prefix that no list has": ("XYZ9-TranscribeAudio", ("", "TranscribeAudio")),
    "nothing": ("", ("", "")),
}


@pytest.mark.parametrize(("usage_type", "expected"), PLACED.values(), ids=PLACED)
def test_prefix_tells_the_region(usage_type, expected):
    assert placed(usage_type) == expected


def test_usage_type_has_to_be_exactly_that_of_a_charge():
    jobs, analytics = (charge_of("transcribe", name) for name in ("TranscribeAudio", "CallAnalyticsTranscribeAudio"))

    assert jobs != analytics
    assert known_charges()[jobs].operations == {"StartTranscriptionJob"}
    for name in ("transcribeaudio", "TranscribeAudio2", "Audio", "", "SynthesizeSpeech-Characters"):
        assert charge_of("transcribe", name) is None


def test_no_usage_type_is_of_two_charges():
    names = [(each.service, name) for each in known_charges() for name in each.usage_types]

    assert len(names) == len(set(names))


def test_price_list_and_charges_have_the_same_names():
    for service, billed in billed_services().items():
        for usage_type in billed.usage_types.values():
            assert charge_of(service, usage_type) is not None


def test_operations_and_fields_of_charges_exist():
    with OPERATIONS.open() as file:
        known = {(row[0], row[2]) for row in csv.reader(file, delimiter="\t")}
    # Their names are those of the service model; records may have the names of the WebSocket API.
    webs = {"StartStreamTranscription", "StartMedicalStreamTranscription", "StartCallAnalyticsStreamTranscription"}
    known |= {("transcribe", f"{name}WebSocket") for name in webs}

    for each in known_charges():
        assert all(billed_calls(each.service, operation) for operation in each.operations)  # as exports say
        assert {(each.service, operation) for operation in each.operations} <= known
        assert set(fields_of(each.service)) <= set(usage_fields(load()))


@pytest.mark.parametrize(
    ("operation", "mode", "usage_type"),
    [
        ("RecognizeText", None, "Text-Requests"),
        ("RecognizeUtterance", "Text", "Text-Requests"),
        ("RecognizeUtterance", "Speech", "Speech-Requests"),
        ("RecognizeUtterance", None, "Speech-Requests"),
    ],
)
def test_call_of_lex_causes_one_usage_type_by_its_mode(operation, mode, usage_type):
    call = {"operation": operation, "inputMode": mode}

    causes = [each for each in known_charges() if each.service == "lex" and each.is_caused_by(call)]

    assert [list(each.usage_types) for each in causes] == [[usage_type]]

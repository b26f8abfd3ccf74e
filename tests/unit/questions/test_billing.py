"""What a call is billed by: an amount and its price, an unknown amount, or none; never a zero for what is unknown."""

from decimal import Decimal

import pytest

from aitrail.costs import Prices
from aitrail.metering.metrics import amounts
from aitrail.questions import CallAmount, amount_of_call, billed_calls
from aitrail.services import load
from tests.shared.call_rows import call_row

PRICES = Prices.read()
NOTHING = CallAmount()


def row(service, operation, **changes):
    return call_row("1", service=service, operation=operation, **{"usage": {}} | changes)


SPEECH = {"requestCharacters": 250, "engine": "neural"}
AMOUNTS = {
    "characters": (row("polly", "SynthesizeSpeech", usage=SPEECH), (250, "characters", "measured", "0.004")),
    "usual engine": (
        row("polly", "SynthesizeSpeech", usage={"requestCharacters": 250}),
        (250, "characters", "measured", "0.001"),
    ),
    "no characters": (
        row("polly", "SynthesizeSpeech", usage={"requestCharacters": 0}),
        (0, "characters", "measured", "0"),
    ),
    "unknown engine": (
        row("polly", "SynthesizeSpeech", usage=SPEECH | {"engine": "=1+1"}),
        (250, "characters", "measured", None),
    ),
    "silent record": (row("polly", "SynthesizeSpeech"), (None, "characters", "unknown", None)),
    "odd number": (
        row("polly", "SynthesizeSpeech", usage={"requestCharacters": "250"}),
        (None, "characters", "unknown", None),
    ),
    "job": (row("transcribe", "StartTranscriptionJob"), (None, "audioSeconds", "unknown", None)),
    "stream": (row("transcribe", "StartStreamTranscription"), (None, "audioSeconds", "unknown", None)),
    "scribe": (row("transcribe", "StartMedicalScribeJob"), (None, "audioSeconds", "unknown", None)),
    "text": (row("lex", "RecognizeText"), (1, "requests", "measured", "0.00075")),
    "speech": (
        row("lex", "RecognizeUtterance", usage={"inputMode": "Speech"}),
        (1, "requests", "measured", "0.004"),
    ),
    "mode unknown": (row("lex", "RecognizeUtterance"), (1, "requests", "measured", None)),
    "recommendation": (row("personalize", "GetRecommendations"), (1, "recommendationRequests", "measured", None)),
}


@pytest.mark.parametrize(("call", "expected"), AMOUNTS.values(), ids=AMOUNTS)
def test_amount_of_a_call_has_unit_source_and_list_price(call, expected):
    *known, cost = expected

    assert amount_of_call(call, load(), PRICES) == (*known, None if cost is None else Decimal(cost))


WITHOUT = {
    "failed": row("polly", "SynthesizeSpeech", usage=SPEECH, outcome="denied"),
    "copy of an endpoint": row("lex", "RecognizeText", eventCategory="NetworkActivity"),
    "query of a task": row("polly", "GetSpeechSynthesisTask", usage=SPEECH),
    "end of a stream": row("transcribe", "EndStreamTranscription", usage={"streamEnd": True}),
    "not billed": row("lex", "DescribeBot"),
    "no operation": row("lex", None),
    "odd operation": row("transcribe", ["StartTranscriptionJob"]),
    "unknown service": row("other", "RecognizeText"),
}


@pytest.mark.parametrize("call", WITHOUT.values(), ids=WITHOUT)
def test_rows_that_no_amount_belongs_to_have_none(call):
    assert amount_of_call(call, load(), PRICES) == NOTHING


def test_every_amount_of_a_metric_has_the_unit_that_its_calls_are_billed_by():
    units = {
        (measure.service, operation): billed_calls(measure.service, operation)
        for measure in amounts()
        for operation in measure.operations
    }

    assert [
        (measure.service, operation)
        for measure in amounts()
        for operation in measure.operations
        if getattr(units[measure.service, operation], "unit", None) != measure.amount
    ] == []


def test_calls_of_one_metric_are_billed_alike():
    for measure in amounts():
        assert len({billed_calls(measure.service, operation).billed_as for operation in measure.operations}) == 1

"""Where rows have the values of dimensions, and what series tell of rows."""

import pytest

from aitrail.metering import Place, amounts
from aitrail.metering.metrics import Series, counts, fixed
from aitrail.metering.places import belongs, fields_of, named_series, same, told_by, values_of
from aitrail.questions import DIMENSIONS, usage_fields
from aitrail.services import load

ALL = [*amounts(), *counts()]
CALL = {
    "service": "lex",
    "operation": "RecognizeText",
    "account": "111122223333",
    "region": "eu-central-1",
    "resource": "bot/B0T1",
    "botAliasId": "ALIAS",
    "localeId": "en_US",
    "inputMode": None,
}


def measure(service, operation, **fields):
    (found,) = (
        each
        for each in amounts()
        if each.service == service
        and operation in each.operations
        and all(getattr(each, name) == value for name, value in fields.items())
    )
    return found


BOT = measure("lex", "RecognizeText")
JOB = measure("transcribe", "StartTranscriptionJob")
CAMPAIGN = next(each for each in amounts() if each.names == ("CampaignArn",))


def test_values_come_from_operation_resource_and_usage():
    assert BOT.names == ("BotAliasId", "BotId", "LocaleId", "Operation")
    assert values_of(BOT, CALL) == ("ALIAS", "B0T1", "en_US", "RecognizeText")
    assert values_of(JOB, CALL | {"languageCode": "en-US"}) == ("Transcribe", "en-US", "batch")


LACKING = {
    "no resource": {"resource": None},
    "another kind of resource": {"resource": "intent/B0T1"},
    "no name": {"resource": "bot/"},
    "no alias": {"botAliasId": None},
}


@pytest.mark.parametrize("changes", LACKING.values(), ids=LACKING)
def test_call_without_a_value_names_no_series(changes):
    assert values_of(BOT, CALL | changes) is None


ARNS = {
    "eu-central-1": "arn:aws:personalize:eu-central-1:111122223333:campaign/shop",
    "cn-north-1": "arn:aws-cn:personalize:cn-north-1:111122223333:campaign/shop",
    "us-gov-west-1": "arn:aws-us-gov:personalize:us-gov-west-1:111122223333:campaign/shop",
}


@pytest.mark.parametrize(("region", "arn"), ARNS.items(), ids=ARNS)
def test_arn_is_that_of_the_account_and_region_that_were_called(region, arn):
    call = CALL | {"service": "personalize", "resource": "campaign/shop", "region": region}

    assert values_of(CAMPAIGN, call) == (arn,)


def test_both_spellings_of_a_locale_are_named_and_are_the_same():
    named = named_series(BOT, [CALL])

    assert {each[2] for each in named} == {"en_US", "en-US"}
    assert len({same(each) for each in named}) == 1


HOSTILE = ["\n", "a\x00", "b\u00e9", ":colon first", " blank first", "x" * 256]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_name_that_no_dimension_can_have_is_not_asked_for(name):
    assert named_series(BOT, [CALL | {"botAliasId": name}]) == frozenset()


def test_series_of_the_file_are_named_without_a_row():
    assert named_series(measure("polly", "SynthesizeSpeech"), []) == {
        ("SynthesizeSpeech",),
        ("StartSpeechSynthesisTask",),
    }


def test_series_of_another_domain_or_operation_does_not_belong():
    assert belongs(Series(measure=JOB, values=("transcribe", "en-US", "batch")))
    assert not belongs(Series(measure=JOB, values=("Transcribe Medical", "en-US", "batch")))
    assert not belongs(Series(measure=BOT, values=("ALIAS", "B0T1", "en-US", "PutSession")))


def test_series_tells_resource_operation_and_language_of_its_calls():
    row, known = told_by(Series(measure=BOT, values=("A", "B", "en-US", "RecognizeText")), Place("1", "r"), "t")

    assert (row["resource"], row["operation"], row["usage"]) == (
        "bot/B",
        "RecognizeText",
        {"botAliasId": "A", "localeId": "en-US"},
    )
    assert {"resource", "operation", "language", "account", "region", "day"} <= known
    assert "principal" not in known


def test_fields_of_all_metrics_are_dimensions_of_calls():
    known = {*DIMENSIONS, *usage_fields(load())}

    assert {field for each in ALL for field in fields_of(each)} <= known


def test_named_operations_need_no_row():
    for each in ALL:
        others = [place for _, place in each.dimensions if fixed(place) is None and place != "operation"]
        assert not (each.named and others)
        assert not each.operations or set(each.named) <= set(each.operations)

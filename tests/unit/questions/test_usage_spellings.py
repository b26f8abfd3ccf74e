"""Conditions on usage: input is converted to the values in rows, or refused with what is valid."""

import pytest

from aitrail.questions import ConditionError, checked, usage_fields
from aitrail.services import load

FIELDS = ", ".join(usage_fields(load()))
NO_LABEL = "is not a usage field with a value: give it as engine=neural, or a pattern such as 'voiceId=Jo*'."

SPELLED = {
    "engine": ("engine", "Long-Form", "long-form"),
    "pattern of engines": ("engine", "neura?", "neura?"),
    "voice": ("voice", "Joanna", "Joanna"),
    "pattern of voices": ("voice", "Jo*", "Jo*"),
    "language": ("language", "cmn-CN", "cmn-CN"),
    "language of Lex": ("language", "en_US", "en_US"),
    "language of three parts": ("language", "zh-Hans-CN", "zh-Hans-CN"),
    "pattern of languages": ("language", "de*", "de*"),
    "API version": ("api_version", "V2", "v2"),
    "label": ("label", "outputFormat=mp3", "outputFormat=mp3"),
    "label in capitals": ("label", "OUTPUTFORMAT=mp3", "outputFormat=mp3"),
    "label whose value has an equals sign": ("label", "requestContentType=a=b; c", "requestContentType=a=b; c"),
    "count": ("label", "requestCharacters=0", "requestCharacters=0"),
    "pattern of counts": ("label", "requestCharacters=2*", "requestCharacters=2*"),
}


@pytest.mark.parametrize(("name", "text", "expected"), SPELLED.values(), ids=SPELLED)
def test_what_people_write_becomes_what_rows_have(name, text, expected):
    assert checked({name: text}) == {name: (expected,)}


REFUSED = {
    "mistyped engine": (
        "engine",
        "nueral",
        "'nueral' is not a known engine: did you mean neural? Choose from standard, neural, long-form, generative.",
    ),
    "voice": (
        "voice",
        "Joanna (neural)",
        "'Joanna (neural)' is not a voice: give a name such as Joanna, or a pattern such as 'Jo*'.",
    ),
    "name of a language": (
        "language",
        "german",
        "'german' is not a language: give a code such as de-DE, or a pattern such as 'de*'.",
    ),
    "API version": (
        "api_version",
        "2",
        "'2' is not a known version of an API: did you mean v2? Choose from v1, v2.",
    ),
    "label without a value": ("label", "engine", f"'engine' {NO_LABEL}"),
    "label with an empty value": ("label", "engine=", f"'engine=' {NO_LABEL}"),
    "label with an excluded value": (
        "label",
        "engine=!neural",
        "'engine=!neural' is not a usage field with a value: give it as '!engine=neural'.",
    ),
    "mistyped label": (
        "label",
        "voiceID2=Joanna",
        f"'voiceID2' is not a usage field: did you mean voiceId? Choose from {FIELDS}.",
    ),
    "no number": ("label", "requestCharacters=many", "'many' is not a number: requestCharacters counts something."),
}


@pytest.mark.parametrize(("name", "text", "message"), REFUSED.values(), ids=REFUSED)
def test_what_no_row_can_have_is_refused_with_what_is_valid(name, text, message):
    with pytest.raises(ConditionError) as refused:
        checked({name: text})

    assert str(refused.value) == message


def test_usage_fields_are_the_counts_and_labels_of_all_services():
    assert {"engine", "localeId", "numResults", "requestCharacters"} < set(usage_fields(load()))

import pytest

from aitrail.questions.resources import concerns, further_resources, services_using
from aitrail.rows import row_of
from aitrail.services import load


def row(*lexicons):
    record = {
        "eventTime": "2026-11-18T23:59:59Z",
        "eventSource": "polly.amazonaws.com",
        "eventName": "SynthesizeSpeech",
        "requestParameters": {"lexiconNames": list(lexicons)},
    }
    return row_of(record, log_file="a", record_index=0)


@pytest.mark.parametrize(
    "name", ["a", "n" * 64, "n" * 65, "n" * 1000, "\U0001f600" * 300, "\udc80", "a b"], ids=lambda name: ascii(name[:3])
)
def test_each_lexicon_of_a_call_finds_it_whatever_its_name(name):
    wanted = row(name)["resource"]

    assert concerns([wanted])(row(name, "other"))
    assert concerns([wanted])(row("other", name))
    assert not concerns([wanted])(row("other", f"{name}x"))


def test_patterns_match_any_resource_of_a_call():
    assert concerns(["lexicon/st*"])(row("a", "b", "stations"))
    assert not concerns(["lexicon/st*"])(row("a", "b"))
    assert not concerns(["*"])(row())


@pytest.mark.parametrize(
    "usage", [..., None, 7, [], {}, {"resources": None}, {"resources": "lexicon/a"}, {"resources": [7]}]
)
def test_row_of_any_shape_is_read(usage):
    found = {} if usage is ... else {"usage": usage}

    assert further_resources(found) == []
    assert not concerns(["lexicon/a"])(found)


def test_kinds_tell_the_services_whose_calls_may_have_several():
    assert services_using(["lexicon/a", "vocabulary/b", "voice/c", "bot/d"], load()) == ("polly", "transcribe")
    assert services_using(["bot/a", "lexicon*"], load()) == ()

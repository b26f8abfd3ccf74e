"""Conditions by name: each is validated, or refused with an error that says what is wrong and what is valid."""

import pytest

from aitrail.questions import ConditionError, Conditions, checked
from aitrail.services import load

LONG = "x" * 600

TEXTS = [name for name in Conditions.__annotations__ if name != "read_only"]


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize(
    "text",
    ["", " ", "\x00", "\n", "a\x7fb c", "\ud800", "lexi\x1bcon/\x1b", f"{LONG}\n"],
    ids=lambda text: ascii(text)[:20],
)
def test_a_message_is_short_and_printable_whatever_was_given(name, text):
    with pytest.raises(ConditionError) as refused:
        checked({name: text})

    message = str(refused.value)
    assert message.isprintable()
    assert len(message) < 320
    assert message.endswith(".")


def test_values_are_there_once_in_the_order_given():
    texts = ["Polly", "lex", "polly", "LEX"]

    assert checked({"service": texts}) == checked({"service": iter(texts)}) == {"service": ("polly", "lex")}


def test_no_values_are_no_condition():
    assert checked({"service": (), "read_only": None}) == {"service": (), "read_only": None}


def test_values_that_are_no_texts_are_refused():
    given = {"a number": 111122223333, "numbers": [1], "bytes": b"1", "nothing": None}

    messages = []
    for value in given.values():
        with pytest.raises(ConditionError) as refused:
            checked({"account": value})
        messages.append(str(refused.value))

    assert messages == [
        f"account is {shown}: give a string, or several." for shown in ("111122223333", "1", "49", "None")
    ]


def test_read_only_is_true_or_false_or_neither():
    assert [checked({"read_only": value})["read_only"] for value in (True, False, None)] == [True, False, None]


@pytest.mark.parametrize("value", ["yes", 0, 1, 1.0, []], ids=repr)
def test_what_only_resembles_true_or_false_is_refused(value):
    with pytest.raises(ConditionError) as refused:
        checked({"read_only": value})

    assert str(refused.value) == f"read_only is {value!r}: give True, False or None."


def test_an_error_knows_what_it_is_about():
    with pytest.raises(ConditionError) as refused:
        checked({"service": ["polly", "polly,lex"]})

    assert (refused.value.condition, refused.value.text) == ("service", "polly,lex")


def test_an_unknown_condition_is_refused_with_the_nearest():
    with pytest.raises(ConditionError) as refused:
        checked({"servce": "polly"})

    assert str(refused.value) == (
        "There is no condition 'servce': did you mean service? Choose from service, operation, principal, "
        "principal_account, resource, account, region, outcome, credentials, source_ip, access_key, event_category, "
        "read_only."
    )


TOML = """
title = "Amazon Bedrock"
event_sources = ["bedrock.amazonaws.com"]
resource = [{ kind = "custom-model", parameters = ["modelName"] }]
[arn_kinds]
model = "custom-model"
"""


def test_services_of_another_registry_are_known_by_their_event_source(tmp_path):
    (tmp_path / "models.toml").write_text(TOML)
    arn = "arn:aws:bedrock:eu-west-1:111122223333:model/m"

    assert checked({"service": "models", "resource": arn}, load(tmp_path)) == {
        "service": ("models",),
        "resource": ("custom-model/m",),
        "account": ("111122223333",),
        "region": ("eu-west-1",),
    }

"""Conditions by name: each is validated, or refused with an error that says what is wrong and what is valid."""

import pytest

from aitrail.questions import ConditionError, Conditions, checked
from aitrail.services import load
from tests.shared.wanted_rows import NAMING

LONG = "x" * 600

TEXTS = [name for name in Conditions.__annotations__ if name not in ("read_only", "mfa")]


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize(
    "text",
    ["", " ", "\x00", "\n", "a\x7fb c", "\ud800", "lexi\x1bcon/\x1b", f"{LONG}\n"],
    ids=lambda text: ascii(text)[:20],
)
def test_a_message_is_short_and_printable_whatever_was_given(name, text):
    with pytest.raises(ConditionError) as refused:
        checked({name: text}, naming=NAMING)

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


FLAGS = pytest.mark.parametrize("name", ["read_only", "mfa"])


@FLAGS
def test_flags_are_true_or_false_or_neither(name):
    assert [checked({name: value})[name] for value in (True, False, None)] == [True, False, None]


@FLAGS
@pytest.mark.parametrize("value", ["yes", 0, 1, 1.0, []], ids=repr)
def test_what_only_resembles_true_or_false_is_refused(name, value):
    with pytest.raises(ConditionError) as refused:
        checked({name: value})

    assert str(refused.value) == f"{name} is {value!r}: give True, False or None."


GOOD = {
    "service": "polly",
    "operation": "ListBots",
    "principal": "user/alice",
    "principal_account": "111122223333",
    "resource": "bot/A",
    "account": "111122223333",
    "region": "eu-west-1",
    "outcome": "ok",
    "credentials": "root",
    "source_ip": "203.0.113.9",
    "access_key": "AKIAIOSFODNN7EXAMPLE",
    "event_category": "Data",
    "error_code": "AccessDenied",
    "session": "build",
    "called_by": "lex.amazonaws.com",
    "user_agent": "Boto3/1.34.2",
    "engine": "neural",
    "voice": "Joanna",
    "language": "de-DE",
    "api_version": "v1",
    "label": "engine=neural",
    "team": "owners",
    "network": "office",
}


@pytest.mark.parametrize("name", TEXTS)
def test_every_condition_takes_values_to_exclude_and_refuses_wrong_ones(name):
    assert checked({name: f"!{GOOD[name]}"}, naming=NAMING) == {name: (f"!{GOOD[name]}",)}
    for wrong in ("!", "!!", "! ", "!\x00"):
        with pytest.raises(ConditionError) as refused:
            checked({name: wrong}, naming=NAMING)
        assert (refused.value.condition, refused.value.text) == (name, wrong)


@pytest.mark.parametrize("name", TEXTS)
def test_a_value_that_is_both_wanted_and_excluded_is_refused(name):
    good = GOOD[name]

    with pytest.raises(ConditionError) as refused:
        checked({name: [good, f"!{good}"]}, naming=NAMING)

    assert str(refused.value) == f"{good!r} is both wanted and excluded: no call can meet that."
    assert refused.value.condition == name


def test_excluding_one_of_several_values_is_no_contradiction():
    assert checked({"outcome": ["denied", "throttled", "!denied"]}) == {"outcome": ("denied", "throttled", "!denied")}


ARNS = {
    "principal": ("arn:aws:iam::111122223333:user/alice", "user/alice"),
    "resource": ("arn:aws:lex:eu-west-1:111122223333:bot/A", "bot/A"),
    "session": ("arn:aws:sts::111122223333:assumed-role/Admin/build", "build"),
}


@pytest.mark.parametrize(("name", "arn", "value"), [(name, *each) for name, each in ARNS.items()], ids=ARNS)
def test_an_arn_is_not_excluded_since_more_than_it_names_would_be(name, arn, value):
    with pytest.raises(ConditionError) as refused:
        checked({name: f"!{arn}"})

    assert str(refused.value) == (
        f"{arn!r} cannot be excluded: its name would be excluded in every account. If you mean that, give '!{value}'."
    )
    assert checked({name: [arn, f"!{value}2"]})[name] == (value, f"!{value}2")


def test_labels_are_texts_or_a_mapping():
    given = {"Engine": ["neural", "!standard"], "requestCharacters": 25, "identifyLanguage": True, "voiceId": "!Jo*"}

    assert checked({"label": given}) == {
        "label": (
            *("engine=neural", "!engine=standard", "requestCharacters=25", "identifyLanguage=true", "!voiceId=Jo*"),
        )
    }
    assert checked({"label": ["engine=neural", "!voiceId=Jo*"]}) == {"label": ("engine=neural", "!voiceId=Jo*")}


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
        "error_code, session, called_by, user_agent, engine, voice, language, api_version, label, team, network, "
        "read_only, mfa."
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

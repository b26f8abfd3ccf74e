import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.rows.facts import facts_of, named_resources
from aitrail.services import load

REGISTRY = load()
POLLY, LEX = (REGISTRY.service(f"{name}.amazonaws.com") for name in ("polly", "lex"))
ARN = "arn:aws:polly:eu-central-1:111122223333:lexicon/stations"
BOT = "arn:aws:lex:eu-central-1:111122223333:bot-alias/K3X9QW7T2P/TSTALIASID"


def refusal(arn, action="polly:GetLexicon", end=" because no identity-based policy allows the polly:GetLexicon action"):
    return f"User: arn:aws:iam::111122223333:user/intern is not authorized to perform: {action} on resource: {arn}{end}"


@pytest.mark.parametrize(
    ("user_agent", "agent"),
    [
        ("Boto3/1.34.2 md/Botocore#1.34.2 ua/2.0 os/linux#6.1", "Boto3/1.34.2"),
        ("aws-cli/2.15.0 Python/3.11.6 Linux/6.1 exe/x86_64.amzn.2023", "aws-cli/2.15.0"),
        ("aws-sdk-java/2.20.1 Linux/5.10 OpenJDK_64-Bit_Server_VM/17", "aws-sdk-java/2.20.1"),
        ("[S3Console/0.4, aws-internal/3 aws-sdk-java/1.11]", "S3Console/0.4"),
        ("lex.amazonaws.com", "lex.amazonaws.com"),
        ("AWS Internal", "AWS Internal"),
        (" Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0"),
        ("x" * 64, "x" * 64),
    ],
)
def test_the_agent_is_the_first_product_with_its_version_or_the_host(user_agent, agent):
    assert facts_of({"userAgent": user_agent}) == {"agent": agent}


@pytest.mark.parametrize("user_agent", [None, "", "  ", "[]", "****", 7, ["Boto3/1.34.2"], {"Boto3": "1.34.2"}])
def test_a_record_without_a_usable_user_agent_has_no_agent(user_agent):
    assert facts_of({"userAgent": user_agent}) == {}


def test_a_long_agent_is_cut_and_still_differs_from_others():
    agents = {facts_of({"userAgent": f"{'x' * 500}/{version} y"})["agent"] for version in ("1", "2")}

    assert len(agents) == 2
    assert {len(agent) for agent in agents} == {64}


@pytest.mark.parametrize(
    ("value", "facts"),
    [
        *(("true", {"mfa": True}), ("false", {"mfa": False}), (True, {"mfa": True}), (False, {"mfa": False})),
        *((None, {}), ("", {}), ("yes", {}), (1, {}), (["true"], {})),
    ],
    ids=str,
)
def test_mfa_is_known_only_if_the_record_says_it(value, facts):
    assert facts_of({"userIdentity": {"sessionContext": {"attributes": {"mfaAuthenticated": value}}}}) == facts


@pytest.mark.parametrize(
    ("addendum", "facts"),
    [
        ({"reason": "UPDATED_DATA", "originalEventID": "0b1c", "updatedFields": "x"}, {"originalEventID": "0b1c"}),
        ({"reason": "UPDATED_DATA"}, {}),
        ({"reason": "UPDATED_DATA", "originalEventID": ""}, {}),
        ({"reason": "UPDATED_DATA", "originalEventID": 7}, {}),
        ({"reason": "DELIVERY_DELAY", "originalEventID": "0b1c"}, {}),
        ({"reason": ["UPDATED_DATA"], "originalEventID": "0b1c"}, {}),
        ("UPDATED_DATA", {}),
    ],
    ids=str,
)
def test_only_a_correction_names_the_record_that_it_corrects(addendum, facts):
    assert facts_of({"addendum": addendum}) == facts


def test_the_shared_event_id_is_kept():
    assert facts_of({"sharedEventID": "7e1f"}) == {"sharedEventID": "7e1f"}
    assert facts_of({"sharedEventID": None}) == {}


@pytest.mark.parametrize(
    ("service", "record", "expected"),
    [
        pytest.param(POLLY, {"resources": [{"ARN": ARN, "accountId": "1"}]}, ["lexicon/stations"], id="resources"),
        pytest.param(POLLY, {"errorMessage": refusal(ARN)}, ["lexicon/stations"], id="refusal"),
        pytest.param(
            POLLY, {"errorMessage": refusal(ARN, end="")}, ["lexicon/stations"], id="refusal-without-a-reason"
        ),
        pytest.param(LEX, {"errorMessage": refusal(BOT, "lex:DeleteBotAlias")}, ["bot/K3X9QW7T2P"], id="part-of-a-bot"),
        pytest.param(
            POLLY,
            {"resources": [{"ARN": ARN.replace("stations", "a")}, {"ARN": ARN}], "errorMessage": refusal(ARN)},
            ["lexicon/a", "lexicon/stations", "lexicon/stations"],
            id="all",
        ),
        pytest.param(LEX, {"errorMessage": refusal(ARN)}, [], id="another-service"),
        pytest.param(POLLY, {"resources": [{"ARN": BOT}]}, [], id="another-service-in-resources"),
        pytest.param(POLLY, {"errorMessage": refusal("*")}, [], id="any-resource"),
        pytest.param(POLLY, {"errorMessage": refusal(ARN.replace("stations", "*"))}, [], id="pattern"),
        pytest.param(POLLY, {"errorMessage": refusal(ARN + "x" * 300)}, [], id="long"),
        pytest.param(POLLY, {"errorMessage": refusal("arn:aws:polly:eu-central-1:111122223333:")}, [], id="cut-short"),
        pytest.param(POLLY, {"errorMessage": refusal("arn:aws:polly:x/y:111122223333:lexicon/a")}, [], id="odd-region"),
        pytest.param(POLLY, {"errorMessage": refusal(ARN + "\udc80")}, [], id="odd-character"),
        pytest.param(POLLY, {"errorMessage": f"No lexicon on resource: {ARN}"}, [], id="no-refusal"),
        pytest.param(POLLY, {"errorMessage": f"{refusal('*')} on resource: {ARN}"}, [], id="second-resource"),
        pytest.param(POLLY, {"errorMessage": [refusal(ARN)], "resources": {"ARN": ARN}}, [], id="other-shapes"),
        pytest.param(
            POLLY, {"resources": [ARN, None, {"ARN": [ARN]}, {"arn": ARN}]}, [], id="other-shapes-of-resources"
        ),
    ],
)
def test_a_resource_is_named_only_by_an_arn_of_the_service(service, record, expected):
    assert list(named_resources(record, service)) == expected


_NAMES = st.sampled_from(["addendum", "reason", "userIdentity", "sessionContext", "attributes", "resources", "ARN"])
_FIELDS = st.sampled_from(["userAgent", "sharedEventID", "errorMessage", "originalEventID", "mfaAuthenticated"])
_TEXTS = st.sampled_from([ARN, refusal(ARN), refusal(""), "UPDATED_DATA", "true", "\ud800" * 70, "a/" * 40]) | st.text()
_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | _TEXTS,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(_NAMES | _FIELDS, children, max_size=6),
    max_leaves=15,
)


@given(st.dictionaries(_NAMES | _FIELDS, _JSON))
def test_no_json_value_makes_it_fail_or_gives_a_long_or_unstorable_text(record):
    facts = facts_of(record)
    resources = list(named_resources(record, POLLY))

    assert all(value is True or value is False or 1 <= len(value) <= 64 for value in facts.values())
    assert all(value.encode() for value in facts.values() if isinstance(value, str))
    assert set(resources) <= {"lexicon/stations"}

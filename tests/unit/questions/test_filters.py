"""A filter: all conditions must match, and any of several values of one condition."""

from glob import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.dynamodb.tables import NARROW_COLUMNS
from aitrail.questions import COLUMNS, NAMED, USAGE_MEMBERS, ConditionError, Conditions, Filter
from aitrail.services import load
from tests.shared.wanted_rows import filters, is_wanted, rows

ROW = {
    "service": "polly",
    "operation": "SynthesizeSpeech",
    "principal": "sso/alice@example.com",
    "resource": "lexicon/stations",
    "principalAccount": "777788889999",
    "recipientAccountId": "111122223333",
    "awsRegion": "eu-west-1",
    "outcome": "ok",
    "credentials": "sso",
    "sourceIPAddress": "203.0.113.9",
    "accessKeyId": "ASIAEXAMPLE7Q2M5LZUK",
    "eventCategory": "Data",
    "readOnly": True,
    "errorCode": "ConflictException",
    "sessionName": "alice@example.com",
    "calledBy": "lex.amazonaws.com",
    "userAgent": "Boto3/1.34.2 md/Botocore#1.34.2 lang/python#3.8",
    "usage": {
        "engine": "neural",
        "voiceId": "Joanna",
        "languageCode": "en-US",
        "requestCharacters": 25,
        "identifyLanguage": True,
        "agent": "Boto3/1.34.2",
        "apiVersion": "v2",
        "mfa": True,
    },
}


def matches(row, **conditions):
    return Filter.of(**conditions).matcher()(row)


MET = {
    "service": {"service": "polly"},
    "one of several services": {"service": ["lex", "polly"]},
    "operation": {"operation": "SynthesizeSpeech"},
    "pattern of operations": {"operation": "Synth*"},
    "set of characters": {"operation": "[R-T]ynthesizeSpeec?"},
    "principal": {"principal": "sso/alice@example.com"},
    "pattern of principals": {"principal": ["user/*", "*/alice@*"]},
    "resource": {"resource": "lexicon/stations"},
    "pattern of resources": {"resource": "lexicon/*"},
    "account": {"account": "111122223333"},
    "account of the caller": {"principal_account": ["111122223333", "777788889999"]},
    "Region": {"region": "eu-west-1"},
    "outcome": {"outcome": "ok"},
    "credentials": {"credentials": "sso"},
    "address": {"source_ip": "203.0.113.9"},
    "network": {"source_ip": "203.0.113.0/24"},
    "network named by an address in it": {"source_ip": "203.0.113.200/24"},
    "all networks": {"source_ip": ["::/0", "0.0.0.0/0"]},
    "pattern of addresses": {"source_ip": "203.0.*"},
    "access key": {"access_key": "ASIAEXAMPLE7Q2M5LZUK"},
    "event category": {"event_category": "data"},
    "reading": {"read_only": True},
    "reading or not": {"read_only": None},
    "error code": {"error_code": "conflictexception"},
    "session": {"session": "alice@*"},
    "service that called": {"called_by": "LEX.amazonaws.com"},
    "product": {"user_agent": "boto3/1.34.2"},
    "whole user agent": {"user_agent": "Boto3/1.34.2 md/Botocore#1.34.2 lang/python#3.8"},
    "part of a user agent": {"user_agent": "*Python#3.8"},
    "engine": {"engine": ["standard", "NEURAL"]},
    "voice": {"voice": "jo*"},
    "language, as Lex writes it": {"language": "en_us"},
    "API version": {"api_version": "V2"},
    "label": {"label": "engine=neural"},
    "labels": {"label": ["engine=neural", "engine=standard", "requestCharacters=25", "identifyLanguage=true"]},
    "labels in a mapping": {"label": {"engine": ["x", "n*"], "requestCharacters": 25, "identifyLanguage": True}},
    "with MFA": {"mfa": True},
    "what is not excluded": {"principal": "!user/*", "source_ip": ["!198.51.100.0/24", "!lex.amazonaws.com"]},
    "what another value excludes": {"engine": ["n*", "!standard"], "label": {"voiceId": "!Hans"}},
    "no values": {"service": []},
    "nothing": {},
    "everything": {"service": "polly", "operation": "S*", "outcome": ["denied", "ok"], "source_ip": "203.0.0.0/16"},
}


@pytest.mark.parametrize("conditions", MET.values(), ids=MET)
def test_a_row_meets_conditions(conditions):
    assert matches(ROW, **conditions)


NOT_MET = {
    "service": {"service": ["lex", "transcribe"]},
    "operation": {"operation": "Synthesize"},
    "case of an operation": {"operation": "synthesizespeech"},
    "case of a pattern": {"operation": "synth*"},
    "principal": {"principal": "sso/alice"},
    "resource": {"resource": "bot/*"},
    "account": {"account": "444455556666"},
    "account of the caller": {"principal_account": "111122223333"},
    "Region": {"region": "eu-west-2"},
    "outcome": {"outcome": "denied"},
    "credentials": {"credentials": "role"},
    "address": {"source_ip": "203.0.113.90"},
    "dot as any character": {"source_ip": "203.0.113?9*x"},
    "network": {"source_ip": "203.0.112.0/24"},
    "network of IPv6": {"source_ip": "::/0"},
    "service as source": {"source_ip": "lex.amazonaws.com"},
    "access key": {"access_key": "AKIAEXAMPLE4D8HNQ2JB"},
    "event category": {"event_category": ["Management", "NetworkActivity"]},
    "error code": {"error_code": "Conflict"},
    "session": {"session": "Alice@*"},
    "product": {"user_agent": "Boto3/1.34"},
    "engine": {"engine": "standard"},
    "voice": {"voice": "Jo"},
    "language": {"language": "en"},
    "API version": {"api_version": "v1"},
    "one label of two": {"label": ["engine=neural", "requestCharacters=26"]},
    "without MFA": {"mfa": False},
    "excluded value": {"outcome": "!OK"},
    "excluded pattern": {"principal": "!sso/*"},
    "excluded network": {"source_ip": ["203.*", "!203.0.113.0/24"]},
    "excluded resource": {"resource": ["lexicon/*", "!lexicon/stations"]},
    "excluded part of a user agent": {"user_agent": ["Boto3/*", "!*python*"]},
    "excluded label": {"label": {"engine": "!neural"}},
    "excluded category": {"event_category": "!data"},
    "writing": {"read_only": False},
    "one of two": {"service": "polly", "outcome": "denied"},
}


@pytest.mark.parametrize("conditions", NOT_MET.values(), ids=NOT_MET)
def test_a_row_does_not_meet_conditions(conditions):
    assert not matches(ROW, **conditions)


@pytest.mark.parametrize("condition", ["principal", "resource"])
@pytest.mark.parametrize("name", ["a[b]c", "[", "*", "a?", "[!a]"])
def test_a_name_with_wildcards_is_met_by_itself_escaped_or_not(condition, name):
    value = f"kind/{name}"

    assert matches({condition: value}, **{condition: value})
    assert matches({condition: value}, **{condition: escape(value)})
    assert not matches({condition: "kind/abc"}, **{condition: escape(value)})


def test_a_bracket_in_an_arn_is_no_wildcard():
    arn = "arn:aws:iam::111122223333:user/a[b]c"

    assert matches({"principal": "user/a[b]c"}, principal=arn)
    assert not matches({"principal": "user/abc"}, principal=arn)


SOURCES = {
    "the same address of IPv6": ("2001:db8::1", "2001:DB8:0:0::1", True),
    "another address of IPv6": ("2001:db8::2", "2001:db8::1", False),
    "in a network of IPv6": ("2001:db8:1::1", "2001:db8::/32", True),
    "beside a network of IPv6": ("2001:db9::1", "2001:db8::/32", False),
    "IPv6 in no network of IPv4": ("::1", "0.0.0.0/0", False),
    "pattern of IPv6": ("2001:db8::1", "2001:db8:*", True),
    "a service": ("lex.amazonaws.com", "lex.amazonaws.com", True),
    "pattern of services": ("lex.amazonaws.com", "*.amazonaws.com", True),
    "a service in no network": ("lex.amazonaws.com", "0.0.0.0/0", False),
    "AWS": ("AWS Internal", "AWS Internal", True),
    "nothing in no network": (None, "0.0.0.0/0", False),
    "nothing is like no pattern": (None, "*", False),
    "a number in no network": (1, "0.0.0.0/0", False),
}


@pytest.mark.parametrize(("source", "wanted", "expected"), SOURCES.values(), ids=SOURCES)
def test_sources_are_addresses_in_any_spelling_networks_and_names(source, wanted, expected):
    assert matches({"sourceIPAddress": source}, source_ip=wanted) is expected


READ_ONLY = {"yes": {"readOnly": True}, "no": {"readOnly": False}, "null": {"readOnly": None}, "absent": {}}


@pytest.mark.parametrize("row", READ_ONLY.values(), ids=READ_ONLY)
def test_calls_that_do_not_say_what_they_are_count_as_writing(row):
    is_reading = row == {"readOnly": True}

    assert [matches(row, read_only=value) for value in (True, False, None)] == [is_reading, not is_reading, True]


@pytest.mark.parametrize("row", [{}, {"eventCategory": None}, {"eventCategory": "Management"}], ids=str)
def test_calls_without_a_category_are_management_events(row):
    assert matches(row, event_category="Management")
    assert not matches(row, event_category=["Data", "NetworkActivity"])


VALUES = Conditions(
    service="polly",
    operation="*",
    principal="*",
    resource="*",
    principal_account="777788889999",
    account="111122223333",
    region="eu-west-1",
    outcome="ok",
    credentials="sso",
    source_ip="*",
    access_key="ASIAEXAMPLE7Q2M5LZUK",
    event_category="Data",
    error_code="*",
    session="*",
    called_by="*",
)


NO_TEXTS = [None, 1, True, [], {}, ["polly"]]


@pytest.mark.parametrize("value", NO_TEXTS, ids=str)
@pytest.mark.parametrize("name", [name for name in VALUES if name != "event_category"])
def test_a_value_that_is_no_text_meets_no_condition_and_is_never_excluded(name, value):
    wanted, excluded = VALUES[name], f"!{VALUES[name]}"

    for row in ({COLUMNS[name]: value}, {}):
        assert not matches(row, **{name: wanted})
        assert matches(row, **{name: excluded})


@pytest.mark.parametrize("name", ["engine", "voice", "language", "label", "user_agent"])
@pytest.mark.parametrize("row", [{}, {"usage": None}, {"usage": ["engine"]}, {"usage": {"voiceId": {}}}], ids=str)
def test_a_row_without_the_usage_field_meets_no_condition_and_is_never_excluded(name, row):
    value = "engine=*" if name == "label" else "*"

    assert not matches(row, **{name: value})
    assert matches(row, **{name: f"!{value}"})


MFA = {"yes": {"mfa": True}, "no": {"mfa": False}, "a text": {"mfa": "true"}, "absent": {}}


@pytest.mark.parametrize("usage", MFA.values(), ids=MFA)
def test_calls_that_do_not_say_whether_mfa_was_used_count_as_without(usage):
    has_mfa = usage == {"mfa": True}

    assert [matches({"usage": usage}, mfa=value) for value in (True, False, None)] == [has_mfa, not has_mfa, True]


def test_every_condition_looks_at_what_indexes_have_except_for_user_agents():
    conditions = {*COLUMNS, *USAGE_MEMBERS, "label", *NAMED, "user_agent", "read_only", "mfa"}

    assert conditions == Conditions.__annotations__.keys() == set(Filter.__struct_fields__) - {"naming", "origins"}
    assert {*COLUMNS.values(), "readOnly", "usage"} <= set(NARROW_COLUMNS)


TIME = st.just("2026-03-14T12:00:00Z")
LAW = settings(derandomize=True, database=None, deadline=None, max_examples=2000)


@LAW
@given(row=rows(TIME), wanted=filters(most=4))
def test_a_row_meets_a_filter_if_the_obvious_predicate_says_so(row, wanted):
    assert wanted.matcher()(row) == is_wanted(row, wanted)


@LAW
@given(row=rows(TIME), wanted=filters(["user_agent", "engine", "outcome", "mfa", "source_ip"]))
def test_what_a_narrow_row_tells_is_true_of_its_whole_row(row, wanted):
    narrow = {name: row[name] for name in NARROW_COLUMNS if name in row}

    assert wanted.verdict()(narrow) in (is_wanted(row, wanted), None)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("Boto3/1.34.2", True),
        ("Boto3/*", True),
        ("aws-cli/*", False),
        (["aws-cli/*", "*boto*"], True),
        ("!Boto3/*", False),
        ("!aws-cli/*", True),
        ("*python*", None),
        ("Boto3/*python*", None),
        ("aws sdk", None),
        ("!*python*", None),
        (["Boto3/*", "!*python*"], None),
        (["aws-cli/*", "!*python*"], False),
        (["*python*", "!Boto3/*"], False),
    ],
    ids=str,
)
def test_a_narrow_row_tells_of_products_and_only_the_whole_row_of_the_rest(wanted, expected):
    narrow = {name: ROW[name] for name in NARROW_COLUMNS if name in ROW}

    assert Filter.of(user_agent=wanted).verdict()(narrow) is expected
    assert Filter.of(user_agent=wanted).verdict()({}) is None
    assert Filter.of(user_agent=wanted, outcome="denied").verdict()(narrow) is False


SERVICES = {
    "all": ([], ("lex", "personalize", "polly", "transcribe")),
    "some": (["polly", "lex"], ("polly", "lex")),
    "excluded": (["!polly"], ("lex", "personalize", "transcribe")),
    "some excluded": (["polly", "lex", "!polly"], ("lex",)),
}


@pytest.mark.parametrize(("given", "expected"), SERVICES.values(), ids=SERVICES)
def test_services_are_those_whose_rows_can_meet_a_filter(given, expected):
    assert Filter.of(service=given).services(load()) == expected


EXACT = {
    "values": ("service", ["polly", "lex"], ("polly", "lex")),
    "nothing": ("service", [], ()),
    "operations": ("operation", "GetLexicon", ("GetLexicon",)),
    "patterns": ("operation", ["GetLexicon", "Put*"], ()),
    "sets of characters": ("principal", "user/[ab]", ()),
    "addresses": ("source_ip", ["203.0.113.9", "lex.amazonaws.com"], ("203.0.113.9", "lex.amazonaws.com")),
    "networks": ("source_ip", ["203.0.113.9", "203.0.113.0/24"], ()),
    "addresses of IPv6": ("source_ip", "2001:db8::1", ()),
    "event category": ("event_category", "Data", ()),
    "error code, in any case": ("error_code", "AccessDenied", ()),
    "session": ("session", ["a", "b"], ("a", "b")),
    "excluded": ("principal", "!user/alice", ()),
    "not excluded": ("principal", ["user/bob", "!user/*"], ("user/bob",)),
}


@pytest.mark.parametrize(("name", "values", "expected"), EXACT.values(), ids=EXACT)
def test_a_condition_is_exact_where_equality_decides(name, values, expected):
    assert Filter.of(**{name: values}).exact(name) == expected


def test_a_filter_has_the_spelling_of_rows():
    wanted = Filter.of(service="Polly", principal="arn:aws:iam::111122223333:user/alice", read_only=True)

    assert wanted == Filter(service=("polly",), principal=("user/alice",), read_only=True)


def test_a_wrong_condition_makes_no_filter():
    with pytest.raises(ConditionError, match="is not a known service"):
        Filter.of(service="poly")

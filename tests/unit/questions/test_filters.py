"""A filter: all conditions must match, and any of several values of one condition."""

from glob import escape

import pytest

from aitrail.dynamodb.tables import NARROW_COLUMNS
from aitrail.questions import COLUMNS, ConditionError, Conditions, Filter

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
)


@pytest.mark.parametrize("value", [None, 1, True, [], {}, ["polly"]], ids=str)
@pytest.mark.parametrize("name", [name for name in VALUES if name != "event_category"])
def test_a_value_that_is_no_text_meets_no_condition(name, value):
    assert not matches({COLUMNS[name]: value}, **{name: VALUES[name]})
    assert not matches({}, **{name: VALUES[name]})


def test_every_condition_looks_at_a_column_that_indexes_have():
    assert {*COLUMNS, "read_only"} == Conditions.__annotations__.keys() == set(Filter.__dataclass_fields__)
    assert {*COLUMNS.values(), "readOnly"} <= set(NARROW_COLUMNS)


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

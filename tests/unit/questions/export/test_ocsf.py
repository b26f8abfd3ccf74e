"""Events have what OCSF requires of API Activity, whatever a row holds, and nothing of a row is lost."""

import csv
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.questions.export import ExportError
from aitrail.questions.export.columns import Kind, columns_of
from aitrail.questions.export.ocsf import activity_of, event_of
from aitrail.questions.export.ocsf_attributes import ATTRIBUTES, VERSION
from aitrail.rows import row_of
from tests.unit.questions.export.test_exporting import ANYTHING, NAMES, Rows, export, row

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=150)
RULES = tomllib.loads((Path(__file__).parent / "api_activity.toml").read_text())
RECORDS = Path(__file__).parents[3] / "records"
OPERATIONS = Path(__file__).parents[2] / "services/operations.tsv"
TYPES = {"integer": int, "long": int, "timestamp": int, "string": str, "object": dict, "list": list}
KINDS = {Kind.INTEGER: int, Kind.COUNT: int, Kind.TEXT: str, Kind.FLAG: bool, Kind.JSON: dict}


def at(event, path):
    """The values at a path: none if an object on the way is not there, several in a list."""
    found = [event]
    for name in path.split("."):
        found = [each[name] for each in found if isinstance(each, dict) and name in each]
        found = [one for each in found for one in (each if isinstance(each, list) and path != "resources" else [each])]
    return found


def problems(event):
    """What an event lacks of what the class requires, and what it has in another form."""
    yield from missing(event)
    for path, type_ in (RULES["required"] | RULES["recommended"]).items():
        if any(type(value) is not TYPES[type_] for value in at(event, path)):
            yield f"{path} is no {type_}"
    for path, values in RULES["values"].items():
        yield from (f"{path} is {value}" for value in at(event, path) if value not in values)
    for path, value in RULES["fixed"].items():
        if event.get(path) != value:
            yield f"{path} is {event.get(path)}"
    if event.get("type_uid") != event.get("class_uid", 0) * 100 + event.get("activity_id", 0):
        yield "type_uid is not that of the activity"
    yield from unexpected(event, ATTRIBUTES)


def missing(event):
    for path in RULES["required"]:
        above, _, _ = path.rpartition(".")
        if not at(event, path) and (not above or at(event, above)):
            yield f"{path} is missing"
    for path, names in RULES["at_least_one"].items():
        objects = event.get(path, []) if path == "resources" else at(event, path)
        yield from (f"{path} has none of {names}" for each in objects if not {*names} & {*each})


def unexpected(value, kind, path="event"):
    """Attributes that no table has, or that are of another type; objects and texts without anything in them."""
    if isinstance(kind, Mapping):
        if not value:
            yield f"{path} is empty"
        for name, each in value.items():
            if name in kind:
                yield from unexpected(each, kind[name], f"{path}.{name}")
            else:
                yield f"{path}.{name} is not known"
    elif isinstance(kind, list):
        for each in value:
            yield from unexpected(each, kind[0], f"{path}[]")
    elif type(value) is not KINDS[kind]:
        yield f"{path} is {value!r}"


HOSTILE = st.sampled_from(
    ["=1+1", "\x1b[2J", "\udcff", "a\0b", "<script>", "", "\u202etxt", "x" * 5_000, "\r\nINJECTED: 1"]
)
IDENTITY = st.dictionaries(
    st.sampled_from(["type", "arn", "principalId", "accountId", "accessKeyId", "userName", "sessionContext"]),
    ANYTHING | HOSTILE | st.dictionaries(st.sampled_from(["sessionIssuer", "attributes"]), ANYTHING),
)
WHOLE = st.builds(
    lambda attributes, identity, operation: row(1, **attributes | {"userIdentity": identity, "operation": operation}),
    st.dictionaries(st.sampled_from([*NAMES, "operation"]), ANYTHING | HOSTILE, max_size=12),
    IDENTITY | ANYTHING,
    HOSTILE | st.sampled_from(["SynthesizeSpeech", "DeleteBot", None]),
)


@LAW
@given(WHOLE)
def test_every_event_has_what_the_class_requires(whole):
    assert list(problems(event_of(whole))) == []


def test_sound_event_without_something_has_a_problem():
    whole = event_of(row_of(json.loads((RECORDS / "denied.json").read_text()), log_file="f", record_index=0))

    for path in RULES["required"]:
        *above, name = path.split(".")
        broken = json.loads(json.dumps(whole))
        of = broken
        for each in above:
            of = of[each]
        del of[name]
        assert any(path in problem for problem in problems(broken))


@LAW
@given(WHOLE)
def test_every_value_of_a_row_is_in_its_event(whole):
    event = event_of(whole)
    texts = json.dumps(event)

    lost = [
        name
        for name, value in whole.items()
        if name not in ("eventDay", "operation", "outcome", "userIdentity") and value not in (None, {}, "")
        if name not in event.get("unmapped", {}) and json.dumps(value)[1:-1] not in texts
    ]
    assert lost == []


@pytest.mark.parametrize(
    "name", ["polly-by-user", "denied", "lex-by-sso", "personalize", "transcribe", "polly-by-role"]
)
def test_records_become_sound_events(name):
    record = json.loads((RECORDS / f"{name}.json").read_text())

    event = event_of(row_of(record, log_file="s3://b/k", record_index=0))

    assert list(problems(event)) == []
    assert event["api"]["operation"] == record["eventName"]
    assert event["status_id"] == (2 if name == "denied" else 1)
    assert event.get("status_detail") == ("denied" if name == "denied" else None)
    assert event.get("status_code") == record.get("errorCode")
    assert event["time"] % 1000 == 0
    assert event["metadata"]["version"] == RULES["version"] == VERSION


SOURCES = {
    "address": ("203.0.113.9", {"ip": "203.0.113.9"}),
    "IPv6": ("2001:db8::1", {"ip": "2001:db8::1"}),
    "service": ("lex.amazonaws.com", {"svc_name": "lex.amazonaws.com"}),
    "no text": (7, {"name": "unknown"}),
    "nothing": (None, {"name": "unknown"}),
}


@pytest.mark.parametrize(("address", "expected"), SOURCES.values(), ids=SOURCES)
def test_source_is_an_address_or_a_service(address, expected):
    assert event_of(row(1, sourceIPAddress=address))["src_endpoint"] == expected


def test_every_operation_has_the_activity_of_its_verb():
    with OPERATIONS.open(newline="") as stream:
        operations = {each["eventName"] for each in csv.DictReader(stream, delimiter="\t")}
    verbs = {1: "Create", 2: "Read", 3: "Update", 4: "Delete", 99: "Other"}
    found = {verbs[activity_of(operation)] for operation in operations}

    assert found == set(verbs.values())
    others = {operation for operation in operations if activity_of(operation) == 99}
    assert {each.rpartition("2")[0] or each for each in others if "Stream" not in each} == {
        *("GenerateBotElement", "PostContent", "PostText", "RecognizeText", "RecognizeUtterance", "StartConversation"),
        *("SynthesizeSpeech", "TranscribeAudio"),
    }
    for operation, activity in {
        "PutLexicon": 3,
        "StartTranscriptionJob": 1,
        "StartRecommender": 3,
        "TagResource": 3,
    }.items():
        assert activity_of(operation) == activity
    assert [activity_of(each) for each in (None, "", 7, "get", "Getaway\n=1")] == [0, 0, 0, 99, 2]


def flat(rows):
    return [{name: value for name, value in each.items() if value is not None} for each in rows]


@LAW
@given(st.lists(WHOLE, min_size=1, max_size=3))
def test_parquet_holds_the_events_of_jsonl_with_json_as_text(found):
    rows = [each | {"eventID": str(number), "service": "polly"} for number, each in enumerate(found)]
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        export(Rows(rows), Path(one), schema="ocsf", format="jsonl")
        export(Rows(rows), Path(other), schema="ocsf", format="parquet")
        events = [json.loads(line) for path in Path(one).glob("*/*/*") for line in path.read_text().splitlines()]
        typed = [
            each for path in Path(other).glob("*/*/*") for each in pq.read_table(path, partitioning=None).to_pylist()
        ]

    assert [without_nulls(each, ATTRIBUTES) for each in typed] == events
    assert all(list(problems(each)) == [] for each in events)


def without_nulls(value, kind):
    if isinstance(kind, Mapping):
        found = {name: without_nulls(each, kind[name]) for name, each in value.items() if each is not None}
        return {name: each for name, each in found.items() if each not in ({}, [])} if kind is not ATTRIBUTES else found
    if isinstance(kind, list):
        return [without_nulls(each, kind[0]) for each in value]
    return json.loads(value) if kind is Kind.JSON else value


def test_events_are_made_of_whole_rows_and_are_another_export(tmp_path):
    source = Rows([row(1, userAgent="aws-cli", principal="user/alice")])

    export(source, tmp_path, schema="ocsf")

    (line,) = next(tmp_path.glob("*/*/*")).read_text().splitlines()
    assert json.loads(line)["http_request"] == {"user_agent": "aws-cli"}
    with pytest.raises(ExportError, match=r"holds jsonl files of OCSF events of here\. This export would write jsonl"):
        export(source, tmp_path)


@pytest.mark.parametrize(
    ("options", "message"), [({"schema": "ecs"}, "is not a schema"), ({"format": "csv"}, "nested")]
)
def test_what_cannot_be_written_is_refused_before_anything_is_asked(tmp_path, options, message):
    source = Rows([row(1)])

    with pytest.raises(ExportError, match=message):
        export(source, tmp_path / "new", **{"schema": "ocsf"} | options)

    assert source.windows == []
    assert "amount" in columns_of(whole=False)

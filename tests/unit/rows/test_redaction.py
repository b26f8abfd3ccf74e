"""With redaction, no redacted value is stored anywhere, everything else stays as it is, and rows remain storable."""

import hashlib
import hmac
import io
import json
import math
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.dynamodb import items, to_item
from aitrail.rows import Redaction, Reject, RejectedRecord, record_of, recorded_with, redacted, row_of
from aitrail.rows.reading import Reading
from aitrail.rows.redaction import SEARCHED
from aitrail.rows.table_keys import hashed_event_id, record_hash
from aitrail.services import Registry, load
from tests.shared.fuzzing import law
from tests.unit.rows.plain_rows import GUID, RECORD

REGISTRY = load()
KEY = b"a key that only the function knows"
KEY_NAME = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:RedactionSecret-aBcDeF"
SOMEONE = "Ada Lovelace +44 20 7946 0958"
SAMPLES = ("denied", "lex-by-sso", "personalize", "polly-by-role", "polly-by-user", "transcribe")
NOTHING = (None, "", "**********", "HIDDEN_DUE_TO_SECURITY_REASONS", [], {})
LEX = {"eventSource": "lex.amazonaws.com", "eventName": "RecognizeText"}


def redaction(key=KEY, *, registry=REGISTRY, name=KEY_NAME):
    return Redaction(registry, key_name=name, key=lambda: key)


def made(record, by=None):
    return row_of(record, log_file="s3://logs/key", record_index=7, redaction=by)


def lex(request, response=None, **changes):
    return RECORD | LEX | {"requestParameters": request, "responseElements": response} | changes


def with_paths(*paths):
    """A registry whose Lex redacts these paths."""
    (service,) = (each for each in REGISTRY.services if each.name == "lex")
    fields = {name: getattr(service, name) for name in service.__dataclass_fields__}
    return Registry(services=(type(service)(**fields | {"redact": paths}),))


def expected(value, paths, mark, names=()):
    """The slow, obvious twin of the search: compares the names that lead to each value with every path."""

    def fits(path):
        last = names[-len(path) :]
        return len(last) == len(path) and all(step in ("*", name) for step, name in zip(path, last, strict=True))

    is_container = isinstance(value, dict | list)
    arrived = any(fits(path) for path in paths)
    cut_off = not is_container and any(fits(path[:steps]) for path in paths for steps in range(1, len(path)))
    if arrived or cut_off:
        return value if value in NOTHING or set(str(value)) == {"*"} else mark(value)
    if isinstance(value, dict):
        return {name: expected(item, paths, mark, (*names, name.lower())) for name, item in value.items()}
    return [expected(item, paths, mark, names) for item in value] if isinstance(value, list) else value


odd_names = st.sampled_from(["", "/", "~", "~1", "a/b", "0", "-1", "a.b", "*", "\ud800", "City", "ÄÖ", "x" * 300])


@st.composite
def hidden_in(draw, record):
    """A record with values at paths that its service redacts, and the texts in them, all of them meaningful."""
    record = deepcopy(record)
    service = REGISTRY.service(record["eventSource"])
    secrets = []

    def secret(number):
        text = draw(st.sampled_from(["", "\ud800"])) + f"secret-{number:04}-of-someone/~"
        made = draw(st.sampled_from([text, 48_150_000_000 + number, {text: 1.0}, [[text], 1e3]]))
        secrets.append(str(made) if isinstance(made, int) else text)
        return made

    for number in range(draw(st.integers(1, 4))):
        steps = draw(st.sampled_from(service.redact)).split(".")
        value = secret(number)
        # A path may end early at a text, as objects in headers do.
        kept = steps if isinstance(value, dict | list) else steps[: draw(st.integers(1, len(steps)))]
        for step in reversed(kept):
            value = [value] if step != steps[-1] and draw(st.booleans()) else value
            name = draw(odd_names) if step == "*" else draw(st.sampled_from([step, step.upper(), step.lower()]))
            value = {name: value}
        for _ in range(draw(st.integers(0, 3))):
            value = {draw(odd_names): value} if draw(st.booleans()) else [value]
        side = draw(st.sampled_from(SEARCHED))
        record[side] = (record[side] or {}) | {f"outer{number}": value} | (value if isinstance(value, dict) else {})
    if draw(st.booleans()):
        record["errorMessage"] = f"Value '{secrets[0]}' at 'x' failed to satisfy constraint: {secrets[-1]}"
    return record, secrets


def found_in(stored, secrets):
    """The secrets of which any text in `stored` has the part that needs no escape."""
    return [secret for secret in secrets if secret.removeprefix("\ud800") in repr(stored)]


def hidden_in_any(records):
    return st.sampled_from(sorted(records)).flatmap(lambda name: hidden_in(records[name]))


@law(150)
@given(st.data())
def test_no_redacted_value_is_in_the_row_and_all_others_are_as_before(records, data):
    record, secrets = data.draw(hidden_in_any(records))
    by = redaction()

    row, plain = made(record, by), made(record)

    assert found_in(row, secrets) == []
    assert found_in(plain, secrets) == secrets
    changed = {*SEARCHED, "errorMessage", "asJson", "redacted", "resource", "usage"}
    assert {name: value for name, value in row.items() if name not in changed} == {
        name: value for name, value in plain.items() if name not in changed
    }
    assert row == made(record, by) == made(record, redaction())
    assert items.item_size(row) <= items.MAX_ITEM_BYTES
    assert to_item(row)


@law(150)
@given(st.data())
def test_the_search_finds_what_comparing_every_path_with_every_value_finds(records, data):
    record, _ = data.draw(hidden_in_any(records))
    by = redaction()
    paths = [tuple(path.lower().split(".")) for path in REGISTRY.service(record["eventSource"]).redact]

    kept, _ = by.applied(record)

    assert {side: kept[side] for side in SEARCHED} == {
        side: expected(record[side], paths, by.mark) for side in SEARCHED
    }


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(["", "***", "text", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("aAbBcC"), inner, max_size=3),
    max_leaves=20,
)
any_paths = st.lists(
    st.tuples(st.sampled_from("abc"), st.lists(st.sampled_from("abc*"), max_size=2)).map(
        lambda each: (each[0], *each[1])
    ),
    max_size=4,
)


@law(300)
@given(json_values, any_paths)
def test_the_search_equals_its_twin_for_any_value_and_any_paths(value, paths):
    by = redaction(registry=with_paths(*map(".".join, paths)))
    # A field that is no object has no names.
    value = {"a": value, "z": value}

    kept, pointers = by.applied(lex(value))

    assert kept["requestParameters"] == expected(value, paths, by.mark)
    assert bool(pointers) == (kept["requestParameters"] != value)


@law(100)
@given(st.data())
def test_the_row_gives_the_record_with_hashes_in_place_and_names_where(records, data):
    record, _ = data.draw(hidden_in_any(records))
    kept, pointers = redaction().applied(record)

    row = made(record, redaction())

    assert json.dumps(record_of(row), sort_keys=True) == json.dumps(kept, sort_keys=True)
    assert row["redacted"] == pointers == sorted(pointers)
    for pointer in pointers:
        if "ud800" not in pointer:
            steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/")]
            found = kept
            for step in steps:
                found = found[int(step)] if isinstance(found, list) else found[step]
            assert "hmac:" in found


@law(100)
@given(st.data())
def test_no_redacted_value_is_in_a_reject(records, data):
    record, secrets = data.draw(hidden_in_any(records))
    record |= {"eventTime": "yesterday"}
    content = io.BytesIO(json.dumps({"Records": [record]}).encode())

    (batch,) = Reading(content, log_file="x", registry=REGISTRY, redaction=redaction()).batches()

    (reject,) = batch.rejects
    assert found_in(reject, secrets) == []
    assert json.loads(reject.kept["record"])["eventTime"] == "yesterday"


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_without_such_values_gives_the_row_that_it_gave(records, name):
    record = deepcopy(records[name])
    assert sorted(records) == sorted(SAMPLES)
    if name.startswith("polly"):
        record["requestParameters"].pop("text", None)  # CloudTrail's asterisks, which stay in any case

    kept, pointers = redaction().applied(record)

    assert [pointer for pointer in pointers if "Uri" not in pointer] == []
    assert pointers or kept is record


def test_the_hash_is_the_first_half_of_the_hmac_of_the_values_json():
    whole = hmac.new(KEY, b'"Rome"', hashlib.sha256).hexdigest()

    assert redaction().mark("Rome") == f"hmac:{whole[:32]}"


def test_the_same_value_has_one_hash_wherever_it_is_and_another_under_another_key():
    record = lex({"sessionId": SOMEONE}, {"sessionId": SOMEONE, "slots": {"Name": SOMEONE}})

    row = made(record, redaction())
    other = made(record, redaction(b"another key"))

    value = row["requestParameters"]["sessionId"]
    assert row["responseElements"] == {"sessionId": value, "slots": {"Name": value}}
    assert other["requestParameters"]["sessionId"] not in (value, SOMEONE)


@pytest.mark.parametrize("value", [*NOTHING, "***"], ids=repr)
def test_what_says_nothing_stays(value):
    record = lex({"slots": {"City": value}, "text": value})

    assert redaction().applied(record) == (record, [])


def test_a_text_where_an_object_is_expected_is_replaced_as_a_whole():
    row = made(lex({"botId": "B", "sessionState": "H4sIAAAA", "slots": [SOMEONE, {"a": 1}]}), redaction())

    assert row["requestParameters"]["sessionState"].startswith("hmac:")
    assert row["requestParameters"]["slots"][0].startswith("hmac:")
    assert row["redacted"] == [
        "/requestParameters/sessionState",
        "/requestParameters/slots/0",
        "/requestParameters/slots/1/a",
    ]


def test_derived_attributes_have_the_hash_of_a_redacted_value():
    by = redaction(registry=with_paths("botId", "localeId"))
    record = lex({"botId": SOMEONE, "localeId": SOMEONE})

    row = made(record, by)

    mark = by.mark(SOMEONE)
    assert (row["resource"], row["usage"]) == (f"bot/{mark}", {"localeId": mark, "apiVersion": "v2"})


def test_an_error_message_that_quotes_a_value_has_its_hash():
    by = redaction()
    message = f"Value '{SOMEONE}' at 'text' failed; '{SOMEONE} and more' too; hmac 42 Rom true"
    request = {"text": SOMEONE, "slots": {"a": f"{SOMEONE} and more", "b": "hmac", "c": 42, "d": "Rom", "e": True}}

    row = made(lex(request, errorMessage=message), by)

    marks = {name: by.mark(value) for name, value in {"s": SOMEONE, "m": f"{SOMEONE} and more", "h": "hmac"}.items()}
    assert row["errorMessage"] == f"Value '{marks['s']}' at 'text' failed; '{marks['m']}' too; {marks['h']} 42 Rom true"
    assert "/errorMessage" in row["redacted"]


def test_an_error_message_that_would_become_very_long_is_replaced_as_a_whole():
    record = lex({"text": "abcd"}, errorMessage="abcd" * 10_000)

    row = made(record, redaction())

    assert row["errorMessage"] == redaction().mark(record["errorMessage"])


@pytest.mark.parametrize("name", ["a" * 5, "n" * 60_000], ids=["short names", "a long name"])
def test_a_field_with_very_many_values_is_replaced_as_a_whole_and_its_row_fits(name):
    slots = {f"{name}{number}": number for number in range(2 if len(name) > 5 else 8_000)}
    record = lex({"slots": slots, "botId": "B"}, {"slots": {"a": SOMEONE}, "botId": "B"})

    row = made(record, redaction())

    assert row["redacted"] == ["/requestParameters", "/responseElements/slots/a"]
    assert row["requestParameters"] == redaction().mark(record["requestParameters"])
    assert row["resource"] == "bot/B"
    assert items.item_size(row) <= items.MAX_ITEM_BYTES


def test_a_value_that_nests_very_deeply_is_replaced_and_the_record_becomes_a_row():
    value = SOMEONE
    for _ in range(500):
        value = [value]
    record = lex({"outer": value, "text": value})

    row = made(record, redaction())

    assert SOMEONE not in json.dumps(row)
    assert row["redacted"][0].startswith("/requestParameters/outer/0/0")


def nested(levels, value=SOMEONE):
    for _ in range(levels):
        value = {"a": value}
    return value


def test_a_record_that_nests_too_deeply_to_be_redacted_is_a_reject_without_content():
    record = lex({"text": nested(200_000)})

    with pytest.raises(Reject, match="nested too deep"):
        made(record, redaction())
    reject = RejectedRecord.of(record, key=0, reason="nested too deeply", redaction=redaction())

    assert (reject.kept, reject.event_name) == ({}, "RecognizeText")


def test_a_record_of_an_unknown_service_is_redacted_with_the_paths_of_all():
    record = RECORD | {
        "eventSource": "bedrock.amazonaws.com",
        "requestParameters": {"userId": SOMEONE, "text": SOMEONE},
    }

    kept, pointers = redaction().applied(record)

    assert pointers == ["/requestParameters/text", "/requestParameters/userId"]
    assert SOMEONE not in repr(kept)


def test_keys_of_rows_are_hashes_of_the_redacted_record():
    record = lex({"text": SOMEONE}, eventID="no-guid")
    kept, _ = redaction().applied(record)

    assert made(record, redaction())["eventID"] == made(kept)["eventID"] != made(record)["eventID"]


def test_records_that_differ_only_in_a_redacted_value_are_rows_of_their_own():
    records = [lex({"text": f"{SOMEONE} {number % 3}"}) for number in range(6)]
    content = io.BytesIO(json.dumps({"Records": records}).encode())
    reading = Reading(content, log_file="x", registry=REGISTRY, redaction=redaction())

    (batch,) = reading.batches()

    kept = [redaction().applied(record)[0] for record in records[:3]]
    assert [record_of(row) for row in batch.rows] == kept
    # A hash of the record with the value would let it be guessed.
    others = [hashed_event_id(GUID, record_hash(each)) for each in kept[1:]]
    assert [row["eventID"] for row in batch.rows] == [GUID, *others]
    assert reading.duplicates_in_file == 3
    assert SOMEONE not in repr(batch)


def test_the_key_is_read_once_and_only_if_something_is_redacted():
    asked = []
    by = Redaction(REGISTRY, key_name=KEY_NAME, key=lambda: asked.append(1) or KEY)

    by.applied(lex({"botId": "B"}))
    assert (by.fingerprint, asked) == (redaction().fingerprint, [])
    for _ in range(3):
        by.applied(lex({"text": SOMEONE}))

    assert asked == [1]


def test_the_fingerprint_changes_with_the_setting_the_paths_and_the_secret_but_does_not_depend_on_the_key():
    versions = [
        recorded_with(REGISTRY),
        recorded_with(REGISTRY, redaction()),
        recorded_with(REGISTRY, redaction(registry=with_paths("text"))),
        recorded_with(REGISTRY, redaction(registry=with_paths("text", "slots.*"))),
        recorded_with(REGISTRY, redaction(name="another secret")),
    ]

    assert len(set(versions)) == len(versions)
    assert recorded_with(REGISTRY, redaction(b"another key")) == versions[1]
    assert versions[0] == f"2-{REGISTRY.fingerprint}"


def test_paths_alone_do_not_make_files_outdated_while_nothing_is_redacted():
    assert with_paths("text").fingerprint == with_paths("slots.*").fingerprint


def test_without_redaction_the_record_is_itself():
    record = lex({"text": SOMEONE})

    assert redacted(record, None) == (record, [])
    assert "redacted" not in made(record)


def test_a_field_of_the_record_called_redacted_is_kept_apart():
    record = lex({"text": SOMEONE}, redacted=["theirs"])

    row = made(record, redaction())

    assert (row["redacted"], row["other"]) == (["/requestParameters/text"], {"redacted": ["theirs"]})
    assert record_of(row)["redacted"] == ["theirs"]


def test_numbers_and_flags_are_replaced_by_type():
    by = redaction()

    row = made(lex({"slots": {"a": 1, "b": 1.0, "c": "1", "d": True, "e": math.inf}}), by)

    assert len(set(row["requestParameters"]["slots"].values())) == 5
    assert "asJson" not in row


def test_the_row_of_a_guid_keeps_its_key():
    assert made(lex({"text": SOMEONE}), redaction())["eventID"] == GUID

"""`aitrail event`: everything about one call, and the record itself."""

import csv
import gzip
import io
import json
from datetime import UTC, datetime

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.cells import printable
from aitrail.cli.commands.event import _groups_of
from aitrail.cli.output.groups import lines_of
from aitrail.dynamodb import items
from aitrail.rows import row_of

ID = "00000000-0000-4000-8000-000000000000"
BUCKET = "example-trail-logs"
NAME = f"s3://{BUCKET}/AWSLogs/a key?.json.gz"

ODD = {
    "requestParameters": {
        "one": 1,
        "float": 1.0,
        "large": 1e22,
        "minus zero": -0.0,
        "huge": 10**40,
        "nan": float("nan"),
        "infinite": float("-inf"),
        "half": "\ud800",
        "": {"": None},
        "ä": "Ü€",
        "yes": True,
        "tiny": 5e-324,
        "deep": json.loads("[" * 200 + "1.0" + "]" * 200),
    },
    "tomorrow": {"a.b": 1.0, "a": {"b": 1}},
}


@pytest.fixture
def bucket(table):  # noqa: ARG001 (starts moto)
    """The log file's bucket, which is empty."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return s3


@pytest.fixture
def kept(table):
    """Puts the row of a record into the table, with changes, and returns it."""

    def kept(record, *, index=0, name=NAME, **changes):
        row = row_of(record, log_file=name, record_index=index) | changes
        table.write([row], time_left=lambda: 60.0)
        return row

    return kept


def put(s3, body, **settings):
    s3.put_object(Bucket=BUCKET, Key="AWSLogs/a key?.json.gz", Body=body, **settings)


@pytest.fixture
def delivered(bucket):
    """Puts a log file with these records into the bucket."""

    def delivered(*records):
        put(bucket, gzip.compress(json.dumps({"Records": records}).encode(), mtime=0))

    return delivered


def groups(text):
    """Heading -> the lines below it."""
    return {heading: lines for heading, *lines in (group.splitlines() for group in text.split("\n\n"))}


def fields(lines):
    return {name: value.strip() for name, _, value in (line[2:].partition("  ") for line in lines)}


def test_table_groups_everything_about_the_event(aitrail, log_file, records):
    record = records["polly-by-user"] | {"tomorrow": {"a": [1, "b"]}}
    path = log_file("a.json", record)

    ended = aitrail("event", record["eventID"], "--from", path, "-o", "table")

    shown = groups(ended.stdout)
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert list(shown) == [
        *("What", "Who", "Origin", "Account", "Usage", "Request", "Response", "Other fields"),
        "Record",
    ]
    assert fields(shown["What"]) == {
        "eventTime": record["eventTime"],
        "service": "polly",
        "operation": "StartSpeechSynthesisTask",
        "eventName": record["eventName"],
        "eventSource": "polly.amazonaws.com",
        "outcome": "ok",
        "resource": "speech-synthesis-task/7e6a4a52-1b4f-4d93-8a57-2f6d0c1b9e38",
        "readOnly": "false",
        "managementEvent": "true",
        "eventCategory": "Management",
        "eventType": "AwsApiCall",
    }
    assert fields(shown["Account"]) == {"recipientAccountId": "111122223333"}
    assert fields(shown["Other fields"])["other.tomorrow.a.1"] == "b"
    assert fields(shown["Record"]) == {
        "eventID": record["eventID"],
        "requestID": record["requestID"],
        "logFile": str(path),
        "recordIndex": "0",
    }
    for heading, name in (("Request", "requestParameters"), ("Response", "responseElements")):
        assert json.loads("\n".join(shown[heading])) == record[name]


def test_id_is_found_in_upper_case(aitrail, log_file, records):
    record = records["polly-by-user"]

    ended = aitrail("event", record["eventID"].upper(), "--from", log_file("a.json", record), "-o", "json")

    (row,) = json.loads(ended.stdout)
    assert record["eventID"] != record["eventID"].upper()
    assert row["eventID"] == record["eventID"]


GUID = "00abcdef-0000-4000-8000-000000000000"
BEGINNINGS = {
    "as a table shows it": "00abcdef",
    "of few characters": "00ab",
    "in upper case": "00ABCDEF-0000",
    "all but the last character": "00abcdef-0000-4000-8000-00000000000",
}


@pytest.mark.parametrize("given", BEGINNINGS.values(), ids=BEGINNINGS)
def test_event_is_found_by_the_beginning_of_its_id(aitrail, log_file, record, given):
    ended = aitrail("event", given, "--from", log_file("a.json", record(2, eventID=GUID), record(1)), "-o", "json")

    assert (ended.exit_code, ended.stderr) == (0, "")
    (row,) = json.loads(ended.stdout)
    assert row["eventID"] == GUID
    assert "requestParameters" in row


def test_beginning_of_several_ids_lists_them_newest_first_and_ends_with_2(aitrail, log_file, record):
    ended = aitrail("event", "0000", "--from", log_file("a.json", record(1), record(3), record(2)))

    first, *others = ended.stderr.splitlines()
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert first == "3 events begin with 0000. Give more of the ID:"
    assert [line.split() for line in others] == [
        [f"2026-03-14T00:00:0{n}Z", "StartSpeechSynthesisTask", "user/audiobooks-batch", record(n)["eventID"]]
        for n in (3, 2, 1)
    ]


def test_of_very_many_candidates_ten_are_listed(aitrail, log_file, record):
    ended = aitrail("event", "0000", "--from", log_file("a.json", *map(record, range(20))))

    first, *others = ended.stderr.splitlines()
    assert (ended.exit_code, first) == (2, "More than 10 events begin with 0000. Give more of the ID:")
    assert len(others) == 10


def test_beginning_in_the_table_is_looked_for_in_the_window(aitrail, recorded, record):
    recorded(record(1), record(2, eventID=GUID))
    now = datetime(2026, 3, 15, tzinfo=UTC)

    found = aitrail("event", "00abcd", "--since", "2026-03-14", "-o", "jsonl", now=lambda: now)
    not_found = aitrail("event", "00abcd", "--since", "1h", now=lambda: now)

    assert (found.exit_code, json.loads(found.stdout)["eventID"]) == (0, GUID)
    assert (not_found.exit_code, not_found.stdout) == (1, "")
    assert "No eventID from 2026-03-14T23:00:00Z" in not_found.stderr


def test_whole_id_takes_one_read_whether_it_is_there_or_not(aitrail, recorded, record, stacks):
    recorded(record(1))

    for number, code in ((1, 0), (2, 1)):
        stacks.calls.clear()
        ended = aitrail("event", record(number)["eventID"])

        assert ended.exit_code == code
        assert stacks.calls.count("GetItem") == 1
        assert "Query" not in stacks.calls


NO_PATTERNS = ["%%%%", "____", "****", "0000*", "[0-9]", "0%00", "\\d\\d\\d\\d", "\x1b[2J\x1b", "' OR 1=1 --"]


@pytest.mark.parametrize("given", NO_PATTERNS, ids=ascii)
def test_beginning_is_no_pattern_and_steers_no_terminal(aitrail, log_file, record, given):
    ended = aitrail("event", "--from", log_file("a.json", record(1), record(2)), "--", given)

    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "No eventID begins with it." in ended.stderr
    assert ended.stderr.replace("\n", "").isprintable()


def test_id_that_is_no_guid_is_found_by_its_beginning_and_wins_if_it_is_whole(aitrail, log_file, record):
    odd = record(1, eventID="(odd) *\x1b[2J")
    path = log_file("a.json", odd, record(2))
    whole = row_of(odd, log_file="x", record_index=0)["eventID"]

    by_beginning, by_all = (aitrail("event", given, "--from", path, "-o", "jsonl") for given in ("(odd) *", whole))

    assert json.loads(by_beginning.stdout)["eventID"] == json.loads(by_all.stdout)["eventID"] == whole


def test_candidates_of_hostile_names_stay_on_their_lines(aitrail, log_file, record):
    hostile = [record(n, eventName="\x1b[2J\nX", eventID=f"odd\n\x1b]0;{n}") for n in (1, 2)]

    ended = aitrail("event", "odd\n", "--from", log_file("a.json", *hostile))

    assert (ended.exit_code, ended.stderr.count("\n")) == (2, 3)
    assert ended.stderr.replace("\n", "").isprintable()


def test_fewer_than_four_characters_are_not_looked_for(aitrail, log_file, record):
    ended = aitrail("event", "000", "--from", log_file("a.json", record(1)))

    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "Give at least 4 characters" in ended.stderr


def test_table_tells_who_from_the_telling_parts_of_the_identity(aitrail, log_file, records):
    record = records["lex-by-sso"]
    identity = record["userIdentity"]

    ended = aitrail("event", record["eventID"], "--from", log_file("a.json", record), "-o", "table")

    assert fields(groups(ended.stdout)["Who"]) == {
        "principal": "sso/alice@example.com",
        "credentials": "sso",
        "temporaryCredentials": "true",
        "sessionName": "alice@example.com",
        "accessKeyId": identity["accessKeyId"],
        "principalAccount": "111122223333",
        "sessionCredentialFromConsole": "true",
        "type": "AssumedRole",
        "arn": identity["arn"],
        "mfaAuthenticated": "false",
        "creationDate": "2026-11-18T07:58:12Z",
        "sessionIssuer.arn": identity["sessionContext"]["sessionIssuer"]["arn"],
    }


def test_table_leaves_out_empty_groups(aitrail, log_file, records):
    record = records["denied"] | {"userAgent": None}

    ended = aitrail("event", record["eventID"], "--from", log_file("a.json", record), "-o", "table")

    shown = groups(ended.stdout)
    assert not {"Usage", "Request", "Response"} & set(shown)
    assert fields(shown["Other fields"])["responseElements"] == "null"
    assert fields(shown["What"])["errorMessage"] == record["errorMessage"]


def test_terminal_shows_the_groups_below_bold_headings(on_terminal, log_file, record):
    shown, stderr = on_terminal("event", ID, "--from", log_file("a.json", record()))

    assert stderr == ""
    assert shown.startswith("\x1b[1mWhat\x1b[0m\n  eventTime        2026-03-14T00:00:00Z\n")


def test_table_shows_times_in_the_time_zone_and_other_formats_do_not(aitrail, log_file, record):
    question = ("event", ID, "--from", log_file("a.json", record()), "--timezone", "Asia/Tokyo")

    table, lines = (aitrail(*question, "-o", output).stdout for output in ("table", "jsonl"))

    assert fields(groups(table)["What"])["eventTime"] == "2026-03-14T09:00:00+09:00"
    assert json.loads(lines)["eventTime"] == "2026-03-14T00:00:00Z"


def test_data_formats_have_the_whole_row(aitrail, log_file, record):
    path = log_file("a.json", record())
    row = row_of(record(), log_file=str(path), record_index=0)

    shown = {each: aitrail("event", ID, "--from", path, "-o", each).stdout for each in ("json", "jsonl", "csv")}

    (cells,) = csv.DictReader(io.StringIO(shown["csv"]))
    assert json.loads(shown["json"]) == [row]
    assert json.loads(shown["jsonl"]) == row
    assert {name for name, text in cells.items() if text} == {name for name in row if row[name] is not None}
    assert json.loads(cells["userIdentity"]) == row["userIdentity"]


def test_pipe_gets_the_row_as_a_line_of_json(aitrail, log_file, record):
    path = log_file("a.json", record())

    assert aitrail("event", ID, "--from", path).stdout == aitrail("event", ID, "--from", path, "-o", "jsonl").stdout


def test_query_is_asked_of_the_row(aitrail, log_file, record):
    path = log_file("a.json", record())

    ended = aitrail("event", ID, "--from", path, "--query", "[].[eventID, recordIndex]")

    assert json.loads(ended.stdout) == [[ID, 0]]


def test_table_of_the_deployment_is_asked(aitrail, kept, record):
    row = kept(record(), expiresAt=1_800_000_000)

    assert json.loads(aitrail("event", ID, "-o", "jsonl").stdout) == row
    assert "  expiresAt    2027-01-15T08:00:00Z\n" in aitrail("event", ID, "-o", "table").stdout


def test_expiry_beyond_the_calendar_is_a_number(record):
    row = row_of(record(), log_file="x", record_index=0) | {"expiresAt": 10**12}

    assert "  expiresAt    1000000000000" in list(lines_of(_groups_of(row, UTC), bold=False))


HOSTILE = "\x1b[2J\r\n\u202e" + "x" * 5_000


def test_hostile_values_and_names_stay_on_their_lines(aitrail, log_file, record):
    hostile = record(
        userAgent=HOSTILE,
        requestParameters={"taskId": HOSTILE, HOSTILE: [HOSTILE]},
        errorMessage=HOSTILE,
        **{"tomorrow\n\x1b[2J": {HOSTILE: HOSTILE}},
    )
    path = log_file("a.json", hostile)

    shown = aitrail("event", ID, "--from", path, "-o", "table").stdout

    lines = shown.splitlines()
    assert all(line.isprintable() for line in lines)
    assert len(lines) == shown.count("\n")
    assert f"  userAgent                 {printable(HOSTILE)}" in lines
    assert f"  errorMessage     {printable(HOSTILE)}" in lines


texts = st.text(max_size=4) | st.sampled_from(["", "a.b", "\x1b[2J", "\n", "\ud800", '"', "arn", "userIdentity"])
structures = st.recursive(
    texts | st.integers(0, 9) | st.floats(allow_nan=False) | st.none(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(texts, children, max_size=3),
    max_leaves=12,
)
FIELDS = ("requestParameters", "responseElements", "userIdentity", "tlsDetails", "resources", "userAgent", "tomorrow")


def numbered(value, count):
    """The same structure with unique values."""
    if isinstance(value, dict):
        return {name: numbered(item, count) for name, item in value.items()}
    if isinstance(value, list):
        return [numbered(item, count) for item in value]
    count.append(value)
    return f"<{len(count)}>{value}" if isinstance(value, str) else 10_000 + len(count)


def leaves_of(value):
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from leaves_of(item)
    else:
        yield value


@given(st.dictionaries(st.sampled_from(FIELDS), structures))
@settings(derandomize=True, database=None, deadline=None, max_examples=150)
def test_nothing_of_a_record_is_missing(changes):
    identity = {"eventTime": "2026-11-18T23:59:59Z", "eventSource": "polly.amazonaws.com", "eventID": "event"}
    record = identity | numbered(changes, [])
    row = row_of(record, log_file="x", record_index=0)

    lines = list(lines_of(_groups_of(row, UTC), bold=False))

    shown = "\n".join(lines)
    assert all(line.isprintable() for line in lines)
    for value in leaves_of(record):
        as_json = json.dumps(value, ensure_ascii=False)
        assert printable(str(value)) in shown or printable(as_json) in shown
    # Groups have headings of their own, and shorten the names below these.
    elsewhere = {"requestParameters", "responseElements", "other", "asJson", "usage", "userIdentity", "tlsDetails"}
    assert all(name in shown for name in {*row, *row.get("usage", {})} - elsewhere)


def test_names_with_dots_hide_no_other_value(record):
    row = row_of(record(tomorrow={"a.b": "first", "a": {"b": "second"}}), log_file="x", record_index=0)

    lines = list(lines_of(_groups_of(row, UTC), bold=False))

    assert {line.split()[-1] for line in lines if line.startswith("  other.tomorrow.a.b ")} == {"first", "second"}


def test_raw_is_the_record_exactly(aitrail, log_file, records):
    for record in [*records.values(), records["polly-by-user"] | ODD]:
        ended = aitrail("event", record["eventID"], "--from", log_file("a.json", record), "--raw")

        assert (ended.exit_code, ended.stdout.isascii()) == (0, True)
        assert items.json_text(json.loads(ended.stdout)) == items.json_text(record)


def test_raw_is_the_record_exactly_after_a_stay_in_the_table(aitrail, kept, record):
    odd = record(**ODD)
    kept(odd)

    ended = aitrail("event", ID, "--raw")

    assert items.json_text(json.loads(ended.stdout)) == items.json_text(odd)


@pytest.mark.parametrize("how", ["--raw", "--source"])
def test_record_without_a_guid_is_found_by_the_id_of_its_row(aitrail, log_file, record, how):
    odd = record(eventID="x" * 65)
    path = log_file("a.json", odd)
    event_id = row_of(odd, log_file="x", record_index=0)["eventID"]

    ended = aitrail("event", event_id, "--from", path, how)

    assert event_id.startswith("~")
    assert json.loads(ended.stdout) == odd


def test_raw_of_a_very_deep_record_is_json(aitrail, log_file, record):
    deep = record(requestParameters=json.loads("[" * 800 + "]" * 800))

    ended = aitrail("event", ID, "--from", log_file("a.json", deep), "--raw")

    assert json.loads(ended.stdout) == deep


def test_source_agrees_with_the_row_of_the_same_log_file(aitrail, log_file, record):
    path = log_file("a.json.gz", record(1), record(**ODD))

    ended = aitrail("event", ID, "--from", path, "--source")

    assert ended.exit_code == 0
    assert items.json_text(json.loads(ended.stdout)) == items.json_text(record(**ODD))
    assert ended.stderr == f"Record 1 of {path} agrees with the row.\n"


def test_source_agrees_with_the_row_of_the_table(aitrail, kept, delivered, record):
    kept(record(**ODD), index=1)
    delivered(record(1), record(**ODD))

    ended = aitrail("event", ID, "--source")

    assert (ended.exit_code, ended.stderr) == (0, f"Record 1 of {NAME} agrees with the row.\n")
    assert items.json_text(json.loads(ended.stdout)) == items.json_text(record(**ODD))


@pytest.fixture
def spoken(table, delivered, record, redaction):
    """A conversation with a bot in the log file, and its redacted row in the table; returns the record and the row."""
    lex = {"eventSource": "lex.amazonaws.com", "requestParameters": {"botId": "BOT", "text": "Ada Lovelace"}}
    spoken = record(**lex)
    delivered(spoken)
    row = row_of(spoken, log_file=NAME, record_index=0, redaction=redaction)
    table.write([row], time_left=lambda: 60.0)
    return spoken, row


def test_source_of_a_redacted_row_is_shown_and_compared_by_its_hashes(aitrail, spoken):
    record, row = spoken

    ended = aitrail("event", ID, "--source")

    assert (ended.exit_code, ended.stderr) == (0, f"Record 0 of {NAME} agrees with the row.\n")
    assert json.loads(ended.stdout) == record
    assert json.loads(aitrail("event", ID, "--raw").stdout)["requestParameters"] == row["requestParameters"]
    assert "Ada" not in aitrail("event", ID, "-o", "json").stdout


@pytest.mark.parametrize("name", ["requestParameters", "redacted"])
def test_source_finds_a_redacted_row_that_was_changed(aitrail, spoken, table, name):
    _, row = spoken
    other = {"requestParameters": row["requestParameters"] | {"text": "hmac:" + 32 * "0"}, "redacted": ["/x"]}[name]
    table.write([row | {name: other}], time_left=lambda: 60.0)

    ended = aitrail("event", ID, "--source")

    assert ended.exit_code == 4
    assert name in ended.stderr


@pytest.mark.usefixtures("spoken")
def test_source_of_a_redacted_row_needs_the_key(aitrail, stacks):
    stacks.refusals["GetSecretValue"] = ("AccessDeniedException", "no")

    ended = aitrail("event", ID, "--source")

    assert ended.exit_code == 3
    assert f"secretsmanager:GetSecretValue on {stacks['aitrail']['RedactionKeyArn']}" in ended.stderr


@pytest.mark.usefixtures("spoken")
def test_source_of_a_redacted_row_says_if_the_stack_has_no_key(aitrail, stacks):
    stacks["aitrail"]["RedactionKeyArn"] = "none"

    ended = aitrail("event", ID, "--source")

    assert ended.exit_code == 4
    assert "the stack names no key" in ended.stderr


@pytest.mark.usefixtures("redaction")
def test_source_of_a_row_from_before_redaction_needs_no_key(aitrail, kept, delivered, record, stacks):
    kept(record())
    delivered(record())

    ended = aitrail("event", ID, "--source")

    assert (ended.exit_code, stacks.calls.count("GetSecretValue")) == (0, 0)


DIFFERENT = {
    "changed": ({"userAgent": "other", "readOnly": 0}, "readOnly, userAgent"),
    "another record": ({"eventID": "00000001-0000-4000-8000-000000000000"}, "eventID"),
    "float for integer": ({"tomorrow": 1.0}, "tomorrow"),
}


@pytest.mark.parametrize("case", DIFFERENT.values(), ids=DIFFERENT)
def test_source_that_differs_is_shown_and_needs_a_person(aitrail, kept, delivered, record, case):
    changes, names = case
    kept(record(tomorrow=1))
    delivered(record(tomorrow=1) | changes)

    ended = aitrail("event", ID, "--source")

    assert ended.exit_code == 4
    assert items.json_text(json.loads(ended.stdout)) == items.json_text(record(tomorrow=1) | changes)
    assert ended.stderr.startswith(f"Record 0 of {NAME} differs from the row in {names}. --raw shows ")


def test_row_whose_derived_attributes_were_changed_needs_a_person(aitrail, kept, delivered, record):
    kept(record(), principal="user/somebody-else")
    delivered(record())

    ended = aitrail("event", ID, "--source")

    assert (ended.exit_code, json.loads(ended.stdout)) == (4, record())
    assert ended.stderr.startswith(
        f"Record 0 of {NAME} agrees with the row, but these derived attributes differ: principal. "
    )


WITHOUT = {
    "gone": (lambda _: None, "it is gone"),
    "bucket gone": (lambda s3: s3.delete_bucket(Bucket=BUCKET), "its bucket is gone"),
    "archived": (
        lambda s3: put(s3, b"{}", StorageClass="GLACIER"),
        "it is archived: restore it (`aws s3api restore-object`), and try again",
    ),
    "unreadable": (lambda s3: put(s3, b"nonsense"), "The content is not a JSON object"),
    "no such record": (
        lambda s3: put(s3, b'{"Records": []}'),
        "it has no record 0: it has 0, counted from 0",
    ),
    "another record": (
        lambda s3: put(s3, b'{"Records": [{}]}'),
        "its record 0 is a different one: it is from neither polly.amazonaws.com nor any recorded service",
    ),
}


@pytest.mark.parametrize("case", WITHOUT.values(), ids=WITHOUT)
def test_log_file_without_the_record_needs_a_person(aitrail, kept, bucket, record, case):
    change, reason = case
    kept(record())
    change(bucket)

    ended = aitrail("event", ID, "--source")

    assert (ended.exit_code, ended.stdout) == (4, "")
    assert ended.stderr == (
        f"{NAME}: {reason}. --raw shows the record that the row keeps; `aws cloudtrail validate-logs` checks whether "
        "log files were changed or deleted since CloudTrail delivered them.\n"
    )


def test_local_log_file_that_is_gone_needs_a_person(aitrail, kept, record, tmp_path):
    kept(record(), name=str(tmp_path / "gone.json"))

    ended = aitrail("event", ID, "--source")

    assert (ended.exit_code, ended.stdout) == (4, "")
    assert ended.stderr.startswith(f"{tmp_path / 'gone.json'}: No such file or directory. --raw shows ")


@pytest.mark.parametrize("name", ["logFile", "recordIndex", "eventSource"])
def test_row_that_names_no_record_needs_a_person(aitrail, table, record, name):
    row = row_of(record(), log_file=NAME, record_index=0)
    table.write([{each: row[each] for each in row if each != name}], time_left=lambda: 60.0)

    ended = aitrail("event", ID, "--source")

    assert (ended.exit_code, ended.stdout) == (4, "")
    assert ended.stderr.startswith("The row does not name its log file and record: someone changed it. ")


def test_log_file_that_may_not_be_read_is_unreachable(aitrail, kept, record, monkeypatch):
    def content_of(*_):
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "Access Denied"}}, "GetObject")

    kept(record())
    monkeypatch.setattr("aitrail.deliveries.content.content_of", content_of)

    ended = aitrail("event", ID, "--source")

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert "docs/operations.md (Permissions)" in ended.stderr


def test_log_file_is_unreachable_if_the_network_fails(aitrail, kept, record, stacks, monkeypatch):
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)

    def no_answer(request):
        raise ReadTimeoutError(endpoint_url=request.url)

    kept(record())
    stacks.answers["GetObject"] = no_answer

    ended = aitrail("event", ID, "--source")

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert ended.stderr.endswith("Check the network, --region and, if given, --endpoint-url.\n")


def test_standard_input_cannot_be_read_again(aitrail, record):
    content = json.dumps({"Records": [record()]})

    ended = aitrail("event", ID, "--from", "-", "--source", input=content)

    assert ended.exit_code == 2
    assert "name a file with --from, not standard input" in ended.stderr
    assert json.loads(aitrail("event", ID, "--from", "-", "--raw", input=content).stdout) == record()


@pytest.mark.usefixtures("table")
def test_unknown_id_is_told_with_what_to_check(aitrail):
    ended = aitrail("event", ID)

    assert (ended.exit_code, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"There is no event {ID} in the stack aitrail in eu-west-1. Check the ID and the place (--stack, --region, "
        "--profile, --from). CloudTrail delivers a log file 5 to 15 minutes after a call. A row is deleted when its "
        "retention ends.\n"
    )


def test_what_there_is_to_tell_of_log_files_is_told_of_an_unknown_id_as_well(aitrail, log_file, tmp_path):
    log_file("a.json").write_text("nonsense")

    ended = aitrail("event", ID, "--from", tmp_path)

    assert ended.exit_code == 1
    first, second, *_, last = ended.stderr.splitlines()
    assert first.startswith(f"{tmp_path / 'a.json'}: unreadable: ")
    assert second.startswith(f"There is no event {ID} in {tmp_path}. ")
    assert last.startswith("0 log files read, 1 unreadable")


WRONG = {
    "no ID": ([], "Missing argument 'ID'."),
    "empty ID": ([""], "an eventID is a string of 1 to 2,048 bytes."),
    "long ID": (["é" * 1025], "an eventID is a string of 1 to 2,048 bytes."),
    "ID that is no text": (["\udcff"], "an eventID is a string of 1 to 2,048 bytes."),
    "raw and source": ([ID, "--raw", "--source"], "give one of them"),
    "raw in a format": ([ID, "--raw", "-o", "csv"], "without -o and --query"),
    "source in the default format": ([ID, "--source", "-o", "jsonl"], "without -o and --query"),
    "raw and a query": ([ID, "--raw", "--query", "[]"], "without -o and --query"),
    "two IDs": ([ID, ID], "Got unexpected extra argument"),
}


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_wrong_command_line_ends_with_2_before_aws_is_asked(aitrail, stacks, arguments, message):
    ended = aitrail("event", *arguments)

    assert (ended.exit_code, ended.stdout, stacks.asked) == (2, "", [])
    assert message in ended.stderr


@pytest.mark.usefixtures("table")
def test_longest_id_is_looked_for(aitrail):
    assert aitrail("event", "é" * 1024).exit_code == 1

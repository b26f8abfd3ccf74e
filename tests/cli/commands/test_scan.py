import csv
import gzip
import io
import json
import os
import pty
from threading import Event, Thread

import boto3
import pytest
from moto import mock_aws

from aitrail.cli.output import ROW_COLUMNS
from aitrail.dynamodb.tables import NARROW_COLUMNS
from aitrail.logfile import UnreadableLogFile, wanted_records
from aitrail.rows import Reject, row_of
from aitrail.rows.reading import MAX_HELD_BYTES

REJECTED = {"eventTime": "yesterday"}
FOLDER = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14"
KEY = f"{FOLDER}/111122223333_CloudTrail_eu-west-1_20260314T0005Z_aaaaaaaaaaaaaaaa.json.gz"


@pytest.fixture
def bucket(credentials):  # noqa: ARG001 (the client needs them)
    """An empty bucket; returns the client."""
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="example-logs", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield s3


@pytest.fixture
def rows(aitrail):
    """The rows that `aitrail scan ARGUMENTS` shows; the command has to succeed."""

    def rows(*arguments, **options):
        ended = aitrail("scan", *arguments, **options)
        assert (ended.exit_code, ended.stderr) == (0, "")
        return [json.loads(line) for line in ended.stdout.splitlines()]

    return rows


@pytest.mark.parametrize("name", ["a.json.gz", "a.json", "without-an-ending"])
def test_row_is_the_one_that_the_table_gets_from_the_same_record(rows, records, log_file, name):
    unwanted = records["denied"] | {"eventSource": "s3.amazonaws.com"}
    path = log_file(name, unwanted, *records.values())

    shown = rows(path)

    expected = [
        row_of(record, log_file=str(path), record_index=index) for index, record in enumerate(records.values(), 1)
    ]
    assert shown == expected
    assert "expiresAt" not in shown[0]


def test_exact_row(rows, log_file):
    record = {
        "eventTime": "2026-03-14T09:20:00Z",
        "eventSource": "polly.amazonaws.com",
        "eventName": "SynthesizeSpeech20161128",
        "eventID": "0b1c2d3e-4f50-4162-8374-95a6b7c8d902",
        "userIdentity": {"type": "Root", "accountId": "111122223333"},
        "requestParameters": {"requestCharacters": 25, "speed": 1.0},
    }
    path = log_file("a.json", record)

    (row,) = rows(path)

    assert row == {
        "asJson": ["/requestParameters/speed"],
        "credentials": "root",
        "eventDay": "2026-03-14",
        "eventID": "0b1c2d3e-4f50-4162-8374-95a6b7c8d902",
        "eventName": "SynthesizeSpeech20161128",
        "eventSource": "polly.amazonaws.com",
        "eventTime": "2026-03-14T09:20:00Z",
        "logFile": str(path),
        "operation": "SynthesizeSpeech",
        "outcome": "ok",
        "principal": "root",
        "principalAccount": "111122223333",
        "recordIndex": 0,
        "requestParameters": {"requestCharacters": 25, "speed": "1.0"},
        "service": "polly",
        "temporaryCredentials": False,
        "usage": {"requestCharacters": 25},
        "userIdentity": {"accountId": "111122223333", "type": "Root"},
    }


def test_log_file_is_named_as_it_was_given(rows, record, log_file, tmp_path, monkeypatch):
    log_file("logs/a.json", record())
    monkeypatch.chdir(tmp_path)

    assert rows("logs/a.json")[0]["logFile"] == "logs/a.json"
    assert rows("logs")[0]["logFile"] == "logs/a.json"
    assert rows(".")[0]["logFile"] == "logs/a.json"


@pytest.mark.parametrize("pack", [gzip.compress, bytes], ids=["compressed", "plain"])
def test_dash_is_standard_input(rows, record, pack):
    shown = rows("-", input=pack(json.dumps({"Records": [record()]}).encode()))

    assert [(row["logFile"], row["recordIndex"]) for row in shown] == [("-", 0)]


def test_dash_and_files_are_read_in_the_order_they_are_named(rows, record, log_file):
    first, last = (log_file(name, record()) for name in ("z.json", "a.json"))

    shown = rows(first, "-", last, "-", input=json.dumps({"Records": [record()]}))

    assert [row["logFile"] for row in shown] == [str(first), "-", str(last)]


@pytest.mark.parametrize("pack", [gzip.compress, bytes], ids=["compressed", "plain"])
def test_log_files_that_follow_one_another_in_standard_input_are_counted_as_alone(aitrail, record, log_file, pack):
    several = [[record(1), record(2)], [record(3, **REJECTED), record(1)], [record(4, eventSource="s3.amazonaws.com")]]
    files = [log_file(f"{number}.json", *records) for number, records in enumerate(several)]

    together = aitrail("scan", "-", input=b"".join(pack(file.read_bytes()) for file in files))

    alone = aitrail("scan", *files)
    rows = [json.loads(line) for line in together.stdout.splitlines()]
    assert [(row["logFile"], row["recordIndex"]) for row in rows] == [("-", 0), ("-", 1), ("-, log file 2", 1)]
    for row, expected in zip(rows, map(json.loads, alone.stdout.splitlines()), strict=True):
        assert row | {"logFile": expected["logFile"]} == expected
    assert together.stderr.splitlines()[-1] == alone.stderr.splitlines()[-1]


def test_a_log_file_in_standard_input_that_cannot_be_read_is_named_with_its_place(aitrail, record):
    whole = json.dumps({"Records": [record()]}).encode()
    parts = [gzip.compress(whole), gzip.compress(whole)[:-9], gzip.compress(whole), b'{"Records": 7}', b"x" + whole]

    ended = aitrail("scan", "-", input=b"".join(parts))

    begins = [f"{sum(map(len, parts[:number])):,}" for number in range(5)]
    first, second, third, summary = ended.stderr.splitlines()
    assert first.startswith(f"-, log file 2 (from byte {begins[1]} of the input): unreadable: The gzip stream is ")
    assert first.endswith(f"; reading goes on at byte {begins[2]}")
    where = f"-, log file 4 (from byte {begins[3]} of the input)"
    assert second == f"{where}: unreadable: The JSON document has no Records list; reading goes on at byte {begins[4]}"
    assert third.endswith("unreadable: The content is not a JSON object; nothing after it was read")
    assert summary.startswith("2 log files read, 3 unreadable, ")
    assert ended.stdout.count("\n") == 2


def test_log_files_in_s3_are_read_as_local_ones(aitrail, bucket, record, log_file):
    bucket.put_object(Bucket="example-logs", Key=KEY, Body=json.dumps({"Records": [record()]}).encode())

    ended = aitrail("scan", "s3://example-logs/AWSLogs/", "--region", "eu-west-1")

    assert (ended.exit_code, ended.stderr) == (0, "")
    (local,) = aitrail("scan", log_file("a.json", record())).stdout.splitlines()
    assert json.loads(ended.stdout) == json.loads(local) | {"logFile": f"s3://example-logs/{KEY}"}


@pytest.mark.usefixtures("bucket")
def test_bucket_that_is_not_there_ends_with_3(aitrail):
    ended = aitrail("scan", "s3://no-such-logs")

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert ended.stderr.endswith("Check the bucket name after s3://, and --profile.\n")


@pytest.mark.parametrize("name", ["--profile", "--region", "--endpoint-url"])
def test_options_of_s3_are_refused_without_s3(aitrail, name):
    ended = aitrail("scan", ".", name, "x")

    assert ended.exit_code == 2
    assert f"{name} applies to s3:// paths only" in ended.stderr


def test_file_called_dash_can_be_named(rows, record, log_file, tmp_path, monkeypatch):
    log_file("-", record())
    monkeypatch.chdir(tmp_path)

    assert rows("./-")[0]["logFile"] == "./-"


FORMATS = {
    "jsonl": lambda text: [json.loads(line) for line in text.splitlines()],
    "json": json.loads,
    "csv": lambda text: list(csv.DictReader(io.StringIO(text))),
    "table": lambda text: [
        dict(zip(text.split()[:2], line.split()[:2], strict=True)) for line in text.splitlines()[1:]
    ],
}


@pytest.mark.parametrize(("output", "read"), FORMATS.items(), ids=FORMATS)
def test_every_format_shows_every_row(aitrail, record, log_file, output, read):
    path = log_file("a.json", *map(record, range(3)))

    ended = aitrail("scan", path, "--output", output)

    assert [row["eventTime"] for row in read(ended.stdout)] == [f"2026-03-14T00:00:0{second}Z" for second in range(3)]
    assert ended.stderr == ""


def test_csv_has_the_narrow_columns_and_the_origin(aitrail, record, log_file):
    path = log_file("a.json", record())

    header = aitrail("scan", path, "-o", "csv").stdout.splitlines()[0]

    assert header == ",".join((*NARROW_COLUMNS, "logFile", "recordIndex"))


def test_table_names_who_did_what(aitrail, record, log_file):
    path = log_file("a.json", record())

    lines = aitrail("scan", path, "-o", "table").stdout.replace(" (UTC)", "").splitlines()

    assert [line.replace(" (UTC)", "").split() for line in lines] == [
        [*ROW_COLUMNS],
        [
            *("2026-03-14T00:00:00Z", "StartSpeechSynthesisTask", "user/audiobooks-batch", "polly"),
            *("speech-synthesis-task/7e6a4a52-1b4f-4d93-8a57-2f6d0c1b9e38", "ok", "eu-west-1", "198.51.100.12"),
            "00000000",
        ],
    ]


EMPTY = {"table": "", "json": "[]\n", "jsonl": "", "csv": ",".join((*NARROW_COLUMNS, "logFile", "recordIndex")) + "\n"}


@pytest.mark.parametrize(("output", "expected"), EMPTY.items(), ids=EMPTY)
def test_files_without_wanted_records_say_so(aitrail, record, log_file, output, expected):
    path = log_file("a.json", record(eventSource="s3.amazonaws.com"))

    ended = aitrail("scan", path, "-o", output)

    assert (ended.exit_code, ended.stdout) == (0, expected)
    assert ended.stderr == (
        "1 log file read, 0 unreadable, 0 left out: 1 record, 0 rows, 0 rejected, 0 duplicates within a file.\n"
        "They contain no calls of lex, personalize, polly, transcribe.\n"
    )


def test_reject_is_reported_and_the_others_are_shown(aitrail, record, log_file):
    path = log_file("a.json", record(1), record(2, **REJECTED), record(3), record(3))

    ended = aitrail("scan", path)

    assert ended.exit_code == 0
    assert [json.loads(line)["recordIndex"] for line in ended.stdout.splitlines()] == [0, 2]
    with pytest.raises(Reject) as reject:
        row_of(record(2, **REJECTED), log_file="", record_index=1)
    assert ended.stderr == (
        f"{path}: record 1 is rejected: {reject.value.reason}\n"
        "1 log file read, 0 unreadable, 0 left out: 4 records, 2 rows, 1 rejected, 1 duplicate within a file.\n"
    )


def test_of_very_many_rejects_the_first_are_reported_and_all_are_counted(aitrail, record, log_file, monkeypatch):
    monkeypatch.setattr("aitrail.rows.reading.MAX_KEPT_REJECTS", 2)
    path = log_file("a.json", *[record(2, **REJECTED)] * 5)

    ended = aitrail("scan", path)

    *reported, summary = ended.stderr.splitlines()
    assert [line.partition(": ")[2].partition(":")[0] for line in reported[:2]] == [
        f"record {number} is rejected" for number in range(2)
    ]
    assert reported[2:3] == [f"{path}: 3 more records are rejected"]
    assert "5 rejected" in "".join([*reported[3:], summary])


def test_unreadable_file_is_reported_and_the_others_are_shown(aitrail, record, log_file, tmp_path):
    sound = log_file("b.json.gz", record())
    damaged = tmp_path / "a.json.gz"
    damaged.write_bytes(sound.read_bytes()[:-9])

    ended = aitrail("scan", tmp_path)

    assert ended.exit_code == 0
    assert [json.loads(line)["logFile"] for line in ended.stdout.splitlines()] == [str(sound)]
    with pytest.raises(UnreadableLogFile) as unreadable, damaged.open("rb") as stream:
        list(wanted_records(stream))
    assert ended.stderr == (
        f"{damaged}: unreadable: {unreadable.value}\n"
        "1 log file read, 1 unreadable, 0 left out: 1 record, 1 row, 0 rejected, 0 duplicates within a file.\n"
    )


def test_rows_shown_before_the_damage_count(aitrail, record, log_file, monkeypatch):
    monkeypatch.setattr("aitrail.rows.reading.MAX_HELD_BYTES", 1)
    damaged = log_file("a.json", record(1), record(2, **REJECTED), record(3))
    damaged.write_bytes(damaged.read_bytes() + b"x")

    ended = aitrail("scan", damaged)

    assert [json.loads(line)["recordIndex"] for line in ended.stdout.splitlines()] == [0, 2]
    assert ended.stderr.splitlines()[-1] == (
        "0 log files read, 1 unreadable, 0 left out: 0 records, 2 rows, 1 rejected, 0 duplicates within a file."
    )


STRICT = {
    "all is well": (["good"], 0),
    "unreadable": (["good", "bad"], 4),
    "rejected": (["odd"], 4),
    "no wanted records": (["none"], 0),
}


@pytest.mark.parametrize(("names", "exit_code"), STRICT.values(), ids=STRICT)
def test_strict_ends_with_4_when_something_needs_a_person(aitrail, record, log_file, names, exit_code):
    contents = {"good": [record()], "odd": [record(**REJECTED)], "none": [], "bad": []}
    files = {name: log_file(name, *contents[name]) for name in contents}
    files["bad"].write_text("{}")
    paths = [files[name] for name in names]

    strict, lenient = aitrail("scan", "--strict", *paths), aitrail("scan", *paths)

    assert (strict.exit_code, lenient.exit_code) == (exit_code, 0)
    assert (strict.stdout, strict.stderr) == (lenient.stdout, lenient.stderr)


def test_person_at_a_terminal_sees_a_summary_of_what_was_fine(program, record, log_file):
    terminal, stderr = pty.openpty()
    process = program("scan", log_file("a.json", *map(record, range(2))), stderr=stderr)

    stdout, _ = process.communicate(timeout=60)

    os.close(stderr)
    with os.fdopen(terminal, "rb", buffering=0) as stream:
        shown = stream.read(1000).decode()
    assert (process.returncode, stdout.count(b"\n")) == (0, 2)
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert (
        " ".join(shown.split())
        == "1 log file read, 0 unreadable, 0 left out: 2 records, 2 rows, 0 rejected, 0 duplicates within a file."
    )


def test_lookalikes_are_named(aitrail, record, log_file):
    sources = [
        "polly.amazonaws.com",
        "polly-next.amazonaws.com",
        "lex.runtime.amazonaws.com",
        "polly-next.amazonaws.com",
    ]
    path = log_file("a.json", *(record(number, eventSource=name) for number, name in enumerate(sources)))

    ended = aitrail("scan", path)

    assert ended.stderr == (
        "Left out 1 record of lex.runtime.amazonaws.com, which may be a new name of a service.\n"
        "Left out 2 records of polly-next.amazonaws.com, which may be a new name of a service.\n"
    )


def test_only_the_most_frequent_of_very_many_lookalikes_are_named(aitrail, record, log_file):
    sources = [*(f"polly-{number:02}.amazonaws.com" for number in range(25)), "polly-often.amazonaws.com"]
    records = [record(number, eventSource=source) for number, source in enumerate([*sources, sources[-1]])]

    lines = aitrail("scan", log_file("a.json", *records)).stderr.splitlines()

    assert len([line for line in lines if line.startswith("Left out ")]) == 20
    assert "Left out 2 records of polly-often.amazonaws.com, which may be a new name of a service." in lines
    assert "The same holds for 6 other sources, each with no more records than these." in lines


def test_nothing_in_a_record_or_a_name_steers_the_terminal_through_stderr(aitrail, record, log_file, tmp_path):
    log_file("\x1b[2J\n.json", record(eventTime="\x1b]0;x\x07\u202e"), record(1, eventSource="lex\x1b.x"))
    (tmp_path / "\x1b[2J\n.json.gz").write_bytes(b"\x1b[31m")

    ended = aitrail("scan", tmp_path)

    assert ended.stderr.count("\n") == 4
    assert ended.stderr.replace("\n", "").isprintable()


def test_rows_of_a_huge_file_are_shown_before_its_end(program, record):
    held_back = 1 + MAX_HELD_BYTES // 300_000
    text = [json.dumps(record(number, requestParameters={"text": "x" * 300_000})) for number in range(2 * held_back)]
    process, first_row_is_there = program("scan", "-"), Event()

    def write():
        with process.stdin as stdin:
            stdin.write(f'{{"Records":[{",".join(text[: held_back + 1])}'.encode())
            stdin.flush()
            first_row_is_there.wait(60)
            stdin.write(f",{','.join(text[held_back + 1 :])}]}}".encode())

    writer = Thread(target=write)
    writer.start()
    first = process.stdout.readline()
    first_row_is_there.set()
    others = process.stdout.readlines()
    writer.join()

    assert [json.loads(line)["recordIndex"] for line in (first, *others)] == list(range(len(text)))
    assert process.wait(60) == 0

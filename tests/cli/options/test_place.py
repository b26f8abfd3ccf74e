"""--from: log files answer the same questions as the table."""

import gzip
import json

import boto3
import pytest
from moto import mock_aws

PREFIX = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/111122223333_CloudTrail_eu-west-1_20260314T"


@pytest.fixture
def times(aitrail):
    """The eventTimes that `aitrail events ARGUMENTS` shows without any message, as seconds of the minute."""

    def times(*arguments, **options):
        ended = aitrail("events", *arguments, **options)
        assert (ended.exit_code, ended.stderr) == (0, "")
        return [json.loads(line)["eventTime"][17:19] for line in ended.stdout.splitlines()]

    return times


@pytest.fixture
def files(log_file, record):
    """Three log files with one call each, a second apart."""
    return [log_file(f"logs/{name}.json.gz", record(number)) for number, name in enumerate("cab")]


def test_everything_is_in_the_window_unless_it_is_given(times, log_file, record):
    path = log_file("a.json", record(1, eventTime="2013-11-13T00:00:01Z"), record(2))

    assert times("--from", path) == ["02", "01"]
    assert times("--from", path, "--since", "2026-03-14") == ["02"]
    assert times("--from", path, "--until", "2026-03-14") == ["01"]


def test_everything_is_whatever_log_files_say(times, log_file, record):
    path = log_file("a.json", record(1, eventTime="0001-01-01T00:00:01Z"), record(2, eventTime="9999-12-31T23:59:58Z"))

    assert times("--from", path) == ["58", "01"]
    assert times("--from", path, "--since", "2026-03-14") == ["58"]


def test_empty_result_of_everything_names_no_window(aitrail, log_file):
    path = log_file("a.json")

    ended = aitrail("events", "--from", path)

    assert ended.stderr.startswith(f"No events in {path}. Check the window")


def test_what_follows_is_read_too_as_a_pattern_of_the_shell_gives_it(times, files):
    assert times("--from", *files) == ["02", "01", "00"]
    assert times("--from", files[0], "--reverse", files[2]) == ["00", "02"]
    assert times("--from", files[0], "--from", files[2]) == ["02", "00"]
    assert times("--from", files[0].parent) == ["02", "01", "00"]


def test_a_call_that_two_files_hold_is_one_event(times, log_file, record):
    assert times("--from", log_file("a.json", record(7)), log_file("b.json", record(7))) == ["07"]


@pytest.mark.parametrize("pack", [gzip.compress, bytes], ids=["compressed", "plain"])
def test_dash_is_standard_input(times, record, pack):
    content = pack(json.dumps({"Records": [record(7)]}).encode())

    assert times("--from", "-", input=content) == ["07"]


def test_whole_rows_name_their_log_file(aitrail, files, record):
    (row,) = json.loads(aitrail("events", "--from", files[0], "-o", "json").stdout)

    assert (row["logFile"], row["recordIndex"]) == (str(files[0]), 0)
    assert row["userAgent"] == record()["userAgent"]


def test_nothing_of_aws_is_asked_for_log_files(times, files, stacks):
    assert times("--from", files[0]) == ["00"]
    assert (stacks.asked, stacks.calls) == ([], [])


@pytest.fixture
def bucket(credentials):  # noqa: ARG001 (the client needs them)
    """Puts log files into a bucket in moto, by time of delivery; returns the client."""
    with mock_aws():
        s3 = boto3.client("s3")
        location = {"LocationConstraint": "eu-west-1"}
        s3.create_bucket(Bucket="example-logs", CreateBucketConfiguration=location)

        def bucket(**deliveries):
            for time, records in deliveries.items():
                body = gzip.compress(json.dumps({"Records": records}).encode())
                s3.put_object(Bucket="example-logs", Key=f"{PREFIX}{time[1:]}Z_aaaaaaaaaaaaaaaa.json.gz", Body=body)
            return s3

        yield bucket


def test_log_files_may_be_in_s3(times, bucket, record, files):
    bucket(t0005=[record(7)], t0010=[record(8), record(9)])

    assert times("--from", "s3://example-logs") == ["09", "08", "07"]
    assert times("--from", "s3://example-logs/" + PREFIX + "0005") == ["07"]
    assert times("--from", "s3://example-logs/AWSLogs", files[0]) == ["09", "08", "07", "00"]


def test_bucket_that_is_not_there_ends_with_3(aitrail, bucket):
    bucket()

    ended = aitrail("events", "--from", "s3://no-such-logs")

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert ended.stderr == (
        "Error: An error occurred (NoSuchBucket) when calling the ListObjectsV2 operation: The specified bucket "
        "does not exist. Check the bucket name after s3://, and --profile.\n"
    )


WRONG = {
    "not there": (["--from", "no/such"], "Invalid value for '--from': Path 'no/such' does not exist."),
    "not there, further": (["--from", ".", "no/such"], "Invalid value for '--from': Path 'no/such' does not exist."),
    "no bucket": (
        ["--from", "s3://"],
        "Invalid value for '--from': 's3://' does not name a bucket: give s3://BUCKET or s3:/",
    ),
    "without --from": (["logs"], "Got unexpected extra argument (logs). Name log files with --from."),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_wrong_path_is_refused(aitrail, arguments, message):
    ended = aitrail("events", *arguments)

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert message in ended.stderr


def test_empty_result_names_the_paths(aitrail, log_file, record):
    paths = [log_file(f"{number}.json", record(number)) for number in range(5)]

    few = aitrail("events", "--from", paths[0], "-", "--until", "2026-03-01", input='{"Records": []}')
    many = aitrail("events", "--from", *paths, "--service", "lex", "--since", "2026-03-01", "--until", "2026-04-01")

    advice = "Check the window (--since, --until) and the paths (--from).\n"
    assert (few.exit_code, few.stdout) == (many.exit_code, many.stdout) == (0, "")
    assert few.stderr == f"No events until 2026-03-01T00:00:00Z in {paths[0]}, standard input. {advice}"
    assert many.stderr == (
        "No events with service lex from 2026-03-01T00:00:00Z until 2026-04-01T00:00:00Z in "
        f"{paths[0]}, {paths[1]}, {paths[2]} and 2 more. {advice}"
    )


def test_what_is_wrong_with_files_and_records_is_told(aitrail, log_file, record):
    good = log_file("logs/a.json", record(1), record(2, eventTime="yesterday"))
    bad = log_file("logs/b.json")
    bad.write_text("{}")

    ended = aitrail("events", "--from", good.parent, "--columns", "eventTime")

    assert (ended.exit_code, ended.stdout.count("\n")) == (0, 1)
    rejected, unreadable, summary = ended.stderr.splitlines()
    assert rejected.startswith(f"{good}: record 1 is rejected: ")
    assert unreadable.startswith(f"{bad}: unreadable: ")
    assert (
        summary
        == "1 log file read, 1 unreadable, 0 left out: 2 records, 1 row, 1 rejected, 0 duplicates within a file."
    )


def test_verbose_tells_what_was_read(aitrail, files):
    ended = aitrail("events", "-v", "--from", *files, "--columns", "eventTime")

    assert (
        ended.stderr
        == "3 log files read, 0 unreadable, 0 left out: 3 records, 3 rows, 0 rejected, 0 duplicates within a file.\n"
    )


def test_summary_says_how_many_rows_were_delivered_again(aitrail, log_file, record):
    log_file("logs/a.json", record(1), record(2), record(2))
    log_file("logs/b.json", record(1), record(3))
    folder = log_file("logs/c.json", record(1)).parent

    asked = aitrail("events", "-v", "--from", folder, "--columns", "eventTime")
    scanned = aitrail("scan", folder)

    assert asked.stderr == (
        "3 log files read, 0 unreadable, 0 left out: 6 records, 5 rows (2 delivered again in another file), "
        "0 rejected, 1 duplicate within a file.\n"
    )
    assert (asked.stdout.count("\n"), scanned.stdout.count("\n")) == (3, 5)


def test_nothing_in_names_steers_the_terminal_through_messages(aitrail, log_file, record):
    path = log_file("\x1b[2J\u202e\n.json", record(1, eventTime="\x1b]0;x\x07"))

    ended = aitrail("events", "--from", path, "--principal", "user/\x1b[31m*")

    assert ended.exit_code == 0
    assert ended.stderr.replace("\n", "").isprintable()
    assert ended.stderr.count("\n") == 5


@pytest.fixture
def damaged(log_file, record):
    """Three log files: a good one, one with a record that cannot become a row, and one that cannot be read."""
    broken = log_file("c.json")
    broken.write_text("{")
    rejected = log_file("b.json", record(2), record(3, eventTime="yesterday"))
    return {"sound": log_file("a.json", record(1)), "rejected": rejected, "unreadable": broken}


ENDINGS = {
    "fine": (["sound"], (0, 0)),
    "record rejected": (["sound", "rejected"], (0, 4)),
    "one file unreadable": (["sound", "unreadable"], (0, 4)),
    "nothing readable": (["unreadable"], (1, 4)),
}


@pytest.mark.parametrize(
    "command", [["events"], ["usage"], ["who", "speech-synthesis-task/*"]], ids=lambda each: each[0]
)
@pytest.mark.parametrize(("names", "codes"), ENDINGS.values(), ids=ENDINGS)
def test_exit_code_tells_of_files_that_cannot_be_read(aitrail, damaged, command, names, codes):
    paths = [damaged[name] for name in names]

    ended = [aitrail(*command, *option, "--from", *paths) for option in ([], ["--strict"])]

    assert tuple(each.exit_code for each in ended) == codes
    assert ended[0].stdout == ended[1].stdout
    assert [each.stderr.endswith("No log file could be read.\n") for each in ended] == [codes == (1, 4), False]


def test_exit_code_of_a_command_comes_first(aitrail, damaged):
    ended = aitrail("event", "nothing", "--strict", "--from", damaged["unreadable"])

    assert ended.exit_code == 1


UNUSED = {
    "region": (
        ["--region", "us-east-1"],
        "--region selects the stack, but --from reads no stack: leave one out. To filter by the Region that was",
    ),
    "stack": (["--stack", "aitrail"], "--stack selects the stack, but --from reads no stack: leave one out.\n"),
    "profile": (["--profile", "x"], "--profile selects the stack, but --from reads no stack: leave one out.\n"),
    "endpoint": (["--endpoint-url", "http://127.0.0.1"], "--endpoint-url selects the stack, but --from reads"),
}


@pytest.mark.parametrize(("arguments", "message"), UNUSED.values(), ids=UNUSED)
def test_options_of_aws_are_refused_with_files_of_this_machine(aitrail, files, arguments, message):
    ended = aitrail("events", *arguments, "--from", *files)

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert f"Error: {message}" in ended.stderr


def test_refused_region_names_another_option_where_there_is_one(aitrail, files):
    ended = aitrail("event", "nothing", "--region", "us-east-1", "--from", files[0])

    assert ended.exit_code == 2
    assert ended.stderr.endswith("reads no stack: leave one out.\n")


def test_region_may_be_given_for_a_bucket_and_a_stack_may_not(aitrail, times, bucket, record):
    bucket(t0005=[record(7)])

    ended = aitrail("events", "--stack", "aitrail", "--from", "s3://example-logs")

    assert times("--from", "s3://example-logs", "--region", "eu-west-1") == ["07"]
    assert ended.exit_code == 2


@pytest.mark.parametrize("option", [["--strict"], ["--read-all"], ["--jobs", "2"]], ids=" ".join)
def test_options_of_log_files_are_refused_without_any(aitrail, option):
    ended = aitrail("events", *option)

    assert ended.exit_code == 2
    assert f"{option[0]} applies to log files: use it with --from." in ended.stderr


def test_log_files_that_are_left_out_by_their_names_are_counted_and_read_on_demand(aitrail, log_file, record):
    name = "111122223333_CloudTrail_eu-west-1_20250314T0925Z_Zr5tYh2kQw8eLp0N.json.gz"
    file = log_file(f"AWSLogs/111122223333/CloudTrail/eu-west-1/2025/03/14/{name}", record(1))
    command = ["events", "-o", "jsonl", "--columns", "eventID", "--since", "2026-01-01", "--from", file]

    believed, everything = aitrail(*command), aitrail(*command, "--read-all")

    assert believed.stdout == ""
    assert "0 log files read, 0 unreadable, 1 left out (1 delivered before the window): 0 records" in believed.stderr
    assert "There are no log files here" not in believed.stderr
    assert everything.stdout == '{"eventID": "00000001-0000-4000-8000-000000000000"}\n'
    assert "left out" not in everything.stderr

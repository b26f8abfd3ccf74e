"""`aitrail verify` with moto's DynamoDB, SQS and S3."""

import gzip
import hashlib
import json
import re

import boto3
import pytest

from aitrail.dynamodb.tables import FILES
from aitrail.ledger import DIGEST, DigestEntry, FileEntry, Ledger, Listing
from aitrail.rows import RowHashes, recorded_with, row_of
from aitrail.services import load
from demo.documentation import PROJECT
from tests.shared.deployed_tables import create_table
from tests.shared.key_files import key_file
from tests.shared.signed_digests import at, digest, key_of, written

BUCKET = "example-logs"
FOLDER = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/111122223333_CloudTrail_eu-west-1_20260314T"
WINDOW = ("--since", "2026-03-14T09:00", "--until", "2026-03-14T12:00")


@pytest.fixture
def deployment(table, stacks):
    """The whole stack `aitrail`: the table, the ledger, and outputs for bucket and queue."""
    dynamodb, sqs = boto3.client("dynamodb"), boto3.client("sqs")
    create_table(dynamodb, "example-Files", FILES)
    url = sqs.create_queue(QueueName="backfill")["QueueUrl"]
    stacks["aitrail"] |= {"FilesTableName": "example-Files", "LogBucketName": BUCKET, "BackfillQueueUrl": url}
    stacks["aitrail"] |= {"KeyPrefixes": "none", "LedgerRetentionDays": "none"}
    return Deployment(Ledger(dynamodb, "example-Files"), table, sqs, url)


def at_the_time(record, time):
    """The record of an event at the time of its delivery."""
    return record | {"eventTime": f"2026-03-14T{time[:2]}:{time[2:]}:00Z"}


class Deployment:
    def __init__(self, ledger, table, sqs, url):
        self.ledger, self.table, self.sqs, self.url = ledger, table, sqs, url

    def digests(self, *hours):
        for hour in hours:
            end = at(f"{hour:02}:00")
            entry = DigestEntry(
                log_file=f"s3://{BUCKET}/{key_of(end)}",
                status="verified",
                delivery_day="2026-03-14",
                digest_start=written(at(f"{hour - 1:02}:00")),
                digest_end=written(end),
                follows="2026-03-14T07:00:00Z",
                listed=0,
            )
            self.ledger.record(entry, DIGEST)

    def log(self, time, *records, listed=True, read=True, sha256="a" * 64, happened=None):
        name = f"s3://{BUCKET}/{FOLDER}{time}Z_a.json.gz"
        if read:
            version = recorded_with(load())
            records = [at_the_time(each, happened or time) for each in records]
            rows = [row_of(each, log_file=name, record_index=index) for index, each in enumerate(records)]
            self.table.write(rows, time_left=lambda: 60.0)
            hashes = RowHashes()
            for row in rows:
                hashes.add(row)
            counts = dict.fromkeys(("records", "wanted", "written"), len(rows))
            times = [row["eventTime"] for row in rows]
            self.ledger.record(
                FileEntry(
                    log_file=name,
                    status="ingested",
                    recorded_with=version,
                    sha256=sha256,
                    rows_sha256=hashes.sha256() if rows else None,
                    delivery_day="2026-03-14",
                    first_event_time=min(times, default=None),
                    last_event_time=max(times, default=None),
                    **counts,
                )
            )
        if listed:
            known = {"deliveryDay": "2026-03-14"}
            end = at(f"{int(time[:2]) + 1:02}:00")
            by = f"s3://{BUCKET}/{key_of(end)}"
            listing = Listing(
                log_file=name,
                entry="file",
                expected_sha256=sha256,
                listed_by=by,
                listed_at=written(end),
                known=known,
            )
            self.ledger.expect(listing)
            if entry := self.ledger.entry(by, DIGEST):
                self.ledger.note(by, DIGEST, listed=entry["listed"] + 1)
        return name

    def announced(self):
        found = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]


def test_window_that_is_proved_is_told_in_a_sentence(aitrail, deployment, record):
    deployment.digests(*range(9, 14))
    deployment.log("0930", record(1), record(2))
    deployment.log("1030")

    ended = aitrail("verify", *WINDOW)

    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.stdout == (
        "2 of 2 files delivered, ingested and verified; 2 records, 2 wanted, 2 distinct events, 2 rows\n"
        "Proved: no exceptions.\n"
        "Delivered from 2026-03-14T09:00:00Z until 2026-03-14T12:00:00Z (UTC).\n"
    )


def test_every_exception_is_named_and_the_exit_code_asks_for_a_person(aitrail, deployment, record):
    deployment.digests(9, 10, 12, 13)
    unlisted = deployment.log("0930", record(1), listed=False)
    awaited = deployment.log("1130", read=False)

    ended = aitrail("verify", *WINDOW)

    assert ended.exit_code == 4
    chain = f"s3://{BUCKET}/{key_of(at('11:00'))}".partition("/2026/")[0]
    assert ended.stdout == (
        "0 of 2 files delivered, ingested and verified; 1 record, 1 wanted, 1 distinct event, 1 row\n"
        "Not proved: 3 exceptions, listed below.\n"
        "Delivered from 2026-03-14T09:00:00Z until 2026-03-14T12:00:00Z (UTC).\n"
        "\n"
        "awaited: a digest lists it, but it has not arrived: `aitrail verify --announce` re-announces it\n"
        f"  {awaited}\n"
        "\n"
        "gap: no verified digest covers 2026-03-14T10:00:00Z to 2026-03-14T11:00:00Z: is the trail stopped, or "
        "is a digest not verified?\n"
        f"  {chain}/111122223333_CloudTrail-Digest_eu-west-1_audit_eu-west-1\n"
        "\n"
        "unproven: no CloudTrail digest lists it yet\n"
        f"  {unlisted}\n"
    )


def test_exceptions_of_one_kind_stand_below_what_is_the_matter(aitrail, deployment):
    deployment.digests(*range(9, 14))
    names = [deployment.log(time, read=False) for time in ("0930", "1030")]

    lines = aitrail("verify", *WINDOW).stdout.splitlines()

    assert lines[1] == "Not proved: 2 exceptions, listed below."
    assert lines[4].startswith("awaited: ")
    assert lines[5:] == [f"  {name}" for name in names]


@pytest.fixture
def verify_at_noon(aitrail):
    """`aitrail verify` with its clock at 12:00."""
    return lambda *arguments: aitrail("verify", *arguments, now=lambda: at("12:00"))


def test_window_ends_where_the_digests_have_closed_the_time_and_says_so(verify_at_noon, deployment, record):
    deployment.digests(*range(9, 13))
    deployment.log("0930", record(1))
    deployment.log("1115", record(2), listed=False)

    ended = verify_at_noon("--since", "2026-03-14T09:00")
    found = json.loads(verify_at_noon("--since", "2026-03-14T09:00", "-o", "json").stdout)

    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == [
        "1 of 1 file delivered, ingested and verified; 1 record, 1 wanted, 1 distinct event, 1 row",
        "Proved: no exceptions.",
        "Delivered from 2026-03-14T09:00:00Z until 2026-03-14T11:00:00Z (UTC).",
        "Every chain of digests has closed up to then. Later files may not be listed yet.",
    ]
    assert (found["until"], found["horizon"]) == ("2026-03-14T11:00:00Z", None)


@pytest.mark.parametrize("until", ["now", "2026-03-14T12:00", "2026-03-14T11:01", "2026-03-15T11:00"])
def test_end_that_is_too_recent_is_an_exception(verify_at_noon, deployment, until):
    deployment.digests(*range(9, 13))

    ended = verify_at_noon("--since", "2026-03-14T09:00", "--until", until)

    assert ended.exit_code == 4
    assert "\nnot-closed: every chain of digests has closed only up to 2026-03-14T11:00:00Z" in ended.stdout


def test_end_that_is_closed_is_none(verify_at_noon, deployment):
    deployment.digests(*range(9, 13))

    assert verify_at_noon("--since", "2026-03-14T09:00", "--until", "2026-03-14T11:00").exit_code == 0


def test_end_of_a_period_that_is_too_recent_is_an_exception(verify_at_noon, deployment):
    deployment.digests(*range(9, 13))

    ended = verify_at_noon("--during", "today")

    assert ended.exit_code == 4
    assert "\nnot-closed: every chain of digests has closed only up to 2026-03-14T11:00:00Z" in ended.stdout


def test_time_that_the_ledger_has_forgotten_is_named_with_its_end(verify_at_noon, deployment, stacks):
    stacks["aitrail"]["LedgerRetentionDays"] = "2"
    deployment.digests(*range(9, 13))

    ended = verify_at_noon("--since", "2026-03-10", "--query", "{horizon: horizon, findings: findings[].finding}")

    assert json.loads(ended.stdout) == {"horizon": "2026-03-12T14:00:00Z", "findings": ["beyond-ledger", "gap"]}


def test_log_file_whose_entry_is_gone_is_named(aitrail, deployment, record, monkeypatch):
    deployment.digests(*range(9, 14))
    deployment.log("0930", record(1))
    lost = f"AWSLogs/{FOLDER.partition('AWSLogs/')[2]}0940Z_lost.json.gz"
    monkeypatch.setattr("aitrail.digests.PublicKeys.check", lambda *_: None)
    signed = digest(at("10:00"), [(f"{FOLDER}0930Z_a.json.gz", "a" * 64), (lost, "b" * 64)], bucket=BUCKET)
    deployment.ledger.note(f"s3://{BUCKET}/{signed.key}", DIGEST, listed=2)
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=BUCKET, Key=signed.key, Body=signed.body)

    found = json.loads(aitrail("verify", *WINDOW, "-o", "json").stdout)["findings"]

    assert [(each["finding"], each["of"]) for each in found] == [("not-ingested", f"s3://{BUCKET}/{lost}")]


@pytest.mark.parametrize(
    ("output", "expected"),
    [("example-original", "not-ingested"), ("none", "invalid"), (None, "invalid")],
    ids=["a copy", "no copy", "an earlier stack"],
)
def test_stack_says_whether_the_log_bucket_holds_a_copy(  # noqa: PLR0913 - fixtures and parameters
    aitrail, deployment, stacks, monkeypatch, *, output, expected
):
    deployment.digests(*range(9, 14))
    monkeypatch.setattr("aitrail.digests.PublicKeys.check", lambda *_: None)
    lost = f"{FOLDER}0940Z_lost.json.gz"
    signed = digest(at("10:00"), [(lost, "b" * 64)], bucket="example-original")
    deployment.ledger.note(f"s3://{BUCKET}/{signed.key}", DIGEST, listed=1)
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=BUCKET, Key=signed.key, Body=signed.body)
    if output:
        stacks["aitrail"]["OriginalBucket"] = output

    found = json.loads(aitrail("verify", *WINDOW, "-o", "json").stdout)["findings"]

    of = {"not-ingested": lost, "invalid": signed.key}[expected]
    assert [(each["finding"], each["of"]) for each in found] == [(expected, f"s3://{BUCKET}/{of}")]


def test_json_is_one_object_for_programs(aitrail, deployment, record):
    deployment.digests(*range(9, 14))
    name = deployment.log("0930", record(1), read=False)

    found = json.loads(aitrail("verify", *WINDOW, "-o", "json").stdout)

    assert found == {
        "proved": False,
        "since": "2026-03-14T09:00:00Z",
        "until": "2026-03-14T12:00:00Z",
        "horizon": None,
        "delivered": 1,
        "verified": 0,
        "records": 0,
        "wanted": 0,
        "rejected": 0,
        "expired": 0,
        "distinct": 0,
        "rows": 0,
        "readAgain": 0,
        "notListedYet": [],
        "findings": [
            {
                "finding": "awaited",
                "of": name,
                "why": "a digest lists it, but it has not arrived: `aitrail verify --announce` re-announces it",
            }
        ],
        "accepted": [],
    }


def test_documentation_shows_what_is_printed(aitrail, deployment, record):
    page = (PROJECT / "docs/completeness.md").read_text()
    deployment.digests(*range(9, 14))
    deployment.log("0930", record(1))
    deployment.log("1030", record(2))

    proved = aitrail("verify", *WINDOW).stdout
    deployment.log("1130", read=False)
    found = aitrail("verify", *WINDOW, "-o", "json").stdout

    assert "".join(f"    {line}\n" for line in proved.splitlines()) in page
    assert f"```json\n{found}```\n" in page
    names = re.search(r"\| name \| what it is \|\n.*?\n\n", page, re.DOTALL)[0]
    assert {*json.loads(found), "finding", "of", "why"} == set(re.findall(r"`(\w+)`", names))


def test_questions_page_shows_what_is_printed(aitrail, deployment, record):
    page = (PROJECT / "docs/questions.md").read_text()
    deployment.digests(*range(9, 14))
    deployment.log("0930", record(1), record(2))
    deployment.log("1030")

    (shown,) = re.findall(r"^    \$ aitrail (verify .*)\n((?:    .*\n)+)", page, re.MULTILINE)
    answer = aitrail(*shown[0].split()).stdout

    assert "".join(f"    {line}\n" for line in answer.splitlines()) == shown[1]


def test_rows_of_a_log_file_of_a_later_hour_that_no_digest_lists_yet_are_not_called_proved(aitrail, deployment, record):
    deployment.digests(*range(9, 14))
    name = deployment.log("1315", record(1), listed=False, happened="1145")

    now = {"now": lambda: at("13:40")}
    ended = aitrail("verify", *WINDOW, **now)
    found = json.loads(aitrail("verify", *WINDOW, "-o", "json", **now).stdout)

    assert ended.exit_code == 0
    assert "Rows of 1 log file of other hours are not proved: no digest lists it yet" in ended.stdout
    assert (found["proved"], found["notListedYet"]) == (True, [name])


def test_what_has_not_come_is_announced_again_when_asked(aitrail, deployment):
    deployment.digests(*range(9, 14))
    name = deployment.log("0930", read=False)

    silent = aitrail("verify", *WINDOW), deployment.announced()
    ended = aitrail("verify", *WINDOW, "--announce")

    assert silent[1] == []
    assert ended.stderr.splitlines()[-1] == "1 object re-announced."
    assert deployment.announced() == [{"s3Bucket": BUCKET, "s3ObjectKey": [name.removeprefix(f"s3://{BUCKET}/")]}]


def test_account_and_region_narrow_what_is_proved(aitrail, deployment):
    deployment.digests(*range(9, 14))
    deployment.log("0930", read=False)

    chosen = (("us-east-1", "111122223333"), ("eu-west-1", "444455556666"), ("eu-west-1", "111122223333"))
    found = [
        json.loads(aitrail("verify", *WINDOW, "--in-region", region, "--account", account, "-o", "json").stdout)
        for region, account in chosen
    ]

    assert [[finding["finding"] for finding in each["findings"]] for each in found] == [
        ["nothing-delivered"],
        ["nothing-delivered"],
        ["awaited"],
    ]


@pytest.mark.usefixtures("deployment")
def test_window_without_deliveries_says_what_to_look_at(aitrail):
    ended = aitrail("verify", *WINDOW)

    assert ended.exit_code == 4
    assert ended.stdout.startswith("0 of 0 files delivered, ingested and verified; ")
    assert ended.stderr == (
        "There are no deliveries in this window. Check --since, --account, --in-region, and `aitrail status`.\n"
    )


def test_rejects_are_told_and_are_no_exception(aitrail, deployment, record):
    deployment.digests(*range(9, 14))
    name = deployment.log("0930", record(1))
    entry = deployment.ledger.entry(name)
    changed = {"rejected": 1, "wanted": 2}
    deployment.ledger.note(name, "file", **changed)

    ended = aitrail("verify", *WINDOW)

    assert (entry["verifiedBy"] is not None, ended.exit_code) == (True, 0)
    assert "\n1 record could not become rows: `aitrail rejects` shows them.\n" in ended.stdout


def test_what_is_accepted_is_told_and_no_exception(aitrail, deployment):
    deployment.digests(9, 10, 11, 12, 13)
    name = f"s3://{BUCKET}/{FOLDER}0930Z_a.json.gz"
    deployment.ledger.record(FileEntry(log_file=name, status="missing", delivery_day="2026-03-14"))
    before = aitrail("verify", *WINDOW)
    accepting = aitrail("accept", name, "--reason", "deleted by a test")

    after, found = aitrail("verify", *WINDOW), json.loads(aitrail("verify", *WINDOW, "-o", "json").stdout)

    assert (before.exit_code, accepting.exit_code, after.exit_code) == (4, 0, 0)
    assert after.stdout.startswith("0 of 1 file delivered, ingested and verified; ")
    assert "\nNo other exceptions: 1 problem accepted (consequences included; -o json lists all).\n" in after.stdout
    assert [each["of"] for each in found["accepted"]] == [name]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--since", "tomorrow"), "'tomorrow' is not a time"),
        (("--since", "1d", "--until", "2d"), "The window is empty"),
    ],
)
def test_window_that_makes_no_sense_is_a_usage_error(aitrail, arguments, message):
    ended = aitrail("verify", *arguments)

    assert ended.exit_code == 2
    assert message in ended.stderr


@pytest.mark.usefixtures("deployment")
def test_verbose_tells_what_reading_took(aitrail):
    assert "requests" in aitrail("verify", *WINDOW, "-v").stderr


def test_query_is_asked_of_the_object(aitrail, deployment):
    deployment.digests(*range(9, 14))
    deployment.log("0930", read=False)

    assert aitrail("verify", *WINDOW, "--query", "findings[].finding").stdout == '[\n  "awaited"\n]\n'


@pytest.fixture
def damaged(deployment, record, stacks, monkeypatch, tmp_path):
    """A log file in the bucket, of whose two rows one was changed, and one more row that names it."""
    monkeypatch.chdir(tmp_path)
    stacks["aitrail"] |= {"LedgerRetentionDays": "none", "RowRetentionDays": "none"}
    deployment.digests(*range(9, 14))
    records = [at_the_time(record(number), "0930") for number in (1, 2)]
    content = json.dumps({"Records": records}).encode()
    name = deployment.log("0930", *records, sha256=hashlib.sha256(content).hexdigest())
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=BUCKET, Key=name.removeprefix(f"s3://{BUCKET}/"), Body=gzip.compress(content))
    rows = [row_of(each, log_file=name, record_index=index) for index, each in enumerate(records)]
    changed = [rows[0] | {"principal": "user/Mallory"}, rows[1] | {"eventID": "added"}]
    deployment.table.write(changed, time_left=lambda: 60.0)
    return name


def test_repair_asks_and_puts_everything_right(aitrail, damaged, tmp_path):
    ended = aitrail("verify", *WINDOW, "--repair", input="y\ny\n")

    assert ended.exit_code == 0, ended.output
    assert "Proved: no exceptions." in ended.stdout
    assert "Ingest again, with the content that a digest lists: 1 log file" in ended.stderr
    assert damaged in ended.stderr
    assert "Delete, because no content of CloudTrail's has them: 1 row" in ended.stderr
    (copy,) = tmp_path.glob("aitrail-deleted-rows-*.jsonl")
    assert [json.loads(line)["eventID"] for line in copy.read_text().splitlines()] == ["added"]
    assert aitrail("verify", *WINDOW).exit_code == 0


@pytest.mark.parametrize(("arguments", "answers"), [(("--dry-run",), ""), ((), "n\nn\n"), ((), "\n\n"), ((), "")])
@pytest.mark.usefixtures("damaged")
def test_repair_without_agreement_changes_nothing(aitrail, tmp_path, arguments, answers):
    before = aitrail("verify", *WINDOW)

    ended = aitrail("verify", *WINDOW, "--repair", *arguments, input=answers)

    assert before.exit_code == 4
    assert ended.exit_code in (1, 4)
    assert aitrail("verify", *WINDOW).stdout == before.stdout
    assert not list(tmp_path.iterdir())


def test_dry_run_without_repair_is_a_usage_error(aitrail):
    ended = aitrail("verify", "--dry-run")

    assert (ended.exit_code, "give both" in ended.stderr) == (2, True)


def test_dry_run_announces_nothing(aitrail):
    ended = aitrail("verify", "--repair", "--dry-run", "--announce")

    assert (ended.exit_code, "--announce sends messages" in ended.stderr) == (2, True)


def test_nothing_to_repair_asks_nothing(aitrail, deployment, record):
    deployment.digests(*range(9, 14))
    deployment.log("0930", record(1))

    ended = aitrail("verify", *WINDOW, "--repair")

    assert (ended.exit_code, ended.stderr) == (0, "")


@pytest.mark.usefixtures("redaction")
def test_files_from_before_redaction_are_outdated(aitrail, deployment, record, stacks):
    deployment.digests(*range(9, 14))
    name = deployment.log("0930", record(1))

    ended = aitrail("verify", *WINDOW, "--query", "findings[].[finding, of]")

    assert (ended.exit_code, json.loads(ended.stdout)) == (4, [["outdated", name]])
    assert "GetSecretValue" not in stacks.calls


def test_file_of_public_keys_that_is_none_is_refused_with_what_is_wrong(aitrail, deployment, tmp_path):  # noqa: ARG001
    path = tmp_path / "keys.json"
    path.write_text('{"PublicKeyList": []}')

    ended = aitrail("verify", *WINDOW, "--public-keys", str(path))

    assert ended.exit_code == 2
    assert f"--public-keys {path}: This is not a file of public keys: " in re.sub(r"\s+", " ", ended.stderr)


def test_unverifiable_digest_that_is_gone_is_told_with_keys_of_a_file(aitrail, deployment, tmp_path):
    boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    path = tmp_path / "keys.json"
    path.write_bytes(key_file("eu-west-1"))
    name = f"s3://{BUCKET}/{key_of(at('10:00'))}"
    entry = DigestEntry(log_file=name, status="unverifiable", delivery_day="2026-03-14")
    deployment.ledger.record(entry, DIGEST)

    findings = [
        {each["finding"] for each in json.loads(aitrail("verify", *WINDOW, *given, "-o", "json").stdout)["findings"]}
        for given in ((), ("--public-keys", str(path)))
    ]

    assert findings == [{"unverifiable", "gap"}, {"missing", "nothing-delivered"}]

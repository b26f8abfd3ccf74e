"""`aitrail usage --bill` over log files and the files of an export, as people run it."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from botocore.exceptions import ClientError

from aitrail.metering import MetricsError, Place
from tests.shared.billed_month import WAYS, Export, Item, items_of, month_of
from tests.shared.metered_month import BEGIN, OWN, SPOKEN, CountedMetrics, month

SOURCES = {"polly": "polly", "transcribe": "transcribe", "lex": "runtime.lex", "personalize": "personalize"}
NOW = datetime(2026, 12, 20, tzinfo=UTC)
LINE = Item(since=BEGIN + timedelta(hours=9), quantity=Decimal(200), cost=Decimal(2))


def identity(call):
    kind, name = call.principal.split("/")
    if kind == "user":
        return {"type": "IAMUser", "userName": name, "accountId": call.account}
    role = {"type": "Role", "userName": name, "arn": f"arn:aws:iam::{call.account}:role/{name}"}
    arn = f"arn:aws:sts::{call.account}:assumed-role/{name}/session"
    return {
        "type": "AssumedRole",
        "accountId": call.account,
        "arn": arn,
        "sessionContext": {"sessionIssuer": role},
    }


def asked_with(call):
    return {
        "polly": {"engine": "neural"},
        "transcribe": {"languageCode": call.of, "transcriptionJobName": "job"},
        "lex": {"botId": call.of},
        "personalize": {"campaignArn": f"arn:aws:personalize:{call.region}:{call.account}:campaign/{call.of}"},
    }[call.service]


@pytest.fixture
def logs_of(record, log_file):
    """Writes the records of calls."""

    def logs_of(calls):
        records = [
            record(
                number,
                eventSource=f"{SOURCES[call.service]}.amazonaws.com",
                eventName=call.operation,
                eventTime=call.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                awsRegion=call.region,
                recipientAccountId=call.account,
                userIdentity=identity(call),
                requestParameters=asked_with(call),
                responseElements={"requestCharacters": call.amount} if call.says_amount else None,
            )
            for number, call in enumerate(calls)
            if call.is_recorded
        ]
        return log_file("logs/a.json", *records)

    return logs_of


@pytest.fixture
def logs(record, log_file):
    """Two calls of Polly: one whose record has characters, and one whose record has none."""
    common = {"eventTime": "2026-11-01T09:00:00Z", "awsRegion": "eu-central-1", "recipientAccountId": OWN}
    common |= {"eventName": "SynthesizeSpeech", "requestParameters": {"engine": "neural"}}
    users = [{"type": "IAMUser", "userName": name, "accountId": OWN} for name in ("alice", "bob")]
    return log_file(
        "logs/a.json",
        record(1, **common, userIdentity=users[0], responseElements={"requestCharacters": 100}),
        record(2, **common, userIdentity=users[1], responseElements=None),
    )


@pytest.fixture
def export(tmp_path):
    return Export(tmp_path / "bill")


@pytest.mark.parametrize("way", WAYS)
def test_month_costs_what_the_bill_says_in_every_format(aitrail, logs_of, tmp_path, way):
    calls = month(Random(5), 300)
    items = [*items_of(calls), month_of(LINE, kind="Tax", cost=Decimal("1.23"), quantity=Decimal(0))]
    export = Export(tmp_path / "bill", way)
    export.deliver(items, files=3)

    ended = aitrail("usage", "--bill", export.root, "--by", "principal", "-o", "json", "--from", logs_of(calls))

    assert ended.exit_code == 0
    rows = json.loads(ended.stdout, parse_float=Decimal)
    parts = ("measured", "shared", "unexplained")
    assert sum(row["cost"] for row in rows) == sum(each.cost for each in items)
    assert all(sum(row[name] for name in parts) == row["cost"] for row in rows)
    assert {row["principal"] for row in rows if row["reason"] is None and row["charge"] == "usage"} == {
        call.principal for call in calls if call.is_recorded
    }
    assert {row["charge"] for row in rows} == {"usage", "tax"}
    assert "2026-11-01T00:00:00Z until 2026-12-01T00:00:00Z" in ended.stderr


def test_every_number_is_in_the_column_that_says_what_it_is(aitrail, logs, export):
    export.deliver([LINE, replace(LINE, usage_type="Odd-Type", cost=Decimal("0.25"))])

    ended = aitrail("usage", "--bill", export.root, "--by", "principal", "--from", logs)

    common = {"charge": "usage", "currency": "USD", "costKind": "unblended", "final": True, "costIsAtLeast": False}
    told = {**common, "service": None, "usageType": None, "reason": None, "unknownCalls": 0, "calls": 1}
    assert [json.loads(line) for line in ended.stdout.splitlines()] == [
        {**told, "principal": "user/alice", "measured": 1, "shared": 0, "unexplained": 0, "cost": 1},
        {**told, "principal": "user/bob", "measured": 0, "shared": 1, "unexplained": 0, "cost": 1},
        {
            **common,
            "principal": None,
            "service": "polly",
            "usageType": "Odd-Type",
            "reason": "unknown usage type",
            "calls": 0,
            "unknownCalls": 0,
            "measured": 0,
            "shared": 0,
            "unexplained": 0.25,
            "cost": 0.25,
        },
    ]


def test_lines_by_service_name_the_service_of_calls(aitrail, logs, export):
    export.deliver([LINE, replace(LINE, usage_type="Odd-Type"), month_of(LINE, kind="Tax", usage_type="")])

    ended = aitrail("usage", "--bill", export.root, "--by", "service", "--by", "account", "-o", "csv", "--from", logs)

    lines = list(csv.reader(io.StringIO(ended.stdout)))
    assert [line[:5] for line in lines] == [
        ["service", "account", "charge", "usageType", "reason"],
        ["polly", OWN, "usage", "", ""],
        ["polly", OWN, "usage", "Odd-Type", "unknown usage type"],
        ["polly", OWN, "tax", "", ""],
    ]


def test_table_tells_at_once_what_is_measured_and_what_is_shared(aitrail, logs, export):
    export.deliver([LINE, month_of(LINE, kind="Credit", cost=Decimal("-0.00004"))])

    ended = aitrail("usage", "--bill", export.root, "--by", "principal", "-o", "table", "--from", logs)

    assert ended.stdout == (
        "principal     charge         calls  measured  shared  unexplained  cost (USD)\n"
        "user/alice    usage              1    1.0000  0.0000       0.0000      1.0000\n"
        "user/bob      usage              1    0.0000  1.0000       0.0000      1.0000\n"
        "(not shared)  credit, polly      0    0.0000  0.0000       0.0000      0.0000\n"
        "total                            2    1.0000  1.0000       0.0000      2.0000\n"
    )
    assert ended.stderr.splitlines()[:3] == [
        "CUR 2.0: unblended cost (line_item_unblended_cost), 2 lines read. All lines have an invoice.",
        (
            "measured: what the bill itself says, or the amounts that records say, at the average price of their "
            "account, Region, day and usage type."
        ),
        (
            "shared, SynthesizeSpeechNeural-Characters: the rest of account, Region and day, by calls of that engine "
            "whose records have no characters, with equal weights. It is an estimate, and includes the costs of calls "
            "without a record: --metrics tells them apart, if CloudWatch counts them."
        ),
    ]


def test_bill_that_is_not_final_says_so_beside_the_numbers(aitrail, logs, export):
    export.deliver([replace(LINE, invoice="")])

    ended = aitrail("usage", "--bill", export.root, "--by", "principal", "-o", "table", "--from", logs)

    assert "cost (USD, not final)" in ended.stdout
    assert "Not final: lines have no invoice yet." in ended.stderr


def test_calls_of_days_that_the_bill_does_not_have_are_unknown(aitrail, logs, export):
    export.deliver([replace(LINE, since=LINE.since - timedelta(days=3))], "2026-10")

    ended = aitrail("usage", "--bill", export.root, "--since", "2026-10-01", "--until", "2026-12-01", "--from", logs)

    (polly, apart) = map(json.loads, ended.stdout.splitlines())
    assert (polly["cost"], polly["measured"], polly["unknownCalls"], polly["costIsAtLeast"]) == (None, None, 2, True)
    assert apart["unexplained"] == 2
    assert "The bill does not have the days of 2 calls: what they cost is not known." in ended.stderr


def test_top_keeps_the_sum(aitrail, logs_of, export):
    calls = month(Random(5), 200)
    export.deliver(items_of(calls))

    ended = aitrail(
        "usage", "--bill", export.root, "--by", "principal", "--top", 1, "-o", "csv", "--from", logs_of(calls)
    )

    rows = list(csv.DictReader(io.StringIO(ended.stdout)))
    assert [row["principal"] for row in rows if not row["reason"]][1:] == ["(others)"]
    assert sum(Decimal(row["cost"]) for row in rows) == sum(each.cost for each in items_of(calls))


def test_chosen_cost_is_named(aitrail, logs, export):
    export.deliver([replace(LINE, net=Decimal("1.5"))])

    ended = aitrail("usage", "--bill", export.root, "--bill-cost", "net", "--from", logs)

    assert "CUR 2.0: net cost (line_item_net_unblended_cost)" in ended.stderr
    assert sum(json.loads(line)["cost"] for line in ended.stdout.splitlines()) == 1.5


def test_hostile_names_do_not_reach_the_terminal(aitrail, logs, export):
    export.deliver([replace(LINE, usage_type="\x1b[2J=1+1\u202e", currency="U\x07SD")])

    table = aitrail("usage", "--bill", export.root, "--by", "principal", "-o", "table", "--from", logs)
    sheet = aitrail("usage", "--bill", export.root, "--by", "principal", "-o", "csv", "--from", logs)

    for ended in (table, sheet):
        assert ended.exit_code == 0
        assert not {"\x1b", "\u202e", "\x07"} & {*ended.output}
    assert ",=1" not in sheet.stdout


def test_metrics_tell_what_records_do_not(aitrail, logs, export, monkeypatch):
    calls = [replace(SPOKEN, amount=100, says_amount=True), replace(SPOKEN, principal="user/bob", amount=40)]
    monkeypatch.setattr("aitrail.cli.options.metrics.metrics_of", lambda _: CountedMetrics(calls))
    export.deliver([LINE])

    ended = aitrail("usage", "--bill", export.root, "--metrics", "--by", "principal", "--from", logs)

    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(row["principal"], row["measured"], row["shared"], row["unexplained"]) for row in rows] == [
        ("user/alice", 1, 0, 0),
        ("user/bob", 0, 0.4, 0),
        (None, 0, 0, 0.6),
    ]
    assert "the parts of CloudWatch's totals that --metrics gives to calls" in ended.stderr


def test_metrics_that_cannot_be_read_are_an_error(aitrail, logs, export, monkeypatch):
    denied = CountedMetrics([], denied={Place(OWN, "eu-central-1"): MetricsError("Allow cloudwatch:GetMetricData.")})
    monkeypatch.setattr("aitrail.cli.options.metrics.metrics_of", lambda _: denied)
    export.deliver([LINE])

    ended = aitrail("usage", "--bill", export.root, "--metrics", "--from", logs)

    assert ended.exit_code == 3
    assert "Allow cloudwatch:GetMetricData." in ended.stderr


REFUSED = {
    "--cost": (["--cost"], "--cost has no effect with --bill"),
    "--compare": (["--compare", "previous"], "--compare has no effect with --bill"),
    "--plot": (["--plot", "--by", "day"], "--plot has no effect with --bill"),
    "--first-last": (["--first-last"], "--first-last has no effect with --bill"),
    "--sort": (["--sort", "calls"], "--sort has no effect with --bill"),
    "--measure": (["--measure", "calls"], "--measure has no effect with --bill"),
    "a condition on callers": (["--principal", "user/alice"], "--bill divides totals among all calls"),
    "another time zone": (["--timezone", "Europe/Berlin"], "give --timezone UTC"),
    "an unknown cost": (["--bill-cost", "gross"], "gross"),
}


@pytest.mark.parametrize(("arguments", "message"), REFUSED.values(), ids=REFUSED)
def test_what_has_no_effect_is_refused(aitrail, logs, export, arguments, message):
    export.deliver([LINE])

    ended = aitrail("usage", "--bill", export.root, *arguments, "--from", logs)

    assert ended.exit_code == 2
    assert message in ended.stderr


def test_cost_of_a_bill_needs_a_bill(aitrail, logs):
    ended = aitrail("usage", "--bill-cost", "net", "--from", logs)

    assert ended.exit_code == 2
    assert "name the bill with --bill" in ended.stderr


def test_bill_that_cannot_be_used_is_an_error_without_numbers(aitrail, logs, export):
    path, _ = export.deliver([LINE, LINE])
    path.write_bytes(path.read_bytes()[:-20])

    ended = aitrail("usage", "--bill", export.root, "--from", logs)

    assert ended.exit_code == 1
    assert "bill-00001.snappy.parquet cannot be read" in ended.stderr
    assert not ended.stdout


def test_missing_pyarrow_is_named(aitrail, logs, export, monkeypatch):
    export.deliver([LINE])
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.lib", None)

    ended = aitrail("usage", "--bill", export.root, "--from", logs)

    assert ended.exit_code == 1
    assert "Reading a bill needs pyarrow: install it" in ended.stderr


def test_denied_bucket_names_the_permission_and_takes_the_options_of_aws(aitrail, logs, credentials, monkeypatch):  # noqa: ARG001 (needed)
    def deny(*_):
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "ListObjectsV2")

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", deny)

    ended = aitrail("usage", "--bill", "s3://amzn-s3-demo-bucket/bill", "--region", "eu-west-1", "--from", logs)

    assert ended.exit_code == 3
    assert "S3 denies access to s3://amzn-s3-demo-bucket/bill. Reading a bill takes s3:ListBucket" in ended.stderr


def test_window_is_of_whole_days(aitrail, logs, export):
    export.deliver([LINE])

    ended = aitrail("usage", "--bill", export.root, "--since", "2026-11-01T08:00", "--from", logs, now=lambda: NOW)

    assert "Calls and bill from 2026-11-01T00:00:00Z until 2026-12-20T00:00:00Z." in ended.stderr


def test_what_the_numbers_are_has_room_on_a_narrow_terminal(on_terminal, logs, export):
    export.deliver([LINE, replace(LINE, usage_type="Odd-Type", cost=Decimal("0.25"))])

    shown, told = on_terminal("usage", "--bill", export.root, "--by", "principal", "--from", logs, columns=60)

    heading = shown.splitlines()[0]
    assert all(name in heading for name in ("principal", "measured", "shared", "unexplained", "cost (USD)"))
    assert "No room for" in told

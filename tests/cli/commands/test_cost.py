"""`aitrail cost`: a month's cost, for people and for programs."""

import csv
import io
import json
import re

import pytest

from aitrail.costs import Load, Prices, costs, total
from aitrail.costs import prices as aws_prices

ONE_ACCOUNT = ("cost", "--files", 10_000, "--events", 100_000)
NOTE = f"{Prices.read()}: check them.\n"


def as_json(ended):
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_every_part_is_a_row_with_its_formula(aitrail):
    ended = aitrail(*ONE_ACCOUNT)

    rows = {row["part"]: row for row in as_json(ended)}
    assert (ended.exit_code, ended.stderr) == (0, NOTE)
    assert rows["rows and index entries, writes"] == {
        "part": "rows and index entries, writes",
        "amount": 0.333125,
        "formula": "100,000 events x 5.33",
        "quantity": 533_000,
        "unit": "write units",
        "price": 0.625,
        "per": 1_000_000,
        "setting": None,
    }
    assert rows["rows, point-in-time recovery"]["setting"] == "aitrail:rowRetentionDays"


def test_sums_come_last_and_have_no_unit(aitrail):
    rows = as_json(aitrail(*ONE_ACCOUNT))

    amount = total(costs(Load(files=10_000, events=100_000), Prices.read()))
    assert [row for row in rows if "unit" not in row] == rows[-3:]
    assert rows[-3:] == [
        {"part": "total, a month", "amount": pytest.approx(float(amount), abs=1e-6)},
        {"part": "a million records read", "amount": pytest.approx(float(amount) * 2, abs=1e-6)},
        {"part": "a million events recorded", "amount": pytest.approx(float(amount) * 10, abs=1e-5)},
    ]
    assert sum(row["amount"] for row in rows[:-3]) == pytest.approx(rows[-3]["amount"], abs=1e-5)


def test_table_begins_with_the_largest_part_and_ends_with_sums(aitrail):
    lines = aitrail(*ONE_ACCOUNT, "-o", "table").stdout.splitlines()

    assert lines[0].split() == ["part", "amount", "formula", "quantity", "unit", "price"]
    assert lines[1].startswith("CloudWatch, alarms                      0.50  15 alarms ")
    assert lines[2].startswith("rows, point-in-time recovery            0.46  1,200,000 events x 2,077 bytes ")
    assert lines[-3].split() == ["total,", "a", "month", "1.70"]


def test_csv_has_the_same_rows(aitrail):
    rows = list(csv.DictReader(io.StringIO(aitrail(*ONE_ACCOUNT, "-o", "csv").stdout)))

    assert [row["part"] for row in rows] == [row["part"] for row in as_json(aitrail(*ONE_ACCOUNT))]
    assert [row["unit"] for row in rows[:2]] == ["alarms", "GB"]


def test_query_is_asked_of_the_rows(aitrail):
    ended = aitrail(*ONE_ACCOUNT, "--query", "[?setting=='aitrail:logRetentionDays'].part")

    assert json.loads(ended.stdout) == ["log bucket, storage"]


OPTIONS = {
    "retention": (["--retention-days", 30], "rows, storage", 0.01, 0.4),
    "retention of the ledger": (["--ledger-retention-days", 30], "ledger, storage", 0.03, 0.04),
    "retention of log files": (["--log-retention-days", 30], "log bucket, storage", 0.1, 0.2),
    "months": (["--months", 24], "rows, storage", 4.6, 4.7),
    "record size": (["--record-kb", 2.5], "log bucket, storage", 1.6, 1.7),
    "records": (["--records", 100_000], "log bucket, storage", 0.16, 0.17),
    "memory": (["--memory", 2048], "Lambda, run time", 4_900, 4_950),
    "digest files": (["--digest-files", 0], "Lambda, requests", 10_000, 10_000),
    "accounts": (["--accounts", 2], "Lambda, requests", 34_820, 34_820),
    "paid copy": (["--paid-copy"], "CloudTrail, another copy of events", 500_000, 500_000),
    "keys": (["--kms-keys", 3], "KMS, keys", 3, 3),
    "redaction": (["--redact"], "Secrets Manager, key of redaction", 1, 1),
    "dashboard": (["--dashboard"], "CloudWatch, metrics of the dashboard", 23, 23),
}


@pytest.mark.parametrize(("arguments", "part", "least", "most"), OPTIONS.values(), ids=OPTIONS)
def test_options_change_quantities(aitrail, arguments, part, least, most):
    rows = {row["part"]: row for row in as_json(aitrail(*ONE_ACCOUNT, *arguments))}

    assert least <= rows[part]["quantity"] <= most


def test_free_units_can_be_left_out(aitrail):
    rows = {row["part"]: row["amount"] for row in as_json(aitrail(*ONE_ACCOUNT, "--no-free-tier"))}

    assert (rows["CloudWatch, alarms"], rows["CloudWatch, metrics"]) == (1.5, 2.1)


def test_own_prices_are_used(aitrail, tmp_path):
    text = aws_prices._BUNDLED.read_text().partition("[usage.")[0]
    path = tmp_path / "prices.toml"
    path.write_text(text.replace("{ price = 0.625,", "{ price = 6.25,").replace('"us-east-1"', '"eu-central-1"'))

    ended = aitrail(*ONE_ACCOUNT, "--prices", path)

    assert as_json(ended)[0]["amount"] == 3.33125
    assert ended.stderr == NOTE.replace("us-east-1", "eu-central-1")


def test_comparison_tells_keeping_and_asking_of_each_way(aitrail):
    rows = as_json(aitrail(*ONE_ACCOUNT, "--compare"))

    assert len(rows) == 12
    assert rows[1] == {
        "way": "aitrail",
        "what": "7 days of a principal",
        "amount": 9e-06,
        "formula": "1,151 events x 525 bytes / 8 KB x 0.125 per 1,000,000",
    }
    table = aitrail(*ONE_ACCOUNT, "--compare", "-o", "table").stdout.splitlines()
    assert table[0].split() == ["way", "what", "amount", "formula"]
    assert "  0.000009  1,151 events x 525 bytes" in table[2]


def test_nothing_at_all_has_a_cost_and_no_cost_of_a_million(aitrail):
    rows = as_json(aitrail("cost", "--files", 0, "--events", 0))

    assert [row["part"] for row in rows if "unit" not in row] == ["total, a month"]
    assert as_json(aitrail("cost", "--files", 0, "--events", 0, "--compare"))


WRONG = {
    "nothing": ([], "Give both --files N and --events N: the log files delivered in a month"),
    "no files": (["--events", 1], "Give both --files N and --events N"),
    "no events": (["--files", 1], "Give both --files N and --events N"),
    "negative": (["--files", -1, "--events", 0], "files: -1 is out of range; it must be 0 to 1,000,000,000,000."),
    "absurd": (["--files", 10**30, "--events", 0], "files: 1,000,000,000,000,000"),
    "no number": (["--files", "many", "--events", 0], "'many' is not a valid integer."),
    "no size": (["--files", 1, "--events", 0, "--record-kb", "nan"], "record kb: NaN is out of range"),
    "infinite size": (["--files", 1, "--events", 0, "--record-kb", "inf"], "record kb: Infinity is out of range"),
    "no retention": (["--files", 1, "--events", 0, "--retention-days", 0], "row retention days: 0 is out of range"),
    "events of nothing": (["--files", 0, "--events", 1], "1 records cannot come from 0 files"),
    "more events than records": (["--files", 1, "--events", 2, "--records", 1], "2 events cannot come from 1 records"),
    "no price file": (["--files", 1, "--events", 0, "--prices", "no/such"], "no/such cannot be read"),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_wrong_numbers_end_with_2_and_say_what_is_valid(aitrail, arguments, message):
    ended = aitrail("cost", *arguments)

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert message in ended.stderr


@pytest.mark.parametrize("arguments", [[], ["--compare"]], ids=["parts", "comparison"])
def test_table_fits_a_terminal_of_eighty_columns(on_terminal, arguments):
    shown, stderr = on_terminal(*ONE_ACCOUNT, *arguments, columns=80, NO_COLOR="1")

    lines = shown.splitlines()
    assert max(map(len, lines)) <= 80
    assert "amount" in lines[0].split()
    assert re.match(r"No room for formula(, price)?: use --wide or --long, or widen the terminal\.\n", stderr)


def test_long_view_has_the_formula_below_each_part(aitrail):
    shown = aitrail(*ONE_ACCOUNT, "--long").stdout

    assert re.search(r"\nSQS requests\n  amount +0\.\d\d\n  formula +22,410 deliveries x 3 ", shown)

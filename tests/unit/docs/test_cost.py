"""The costs in README.md and docs/cost.md equal those that the library computes."""

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from aitrail.costs import RECORD_KB, RECORDS_IN_A_FILE, Load, Prices, costs, model, total
from aitrail.costs.load import GB, GZIP_RATIO, KB

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text()
PAGE = (ROOT / "docs/cost.md").read_text()
SCALE = (ROOT / "docs/scale.md").read_text()
OPERATIONS = (ROOT / "docs/operations.md").read_text()

# The loads of docs/scale.md, by the size of an organization.
ACCOUNTS = {"one account": 1, "50 accounts": 50, "5,000 accounts": 5_000}


def load_of(accounts):
    """The monthly load of a number of accounts, according to docs/scale.md."""
    row = cells(SCALE, f"{accounts:,}")
    files, events = (int(row[place].replace(",", "")) for place in (1, 2))
    return Load(files=files, events=events, accounts=accounts)


def cells(page, name):
    """The cells after the name of a row, in the table of the page that contains it."""
    row = re.search(rf"^\| {re.escape(name)} \|(.*)\|$", page, re.MULTILINE)
    return [cell.strip() for cell in row[1].split("|")]


SIZES = {size: load_of(accounts) for size, accounts in ACCOUNTS.items()}
GROUPS = {
    "rows and index entries, stored and restorable": {
        "rows, storage",
        "index entries, storage",
        "rows, point-in-time recovery",
    },
    "rows and index entries, written": {"rows and index entries, writes"},
    "ledger": {"ledger, writes", "ledger, reads", "ledger, storage", "ledger, point-in-time recovery"},
    "log files: delivered, read, stored": {
        "S3 requests, CloudTrail's deliveries",
        "S3 requests, reading",
        "log bucket, storage",
    },
    "queue, function, log, metrics, alarms, traces": {
        "SQS requests",
        "Lambda, requests",
        "Lambda, run time",
        "CloudWatch, the function's log",
        "CloudWatch, metrics",
        "CloudWatch, alarms",
        "X-Ray, traces",
    },
}


@pytest.fixture(scope="module")
def bills():
    """The bill lines of each size."""
    return [costs(load, Prices.read()) for load in SIZES.values()]


def of_group(lines, group):
    return total([line for line in lines if line.part in GROUPS[group]])


def test_every_part_is_in_one_group_of_the_tables(bills):
    parts = [part for group in GROUPS.values() for part in group]

    assert all(sorted(line.part for line in lines) == sorted(parts) for lines in bills)


@pytest.mark.parametrize("group", GROUPS)
def test_readme_has_the_amounts(group, bills):
    assert cells(README, group) == [f"${of_group(lines, group):,.2f}" for lines in bills]


def test_readme_has_the_totals(bills):
    assert cells(README, "total") == [f"${total(lines):,.2f}" for lines in bills]
    assert cells(README, "log files delivered, calls recorded") == [
        f"{load.files:,}, {load.events:,}" for load in SIZES.values()
    ]


@pytest.mark.parametrize("group", GROUPS)
def test_page_has_the_shares(group, bills):
    shares = [f"{100 * of_group(lines, group) / total(lines):.0f} %" for lines in bills]

    assert cells(PAGE, group)[:-1] == shares


@pytest.mark.parametrize("size", SIZES)
def test_page_shows_each_size_as_it_describes_it(size):
    load = SIZES[size]

    assert cells(PAGE, size) == [f"{load.files:,}", f"{load.events:,}", f"{load.all_records:,}"]
    for ending in ("", " --compare"):
        accounts = f" --accounts {load.accounts}" if load.accounts > 1 else ""
        assert f"\n    $ aitrail cost --files {load.files} --events {load.events}{accounts}{ending}\n" in PAGE


INFREQUENT = "STANDARD_INFREQUENT_ACCESS"
CLASSES = ({}, {"events_table_class": INFREQUENT}, {"events_table_class": INFREQUENT, "files_table_class": INFREQUENT})


@pytest.mark.parametrize("size", SIZES)
def test_page_has_what_each_table_class_costs(size):
    _, section = PAGE.split("\n### Tables\n")
    amounts = [total(costs(replace(SIZES[size], **classes), Prices.read())) for classes in CLASSES]

    assert cells(section, size) == [f"${amount:,.2f}" for amount in amounts]


def test_page_says_after_how_many_months_a_cheaper_table_class_pays():
    one, prices = Decimal(1), Prices.read().prices
    write, read, stored = (
        prices[f"infrequent-{name}"].of(one) - prices[name].of(one)
        for name in ("write-units", "read-units", "table-storage")
    )
    row = model.WRITE_UNITS_OF_A_ROW * write, model.ROW_BYTES + model.ROW_INDEX_BYTES
    file = (
        model.LEDGER_WRITE_UNITS * write + model.LEDGER_READ_UNITS * read,
        model.LEDGER_BYTES + model.LEDGER_INDEX_BYTES,
    )
    digest = (
        model.LEDGER_WRITE_UNITS * write + model.DIGEST_READ_UNITS * read,
        model.DIGEST_BYTES + model.DIGEST_INDEX_BYTES,
    )
    months = [f"{more / (-stored * size / GB):.1f}" for more, size in (row, file, digest)]

    said = " ".join(PAGE.split())
    told = re.search(r"saved after ([\d.]+) months .*? takes ([\d.]+) months, .*? digest ([\d.]+)\. So", said)
    assert list(told.groups()) == months


@pytest.mark.parametrize("name", ["STANDARD_IA", "GLACIER_IR"])
def test_page_says_after_how_many_months_a_storage_class_of_log_files_pays(name):
    *prices, small, large = cells(PAGE, f"`{name}`")
    stored, move, by_size, by_request = (Decimal(each.removeprefix("$")) for each in prices)
    standard = Prices.read().prices

    for said, kilobytes in ((small, 128), (large, 1024)):
        saved = (standard["s3-storage"].price - stored) * kilobytes / KB / KB
        assert said == f"{move / 1000 / saved:.1f} months"
    again = by_size * 1000 * 128 / KB / KB + by_request
    assert f"${again:.5f} in `{name}`" in " ".join(PAGE.split())
    assert f"instead of ${standard['s3-get-requests'].price}. " in " ".join(PAGE.split())


def test_page_says_how_large_log_files_are():
    size = RECORDS_IN_A_FILE * RECORD_KB / GZIP_RATIO
    records = 128 * GZIP_RATIO / RECORD_KB

    assert f"A log file with the {RECORDS_IN_A_FILE} records of the sizes above has {size:.0f} KB" in PAGE
    assert f"{round(records, -1):.0f} records or more" in PAGE


def test_page_says_what_a_million_conversations_cost():
    prices, million = Prices.read().prices, Decimal(10**6)

    said = " ".join(PAGE.split())
    assert prices["data-events"] == prices["network-activity-events"]
    written = prices["write-units"].of(million * model.WRITE_UNITS_OF_A_ROW)
    assert f"cost ${prices['data-events'].of(million):.2f} in CloudTrail, and ${written:.2f} to write" in said


def test_page_has_what_alarms_and_dashboard_cost():
    _, section = PAGE.split("\n## Alarms and dashboard\n")
    prices = Prices.read().prices
    parts = {
        "alarms (`aitrail:alarms`)": ("alarms", model.ALARMS, 0),
        "metrics that are published in most hours": ("metrics", len(model.METRICS), 0),
        "metrics for the dashboard (`aitrail:dashboard`), at most": (
            "metrics",
            model.DASHBOARD_METRICS,
            len(model.METRICS),
        ),
        "dashboard": ("dashboards", 1, 0),
    }

    for part, (name, number, used) in parts.items():
        price = prices[name]
        left = max(price.free - used, Decimal(0))
        amounts = price.of(Decimal(number)), price.of(max(number - left, Decimal(0)))
        assert cells(section, part) == [str(number), *(f"${amount:,.2f}" for amount in amounts)]
    for size, load in SIZES.items():
        totals = [total(costs(replace(load, dashboard=has), Prices.read())) for has in (False, True)]
        assert cells(section, size) == [f"${amount:,.2f}" for amount in totals]


def test_page_says_what_it_costs_to_notice_that_an_account_is_silent():
    prices = Prices.read().prices
    hour = prices["write-units"].of(Decimal(model.ACCOUNT_WRITE_UNITS)) + prices["read-units"].of(
        model.ACCOUNT_READ_UNITS
    )

    assert f"costs ${730 * hour:.5f} a month and account" in " ".join(PAGE.split())


NUMBERS = [
    f"{model.WRITE_UNITS_OF_A_ROW} write units, {model.ROW_BYTES:,} bytes a row, {model.ROW_INDEX_BYTES:,} bytes",
    f"{model.LEDGER_BYTES:,} and {model.LEDGER_INDEX_BYTES} bytes, {model.LEDGER_WRITE_UNITS} write units",
    f"{model.DIGEST_BYTES:,} and {model.DIGEST_INDEX_BYTES} bytes, {model.DIGEST_READ_UNITS} read units",
    f"| {1000 * model.CPU_OF_A_DIGEST:.0f} ms a digest, {1000 * model.CPU_OF_A_PROOF:.1f} ms a log file that it lists",
    f"| {1000 * model.WAITING_OF_A_DIGEST:.0f} ms of waiting a digest | an assumption",
    f"| {1000 * model.CPU_OF_A_DELIVERY:.1f} ms a file, {1000 * model.CPU_OF_A_MEGABYTE:.0f} ms a MB, ",
    f" ms a MB, {1000 * model.CPU_OF_AN_EVENT:.2f} ms an event |",
    f"| {1000 * model.WAITING_OF_A_FILE:.0f} ms of waiting a file | measured",
    f"| {model.SQS_REQUESTS_OF_A_DELIVERY} SQS requests",
    f"| {model.SQS_REQUESTS_OF_POLLING:,} SQS requests of polling |",
    f"| {model.LOG_BYTES_OF_A_DELIVERY:,} bytes of log a delivery |",
    f"| {model.LOG_BYTES_OF_ROWS} bytes of log for the rows of a log file |",
    f"| {model.ACCOUNT_WRITE_UNITS} write units, {model.ACCOUNT_READ_UNITS} read units an hour and account |",
    f"| {Load(files=0, events=0).digests:,} digest files |",
]


@pytest.mark.parametrize("number", NUMBERS)
def test_page_says_where_every_number_comes_from(number):
    assert number in PAGE


def test_every_setting_of_a_line_is_one_of_the_stack(bills):
    settings = {line.setting for lines in bills for line in lines} - {""}

    assert len(settings) == 6
    assert all(f"| `{setting}` |" in OPERATIONS for setting in settings)


def test_alarms_are_those_that_operations_list():
    table = re.search(r"\| alarm \| .*\n\|---.*\n((?:\|.*\n)+)", OPERATIONS)[1]

    names = [name for row in table.splitlines() for name in re.findall(r"`\w+`", row.split("|")[1])]
    assert len(names) == model.ALARMS

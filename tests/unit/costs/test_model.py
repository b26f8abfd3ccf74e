"""The cost of a deployment: the model, its figures, and the prices."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.costs import CostError, Load, Prices, per_million, total
from aitrail.costs import comparison as cost_comparison
from aitrail.costs import model as costs
from aitrail.costs.load import DAYS
from aitrail.dynamodb import items, tables
from aitrail.ingest.metrics import METRICS, OF_DASHBOARD
from aitrail.ledger import DigestEntry, FileEntry
from aitrail.rows import OUTCOMES, recorded_with, row_of
from aitrail.services import load as load_registry
from tests.shared.fuzzing import law

LAW = law(100)

PRICES = Prices.read()
LOG_FILE = (
    "s3://aitrail-logsbucket9c4d8843-abcdefghijkl/AWSLogs/111122223333/CloudTrail/eu-central-1/2026/03/14/"
    "111122223333_CloudTrail_eu-central-1_20260314T0925Z_Zr5tYh2kQw8eLp0N.json.gz"
)
DIGEST = (
    "s3://aitrail-logsbucket9c4d8843-f1a2b3c4d5e6/AWSLogs/111122223333/CloudTrail-Digest/eu-central-1/2026/03/14/"
    "111122223333_CloudTrail-Digest_eu-central-1_aitrail-trail_eu-central-1_20260314T100000Z.json.gz"
)
# Bytes that DynamoDB adds to an item or an index entry when billing storage.
OVERHEAD = 100


def entries(table, item):
    """The index entries of an item."""
    for index in table.indexes:
        if all(key in item for key in index.keys):
            columns = {*index.keys, *index.projected, table.partition_key, table.sort_key}
            yield {name: value for name, value in item.items() if name in columns}


def units(item):
    return -(-items.item_size(item) // 1024)


@pytest.fixture
def rows(records):
    return [row_of(record, log_file=LOG_FILE, record_index=17) for record in records.values()]


def mean(numbers):
    return sum(numbers) / Decimal(len(numbers))


def test_write_units_and_bytes_of_a_row_are_the_means_of_realistic_records(rows):
    written = [units(row) + sum(map(units, entries(tables.EVENTS, row))) for row in rows]
    stored = [items.item_size(row) + OVERHEAD for row in rows]
    indexed = [sum(items.item_size(each) + OVERHEAD for each in entries(tables.EVENTS, row)) for row in rows]

    assert round(mean(written), 2) == costs.WRITE_UNITS_OF_A_ROW
    assert mean(stored) == pytest.approx(costs.ROW_BYTES, abs=1)
    assert mean(indexed) == pytest.approx(costs.ROW_INDEX_BYTES, abs=1)


def test_bytes_of_an_index_entry_and_of_a_record_are_the_means_of_realistic_records(rows, records):
    entry_bytes = [items.item_size(each) for row in rows for each in entries(tables.EVENTS, row)]
    record_bytes = [len(json.dumps(record, separators=(",", ":"))) for record in records.values()]

    assert mean(entry_bytes) == pytest.approx(cost_comparison.INDEX_ENTRY_BYTES, abs=1)
    assert mean(record_bytes) == pytest.approx(cost_comparison.WANTED_RECORD_BYTES, abs=1)


def test_ledger_entry_has_the_bytes_and_units_that_are_counted():
    entry = FileEntry(
        log_file=LOG_FILE,
        status="ingested",
        recorded_with=recorded_with(load_registry()),
        etag="d" * 32,
        version_id="v" * 32,
        bytes=83_198,
        sha256="a" * 64,
        records=50,
        wanted=2,
        written=2,
        rejected=0,
        expired=0,
        duplicates_in_file=0,
        account="111122223333",
        region="eu-central-1",
        delivered_at="2026-03-14T09:25:00Z",
        delivery_day="2026-03-14",
        stored_at="2026-03-14T09:26:00Z",
        first_event_time="2026-03-14T09:20:00Z",
        last_event_time="2026-03-14T09:25:00Z",
        rows_sha256="r" * 43,
        ingested_at="2026-03-14T09:26:00Z",
    )
    proof = {"expectedSha256": "a" * 64, "verifiedBy": DIGEST}

    came, proved = (_item(LOG_FILE, "file", entry.attributes() | more) for more in ({}, proof))

    (indexed,) = entries(tables.FILES, proved)
    assert items.item_size(proved) + OVERHEAD == pytest.approx(costs.LEDGER_BYTES, abs=1)
    assert items.item_size(indexed) + OVERHEAD == pytest.approx(costs.LEDGER_INDEX_BYTES, abs=1)
    assert sum(_units_with_index(item) for item in (came, proved)) == costs.LEDGER_WRITE_UNITS


def test_entry_of_a_digest_has_the_bytes_and_units_that_are_counted():
    entry = DigestEntry(
        log_file=DIGEST,
        status="verified",
        etag="d" * 32,
        version_id="v" * 32,
        bytes=2_000,
        sha256="a" * 64,
        account="111122223333",
        region="eu-central-1",
        delivered_at="2026-03-14T10:00:00Z",
        delivery_day="2026-03-14",
        stored_at="2026-03-14T10:05:00Z",
        ingested_at="2026-03-14T10:05:00Z",
        digest_start="2026-03-14T09:00:00Z",
        digest_end="2026-03-14T10:00:00Z",
        log_files=3,
        listed=3,
        follows="2026-03-14T09:00:00Z",
    )
    followed = {"expectedSha256": "a" * 64, "verifiedBy": DIGEST}

    came, proved = (_item(DIGEST, "digest", entry.attributes() | more) for more in ({}, followed))

    (indexed,) = entries(tables.FILES, proved)
    assert items.item_size(proved) + OVERHEAD == pytest.approx(costs.DIGEST_BYTES, abs=1)
    assert items.item_size(indexed) + OVERHEAD == pytest.approx(costs.DIGEST_INDEX_BYTES, abs=1)
    assert sum(_units_with_index(item) for item in (came, proved)) == costs.LEDGER_WRITE_UNITS


def test_entry_of_an_account_has_the_units_that_are_counted():
    item = {
        "logFile": "account://111122223333",
        "entry": "account",
        "account": "111122223333",
        "deliveryDay": "accounts",
        "digestEnd": "2026-03-14T10:00:00Z",
    }

    (indexed,) = entries(tables.FILES, item)
    read_at_once = Decimal(items.item_size(indexed) + OVERHEAD) / 4096 / 2
    assert _units_with_index(item) == costs.ACCOUNT_WRITE_UNITS
    assert Decimal("0.5") + read_at_once == pytest.approx(costs.ACCOUNT_READ_UNITS, abs=Decimal("0.03"))


def _item(name, entry, values):
    return {"logFile": name, "entry": entry} | {name: value for name, value in values.items() if value is not None}


def _units_with_index(item):
    return units(item) + sum(map(units, entries(tables.FILES, item)))


def test_metrics_that_are_counted_are_metrics_of_the_function():
    assert set(costs.METRICS) < set(METRICS)


def test_metrics_of_the_dashboard_are_those_that_the_function_publishes_for_it():
    services = {service.name for service in load_registry().services}

    assert len(OF_DASHBOARD) + len(services) * len(OUTCOMES) == costs.DASHBOARD_METRICS


def test_dashboard_and_alarms_cost_what_they_have():
    load = Load(files=1_000, events=10_000)
    usual, with_dashboard, without_alarms = (
        {line.part: line.amount for line in costs.costs(each, PRICES, free=False)}
        for each in (load, replace(load, dashboard=True), replace(load, alarms=False))
    )

    shown = {part: amount for part, amount in with_dashboard.items() if part not in usual}
    assert {part: round(amount, 4) for part, amount in shown.items()} == {
        "CloudWatch, dashboard": 3,
        "CloudWatch, metrics of the dashboard": Decimal("6.90"),
        "CloudWatch, rows in the function's log": Decimal("0.0001"),
    }
    assert usual.keys() - without_alarms.keys() == {"CloudWatch, alarms"}


def quantities(load, **options):
    return {line.part: line.quantity for line in costs.costs(load, PRICES, **options)}


def test_every_part_has_its_quantity_price_and_amount():
    lines = costs.costs(Load(files=1_000, events=10_000, digest_files=0), PRICES, free=False)

    found = {line.part: (line.quantity, line.unit, str(line.price), line.amount) for line in lines}
    assert found["rows and index entries, writes"] == (
        Decimal(53_300),
        "write units",
        "0.625 per 1,000,000",
        Decimal("0.0333125"),
    )
    assert found["ledger, writes"] == (4_000, "write units", "0.625 per 1,000,000", Decimal("0.0025"))
    assert found["ledger, reads"] == (1_500, "read units", "0.125 per 1,000,000", Decimal("0.0001875"))
    assert found["SQS requests"][:2] == (1_299_000, "requests")
    assert found["S3 requests, reading"] == (1_000, "requests", "0.0004 per 1,000", Decimal("0.0004"))
    assert found["CloudWatch, alarms"] == (15, "alarms", "0.10", Decimal("1.5"))
    assert found["rows, storage"][0] == pytest.approx(Decimal(120_000 * costs.ROW_BYTES) / 2**30)
    assert found["log bucket, storage"][0] == pytest.approx(Decimal(12 * 50_000 * 1_280) / 2**30 / costs.GZIP_RATIO)


def test_largest_part_comes_first():
    amounts = [line.amount for line in costs.costs(Load(files=500_000, events=2_000_000), PRICES)]

    assert amounts == sorted(amounts, reverse=True)


def test_run_time_is_waiting_and_cpu_of_a_part_of_a_core():
    one_file = Load(files=1, events=0, records=2_048, record_kb=Decimal("1.25"), digest_files=0)

    seconds = costs.function_seconds(one_file)

    assert seconds == pytest.approx(Decimal("0.047") + (Decimal("0.0031") + Decimal("0.005")) * 1_769 / 1_024)
    assert costs.function_seconds(replace(one_file, memory_megabytes=1_769)) == Decimal("0.0551")
    assert costs.function_seconds(replace(one_file, memory_megabytes=10_240)) == Decimal("0.0551")


KNOBS = {
    "row_retention_days": {"rows, storage", "index entries, storage", "rows, point-in-time recovery"},
    "ledger_retention_days": {"ledger, storage", "ledger, point-in-time recovery"},
    "log_retention_days": {"log bucket, storage"},
    "memory_megabytes": {"Lambda, run time"},
}


@pytest.mark.parametrize(("knob", "parts"), KNOBS.items(), ids=KNOBS)
def test_setting_changes_the_parts_that_name_it_and_no_other(knob, parts):
    load = Load(files=10_000, events=100_000, months=24)
    before, after = quantities(load), quantities(replace(load, **{knob: 300 if knob.endswith("days") else 2_048}))

    assert {part for part in before if before[part] != after[part]} == parts


def test_retention_bounds_what_is_kept_and_never_adds_to_it():
    load = Load(files=10, events=100, months=24)

    kept = [load.months_kept(days) for days in (None, 36_500, 365, 73)]

    assert kept == [24, 24, 12, pytest.approx(Decimal("2.4"))]
    assert DAYS * 12 == 365


def test_second_trail_costs_for_every_record():
    lines = costs.costs(Load(files=10, events=5, records=1_000_000, paid_copy=True), PRICES)

    (copy,) = [line for line in lines if line.setting == "aitrail:trail"]
    assert (copy.quantity, copy.amount) == (1_000_000, 20)


def test_redaction_costs_a_secret_and_nothing_else():
    load = Load(files=10, events=5)
    before, after = (costs.costs(each, PRICES) for each in (load, replace(load, redact=True)))

    (key,) = [line for line in after if line.part not in {line.part for line in before}]
    assert (key.setting, key.quantity, key.amount) == ("aitrail:redact", 1, Decimal("0.40"))
    assert total(after) - total(before) == key.amount


def test_keys_cost_by_the_month_and_by_the_request():
    load = Load(files=10_000, events=5, digest_files=2_000)
    before, after = (costs.costs(each, PRICES, free=False) for each in (load, replace(load, kms_keys=2)))

    keys, requests = [line for line in after if line.part not in {line.part for line in before}]
    assert (keys.quantity, keys.amount) == (2, 2)
    assert requests.quantity == 12_000 * 2 + 21_900
    assert requests.amount == requests.quantity * Decimal("0.000003")
    assert {keys.setting, requests.setting} == {"aitrail:kmsKey"}
    assert total(after) - total(before) == keys.amount + requests.amount


def test_free_units_are_used_once_by_all_parts_of_a_price():
    load = Load(files=1_000_000, events=5_000_000)

    paid, all_of_them = (costs.costs(load, PRICES, free=free) for free in (True, False))

    saved = total(all_of_them) - total(paid)
    used = {"metrics": 7, "kms-requests": 0, "dashboards": 0}
    free = [price.of(Decimal(used.get(name, price.free))) for name, price in PRICES.prices.items() if price.free]
    run_time = next(line for line in all_of_them if line.part == "Lambda, run time")
    log = next(line for line in all_of_them if line.part == "CloudWatch, the function's log")
    assert run_time.quantity < run_time.price.free
    assert log.quantity < log.price.free
    unused = run_time.price.of(run_time.price.free) - run_time.amount + log.price.of(log.price.free) - log.amount
    assert saved == pytest.approx(sum(free) - unused)


def test_nothing_coming_costs_digest_files_and_polling():
    lines = costs.costs(Load(files=0, events=0), PRICES, free=False)

    assert {line.part for line in lines if line.amount} == {
        "S3 requests, CloudTrail's deliveries",
        "S3 requests, reading",
        "ledger, writes",
        "ledger, reads",
        "ledger, storage",
        "ledger, point-in-time recovery",
        "SQS requests",
        "Lambda, requests",
        "Lambda, run time",
        "CloudWatch, the function's log",
        "CloudWatch, metrics",
        "CloudWatch, alarms",
        "X-Ray, traces",
    }
    assert per_million(total(lines), 0) is None


SIZES = st.integers(min_value=1, max_value=10**9)


@LAW
@given(files=SIZES, events=st.integers(min_value=0, max_value=10**9), months=st.integers(min_value=1, max_value=120))
def test_more_of_anything_never_costs_less(files, events, months):
    load = Load(files=files, events=events, records=2 * 10**9, months=months)
    cost = total(costs.costs(load, PRICES))

    for more in ({"files": files + 1}, {"events": events + 1}, {"months": months + 1}, {"records": 3 * 10**9}):
        assert total(costs.costs(replace(load, **more), PRICES)) >= cost


@LAW
@given(files=SIZES, factor=st.integers(min_value=2, max_value=1_000))
def test_without_free_units_and_fixed_parts_cost_grows_in_proportion(files, factor):
    fixed = {"CloudWatch, metrics", "CloudWatch, alarms", "SQS requests", "X-Ray, traces"}

    def amount(times):
        lines = costs.costs(Load(files=files * times, events=files * times, digest_files=0), PRICES, free=False)
        return total([line for line in lines if line.part not in fixed])

    assert amount(factor) == pytest.approx(amount(1) * factor)


INFREQUENT = "STANDARD_INFREQUENT_ACCESS"
OF_CLASS = {
    "events_table_class": {"rows and index entries, writes", "rows, storage", "index entries, storage"},
    "files_table_class": {"ledger, writes", "ledger, reads", "ledger, storage"},
}


@pytest.mark.parametrize("name", OF_CLASS)
def test_class_of_a_table_changes_the_prices_of_that_table_and_no_quantity(name):
    load = Load(files=1000, events=1000)
    usual, other = (
        {line.part: line for line in costs.costs(each, PRICES, free=False)}
        for each in (load, replace(load, **{name: INFREQUENT}))
    )

    assert {part for part, line in usual.items() if line.price != other[part].price} == OF_CLASS[name]
    assert {part: line.quantity for part, line in usual.items()} == {
        part: line.quantity for part, line in other.items()
    }


def test_queries_of_an_infrequent_table_cost_more_in_the_comparison():
    load = Load(files=1000, events=10**6, records=10**6)
    usual, other = (
        {way.what: way.amount for way in cost_comparison.compare(each, PRICES) if way.way == "aitrail"}
        for each in (load, replace(load, events_table_class=INFREQUENT))
    )

    for what in (cost_comparison.PRINCIPAL, cost_comparison.USAGE):
        ratio = PRICES.prices["infrequent-read-units"].price / PRICES.prices["read-units"].price
        assert round(other[what], 15) == round(usual[what] * ratio, 15)


def test_unknown_table_class_is_refused():
    with pytest.raises(CostError, match="table class: 'IA' is not one of STANDARD, STANDARD_INFREQUENT_ACCESS"):
        Load(files=1, events=1, files_table_class="IA")


@pytest.mark.parametrize("name", ["data_events", "network_activity_events"])
def test_events_that_cloudtrail_charges_for_are_a_line_of_their_own(name):
    without = costs.costs(Load(files=1000, events=1000), PRICES)
    lines = costs.costs(Load(files=1000, events=1000, **{name: 1_000_000}), PRICES)

    [line] = [line for line in lines if line.part not in {each.part for each in without}]
    assert (line.quantity, line.amount) == (1_000_000, Decimal("1.00"))
    assert total(lines) == total([*without, line])

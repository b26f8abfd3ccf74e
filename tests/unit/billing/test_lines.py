"""The lines of files of a bill, added up, in every form in which AWS exports them."""

import gzip
import io
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aitrail.billing.columns import SCALE
from aitrail.billing.formats import BillError
from aitrail.billing.lines import Line, Read, Sum, read_lines
from tests.shared.billed_month import CUR, WAYS, Item, csv_gz, items_of, parquet
from tests.shared.metered_month import BEGIN, month

DAY = timedelta(days=1)
CALLS = month(Random(7), 400)
EVERY_DAY = [replace(Item(since=BEGIN + day * DAY, quantity=Decimal(3), cost=Decimal("0.1"))) for day in range(30)]
HOSTILE = ['"\n\x1b[2J,', "=cmd()", "\u202e\ud7ff", "a\r\nb", "\U0001d54f" * 50]


def read(content, name="bill.parquet", cost=None):
    found = Read()
    read_lines(io.BytesIO(content), name, cost, found, lambda _: None)
    return found


def refused(content, name="bill.parquet", cost=None):
    with pytest.raises(BillError) as raised:
        read(content, name, cost)
    return str(raised.value)


def expected(items, *, is_invoiced=True):
    """The same sums, one line after the other."""
    sums = defaultdict(Sum)
    for each in items:
        line = Line(
            account=each.account,
            region=each.region,
            service=each.service,
            usage_type=each.usage_type,
            charge="usage",
            since=each.since.date(),
            until=(each.end - timedelta(seconds=1)).date() + DAY,
            unit=each.unit.lower(),
            currency=each.currency,
            is_invoiced=is_invoiced,
        )
        sums[line].add(Sum(int(each.cost.scaleb(SCALE)), int(each.quantity.scaleb(SCALE)), 1))
    return dict(sums)


@pytest.mark.parametrize("way", WAYS)
def test_every_form_has_the_same_sums(way):
    columns, write, _ = WAYS[way]
    items = items_of(CALLS)

    found = read(write(columns, items))

    assert found.sums == expected(items, is_invoiced=True if "InvoiceId" in columns or columns is CUR else None)
    assert found.lines == len(items)
    assert found.last == max(each.since for each in items).date()


@pytest.mark.parametrize("write", [parquet, csv_gz])
def test_lines_of_other_services_do_not_count_and_tell_how_far_the_bill_is(write):
    others = [replace(each, service="ec2", usage_type="BoxUsage") for each in EVERY_DAY]

    found = read(write(CUR, [*others, *EVERY_DAY[:2]]))

    assert found.sums == expected(EVERY_DAY[:2])
    assert (found.last, found.lines) == (date(2026, 11, 30), 32)


def test_row_groups_without_lines_of_the_services_are_not_read(monkeypatch):
    others = [replace(each, service="ec2", usage_type="BoxUsage") for each in EVERY_DAY]
    content = parquet(CUR, [*others[:29], *EVERY_DAY[:10], *others], group_lines=10)
    asked = []
    ask = pq.ParquetFile.iter_batches
    monkeypatch.setattr(
        pq.ParquetFile, "iter_batches", lambda self, *args, **named: asked.append(named) or ask(self, *args, **named)
    )

    found = read(content)

    assert asked[0]["row_groups"] == [2, 3]
    assert set(asked[0]["columns"]).isdisjoint({"resource_tags", "bill_payer_account_id", "line_item_operation"})
    assert found.sums == expected(EVERY_DAY[:10])
    assert (found.last, found.lines) == (date(2026, 11, 30), 69)


def test_row_groups_whose_limits_the_file_does_not_have_are_read():
    table = pq.read_table(io.BytesIO(parquet(CUR, EVERY_DAY)))
    stream = io.BytesIO()
    pq.write_table(table, stream, write_statistics=False, row_group_size=7)

    assert read(stream.getvalue()).sums == expected(EVERY_DAY)


def test_lines_of_a_day_and_of_a_month_are_of_these_days():
    day = replace(EVERY_DAY[0], until=BEGIN + DAY)
    whole = replace(EVERY_DAY[0], until=BEGIN + 30 * DAY)

    assert read(parquet(CUR, [day, whole])).sums == expected([day, whole])


def test_many_small_costs_add_up_exactly():
    items = [replace(EVERY_DAY[0], cost=Decimal("0.1")) for _ in range(1_000)]

    (amounts,) = read(parquet(CUR, items)).sums.values()

    assert amounts.cost == 100 * 10**SCALE


def test_other_costs_are_of_their_columns():
    items = [replace(EVERY_DAY[0], net=Decimal("0.07")), replace(EVERY_DAY[0], kind="SavingsPlanNegation")]

    costs = {name: read(parquet(CUR, items), cost=name).sums for name in ("unblended", "net", "amortized")}

    of_usage = {
        name: [each.cost for line, each in sums.items() if line.charge == "usage"] for name, sums in costs.items()
    }
    negated = {
        name: [each.cost for line, each in sums.items() if line.charge != "usage"] for name, sums in costs.items()
    }
    assert of_usage == {"unblended": [10**9], "net": [7 * 10**8], "amortized": [10**9]}
    assert negated == {"unblended": [10**9], "net": [10**9], "amortized": [0]}


def test_without_a_column_of_regions_the_prefix_tells_the_region():
    columns = {name: of for name, of in CUR.items() if name != "product_region_code"}

    assert {line.region for line in read(parquet(columns, EVERY_DAY)).sums} == {"eu-central-1"}


def test_empty_file_has_no_lines():
    assert read(b"") == Read()
    assert read(parquet(CUR, [])).sums == read(csv_gz(CUR, [])).sums == {}


@pytest.mark.parametrize("write", [parquet, csv_gz])
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_only_texts(write, text):
    items = [replace(each, usage_type=text, tags=text, account=text, region="") for each in EVERY_DAY]

    assert {(line.account, line.usage_type) for line in read(write(CUR, items)).sums} == {(text, text)}


@pytest.mark.parametrize("cut", [1, 100, 3_000])
@pytest.mark.parametrize("write", [parquet, csv_gz])
def test_truncated_file_is_refused(write, cut):
    content = write(
        CUR, [replace(each, tags=Random(day).randbytes(40).hex()) for day, each in enumerate(EVERY_DAY * 9)]
    )

    assert "bill.parquet cannot be read" in refused(content[:-cut])


BAD = {
    "no number": (csv_gz, "cost", "1,5", "cannot be read"),
    "not a number": (parquet, "cost", Decimal("NaN"), "cannot be read"),
    "infinite": (parquet, "cost", Decimal("inf"), "cannot be read"),
    "too large": (parquet, "cost", Decimal("1e300"), "cannot be read"),
    "so large that sums could be wrong": (parquet, "cost", Decimal("1e18"), "cannot be read"),
    "no cost": (csv_gz, "cost", "", "1 lines of bill.parquet have no unblended cost"),
    "no date": (csv_gz, "since", "", "without a date"),
    "no time of UTC": (csv_gz, "since", "2026-11-01T00:00:00+01:00", "which is not in UTC"),
    "no time": (csv_gz, "since", "yesterday at noon today", "not in UTC"),
    "a year before all bills": (csv_gz, "since", "0000-01-01T00:00:00Z", "not of the years 2000 to 2999"),
    "a year after all bills": (parquet, "since", datetime(9999, 12, 31, 23, tzinfo=UTC), "not of the years"),
    "no day": (csv_gz, "since", "2026-13-01T00:00:00Z", "cannot be read"),
}


@pytest.mark.parametrize(("write", "name", "value", "message"), BAD.values(), ids=BAD)
def test_line_that_cannot_be_counted_is_refused(write, name, value, message):
    columns = {
        **CUR,
        "line_item_unblended_cost": lambda each: each.cost,
        "line_item_net_unblended_cost": lambda _: Decimal(0),
        "bill_billing_period_start_date": lambda _: BEGIN,
        "line_item_usage_end_date": lambda _: BEGIN + DAY,
        "pricing_public_on_demand_cost": lambda _: Decimal(0),
    }

    assert message in refused(write(columns, [EVERY_DAY[1], replace(EVERY_DAY[0], **{name: value})]))


def test_files_of_two_formats_are_refused():
    found = Read()
    contents = [write(columns, EVERY_DAY) for columns, write, _ in (WAYS["CUR 2.0, Parquet"], WAYS["FOCUS 1.2, csv"])]

    read_lines(io.BytesIO(contents[0]), "a", None, found, lambda _: None)
    with pytest.raises(BillError, match="b is in the format FOCUS, and other files are not"):
        read_lines(io.BytesIO(contents[1]), "b", None, found, lambda _: None)


OTHERS = {
    "zip": b"PK\x03\x04",
    "json": b"{}",
    "no text": gzip.compress(b"\xff\xfe,\x00\n"),
    "nothing": gzip.compress(b""),
}


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_other_files_are_refused(content):
    assert refused(content)


def test_nothing_is_counted_of_a_file_that_turns_out_to_be_broken_in_another_type():
    table = pq.read_table(io.BytesIO(parquet(CUR, EVERY_DAY)))
    place = table.schema.get_field_index("line_item_usage_start_date")
    table = table.set_column(place, "line_item_usage_start_date", pa.array([[1]] * 30))
    stream = io.BytesIO()
    pq.write_table(table, stream)

    assert "cannot be read" in refused(stream.getvalue())


def with_columns(columns, items=EVERY_DAY):
    """The bytes of a Parquet file with columns of other types."""
    table = pq.read_table(io.BytesIO(parquet(CUR, items)))
    for name, values in columns.items():
        table = table.set_column(table.schema.get_field_index(name), name, values)
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


def test_numbers_may_be_texts_or_decimals_and_times_texts_in_parquet():
    columns = {
        "line_item_usage_amount": pa.array([f"{each.quantity}" for each in EVERY_DAY]),
        "line_item_unblended_cost": pa.array([each.cost for each in EVERY_DAY], pa.decimal128(20, 6)),
        "line_item_usage_start_date": pa.array([f"{each.since:%Y-%m-%dT%H:%M:%SZ}" for each in EVERY_DAY]),
    }

    assert read(with_columns(columns)).sums == expected(EVERY_DAY)


@pytest.mark.parametrize(
    ("scale", "cost"), [(10, "123456789012345678.1234567891"), (20, "123456789012345678.12345678915")]
)
def test_decimals_count_to_the_last_digit_however_large_they_are(scale, cost):
    costs = pa.array([Decimal(cost)] * 30, pa.decimal128(38, scale))

    (amounts,) = read(with_columns({"line_item_unblended_cost": costs}, [EVERY_DAY[0]] * 30)).sums.values()

    last = 1 if scale == SCALE else 2  # half a unit is rounded up
    assert amounts.cost == 30 * (123456789012345678123456789 * 10 + last)


def test_largest_costs_of_a_batch_add_up_exactly():
    cost = Decimal(10**18 - 1)
    items = [replace(EVERY_DAY[0], cost=cost)] * 131_072
    costs = pa.array([each.cost for each in items], pa.decimal128(28, 10))

    (amounts,) = read(with_columns({"line_item_unblended_cost": costs}, items)).sums.values()

    assert amounts.cost == len(items) * int(cost.scaleb(SCALE))


@pytest.mark.parametrize("write", [parquet, csv_gz])
def test_quantity_that_is_not_known_has_no_unit_and_is_not_zero(write):
    columns = {**CUR, "line_item_usage_amount": lambda each: each.quantity or ("" if write is csv_gz else None)}
    known, unknown = EVERY_DAY[0], replace(EVERY_DAY[0], quantity=Decimal(0))

    found = read(write(columns, [known, unknown]))

    assert found.sums == expected([known, replace(unknown, unit="")])


def test_times_in_another_unit_or_of_another_year_are_refused_even_in_row_groups_that_need_not_be_read():
    others = [replace(each, service="ec2", usage_type="BoxUsage") for each in EVERY_DAY]
    times = {
        "milliseconds as an integer": pa.array([int(BEGIN.timestamp() * 1_000)] * 30),
        "a late year": pa.array([datetime(9999, 12, 31)] * 30, pa.timestamp("ms")),  # noqa: DTZ001 (UTC)
        "a year that Python does not have": pa.array([2**60] * 30).cast(pa.timestamp("ms")),
    }

    for values in times.values():
        assert refused(with_columns({"line_item_usage_start_date": values}, others))
        assert refused(with_columns({"line_item_usage_start_date": values}))


@pytest.mark.parametrize("name", ["line_item_unblended_cost", "line_item_product_code", "line_item_line_item_type"])
def test_column_that_a_file_has_twice_is_refused(name):
    table = pq.read_table(io.BytesIO(parquet(CUR, EVERY_DAY)))
    stream = io.BytesIO()
    pq.write_table(table.append_column(name, pa.array(["x"] * 30)), stream)
    heading, *lines = gzip.decompress(csv_gz(CUR, EVERY_DAY)).decode().splitlines()
    text = "\n".join([f"{heading},{name}", *(f"{line},9" for line in lines)])

    for content in (stream.getvalue(), gzip.compress(text.encode())):
        assert f"has several columns {name}" in refused(content)

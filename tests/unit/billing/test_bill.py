"""A bill: what it covers, whether it is final, and which of its lines are in the days of a question."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from aitrail.billing.bill import Days, read_bill
from aitrail.billing.folders import LocalFolder
from aitrail.billing.formats import BillError
from tests.shared import billed_month
from tests.shared.billed_month import Export, Item, month_of
from tests.shared.metered_month import BEGIN

DAY = timedelta(days=1)
NOVEMBER = Days(since=date(2026, 11, 1), until=date(2026, 12, 1))
ITEM = Item(since=BEGIN + 9 * DAY, quantity=Decimal(3), cost=Decimal("0.25"))
TAX = month_of(ITEM, kind="Tax", cost=Decimal("1.5"))


@pytest.fixture
def export(tmp_path):
    return Export(tmp_path)


def read(export, days=NOVEMBER, cost=None, path=None):
    said = []
    folder = LocalFolder(str(path or export.root))
    return read_bill(folder, days, cost=cost, report=said.append, progress=lambda *_: None)


def costs(sums):
    found = Counter()
    for line, amounts in sums.items():
        found[line.charge] += amounts.cost
    return found


def test_bill_covers_its_month_until_the_last_day_on_which_any_line_begins(export):
    export.deliver([ITEM, TAX, Item(since=BEGIN + 19 * DAY, service="ec2")])

    bill = read(export)

    assert [bill.covers(date(2026, 11, day)) for day in (1, 20, 21, 30)] == [True, True, False, False]
    assert not bill.covers(date(2026, 10, 31))


def test_lines_of_a_whole_month_cover_it(export):
    export.deliver([month_of(ITEM)])

    assert read(export).covers(date(2026, 11, 30))


def test_file_without_a_month_covers_the_days_of_its_lines(export, tmp_path):
    path, _ = export.deliver([ITEM, replace(ITEM, since=BEGIN + 11 * DAY)])
    copy = tmp_path / "copy.parquet"
    copy.write_bytes(path.read_bytes())

    bill = read(export, path=copy, days=None)

    assert bill.days == Days(since=date(2026, 11, 10), until=date(2026, 11, 11))
    assert [bill.covers(date(2026, 11, day)) for day in (9, 10, 11)] == [False, True, False]


@pytest.mark.parametrize(
    ("invoices", "is_final"), [(("A", "A"), True), (("A", ""), False), (("", ""), False)], ids=["all", "one", "none"]
)
def test_bill_is_final_once_all_its_usage_has_an_invoice(export, invoices, is_final):
    export.deliver([replace(ITEM, invoice=invoice) for invoice in invoices])

    assert read(export).is_final is is_final


def test_export_without_invoices_does_not_say_whether_it_is_final(tmp_path):
    export = Export(tmp_path, "FOCUS 1.0, Parquet")
    export.deliver([ITEM])

    assert read(export).is_final is None


def test_lines_that_are_only_partly_in_the_days_are_outside(export):
    later = replace(ITEM, since=BEGIN + 25 * DAY)
    export.deliver([ITEM, TAX, later])

    bill = read(export, Days(since=date(2026, 11, 1), until=date(2026, 11, 15)))

    assert costs(bill.sums) == {"usage": 25 * 10**8}
    assert costs(bill.outside) == {"tax": 15 * 10**9}


def test_only_the_months_of_the_days_are_read(export):
    export.deliver([ITEM])
    (path, _) = export.deliver([ITEM], "2026-10")
    path.write_bytes(b"broken")

    assert costs(read(export).sums) == {"usage": 25 * 10**8}


def test_without_days_all_months_are_read(export):
    export.deliver([ITEM])
    export.deliver([replace(ITEM, since=BEGIN - 5 * DAY)], "2026-10")

    bill = read(export, None)

    assert bill.days == Days(since=date(2026, 10, 1), until=date(2026, 12, 1))
    assert costs(bill.sums) == {"usage": 50 * 10**8}


def test_lines_of_another_time_count_in_their_billing_period_and_are_no_usage_of_it(export):
    earlier = replace(ITEM, since=BEGIN - 20 * DAY)
    export.deliver([ITEM, earlier, replace(earlier, kind="Refund", cost=Decimal("-0.1"))])

    whole, part = read(export), read(export, Days(since=date(2026, 11, 1), until=date(2026, 11, 15)))

    others = {"usage of another time": 25 * 10**8, "refund": -(10**9)}
    assert costs(whole.sums) == {"usage": 25 * 10**8, **others}
    assert costs(part.sums) == {"usage": 25 * 10**8}
    assert costs(part.outside) == others


def refused(export, **asked):
    with pytest.raises(BillError) as raised:
        read(export, **asked)
    return str(raised.value)


def test_days_that_no_month_has_are_not_known(export):
    export.deliver([ITEM])

    days = Days(since=date(2026, 9, 1), until=date(2026, 10, 1))
    assert "has no bill for these days, only for 2026-11: their cost is not known" in refused(export, days=days)


def test_costs_in_several_currencies_are_not_added_up(export):
    export.deliver([ITEM, replace(ITEM, currency="EUR"), replace(ITEM, currency="")])

    assert "has costs in an unknown one and EUR and USD: they cannot be added up" in refused(export)


def test_bill_in_another_currency_has_that_one(export):
    export.deliver([replace(ITEM, currency="EUR"), replace(ITEM, currency="", cost=Decimal(0))])

    assert read(export).currency == "EUR"


def test_bill_without_any_line_is_refused(export):
    for path in export.deliver([ITEM]):
        path.write_bytes(b"")

    assert "has no lines at all" in refused(export)


def test_codes_that_look_like_those_of_the_services_are_said(export):
    said = []
    export.deliver([ITEM, replace(ITEM, service="lex-v2"), replace(ITEM, service="ec2")])

    read_bill(LocalFolder(str(export.root)), NOVEMBER, cost=None, report=said.append, progress=lambda *_: None)

    assert said == [
        "The bill has lines of AmazonLexV2, which are not the codes of known services: they are not in the answer."
    ]


def test_of_many_such_codes_only_some_are_named(export, monkeypatch):
    codes = [f"AmazonPolly{number:02}" for number in range(30)]
    monkeypatch.setattr(billed_month, "CODES", {**billed_month.CODES, **{each: each for each in codes}})
    said = []
    export.deliver([ITEM, *(replace(ITEM, service=each) for each in codes)])

    read_bill(LocalFolder(str(export.root)), NOVEMBER, cost=None, report=said.append, progress=lambda *_: None)

    assert said[0].startswith(f"The bill has lines of {', '.join(codes[:10])} and 20 other codes, which")


def test_progress_tells_lines_and_files(export):
    export.deliver([ITEM] * 5, files=3)
    told = []

    read_bill(
        LocalFolder(str(export.root)),
        None,
        cost=None,
        report=pytest.fail,
        progress=lambda *numbers: told.append(numbers),
    )

    assert told == [(2, 0, 3), (2, 1, 3), (4, 1, 3), (4, 2, 3), (5, 2, 3), (5, 3, 3)]

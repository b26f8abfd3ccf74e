"""The columns of exports, and what is said of files that lack some."""

import pytest

from aitrail.billing.formats import BillError, cost_names, format_of, formats
from tests.shared.billed_month import CUR, FOCUS_1_0, FOCUS_1_2

LEGACY = ["identity/LineItemId", "bill/InvoiceId", "lineItem/UsageType", "lineItem/UnblendedCost"]


@pytest.mark.parametrize(("columns", "name"), [(CUR, "CUR 2.0"), (FOCUS_1_0, "FOCUS"), (FOCUS_1_2, "FOCUS")])
def test_format_is_recognized_by_its_columns(columns, name):
    own = format_of([*columns], "a.parquet")

    found = own.found([*columns], own.cost(None), "a.parquet")

    assert own.name == name
    assert set(found) >= {"account", "code", "usage_type", "region", "kind", "since", "until", "quantity", "currency"}


def test_focus_1_0_has_usage_types_and_1_2_meters():
    for columns, name in ((FOCUS_1_0, "x_UsageType"), (FOCUS_1_2, "SkuMeter")):
        own = format_of([*columns], "a")
        assert own.found([*columns], own.cost(None), "a")["usage_type"] == name


def test_legacy_report_is_refused_with_what_to_export_instead():
    with pytest.raises(BillError, match=r"a.csv has the columns of a legacy Cost and Usage Report.*Export CUR 2.0"):
        format_of(LEGACY, "a.csv")


def test_other_files_are_refused_with_their_columns():
    with pytest.raises(BillError, match=r"neither CUR 2.0 nor FOCUS: its columns are name, size"):
        format_of(["name", "size"], "a.csv")


def test_missing_columns_are_named():
    columns = [name for name in CUR if name not in ("line_item_usage_amount", "line_item_currency_code")]
    own = format_of(columns, "a")

    with pytest.raises(BillError, match="a lacks line_item_usage_amount, line_item_currency_code: add the columns"):
        own.found(columns, own.cost(None), "a")


@pytest.mark.parametrize("what", ["product_region_code", "pricing_unit", "bill_invoice_id"])
def test_columns_without_which_a_bill_can_be_read_may_be_missing(what):
    columns = [name for name in CUR if name != what]
    own = format_of(columns, "a")

    assert what not in own.found(columns, own.cost(None), "a").values()


def test_net_cost_that_an_export_does_not_have_is_not_replaced_by_another_one():
    columns = [name for name in CUR if name != "line_item_net_unblended_cost"]
    own = format_of(columns, "a")

    with pytest.raises(BillError, match=r"does not say the net cost. Choose unblended, amortized or list"):
        own.found(columns, own.cost("net"), "a")


def test_cost_that_a_format_does_not_have_is_refused():
    with pytest.raises(BillError, match="FOCUS has no unblended cost: choose net, amortized or list"):
        format_of([*FOCUS_1_2], "a").cost("unblended")


def test_usual_cost_is_the_first():
    assert [each.cost(None).name for each in formats()] == ["unblended", "net"]
    assert cost_names() == ("unblended", "net", "amortized", "list")


def test_kind_of_a_line_that_is_not_known_keeps_its_name():
    cur, focus = formats()

    assert cur.charge("Usage", "") == "usage"
    assert cur.charge("EdpDiscount", "") == "discount"
    assert cur.charge("SavingsPlanNegation", "") == "SavingsPlanNegation"
    assert cur.charge("", "") == "unknown"
    assert focus.charge("Usage", "Correction") == "correction"

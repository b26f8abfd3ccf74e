"""What a report says of resources that are billed whether or not anybody calls them."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from aitrail.questions import EventStore
from aitrail.report import billed_of, html_of
from aitrail.report.standing_out import what_stands_out
from tests.shared.call_rows import NOW, START, Rows, call_row
from tests.shared.reports import ABOUT, Complete, document, question_of, report
from tests.unit.report.test_page import HOSTILE, Page

HOUR = timedelta(hours=1)


def row(hour, operation, resource="campaign/shop", **changes):
    event_id = f"{operation} {resource} {hour}"
    fields = {"service": "personalize", "operation": operation, "resource": resource, "usage": {}}
    return call_row(event_id, START + hour * HOUR, **(fields | changes))


def created(hour, name, tps=2, **changes):
    return row(hour, "CreateCampaign", f"campaign/{name}", usage={"minProvisionedTPS": tps}, **changes)


def billed(rows, *, source=None, conditions=None, **question):
    source = source or Complete(*rows)
    asked = question_of(rows, source=source, **question)
    return billed_of(asked, EventStore(source, now=lambda: NOW), conditions or {})


ROWS = [created(-5, "forgotten"), created(-5, "shop"), row(2, "GetRecommendations")]


def listed(rows, conditions=None):
    about = replace(ABOUT, billed=billed(rows, lookback="24h", conditions=conditions))
    found = document(rows, about=about, lookback="24h")["billed"]
    return {each["resource"]: each for each in json.loads(json.dumps(found))["resources"]}


def test_resources_have_who_created_them_and_whether_the_window_used_them():
    found = listed(ROWS)

    assert {name: (each["idle"], each["createdBy"], each["createdTime"]) for name, each in found.items()} == {
        "campaign/forgotten": (True, "user/alice", "2026-11-20T19:00:00Z"),
        "campaign/shop": (False, "user/alice", "2026-11-20T19:00:00Z"),
    }


def test_calls_before_the_window_do_not_make_a_resource_used():
    before = [*ROWS, row(-1, "GetRecommendations", "campaign/forgotten")]

    assert listed(before)["campaign/forgotten"]["idle"]


def test_of_a_resource_whose_use_no_row_tells_it_is_not_known():
    assert listed([row(1, "CreateSolution", "solution/shop")])["solution/shop"]["idle"] is None


def test_conditions_select_resources_and_callers_do_not():
    rows = [*ROWS, created(-5, "abroad", awsRegion="us-east-1")]

    assert [*listed(rows, conditions={"region": ("us-east-1",), "principal": ("nobody",)})] == ["campaign/abroad"]
    assert [*listed(rows, conditions={"service": ("polly",)})] == []


def test_in_a_table_creations_are_looked_for_in_a_year():
    class Table(Rows):
        by_day, complete = True, True

    source = Table()
    billed([], source=source, until=START + 7 * HOUR)

    assert source.asked[0].since == START + 7 * HOUR - timedelta(days=365)


def test_what_no_call_of_the_window_used_stands_out_with_its_cost():
    def remarks(rows):
        found = what_stands_out(report(rows, lookback="24h"), billed(rows, lookback="24h"))
        return [remark.text for remark in found if remark.kind == "idle"]

    (text,) = remarks(ROWS)
    assert text.startswith("1 resource is billed although no call used it: campaign/forgotten (")
    assert remarks(ROWS[:2]) == []  # no row is a call that uses a campaign: such calls may not be recorded


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_text_of_a_log_file_becomes_html(text):
    rows = [created(1, text, principal=text, awsRegion=text, recipientAccountId=text)]
    page = Page(html_of(report(rows), replace(ABOUT, billed=billed(rows))))

    harmless = Page(html_of(report([]), replace(ABOUT, billed=billed([]))))
    assert [each[0] for each in page.elements] == [each[0] for each in harmless.elements]
    (resource,) = page.data["billed"]["resources"]
    assert all(value.isprintable() for value in resource.values() if isinstance(value, str))

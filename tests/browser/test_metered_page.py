"""The page of `aitrail report --metrics`: what was measured and what was shared are told apart, in every selection."""

import json
from random import Random

import pytest

from aitrail.report import html_of
from tests.browser.test_report_page import choose
from tests.shared.metered_month import month
from tests.shared.metered_reports import metered_report, together


@pytest.fixture(scope="module")
def metered(tmp_path_factory):
    """The page, and what it has been told of metrics."""
    _, found, about = metered_report(month(Random(7), 300))
    path = tmp_path_factory.mktemp("metered") / "report.html"
    path.write_text(html_of(found, about))
    return path, about.metered


@pytest.fixture
def page(browser, metered):
    browser.ask("open", url=metered[0].as_uri())
    return browser


def card(page, title):
    """The number and the note of a headline."""
    texts = page.ask(
        "evaluate",
        expression=f"""[...document.querySelectorAll(".card")]
          .filter((each) => each.querySelector("dt").textContent === {json.dumps(title)})
          .map((each) => [each.querySelector("strong"), each.querySelector(".missing")]
            .map((part) => part?.textContent ?? ""))""",
    )
    return texts[0]


def test_headlines_show_measured_and_shared_apart(page, metered):
    characters = together(metered[1], "characters")

    number, note = card(page, "Characters")

    assert number == f"≈\u00a0{characters.total:,}"
    assert note == f"measured {characters.measured:,}, shared {characters.shared:,}"
    assert characters.measured > 0 < characters.shared


def test_amounts_that_only_metrics_tell_are_shown_and_measured_ones_are_no_estimate(page, metered):
    requests, seconds = (together(metered[1], name) for name in ("requests", "audioSeconds"))

    assert card(page, "Requests of Lex") == [f"{requests.measured:,}", ""]
    assert card(page, "Audio seconds of jobs")[0] == f"≥\u00a0≈\u00a0{seconds.total:,}"


def test_headlines_fit_into_their_cards(page):
    broken = page.ask(
        "evaluate",
        expression="""[...document.querySelectorAll(".card")].filter((each) => each.scrollWidth > each.clientWidth
          || each.querySelector("strong").offsetHeight > 30).map((each) => each.textContent)""",
    )

    assert broken == []


def test_without_a_time_before_nobody_and_no_network_is_said_not_to_be_new(page):
    outstanding, events = (page.ask("texts", selector=f"{each} .nothing")[0] for each in (".outstanding", "#events"))

    assert outstanding == "Nothing: no root, no burst of failures; who is new is not known."
    assert events.endswith("nothing deleted; which networks are new is not known.")


def test_a_filter_gives_the_parts_of_usage(page, metered):
    expected = together(metered[1], "characters", principal="user/alice")

    choose(page, "Principals", "user/alice")

    assert card(page, "Characters")[1] == f"measured {expected.measured:,}, shared {expected.shared:,}"


def test_charts_have_a_series_and_a_column_for_each_and_legends_say_which(page):
    legends = page.ask("texts", selector=".amounts .panel:first-child .legend li")
    heads = page.ask(
        "evaluate",
        expression="""[...document.querySelectorAll(".amounts .panel:first-child th[scope=col]")]
          .map((each) => each.textContent)""",
    )
    bars = page.ask(
        "evaluate", expression="""document.querySelectorAll(".amounts .panel:first-child rect.c-shared").length"""
    )

    assert legends == ["measured", "shared, an estimate"]
    assert heads[1:3] == ["measured", "shared, an estimate"]
    assert bars > 5


def test_the_page_states_the_rule_and_what_no_row_tells_of(page, metered):
    apart = [together(metered[1], name, is_recorded=False) for name in ("characters", "audioSeconds", "requests")]
    (text,) = page.ask("texts", selector="#metered")

    assert "divided among the calls whose records do not say it: an estimate, marked with ≈" in text
    assert "calls x mean characters of a call of that operation, day, account and Region" in text
    assert "Amounts from A until B, in whole hours." in text
    assert all(f"{part.calls:,}" in text for part in apart)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_axe_finds_no_fault_of_accessibility(browser, metered, width, scheme):
    browser.ask("open", url=metered[0].as_uri(), width=width, scheme=scheme)

    assert browser.ask("faults") == []
    assert browser.ask("seen")["console"] == []
    assert browser.ask("evaluate", expression="document.documentElement.scrollWidth") <= width

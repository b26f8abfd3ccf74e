"""The page of `aitrail report` in a real browser: its numbers, its filters, its safety, and who can use it."""

import json
from datetime import UTC, datetime, timedelta
from random import Random
from urllib.parse import quote

import pytest

from aitrail.cells import name_text
from aitrail.costs import Prices
from aitrail.report import About, html_of
from tests.shared.call_rows import START, call_row
from tests.shared.reports import ABOUT, report
from tests.unit.report.test_page import HOSTILE, hostile_row

NOVEMBER = {"since": datetime(2026, 11, 1, tzinfo=UTC), "until": datetime(2026, 12, 1, tzinfo=UTC)}
BURST = "2026-11-22"
WIDE = 1280
SIZES = pytest.mark.parametrize(("width", "scheme"), [(WIDE, "light"), (WIDE, "dark"), (390, "light"), (390, "dark")])


@pytest.fixture
def page(browser, month):
    """The page of the month, just opened."""
    browser.ask("open", url=(month / "report.html").as_uri())
    return browser


def cards(page):
    """The headline numbers by their titles."""
    titles, numbers = page.ask("texts", selector=".card dt"), page.ask("texts", selector=".card strong")
    return dict(zip(titles, numbers, strict=True))


def listed(page, title):
    """The lines of a list: name -> calls."""
    rows = page.ask(
        "evaluate",
        expression=f"""[...document.querySelectorAll(".list")]
          .filter((each) => each.caption.textContent === {json.dumps(f"{title} by calls")})
          .flatMap((each) => [...each.tBodies[0].rows])
          .map((row) => [row.querySelector(".text").textContent, row.cells[1].textContent])""",
    )
    return {name: int(calls.replace(",", "")) for name, calls in rows}


def choose(page, title, name):
    """Clicks on a value of a list."""
    page.ask(
        "evaluate",
        expression=f"""[...document.querySelectorAll(".list")]
          .find((each) => each.caption.textContent === {json.dumps(f"{title} by calls")})
          .querySelector({json.dumps(f'button[title="{name}"]')}).click()""",
    )


def usage(store, by=("service",), **conditions):
    return store.usage(by=by, report=lambda _: None, **(NOVEMBER | conditions))


def calls(store, by, **conditions):
    return {group[by]: group["calls"] for group in usage(store, [by], **conditions)}


def test_the_page_is_small_enough_to_open_at_once_and_asks_nobody_for_anything(page, month):
    # Opening a page takes as long as it takes to parse the file and to lay out its elements.
    assert (month / "report.html").stat().st_size < 300_000
    assert page.ask("evaluate", expression="document.querySelectorAll('*').length") < 5_000
    assert page.ask("seen") == {"console": [], "requests": [(month / "report.html").as_uri()]}


def test_headline_numbers_are_those_of_usage(page, store):
    total = usage(store).total()

    shown = cards(page)
    assert shown["Calls"] == f"{total['calls']:,}"
    assert shown["Failed"] == f"{total['errors']:,}"
    assert shown["Denied"] == f"{total['denied']:,}"
    assert shown["Throttled"] == f"{calls(store, 'outcome')['throttled']:,}"
    assert shown["Characters"] == f"≥\u00a0{total['characters']:,}"
    assert shown["Stream minutes"] == f"≥\u00a0{total['streamSeconds'] / 60:,.2f}"


def test_the_cost_is_that_of_usage(page, store):
    found = usage(store, prices=Prices.read()).total()

    assert cards(page)["Polly cost in USD"] == f"≥\u00a0{found['cost']:,.2f}"


@pytest.mark.parametrize(
    ("title", "by"),
    [
        ("Principals", "principal"),
        ("Outcomes", "outcome"),
        ("Regions", "region"),
        ("Kinds of credentials", "credentials"),
    ],
)
def test_lists_have_the_numbers_of_usage(page, store, title, by):
    assert listed(page, title) == calls(store, by)


def test_the_window_before_is_beside_the_numbers(page, store):
    before = {"since": datetime(2026, 10, 1, tzinfo=UTC), "until": datetime(2026, 11, 1, tzinfo=UTC)}

    text = page.ask("texts", selector=".card .before")[0]

    assert text.startswith(f"before: {usage(store, **before).total()['calls']:,} +")


def test_a_click_filters_everything_and_the_address_has_the_filter(page, store):
    choose(page, "Principals", "role/partner-analytics")

    assert page.ask("address").endswith("#principal=role%2Fpartner-analytics")
    wanted = {"principal": "role/partner-analytics"}
    assert cards(page)["Calls"] == f"{usage(store, **wanted).total()['calls']:,}"
    assert listed(page, "Outcomes") == calls(store, "outcome", **wanted)
    events = page.ask("texts", selector=".events tbody tr td:nth-child(4)")
    assert {*events} == {"role/partner-analytics"}


def test_several_filters_hold_together_and_can_be_taken_back(page, store):
    choose(page, "Principals", "role/partner-analytics")
    choose(page, "Outcomes", "denied")
    choose(page, "Principals", "user/alice")

    wanted = {"principal": ["role/partner-analytics", "user/alice"], "outcome": "denied"}
    assert cards(page)["Calls"] == f"{usage(store, **wanted).total()['calls']:,}"

    page.ask("click", selector=".chip.all")
    assert cards(page)["Calls"] == f"{usage(store).total()['calls']:,}"


def test_an_address_with_a_filter_opens_what_it_says(browser, month, store):
    browser.ask("open", url=f"{(month / 'report.html').as_uri()}#day={BURST}&outcome=denied")

    day = {"since": datetime(2026, 11, 22, tzinfo=UTC), "until": datetime(2026, 11, 23, tzinfo=UTC)}
    assert cards(browser)["Calls"] == f"{usage(store, outcome='denied', **day).total()['calls']:,}"
    assert listed(browser, "Operations") == calls(store, "operation", outcome="denied", **day)


FRAGMENTS = (
    "service=<img src=x onerror=window.bad=1>",
    "service=%E0%A4%A&%=%",
    "__proto__=x&constructor=prototype&hasOwnProperty=1",
    "service=__proto__&day=9999&slot=-1",
    "=&=&==&&",
    f"service={'a' * 1_000_000}",
)


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=range(len(FRAGMENTS)))
def test_an_address_that_names_no_value_filters_nothing_and_does_nothing(browser, month, store, fragment):
    browser.ask("open", url=f"{(month / 'report.html').as_uri()}#{fragment}")

    assert cards(browser)["Calls"] == f"{usage(store).total()['calls']:,}"
    assert browser.ask("seen")["console"] == []
    assert browser.ask("evaluate", expression="window.bad ?? 'nothing'") == "nothing"


def test_random_filters_give_the_numbers_of_usage(browser, month, store):
    random, names = Random(5), ("principal", "region", "service", "outcome", "credentials")
    values = {name: [value for value in calls(store, name) if value is not None] for name in names}
    groups = [*usage(store, names)]
    for _ in range(12):
        kept = random.sample(names, random.randint(1, 3))
        chosen = {name: random.sample(values[name], random.randint(1, min(3, len(values[name])))) for name in kept}
        wanted = [each for each in groups if all(each[name] in of for name, of in chosen.items())]
        fragment = "&".join(f"{name}={quote(value, safe='')}" for name, of in chosen.items() for value in of)

        browser.ask("open", url=f"{(month / 'report.html').as_uri()}#{fragment}")

        shown = cards(browser)
        assert [shown[title] for title in ("Calls", "Failed", "Denied")] == [
            f"{sum(each[measure] for each in wanted):,}" for measure in ("calls", "errors", "denied")
        ], chosen


def test_a_day_is_chosen_with_the_keyboard_alone(page, store):
    page.ask("focus", selector="svg [role=button][tabindex='0']")
    for key in ("ArrowRight", "ArrowRight", "Enter"):
        page.ask("press", key=key)

    assert page.ask("address").endswith("#day=2026-11-03")
    day = {"since": datetime(2026, 11, 3, tzinfo=UTC), "until": datetime(2026, 11, 4, tzinfo=UTC)}
    assert cards(page)["Calls"] == f"{usage(store, **day).total()['calls']:,}"
    focused = page.ask("evaluate", expression="document.activeElement.getAttribute('aria-label')")
    assert focused.startswith("Tue 2026-11-03: ")


def test_a_bar_tells_its_numbers_when_it_has_the_pointer(page, store):
    page.ask("hover", selector=".column .hit", number=21)

    day = {"since": datetime(2026, 11, 22, tzinfo=UTC), "until": datetime(2026, 11, 23, tzinfo=UTC)}
    (text,) = page.ask("texts", selector=".tip")
    assert text.startswith(f"Sun {BURST}: {usage(store, **day).total()['calls']:,} calls")


def test_every_chart_has_a_table_with_its_numbers(page, store):
    figures = page.ask("evaluate", expression="document.querySelectorAll('figure.chart').length")
    tables = page.ask(
        "evaluate",
        expression="""[...document.querySelectorAll('figure.chart table')]
          .map((table) => [...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent)))""",
    )

    assert figures == len(tables) == 6
    by_day = {row[0][4:]: sum(int(cell.replace(",", "")) for cell in row[1:]) for row in tables[0][1:]}
    assert {day: count for day, count in by_day.items() if count} == calls(store, "day")


def test_what_was_planted_stands_out_and_shows_itself(page):
    texts = page.ask("texts", selector=".outstanding li")

    assert texts[0].startswith("▲\n1 call was made with the credentials of root.")
    assert texts[1].startswith(
        f"▲\n140 calls were denied in the hour {BURST} 03:00Z, all of them by role/partner-analytics"
    )
    assert "198.18.7.0/24" in texts[2]
    page.ask("click", selector=".outstanding button", number=1)
    assert page.ask("address").endswith(f"#day={BURST}&outcome=denied")


def test_events_can_be_searched_and_sorted(page):
    page.ask("fill", selector="#events input", text="root listbots")
    assert len(page.ask("texts", selector=".events tbody tr")) == 1

    page.ask("fill", selector="#events input", text="")
    page.ask("click", selector=".events th button", number=2)
    operations = page.ask("texts", selector=".events tbody tr td:nth-child(3)")
    assert operations == sorted(operations)
    page.ask("click", selector=".events th button", number=2)
    assert page.ask("texts", selector=".events tbody tr td:nth-child(3)") == sorted(operations, reverse=True)


@SIZES
def test_axe_finds_no_fault_of_accessibility(browser, month, width, scheme):
    filtered = f"#day={BURST}&principal=role%2Fpartner-analytics" if width == WIDE else ""
    browser.ask("open", url=(month / "report.html").as_uri() + filtered, width=width, scheme=scheme)

    assert browser.ask("faults") == []


@SIZES
def test_the_page_is_never_wider_than_the_screen(browser, month, width, scheme):
    browser.ask("open", url=(month / "report.html").as_uri(), width=width, scheme=scheme)

    assert browser.ask("evaluate", expression="document.documentElement.scrollWidth") == width


def test_an_event_is_shown_whole_on_a_usual_screen(page):
    left = page.ask(
        "evaluate",
        expression="""(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)
          (document.querySelector("#events .scrolled"))""",
    )

    assert left == 0


def test_paper_is_white_also_for_those_who_like_it_dark_and_shows_all_events(browser, month):
    browser.ask("open", url=(month / "report.html").as_uri(), scheme="dark")
    style = "getComputedStyle(document.querySelector('{}')).{}"
    assert browser.ask("evaluate", expression=style.format(".panel", "backgroundColor")) == "rgb(27, 31, 38)"

    browser.ask("media", media="print")

    assert browser.ask("evaluate", expression=style.format(".panel", "backgroundColor")) == "rgb(255, 255, 255)"
    assert browser.ask("evaluate", expression=style.format("#events .scrolled", "maxHeight")) == "none"


def test_a_campaign_that_nobody_calls_stands_out_and_is_listed(page):
    assert "campaign/summer-sale" in page.ask("texts", selector=".outstanding .idle")[0]

    first = page.ask("texts", selector="#billed tbody tr")[0]

    assert first.split("\t")[0] == "campaign/summer-sale"
    assert "no recorded call" in first


def test_hostile_texts_are_shown_as_texts_and_do_nothing(browser, tmp_path):
    rows = [hostile_row(text) | {"eventID": f"id {place} {text}"} for place, text in enumerate(HOSTILE)]
    about = About(command="\n".join(HOSTILE), event_options="", source=HOSTILE[1], conditions={"principal": HOSTILE})
    path = tmp_path / "hostile.html"
    path.write_text(html_of(report(rows), about))

    browser.ask("open", url=path.as_uri())

    assert browser.ask("seen") == {"console": [], "requests": [path.as_uri()]}
    assert {*listed(browser, "Principals")} <= {*map(name_text, HOSTILE)}
    assert browser.ask("evaluate", expression="document.querySelectorAll('script').length") == 2
    assert browser.ask("evaluate", expression="document.querySelectorAll('[onload], img, iframe, a[href]').length") == 0
    for text in HOSTILE:
        browser.ask("open", url=f"{path.as_uri()}#principal={quote(name_text(text))}")
        assert cards(browser)["Calls"] == "1", text
        assert browser.ask("seen")["console"] == []


FORGED = {
    "a script": "<script>window.bad = 1</script>",
    "a handler": "<svg onload='window.bad = 1'></svg>",
    "an image": "<img src='https://example.com/x.png' onerror='window.bad = 1'>",
    "a frame": "<iframe srcdoc='<script>parent.bad = 1</script>'></iframe>",
    "a link to a script": "<script src='https://example.com/x.js'></script>",
    "another base": "<base href='https://example.com/'>",
}


@pytest.mark.parametrize("element", FORGED.values(), ids=FORGED)
def test_the_policy_blocks_what_is_put_into_the_page(browser, month, tmp_path, element):
    path = tmp_path / "forged.html"
    path.write_text((month / "report.html").read_text().replace("<header>", f"{element}<header>", 1))

    browser.ask("open", url=path.as_uri())

    said = browser.ask("seen")["console"]
    assert any("Content Security Policy" in text and "blocked" in text for text in said)
    assert browser.ask("evaluate", expression="window.bad ?? 'nothing'") == "nothing"


@pytest.mark.parametrize("name", ["!others", "!none", "!!x", "(all others)", "(none)"])
def test_a_name_that_looks_like_a_mark_is_told_apart_from_it(browser, tmp_path, name):
    rows = [call_row("a", principal=name), call_row("b", principal=name), call_row("c", principal=None)]
    (tmp_path / "a.html").write_text(html_of(report(rows), ABOUT))
    browser.ask("open", url=(tmp_path / "a.html").as_uri())

    choose(browser, "Principals", name)

    assert cards(browser)["Calls"] == "2"


def test_a_call_of_several_accounts_counts_once_in_every_selection(browser, tmp_path):
    shared = [call_row(name, recipientAccountId=name * 12, usage={"sharedEventID": "s"}) for name in "12"]
    (tmp_path / "a.html").write_text(html_of(report([*shared, call_row("3")]), ABOUT))

    browser.ask("open", url=(tmp_path / "a.html").as_uri())
    assert cards(browser)["Calls"] == "2"
    assert listed(browser, "Accounts") == {"1" * 12: 1, "2" * 12: 1, "111122223333": 1}
    choose(browser, "Accounts", "2" * 12)
    assert cards(browser)["Calls"] == "1"


def test_a_report_without_calls_says_so(browser, tmp_path):
    (tmp_path / "a.html").write_text(html_of(report([]), ABOUT))

    browser.ask("open", url=(tmp_path / "a.html").as_uri())

    assert "There are no calls in this window." in browser.ask("texts", selector=".outstanding")[0]
    assert browser.ask("seen")["console"] == []
    assert cards(browser)["Calls"] == "0"


def test_a_report_of_years_has_hours_only_without_filters_and_says_so(browser, tmp_path):
    rows = [call_row(f"{days}", START - timedelta(days=days)) for days in range(0, 900, 7)]
    (tmp_path / "a.html").write_text(html_of(report(rows, since=START - timedelta(days=900)), ABOUT))

    browser.ask("open", url=(tmp_path / "a.html").as_uri())

    assert any("The cells of this report have no hours" in text for text in browser.ask("texts", selector=".panel"))
    cells = browser.ask("evaluate", expression="[...document.querySelectorAll('.cell')].map((each) => each.ariaLabel)")
    assert [cell for cell in cells if not cell.endswith(": 0 calls")] == ["Sat 00:00: 129 calls"]
    choose(browser, "Principals", "user/alice")
    assert any("Not known with filters." in text for text in browser.ask("texts", selector=".panel"))
    assert browser.ask("seen")["console"] == []

"""The page: a log file cannot put anything into it but visible text, and it is what its sources build."""

import base64
import gzip
import hashlib
import json
import random
import re
import struct
import subprocess
import sys
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from aitrail.dynamodb import tables
from aitrail.questions import Naming, Network, Team
from aitrail.report import html_of
from aitrail.report.page import _PAGE
from tests.shared.call_rows import START, call_row
from tests.shared.reports import ABOUT, document, report

ROOT = Path(__file__).parents[3]
HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "\" onload=alert(1) x='",
    "javascript:alert(1)",
    "&lt;b&gt;",
    "\u2028\u2029\u0085",
    "\u202etxt.exe\u2066",
    "\ud800 \udfff",
    "\x00\x1b[31m\x7f",
    "${alert(1)}`",
    "__proto__",
    "constructor",
)


class Page(HTMLParser):
    """The elements of a page, and the text in each kind of element."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text, self._open = [], {}, []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._open.append((tag, dict(attrs).get("id")))

    def handle_endtag(self, tag):
        while self._open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if self._open:
            self.text[self._open[-1]] = self.text.get(self._open[-1], "") + data

    @property
    def data(self):
        return json.loads(self.text["script", "data"])


def page_of(rows, **question):
    return html_of(report(rows, **question), ABOUT)


def unpacked(packed):
    content = gzip.decompress(base64.b64decode(packed["gzip"]))
    numbers = struct.unpack(f"<{len(content) // 8}d", content)
    count = packed["count"]
    return [[int(numbers[column * count + row]) for column in range(packed["columns"])] for row in range(count)]


def hostile_row(text):
    """A row with a text in every attribute that a caller, or whoever writes a log file, can choose."""
    fixed = {"eventTime", "eventDay", "service", "outcome", "credentials", "readOnly", "temporaryCredentials", "usage"}
    texts = {name: text for name in tables.NARROW_COLUMNS if name not in fixed}
    used = {"engine": text, "requestCharacters": 3, "resources": [text]}
    return call_row(f"id {text}", outcome="denied", credentials="root", usage=used) | texts | {"usage": used}


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_text_of_a_log_file_becomes_html_or_is_lost(text):
    naming = Naming(teams=(Team(name=text, principals=("*",)),), networks=(Network(name=text, blocks=("0.0.0.0/0",)),))
    harmless = Page(page_of([hostile_row("x")], naming=naming))

    html = page_of([hostile_row(text), hostile_row("203.0.113.9")], naming=naming)

    assert [each[0] for each in Page(html).elements] == [each[0] for each in harmless.elements]
    assert html.isascii()
    assert not set("<>&\u2028\u2029") & set(Page(html).text["script", "data"])
    data = Page(html).data
    principals = next(each for each in data["dimensions"] if each["name"] == "principal")["values"]
    assert len(set(principals)) == 2
    assert all(value.isprintable() for value in principals)
    assert len(data["events"]) == 2


def test_the_policy_of_the_page_allows_its_own_script_and_style_alone():
    page = Page(page_of([]))
    (policy,) = (
        own["content"] for tag, own in page.elements if own.get("http-equiv", "").lower() == "content-security-policy"
    )

    def hashed(text):
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    assert dict(each.strip().split(" ", 1) for each in policy.split(";")) == {
        "default-src": "'none'",
        "script-src": hashed(page.text["script", None]),
        "style-src": hashed(page.text["style", None]),
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_the_page_has_no_handlers_addresses_or_other_files():
    page = Page(page_of([]))

    names = {name for _, own in page.elements for name in own}
    assert names <= {"lang", "charset", "http-equiv", "content", "name", "id", "aria-label", "aria-live", "type"}
    assert not re.search(r"@import|url\(|<link|<img|<iframe", _PAGE.read_text())
    assert {tag for tag, _ in page.elements} == {
        *("html", "head", "meta", "title", "style", "body", "header", "h1", "p", "nav", "main", "noscript", "script")
    }


def test_the_page_has_the_numbers_of_the_document():
    rows = [
        call_row("x", usage={"sharedEventID": "s"}),
        call_row("y", recipientAccountId="2" * 12, usage={"sharedEventID": "s"}),
    ]
    rows += [call_row("z"), call_row("before", START - timedelta(hours=1))]
    right = document(rows)

    data = Page(page_of(rows)).data

    assert unpacked(data["cells"]) == right["cells"]
    assert unpacked(data["cellsBefore"]) == right["cellsBefore"]
    assert data["shared"]["sizes"] == [2]
    assert unpacked(data["shared"]["cells"]) == right["shared"][0]
    others = {"cells", "cellsBefore", "shared", "sharedBefore"}
    assert {name: data[name] for name in data.keys() - others} == {name: right[name] for name in right.keys() - others}


def test_the_same_report_is_the_same_page():
    rows = [call_row(f"{number}") for number in range(9)]

    assert page_of(rows) == page_of(rows[::-1])


def varied(number, days):
    """Calls that have nothing in common."""
    chance = random.Random(1)
    places = [START - timedelta(days=days) + chance.random() * timedelta(days=days) for _ in range(number)]
    names = ("principal", "resource", "operation", "sourceIPAddress", "awsRegion")
    return [
        call_row(f"{place}", at, **{name: f"{name} {chance.randrange(60)}" for name in names})
        for place, at in enumerate(places)
    ]


@pytest.mark.parametrize(("days", "largest"), [(30, 120_000), (400, 130_000)])
def test_no_page_is_larger_than_it_may_be_and_says_what_it_has_folded(monkeypatch, days, largest):
    monkeypatch.setattr("aitrail.report.page._LARGEST_OF_A_MONTH", 120_000)
    monkeypatch.setattr("aitrail.report.page._LARGEST", 130_000)
    rows = varied(9_000, days)

    html = page_of(rows, since=START - timedelta(days=days), until=START, most_cells=150_000)

    assert len(html) <= largest
    data = Page(html).data
    assert data["unit"] in ("day", "month")
    kept = {each["name"]: each["kept"] for each in data["dimensions"]}
    assert kept["principal"] < 50
    calls = 1 + len(data["dimensions"])
    assert sum(cell[calls] for cell in unpacked(data["cells"])) == 9_000


@pytest.mark.slow
def test_the_page_is_what_its_sources_build():
    node = Path(sys.executable).with_name("node")
    command = [str(node), str(ROOT / "page/build.mjs"), "--check"]

    built = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - our own node

    assert (built.returncode, built.stderr) == (0, "")

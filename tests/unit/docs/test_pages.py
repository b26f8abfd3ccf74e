"""Docs cannot lie: every setting, output, metric, column and attribute is documented, and every link works."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from aitrail.dynamodb import tables
from aitrail.ingest.metrics import METRICS
from aitrail.ledger import DigestEntry, FileEntry
from aitrail.ledger.entries import attributes_of
from aitrail.rows import IMPORTED, RECORD_FIELDS, row_of
from aitrail.services import definition
from infra.settings import SETTINGS
from infra.values import spelled

ROOT = Path(__file__).parents[3]
OPERATIONS = (ROOT / "docs/operations.md").read_text()
ROWS = (ROOT / "docs/rows.md").read_text()
# Attributes of an entry that imports and digests set.
OF_IMPORTS = ("eventSource", "since", "until", "reached", "done", "covered", "counts")
SAID_BY_DIGESTS = ("expectedSha256", "listedBy", "verifiedBy", "listedAt", "announcedAt", "announcements")
OF_READINGS = ("replacedAt", "unfinished")
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_every_setting_is_documented_with_its_default(setting):
    assert f"| `{setting.key}` | `{spelled(setting.default)}" in OPERATIONS


def test_no_setting_is_documented_that_is_not_there():
    documented = set(re.findall(r"^\| `(aitrail:\w+)`", OPERATIONS, re.MULTILINE))

    assert documented == {setting.key for setting in SETTINGS}


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_is_documented(metric):
    assert f"`{metric}`" in OPERATIONS


def test_every_key_of_a_service_file_is_documented():
    page = (ROOT / "docs/services.md").read_text()
    (keys,) = re.findall(r"^## The keys\n(.*?)^## ", page, re.MULTILINE | re.DOTALL)

    documented = set(re.findall(r"^\| `([\w.]+)` \|", keys, re.MULTILINE))

    required, of_usage = {"title", "event_sources"}, {f"usage.{key}" for key in ("counts", "labels", "amounts")}
    assert documented == required | {*definition._OPTIONAL} - {"usage"} | of_usage


def test_every_output_is_documented():
    outputs = re.findall(r'^            \(\s*"(\w+)",', (ROOT / "infra/stack.py").read_text(), re.MULTILINE)

    of_keys = re.findall(r'(?:\(|yield )"(\w+)",', (ROOT / "infra/kms_keys.py").read_text())

    assert (len(outputs), len(of_keys)) == (23, 8)
    for output in (*outputs, *of_keys):
        assert re.search(rf"^\| (`\w+`, )?`{output}`(, `\w+`)? \|", OPERATIONS, re.MULTILINE), output


def test_every_attribute_of_a_row_is_documented(records):
    record = records["lex-by-sso"] | {"readOnly": 1.0, "userIdentity": records["lex-by-sso"]["userIdentity"]}
    record["userIdentity"]["invokedBy"] = "lexv2.amazonaws.com"
    row = row_of(record, log_file="x", record_index=0, retention=timedelta(days=1))

    derived = {*row, *IMPORTED, "redacted"} - RECORD_FIELDS

    assert {"asJson", "calledBy", "expiresAt", "sessionName", "usage"} <= derived
    for attribute in derived:
        assert f"`{attribute}`" in ROWS


def test_every_column_of_the_indexes_is_documented():
    listed = re.search(r"The indexes carry these columns: (.*?)\. With", ROWS, re.DOTALL)

    assert tuple(re.split(r",\s+", listed[1])) == tables.NARROW_COLUMNS
    for index in (*tables.EVENTS.indexes, *tables.FILES.indexes):
        assert f"`{index.name}`" in ROWS


@pytest.mark.parametrize(
    "attribute",
    sorted(
        {
            *attributes_of(FileEntry).values(),
            *attributes_of(DigestEntry).values(),
            *SAID_BY_DIGESTS,
            *OF_READINGS,
            *OF_IMPORTS,
        }
    ),
)
def test_every_attribute_of_the_ledger_is_documented(attribute):
    assert f"`{attribute}`" in ROWS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_between_pages_leads_to_a_page(page):
    links = re.findall(r"\]\(([^)#:]*)(#[^)]*)?\)", page.read_text())

    for link, anchor in links:
        assert (page.parent / link).exists(), link
        assert not anchor or anchor[1:] in anchors(page.parent / link if link else page), f"{link}{anchor}"


def anchors(page):
    """What leads to the headings of a page, as GitHub names them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(("name", "lines"), [("README.md", 200), ("CONTRIBUTING.md", 60)])
def test_a_page_for_beginners_is_short(name, lines):
    assert len((ROOT / name).read_text().splitlines()) <= lines


@pytest.mark.parametrize("title", ["CONTRIBUTING.md", "SECURITY.md"])
def test_files_and_tests_that_a_page_names_are_there(title):
    page = (ROOT / title).read_text()
    names = re.findall(r"[\w.-]+(?:/[\w.-]+)+/?(?:::\w+)?", re.sub(r"\]\([^)]*\)", "", page))

    assert len(names) > 10
    for name in names:
        path, _, test = name.rstrip(".").partition("::")
        assert (ROOT / path).exists() or path.startswith(".venv/"), path
        assert f"def {test}(" in (ROOT / path).read_text() if test else True


def test_names_in_the_threat_model_are_those_of_the_documentation():
    named = set(re.findall(r"`([\w:-]+)`", (ROOT / "SECURITY.md").read_text()))
    pages = (OPERATIONS, ROWS, *((ROOT / f"docs/{name}.md").read_text() for name in ("completeness", "cli")))
    defined = {name for page in pages for name in re.findall(r"`([\w:-]+)`|(?<![\w-])(--[a-z][\w-]+)", page)}

    assert len(named) > 20
    assert named <= {name for both in defined for name in both}


def test_targets_and_names_that_contributors_are_told_exist():
    page = (ROOT / "CONTRIBUTING.md").read_text()
    targets = set(re.findall(r"^(\w+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"make (\w+)[` ]", page)) <= targets
    for name, path in re.findall(r"`([A-Z_]{6,})` (?:of|in)\s+`([\w/.]+)`", page):
        assert re.search(rf"^{name}\b", (ROOT / path).read_text(), re.MULTILINE), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_row_of_a_table_has_as_many_cells_as_its_head(page):
    for table in re.findall(r"(?:^\|.*\n)+", page.read_text(), re.MULTILINE):
        rows = [re.sub(r"`[^`]*`|\\\|", "", row).count("|") for row in table.splitlines()]
        assert rows == [rows[0]] * len(rows), table.splitlines()[0]


def test_the_picture_of_a_report_is_small_and_in_the_readme():
    picture = (ROOT / "docs/report.png").read_bytes()

    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 150_000
    assert "](docs/report.png)" in (ROOT / "README.md").read_text()

"""Which files of an export count."""

import json
import os

import pytest

from aitrail.billing.folders import LocalFolder
from aitrail.billing.formats import BillError
from aitrail.billing.manifests import delivered
from tests.shared.billed_month import Export, Item
from tests.shared.metered_month import BEGIN

ITEMS = [Item(since=BEGIN), Item(since=BEGIN)]
OLD, NEW = "20261102T010203Z-a1", "20261130T010203Z-b2"


@pytest.fixture
def export(tmp_path):
    return Export(tmp_path / "bill")


def found(export, path=None):
    said = []
    periods = delivered(LocalFolder(str(path or export.root)), said.append)
    return {each.month: list(each.files) for each in periods}, said


def test_manifest_names_the_files_of_its_month(export):
    export.deliver(ITEMS)
    export.deliver(ITEMS, "2026-10", files=1)

    assert found(export) == (
        {
            "2026-10": ["data/BILLING_PERIOD=2026-10/bill-00001.snappy.parquet"],
            "2026-11": [f"data/BILLING_PERIOD=2026-11/bill-0000{number}.snappy.parquet" for number in (1, 2)],
        },
        [],
    )


def test_of_several_runs_only_the_newest_counts_and_that_is_said(export):
    export.deliver(ITEMS, run=NEW, files=1)
    export.deliver(ITEMS, run=OLD, files=1)  # copied later

    periods, said = found(export)

    assert periods == {"2026-11": [f"data/BILLING_PERIOD=2026-11/{NEW}/bill-00001.snappy.parquet"]}
    newest = f"metadata/BILLING_PERIOD=2026-11/{NEW}/bill-Manifest.json"
    assert said == [f"2026-11 has the manifests of 2 runs of the export: only the newest counts, {newest}."]


def test_without_names_of_runs_the_manifest_that_was_modified_last_counts(export):
    export.deliver(ITEMS, files=1)
    first = export.manifest("BILLING_PERIOD=2026-11/a", ["data/BILLING_PERIOD=2026-11/bill-00001.snappy.parquet"])
    second = export.manifest("BILLING_PERIOD=2026-11", ["data/BILLING_PERIOD=2026-11/bill-00001.snappy.parquet"])
    os.utime(first, (2_000_000_000, 2_000_000_000))
    os.utime(second, (1_000_000_000, 1_000_000_000))

    assert "newest counts, metadata/BILLING_PERIOD=2026-11/a/bill-Manifest.json" in found(export)[1][0]


def test_file_that_is_named_twice_counts_once(export):
    export.deliver(ITEMS, files=1)
    name = "data/BILLING_PERIOD=2026-11/bill-00001.snappy.parquet"
    export.manifest("BILLING_PERIOD=2026-11", [name, name])

    assert found(export) == (
        {"2026-11": [name]},
        ["metadata/BILLING_PERIOD=2026-11/bill-Manifest.json names 1 file twice: each counts once."],
    )


def test_copy_of_a_file_does_not_count(export):
    (path,) = export.deliver(ITEMS, files=1)
    path.with_name("bill-00001 (1).snappy.parquet").write_bytes(path.read_bytes())

    periods, said = found(export)

    assert [*periods.values()] == [["data/BILLING_PERIOD=2026-11/bill-00001.snappy.parquet"]]
    assert said[0].startswith("1 file that no manifest names, such as data/BILLING_PERIOD=2026-11/bill-00001 (1)")


def test_one_file_counts_alone_and_that_is_said(export):
    path, _ = export.deliver(ITEMS)

    periods, said = found(export, path)

    assert periods == {"2026-11": ["bill-00001.snappy.parquet"]}
    assert "only this file counts, as if it were the whole bill" in said[0]


def refused(export, path=None):
    with pytest.raises(BillError) as raised:
        found(export, path)
    return str(raised.value)


def test_folder_without_a_manifest_is_refused(export):
    path, _ = export.deliver(ITEMS)

    assert "has no manifest (Manifest.json), which says which files count" in refused(export, path.parent)


def test_file_that_two_months_name_would_count_twice_and_is_refused(export):
    export.deliver(ITEMS, files=1)
    export.manifest("BILLING_PERIOD=2026-10", ["data/BILLING_PERIOD=2026-11/bill-00001.snappy.parquet"])

    assert "bill-00001.snappy.parquet, which would count twice" in refused(export)


def test_missing_file_is_named(export):
    export.deliver(ITEMS)[1].unlink()

    assert "names data/BILLING_PERIOD=2026-11/bill-00002.snappy.parquet, which is not in" in refused(export)


@pytest.mark.parametrize("name", ["/data/../../../etc/passwd", "/data/BILLING_PERIOD=2026-11/../../secret", "x"])
def test_manifest_names_nothing_outside_of_the_folder(export, name):
    export.deliver(ITEMS)
    (export.root.parent / "secret").write_text("x")
    export.manifest("BILLING_PERIOD=2026-11", [name])

    assert "which is not in" in refused(export)


def test_name_in_a_manifest_begins_no_line_of_its_own_and_is_escaped(export):
    export.deliver(ITEMS)
    export.manifest("BILLING_PERIOD=2026-11", ["/data/a\nError: \x1b[2J\ud800"])

    assert r"names data/a\nError: \x1b[2J\ud800, which is not in" in refused(export)


def test_two_exports_would_count_twice_and_are_refused(export):
    export.deliver(ITEMS)
    other = Export(export.root, name="focus", arn="arn:aws:bcm-data-exports:us-east-1:999988887777:export/focus-1")
    other.deliver(ITEMS, "2026-10")

    assert "has the files of 2 exports, which would count twice: arn:aws:bcm-data-exports" in refused(export)


BROKEN = {
    "not JSON": ("{", "is not JSON"),
    "deep": ("[" * 100_000, "is not JSON"),
    "legacy": (json.dumps({"assemblyId": "a", "reportKeys": []}), "is the manifest of a legacy Cost and Usage Report"),
    "no files": (json.dumps({"executionId": "a"}), "is not a manifest of AWS Data Exports"),
    "no list": (json.dumps({"dataFiles": {"a": 1}}), "is not a manifest of AWS Data Exports"),
    "no texts": (json.dumps({"dataFiles": [1]}), "is not a manifest of AWS Data Exports"),
    "no object": ("[]", "is not a manifest of AWS Data Exports"),
}


@pytest.mark.parametrize(("content", "message"), BROKEN.values(), ids=BROKEN)
def test_broken_manifest_is_refused(export, content, message):
    export.deliver(ITEMS)
    export.manifest("BILLING_PERIOD=2026-11", []).write_text(content)

    assert message in refused(export)


@pytest.mark.parametrize(
    "folder", ["2026", *(f"BILLING_PERIOD={month}" for month in ("0000-01", "2026-13", "9999-12"))]
)
def test_manifest_without_a_month_is_refused(export, folder):
    export.deliver(ITEMS)
    export.manifest(folder, [])

    assert "its folder is not named like BILLING_PERIOD=2026-11" in refused(export)

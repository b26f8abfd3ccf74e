"""The files of an export on this computer and in S3: the same content, and only what is needed of it."""

import io
import os
from datetime import UTC, datetime
from random import Random

import pytest
from botocore.exceptions import ClientError

from aitrail.billing.bill import read_bill
from aitrail.billing.folders import BillDeniedError, BillError, BucketFolder, LocalFolder, folder_at
from aitrail.clock import Clock
from tests.shared.billed_month import Export, items_of
from tests.shared.metered_month import month

CLOCK = Clock(sleep=lambda _: None)
URL = "s3://amzn-s3-demo-bucket/bills/bill"


def test_folder_that_cannot_be_listed_is_an_error_and_not_empty(tmp_path, monkeypatch):
    Export(tmp_path).deliver(items_of(month(Random(1), 10)))
    listed = os.scandir

    def deny(path):
        if str(path).endswith("metadata"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", deny)

    with pytest.raises(PermissionError, match="metadata"):
        LocalFolder(str(tmp_path)).files()


class Objects:
    """The objects of a bucket, as S3 answers requests for them; `fails` maps operations to error codes."""

    def __init__(self, contents):
        self.contents, self.fails, self.asked, self.etag = contents, {}, [], "a"

    def get_paginator(self, _):
        return self

    def paginate(self, *, Bucket, Prefix):  # noqa: N803 (boto3's)
        self._fail("list_objects_v2")
        assert Bucket == "amzn-s3-demo-bucket"
        entries = [
            {"Key": key, "Size": len(content), "LastModified": datetime(2026, 12, 1, tzinfo=UTC)}
            for key, content in sorted(self.contents.items())
            if key.startswith(Prefix)
        ]
        yield {"Contents": entries[:1]}
        yield {"Contents": entries[1:]} if entries[1:] else {}

    def head_object(self, **asked):
        self._fail("head_object")
        return {"ContentLength": len(self.contents[asked["Key"]]), "ETag": self.etag}

    def get_object(self, **asked):
        self._fail("get_object")
        if asked["IfMatch"] != self.etag:
            raise error("PreconditionFailed")
        first, last = map(int, asked["Range"].removeprefix("bytes=").split("-"))
        self.asked.append(last + 1 - first)
        return {"Body": io.BytesIO(self.contents[asked["Key"]][first : last + 1])}

    def _fail(self, operation):
        if codes := self.fails.get(operation):
            raise error(codes.pop(0))


def error(code):
    return ClientError(
        {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": 503 if code == "503" else 400}}, "Ask"
    )


@pytest.fixture
def export(tmp_path):
    return Export(tmp_path / "bill")


@pytest.fixture
def objects(export):
    """The export in a bucket, beside another one whose name begins in the same way."""
    export.deliver(items_of(month(Random(1), 300)))
    files = [path for path in export.root.rglob("*") if path.is_file()]
    contents = {f"bills/bill/{path.relative_to(export.root).as_posix()}": path.read_bytes() for path in files}
    return Objects(contents | {"bills/bill-2/metadata/BILLING_PERIOD=2026-11/x-Manifest.json": b"{}"})


def sums(folder):
    return read_bill(folder, None, cost=None, report=pytest.fail, progress=lambda *_: None).sums


def test_bill_in_s3_is_that_of_the_same_files_on_this_computer(export, objects):
    assert sums(BucketFolder(URL, objects, CLOCK)) == sums(LocalFolder(str(export.root)))


@pytest.mark.parametrize("url", [URL, f"{URL}/"])
def test_prefix_is_a_folder(objects, url):
    folder = BucketFolder(url, objects, CLOCK)

    assert not folder.is_one_file
    assert sorted(folder.files()) == [
        "data/BILLING_PERIOD=2026-11/bill-00001.snappy.parquet",
        "data/BILLING_PERIOD=2026-11/bill-00002.snappy.parquet",
        "metadata/BILLING_PERIOD=2026-11/bill-Manifest.json",
    ]


def test_key_is_one_file(objects):
    folder = BucketFolder(f"{URL}/data/BILLING_PERIOD=2026-11/bill-00001.snappy.parquet", objects, CLOCK)

    assert folder.is_one_file
    assert list(folder.files()) == ["bill-00001.snappy.parquet"]
    assert folder.open("bill-00001.snappy.parquet").read(4) == b"PAR1"


def test_only_parts_of_an_object_are_requested(objects):
    key = "bills/bill/data/BILLING_PERIOD=2026-11/bill-00001.snappy.parquet"
    objects.contents[key] = b"x" * 50_000_000
    file = BucketFolder(URL, objects, CLOCK).open(key.removeprefix("bills/bill/"))

    file.seek(-8, io.SEEK_END)
    assert file.read() == b"x" * 8
    file.seek(10)
    assert file.read(5) == b"x" * 5
    assert file.tell() == 15

    assert sum(objects.asked) < 2_000_000


@pytest.mark.parametrize("operation", ["list_objects_v2", "head_object", "get_object"])
def test_denied_access_names_the_permissions(objects, operation):
    objects.fails[operation] = ["AccessDenied"]

    with pytest.raises(BillDeniedError, match=r"s3:ListBucket on its bucket, s3:GetObject on its objects.*kms:Decrypt"):
        sums(BucketFolder(URL, objects, CLOCK))


def test_object_that_is_overwritten_meanwhile_is_refused(objects):
    file = BucketFolder(URL, objects, CLOCK).open("data/BILLING_PERIOD=2026-11/bill-00001.snappy.parquet")
    objects.etag = "b"

    with pytest.raises(BillError, match="was overwritten while it was read"):
        file.read(4)


def test_temporary_errors_are_tried_again(objects, export):
    objects.fails["get_object"] = ["SlowDown", "503"]

    assert sums(BucketFolder(URL, objects, CLOCK)) == sums(LocalFolder(str(export.root)))


@pytest.mark.parametrize("sent", [b"", b"PA", b"PAR1PAR1"])
def test_answer_of_another_length_is_no_part_of_an_object(objects, monkeypatch, sent):
    monkeypatch.setattr(objects, "get_object", lambda **_: {"Body": io.BytesIO(sent)})
    file = BucketFolder(URL, objects, CLOCK).open("data/BILLING_PERIOD=2026-11/bill-00001.snappy.parquet")

    with pytest.raises(BillError, match=f"S3 sent {len(sent)} bytes of s3://.* instead of .*: try again"):
        file.read(4)


def test_other_errors_pass(objects):
    objects.fails["list_objects_v2"] = ["NoSuchBucket"]

    with pytest.raises(ClientError):
        sums(BucketFolder(URL, objects, CLOCK))


def test_urls_are_of_s3_and_other_paths_of_this_computer(tmp_path):
    assert isinstance(folder_at(URL, lambda: None, CLOCK), BucketFolder)
    assert isinstance(folder_at(str(tmp_path), pytest.fail, CLOCK), LocalFolder)

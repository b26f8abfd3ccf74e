import os

import boto3
import pytest

from aitrail.questions import CombinedRows, Filter, LogFileRows, Scan, TableRows
from aitrail.rows import row_of
from tests.shared.deployed_tables import small_pages
from tests.shared.row_source_contract import ALWAYS, RowSourceContract, numbered


@pytest.mark.slow
class TestTableRows(RowSourceContract):
    def test_address_tells_tables_regions_and_endpoints_apart(self):
        def address(name="Events", **place):
            access = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "eu-west-1"}
            return TableRows(boto3.client("dynamodb", **access | place), name).address

        others = [{"name": "Other"}, {"region_name": "us-east-1"}, {"endpoint_url": "http://localhost:4566"}]

        assert address() == "table Events in eu-west-1 at https://dynamodb.eu-west-1.amazonaws.com"
        assert len({address(), *(address(**other) for other in others)}) == 4

    def test_what_could_be_read_is_complete(self, fill):
        source, _ = fill([])

        assert source.complete

    @pytest.fixture
    def fill(self, new_storage, dynamodb):
        small_pages(dynamodb, 4)

        def fill(records):
            storage = new_storage()
            storage.write(*[row_of(each, log_file="s3://b/k", record_index=at) for at, each in enumerate(records)])
            return storage.source, "s3://b/k"

        return fill


def log_files(*paths):
    return LogFileRows(Scan(map(str, paths), report=lambda _: None))


class TestLogFileRows(RowSourceContract):
    @pytest.mark.parametrize("paths", [["logs"], ["./other/../logs/"], ["logs", "./logs"]])
    def test_address_is_the_absolute_path(self, tmp_path, monkeypatch, paths):
        monkeypatch.chdir(tmp_path)

        assert log_files(*paths).address == f"{tmp_path}/logs"

    def test_address_of_the_same_relative_path_differs_elsewhere(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        here = log_files("logs").address
        (tmp_path / "below").mkdir()
        monkeypatch.chdir(tmp_path / "below")

        assert (here, log_files("logs").address) == (f"{tmp_path}/logs", f"{tmp_path}/below/logs")

    def test_address_depends_on_all_paths_in_any_order(self):
        paths = [f"/{number}" for number in range(9)]

        address = log_files(*paths, "s3://bucket/prefix").address

        assert address.startswith("/0, /1, /2 and 7 more (sha256 ")
        assert address == log_files("s3://bucket/prefix", *reversed(paths)).address
        others = [(*paths, "s3://bucket/other"), (*paths[:8], "/10", "s3://bucket/prefix"), ("/0, /1", "/2")]
        assert len({address, *(log_files(*each).address for each in others)}) == 4

    def test_address_is_text_whatever_bytes_a_path_has(self):
        path = os.fsdecode(b"/\xff")

        assert (log_files(path).address, log_files("-").address) == ("/\\xff", "standard input")

    def test_unreadable_log_file_makes_it_incomplete(self, tmp_path, packed):
        (tmp_path / "sound.json.gz").write_bytes(packed(*numbered(3)))
        (tmp_path / "truncated.json.gz").write_bytes(packed(*numbered(5))[:-9])
        sound, both = log_files(tmp_path / "sound.json.gz"), log_files(tmp_path)

        found = [list(each.rows(Filter(), ALWAYS)) for each in (sound, both)]

        assert found[0] == found[1] != []
        assert (sound.complete, both.complete) == (True, False)

    @pytest.fixture
    def fill(self, tmp_path, packed):
        path = tmp_path / "log.json.gz"

        def fill(records):
            path.write_bytes(packed(*records))
            return LogFileRows(Scan([str(path)], report=pytest.fail)), str(path)

        return fill


# Which of two sources has a record, by its number: the first, the second, or both.
IN_FIRST, IN_SECOND = {0, 2, 3}, {1, 2, 4}


def shared(records, numbers):
    """The records of one source at their positions; a record that only the other source has is of no service here."""
    other = {"eventSource": "ec2.amazonaws.com", "eventName": "RunInstances"}
    return [record if at % 5 in numbers else record | other for at, record in enumerate(records)]


def rows_of(records, numbers, log_file):
    return [
        row_of(record, log_file=log_file, record_index=at) for at, record in enumerate(records) if at % 5 in numbers
    ]


@pytest.mark.slow
class TestTwoTables(RowSourceContract):
    @pytest.fixture
    def fill(self, new_storage, dynamodb):
        small_pages(dynamodb, 4)

        def fill(records):
            tables = [new_storage(), new_storage()]
            for table, numbers in zip(tables, (IN_FIRST, IN_SECOND), strict=True):
                table.write(*rows_of(records, numbers, "s3://b/k"))
            return CombinedRows([table.source for table in tables]), "s3://b/k"

        return fill


@pytest.mark.slow
class TestTableAndLogFile(RowSourceContract):
    @pytest.fixture
    def fill(self, new_storage, tmp_path, packed):
        path = tmp_path / "log.json.gz"

        def fill(records):
            table = new_storage()
            table.write(*rows_of(records, IN_FIRST, str(path)))
            path.write_bytes(packed(*shared(records, IN_SECOND)))
            return CombinedRows([table.source, LogFileRows(Scan([str(path)], report=pytest.fail))]), str(path)

        return fill

import pytest

from aitrail.log_file_rows import LogFileRows
from aitrail.rows import row_of
from aitrail.scanning import Scan
from tests.deployed_tables import small_pages
from tests.row_source_contract import RowSourceContract


class TestTableRows(RowSourceContract):
    @pytest.fixture
    def fill(self, new_storage, dynamodb):
        small_pages(dynamodb, 4)

        def fill(records):
            storage = new_storage()
            storage.write(*[row_of(each, log_file="s3://b/k", record_index=at) for at, each in enumerate(records)])
            return storage.source, "s3://b/k"

        return fill


class TestLogFileRows(RowSourceContract):
    @pytest.fixture
    def fill(self, tmp_path, packed):
        path = tmp_path / "log.json.gz"

        def fill(records):
            path.write_bytes(packed(*records))
            return LogFileRows(Scan([str(path)], report=pytest.fail)), str(path)

        return fill

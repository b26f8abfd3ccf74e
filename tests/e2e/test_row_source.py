from itertools import count

import pytest

from aitrail.dynamodb import tables
from aitrail.ingest import EventsTable
from aitrail.questions import TableRows
from aitrail.rows import row_of
from tests.shared.deployed_tables import create_table, small_pages
from tests.shared.row_source_contract import RowSourceContract

numbers = count()


@pytest.fixture
def dynamodb(pipeline):
    return pipeline.aws.client("dynamodb")


def new_table(dynamodb, rows):
    name = f"example-{next(numbers)}-Events"
    create_table(dynamodb, name, tables.EVENTS)
    EventsTable(dynamodb, name).write(rows, time_left=lambda: 60.0)
    return name


class TestTableRows(RowSourceContract):
    @pytest.fixture
    def fill(self, dynamodb):
        small_pages(dynamodb, 4)

        def fill(records):
            rows = [row_of(each, log_file="s3://b/k", record_index=at) for at, each in enumerate(records)]
            return TableRows(dynamodb, new_table(dynamodb, rows)), "s3://b/k"

        return fill

"""What every folder of tests may use."""

import json
from pathlib import Path

import pytest

pytest.register_assert_rewrite("tests.row_source_contract")

RECORDS = Path(__file__).parent / "records"


@pytest.fixture
def records():
    """Six realistic records by name, one for each file in tests/records, new for every test."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(RECORDS.glob("*.json"))}

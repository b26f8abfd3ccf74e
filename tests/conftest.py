"""What every folder of tests may use."""

import json
from pathlib import Path

import pytest

pytest.register_assert_rewrite("tests.shared.row_source_contract")

RECORDS = Path(__file__).parent / "records"


@pytest.fixture
def records():
    """Six realistic records by name, one for each file in tests/records, new for every test."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(RECORDS.glob("*.json"))}


def pytest_terminal_summary(terminalreporter):
    """Say how many faults the tests have tried: they note their numbers as the property `faults`."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    called = [report for report in reports if getattr(report, "when", None) == "call"]
    tried = sum(value for report in called for name, value in report.user_properties if name == "faults")
    if tried:
        terminalreporter.write_line(f"{tried:,} faults tried")

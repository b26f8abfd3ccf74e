"""A browser, and the report of a month of calls in it."""

from datetime import UTC, datetime, timedelta

import pytest

from aitrail.questions import EventStore
from demo.browser import Browser, browser_program
from demo.sample_month import write_month
from tests.shared.reports import month_of

NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def browser():
    """A browser without windows. Tests that need one are skipped where there is none."""
    if (program := browser_program()) is None:
        pytest.skip("there is no browser: install Chromium (apt-get install chromium)")
    with Browser(program) as browser:
        yield browser


@pytest.fixture(scope="session")
def month(tmp_path_factory):
    """The log files of November 2026 and of the month before, and the page of their report."""
    folder = tmp_path_factory.mktemp("month")
    write_month(folder / "logs", NOW - timedelta(hours=1))
    (folder / "report.html").write_text(month_of(folder / "logs", NOW))
    return folder


@pytest.fixture(scope="session")
def store(month):
    """The questions that `aitrail usage` asks, about the same log files."""
    return EventStore(EventStore.read(month / "logs").source, now=lambda: NOW)

"""Fixtures for all folders of tests."""

import json
from functools import lru_cache
from pathlib import Path

import pytest
from botocore import session
from xdist.scheduler import LoadGroupScheduling

# Files whose tests share nothing with others of their folder, but a deployment or syntheses with each other.
OF_THEIR_OWN = {
    "tests/e2e/test_package.py",
    "tests/e2e/test_sources.py",
    "tests/e2e/test_updates.py",
    "tests/infra/test_bundling.py",
    "tests/infra/test_package.py",
}

pytest.register_assert_rewrite("tests.shared.row_source_contract")

RECORDS = Path(__file__).parent / "records"


@pytest.fixture
def records():
    """Six realistic records by name, one for each file in tests/records, loaded anew for every test."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(RECORDS.glob("*.json"))}


@pytest.fixture(scope="session", autouse=True)
def descriptions():
    """botocore's service models, which all sessions share: each would load its own, and keep megabytes for a while."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "create_loader", lru_cache(session.create_loader))
        yield session.create_loader()


def _is_of_the_deployment(nodeid):
    """Whether a test runs in the worker of the deployment's tests; tests of poison use its waiting times."""
    file = nodeid.partition("::")[0]
    return file.startswith("tests/e2e/") or file.endswith("/test_poison.py")


class Groups(LoadGroupScheduling):
    """Assigns tests that share a slow deployment or synthesis to one worker, and other tests one by one.

    pytest-xdist's own groups, the mark `xdist_group`, do nothing with pytest 9.2: the mark changes the name of a test,
    which cannot be changed any more (pytest-dev/pytest-xdist#1386).
    """

    def _split_scope(self, nodeid):
        if (file := nodeid.partition("::")[0]) in OF_THEIR_OWN:
            return file
        if _is_of_the_deployment(nodeid):
            return "deployment"
        if nodeid.startswith("tests/browser/"):
            return "browser"
        return "syntheses" if nodeid.startswith("tests/infra/") else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return Groups(config, log) if config.getvalue("dist") == "loadgroup" else None


def pytest_collection_modifyitems(items):
    """Runs slow tests first, so that no worker finishes late with one; other tests keep their random order."""
    items.sort(key=_turn)


def _turn(item):
    if item.get_closest_marker("late"):
        return 2
    if _is_of_the_deployment(item.nodeid):
        return 0 if item.nodeid.startswith("tests/e2e/") else 1
    return 3 if item.get_closest_marker("slow") else 4


def pytest_terminal_summary(terminalreporter):
    """Reports the number of injected faults, which tests record as the property `faults`."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    called = [report for report in reports if getattr(report, "when", None) == "call"]
    tried = sum(value for report in called for name, value in report.user_properties if name == "faults")
    if tried:
        terminalreporter.write_line(f"{tried:,} faults tried")

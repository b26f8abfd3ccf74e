import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from aitrail.ledger import PROBLEMS
from aitrail.status import Queue, report_of
from tests.shared.ledger_entries import digest_entry, file_entry
from tests.unit.status.morning import CHAIN, HOUR, LONGER_AGO, NOW, queues, status_of, with_problem

ROOT = Path(__file__).parents[3]

LAGS = {
    "one": ([5], 5, 5),
    "even": ([1, 2, 3, 9], 2, 9),
    "odd": ([9, 1, 2], 2, 9),
    "hours, in minutes": ([3599, 3661, 7322], 3660, 7320),
    "before its time": ([-30, -5], 0, 0),
}


@pytest.mark.parametrize(("seconds", "median", "longest"), LAGS.values(), ids=LAGS)
def test_lag_is_from_delivery_to_entry(seconds, median, longest):
    status = status_of(*(file_entry("08:35", lag=timedelta(seconds=lag)) for lag in seconds))

    assert report_of(status)["lag"] == {"medianSeconds": median, "longestSeconds": longest}


def test_report_has_every_name_every_time():
    busy = status_of(*CHAIN, file_entry("08:35"), **{name: with_problem() for name in PROBLEMS})
    empty = status_of()

    shapes = [
        {name: sorted(value) if isinstance(value, dict) else type(value) for name, value in report.items()}
        for report in map(report_of, (busy, empty))
    ]

    assert shapes[0] == shapes[1]
    assert json.loads(json.dumps(report_of(busy))) == report_of(busy)


def test_report_of_a_chain_is_in_seconds():
    (chain,) = report_of(status_of(*CHAIN[:4], *CHAIN[5:7]))["digestChains"]

    assert chain == {
        "account": "111122223333",
        "region": "eu-west-1",
        "trail": "audit",
        "newestEnd": "2026-03-14T07:00:00Z",
        "ageSeconds": 12600,
        "overdue": True,
        "gaps": [{"since": "2026-03-14T04:00:00Z", "until": "2026-03-14T05:00:00Z"}],
        "unverifiedSeconds": 2 * 3600 + 1800,
    }


def names_in(value):
    """All names in a JSON value, at any depth."""
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from names_in(each)


def test_every_name_and_finding_is_documented_and_no_other():
    overdue = {"awaited": with_problem(listedAt=LONGER_AGO)}
    problems = {name: with_problem() for name in PROBLEMS} | overdue
    messages = queues(deliveries=Queue(waiting=1, oldest=2 * HOUR), dead_letters=Queue(waiting=1), ages_refused=True)
    entries = [
        *CHAIN[:2],
        *CHAIN[3:5],
        file_entry("01:30", recordedWith="0-old"),
        file_entry("03:30", region="us-east-1"),
    ]
    worst = status_of(*entries, *closed_elsewhere(), **problems, **messages, imported_rows=1)
    silent = status_of(file_entry(NOW - timedelta(days=3)))

    reports = [report_of(status) for status in (worst, silent, status_of())]

    found = {each["finding"] for report in reports for each in (*report["findings"], *report["notes"])}
    watching = (ROOT / "docs/operations.md").read_text().partition("\n## Watching\n")[2].partition("\n## ")[0]
    tables = re.findall(r"\n\| (finding|note) \|[^\n]*\n\|[-|]*\n((?:\|[^\n]*\n)+)", watching)
    documented = {
        name for _, rows in tables for row in rows.splitlines() for name in re.findall(r"`([^`]+)`", row.split("|")[1])
    }
    assert found == documented
    assert [name for name in names_in(reports[0]) if f"`{name}`" not in watching] == []


def closed_elsewhere():
    """An account with all digests, and a file that none of them lists."""
    other = {"account": "444455556666"}
    return [*(digest_entry(f"{hour:02}:00", **other) for hour in range(1, 11)), file_entry("05:30", **other)]

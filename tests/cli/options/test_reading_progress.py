from collections import Counter
from types import SimpleNamespace

import pytest

from aitrail.cli.options import scan_progress

CASES = {
    "nothing yet": (0, 0, None, 1.5, "0 log files, 0.0 MB, 0 files/s, 0.0 MB/s"),
    "in S3, where listing goes on": (50, 5_000_000, None, 10, "50 log files, 5.0 MB, 5 files/s, 0.5 MB/s"),
    "begun": (0, 0, 1200, 0.5, "0 of 1,200 log files, 0.0 MB, 0 files/s, 0.0 MB/s"),
    "a quarter": (
        300,
        90_000_000,
        1200,
        30,
        "300 of 1,200 log files, 90.0 MB, 10 files/s, 3.0 MB/s, about 0:01:30 left",
    ),
    "done": (1, 1_234_567, 1, 2, "1 of 1 log file, 1.2 MB, 0 files/s, 0.6 MB/s"),
}


@pytest.mark.parametrize(("files", "size", "found", "seconds", "expected"), CASES.values(), ids=CASES)
def test_progress_of_a_scan_is_told_in_a_line(files, size, found, seconds, expected):
    counts = Counter(files=files - files // 10, unreadable=files // 10)
    scan = SimpleNamespace(counts=counts, bytes_read=size, files_found=found)

    assert scan_progress(scan, seconds) == expected

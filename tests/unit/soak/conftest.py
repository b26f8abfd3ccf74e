"""A hundred log files and their expected outcomes."""

from datetime import UTC, datetime
from functools import partial
from itertools import islice
from random import Random

import pytest

from soak.expected import Expected
from soak.log_files import digests, hours_before, log_files, within

NOW = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
HOURS = hours_before(NOW)
BUCKET = "example-trail-logs"


def made(count, seed=1):
    random = Random(seed)
    return list(islice(log_files(partial(within, HOURS, random), random), count))


@pytest.fixture(scope="session")
def files():
    return made(100)


@pytest.fixture(scope="session")
def expected(files):
    expected = Expected(bucket=BUCKET)
    for file in files:
        expected.add(file)
    for digest in digests(files, BUCKET, HOURS):
        expected.add_digest(digest)
    return expected

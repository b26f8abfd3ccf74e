"""The expectations of `make soak` match the pipeline's tables for its log files, in any order and with duplicates."""

from functools import partial
from itertools import islice
from random import Random

import pytest

from soak.expected import Expected
from soak.log_files import Digest, digests, hours_before, log_files, within

BUCKET = "example-trail-logs"
# Every fifth of the first hundred log files, which includes one of every special kind.
CHOSEN = slice(4, 100, 5)


@pytest.mark.slow
def test_the_tables_hold_what_is_expected(pipeline):
    random, hours = Random(20261124), hours_before(pipeline.clock.now)
    pipeline.trust()
    files = list(islice(log_files(partial(within, hours, random), random), CHOSEN.stop))[CHOSEN]
    signed = digests(files, BUCKET, hours)
    expected = Expected(bucket=BUCKET)
    for file in files:
        expected.add(file)
    for digest in signed:
        expected.add_digest(digest)
    deliveries = [*files, *signed]
    random.shuffle(deliveries)

    for delivery in deliveries:
        options = {"Metadata": delivery.metadata} if isinstance(delivery, Digest) else {}
        put = pipeline.deliver(delivery.body, delivery.key, **options)
        for _ in range(random.choice([1, 2])):
            pipeline.ingest(put)

    entries = pipeline._items(pipeline.files_name)
    assert list(expected.differences(pipeline.rows().values(), entries)) == []

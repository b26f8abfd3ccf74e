"""The expectations of `make soak` match the pipeline's tables for its log files, in any order and with duplicates."""

from functools import partial
from itertools import islice
from random import Random

import pytest

from soak.expected import Expected
from soak.log_files import Digest, digests, hours_before, log_files, within
from tests.shared.signed_digests import FINGERPRINT, public_key

BUCKET = "example-trail-logs"
# Every fifth of the first hundred log files, which includes one of every special kind.
CHOSEN = slice(4, 100, 5)


@pytest.mark.slow
def test_the_tables_hold_what_is_expected(pipeline):
    random, hours = Random(20261124), hours_before(pipeline.clock.now)
    pages = [{"PublicKeyList": [{"Fingerprint": FINGERPRINT, "Value": public_key()}]}]
    pipeline.cloudtrail.get_paginator.return_value.paginate.return_value = pages
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

"""What `make soak` expects of the tables is what the pipeline makes of its log files, in any order and twice."""

from functools import partial
from itertools import islice
from random import Random

from soak.expected import Expected
from soak.log_files import Digest, digests, hours_before, log_files, within
from tests.shared.signed_digests import FINGERPRINT, public_key

BUCKET = "example-trail-logs"
# Of the first hundred log files, every fifth: those that are special are among them, of every kind one.
CHOSEN = slice(4, 100, 5)


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

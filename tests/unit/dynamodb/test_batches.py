"""BatchWriteItem gets batches that it accepts: at most 25 items and 16 MB, whatever is in them."""

import json
from contextlib import closing
from functools import cache

import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from hypothesis import given
from hypothesis import strategies as st

from aitrail.clock import Clock
from aitrail.dynamodb import BatchWriter, delete, encode_batches_at_once, put
from aitrail.dynamodb.items import MAX_ITEM_BYTES, item_size
from tests.shared.fuzzing import law

TABLE = "example-events"
MOST_BYTES = 16 * 1024 * 1024
ENVELOPE = len(json.dumps({"RequestItems": {TABLE: []}}))


class Body:
    def __init__(self, answer):
        self.answer = answer

    def stream(self, **_):
        yield json.dumps(self.answer).encode()


@cache
def client_of(at_once):
    config = Config(signature_version=UNSIGNED, parameter_validation=False, retries={"total_max_attempts": 1})
    client = botocore.session.get_session().create_client("dynamodb", region_name="eu-west-1", config=config)
    return encode_batches_at_once(client) if at_once else client


class DynamoDB:
    """A table behind a real client without a network: refuses what DynamoDB refuses, leaves some items unprocessed.

    `sizes` are of the batches that are sent for the first time: botocore encodes again what was left unprocessed, in
    its own way, which takes a few more bytes.
    """

    def __init__(self, *, at_once, processed=25):
        self.sizes, self.stored, self.processed, self.left = [], [], processed, []
        self.client = client_of(at_once)
        self.client.meta.events.register("before-send", self._answer, unique_id="a table")

    def close(self):
        self.client.meta.events.unregister("before-send", unique_id="a table")

    def _answer(self, request, **_):
        ((table, batch),) = json.loads(request.body)["RequestItems"].items()
        if batch != self.left:
            self.sizes.append(len(request.body))
        if len(batch) > 25 or len(request.body) > MOST_BYTES:
            return AWSResponse(request.url, 400, {}, Body({"__type": "ValidationException"}))
        self.stored += batch[: self.processed]
        rest = self.left = batch[self.processed :]
        return AWSResponse(request.url, 200, {}, Body({"UnprocessedItems": {table: rest} if rest else {}}))

    def write(self, requests):
        BatchWriter(self.client, TABLE, clock=Clock(sleep=lambda _: None)).write(requests, time_left=lambda: 60.0)


ENCODERS = pytest.mark.parametrize("at_once", [True, False], ids=["at once", "by botocore"])
MOST = MAX_ITEM_BYTES - 50
SHAPES = {
    "quotes": '"' * MOST,
    "control characters": "\x01" * MOST,
    "two bytes in UTF-8": "ä" * (MOST // 2),
    "delete characters": "\x7f" * MOST,
    "empty texts": [""] * MOST,
    "nulls": [None] * (MOST // 2),
}


@pytest.mark.slow
@ENCODERS
@pytest.mark.parametrize("value", SHAPES.values(), ids=SHAPES)
def test_a_batch_of_the_largest_items_is_never_larger_than_dynamodb_accepts(at_once, value):
    rows = [{"eventID": f"{number:03}", "value": value} for number in range(25)]
    rows = rows[: MOST_BYTES // len(json.dumps(put(rows[0]))) + 2]  # a little more than 16 MB, which take seconds
    assert MAX_ITEM_BYTES - 100 <= item_size(rows[0]) <= MAX_ITEM_BYTES

    with closing(DynamoDB(at_once=at_once)) as table:
        table.write(map(put, rows))

    assert len(table.stored) == len(rows)
    assert max(table.sizes) <= 5 * 1024 * 1024


@ENCODERS
def test_rows_of_usual_size_are_still_written_25_at_a_time(at_once):
    with closing(DynamoDB(at_once=at_once)) as table:
        table.write(put({"eventID": str(number), "value": "a" * 10_000}) for number in range(60))

    assert len(table.sizes) == 3


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VALUES = st.recursive(
    TEXTS | st.none() | st.integers(), lambda values: st.lists(values) | st.dictionaries(TEXTS, values), max_leaves=8
)


@ENCODERS
@law(50)
@given(values=st.lists(VALUES, max_size=40), most=st.integers(50, 3000), processed=st.integers(1, 25))
def test_batches_end_before_their_limit_and_lose_nothing(at_once, values, most, processed):
    requests = [put({"eventID": str(number), "value": value}) for number, value in enumerate(values)]
    requests += [delete({"eventID": f"-{number}"}) for number in range(len(values) // 3)]

    with closing(DynamoDB(at_once=at_once, processed=processed)) as table, pytest.MonkeyPatch.context() as patch:
        patch.setattr("aitrail.dynamodb.batches.BATCH_BYTES", most)
        table.write(requests)

    longest = max((len(json.dumps(request)) for request in requests), default=0)
    assert sorted(map(json.dumps, table.stored)) == sorted(map(json.dumps, requests))
    assert max(table.sizes, default=0) <= max(most, longest) + ENVELOPE

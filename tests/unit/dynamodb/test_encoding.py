"""A batch is sent as the same request that botocore itself would send."""

import json

import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.dynamodb import delete, encode_batches_at_once, put, to_item


class Wire:
    """A client without a network, and the requests that it has sent."""

    def __init__(self, **config):
        self.sent = []
        self.client = botocore.session.get_session().create_client(
            "dynamodb", region_name="eu-west-1", config=Config(signature_version=UNSIGNED, **config)
        )
        self.client.meta.events.register("before-send", self._answer)

    def _answer(self, request, **_):
        self.sent.append(request)
        return AWSResponse(request.url, 200, {}, Body())

    def requests(self):
        """Method, URL, target and JSON body of each request."""
        found = [(each.method, each.url, each.headers["X-Amz-Target"], json.loads(each.body)) for each in self.sent]
        self.sent.clear()
        return found


class Body:
    def stream(self, **_):
        yield b"{}"


@pytest.fixture(scope="module")
def by_botocore():
    return Wire()


@pytest.fixture(scope="module")
def at_once():
    wire = Wire(parameter_validation=False)
    encode_batches_at_once(wire.client)
    encode_batches_at_once(wire.client)  # a second call has no effect
    return wire


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(LEAVES, lambda values: st.lists(values) | st.dictionaries(TEXTS, values), max_leaves=8)
ROWS = st.dictionaries(TEXTS, VALUES)


@pytest.mark.slow
@settings(derandomize=True, database=None, deadline=None)
@given(rows=st.lists(ROWS, min_size=1, max_size=3), keys=st.lists(ROWS, max_size=2))
def test_a_batch_is_the_same_request_as_botocore_makes_of_it(by_botocore, at_once, rows, keys):
    asked = {"example-events": [*map(put, rows), *map(delete, keys)], "example-files": [put({"logFile": "ä😀\u2028"})]}

    for wire in (by_botocore, at_once):
        wire.client.batch_write_item(RequestItems=asked, ReturnConsumedCapacity="TOTAL")

    expected = by_botocore.requests()
    assert at_once.requests() == expected
    assert expected[0][3]["RequestItems"] == asked


def test_the_length_is_that_of_the_body(at_once):
    at_once.client.batch_write_item(RequestItems={"t": [put({"eventID": "ä"})]})

    (request,) = at_once.sent
    assert int(request.headers["Content-Length"]) == len(request.body)
    at_once.sent.clear()


def test_other_operations_are_left_alone(by_botocore, at_once):
    for wire in (by_botocore, at_once):
        wire.client.get_item(TableName="example-files", Key=to_item({"logFile": "s3://b/k", "entry": "file"}))

    assert at_once.requests() == by_botocore.requests()


def test_what_is_asked_for_is_not_changed(at_once):
    asked = {"t": [put({"eventID": "a"})]}

    at_once.client.batch_write_item(RequestItems=asked)

    assert asked == {"t": [put({"eventID": "a"})]}
    at_once.sent.clear()
